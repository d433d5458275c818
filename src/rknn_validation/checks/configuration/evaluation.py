"""Does the scenario evaluate, and does it change the machine as it should?"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from rknn_validation.checks.configuration.registry import EVALUATES, check
from rknn_validation.checks.findings import Finding, Fine, Problem, Unsure
from rknn_validation.checks.model import ALL_STACKS
from rknn_validation.facts.contribution import changes, shorten
from rknn_validation.facts.model import Facts
from rknn_validation.facts.nix.configuration import Configuration, EvaluationError
from rknn_validation.facts.nix.gaps import TAKEN
from rknn_validation.facts.nix.syntax import Apply, Attributes, Binding, Items, Node, function_name
from rknn_validation.facts.npurelated import npu_etc
from rknn_validation.facts.recipes.nixfiles import nix_files, unread_parts
from rknn_validation.facts.recipes.reads import machine_reads
from rknn_validation.npu import kernels
from rknn_validation.npu.stacks import LD_LIBRARY_PATH

# Nix's message -> what it usually means. The first that matches is quoted in the reason.
_MEANINGS = (
    (r"The option [`'‘]([^`'’]+)[`'’] does not exist", "it sets {0}, an option that does not exist"),
    (r"infinite recursion", "options or the configuration depend on themselves"),
    (r"The option [`'‘]([^`'’]+)[`'’] has conflicting definition", "{0} has conflicting definitions"),
    (r"The unique option [`'‘]([^`'’]+)[`'’] is defined multiple", "{0} accepts one definition and has several"),
    (r"The option [`'‘]([^`'’]+)[`'’] is read-only", "it sets {0}, which is read-only"),
    (r"definition for option [`'‘]([^`'’]+)[`'’] is not of type", "a value of {0} is not of the option's type"),
    (r"The option [`'‘]([^`'’]+)[`'’] is used but not defined", "{0} is used but has no value"),
    (r"attribute '([^']+)' missing", "it uses the attribute {0}, which does not exist"),
    (r"undefined variable '([^']+)'", "it uses the variable {0}, which does not exist"),
    (
        r"called (?:with unexpected|without required) argument '([^']+)'",
        "a function is called with the wrong arguments",
    ),
    (r"expected a list but found a set|value is a (\w+) while a (\w+) was expected", "a value is of the wrong type"),
    (r"syntax error", "a file is not valid Nix"),
    (r"No such file|does not exist", "a file it names does not exist"),
)


@check(
    EVALUATES,
    "The scenario evaluates",
    remedy="Fix the Nix error shown in the evidence; until then no machine with these settings can be built.",
    everywhere=True,
)
def evaluates(facts: Facts) -> Iterator[Finding]:
    """Nix gives a configuration. What the stand-in cannot express, and what does not terminate, is inconclusive."""
    error = facts.evaluation.error or _first_failure(facts)
    served = facts.evaluation.nixpkgs
    if error is None:
        for one in facts.configuration.not_here if facts.evaluation.configuration else ():
            yield Unsure("imports", "it evaluates without files that are not on this machine", one)
        yield Fine("nix", f"evaluated with {served}")
        for one in facts.evaluation.not_modelled:
            if one.endswith(TAKEN):
                yield Unsure("nix", "the stand-in does not model an option that decides something", one)
            else:
                yield Fine("not modelled by the stand-in", one)
        return
    where, kind = error.position or "nix", Problem if error.kind == "subject" else Unsure
    if error.meaning:
        yield kind(where, error.meaning, error.message)
    elif error.kind == "unknown":
        yield Unsure(where, f"{served} cannot express what the subject needs{_lacks(error)}", error.message)
    elif error.kind != "subject":
        yield Unsure(where, "evaluation did not terminate in time", error.message)
    else:
        yield Problem(where, f"the scenario does not evaluate{_meaning(error.message)}", error.message)


def _meaning(message: str) -> str:
    found = ((re.search(pattern, message), meaning) for pattern, meaning in _MEANINGS)
    return next((f": {meaning.format(*match.groups())}" for match, meaning in found if match), "")


def _lacks(error: EvaluationError) -> str:
    missing = re.search(
        r"attribute '([^']+)' missing|undefined variable '([^']+)'|argument [\"']([^\"']+)", error.message
    )
    return f": it lacks {missing[1] or missing[2] or missing[3]}" if missing else ""


def _first_failure(facts: Facts) -> EvaluationError | None:
    """A value that a build needs and that does not evaluate, the subject's own before the stand-in's."""
    known = {one.message for one in facts.baseline.configuration.failures} if facts.baseline.configuration else set()
    failures = [one for one in facts.configuration.failures if one.message not in known]
    return min(failures, key=lambda one: one.kind != "subject", default=None)


@check(
    "evaluation.assertions-hold",
    "Every assertion holds",
    remedy="Change the settings that the assertion names. If the assertion rejects a valid configuration, correct "
    "the assertion.",
    everywhere=True,
)
def assertions_hold(facts: Facts) -> Iterator[Finding]:
    """evalModules does not enforce assertions; nixos-rebuild does."""
    known = {one.message for one in facts.without.assertions if not one.holds}
    for one in facts.configuration.assertions:
        if not one.holds and one.message not in known:
            what = "nixos-rebuild refuses this configuration: an assertion does not hold"
            if missing := _may_complete(facts, one.message):
                yield Unsure(
                    "assertions", f"{what}; but {missing} is not modelled, and may create that account", one.message
                )
            else:
                yield Problem("assertions", what, one.message or "(no message)")
    yield Fine("assertions", f"{len(facts.configuration.assertions)} of them")


def _may_complete(facts: Facts, message: str) -> str:
    """An unmodelled option with the name of the account that an assertion is about: services create their own users."""
    found = re.search(r"users\.(?:users|groups)\.\"?([\w-]+)", message)
    named = (one for one in facts.evaluation.not_modelled if found and found[1] in one.split("."))
    return next(named, "")


@check(
    "lint.messages-not-empty",
    "Assertions and warnings have a message",
    remedy="Write into the message what is wrong and how to correct it.",
    boards=("rk3588", "other"),
)
def messages_say_something(facts: Facts) -> Iterator[Finding]:
    """An empty warning or assertion message does not tell the user what is wrong."""
    before = facts.without
    messages = [one.message for one in facts.configuration.assertions if one not in before.assertions]
    messages += [text for text in facts.configuration.warnings if text not in before.warnings]
    if any(not text.strip() for text in messages):
        yield Problem("assertions, warnings", "one of the subject's assertions or warnings has an empty message")
    yield Fine("assertions, warnings", f"{len(messages)} messages")


@check(
    "evaluation.has-effect",
    "The enabled subject changes the machine",
    remedy="Check the condition around `config`: with these settings it is never true. Evaluation cannot read "
    "hardware, so the condition must not depend on the building machine.",
)
def has_an_effect(facts: Facts) -> Iterator[Finding]:
    """If enabling the subject changes nothing, everything it sets is behind a false condition."""
    found = [Fine("changes", str(change)) for change in changes(facts.configuration, facts.without)]
    # It may set only options that are not modelled here.
    defined = facts.effects.definitions.items() if facts.effects else ()
    unlike = ("assertions", "warnings", "meta", "nixpkgs", "_module")
    found += [Fine(path, str(value)) for path, value in defined if value and not path.startswith(unlike)]
    yield from found
    if not found and facts.effects and facts.effects.unknown:
        yield Unsure("changes", "no known setting changes, but not all of them could be evaluated")
    elif not found:
        said = "\n".join(facts.configuration.warnings)
        yield Problem("changes", "with these settings the machine is the same as without the subject", said)


@check(
    "evaluation.independent-of-builder",
    "Evaluation does not depend on the machine that evaluates",
    remedy="Use pkgs.stdenv.hostPlatform and hardware.deviceTree.name, or decide on the running system "
    "(ConditionFirmware=device-tree-compatible(rockchip,rk3588)). Pure evaluation (flakes) cannot read /proc or the "
    "environment, and a remote build reads another machine's.",
    everywhere=True,
)
def asks_the_target(facts: Facts) -> Iterator[Finding]:
    """/proc/device-tree read by Nix is that of the evaluating machine, if it can be read at all."""
    for read in machine_reads(facts):
        if read.certain:
            what = "the result depends on the evaluating machine, not on the target"
            yield Problem(read.where, what, read.code)
        else:
            why = "a path without quotes is read on the evaluating machine, if it is read at all"
            yield Unsure(read.where, why, read.code)
    yield Fine("the subject's files")


_LOST = (
    (
        r"udev/(rules|hwdb)\.d/.+",
        "NixOS generates this directory: use services.udev.extraRules or services.udev.packages",
    ),
    (
        r"systemd/(system|user)/[^/]+\.(service|timer|socket|path|target)",
        "NixOS generates this directory: use systemd.services",
    ),
    (r"tmpfiles\.d/.+", "NixOS generates this directory: use systemd.tmpfiles.rules"),
    (r"profile\.d/.+", "NixOS's /etc/profile reads no profile.d: use environment.variables"),
    (r"environment", "nothing on NixOS reads /etc/environment: use environment.sessionVariables"),
    (r"modules", "systemd-modules-load reads modules-load.d: use boot.kernelModules"),
)


@check(
    "evaluation.etc-files-are-read",
    "Every file below /etc is read by some program",
    remedy="Use the NixOS option that the evidence names.",
    nothing="the subject adds no file below /etc for the NPU",
    everywhere=True,
)
def etc_files_read(facts: Facts) -> Iterator[Problem | Fine]:
    """NixOS generates some directories, where another file breaks the build; others are read by no program."""
    for file in npu_etc(facts):
        lost = next((why for pattern, why in _LOST if re.fullmatch(pattern, file.path)), None)
        if lost:
            what = "the file breaks the build of /etc, or no program reads it"
            yield Problem(f"environment.etc.{file.path}", what, lost)
        else:
            yield Fine(f"/etc/{file.path}")


@check(
    "evaluation.preserves-existing-settings",
    "Existing settings of the machine are preserved",
    remedy="Remove lib.mkForce from lists that other modules add to: definitions of boot.kernelModules, "
    "services.udev.extraRules, hardware.deviceTree.overlays and LD_LIBRARY_PATH are merged.",
    boards=("rk3588", "other"),
)
def adds_only(facts: Facts) -> Iterator[Finding]:
    """mkForce on a list drops the entries of all other modules, such as those for the host's own devices and paths."""
    gone = "settings of the machine that do not concern the NPU are removed"
    for option, what in _lost(facts.configuration, facts.without):
        yield Problem(option, gone, what)
    for where, option in _forced(facts):
        yield Problem(where, gone, f"mkForce on {option} drops what other modules add to it")
    yield Fine("the machine without the subject")


