"""Does the scenario evaluate, is it accepted, and does it come to anything?"""

from __future__ import annotations

import re
from dataclasses import replace

from rknn_validation.checks.configuration.registry import ALL_STACKS, CONFIGURATION_CHECKS, EVALUATES
from rknn_validation.checks.findings import evidence_of
from rknn_validation.checks.model import Answer, Evidence, failed, inconclusive, passed, skipped
from rknn_validation.facts.difference import baseline, changes
from rknn_validation.facts.model import Facts
from rknn_validation.facts.text.nixtext import subject_files
from rknn_validation.nix.configuration import EvaluationError

# What Nix says -> what it usually means. The first that fits is quoted in the reason.
_MEANINGS = (
    (r"The option [`'‘]([^`'’]+)[`'’] does not exist", "it sets {0}, an option that does not exist"),
    (r"infinite recursion", "options or configuration depend on themselves"),
    (r"The option [`'‘]([^`'’]+)[`'’] has conflicting definition", "two definitions of {0} contradict each other"),
    (r"The unique option [`'‘]([^`'’]+)[`'’] is defined multiple", "{0} takes one definition and gets several"),
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


@CONFIGURATION_CHECKS.check(
    EVALUATES,
    stage="evaluation",
    title="the scenario evaluates",
    remedy="Mend what Nix names in the evidence; until then no machine with these settings can be built.",
    stacks=ALL_STACKS,
    boards=("rk3588", "other"),
)
def evaluates(facts: Facts) -> Answer:
    """A configuration came out. What the stand-in cannot express, and what never ends, is inconclusive."""
    error = facts.evaluation.error or _first_failure(facts)
    absent = facts.configuration.not_here if facts.evaluation.configuration else ()
    if error is None and absent:
        return inconclusive(
            "it evaluates without what is not on this machine", *(Evidence("imports", one) for one in absent)
        )
    if error is None:
        return passed(f"evaluated with {facts.evaluation.nixpkgs}")
    where = Evidence(error.position or "nix", error.message)
    if error.meaning:
        return (failed if error.kind == "subject" else inconclusive)(error.meaning, where)
    if error.kind == "unknown":
        return inconclusive(
            f"{facts.evaluation.nixpkgs} cannot express what the subject asks for{_lacks(error)}", where
        )
    if error.kind != "subject":
        return inconclusive("evaluation did not come to an end in time", where)
    for pattern, meaning in _MEANINGS:
        found = re.search(pattern, error.message)
        if found:
            return failed(f"the scenario does not evaluate: {meaning.format(*found.groups())}", where)
    return failed("the scenario does not evaluate", where)


def _lacks(error: EvaluationError) -> str:
    missing = re.search(
        r"attribute '([^']+)' missing|undefined variable '([^']+)'|argument [\"']([^\"']+)", error.message
    )
    return f": it does not carry {missing[1] or missing[2] or missing[3]}" if missing else ""


def _first_failure(facts: Facts) -> EvaluationError | None:
    """A value a build would need and that does not evaluate, the subject's own before the stand-in's."""
    known = {one.message for one in facts.baseline.configuration.failures} if facts.baseline.configuration else set()
    failures = [one for one in facts.configuration.failures if one.message not in known]
    return min(failures, key=lambda one: one.kind != "subject", default=None)


@CONFIGURATION_CHECKS.check(
    "evaluation.assertions-hold",
    stage="evaluation",
    title="NixOS accepts the configuration: every assertion holds",
    remedy="Change the settings the assertion names, or the assertion itself where it refuses what is meant to work.",
    stacks=ALL_STACKS,
    boards=("rk3588", "other"),
)
def assertions_hold(facts: Facts) -> Answer:
    """evalModules does not enforce assertions; nixos-rebuild does."""
    known = {one.message for one in baseline(facts).assertions if not one.holds}
    broken = [one for one in facts.configuration.assertions if not one.holds and one.message not in known]
    if broken:
        shown = (Evidence("assertions", one.message or "(no message)") for one in broken)
        return failed("nixos-rebuild refuses this configuration: an assertion does not hold", *shown)
    return passed(f"all {len(facts.configuration.assertions)} assertions hold")


@CONFIGURATION_CHECKS.check(
    "lint.messages-say-something",
    stage="lint",
    title="assertions and warnings have words",
    remedy="Write what is wrong and what to do about it into the message.",
    boards=("rk3588", "other"),
)
def messages_say_something(facts: Facts) -> Answer:
    """An empty warning or a refusal without words helps nobody."""
    before = baseline(facts)
    messages = [one.message for one in facts.configuration.assertions if one not in before.assertions]
    messages += [text for text in facts.configuration.warnings if text not in before.warnings]
    empty = [text for text in messages if not text.strip()]
    if empty:
        return failed(f"{len(empty)} of the subject's assertions and warnings have an empty message")
    return passed(f"{len(messages)} messages have words")


@CONFIGURATION_CHECKS.check(
    "evaluation.has-an-effect",
    stage="evaluation",
    title="the enabled subject changes the machine",
    remedy="Look at the condition around `config`: with these settings it is never true. "
    "Hardware cannot be read at evaluation, so a condition must not ask the building machine.",
)
def has_an_effect(facts: Facts) -> Answer:
    """Enabled, and yet the machine is what it would be without the module: everything is behind a false condition."""
    found = [change for change in changes(facts.configuration, baseline(facts)) if change.field != "warnings"]
    if found:
        return passed(
            f"{len(found)} options differ from the machine without the subject", evidence_of(found, "changes")
        )
    said = tuple(Evidence("warnings", text) for text in facts.configuration.warnings)
    return failed("with these settings the machine is exactly what it is without the subject", *said)


_MACHINE_PATH = r"(?<![\w.}$/])/(?:proc|sys|dev|run|boot|etc)/[\w./+-]+"
_READS = r"\b(?:readFile|pathExists|readDir|readFileType)\s*\(?\s*\"/(?:proc|sys|dev|run|boot|etc)/"


@CONFIGURATION_CHECKS.check(
    "evaluation.asks-the-target-and-not-the-builder",
    stage="evaluation",
    title="evaluation does not read the machine it runs on",
    remedy="Pure evaluation (flakes) sees no /proc or environment, and a remote build sees another machine's. "
    "Ask pkgs.stdenv.hostPlatform and hardware.deviceTree.name, or leave it to the running system "
    "(ConditionFirmware=device-tree-compatible(rockchip,rk3588)).",
    stacks=ALL_STACKS,
    boards=("rk3588", "other"),
)
def asks_the_target(facts: Facts) -> Answer:
    """/proc/device-tree read by Nix is that of the builder, if it can be read at all."""
    found: list[Evidence] = []
    for file in subject_files(facts.subject):
        found += [Evidence(where, line) for where, line in file.find(_MACHINE_PATH)]
        found += [Evidence(where, line) for where, line in file.find(_READS, in_strings=True) if not _is_comment(line)]
        found += [Evidence(where, line) for where, line in file.find(r"\bbuiltins\.(currentSystem|getEnv)\b")]
        found += [Evidence(where, line) for where, line in file.find(r"(?<![\w.])__(currentSystem|getEnv)\b")]
    if found:
        return failed("what it decides depends on the machine that evaluates it, not on the one it is for", *found[:5])
    return passed("no path of the evaluating machine, no environment variable")


def _is_comment(line: str) -> bool:
    return line.startswith("#")


_ALLOWS = (
    r"\bnixpkgs\.config(?:\.|\s*=\s*\{[^{}]*\b)allow(?:Unfree|Broken|Insecure)\s*=\s*(?:lib\.)?(?:mkForce\s+)?true\b"
)


@CONFIGURATION_CHECKS.check(
    "evaluation.leaves-nixpkgs-policy-alone",
    stage="evaluation",
    title="the subject does not loosen nixpkgs for the whole machine",
    remedy="Leave allowUnfree and its like to the machine's owner; document nixpkgs.config.allowUnfreePredicate for "
    "these packages.",
    boards=("rk3588", "other"),
)
def leaves_policy_alone(facts: Facts) -> Answer:
    """allowUnfree, allowBroken and permitted insecure packages hold for every package of the machine."""
    config = _nixpkgs_config(facts.configuration.raw)
    before = _nixpkgs_config(baseline(facts).raw)
    loosened = [
        name
        for name in (
            "allowUnfree",
            "allowBroken",
            "allowInsecure",
            "allowUnsupportedSystem",
            "permittedInsecurePackages",
        )
        if config.get(name) and config.get(name) != before.get(name) and name not in facts.scenario.config
    ]
    shown = [Evidence(f"nixpkgs.config.{name}", str(config[name])) for name in loosened]
    # The machine that is evaluated allows unfree packages already, so that theirs can be looked at.
    # What stands beside the module in `imports` is the machine's own configuration, where such a line belongs.
    module = replace(facts.subject, imports=())
    shown += [Evidence(*place) for file in subject_files(module) for place in file.find(_ALLOWS)]
    if shown:
        return failed("it loosens a rule for every package of the machine, not for its own", *shown)
    if not config:
        return skipped("the subject does not touch nixpkgs.config")
    return passed("nixpkgs.config stays as strict as it was")


def _nixpkgs_config(raw: object) -> dict[str, object]:
    values = raw if isinstance(raw, dict) else {}
    direct = values.get("nixpkgs.config", {})
    return dict(direct) if isinstance(direct, dict) else {}
