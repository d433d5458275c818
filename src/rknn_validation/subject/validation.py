"""`validation.yaml` -> Subject, Scenario, Node. Errors name file, line and key."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rknn_validation.common.errors import HarnessError
from rknn_validation.common.yamlfile import Reader, read_mapping
from rknn_validation.npu.boards import BOARDS, PC, Board, named
from rknn_validation.npu.stacks import STACK_NAMES
from rknn_validation.subject import transitions
from rknn_validation.subject.expects import read_expects
from rknn_validation.subject.hosts import Host, option_path, read_hosts
from rknn_validation.subject.ignored import KEY as IGNORE
from rknn_validation.subject.ignored import read_ignored
from rknn_validation.subject.inference import Inference, read_inferences
from rknn_validation.subject.inventory import Node, read_nodes
from rknn_validation.subject.references import (
    FlakeAttribute,
    HostReference,
    Reference,
    SpecialArgument,
    read_reference,
    read_references,
    read_special_args,
)

__all__ = ["GuestHost", "Host", "Node", "Scenario", "Subject", "Validation", "load"]


@dataclass(frozen=True)
class Subject:
    """What is judged: a module with what it needs, packages and overlays alone, or a host as it is deployed.

    `root` is the directory of the subject file (of a host, its flake's or file's); all paths are absolute. `option` is
    where the module's options live, empty where it has none. `special_args` are what its modules ask for beside
    what NixOS gives them. Of a host nothing else is set but `option`, perhaps.
    """

    root: Path
    module: Reference | None = None
    option: tuple[str, ...] = ()
    overlays: tuple[Reference, ...] = ()
    imports: tuple[Reference, ...] = ()
    packages: tuple[Reference, ...] = ()
    special_args: Mapping[str, SpecialArgument] = field(default_factory=dict, hash=False)
    host: HostReference | None = None

    @property
    def is_machine(self) -> bool:
        """Whether it says what a machine has: packages and overlays alone leave that to others."""
        return self.host is not None or self.module is not None

    @property
    def files(self) -> tuple[Path, ...]:
        """Where to start reading what the subject's author wrote: the module, then its imports, then the overlays."""
        if self.host is not None:
            file = self.host.file or Path(self.host.flake) / "flake.nix"
            return (file,) if file.exists() else ()
        parts = (self.module, *self.imports, *self.packages, *self.overlays)
        return tuple(dict.fromkeys(path for one in parts if (path := _file_of(one)) is not None))


def _file_of(one: Reference | None) -> Path | None:
    if isinstance(one, FlakeAttribute):
        file = Path(one.flake) / "flake.nix"
        return file if file.is_file() else None
    return one


@dataclass(frozen=True)
class Scenario:
    """A named set of option values.

    `settings` go below `subject.option`, `config` beside it (any NixOS option). `stack` is what the scenario is
    meant to bring up; `boards` are the identities it is meant to be deployed to. `expects` is what has to work there
    (`python`, `c`, `devnode`, `inference`, `service:NAME`), None where nothing is said. `reasons` say why a host was
    taken for this stack and board.
    """

    name: str
    stack: str
    settings: Mapping[str, Any]
    boards: tuple[str, ...]
    config: Mapping[str, Any] = field(default_factory=dict)
    system: str = "aarch64-linux"
    expects: tuple[str, ...] | None = None
    reasons: tuple[str, ...] = ()

    def identities(self) -> tuple[Board, ...]:
        """The boards, resolved."""
        return tuple(named(name) for name in self.boards)


@dataclass(frozen=True)
class GuestHost:
    """Whose system boots in place of the Debian guest: a host of a flake (`flake` as Nix takes it)."""

    flake: str
    host: str


