"""A switch leaves a node in the state that a boot of the same system gives."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from rknn_validation.checks.model import Answer, Check, Evidence, Registry, Status, failed, inconclusive, passed
from rknn_validation.checks.node.client import LOGIN_SHELL
from rknn_validation.checks.node.registry import NodeUnderTest
from rknn_validation.checks.node.units import NOT_BUILT
from rknn_validation.npu.stacks import STACKS

OF_THE_KERNEL = frozenset({"kernel", "device", "access", "udev"})
"""Stages whose answers depend on the running kernel and its device tree."""
OF_ITS_MODULES = frozenset({"disabled.no-driver"})
OF_FILES = frozenset({"library", "python"})
"""Stages whose answers depend only on files, links, accounts and variables; store paths do not change."""


@dataclass(frozen=True)
class Move:
    """A node that booted with one system and was switched to another, possibly over several and back.

    `status` and `said` are the exit status and output of the switch. `booted` and `booted_answers` belong to a node
    that was booted with the system it was switched to, `after` and `answers` to the switched node; answers are by
    check. `next_boot`: kernel, kernel modules or device tree of that system differ from the running ones, and change
    at the next boot. `drivers` are those that earlier systems added to their kernels. `not_built` are units that cannot
    run on this node, because nothing was built: their state says nothing.
    """

    status: int
    said: str
    booted: State
    after: State
    next_boot: bool
    drivers: tuple[str, ...]
    not_built: tuple[str, ...] = ()
    booted_answers: Mapping[str, Answer] = field(default_factory=dict)
    answers: Mapping[str, Answer] = field(default_factory=dict)

    def to_ask(self, checks: Sequence[Check[NodeUnderTest]]) -> list[Check[NodeUnderTest]]:
        """The system's checks whose answers may differ from those after a boot.

        Checks of kernel and device have to wait for the next boot if another kernel boots then. Checks that only read
        links, variables, accounts and the store give the same answer if these are the same.
        """
        as_booted = all(self.booted[topic] == self.after[topic] for topic in TOPICS if topic != "drivers")
        settled = OF_FILES if as_booted else frozenset()
        return [check for check in checks if not (self.waits(check) or check.stage in settled)]

    def waits(self, check: Check[NodeUnderTest]) -> bool:
        """Whether a check is about something that changes only at the next boot."""
        return self.next_boot and (check.stage in OF_THE_KERNEL or check.id in OF_ITS_MODULES)

    @property
    def doubtful(self) -> tuple[str, ...]:
        """Units that do not run after the switch, some of which may not be able to."""
        return tuple(name for name, state in self.after["units"].items() if state.startswith(("failed", "activating")))

    @property
    def words(self) -> Evidence:
        """The output of the switch."""
        return Evidence("switch-to-configuration switch", f"{self.said.rstrip()}\n(exit status {self.status})".lstrip())


TRANSITION_CHECKS: Registry[Move] = Registry()
"""Every check of a switch."""


State = Mapping[str, Mapping[str, str]]
"""Topic -> name -> what it is. Topics: links, rules, accounts, variables, units, drivers."""

TOPICS = ("links", "rules", "accounts", "variables", "units", "drivers")

# What the image brings has the time 1; what was laid or made since has not. Directories of the guest alone, which no
# NixOS has, are left out. State of programs below /var is no system's to remove; links there are looked at.
_LOOK = r"""
echo '== paths'
find / -xdev -maxdepth 5 \( -path /nix -o -path /proc -o -path /sys -o -path /dev -o -path /tmp -o -path /run \
  -o -path /usr/lib/modules -o -path /usr/share -o -path /usr/lib/python3 -o -path /usr/lib/python3.11 \
  -o -path /usr/lib/rknn-toolkit-lite2 -o -path /usr/lib/aarch64-linux-gnu -o -path /usr/lib/systemd \
  -o -path /var/log -o -path /var/cache \) -prune -o \
  -newerct 1980-01-01 \( -type l -printf '%p -> %l\n' -o -type f -not -path '/var/*' -not -path '/home/*' \
  -not -path '/root/*' -exec cksum {} + \)
