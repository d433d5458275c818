"""Udev rules: are they valid, and do they match the NPU and nothing else?"""

from __future__ import annotations

from collections.abc import Iterator

from rknn_validation.checks.configuration.access import access_options
from rknn_validation.checks.configuration.registry import check
from rknn_validation.checks.findings import Aside, Fine, Problem, Unsure
from rknn_validation.facts.access import access_given_by_hand
from rknn_validation.facts.contribution import EXTRA_RULES_FILE, is_npu_module
from rknn_validation.facts.devnodes import devnode_links, devnodes, outcomes, unread_rules
from rknn_validation.facts.library.packages import runtime_packages, toolkit_packages
from rknn_validation.facts.library.search import path_settings
from rknn_validation.facts.model import Facts
from rknn_validation.facts.npurelated import npu_complaints, npu_rule_packages, npu_rules
from rknn_validation.facts.services import consumers, may_open
from rknn_validation.facts.text.udevdevices import NPU_DEVICES, OTHER_DEVICES, Device
from rknn_validation.facts.text.udevrules import Rule
from rknn_validation.facts.text.udevrun import DEFAULTS_FILE, Match, run, why_not
from rknn_validation.npu.about import about_npu

NO_RULES = "the subject adds no udev rules for the NPU"


@check(
    "udev.rules-valid",
    "Udev rules are valid",
    remedy='Write KEY=="value" to match and KEY="value" to set, each value in double quotes (udev(7)); `udevadm '
    "verify` shows the position.",
    nothing=NO_RULES,
    everywhere=True,
)
def rules_readable(facts: Facts) -> Iterator[Problem | Fine]:
    """Udevd skips a rule that it cannot read, and only reports it in the journal."""
    for one in npu_complaints(facts):
        yield Problem(f"{one.file}:{one.line}", "udevd skips these rules", str(one))
    for rule in npu_rules(facts):
        yield Fine(rule.where)


@check(
    "udev.packages-have-rules",
    "Packages in services.udev.packages contain rules",
    remedy="Put the file below lib/udev/rules.d (or etc/udev/rules.d) of the package, with a name that ends in .rules.",
    nothing="the subject adds no package of rules for the NPU",
    everywhere=True,
)
def packages_carry_rules(facts: Facts) -> Iterator[Problem | Fine]:
    """NixOS reads {lib,etc}/udev/rules.d/* of each package and nothing else."""
    for package in npu_rule_packages(facts):
        if package.elsewhere:
            what = "the package has no rules where NixOS looks for them"
            yield Problem(package.name, what, f"{package.how} {', '.join(package.elsewhere)}")
        else:
            yield Fine(package.name)


@check(
    "udev.rules-sort-after-defaults",
    "The rules are read after systemd's defaults",
    remedy="Rename the file so that it sorts after 50-udev-default.rules, for example 70-npu.rules.",
    nothing=NO_RULES,
)
def come_late_enough(facts: Facts) -> Iterator[Problem | Fine]:
    """50-udev-default.rules overrides earlier rules: it gives render and accel devices group render and mode 0666."""
    for outcome in outcomes(facts):
        for rule, _ in outcome.rules:
            early = rule.file < DEFAULTS_FILE and outcome.device.has_defaults and not outcome.gives_access
            if early and rule.sets_access:
                what = f"the rule's settings for {outcome.device.node} are overridden"
                yield Problem(rule.where, what, f"{rule.text}\n    {DEFAULTS_FILE} is read later")
    for rule in npu_rules(facts):
        yield Fine(rule.where)