_JOINED = ("udev.extraRules", "boot.extraModulePackages", "boot.kernelModules", "environment.systemPackages")
"""Options that every module of a machine adds to."""


def _forced(facts: Facts) -> Iterator[tuple[str, str]]:
    """(where, option) of every list or text that others add to and the subject forces."""
    for tree in nix_files(facts) if facts.scenario.stack != "none" else ():
        for node in tree.tree.walk() if tree.mentions_npu else ():
            if isinstance(node, Binding):
                for path, value in _settings(node):
                    option = next((one for one in _JOINED if f".{path}".endswith(f".{one}")), None)
                    empty = isinstance(value, Apply) and isinstance(value.argument, Items) and not value.argument.items
                    if option and isinstance(value, Apply) and function_name(value) == "mkForce" and not empty:
                        yield tree.at(value), path


def _settings(binding: Binding) -> Iterator[tuple[str, Node]]:
    """(dotted path, value) of a binding, and of those in the set it is bound to."""
    start = ".".join(part if isinstance(part, str) else "*" for part in binding.path)
    yield start, binding.value
    if isinstance(binding.value, Attributes):
        for inner in binding.value.bindings():
            yield from ((f"{start}.{rest}", value) for rest, value in _settings(inner))


def _lost(after: Configuration, before: Configuration) -> Iterator[tuple[str, str]]:
    gone = [
        name
        for name in _missing(before.kernel.modules, after.kernel.modules)
        if not kernels.names_an_npu_module(name) and name not in after.kernel.blacklisted
    ]
    yield from _told("boot.kernelModules", gone)
    rules = _missing(_lines(before.udev_extra_rules), _lines(after.udev_extra_rules))
    yield from _told("services.udev.extraRules", (one for one in rules if not _about_npu(one)))
    overlays = _missing(
        (one.name for one in before.device_tree.overlays), [one.name for one in after.device_tree.overlays]
    )
    yield from _told("hardware.deviceTree.overlays", (one for one in overlays if not _about_npu(one)))
    paths = (_path(configuration) for configuration in (before, after))
    yield from _told(LD_LIBRARY_PATH, _missing(next(paths), next(paths)))