find /run -maxdepth 3 \( -path /run/systemd -o -path /run/udev \) -prune -o -type l -printf '%p -> %l\n'
find /run/udev/rules.d /run/tmpfiles.d /run/modprobe.d /run/modules-load.d -type f -exec cksum {} + 2>/dev/null
echo '== accounts'
while read -r line; do echo "group $line"; done </etc/group
while IFS=: read -r name _ line; do echo "user $name:$line"; done </etc/passwd
echo '== variables'
LOGIN_SHELL env | while read -r line; do echo "login shell: $line"; done
systemctl show-environment | while read -r line; do echo "systemd: $line"; done
echo '== units'
systemctl list-units --all --plain --no-legend --type=service,socket,timer,path,mount,target
find /run/systemd/system /run/systemd/transient -name '*.*' -printf '%f made-at-run-time by %p -\n' 2>/dev/null
echo '== drivers'
while read -r name _; do echo "$name"; done </proc/modules
"""
_ACCOUNT_FILES = re.compile(r"/etc/(passwd|group|shadow|gshadow|subuid|subgid)-?$")
_OF_THE_MACHINE = re.compile(
    # Kept by the machine itself, or NixOS's own: what booted stays what booted, and the graphics drivers' link, which
    # NixOS makes by a tmpfiles rule, stays until the next boot once nobody wants it.
    r"/run/(booted-system|opengl-driver(-32)?)$|/var/\.updated$"
    r"|/etc/(machine-id|\.updated|\.pwd\.lock|ld\.so\.cache|mtab|resolv\.conf)$"
)
_RULES = re.compile(r"/(etc|run)/(udev|modprobe\.d|modules-load\.d)/")
_OF_THE_SHELL = ("SHLVL", "_", "PWD", "OLDPWD", "INVOCATION_ID", "JOURNAL_STREAM")
_OF_THE_GUEST = re.compile(r"systemd-|user@|user-|session-|run-|dev-|sys-|proc-|-\.|init\.|harness-|nixos-activation")
_MODULES = frozenset(stack.module for stack in STACKS.values())


def look(node: NodeUnderTest) -> State:
    """What a node is like now. Raises HarnessError where it cannot be asked."""
    ran = node.must(_LOOK.replace("LOGIN_SHELL", LOGIN_SHELL), statuses=(0, 1))
    return read(ran.stdout)


def read(text: str) -> State:
    """What the look printed."""
    found: dict[str, dict[str, str]] = {topic: {} for topic in TOPICS}
    section = ""
    for line in text.splitlines():
        if line.startswith("== "):
            section = line.removeprefix("== ")
            continue
        for topic, name, value in _entries(section, line):
            found[topic][name] = value
    return found


def _entries(section: str, line: str) -> Iterator[tuple[str, str, str]]:
    match section:
        case "paths":
            yield from _path(line)
        case "accounts":
            name, _, value = line.partition(":")
            yield "accounts", name, value
        case "variables":
            name, _, value = line.partition("=")
            if name.rpartition(": ")[2] not in _OF_THE_SHELL:
                yield "variables", name, value
        case "units":
            words = line.split(None, 4)
            only_named = words[1:3] == ["not-found", "inactive"]  # by another unit
            if len(words) > 3 and not only_named and not _OF_THE_GUEST.match(words[0]):
                yield "units", words[0], f"{words[2]} ({words[3]})"
        case "drivers" if line in _MODULES:
            yield "drivers", line, "loaded"


def _path(line: str) -> Iterator[tuple[str, str, str]]:
    if " -> " in line:
        path, _, target = line.partition(" -> ")
        value = f"a link to {target}"
    else:
        digest, size, path = line.split(None, 2)
        value = f"a file of {size} bytes ({digest})"
    if not _OF_THE_MACHINE.match(path) and not _ACCOUNT_FILES.match(path):
        yield "rules" if _RULES.match(path) else "links", path, value


NAMED = 3
"""Differences named in a reason; the evidence has all."""


@dataclass(frozen=True)
class Difference:
    """A difference between the state after a boot (`before`) and after the switch (`after`)."""

    name: str
    before: str
    after: str

    def __str__(self) -> str:
        if not self.before:
            return f"{self.name} is left ({self.after})"
        if not self.after:
            return f"{self.name} is missing (after a boot: {self.before})"
        return f"{self.name} is {self.after}, after a boot {self.before}"


def differences(move: Move, topic: str) -> tuple[Difference, ...]:
    """What differs between the switched node and the booted one, by name."""
    before, after = move.booted[topic], move.after[topic]
    names = sorted({*before, *after})
    told = (name for name in names if name not in move.not_built)
    found = (Difference(name, before.get(name, ""), after.get(name, "")) for name in told)
    return tuple(one for one in found if one.before != one.after)


def _judged(move: Move, found: tuple[Difference, ...], good: str) -> Answer:
    if not found:
        return passed(good, move.words)
    more = f" and {len(found) - NAMED} more" if len(found) > NAMED else ""
    reason = "; ".join(map(str, found[:NAMED]))
    return failed(f"{reason}{more}", Evidence("switched against booted", "\n".join(map(str, found))), move.words)


@TRANSITION_CHECKS.check(
    "transition.succeeds",
    "The switch succeeds",
    remedy="Let a unit that needs the next boot's kernel say so and succeed: deployment tools roll back what fails.",
    everywhere=True,
)
def succeeds(move: Move) -> Answer:
    """The exit status of switch-to-configuration: 2 where activation failed, 4 where a unit did."""
    if move.status == 0:
        return passed("the switch succeeded", move.words)
    units = re.search(r"^warning: the following units failed: (.*)$", move.said, re.MULTILINE)
    if units and move.status == 4 and set(units[1].split()) <= set(move.not_built):
        return inconclusive(NOT_BUILT.format(units[1]), move.words)
    otherwise = "activation failed" if move.status == 2 else "a unit could not be started"
    what = f"failed: {units[1]}" if units else otherwise
    return failed(f"the switch ends with exit status {move.status}: {what}", move.words)


def _declare(topic: str, title: str, seen: str, remedy: str) -> None:
    """A check that a topic of the node's state is the same as after a boot; `seen` says what is compared."""

    def ask(move: Move) -> Answer:
        return _judged(move, differences(move, topic), title)

    ask.__doc__ = seen
    TRANSITION_CHECKS.check(f"transition.{topic}", title, remedy=remedy, everywhere=True)(ask)


