"""What systemd reads from a unit: values, commands, and conditions (systemd.unit(5))."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from rknn_validation.facts.nix.configuration import Unit
from rknn_validation.npu.about import names_this_npu
from rknn_validation.npu.boards import Board

_QUOTED = re.compile(r"\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'")
_OPERATOR = re.compile(r"(?<!\S)(?:&&|\|\|?|[012&]?>>?(?:&[012]|\S+)?|<|2>&1|\$\([^)]*\)?)(?!\S)")


def last(unit: Unit, key: str, section: str = "Service") -> str:
    """The value of a key that takes one; "" where unset."""
    return (unit.sections.get(section, {}).get(key) or ("",))[-1]


def values(unit: Unit, key: str, section: str = "Service") -> tuple[str, ...]:
    """The values of a key that takes several; an empty one takes back those before it."""
    found: list[str] = []
    for value in unit.sections.get(section, {}).get(key, ()):
        found = [*found, value] if value.strip() else []
    return tuple(found)


def words(unit: Unit, key: str, section: str = "Service") -> tuple[str, ...]:
    """The words of a key that takes lists of them."""
    return tuple(word for value in values(unit, key, section) for word in value.split())


def is_on(value: str) -> bool:
    """Whether systemd reads the value as true."""
    return value.lower() in {"1", "yes", "y", "true", "t", "on"}


def exec_commands(unit: Unit) -> Iterator[tuple[str, str]]:
    """(key, command without its prefix characters) of every Exec line that is not a NixOS script."""
    for key, lines in unit.sections.get("Service", {}).items():
        if key.startswith("Exec"):
            for line in (line for value in lines for line in value.splitlines()):
                # escapeSystemdExecArgs quotes every word, the program's too.
                command = re.sub(r'^(["\'])([^"\'\s]+)\1', r"\2", line.strip().lstrip("@-:+!|"))
                if command and not command.startswith("script:") and not _is_own_script(unit, command):
                    yield key, command


def _is_own_script(unit: Unit, command: str) -> bool:
    """Whether a command is what NixOS makes of the unit's `script`, `preStart` and their like."""
    stem = re.escape(unit.name.removeprefix("user/").rpartition(".")[0])
    made = rf"/nix/store/(?:[0-9a-z]{{32}}-)?(?:unit-script-)?{stem}-(?:pre-|post-)?(?:start|stop|reload)(?:/bin/\S+)?"
    return bool(unit.script.strip() or unit.scripts or unit.stop_script.strip()) and bool(
        re.fullmatch(made, command.strip())
    )


def commands_text(unit: Unit) -> str:
    """All that a service runs, as text."""
    return "\n".join((*(command for _, command in exec_commands(unit)), unit.script))


def shell_syntax(command: str) -> str:
    """The first word of a command line that only a shell would understand; "" where there is none."""
    found = _OPERATOR.search(_QUOTED.sub("''", command))
    return found.group() if found else ""


def unit_text(unit: Unit) -> str:
    """All that is written in a unit, to search for a word."""
    lines = [f"{key}={value}" for section in unit.sections.values() for key, all_ in section.items() for value in all_]
    lines += [f"{name}={value}" for name, value in unit.environment.items()]
    lines += [unit.script, unit.stop_script, *unit.scripts.values()]
    return "\n".join((unit.name, *lines, *(package.name for one in unit.path for package in one.walk())))


_GIVEN = ("DeviceAllow", "BindPaths", "BindReadOnlyPaths", "ReadWritePaths", "Environment", "EnvironmentFile")


def text_with_inputs(unit: Unit) -> str:
    """What a unit runs, and what it is given for that: environment, packages, devices and paths."""
    lines = [f"{name}={value}" for name, value in unit.environment.items()]
    lines += [f"{key}={word}" for key in _GIVEN for word in words(unit, key)]
    lines += [package.name for one in unit.path for package in one.walk()]
    return "\n".join((commands_text(unit), *lines))


