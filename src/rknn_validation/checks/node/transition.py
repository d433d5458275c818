"""A switch on a node leaves what a boot of the same system gives."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from rknn_validation.checks.model import Answer, Check, Evidence, Registry, Status, failed, inconclusive, passed
from rknn_validation.checks.node.client import LOGIN_SHELL
from rknn_validation.checks.node.registry import NodeUnderTest
from rknn_validation.checks.node.units import UNLAID
from rknn_validation.npu.stacks import STACKS

OF_THE_KERNEL = frozenset({"kernel", "device", "access", "udev"})
"""Stages whose answers are the running kernel's, and its device tree's."""
OF_ITS_MODULES = frozenset({"disabled.no-driver"})
OF_FILES = frozenset({"library", "python"})
"""Stages whose answers follow from files, links, accounts and variables; a store path holds what it held."""


@dataclass(frozen=True)
class Move:
    """A node that booted with one system and was switched to another, or over several and back.

    `status` and `said` are what the switch gave. `booted` and `booted_answers` are of a node that was started with the
    system it was switched to, `after` and `answers` of the switched one; answers are by check. `next_boot`: kernel,
    its modules or device tree of that system are other ones than those that run, and change when the node boots next.
    `drivers` are those that systems before the last one added to their kernels. `unlaid` are units that cannot run on
    this node, because nothing was built: what state they are in says nothing.
    """

    status: int
    said: str
    booted: State
    after: State
    next_boot: bool
    drivers: tuple[str, ...]
    unlaid: tuple[str, ...] = ()
    booted_answers: Mapping[str, Answer] = field(default_factory=dict)
    answers: Mapping[str, Answer] = field(default_factory=dict)

    def to_ask(self, checks: Sequence[Check[NodeUnderTest]]) -> list[Check[NodeUnderTest]]:
        """Of a system's checks those whose answer may be another one than after a boot.

        Kernel and device wait for the next boot where another kernel boots then. What reads links, variables, accounts
        and the store alone cannot answer otherwise where these are the same.
        """
        as_booted = all(self.booted[topic] == self.after[topic] for topic in TOPICS if topic != "drivers")
        settled = OF_FILES if as_booted else frozenset()
        return [check for check in checks if not (self.waits(check) or check.stage in settled)]

    def waits(self, check: Check[NodeUnderTest]) -> bool:
        """Whether a check asks for what changes at the next boot only."""
        return self.next_boot and (check.stage in OF_THE_KERNEL or check.id in OF_ITS_MODULES)

    @property
    def doubtful(self) -> tuple[str, ...]:
        """Units that do not run after the switch, to find those among them that cannot."""
        return tuple(name for name, state in self.after["units"].items() if state.startswith(("failed", "activating")))

    @property
    def words(self) -> Evidence:
        """What the switch said."""
        return Evidence("switch-to-configuration switch", f"{self.said.rstrip()}\n(exit status {self.status})".lstrip())


TRANSITION_CHECKS: Registry[Move] = Registry()
"""Every question asked of a switch. Importing `checks.node.transition` fills it."""


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
    """Something a switch left, lost, or left as it was. `before` is what a boot gives, `after` what the switch gave."""

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
    told = (name for name in names if name not in move.unlaid)
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
    if units and move.status == 4 and set(units[1].split()) <= set(move.unlaid):
        return inconclusive(UNLAID.format(units[1]), move.words)
    otherwise = "activation failed" if move.status == 2 else "a unit could not be started"
    what = f"failed: {units[1]}" if units else otherwise
    return failed(f"the switch ends with exit status {move.status}: {what}", move.words)


@TRANSITION_CHECKS.check(
    "transition.links",
    "Links and files are the same as after a boot",
    remedy="Create the link in a unit whose stop removes it: when a tmpfiles rule is removed, its link stays.",
    everywhere=True,
)
def links(move: Move) -> Answer:
    """Links outside the store, files outside it and outside of programs' own state; with where links lead."""
    return _judged(move, differences(move, "links"), "links and files are those of a boot")


@TRANSITION_CHECKS.check(
    "transition.accounts",
    "Users and groups are the same as after a boot",
    remedy="Declare users and groups with users.users and users.groups, not in a script.",
    everywhere=True,
)
def accounts(move: Move) -> Answer:
    """Users, groups and their members."""
    return _judged(move, differences(move, "accounts"), "users and groups are those of a boot")


@TRANSITION_CHECKS.check(
    "transition.rules",
    "Udev and modprobe rules are the same as after a boot",
    remedy="Declare rules with services.udev and boot.extraModprobeConfig, not in a script.",
    everywhere=True,
)
def rules(move: Move) -> Answer:
    """Files of udev, modprobe and modules-load, below /etc and /run."""
    return _judged(move, differences(move, "rules"), "the rules are those of a boot")


@TRANSITION_CHECKS.check(
    "transition.variables",
    "Environment variables are the same as after a boot",
    remedy="Declare the variables; what `systemctl set-environment` sets stays until the next boot.",
    everywhere=True,
)
def variables(move: Move) -> Answer:
    """Those of a login shell, and those of systemd."""
    return _judged(move, differences(move, "variables"), "the variables are those of a boot")


@TRANSITION_CHECKS.check(
    "transition.units",
    "Units are in the same state as after a boot",
    remedy="Read what the switch printed: a unit without wantedBy is not started, and restartIfChanged = false keeps "
    "the old one.",
    everywhere=True,
)
def units(move: Move) -> Answer:
    """Units that are not systemd's own, by their state."""
    return _judged(move, differences(move, "units"), "the units are in the state of a boot")


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