@check(
    "udev.uaccess-sorts-before-seat-rules",
    "The uaccess tag is set before 73-seat-late.rules reads it",
    remedy="Put the rule into a package (services.udev.packages) whose file sorts before 73-seat-late.rules, for "
    "example 70-npu.rules.",
    nothing="no rule for the NPU tags uaccess",
)
def uaccess_early(facts: Facts) -> Iterator[Problem | Fine]:
    """73-seat-late.rules turns the tag into an ACL; services.udev.extraRules is read later, as 99-local.rules."""
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
    "Programs that rules run exist on NixOS",
    remedy='Use the store path of the program: RUN+="${pkgs.coreutils}/bin/chmod …".',
    nothing="the rules for the NPU run no program",
    everywhere=True,
)
def programs_exist(facts: Facts) -> Iterator[Problem | Fine]:
    """When NixOS builds the rules it checks RUN and IMPORT{program}, and refuses missing paths."""
    for rule in npu_rules(facts):
        for token, program in rule.programs:
            if program.startswith(("/nix/store/", "/run/")):
                yield Fine(rule.where, program)
            else:
                what = "the build of the rules fails: NixOS has no such program"
                yield Problem(rule.where, what, str(token))


@check(
    "udev.device-has-rule",
    "A rule sets who may open the NPU",
    remedy='Add a rule with GROUP="render", MODE="0660" that matches the device. Vendor: SUBSYSTEM=="misc", '
    'KERNEL=="rknpu" and SUBSYSTEM=="drm", DRIVERS=="RKNPU". Mainline: SUBSYSTEM=="accel", KERNEL=="accel*".',
)
def node_has_a_rule(facts: Facts) -> Iterator[Problem | Unsure | Fine | Aside]:
    """Without a rule only root can open /dev/rknpu, group video the card, and everybody render and accel devices."""
    given = [Fine(str(one)) for one in devnodes(facts) if one.outcome.gives_access]
    given += [Fine(where, seen) for where, seen in access_given_by_hand(facts)]
    used = consumers(facts) if not is_npu_module(facts) else {}
    if used and all(may_open(facts, unit) for unit in used.values()):
        # The services of a machine need nothing else.
        given += [Fine(name, "can open it without a rule") for name in used]
    if given:
        yield from given
        return
    if unread := unread_rules(facts):
        names = ", ".join(one.name for one in unread)
        yield Unsure(names, f"the text of {names} is known only after a build; nothing else gives access to the NPU")
        return
    if not npu_rules(facts) and not _promises_access(facts):
        yield Aside("the subject provides only the driver; the machine decides who may open the NPU")
        return
    missed = [rule for rule in npu_rules(facts) if rule.sets_access and about_npu(rule.text)]
    asked = [value for _, kind, value in access_options(facts) if (kind, value) != ("group", "render")]
    if facts.scenario.stack == "mainline" and not missed and not asked:
        # That rule lets members of group render in; for any other group the subject needs a rule.
        yield Aside("systemd's own rule for accel devices applies: group render, mode 0666")
        return
    nodes = ", ".join(sorted({one.path for one in devnodes(facts)}))
    what = f"no rule of the subject applies to {nodes}: only root can open it, or everybody"
    yield from (Problem(rule.where, what, _why(rule, NPU_DEVICES[facts.scenario.stack])) for rule in missed)
    if not missed:
        yield Problem("services.udev", what)


def _promises_access(facts: Facts) -> bool:
    """Whether the subject is for programs that use the NPU: it provides a library, or an option about access."""
    brings = runtime_packages(facts) or toolkit_packages(facts) or path_settings(facts)
    return bool(brings or access_options(facts))


def _why(rule: Rule, devices: tuple[Device, ...]) -> str:
    nearest = min((why_not(rule, device) for device in devices), key=len)
    missed = ", ".join(map(str, nearest)) or "its parent matches hold only for different devices"
    return f"{rule.text}\n    never matches the NPU: {missed}"


@check(
    "udev.rules-match-npu",
    "Rules written for the NPU match it",
    remedy='Match the vendor driver with DRIVERS=="RKNPU" (capitals) below SUBSYSTEM=="drm"; its misc device has no '
    'parents. Match accel0 with KERNELS=="rknn", which no driver binds. Match render nodes by driver, because their '
    "numbers vary.",
    nothing="no rule of the subject names the NPU",
)
def rules_find_the_npu(facts: Facts) -> Iterator[Problem | Fine]:
    """A rule that never matches its device has no effect: the device keeps its default access."""
    meant = [rule for rule in npu_rules(facts) if rule.sets_access]
    for kind in ("misc", "card", "renderD", "accel"):
        devices = [one for one in NPU_DEVICES[facts.scenario.stack] if _kind(one) == kind]
        yield from _dead([rule for rule in meant if _means(rule, kind)], devices)
    yield from (Fine(rule.where, rule.text) for rule in meant if about_npu(rule.text))


