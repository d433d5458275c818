"""The system as a whole: booted, nothing failed, activation clean."""

from __future__ import annotations

import re

from rknn_validation.checks.model import Answer, Evidence, failed, inconclusive, passed
from rknn_validation.checks.node.question import NODE_CHECKS, Question

UNLAID = "{} cannot start: only a build can tell what its program does, and nothing was built"


@NODE_CHECKS.check(
    "units.system-running",
    "The system reaches the state `running`",
    remedy="Read the failed units and their journals.",
    everywhere=True,
)
def system_running(question: Question) -> Answer:
    """systemd's own judgement of the boot."""
    ran = question.run("timeout 20 systemctl is-system-running --wait")
    state = ran.stdout.strip()
    if state == "running":
        return passed("the system is running", ran.evidence)
    if state in ("degraded", "maintenance", "stopping"):
        units = question.must("systemctl --failed --no-legend --plain")
        names = [line.split()[0] for line in units.lines]
        if names and set(unlaid(question, names)) == set(names):
            return inconclusive(
                f"the system is {state}: {UNLAID.format(', '.join(names))}", ran.evidence, units.evidence
            )
        return failed(f"the system is {state}", ran.evidence, units.evidence)
    return inconclusive(
        f"the system is {state or 'silent'}", ran.evidence, question.run("systemctl list-jobs").evidence
    )


@NODE_CHECKS.check(
    "units.none-failed",
    "No unit has failed",
    remedy="Add a condition to units that cannot work on this board, so that they are skipped instead of failing.",
    everywhere=True,
)
def none_failed(question: Question) -> Answer:
    """`systemctl --failed`, with the journal of what is in it."""
    ran = question.run("systemctl --failed --no-legend --plain")
    if ran.rc:
        return inconclusive("systemd does not answer", ran.evidence)
    names = [line.split()[0] for line in ran.lines]
    if not names:
        return passed("no unit failed", ran.evidence)
    logs = (question.run("journalctl -b -o cat --no-pager -n 12 -u %s", name).evidence for name in names[:3])
    missing = unlaid(question, names)
    if set(missing) == set(names):
        return inconclusive(UNLAID.format(", ".join(missing)), ran.evidence, *logs)
    return failed(f"failed: {', '.join(names)}", ran.evidence, *logs)


def unlaid(question: Question, names: list[str]) -> list[str]:
    """Those whose program lies in a store path that is not on the node: where nothing was built, nothing can run."""
    found = []
    for name in names:
        shown = question.run("systemctl show --property=ExecStart --value %s", name)
        root = re.search(r"path=(/nix/store/[^/;\s]+)", shown.stdout)
        if root and question.run("test -e %s", root[1]).rc == 1:
            found.append(name)
    return found


@NODE_CHECKS.check(
    "units.activation-clean",
    "Every activation script succeeds",
    remedy="Read what the snippet printed; its PATH has only coreutils, grep, find, getent, shadow and util-linux.",
    everywhere=True,
)
def activation_clean(question: Question) -> Answer:
    """What activation said at boot: to the kernel's log, or to the journal where systemd runs it in stage 1."""
    ran = question.must("dmesg")
    stage_1 = question.run("journalctl -b -o cat --no-pager -u initrd-nixos-activation.service")
    said = [line for line in ran.lines if "stage-2-init" in line] + stage_1.lines
    evidence = Evidence("dmesg, journal of initrd-nixos-activation", "\n".join(said) or "no line of activation")
    bad = [line for line in said if "Activation script snippet" in line and "failed" in line]
    if bad:
        return failed(bad[0].rpartition("stage-2-init: ")[2], evidence)
    return passed("no activation script failed", evidence)
