"""Request: what is to be evaluated, as `expression/evaluate.nix` reads it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rknn_validation.facts.nix.shapes import part_to_json
from rknn_validation.subject.references import FlakeAttribute, HostReference, Part
from rknn_validation.subject.validation import Subject


@dataclass(frozen=True)
class Forced:
    """An option that is set to a value whatever else sets it, to see what follows."""

    path: tuple[str, ...]
    value: Any


@dataclass(frozen=True)
class Request:
    """What to evaluate: `settings` below the subject's option, `config` beside it, on `system`.

    `with_subject` False gives the same machine without the subject's module and settings; of a host, a NixOS that
    sets nothing. A host is what it is: of all this only `force` changes it.
    """

    subject: Subject
    settings: Mapping[str, Any] = field(default_factory=dict)
    config: Mapping[str, Any] = field(default_factory=dict)
    system: str = "aarch64-linux"
    with_subject: bool = True
    force: Sequence[Forced] = ()

    @property
    def of_subject(self) -> str:
        """The same text for all requests of a subject."""
        return json.dumps(self.to_json()["subject"], sort_keys=True)

    def to_json(self) -> dict[str, Any]:
        """As `expression/evaluate.nix` reads it."""
        return {
            "subject": subject_to_json(self.subject),
            "settings": dict(self.settings),
            "config": dict(self.config),
            "system": self.system,
            "withSubject": self.with_subject,
            "force": [{"path": list(one.path), "value": one.value} for one in self.force],
        }


def subject_to_json(subject: Subject) -> dict[str, Any]:
    """A subject as `expression/system.nix` reads it."""
    return {
        "root": str(subject.root),
        "home": home(subject),
        "module": None if subject.module is None else part_to_json("module", subject.module),
        "option": list(subject.option),
        "overlays": [part_to_json("overlay", one) for one in subject.overlays],
        "imports": [part_to_json("module", one) for one in subject.imports],
        "packages": [part_to_json("package", one) for one in subject.packages],
        "specialArgs": {name: one.to_json() for name, one in subject.special_args.items()},
        "host": None if subject.host is None else _host(subject.host),
    }


def _host(host: HostReference) -> dict[str, Any]:
    return {"flake": host.flake, "file": str(host.file or ""), "path": list(host.path)}


def home(subject: Subject) -> str | None:
    """The flake that a subject's files lie in, where a function of theirs has to be given something of it."""
    parts = [("module", subject.module), *(("module", one) for one in subject.imports)]
    parts += [("overlay", one) for one in subject.overlays] + [("package", one) for one in subject.packages]
    if not any(part_to_json(kind, one).get("more") for kind, one in parts if one is not None):
        return None
    above = (one for one in (subject.root, *subject.root.parents) if (one / "flake.nix").is_file())
    found = next(above, None)
    return None if found is None else str(found)


def flakes_of(subject: Subject) -> tuple[str, ...]:
    """The flakes that a subject names, or lies in."""
    parts: tuple[Part | None, ...] = (subject.module, *subject.imports, *subject.overlays, *subject.packages)
    parts += tuple(one.part for one in subject.special_args.values())
    named = [one.flake for one in parts if isinstance(one, FlakeAttribute)]
    named += [subject.host.flake] if subject.host and subject.host.flake else []
    own = home(subject)
    return tuple(dict.fromkeys([*named, *([own] if own else [])]))


def folders_of(subject: Subject) -> tuple[Path, ...]:
    """Where a subject's own files are."""
    return (subject.root, *(path if path.is_dir() else path.parent for path in subject.files))
