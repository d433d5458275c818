"""A board other than an RK3588 is unharmed, and a disabled module leaves nothing behind."""

from __future__ import annotations

import fnmatch
import re

from rknn_validation.checks.model import ALL_BOARDS, Answer, Evidence, failed, passed
from rknn_validation.checks.node.client import LOGIN_SHELL
from rknn_validation.checks.node.device import NODES
from rknn_validation.checks.node.registry import NODE_CHECKS, NodeUnderTest
from rknn_validation.facts.text.udevrules import parse
from rknn_validation.npu.about import names_this_npu
from rknn_validation.npu.stacks import PYTHON_RUNTIME_PATHS, STACKS

OTHER = ("other",)
MODULES = tuple(stack.module for stack in STACKS.values())

# Devnodes that systemd's own rules or the kernel open to every user.
_OPEN_TO_ALL = (
    "null", "zero", "full", "random", "urandom", "tty", "ptmx", "pts/*", "fuse", "net/tun", "kvm", "vsock", "vhost-*",
    "dri/renderD*", "kfd", "accel/*", "userfaultfd", "vfio/vfio", "udmabuf", "ntsync",
)  # fmt: skip
# Devnodes that systemd's own rules give to these groups.
_BY_DEFAULT = {
    "render": ("dri/renderD*", "kfd", "accel/*", "udmabuf", "kvm"),
    "video": ("dri/card*", "fb*", "video*", "media*", "v4l*", "cec*", "dma_heap/*", "vcio", "graphics/*"),
    "input": ("input/*",),
    "kvm": ("kvm", "vhost-*", "sev"),
}


@NODE_CHECKS.check(
    "guard.no-driver-forced",
    "No NPU driver is loaded or forced on a board other than RK3588",
    remedy="Load the driver by its modalias, or by a unit with "
    "ConditionFirmware=device-tree-compatible(rockchip,rk3588).",
    boards=OTHER,
)
def no_driver_forced(node: NodeUnderTest) -> Answer:
    """The kernel has no such module, and modules-load.d, which applies to every board, names none."""
    loaded = node.must("grep -E %s /proc/modules", f"^({'|'.join(MODULES)}) ", statuses=(0, 1))
    forced = node.matching(f"^({'|'.join(MODULES)})", "/etc/modules-load.d", "/run/modules-load.d")
    if loaded.lines:
        return failed(f"{loaded.lines[0].split()[0]} is loaded on {node.expectation.board.model}", loaded.evidence)
    if forced.lines:
        return failed("modules-load.d forces an NPU driver onto every board", forced.evidence, loaded.evidence)
    return passed("no NPU driver is loaded or forced", loaded.evidence, forced.evidence)


@NODE_CHECKS.check(
    "guard.no-runtime-linked",
    "No runtime is linked into /usr/lib on a board other than RK3588",
    remedy="Create the link in a unit with the device-tree condition; tmpfiles rules have no conditions.",
    boards=OTHER,
)
def no_runtime_linked(node: NodeUnderTest) -> Answer:
    """None of the paths that the Python API reads exists, not even as a dangling link."""
    ran = node.existing(*PYTHON_RUNTIME_PATHS)
    if ran.lines:
        return failed(f"/usr{ran.lines[0].rpartition('/usr')[2]} exists", ran.evidence)
    return passed("nothing is linked", ran.evidence)


@NODE_CHECKS.check(
    "guard.devices-untouched",
    "Devices of a board other than RK3588 keep their access",
    remedy="Match the NPU by its driver or parent, not by a name or subsystem that other devices share.",
    boards=OTHER,
)
def devices_untouched(node: NodeUnderTest) -> Answer:
    """The NPU has no devnode, and no rule opened another device to everybody or gave it to the NPU's group."""
    made = node.must("\n".join(NODES[name] for name in sorted(NODES)))
    if made.lines:
        return failed(f"{made.lines[0]} exists on a board without an NPU", made.evidence)
    ran = node.must("find /dev \\( -type c -o -type b \\) -printf '%P %u %g %m\\n'")
    groups = _groups(node)
    wrong = [line for line in ran.lines if _is_wrong(*line.split(), groups=groups)]
    seen = Evidence(ran.command, "\n".join(wrong or [f"{len(ran.lines)} devnodes"]))
    if wrong:
        return failed(f"/dev/{wrong[0]}: changed by a rule for the NPU", seen)
    return passed("no devnode was opened to everybody or given to the NPU's group", seen)