def devnode_of(name: str) -> str:
    """The path that a device unit stands for (`dev-accel-accel0.device`); "" for any other unit."""
    if not name.startswith("dev-") or not name.endswith(".device"):
        return ""
    path = "/" + name.removesuffix(".device").replace("-", "/")
    return re.sub(r"\\x([0-9a-f]{2})", lambda found: chr(int(found[1], 16)), path)


_FIRMWARE = re.compile(r"uefi|device-tree|device-tree-compatible\([^()\s]+\)|smbios-field\(.+\)")
_COMPATIBLE = re.compile(r"device-tree-compatible\(([^()]+)\)")
_ARCHITECTURES = frozenset(
    (
        *("x86-64", "x86", "ia64", "alpha", "arm", "arm-be", "arm64", "arm64-be", "riscv32", "riscv64", "native"),
        *("ppc64", "ppc64-le", "ppc", "s390x", "loongarch64", "mips64"),
    )
)
_PATHS = frozenset({"DirectoryNotEmpty", "FileNotEmpty", "FileIsExecutable"})


@dataclass(frozen=True)
class UnitCondition:
    """A Condition…= or Assert…= of a unit: `key` as it is written, `value` without `|` and `!`.

    Of those that are `triggering` (`|`) one has to hold, of the others all.
    """

    key: str
    value: str
    negated: bool
    triggering: bool

    @property
    def kind(self) -> str:
        """What is asked: `Firmware`, `PathExists`, ..."""
        return self.key.removeprefix("Condition").removeprefix("Assert")

    @property
    def unreadable(self) -> str | None:
        """Why systemd cannot read it; None where it can."""
        if self.kind == "Firmware" and not _FIRMWARE.fullmatch(self.value):
            return "not one of uefi, device-tree, device-tree-compatible(…), smbios-field(…)"
        compatible = _COMPATIBLE.fullmatch(self.value)
        if self.kind == "Firmware" and compatible and "," not in compatible[1]:
            return "a compatible string has a vendor: rockchip,rk3588"
        if self.kind == "Architecture" and self.value not in _ARCHITECTURES:
            return "not an architecture systemd knows; AArch64 is arm64"
        is_path = self.kind.startswith("Path") or self.kind in _PATHS
        return "the path is not absolute" if is_path and not self.value.startswith(("/", "%")) else None

    def holds(self, board: Board) -> bool | None:
        """Whether it is true on a board; None where only the running system can tell."""
        found = self._holds(board)
        return found if found is None or not self.negated else not found

    def _holds(self, board: Board) -> bool | None:
        compatible = _COMPATIBLE.fullmatch(self.value)
        if self.kind == "Firmware" and compatible:
            return compatible[1] in board.compatible
        if self.kind == "Firmware" and not _FIRMWARE.fullmatch(self.value):
            return False
        if self.kind == "Firmware" and self.value == "device-tree":
            return bool(board.compatible)
        if self.kind == "Architecture" and self.value != "native":
            return self.value == ("arm64" if board.compatible else "x86-64")
        if self.kind.startswith("Path") and names_this_npu(self.value):
            return None if board.is_rk3588 else False
        return True if self.kind == "Architecture" else None


def conditions(unit: Unit) -> Iterator[UnitCondition]:
    """Every Condition and Assert of a unit."""
    for key, values in unit.sections.get("Unit", {}).items():
        if key.startswith(("Condition", "Assert")):
            for value in values:
                rest = value.lstrip("|").strip()
                yield UnitCondition(key, rest.lstrip("!").strip(), rest.startswith("!"), value.startswith("|"))


def starts_on(unit: Unit, board: Board) -> bool | None:
    """Whether the unit's conditions let it start on a board; None where only the running system can tell."""
    asked = list(conditions(unit))
    required = [one.holds(board) for one in asked if not one.triggering]
    triggering = [one.holds(board) for one in asked if one.triggering]
    if triggering:
        required.append(True if True in triggering else None if None in triggering else False)
    if False in required:
        return False
    return None if None in required or unit.sections.get("Service", {}).get("ExecCondition") else True
