"""What systemd reads out of a unit's lines: last values, booleans, commands."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rknn_validation.facts.nix.configuration import Unit

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


def commands(unit: Unit) -> Iterator[tuple[str, str]]:
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


def text_of(unit: Unit) -> str:
    """All that a service runs, as text."""
    return "\n".join((*(command for _, command in commands(unit)), unit.script))


def shell_syntax(command: str) -> str:
    """The first word of a command line that only a shell would understand; "" where there is none."""
    found = _OPERATOR.search(_QUOTED.sub("''", command))
    return found.group() if found else ""


def everything(unit: Unit) -> str:
    """All that is written in a unit, for who looks for a word."""
    lines = [f"{key}={value}" for section in unit.sections.values() for key, all_ in section.items() for value in all_]
    lines += [f"{name}={value}" for name, value in unit.environment.items()]
    lines += [unit.script, unit.stop_script, *unit.scripts.values()]
    return "\n".join((unit.name, *lines, *(package.name for one in unit.path for package in one.walk())))


_GIVEN = ("DeviceAllow", "BindPaths", "BindReadOnlyPaths", "ReadWritePaths", "Environment", "EnvironmentFile")


def given(unit: Unit) -> str:
    """What a unit runs, and what it is given for that: environment, packages, devices and paths."""
    lines = [f"{name}={value}" for name, value in unit.environment.items()]
    lines += [f"{key}={word}" for key in _GIVEN for word in words(unit, key)]
    lines += [package.name for one in unit.path for package in one.walk()]
    return "\n".join((text_of(unit), *lines))


def devnode_of(name: str) -> str:
    """The path that a device unit stands for (`dev-accel-accel0.device`); "" for any other unit."""
    if not name.startswith("dev-") or not name.endswith(".device"):
        return ""
    path = "/" + name.removesuffix(".device").replace("-", "/")
    return re.sub(r"\\x([0-9a-f]{2})", lambda found: chr(int(found[1], 16)), path)
