"""Which phases of a recipe run, and what its installPhase leaves behind."""

from __future__ import annotations

import functools
import posixpath
import re

from rknn_validation.facts.nix.syntax import Path as NixPath
from rknn_validation.facts.recipes.fetches import Fetch
from rknn_validation.facts.recipes.installs import Installed, installed
from rknn_validation.facts.recipes.recipes import Recipe
from rknn_validation.facts.recipes.values import UNKNOWN

_ARCHIVE = re.compile(r"\.(?:tar(?:\.\w+)?|tgz|tbz2?|txz|zip|gz|xz|bz2)$")
_FETCHES_TREES = (
    "fetchFrom",
    "fetchgit",
    "fetchGit",
    "fetchzip",
    "fetchTarball",
    "fetchtarball",
    "fetchsvn",
    "fetchhg",
)


def missing_phase(recipe: Recipe, phase: str) -> bool:
    """Whether `phases` is given and leaves this one out."""
    phases = recipe.attrs.get("phases")
    if isinstance(phases, str):
        phases = tuple(phases.split())
    return isinstance(phases, tuple) and "?" not in phases and phase not in phases


def skips(recipe: Recipe, phase: str) -> bool:
    """Whether a phase does nothing: switched off, left out of `phases`, or replaced by a no-op."""
    name = phase.removesuffix("Phase")
    own = (recipe.script(phase) or "").strip()
    return (
        recipe.flag(f"dont{name.capitalize()}")
        or missing_phase(recipe, phase)
        or own in ("true", ":", "true;", ":;")
        or "buildCommand" in recipe.attrs
    )


def source_file(recipe: Recipe) -> str | None:
    """The file name of a source that is a single file and no archive; None where it is a tree or not known."""
    source = recipe.source
    if isinstance(source, NixPath) and source.literal:
        path = recipe.tree.path.parent / source.literal
        return path.name if path.is_file() and not _ARCHIVE.search(path.name) else None
    if isinstance(source, Fetch):
        if source.fetcher == "fetchPypi" and source.attrs.get("format") == "wheel":
            return f"{source.attrs.get('pname', 'source')}.whl"
        if source.fetcher == "fetchurl" and source.urls and "${…}" not in source.urls[0].rsplit("/", 1)[-1]:
            name = source.attrs.get("name") or posixpath.basename(source.urls[0].split("?")[0])
            return None if _ARCHIVE.search(name) or "${…}" in name else name
    return None


def source_is_tree(recipe: Recipe) -> bool:
    """Whether the source is certainly a directory."""
    source = recipe.source
    if isinstance(source, NixPath) and source.literal:
        return (recipe.tree.path.parent / source.literal).is_dir()
    return isinstance(source, Fetch) and source.fetcher.startswith(_FETCHES_TREES)


def install_script(recipe: Recipe) -> str | None:
    """What runs to install, hooks included; None for what cannot be followed."""
    if "buildCommand" in recipe.attrs:
        return recipe.script("buildCommand")
    main = recipe.script("installPhase")
    if main is None:
        return None
    hooks = [recipe.attrs.get(name) for name in ("preInstall", "postInstall")]
    if UNKNOWN in hooks:
        return None
    before = recipe.script("preInstall") if "runHook preInstall" in main else None
    after = recipe.script("postInstall") if "runHook postInstall" in main else None
    return "\n".join(part for part in (before, main, after) if part)


def result(recipe: Recipe) -> Installed | None:
    """What the install script leaves behind; None where it cannot be followed at all."""
    script = install_script(recipe)
    if script is None or recipe.is_python:
        return None
    return _followed(script, source_file(recipe) is not None)


@functools.lru_cache(maxsize=512)
def _followed(script: str, is_file: bool) -> Installed:
    return installed(script, is_file)