def _kind(device: Device) -> str:
    return device.kernel.rstrip("0123456789") if device.subsystem == "drm" else device.subsystem


def _dead(rules: list[Rule], devices: list[Device]) -> Iterator[Problem]:
    """A problem for each rule if none of them applies to one of the devices, whichever number it gets."""
    for device in devices if rules else ():
        applied = [rule for rule, _ in run(rules, device).rules]
        if not applied:
            for rule in rules:
                yield Problem(rule.where, "the rule is written for the NPU but never matches it", _why(rule, (device,)))
            return


def _means(rule: Rule, kind: str) -> bool:
    """Whether a rule is meant for this kind of device and the NPU, even if its matches are wrong."""
    asked = {token.key: token.value for token in rule.tokens if token.operator == "=="}
    kernel, subsystem = asked.get("KERNEL", ""), asked.get("SUBSYSTEM", "")
    if kind == "accel":
        return kernel.startswith("accel") or subsystem == "accel"
    if kind == "misc":
        return kernel in {"rknpu", "rknpu*", "rknpu?*"} or (subsystem == "misc" and "rknpu" in kernel.split("|"))
    if not about_npu(rule.text):
        return False
    if kind == "card":
        return "card" in kernel and "renderD" not in kernel
    return "renderD" in kernel or (subsystem == "drm" and "card" not in kernel)


@check(
    "udev.rules-match-only-npu",
    "Rules written for the NPU match no other device",
    remedy='Match the NPU by driver, not by number: SUBSYSTEM=="drm", DRIVERS=="RKNPU".',
    nothing=NO_RULES,
    everywhere=True,
)
def touch_the_npu_only(facts: Facts) -> Iterator[Problem | Fine]:
    """A rule that does not match the driver changes owner and mode of the GPU or of every misc device."""
    # A machine's rule for all render nodes applies to the NPU as well, and is its owner's choice.
    rules = [rule for rule in npu_rules(facts) if is_npu_module(facts) or about_npu(rule.text)]
    for device in OTHER_DEVICES:
        for rule, match in run(rules, device).rules:
            if match is Match.YES and rule.sets_access and _changes(rule, device) and not _means_another(rule):
                what = "the rule is written for the NPU but changes who may open other devices"
                yield Problem(rule.where, what, f"{rule.text}\n    also applies to {device.node} ({device.title})")
    yield from (Fine(rule.where) for rule in rules)


def _changes(rule: Rule, device: Device) -> bool:
    modes, groups = rule.values("MODE"), rule.values("GROUP")
    if groups and groups[-1] != device.group:
        return True
    # A card that keeps its group and gets another mode is a choice about displays.
    mode = int(modes[-1], 8) if modes and modes[-1].isdigit() else device.mode
    return mode != device.mode and not device.kernel.startswith("card")


def _means_another(rule: Rule) -> bool:
    """Whether a rule names another device (`KERNEL=="uinput"`), and is meant for it."""
    named = {device.kernel for device in OTHER_DEVICES if device.subsystem != "drm"} | {"block"}
    return any(
        token.key in {"KERNEL", "SUBSYSTEM"} and token.operator == "==" and token.value in named
        for token in rule.tokens
    )


@check(
    "udev.no-rknpu-symlink",
    "/dev/rknpu is not a symbolic link",
    remedy="Remove the link: the runtime finds the DRM device itself, and expects /dev/rknpu to be the misc device.",
    stacks=("vendor",),
)
def no_alias(facts: Facts) -> Iterator[Problem | Fine]:
    """The runtime sends the misc device's ioctls to whatever /dev/rknpu is: `hw_version = -1`."""
    made = devnode_links(facts).get("/dev/rknpu")
    if made:
        yield Problem(made, "/dev/rknpu becomes a link to a render node, which the runtime cannot use")
    yield Fine("nothing links to /dev/rknpu")
