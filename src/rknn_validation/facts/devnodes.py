"""The NPU's devnodes: which ones there will be, who may open each, and which links point to them.

Drivers create devnodes; udev's rules set their owner and link them. Whatever a configuration does with a devnode (a
sandbox that allows it, a condition that waits for it, a container that gets it) is compared with these.
"""

from __future__ import annotations

import fnmatch
import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass

from rknn_validation.facts.contribution import contribution, is_npu_module
from rknn_validation.facts.kernel.drivers import ON, brings_module, symbol_value
from rknn_validation.facts.kernel.drivers import flavours as configured_flavours
from rknn_validation.facts.kernel.source import configfile
from rknn_validation.facts.model import Facts, derived
from rknn_validation.facts.nix.configuration import RulesFile
from rknn_validation.facts.text import shell, tmpfiles, udevrules
from rknn_validation.facts.text.udevdevices import NPU_DEVICES, VENDOR_MISC, Device
from rknn_validation.facts.text.udevrules import Complaint, Rule
from rknn_validation.facts.text.udevrun import Outcome, in_order, run
from rknn_validation.facts.text.units import exec_commands
from rknn_validation.npu.about import about_npu
from rknn_validation.npu.kernels import VENDOR_MODULE

DRM_GEM, DMA_HEAP = "DRM_GEM", "DMA_HEAP"
"""The two flavours the vendor's driver is built in, by the ends of their symbols."""


@dataclass(frozen=True)
class Devnode:
    """A devnode after systemd's rules and the configuration's own ran. `certain`: the driver surely makes this kind."""

    outcome: Outcome
    certain: bool

    @property
    def device(self) -> Device:
        """The device as udev sees it."""
        return self.outcome.device

    @property
    def path(self) -> str:
        """Where it is. The numbers of `/dev/dri` are those of one boot."""
        return self.device.node

    @property
    def owner(self) -> str:
        """The user it belongs to."""
        return self.outcome.owner.value if self.outcome.owner else "root"

    @property
    def group(self) -> str:
        """The group it belongs to."""
        return self.outcome.group.value if self.outcome.group else self.device.group

    @property
    def mode(self) -> int:
        """Its permission bits."""
        return self.outcome.mode_bits

    @property
    def is_opened(self) -> bool:
        """Whether a runtime opens it: of a card and its render node the vendor's opens the card (1.5.2, ran)."""
        return not self.device.kernel.startswith("renderD") or not self.certain

    def lets_in(self, user: str, groups: frozenset[str]) -> bool:
        """Whether a process of a user with these groups may read and write it."""
        return (
            user == "root"
            or self.mode & 0o006 == 0o006
            or (self.group in groups and self.mode & 0o060 == 0o060)
            or (self.owner == user and self.mode & 0o600 == 0o600)
        )

    def __str__(self) -> str:
        return f"{self.path} {self.owner}:{self.group} {self.mode:04o}"


@dataclass(frozen=True)
class Rules:
    """Rules in the order udevd reads them, what of them it cannot read, and files whose text only a build tells."""

    rules: tuple[Rule, ...]
    complaints: tuple[Complaint, ...]
    unread: tuple[RulesFile, ...]


def _read(files: tuple[RulesFile, ...]) -> Rules:
    read = [udevrules.parse(one.name, one.text) for one in files if one.text is not None]
    return Rules(
        tuple(in_order(rule for text in read for rule in text.rules)),
        tuple(complaint for text in read for complaint in text.complaints),
        tuple(one for one in files if one.text is None),
    )


@derived
def subject_rules(facts: Facts) -> Rules:
    """The rules the subject brings."""
    return _read(contribution(facts).rules)


@derived
def unread_rules(facts: Facts) -> tuple[RulesFile, ...]:
    """The subject's rules that only a build can tell and that may be about the NPU.

    What nixpkgs packages for others' devices is not, unless its name says so.
    """
    packages = [inner for one in contribution(facts).udev_packages for inner in one.walk()]
    others = {name for one in packages if one.origin == "nixpkgs" for name in (one.name, one.pname)}
    unread = subject_rules(facts).unread
    return tuple(one for one in unread if is_npu_module(facts) or one.name not in others or about_npu(one.name))


@derived
def flavours(facts: Facts) -> frozenset[str]:
    """The flavours the machine's vendor driver may have been built in: both, where nothing tells."""
    file = configfile(facts)
    on = {name for name in (DRM_GEM, DMA_HEAP) if symbol_value(facts, f"ROCKCHIP_RKNPU_{name}") in ON}
    if file and "ROCKCHIP_RKNPU" in file.symbols:
        on |= set(configured_flavours(file))
    packaged = any(brings_module(one, VENDOR_MODULE) for one in facts.configuration.kernel.extra_packages)
    return frozenset(on) if on and not packaged else frozenset({DRM_GEM, DMA_HEAP})


