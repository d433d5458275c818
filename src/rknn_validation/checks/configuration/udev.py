"""Can udevd read the rules, and do what they ask?"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from rknn_validation.checks.configuration.registry import ALL_STACKS, CONFIGURATION_CHECKS
from rknn_validation.checks.model import Answer, Evidence, failed, passed, skipped
from rknn_validation.facts.difference import EXTRA_RULES_FILE, part
from rknn_validation.facts.model import Facts
from rknn_validation.facts.recipes.rules import installs_elsewhere
from rknn_validation.facts.text import udevrules
from rknn_validation.facts.text.udevdevices import NPU_DEVICES
from rknn_validation.facts.text.udevrules import Rule
from rknn_validation.facts.text.udevrun import DEFAULTS_FILE, Outcome, in_order, run
from rknn_validation.nix.configuration import RulesFile


@lru_cache(maxsize=64)
def _parsed(files: tuple[RulesFile, ...]) -> tuple[tuple[Rule, ...], tuple[udevrules.Complaint, ...]]:
    read = [udevrules.parse(one.name, one.text) for one in files if one.text is not None]
    return (
        tuple(in_order(rule for text in read for rule in text.rules)),
        tuple(complaint for text in read for complaint in text.complaints),
    )


def rules_of(facts: Facts) -> tuple[Rule, ...]:
    """The subject's rules, in the order udevd reads them."""
    return _parsed(part(facts).rules)[0]


def outcomes(facts: Facts) -> tuple[Outcome, ...]:
    """What the subject's rules do to the nodes of the scenario's stack."""
    return tuple(run(rules_of(facts), device) for device in NPU_DEVICES[facts.scenario.stack])


def unread(facts: Facts) -> list[RulesFile]:
    """The subject's rules files whose text only a build can tell."""
    return [one for one in part(facts).rules if one.text is None]


def sets_access(rule: Rule) -> bool:
    """Whether a rule says who may open a node."""
    return any(
        not token.is_match
        and (token.key in {"GROUP", "OWNER", "MODE"} or (token.key, token.value) == ("TAG", "uaccess"))
        for token in rule.tokens
    )


def scripts(facts: Facts) -> Iterator[tuple[str, str]]:
    """(where, line) of every line of shell the subject has run: activation, unit scripts and commands."""
    ours = part(facts)
    for name, text in ours.activation_scripts.items():
        yield from ((f"system.activationScripts.{name}", line) for line in text.splitlines())
    for name, unit in ours.units.items():
        commands = [
            value
            for key, values in unit.sections.get("Service", {}).items()
            if key.startswith("Exec")
            for value in values
        ]
        for text in (unit.script, unit.stop_script, *commands):
            yield from ((name, line) for line in text.splitlines())


@CONFIGURATION_CHECKS.check(
    "udev.rules-are-readable",
    stage="udev",
    title="udevd can read every rule",
    remedy='Write KEY=="value" to match and KEY="value" to set, each value in double quotes (udev(7)); '
    "`udevadm verify` shows the place.",
    stacks=ALL_STACKS,
    boards=("rk3588", "other"),
)
def rules_readable(facts: Facts) -> Answer:
    """udevd skips a rule it cannot read, with one line in the journal."""
    ours = part(facts).rules
    if not ours:
        return skipped("the subject adds no udev rules")
    rules, complaints = _parsed(ours)
    if complaints:
        return failed("udevd skips these rules", *(Evidence(f"{one.file}:{one.line}", str(one)) for one in complaints))
    return passed(f"{len(rules)} rules in {', '.join(one.name for one in ours)}")


