"""Switched off, the subject leaves no trace on the node."""

from __future__ import annotations

from rknn_validation.checks.model import Answer, Evidence, failed, passed
from rknn_validation.checks.node.client import LOGIN_SHELL
from rknn_validation.checks.node.question import BOTH_BOARDS, NODE_CHECKS, Question
from rknn_validation.npu.about import names_this_npu
from rknn_validation.npu.stacks import PYTHON_RUNTIME_PATHS, STACKS

NONE = ("none",)
WORDS = "rknpu|rknn|librknnrt|RKNPU|rocket|teflon"
MODULES = "(^|[^[:alnum:]])(" + "|".join(stack.module for stack in STACKS.values()) + ")($|[^[:alnum:]])"
BROUGHT = """\
for path in /run/booted-system/kernel-modules/lib/modules/; do
if [ -e "$path" ]; then find -L "$path" -name 'rknpu.ko*'; fi; done"""
REMEDY = "put everything the module contributes below lib.mkIf cfg.enable"


@NODE_CHECKS.check(
    "disabled.no-rules", stage="disabled", title="switched off: no udev rule is left?", remedy=REMEDY, stacks=NONE,
    boards=BOTH_BOARDS,
)  # fmt: skip
def no_rules(question: Question) -> Answer:
    """No file in /etc/udev/rules.d speaks of the NPU."""
    ran = question.matching(f'{WORDS}|"accel', "/etc/udev/rules.d/")
    others = "/etc/udev/rules.d/50-udev-default."
    whole = question.expectation.whole  # a machine may have another accelerator
    left = [one for one in ran.lines if not one.startswith(others) and (names_this_npu(one) or not whole)]
    return failed(f"a rule is left: {left[0]}", ran.evidence) if left else passed("no rule", ran.evidence)


@NODE_CHECKS.check(
    "disabled.no-link", stage="disabled", title="switched off: no link to the runtime is left?", stacks=NONE,
    remedy="make the link in a unit whose stop removes it: a tmpfiles rule that goes leaves its link behind",
    boards=BOTH_BOARDS,
)  # fmt: skip
def no_link(question: Question) -> Answer:
    """None of the Python API's paths exists, not even as a link that leads nowhere."""
    ran = question.existing(*PYTHON_RUNTIME_PATHS)
    return failed(f"a link is left: {ran.lines[0]}", ran.evidence) if ran.lines else passed("no link", ran.evidence)


@NODE_CHECKS.check(
    "disabled.no-variable", stage="disabled", title="switched off: no variable leads to the runtime?", remedy=REMEDY,
    stacks=NONE, boards=BOTH_BOARDS,
)  # fmt: skip
def no_variable(question: Question) -> Answer:
    """Neither a login shell's environment, nor PAM's, nor systemd's."""
    shell = question.must(f"{LOGIN_SHELL} env")
    systemd = question.must("systemctl show-environment")
    pam = question.matching(WORDS, "/etc/pam/environment")
    left = [line for line in (*shell.lines, *systemd.lines, *pam.lines) if names_this_npu(line)]
    if left:
        return failed(f"a variable is left: {left[0]}", shell.evidence, systemd.evidence, pam.evidence)
    return passed("no variable", shell.evidence, systemd.evidence, pam.evidence)


@NODE_CHECKS.check(
    "disabled.no-units", stage="disabled", title="switched off: no unit is left?", remedy=REMEDY, stacks=NONE,
    boards=BOTH_BOARDS,
)  # fmt: skip
def no_units(question: Question) -> Answer:
    """No unit file of the system, and no running unit, speaks of the NPU."""
    files = question.matching(WORDS, "/etc/systemd/system/", "/etc/tmpfiles.d/")
    running = question.must("systemctl list-units --all --plain --no-legend")
    lines = [*filter(names_this_npu, files.lines), *(line for line in running.lines if names_this_npu(line))]
    if lines:
        return failed(f"a unit is left: {lines[0]}", files.evidence, running.evidence)
    return passed("no unit", files.evidence, running.evidence)


@NODE_CHECKS.check(
    "disabled.no-packages", stage="disabled", title="switched off: no package of the NPU's is installed?",
    remedy=REMEDY, stacks=NONE, boards=BOTH_BOARDS,
)  # fmt: skip
def no_packages(question: Question) -> Answer:
    """Nothing in the system profile, and `rknnlite` cannot be imported."""
    ran = question.must("find /run/current-system/sw/ -maxdepth 2")
    library = question.run(f"{LOGIN_SHELL} %s", "python3 -c 'import rknnlite'")
    left = [line for line in ran.lines if names_this_npu(line)]
    if left:
        return failed(f"in the system profile: {left[0]}", Evidence(ran.command, "\n".join(left)))
    if library.rc == 0:
        return failed("python3 still imports rknnlite", library.evidence)
    return passed("no package", Evidence(ran.command, f"{len(ran.lines)} entries"), library.evidence)


@NODE_CHECKS.check(
    "disabled.no-driver", stage="disabled", title="switched off: no NPU driver is loaded by the configuration?",
    remedy=REMEDY, stacks=NONE, boards=BOTH_BOARDS,
)  # fmt: skip
def no_driver(question: Question) -> Answer:
    """Neither modules-load.d nor modprobe.d names a driver, and no package brings one beside the kernel's own."""
    ran = question.matching(MODULES, "/etc/modules-load.d/", "/etc/modprobe.d/")
    brought = question.must(BROUGHT)
    if ran.lines:
        return failed(f"still configured: {ran.lines[0]}", ran.evidence)
    if brought.lines:
        return failed(f"still brought: {brought.lines[0]}", brought.evidence)
    return passed("no driver", ran.evidence, Evidence(brought.command, "nothing"))