def _missing(before: Iterable[str], after: Iterable[str]) -> list[str]:
    there = set(after)
    return [one for one in before if one not in there]


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip() and not line.strip().startswith("#")]


def _path(configuration: Configuration) -> list[str]:
    value = configuration.session_variables.get(LD_LIBRARY_PATH) or configuration.variables.get(LD_LIBRARY_PATH) or ""
    return [one for one in value.split(":") if one and "$" not in one]


def _about_npu(text: str) -> bool:
    return kernels.names_an_npu_module(text) or "npu" in text.lower() or "accel" in text


def _told(option: str, gone: Iterable[str]) -> Iterator[tuple[str, str]]:
    names = list(gone)
    if names:
        yield option, f"removed: {shorten('; '.join(names))}"


@check(
    "evaluation.module-files-are-imported",
    "Every file of the module is imported",
    remedy="Add the file to imports, or delete it.",
    nothing="the subject has no readable files",
    stacks=ALL_STACKS,
)
def parts_are_imported(facts: Facts) -> Iterator[Finding]:
    """A file that uses the module's options and that no other file imports has no effect, without an error."""
    for path in unread_parts(facts):
        what = f"the file uses {'.'.join(facts.subject.option)}, but no other file imports it"
        yield Problem(path.name, what)
    yield from (Fine(tree.path.name) for tree in nix_files(facts))
