"""Packages of udev rules: the rules they copy from the subject's files, without building anything."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rknn_validation.facts.nix.configuration import Package, RulesFile
from rknn_validation.facts.recipes.installs import follow_install

_FOLDER = re.compile(r"\$out/(?:lib|etc)/udev/rules\.d/[^/]+\.rules")
_EDITS = re.compile(r"\b(?:sed|substitute\w*|awk|envsubst|patch|replaceVars)\b")
_HERE = re.compile(
    r"\bcat\s*>\s*\"?(?P<path>\$\{?out\}?/(?:lib|etc)/udev/rules\.d/[\w.-]+\.rules)\"?\s*<<-?\s*(?P<quote>['\"]?)(?P<end>\w+)"
    r"(?P=quote)\n(?P<text>.*?)^\s*(?P=end)[ \t]*$",
    re.DOTALL | re.MULTILINE,
)
_STORED = re.compile(r"/nix/store/[0-9a-z]{32}-(?P<name>[^/]+)(?P<rest>/.*)?")
_SCRIPTS = ("buildCommand", "preInstall", "installPhase", "postInstall")


def rules_of_package(package: Package, root: Path) -> tuple[RulesFile, ...]:
    """The rules a package is made of; empty where only a build can tell, or where the build changes them.

    `root` is the subject's folder: a file is known by its name where just one file there has it.
    """
    script = _script(package)
    if _EDITS.search("\n".join(package.phases.values())):
        return ()
    found = list(_written(script, package))
    done = follow_install(script, False)
    for path, source in done.files.items():
        if _FOLDER.fullmatch(path):
            text = _text(source, root)
            if text is None:
                return ()
            found.append(RulesFile(posixpath.basename(path), text, package.name))
    return tuple(found)


def installs_elsewhere(package: Package) -> tuple[str, ...]:
    """What a package installs, where its script can be followed to the end and nothing of it is a file of rules."""
    if set(package.phases) & {"postFixup", "preFixup", "fixupPhase"}:
        return ()
    script = _script(package)
    done = follow_install(script, package.source is not None and package.source.fetcher == "fetchurl")
    places = (*done.files, *done.links)
    if not done.complete or not places or "udev/rules.d/" in script:
        return ()
    return tuple(path.removeprefix("$out") for path in places)


def _script(package: Package) -> str:
    return "\n".join(package.phases[name] for name in _SCRIPTS if name in package.phases)


def _written(script: str, package: Package) -> Iterator[RulesFile]:
    """Rules in here-documents, where the shell has nothing to fill in."""
    for found in _HERE.finditer(script):
        if found["quote"] or not re.search(r"[$`\\]", found["text"]):
            yield RulesFile(posixpath.basename(found["path"]), found["text"], package.name)


def _text(source: str, root: Path) -> str | None:
    stored = _STORED.fullmatch(source)
    if source.startswith("/") and not stored:
        return None
    name = posixpath.basename((stored["rest"] or stored["name"]) if stored else source)
    same = [path for path in root.rglob(name) if path.is_file()] if re.fullmatch(r"[\w.+-]+", name) else []
    return same[0].read_text(encoding="utf-8", errors="replace") if len(same) == 1 else None


@dataclass(frozen=True)
class UdevPackage:
    """A package given to services.udev.packages. `elsewhere` is all it has, where none of that is rules."""

    name: str
    how: str
    elsewhere: tuple[str, ...]


def udev_package(package: Package) -> UdevPackage:
    """Whether NixOS finds rules in a package, as far as its files or its build script tell."""
    found = [path for path in package.files if re.fullmatch(r"/?(lib|etc)/udev/rules\.d/[^/]+\.rules", path)]
    if package.files and not found:
        return UdevPackage(package.name, "has", tuple(package.files))
    parts = [one for one in package.walk() if not one.members]
    placed = [installs_elsewhere(one) if not one.files else () for one in parts]
    elsewhere = tuple(path for one in placed for path in one) if placed and all(placed) else ()
    return UdevPackage(package.name, "installs", elsewhere)
