"""udev: rules accepted, applied to the real uevent, and applied again whenever the device comes back."""

from __future__ import annotations

import re

from rknn_validation.checks.model import Answer, failed, inconclusive, passed
from rknn_validation.checks.node.find import Node, device, left_to_systemd, no_device, stat
from rknn_validation.checks.node.question import BOTH_BOARDS, NODE_CHECKS, Expectation, Question
from rknn_validation.npu.about import about_npu

# On NixOS the directory is a link into the store, and systemd names what it leads to.
_RULES = r"/(etc/udev/rules\.d|nix/store/[^/\s]+)/(?!50-udev-default)\S+\.rules:\d+"
_COMPLAINT = rf"{_RULES}.*(Unknown|Invalid|ignoring|failed to|must be)|Failed to (read|parse).*rules"
_SETTLE = "udevadm settle --timeout=20"


@NODE_CHECKS.check(
    "udev.rules-accepted",
    stage="udev",
    title="does udevd accept the configuration's rules?",
    remedy="mend the rule udevd complains about: it ignores the whole line, or a group nobody declared",
    boards=BOTH_BOARDS,
)
def rules_accepted(question: Question) -> Answer:
    """udevd's own words about the files in /etc/udev/rules.d, since boot."""
    ran = question.must("journalctl -b -o cat --no-pager -u systemd-udevd.service")
    bad = [line for line in ran.lines if re.search(_COMPLAINT, line) and _concerns(question.expectation, line)]
    if bad:
        return failed(f"udevd says: {bad[0]}", ran.evidence)
    return passed("udevd has no complaint about /etc/udev/rules.d", ran.evidence)


def _concerns(expectation: Expectation, line: str) -> bool:
    """Whether a complaint is about what is judged: of a whole machine's rules, those about the NPU."""
    named = re.search(r"/([^/\s]+\.rules):(\d+)", line)
    if not expectation.whole or named is None:
        return not expectation.whole or about_npu(line)
    texts = [rules.text or "" for rules in expectation.configuration.udev_rules if rules.name == named[1]]
    lines = "\n".join(texts).splitlines()
    return about_npu(line) or about_npu("".join(lines[int(named[2]) - 1 : int(named[2])]))


@NODE_CHECKS.check(
    "udev.rule-applies",
    stage="udev",
    title="does a rule of the configuration apply to the device?",
    remedy="match what the device really shows (udevadm info --attribute-walk), in a file of /etc/udev/rules.d",
)
def rule_applies(question: Question) -> Answer:
    """udevd's own trial run names a rule of /etc that sets group or mode, and the node has what it sets."""
    node = device(question)
    if node is None:
        return no_device()
    syspath = question.run("readlink -f %s", f"/sys/dev/char/{node.major}:{node.minor}").stdout.strip()
    # The trial run corrects the node itself, so the node has been looked at before.
    trial = question.run("udevadm test --action=add %s 2>&1 | grep -E '/(etc/udev|nix/store)/'", syspath)
    applied = [line for line in trial.lines if re.search(rf"{_RULES}.*\b(GROUP|MODE|OWNER)\b", line)]
    if not applied and (left := left_to_systemd(question, node)) is not None:
        return left
    if not applied:
        reason = f"no rule in /etc/udev/rules.d sets anything on {node.path} ({node.access})"
        return failed(reason, trial.evidence, node.seen)
    now = stat(question, node.path)
    if now is None or _access(now) != _access(node):
        reason = f"{node.path} was {node.access} until the rule was tried: it never saw the device's own uevent"
        return failed(reason, node.seen, trial.evidence)
    return passed(f"udevd applied {applied[0].strip()}", trial.evidence, node.seen)


@NODE_CHECKS.check(
    "udev.survives-replug",
    stage="udev",
    title="does the device come back with the same access when the driver is bound again?",
    remedy="set group and mode by a rule: what a script or tmpfiles changes once is lost when the device comes back",
)
def survives_replug(question: Question) -> Answer:
    """The NPU's platform devices are unbound from their driver and bound again; real uevents, real udevd."""
    before = device(question)
    if before is None:
        return no_device()
    users = question.run("ls -l /proc/[0-9]*/fd 2>/dev/null | grep -F -- %s", f"-> {before.path}")
    if users.lines:
        return inconclusive(f"{before.path} is in use, so its driver is left alone", users.evidence)
    bound = question.run('for link in /sys/bus/platform/devices/*.npu/driver; do readlink -f "$link"; done')
    if not bound.lines:
        return inconclusive(
            "no platform device of the NPU is bound to a driver: see kernel.driver-bound", bound.evidence
        )
    replug = question.run(
        f"""cd /sys/bus/platform/devices && for path in *.npu; do
        driver=$(readlink -f "$path/driver") && [ -n "$driver" ] && bound="$bound $path $driver"; done
        set -- $bound; while [ $# -gt 0 ]; do echo "$1" >"$2/unbind" || exit 2; shift 2; done; {_SETTLE}
        set -- $bound; while [ $# -gt 0 ]; do echo "$1" >"$2/bind" || exit 3; shift 2; done; {_SETTLE}"""
    )
    if replug.rc:
        return inconclusive("the driver could not be unbound and bound again", replug.evidence)
    after = device(question)
    if after is None:
        return failed(f"{before.path} did not come back", replug.evidence, question.run("dmesg | tail -15").evidence)
    if _access(after) != _access(before):
        return failed(f"{before.path} was {before.access} and came back as {after.access}", before.seen, after.seen)
    if after.gid == 0 and not after.mode & 0o006:
        return failed(f"{before.path} comes back as {after.access}: no service can use it", replug.evidence, after.seen)
    return passed(f"{after.path} came back as {after.access}", replug.evidence, after.seen)


@NODE_CHECKS.check(
    "udev.restores-access",
    stage="udev",
    title="does udev restore what somebody changed by hand?",
    remedy="set group and mode by a rule that also applies when the device is triggered again (not by a script)",
)
def restores_access(question: Question) -> Answer:
    """The node is taken away from its group, then the uevent is triggered again."""
    before = device(question)
    if before is None:
        return no_device()
    syspath = f"/sys/dev/char/{before.major}:{before.minor}"
    ran = question.run(
        f'chown root:root %s && chmod 0600 %s && udevadm trigger --action=add --settle "$(readlink -f {syspath})"',
        before.path,
        before.path,
    )
    after = stat(question, before.path)
    question.run(f"chown {before.owner}:{before.group} %s; chmod {before.mode:o} %s", before.path, before.path)
    if ran.rc or after is None:
        return inconclusive(f"{before.path} could not be changed and triggered", ran.evidence)
    if _access(after) != _access(before):
        return failed(f"{before.path} was {before.access}, and udev makes it {after.access}", ran.evidence, after.seen)
    if after.gid == 0 and not after.mode & 0o006:
        return failed(f"udev leaves {before.path} as {after.access}", ran.evidence, after.seen)
    return passed(f"udev made it {after.access} again", ran.evidence, after.seen)


def _access(node: Node) -> tuple[str, str, int]:
    return node.owner, node.group, node.mode