@derived
def devnodes(facts: Facts) -> tuple[Devnode, ...]:
    """The devnodes the driver of the scenario's stack makes, as the subject's rules leave them."""
    possible = flavours(facts)
    rules = subject_rules(facts).rules
    found = []
    for device in NPU_DEVICES.get(facts.scenario.stack, ()):
        kinds = {DMA_HEAP if device == VENDOR_MISC else DRM_GEM} if device.npu == "vendor" else set()
        if not kinds or kinds & possible:
            found.append(Devnode(run(rules, device), not kinds or possible == kinds))
    return tuple(found)


def outcomes(facts: Facts) -> tuple[Outcome, ...]:
    """What the subject's rules do to the devnodes of the scenario's stack."""
    return tuple(one.outcome for one in devnodes(facts))


def flavours_with_rules(facts: Facts) -> frozenset[str]:
    """The flavours of the vendor's driver that the subject's rules are about, whichever the machine has."""
    made = (run(subject_rules(facts).rules, device) for device in NPU_DEVICES["vendor"])
    return frozenset(DMA_HEAP if one.device == VENDOR_MISC else DRM_GEM for one in made if one.gives_access)


@derived
def devnode_links(facts: Facts) -> dict[str, str]:
    """The symbolic links below /dev that the subject's rules and the machine's scripts make: path to who makes it."""
    found: dict[str, str] = {}
    for rule in subject_rules(facts).rules:
        found |= {f"/dev/{name}": rule.where for value in rule.values("SYMLINK") for name in value.split()}
    return found | {path: where for path, where, is_link in made_by_hand(facts) if is_link}


@derived
def made_by_hand(facts: Facts) -> tuple[tuple[str, str, bool], ...]:
    """(path, who makes it, whether it is a symbolic link) of what tmpfiles lines and scripts put below /dev."""
    return tuple(_by_hand(facts))


def _by_hand(facts: Facts) -> Iterator[tuple[str, str, bool]]:
    configuration = facts.configuration
    for text in configuration.tmpfiles:
        line = tmpfiles.parse(text)
        if isinstance(line, tmpfiles.Line) and line.type in "Lcb" and line.path.startswith("/dev/"):
            yield line.path, text, line.is_link
    scripts = [*configuration.root_scripts.items()]
    scripts += [(name, unit.script) for name, unit in configuration.units.items()]
    scripts += [(name, line) for name, unit in configuration.units.items() for _, line in exec_commands(unit)]
    for where, script in scripts:
        if "/dev/" not in script:
            continue
        for command in shell.all_commands(script):
            made = [word for word in command.arguments if word.startswith("/dev/")]
            if command.program in {"ln", "mknod", "mount"} and made:
                at = made[0] if command.program == "mknod" else made[-1]
                yield at, f"{where}: {command.text}", command.program == "ln"


_NUMBERED = re.compile(r"/dev/dri/(?:card|renderD)(?:\d+|\S*[*?\[]\S*)|/dev/dri/by-path/\S+")


def devnode_exists(facts: Facts, path: str) -> bool | None:
    """Whether there will be such a path below /dev: False where it could only be the NPU's and nobody makes it.

    None where that is not known, or not this fact's business.
    """
    path = posixpath.normpath(path)
    nodes = devnodes(facts)
    if not path.startswith("/dev/") or not nodes:
        return None
    linked = (re.sub(r"[$%](?:\w+|\{\w+\})", "*", link) for link in devnode_links(facts))
    if any(fnmatch.fnmatchcase(path, one) for one in (*linked, *(made for made, _, _ in made_by_hand(facts)))):
        return True
    same = [one for one in nodes if path in (one.path, posixpath.dirname(one.path))]
    if same:
        return True if any(one.certain for one in same) else None
    if _NUMBERED.fullmatch(path) or not _could_be_the_npu_s(path):
        return None
    # Somebody's rules may link it.
    return None if unread_rules(facts) else False


def _could_be_the_npu_s(path: str) -> bool:
    return about_npu(path) or bool(re.match(r"/dev/(?:accel|rocket|dri/accel)", path))


def devnodes_named(facts: Facts, word: str) -> tuple[Devnode, ...]:
    """The NPU's devnodes that a path or pattern means: by name, by wildcard, by the folder they lie in."""
    word = word.rstrip("/")
    if not word.startswith("/dev/"):
        return ()
    return tuple(
        one
        for one in devnodes(facts)
        if fnmatch.fnmatchcase(one.path, word)
        or one.path.startswith(f"{word}/")
        or re.fullmatch(rf"/dev/dri/{one.device.kernel.rstrip('0123456789')}\d+", word)
    )