def _groups(node: NodeUnderTest) -> set[str]:
    configuration = node.expectation.configuration
    texts = [rules.text or "" for rules in configuration.udev_rules] + [configuration.udev_extra_rules]
    rules = [rule for text in texts for rule in parse("rules", text).rules]
    return {group for rule in rules for group in rule.values("GROUP")} - {"root"}


def _is_wrong(path: str, owner: str, group: str, mode: str, *, groups: set[str]) -> bool:
    if int(mode, 8) & 0o006 == 0o006 and not _like(path, _OPEN_TO_ALL):
        return True
    return group in groups and not _like(path, _BY_DEFAULT.get(group, ()))


def _like(path: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatch.fnmatchcase(path, pattern) for pattern in patterns)


@NODE_CHECKS.check(
    "guard.reason-in-journal",
    "The journal says why a board other than RK3588 has no NPU",
    remedy="Add the device-tree condition to the units, and let one that runs here print the board's model.",
    boards=OTHER,
)
def reason_in_journal(node: NodeUnderTest) -> Answer:
    """A skipped unit's condition on the device tree, or a message that names the board."""
    expectation = node.expectation
    configuration = expectation.configuration
    names = {name for name, unit in configuration.units.items() if unit.wanted_by or unit.required_by}
    if not names and configuration.warnings:
        told = Evidence("warnings", "\n".join(configuration.warnings))
        return passed("the configuration installs nothing here, and warned about it when it was evaluated", told)
    ran = node.must("journalctl -b -o cat --no-pager")
    condition = re.compile(r"Condition\w+=.*(device-tree|rk3588|rockchip|npu|rknn)")
    board = (expectation.board.model, *expectation.board.compatible)
    for line in ran.lines:
        of_ours = any(line.startswith(name) for name in names) and "skipped" in line and condition.search(line)
        names_it = any(word and word in line for word in board) and re.search(r"(?i)npu|rknn|rk3588", line)
        if of_ours or names_it:
            return passed(f"the journal says: {line}", Evidence(ran.command, line))
    said = "\n".join(line for line in ran.lines if re.search(r"(?i)condition|npu|rknn", line))
    return failed("the journal does not say why there is no NPU here", Evidence(ran.command, said or "no such line"))


NONE = ("none",)
WORDS = "rknpu|rknn|librknnrt|RKNPU|rocket|teflon"
NPU_MODULES = "(^|[^[:alnum:]])(" + "|".join(stack.module for stack in STACKS.values()) + ")($|[^[:alnum:]])"
BROUGHT = """\
for path in /run/booted-system/kernel-modules/lib/modules/; do
if [ -e "$path" ]; then find -L "$path" -name 'rknpu.ko*'; fi; done"""
REMEDY = "Put everything the module contributes below lib.mkIf cfg.enable."


@NODE_CHECKS.check(
    "disabled.no-rules",
    "Disabled: no udev rule remains",
    remedy=REMEDY,
    stacks=NONE,
    boards=ALL_BOARDS,
)
def no_rules(node: NodeUnderTest) -> Answer:
    """No file in /etc/udev/rules.d speaks of the NPU."""
    ran = node.matching(f'{WORDS}|"accel', "/etc/udev/rules.d/")
    others = "/etc/udev/rules.d/50-udev-default."
    whole = node.expectation.whole  # a machine may have another accelerator
    left = [one for one in ran.lines if not one.startswith(others) and (names_this_npu(one) or not whole)]
    return failed(f"a rule is left: {left[0]}", ran.evidence) if left else passed("no rule", ran.evidence)


