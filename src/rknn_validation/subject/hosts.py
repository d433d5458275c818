"""`hosts:` of a subject file: hosts to be judged as they are deployed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from rknn_validation.common.errors import HarnessError, SubjectFileError
from rknn_validation.common.yamlfile import Reader
from rknn_validation.npu.boards import BOARDS
from rknn_validation.npu.stacks import STACK_NAMES
from rknn_validation.subject.expects import read_expects
from rknn_validation.subject.references import HostReference, absolute_flake, host_reference, split_path


@dataclass(frozen=True)
class Host:
    """A host to be judged as it is deployed. None: the configuration decides."""

    name: str
    reference: HostReference
    board: str | None = None
    stack: str | None = None
    option: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    expects: tuple[str, ...] | None = None


def read_hosts(top: Reader, root: Path) -> dict[str, Host]:
    """`hosts:` of a subject file: `NAME: FLAKE#HOST`, or a mapping. Raises SubjectFileError."""
    if not top.has("hosts"):
        return {}
    reader = top.mapping("hosts", "hosts by name, such as opi01: .#opi01")
    return {name: _host(reader, name, root) for name in reader.names()}


def _host(outer: Reader, name: str, root: Path) -> Host:
    if outer.is_text(name):
        return Host(name, _whole_reference(outer, name, root))
    reader = outer.mapping(name, "FLAKE#HOST, or a mapping with flake or file")
    reader.only("flake", "file", "attribute", "board", "stack", "option", "groups", "expects")
    return Host(
        name,
        _reference(reader, name, root),
        board=reader.choice("board", tuple(BOARDS)) if reader.has("board") else None,
        stack=reader.choice("stack", STACK_NAMES) if reader.has("stack") else None,
        option=option_path(reader),
        groups=reader.words("groups") if reader.has("groups") else (),
        expects=read_expects(reader, reader.text("stack") if reader.has("stack") else ""),
    )


def _whole_reference(reader: Reader, key: str, root: Path) -> HostReference:
    try:
        return host_reference(reader.text(key), root)
    except SubjectFileError:
        raise
    except HarnessError as error:
        raise reader.error(key, expected=error.expected, seen=error.seen) from error


def _reference(reader: Reader, name: str, root: Path) -> HostReference:
    if reader.has("flake") == reader.has("file"):
        seen = "both" if reader.has("flake") else "neither"
        raise reader.error("flake", expected="flake (.) or file (default.nix)", seen=seen)
    path = split_path(reader.text("attribute")) if reader.has("attribute") else ()
    if reader.has("file"):
        return HostReference(name, path, file=reader.file("file", root))
    flake = reader.text("flake")
    if "#" in flake:
        return _whole_reference(reader, "flake", root)
    return HostReference(
        path[-1] if path else name, path or ("nixosConfigurations", name), flake=absolute_flake(flake, root)
    )


def option_path(reader: Reader) -> tuple[str, ...]:
    """`option:`, split at its dots; empty where the key is missing. Raises SubjectFileError."""
    if not reader.has("option"):
        return ()
    option = tuple(reader.text("option").split("."))
    if not all(option):
        raise reader.error("option", expected="a dotted option path such as hardware.rknn", seen=reader.text("option"))
    return option
