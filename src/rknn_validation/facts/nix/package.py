"""Package: a derivation as a configuration mentions it, with what evaluation knows of its making."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Json = Any
"""A value as JSON has it (None, bool, int, float, str, list, dict)."""


@dataclass(frozen=True)
class Source:
    """Where a package's source comes from: `fetcher` is the nixpkgs function (`fetchurl`, `fetchPypi`, ...)."""

    fetcher: str
    urls: tuple[str, ...]
    hash: str | None
    attrs: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True)
class License:
    """One entry of `meta.license`; `free` is None where the licence does not say."""

    name: str
    free: bool | None
    redistributable: bool | None


@dataclass(frozen=True)
class Package:
    """A derivation as a configuration mentions it.

    `files` maps paths inside the output to text known at evaluation (writeTextDir and friends).
    `members` are the packages it was composed of (buildEnv paths, withPackages).
    `phases` maps `installPhase` etc. to their shell text; `attrs` holds the remaining simple attributes.
    `origin` is "subject" (its expression lies under the subject's directory), "nixpkgs" or "unknown".
    """

    name: str
    pname: str | None
    version: str | None
    out_path: str
    system: str | None
    builder: str
    source: Source | None
    licenses: tuple[License, ...]
    platforms: tuple[str, ...]
    broken: bool
    main_program: str | None
    python: str | None
    inputs: Mapping[str, tuple[str, ...]]
    members: tuple[Package, ...]
    files: Mapping[str, str]
    phases: Mapping[str, str]
    attrs: Mapping[str, Json]
    position: str | None
    origin: str

    def walk(self) -> tuple[Package, ...]:
        """This package and all it was composed of, depth first."""
        return (self, *(inner for member in self.members for inner in member.walk()))
