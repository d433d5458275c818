"""`validation.yaml` -> Subject, Scenario, Node. Errors name file, line and key."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rknn_validation.expects import read_expects
from rknn_validation.inference import Inference, read_inferences
from rknn_validation.inventory import Node, read_nodes
from rknn_validation.npu.boards import BOARDS, Board
from rknn_validation.yamlfile import Reader, read_mapping

__all__ = ["GuestHost", "Node", "Scenario", "Subject", "Validation", "load"]

STACK_NAMES = ("vendor", "mainline", "none")


@dataclass(frozen=True)
class Subject:
    """What is judged. `root` is the directory of the subject file; all paths are absolute."""

    root: Path
    module: Path
    option: tuple[str, ...]
    overlays: tuple[Path, ...] = ()
    imports: tuple[Path, ...] = ()

    @property
    def files(self) -> tuple[Path, ...]:
        """Where to start reading what the subject's author wrote: the module, then its imports, then the overlays."""
        return (self.module, *self.imports, *self.overlays)


@dataclass(frozen=True)
class Scenario:
    """A named set of option values.

    `settings` go below `subject.option`, `config` beside it (any NixOS option). `stack` is what the scenario is
    meant to bring up; `boards` are the identities it is meant to be deployed to. `expects` is what has to work there
    (`python`, `c`, `devnode`, `inference`, `service:NAME`), None where nothing is said.
    """

    name: str
    stack: str
    settings: Mapping[str, Any]
    boards: tuple[str, ...]
    config: Mapping[str, Any] = field(default_factory=dict)
    system: str = "aarch64-linux"
    expects: tuple[str, ...] | None = None

    def identities(self) -> tuple[Board, ...]:
        """The boards, resolved."""
        return tuple(BOARDS[name] for name in self.boards)


@dataclass(frozen=True)
class GuestHost:
    """Whose system boots in place of the Debian guest: a host of a flake (`flake` as Nix takes it)."""

    flake: str
    host: str


@dataclass(frozen=True)
class Validation:
    """A whole subject file. `path` is where it was read from, `guests` are by scenario,
    `inferences` (the models nodes run) by stack.
    """

    path: Path
    subject: Subject
    scenarios: Mapping[str, Scenario]
    nodes: Mapping[str, Node]
    guests: Mapping[str, GuestHost] = field(default_factory=dict)
    inferences: Mapping[str, Inference] = field(default_factory=dict)


def load(path: Path) -> Validation:
    """Read a subject file. Raises SubjectFileError naming file, line, key and what was expected."""
    top = read_mapping(path)
    top.only("subject", "scenarios", "nodes", "guests", "inference")
    root = path.resolve().parent
    subject = _subject(top.mapping("subject"), root)
    scenarios = {name: _scenario(name, reader) for name, reader in top.mappings("scenarios")}
    if not scenarios:
        raise top.error("scenarios", expected="at least one scenario", seen="none")
    nodes = read_nodes(top, scenarios, root)
    guests = _guests(top.mapping("guests"), root, scenarios) if top.has("guests") else {}
    return Validation(path.resolve(), subject, scenarios, nodes, guests, read_inferences(top, root))


def _subject(reader: Reader, root: Path) -> Subject:
    reader.only("module", "option", "overlays", "imports")
    option = tuple(reader.text("option").split("."))
    if not all(option):
        raise reader.error("option", expected="a dotted option path such as hardware.rknn", seen=reader.text("option"))
    return Subject(
        root=root,
        module=reader.file("module", root),
        option=option,
        overlays=reader.files("overlays", root),
        imports=reader.files("imports", root),
    )


def _scenario(name: str, reader: Reader) -> Scenario:
    reader.only("stack", "settings", "boards", "config", "system", "expects")
    return Scenario(
        name=name,
        stack=(stack := reader.choice("stack", STACK_NAMES)),
        expects=read_expects(reader, stack),
        settings=reader.values("settings"),
        boards=reader.choices("boards", tuple(BOARDS), default=("orangepi-5-plus",)),
        config=reader.values("config"),
        system=reader.choice("system", ("aarch64-linux", "x86_64-linux"), default="aarch64-linux"),
    )


def _guests(reader: Reader, root: Path, scenarios: Mapping[str, Scenario]) -> dict[str, GuestHost]:
    reader.only(*scenarios)
    return {name: _guest(reader, name, root) for name in scenarios if reader.has(name)}


def _guest(reader: Reader, name: str, root: Path) -> GuestHost:
    flake, _, host = reader.text(name).rpartition("#")
    if not flake or not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", host):
        raise reader.error(name, expected="FLAKE#HOST, such as .#opi01", seen=repr(reader.text(name)))
    if not flake.startswith((".", "/")):
        return GuestHost(flake, host)
    directory = (root / flake).resolve()
    if not (directory / "flake.nix").is_file():
        raise reader.error(name, expected=f"a flake in {flake}", seen="no flake.nix there", hint=str(directory))
    return GuestHost(str(directory), host)
