"""References in a subject file: paths, attributes of flakes, and plain data."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rknn_validation.common.errors import HarnessError
from rknn_validation.common.yamlfile import Reader

ATTRIBUTE = re.compile(r"(?P<flake>[^#]*)#(?P<path>.+)")
HOST = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._'-]*")


@dataclass(frozen=True)
class FlakeAttribute:
    """An output of a flake: `.#nixosModules.npu`. `flake` is as Nix takes it, a directory as an absolute path."""

    flake: str
    path: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.flake}#{'.'.join(self.path)}"


Reference = Path | FlakeAttribute
"""Where a module, an overlay or a package is written."""


@dataclass(frozen=True)
class HostReference:
    """A machine's configuration as it is deployed: `flake#name`, or an attribute of a file.

    `path` leads to the configuration in the flake's outputs or the file's value; it is empty for a file that is one.
    """

    name: str
    path: tuple[str, ...]
    flake: str = ""
    file: Path | None = None

    def __str__(self) -> str:
        return f"{self.flake}#{self.name}" if self.flake else " -A ".join([str(self.file), ".".join(self.path)])


def absolute_flake(flake: str, root: Path) -> str:
    """A flake's reference with a relative directory made absolute."""
    scheme, _, rest = flake.rpartition("path:")
    words = rest if scheme == "" else flake
    if words in ("", ".") or words.startswith(("./", "../", "/", "~")):
        return str((root / Path(words or ".").expanduser()).resolve())
    return flake


def host_reference(text: str, root: Path) -> HostReference:
    """`FLAKE#HOST`, `FLAKE#nixosConfigurations.HOST`. Raises HarnessError where it is anything else."""
    found = ATTRIBUTE.fullmatch(text)
    words = split_path(found["path"]) if found else ()
    if words[:1] == ("nixosConfigurations",):
        words = words[1:]
    if found is None or len(words) != 1:
        raise HarnessError(f"{text}: no host", expected="FLAKE#HOST, such as .#opi01", seen=repr(text))
    return HostReference(words[0], ("nixosConfigurations", words[0]), flake=absolute_flake(found["flake"], root))


def split_path(path: str) -> tuple[str, ...]:
    """The words of an attribute path; one in double quotes may hold dots."""
    return tuple(quoted or plain for quoted, plain in re.findall(r'"([^"]+)"|([^."]+)', path))


def reference(text: str, root: Path) -> Reference | None:
    """The part that a text names; None for a path that does not exist."""
    found = ATTRIBUTE.fullmatch(text)
    if found and not (root / text).exists():
        return FlakeAttribute(absolute_flake(found["flake"], root), split_path(found["path"]))
    path = (root / Path(text).expanduser()).resolve()
    return path if path.exists() else None


def read_reference(reader: Reader, key: str, root: Path) -> Reference:
    """The part that a key names. Raises SubjectFileError."""
    return _read(reader, key, reader.text(key), root)


def read_references(reader: Reader, key: str, root: Path) -> tuple[Reference, ...]:
    """The parts that a key lists; none where it is missing. Raises SubjectFileError."""
    if not reader.has(key) or reader.is_empty(key):
        return ()
    return tuple(_read(reader, key, text, root) for text in reader.words(key))


def _read(reader: Reader, key: str, text: str, root: Path) -> Reference:
    found = reference(text, root)
    if found is None:
        raise reader.error(
            key,
            expected=f"an existing file {text}, or an attribute of a flake such as .#nixosModules.npu",
            seen="no such file",
            hint=str((root / text).resolve()),
        )
    return found


@dataclass(frozen=True)
class SpecialArgument:
    """A value of `specialArgs`: plain data, the value of a file, or an attribute of a flake."""

    value: Any = None
    part: Reference | None = None

    def to_json(self) -> dict[str, Any]:
        """As `expression/subject.nix` reads it."""
        if self.part is None:
            return {"value": self.value}
        if isinstance(self.part, FlakeAttribute):
            return {"flake": self.part.flake, "path": list(self.part.path)}
        return {"file": str(self.part)}


def read_special_args(reader: Reader, root: Path) -> Mapping[str, SpecialArgument]:
    """`specialArgs:`. A mapping of the one key `flake` or `file` names where the value is; all else is plain data."""
    given = reader.values("specialArgs")
    return {name: _special(reader, name, value, root) for name, value in given.items()}


def _special(reader: Reader, name: str, value: Any, root: Path) -> SpecialArgument:
    if not isinstance(value, dict) or value.keys() not in ({"flake"}, {"file"}):
        return SpecialArgument(value)
    text = str(next(iter(value.values())))
    # A flake itself is what a module calls `self`.
    whole = "flake" in value and "#" not in text
    found = FlakeAttribute(absolute_flake(text, root), ()) if whole else reference(text, root)
    if found is None:
        expected = "{flake: .#inputs} or {file: a/file.nix}"
        raise reader.error("specialArgs", expected=expected, seen=f"{name}: {text}: no such file")
    return SpecialArgument(part=found)
