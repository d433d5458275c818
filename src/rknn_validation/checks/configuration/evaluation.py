"""Does the scenario evaluate, is it accepted, and does it come to anything?"""

from __future__ import annotations

import re
from collections.abc import Iterator

from rknn_validation.checks.configuration.registry import ALL_STACKS, EVALUATES, check
from rknn_validation.checks.findings import Finding, Fine, Problem, Unsure
from rknn_validation.facts.difference import baseline, changes
from rknn_validation.facts.model import Facts
from rknn_validation.facts.nix.configuration import EvaluationError
from rknn_validation.facts.recipes.machinereads import machine_reads

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


@check(
    EVALUATES,
    stage="evaluation",
    title="the scenario evaluates",
    remedy="Fix the Nix error shown in the evidence; until then no machine with these settings can be built.",
    good="it evaluates",
    stacks=ALL_STACKS,
    boards=("rk3588", "other"),
)
def evaluates(facts: Facts) -> Iterator[Finding]:
    """A configuration came out. What the stand-in cannot express, and what never ends, is inconclusive."""
    error = facts.evaluation.error or _first_failure(facts)
    served = facts.evaluation.nixpkgs
    if error is None:
        for one in facts.configuration.not_here if facts.evaluation.configuration else ():
            yield Unsure("imports", "it evaluates without what is not on this machine", one)
        yield Fine("nix", f"evaluated with {served}")
        yield from (Fine("not modelled by the stand-in", one) for one in facts.evaluation.not_modelled)
        return
    where, kind = error.position or "nix", Problem if error.kind == "subject" else Unsure
    if error.meaning:
        yield kind(where, error.meaning, error.message)
    elif error.kind == "unknown":
        yield Unsure(where, f"{served} cannot express what the subject asks for{_lacks(error)}", error.message)
    elif error.kind != "subject":
        yield Unsure(where, "evaluation did not come to an end in time", error.message)
    else:
        yield Problem(where, f"the scenario does not evaluate{_meaning(error.message)}", error.message)


def _meaning(message: str) -> str:
    found = ((re.search(pattern, message), meaning) for pattern, meaning in _MEANINGS)
    return next((f": {meaning.format(*match.groups())}" for match, meaning in found if match), "")


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


@check(
    "evaluation.assertions-hold",
    stage="evaluation",
    title="NixOS accepts the configuration: every assertion holds",
    remedy="Change the settings the assertion names, or the assertion itself where it refuses what is meant to work.",
    good="every assertion holds",
    stacks=ALL_STACKS,
    boards=("rk3588", "other"),
)
def assertions_hold(facts: Facts) -> Iterator[Finding]:
    """evalModules does not enforce assertions; nixos-rebuild does."""
    known = {one.message for one in baseline(facts).assertions if not one.holds}
    for one in facts.configuration.assertions:
        if not one.holds and one.message not in known:
            what = "nixos-rebuild refuses this configuration: an assertion does not hold"
            if missing := _may_complete(facts, one.message):
                yield Unsure(
                    "assertions", f"{what}; but {missing} is not modelled, and may make that account", one.message
                )
            else:
                yield Problem("assertions", what, one.message or "(no message)")
    yield Fine("assertions", f"{len(facts.configuration.assertions)} of them")


def _may_complete(facts: Facts, message: str) -> str:
    """What is not modelled and bears the name of the account an assertion is about: services make their own users."""
    found = re.search(r"users\.(?:users|groups)\.\"?([\w-]+)", message)
    named = (one for one in facts.evaluation.not_modelled if found and found[1] in one.split("."))
    return next(named, "")


@check(
    "lint.messages-say-something",
    stage="lint",
    title="assertions and warnings have words",
    remedy="Write what is wrong and what to do about it into the message.",
    good="every message has words",
    boards=("rk3588", "other"),
)
def messages_say_something(facts: Facts) -> Iterator[Finding]:
    """An empty warning or a refusal without words helps nobody."""
    before = baseline(facts)
    messages = [one.message for one in facts.configuration.assertions if one not in before.assertions]
    messages += [text for text in facts.configuration.warnings if text not in before.warnings]
    if any(not text.strip() for text in messages):
        yield Problem("assertions, warnings", "one of the subject's assertions and warnings has an empty message")
    yield Fine("assertions, warnings", f"{len(messages)} messages")


@check(
    "evaluation.has-an-effect",
    stage="evaluation",
    title="the enabled subject changes the machine",
    remedy="Look at the condition around `config`: with these settings it is never true. "
    "Hardware cannot be read at evaluation, so a condition must not ask the building machine.",
    good="the machine differs from the one without the subject",
)
def has_an_effect(facts: Facts) -> Iterator[Finding]:
    """Enabled, and yet the machine is what it would be without the module: everything is behind a false condition."""
    found = [Fine("changes", str(change)) for change in changes(facts.configuration, baseline(facts))]
    # What nobody here has modelled may be all that it sets.
    defined = facts.effects.definitions.items() if facts.effects else ()
    unlike = ("assertions", "warnings", "meta", "nixpkgs", "_module")
    found += [Fine(path, str(value)) for path, value in defined if value and not path.startswith(unlike)]
    yield from found
    if not found and facts.effects and facts.effects.unknown:
        yield Unsure("changes", "nothing that is known of it changes, and not all of it could be evaluated")
    elif not found:
        said = "\n".join(facts.configuration.warnings)
        yield Problem("changes", "with these settings the machine is exactly what it is without the subject", said)


@check(
    "evaluation.asks-the-target-and-not-the-builder",
    stage="evaluation",
    title="evaluation does not read the machine it runs on",
    remedy="Pure evaluation (flakes) sees no /proc or environment, and a remote build sees another machine's. "
    "Ask pkgs.stdenv.hostPlatform and hardware.deviceTree.name, or leave it to the running system "
    "(ConditionFirmware=device-tree-compatible(rockchip,rk3588)).",
    good="no path of the evaluating machine, no environment variable",
    stacks=ALL_STACKS,
    boards=("rk3588", "other"),
)
def asks_the_target(facts: Facts) -> Iterator[Finding]:
    """/proc/device-tree read by Nix is that of the builder, if it can be read at all."""
    for read in machine_reads(facts):
        if read.certain:
            what = "what it decides depends on the machine that evaluates it, not on the one it is for"
            yield Problem(read.where, what, read.code)
        else:
            why = "a path without quotes is read where the configuration is evaluated, if it is read there at all"
            yield Unsure(read.where, why, read.code)
    yield Fine("the subject's files")
