"""The system as a whole: booted, nothing failed, activation clean."""

from __future__ import annotations

import re

from rknn_validation.checks.model import Answer, Evidence, failed, inconclusive, passed
from rknn_validation.checks.node.registry import NODE_CHECKS, NodeUnderTest

NOT_BUILT = "{} cannot start here: its program is the result of a build, and nothing was built"


@NODE_CHECKS.check(
    "units.system-running",
    "The system reaches the state `running`",
    remedy="Read the failed units and their journals.",
    everywhere=True,
)
def system_running(node: NodeUnderTest) -> Answer:
    """The state that systemd reports for the boot."""
    ran = node.run("timeout 20 systemctl is-system-running --wait")
    state = ran.stdout.strip()
    if state == "running":
        return passed("the system is running", ran.evidence)
    if state in ("degraded", "maintenance", "stopping"):
        units = node.must("systemctl --failed --no-legend --plain")
        names = [line.split()[0] for line in units.lines]
        if names and set(units_not_built(node, names)) == set(names):
            return inconclusive(
                f"the system is {state}: {NOT_BUILT.format(', '.join(names))}", ran.evidence, units.evidence
            )
        return failed(f"the system is {state}", ran.evidence, units.evidence)
    return inconclusive(f"the system is {state or 'silent'}", ran.evidence, node.run("systemctl list-jobs").evidence)


@NODE_CHECKS.check(
    "units.none-failed",
    "No unit has failed",
    remedy="Add a condition to units that cannot work on this board, so that they are skipped instead of failing.",
    everywhere=True,
)
def none_failed(node: NodeUnderTest) -> Answer:
    """`systemctl --failed`, with the journal of what is in it."""
    ran = node.run("systemctl --failed --no-legend --plain")
    if ran.rc:
        return inconclusive("systemd does not answer", ran.evidence)
    names = [line.split()[0] for line in ran.lines]
    if not names:
        return passed("no unit failed", ran.evidence)
    logs = (node.run("journalctl -b -o cat --no-pager -n 12 -u %s", name).evidence for name in names[:3])
    missing = units_not_built(node, names)
    if set(missing) == set(names):
        return inconclusive(NOT_BUILT.format(", ".join(missing)), ran.evidence, *logs)
    return failed(f"failed: {', '.join(names)}", ran.evidence, *logs)


def units_not_built(node: NodeUnderTest, names: list[str]) -> list[str]:
    """Units whose program is in a store path that is not on the node, because nothing was built."""
    found = []
    for name in names:
        shown = node.run("systemctl show --property=ExecStart --value %s", name)
        root = re.search(r"path=(/nix/store/[^/;\s]+)", shown.stdout)
        if root and node.run("test -e %s", root[1]).rc == 1:
            found.append(name)
    return found


@NODE_CHECKS.check(
    "units.activation-clean",
    "Every activation script succeeds",
    remedy="Read what the snippet printed; its PATH has only coreutils, grep, find, getent, shadow and util-linux.",
    everywhere=True,
)
def activation_clean(node: NodeUnderTest) -> Answer:
    """Messages of activation: in the kernel's log, or in the journal where systemd runs it in stage 1."""
    ran = node.must("dmesg")
    stage_1 = node.run("journalctl -b -o cat --no-pager -u initrd-nixos-activation.service")
    said = [line for line in ran.lines if "stage-2-init" in line] + stage_1.lines
    evidence = Evidence("dmesg, journal of initrd-nixos-activation", "\n".join(said) or "no line of activation")
    bad = [line for line in said if "Activation script snippet" in line and "failed" in line]
    if bad:
        return failed(bad[0].rpartition("stage-2-init: ")[2], evidence)
    return passed("no activation script failed", evidence)