@dataclass(frozen=True)
class Validation:
    """A whole subject file, or what the command line says in place of one. `path` is where it was read from.

    `subject` is None where hosts alone are judged. `hosts` become scenarios of their own, with subjects of their own
    in `host_subjects`, once their configurations are known. `guests` are by scenario, `inferences` (the models nodes
    run) by stack. `transitions` are the switches to judge, None for all there are.
    `cluster` is the kubeconfig's context of the cluster that this run asks, "" for none.
    """

    path: Path
    subject: Subject | None
    scenarios: Mapping[str, Scenario]
    nodes: Mapping[str, Node]
    guests: Mapping[str, GuestHost] = field(default_factory=dict)
    inferences: Mapping[str, Inference] = field(default_factory=dict)
    hosts: Mapping[str, Host] = field(default_factory=dict)
    host_subjects: Mapping[str, Subject] = field(default_factory=dict)
    transitions: tuple[transitions.Path, ...] | None = None
    ignored: Mapping[str, str] = field(default_factory=dict)
    """Why findings of a check are ignored, by its id."""
    level: int = 1
    """How much is asked of real nodes (`Check.level`)."""
    cluster: str = ""

    def subject_of(self, scenario: str) -> Subject:
        """What a scenario is one of. Raises KeyError."""
        found = self.host_subjects.get(scenario, self.subject)
        if found is None:
            raise KeyError(scenario)
        return found


KEYS = ("subject", "scenarios", "hosts", "nodes", "guests", "inference", transitions.KEY, IGNORE)


def looks_like_one(path: Path) -> bool:
    """Whether a file of this name may be a subject file: others call theirs validation.yaml, too."""
    try:
        names = set(read_mapping(path).names())
    except HarnessError:
        return False
    return names <= set(KEYS) and not names.isdisjoint({"subject", "hosts"})


def load(path: Path) -> Validation:
    """Read a subject file. Raises SubjectFileError naming file, line, key and what was expected."""
    top = read_mapping(path)
    top.only(*KEYS)
    root = path.resolve().parent
    hosts = read_hosts(top, root)
    subject = _subject(top.mapping("subject"), root) if top.has("subject") or not hosts else None
    scenarios = {}
    for name, reader in top.mappings("scenarios", required=not hosts):
        scenarios[name] = _scenario(name, reader)
        if scenarios[name].settings and subject is not None and not subject.option:
            raise reader.error("settings", expected="subject.option: where these settings go", seen="no such key")
    if not scenarios and not hosts:
        raise top.error("scenarios", expected="at least one scenario", seen="none")
    if scenarios and subject is None:
        raise top.error("scenarios", expected="a subject for the scenarios", seen="hosts only")
    twice = next((name for name in hosts if name in scenarios), None)
    if twice:
        raise top.error("hosts", expected="names that no scenario has", seen=f"{twice}, twice")
    nodes = read_nodes(top, (*scenarios, *hosts), root)
    guests = _guests(top.mapping("guests"), root, scenarios) if top.has("guests") else {}
    chosen = transitions.read_transitions(top, {name: scenario.boards for name, scenario in scenarios.items()})
    return Validation(
        path.resolve(),
        subject,
        scenarios,
        nodes,
        guests,
        read_inferences(top, root),
        hosts,
        transitions=chosen,
        ignored=read_ignored(top),
    )


def _subject(reader: Reader, root: Path) -> Subject:
    reader.only("module", "option", "overlays", "imports", "packages", "specialArgs")
    subject = Subject(
        root=root,
        module=read_reference(reader, "module", root) if reader.has("module") else None,
        option=option_path(reader),
        overlays=read_references(reader, "overlays", root),
        imports=read_references(reader, "imports", root),
        packages=read_references(reader, "packages", root),
        special_args=read_special_args(reader, root),
    )
    if not (subject.is_machine or subject.packages or subject.overlays):
        raise reader.error("module", expected="a module, packages or overlays", seen="none of them")
    return subject


def _scenario(name: str, reader: Reader) -> Scenario:
    reader.only("stack", "settings", "boards", "config", "system", "expects")
    boards = reader.choices("boards", tuple(BOARDS), default=("orangepi-5-plus",))
    return Scenario(
        name=name,
        stack=(stack := reader.choice("stack", STACK_NAMES)),
        expects=read_expects(reader, stack),
        settings=reader.values("settings"),
        boards=boards,
        config=reader.values("config"),
        system=reader.choice(
            "system",
            ("aarch64-linux", "x86_64-linux"),
            default="x86_64-linux" if set(boards) == {PC.name} else "aarch64-linux",
        ),
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