@CONFIGURATION_CHECKS.check(
    "udev.packages-carry-rules",
    stage="udev",
    title="every package of services.udev.packages has rules",
    remedy="Put the file below lib/udev/rules.d (or etc/udev/rules.d) of the package, with a name that ends in .rules.",
    stacks=ALL_STACKS,
    boards=("rk3588", "other"),
)
def packages_carry_rules(facts: Facts) -> Answer:
    """NixOS collects {lib,etc}/udev/rules.d/* of each package; anything elsewhere is not seen."""
    ours = part(facts).udev_packages
    wrong = []
    for package in ours:
        rules = [path for path in package.files if re.fullmatch(r"/?(lib|etc)/udev/rules\.d/[^/]+\.rules", path)]
        if package.files and not rules:
            wrong.append(Evidence(package.name, "has " + ", ".join(package.files)))
        parts = [one for one in package.walk() if not one.members]
        placed = [installs_elsewhere(one) if not one.files else () for one in parts]
        if placed and all(placed):
            wrong.append(Evidence(package.name, "installs " + ", ".join(path for one in placed for path in one)))
    if wrong:
        return failed("these packages have no rules where NixOS looks for them", *wrong)
    return passed(f"{len(ours)} packages") if ours else skipped("the subject adds no package of rules")


@CONFIGURATION_CHECKS.check(
    "udev.rules-come-after-systemd-s-own",
    stage="udev",
    title="systemd's own rules do not undo the subject's",
    remedy="Name the file so that it sorts after 50-udev-default.rules, for example 70-npu.rules.",
)
def come_late_enough(facts: Facts) -> Answer:
    """50-udev-default.rules gives every render node the group render and mode 0666, whatever came before it."""
    undone = {
        rule.where: Evidence(rule.where, f"{rule.text}\n    {DEFAULTS_FILE} is read later")
        for outcome in outcomes(facts)
        for rule, _ in outcome.rules
        if rule.file < DEFAULTS_FILE and outcome.device.subsystem == "drm" and not outcome.gives_access
        if sets_access(rule)
    }
    if undone:
        return failed("what the rule sets for the render node is set back", *undone.values())
    return passed("in time") if rules_of(facts) else skipped("the subject adds no udev rules")


@CONFIGURATION_CHECKS.check(
    "udev.uaccess-comes-early-enough",
    stage="udev",
    title='TAG+="uaccess" is set before systemd reads it',
    remedy="Put the rule into a package (services.udev.packages) whose file sorts before 73-seat-late.rules, "
    "for example 70-npu.rules.",
)
def uaccess_early(facts: Facts) -> Answer:
    """73-seat-late.rules turns the tag into an ACL; services.udev.extraRules comes as 99-local.rules."""
    tagged = [rule for rule in rules_of(facts) if "uaccess" in rule.values("TAG")]
    if not tagged:
        return skipped("no rule tags uaccess")
    late = [rule for rule in tagged if rule.file >= "73-seat-late.rules"]
    if late:
        option = " (services.udev.extraRules)" if late[0].file == EXTRA_RULES_FILE else ""
        shown = (Evidence(rule.where, rule.text) for rule in late)
        return failed(f"the tag has no effect: {late[0].file}{option} is read after 73-seat-late.rules", *shown)
    return passed(f"{tagged[0].file} is read before 73-seat-late.rules")


@CONFIGURATION_CHECKS.check(
    "udev.programs-exist",
    stage="udev",
    title="programs the rules run exist on NixOS",
    remedy='Name programs by store path: RUN+="${pkgs.coreutils}/bin/chmod …".',
    stacks=ALL_STACKS,
    boards=("rk3588", "other"),
)
def programs_exist(facts: Facts) -> Answer:
    """NixOS checks RUN and IMPORT{program} when it builds the rules, and refuses a path that is not there."""
    wrong = []
    asked = 0
    for rule in rules_of(facts):
        for token in rule.tokens:
            runs = (token.key == "RUN" and token.attribute != "builtin") or (
                token.key in {"PROGRAM", "IMPORT"} and token.attribute in {"", "program"}
            )
            program = token.value.split(" ")[0] if token.value else ""
            if not runs or not program or program.startswith(("$", "%")):
                continue
            asked += 1
            if not program.startswith(("/nix/store/", "/run/")):
                wrong.append(Evidence(rule.where, str(token)))
    if wrong:
        return failed("the rules cannot be built: NixOS has no such program at that path", *wrong)
    return passed(f"{asked} programs by store path") if asked else skipped("the rules run no program")