_declare(
    "links",
    "Links and files are the same as after a boot",
    "Links and files outside the store and outside the state of programs, with the targets of links.",
    "Create the link in a unit whose stop removes it: when a tmpfiles rule is removed, its link stays.",
)
_declare(
    "accounts",
    "Users and groups are the same as after a boot",
    "Users, groups and their members.",
    "Declare users and groups with users.users and users.groups, not in a script.",
)
_declare(
    "rules",
    "Udev and modprobe rules are the same as after a boot",
    "Files of udev, modprobe and modules-load, below /etc and /run.",
    "Declare rules with services.udev and boot.extraModprobeConfig, not in a script.",
)
_declare(
    "variables",
    "Environment variables are the same as after a boot",
    "The variables of a login shell, and those of systemd.",
    "Declare the variables; what `systemctl set-environment` sets stays until the next boot.",
)
_declare(
    "units",
    "Units are in the same state as after a boot",
    "The states of units that are not systemd's own.",
    "Read what the switch printed: units without wantedBy are not started, restartIfChanged = false keeps the old one.",
)


@TRANSITION_CHECKS.check(
    "transition.drivers",
    "No driver remains that a boot would not load",
    remedy="Unload what boot.extraModulePackages brought in a unit's preStop: modprobe -r, restartIfChanged = false.",
    everywhere=True,
)
def drivers(move: Move) -> Answer:
    """Drivers of the NPU; where another kernel boots next, those that a configuration had added to the running one."""
    found = differences(move, "drivers")
    if not move.next_boot:
        return _judged(move, found, "the drivers are those of a boot")
    left = tuple(one for one in found if not one.before and one.name in move.drivers)
    waits = [one.name for one in found if one not in left]
    later = f"; {', '.join(waits)}: another kernel or device tree boots next" if waits else ""
    return _judged(move, left, f"no driver that a configuration added is left{later}")


@TRANSITION_CHECKS.check(
    "transition.answers",
    "The system's checks give the same answers as after a boot",
    remedy="See the check that differs; rules reach an existing device only through `udevadm trigger`.",
    everywhere=True,
)
def answers(move: Move) -> Answer:
    """Every check of the system that was switched to, on the switched node and on the booted one."""
    differ = [name for name, one in move.answers.items() if one.status is not move.booted_answers[name].status]
    evidence = tuple(_evidence(move, differ))
    doubts = [
        name for name in differ if Status.INCONCLUSIVE in (move.answers[name].status, move.booted_answers[name].status)
    ]
    if differ and differ != doubts:
        named = "; ".join(f"{name}: {move.answers[name].reason}" for name in differ if name not in doubts)
        return failed(f"after the switch, and not after a boot: {named}", *evidence, move.words)
    if doubts:
        return inconclusive(f"{doubts[0]}: {move.answers[doubts[0]].reason}", *evidence, move.words)
    later = "; what is about kernel and device waits for the next boot" if move.next_boot else ""
    return passed(f"{len(move.answers)} checks answer as after a boot{later}", move.words)


def _evidence(move: Move, names: list[str]) -> Iterator[Evidence]:
    for name in names:
        boot = move.booted_answers[name]
        yield Evidence(f"{name}, after a boot", f"{boot.status.value}: {boot.reason}")
        yield Evidence(f"{name}, after the switch", f"{move.answers[name].status.value}: {move.answers[name].reason}")
        yield from move.answers[name].evidence