@NODE_CHECKS.check(
    "disabled.no-link",
    "Disabled: no link to the runtime remains",
    remedy="Create the link in a unit whose stop removes it: when a tmpfiles rule is removed, its link stays.",
    stacks=NONE,
    boards=ALL_BOARDS,
)
def no_link(node: NodeUnderTest) -> Answer:
    """None of the Python API's paths exists, not even as a link that leads nowhere."""
    ran = node.existing(*PYTHON_RUNTIME_PATHS)
    return failed(f"a link is left: {ran.lines[0]}", ran.evidence) if ran.lines else passed("no link", ran.evidence)


@NODE_CHECKS.check(
    "disabled.no-variable",
    "Disabled: no variable points to the runtime",
    remedy=REMEDY,
    stacks=NONE,
    boards=ALL_BOARDS,
)
def no_variable(node: NodeUnderTest) -> Answer:
    """Neither a login shell's environment, nor PAM's, nor systemd's."""
    shell = node.must(f"{LOGIN_SHELL} env")
    systemd = node.must("systemctl show-environment")
    pam = node.matching(WORDS, "/etc/pam/environment")
    left = [line for line in (*shell.lines, *systemd.lines, *pam.lines) if names_this_npu(line)]
    if left:
        return failed(f"a variable is left: {left[0]}", shell.evidence, systemd.evidence, pam.evidence)
    return passed("no variable", shell.evidence, systemd.evidence, pam.evidence)


@NODE_CHECKS.check(
    "disabled.no-units",
    "Disabled: no unit remains",
    remedy=REMEDY,
    stacks=NONE,
    boards=ALL_BOARDS,
)
def no_units(node: NodeUnderTest) -> Answer:
    """No unit file of the system, and no running unit, speaks of the NPU."""
    files = node.matching(WORDS, "/etc/systemd/system/", "/etc/tmpfiles.d/")
    running = node.must("systemctl list-units --all --plain --no-legend")
    lines = [*filter(names_this_npu, files.lines), *(line for line in running.lines if names_this_npu(line))]
    if lines:
        return failed(f"a unit is left: {lines[0]}", files.evidence, running.evidence)
    return passed("no unit", files.evidence, running.evidence)


@NODE_CHECKS.check(
    "disabled.no-packages",
    "Disabled: no package for the NPU is installed",
    remedy=REMEDY,
    stacks=NONE,
    boards=ALL_BOARDS,
)
def no_packages(node: NodeUnderTest) -> Answer:
    """Nothing in the system profile, and `rknnlite` cannot be imported."""
    ran = node.must("find /run/current-system/sw/ -maxdepth 2")
    library = node.run(f"{LOGIN_SHELL} %s", "python3 -c 'import rknnlite'")
    left = [line for line in ran.lines if names_this_npu(line)]
    if left:
        return failed(f"in the system profile: {left[0]}", Evidence(ran.command, "\n".join(left)))
    if library.rc == 0:
        return failed("python3 still imports rknnlite", library.evidence)
    return passed("no package", Evidence(ran.command, f"{len(ran.lines)} entries"), library.evidence)


@NODE_CHECKS.check(
    "disabled.no-driver",
    "Disabled: the configuration loads no NPU driver",
    remedy=REMEDY,
    stacks=NONE,
    boards=ALL_BOARDS,
)
def no_driver(node: NodeUnderTest) -> Answer:
    """Neither modules-load.d nor modprobe.d names a driver, and no package brings one beside the kernel's own."""
    ran = node.matching(NPU_MODULES, "/etc/modules-load.d/", "/etc/modprobe.d/")
    brought = node.must(BROUGHT)
    if ran.lines:
        return failed(f"still configured: {ran.lines[0]}", ran.evidence)
    if brought.lines:
        return failed(f"still brought: {brought.lines[0]}", brought.evidence)
    return passed("no driver", ran.evidence, Evidence(brought.command, "nothing"))
