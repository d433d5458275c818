"""The state of a node that a switch has to change: looked at in one go, so that two nodes can be compared."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from rknn_validation.checks.node.client import LOGIN_SHELL
from rknn_validation.checks.node.question import Question
from rknn_validation.npu.stacks import STACKS

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


def look(question: Question) -> State:
    """What a node is like now. Raises HarnessError where it cannot be asked."""
    ran = question.must(_LOOK.replace("LOGIN_SHELL", LOGIN_SHELL), statuses=(0, 1))
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
