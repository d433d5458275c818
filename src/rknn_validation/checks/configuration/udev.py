"""Can udevd read the rules, and do what they ask?"""

from __future__ import annotations

from collections.abc import Iterator

from rknn_validation.checks.configuration.registry import ALL_STACKS, check
from rknn_validation.checks.findings import Fine, Problem
from rknn_validation.facts.devnodes import outcomes
from rknn_validation.facts.difference import EXTRA_RULES_FILE
from rknn_validation.facts.model import Facts
from rknn_validation.facts.npupart import npu_complaints, npu_rule_packages, npu_rules
from rknn_validation.facts.text.udevrun import DEFAULTS_FILE

NO_RULES = "the subject adds no udev rules for the NPU"


@check(
    "udev.rules-are-readable",
    stage="udev",
    title="udevd can read every rule",
    remedy='Write KEY=="value" to match and KEY="value" to set, each value in double quotes (udev(7)); '
    "`udevadm verify` shows the place.",
    nothing=NO_RULES,
    stacks=ALL_STACKS,
    boards=("rk3588", "other"),
)
def rules_readable(facts: Facts) -> Iterator[Problem | Fine]:
    """udevd skips a rule it cannot read, with one line in the journal."""
    for one in npu_complaints(facts):
        yield Problem(f"{one.file}:{one.line}", "udevd skips these rules", str(one))
    for rule in npu_rules(facts):
        yield Fine(rule.where)


@check(
    "udev.packages-carry-rules",
    stage="udev",
    title="every package of services.udev.packages has rules",
    remedy="Put the file below lib/udev/rules.d (or etc/udev/rules.d) of the package, with a name that ends in .rules.",
    nothing="the subject adds no package of rules for the NPU",
    stacks=ALL_STACKS,
    boards=("rk3588", "other"),
)
def packages_carry_rules(facts: Facts) -> Iterator[Problem | Fine]:
    """NixOS collects {lib,etc}/udev/rules.d/* of each package; anything elsewhere is not seen."""
    for package in npu_rule_packages(facts):
        if package.elsewhere:
            what = "this package has no rules where NixOS looks for them"
            yield Problem(package.name, what, f"{package.how} {', '.join(package.elsewhere)}")
        else:
            yield Fine(package.name)


@check(
    "udev.rules-come-after-systemd-s-own",
    stage="udev",
    title="systemd's own rules do not undo the subject's",
    remedy="Name the file so that it sorts after 50-udev-default.rules, for example 70-npu.rules.",
    nothing=NO_RULES,
)
def come_late_enough(facts: Facts) -> Iterator[Problem | Fine]:
    """50-udev-default.rules gives every render and accel node the group render and mode 0666, whatever came before."""
    for outcome in outcomes(facts):
        for rule, _ in outcome.rules:
            early = rule.file < DEFAULTS_FILE and outcome.device.has_defaults and not outcome.gives_access
            if early and rule.sets_access:
                what = f"what the rule sets for {outcome.device.node} is set back"
                yield Problem(rule.where, what, f"{rule.text}\n    {DEFAULTS_FILE} is read later")
    for rule in npu_rules(facts):
        yield Fine(rule.where)


@check(
    "udev.uaccess-comes-early-enough",
    stage="udev",
    title='TAG+="uaccess" is set before systemd reads it',
    remedy="Put the rule into a package (services.udev.packages) whose file sorts before 73-seat-late.rules, "
    "for example 70-npu.rules.",
    nothing="no rule for the NPU tags uaccess",
)
def uaccess_early(facts: Facts) -> Iterator[Problem | Fine]:
    """73-seat-late.rules turns the tag into an ACL; services.udev.extraRules comes as 99-local.rules."""
    for rule in npu_rules(facts):
        if "uaccess" not in rule.values("TAG"):
            continue
        if rule.file >= "73-seat-late.rules":
            option = " (services.udev.extraRules)" if rule.file == EXTRA_RULES_FILE else ""
            what = f"the tag has no effect: {rule.file}{option} is read after 73-seat-late.rules"
            yield Problem(rule.where, what, rule.text)
        else:
            yield Fine(rule.where, f"{rule.file} is read before 73-seat-late.rules")


@check(
    "udev.programs-exist",
    stage="udev",
    title="programs the rules run exist on NixOS",
    remedy='Name programs by store path: RUN+="${pkgs.coreutils}/bin/chmod …".',
    nothing="the rules for the NPU run no program",
    stacks=ALL_STACKS,
    boards=("rk3588", "other"),
)
def programs_exist(facts: Facts) -> Iterator[Problem | Fine]:
    """NixOS checks RUN and IMPORT{program} when it builds the rules, and refuses a path that is not there."""
    for rule in npu_rules(facts):
        for token, program in rule.programs:
            if program.startswith(("/nix/store/", "/run/")):
                yield Fine(rule.where, program)
            else:
                what = "the rules cannot be built: NixOS has no such program at that path"
                yield Problem(rule.where, what, str(token))
