"""Phases: the source can be unpacked, installPhase runs, and something is installed."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from rknn_validation.checks.configuration.registry import check
from rknn_validation.checks.findings import Finding, Problem, looked_at
from rknn_validation.facts.model import Facts
from rknn_validation.facts.recipes.building import missing_phase, skips, source_file
from rknn_validation.facts.recipes.fetches import Fetch
from rknn_validation.facts.recipes.recipes import Recipe, recipes
from rknn_validation.facts.recipes.values import UNKNOWN

_SINGLE_FILE = re.compile(r"\.(?:so[\d.]*|whl|h|bin|ko|rknn|rkllm|txt|py|sh|c|dts)$")
NOTHING = "the subject has no packages of its own"
_UNPACKERS = {".zip": "unzip", ".7z": "p7zip", ".deb": "dpkg", ".rpm": "rpmextract"}
_HOOKS_THAT_INSTALL = re.compile(
    r"cmake|meson|ninja|cargo|dkms|installShellFiles|moduleBuildDependencies|\?|(?<!autoPatchelf)Hook$"
)


@check(
    "lint.source-can-be-unpacked",
    stage="lint",
    title="stdenv can unpack the source",
    remedy="A single file needs dontUnpack = true (and $src in installPhase); a .zip needs unzip in nativeBuildInputs.",
    good="every source can be unpacked",
    nothing=NOTHING,
)
def source_can_be_unpacked(facts: Facts) -> Iterator[Finding]:
    """Faced with a library or wheel, unpackPhase ends in `do not know how to unpack source archive`."""
    found = [Problem(one.where, what) for one in recipes(facts) for what in _packed(one)]
    yield from found
    yield from looked_at(one.where for one in recipes(facts))


def _packed(recipe: Recipe) -> Iterator[str]:
    if skips(recipe, "unpackPhase") or {"unpackPhase", "unpackCmd", "preUnpack", "srcs"} & set(recipe.attrs):
        return
    if recipe.is_python and _is_wheel_build(recipe):
        return
    yield from _unfit_fetcher(recipe)
    name = source_file(recipe)
    if name is None:
        tool = _UNPACKERS.get(_ending(recipe))
        if tool and not any(tool in word or word == "?" for word in recipe.words("nativeBuildInputs", "buildInputs")):
            yield f"{recipe.name}: unpacking needs {tool} in nativeBuildInputs"
        return
    if _SINGLE_FILE.search(name):
        yield f"{recipe.name}: stdenv does not know how to unpack {name}, a single file"


def _unfit_fetcher(recipe: Recipe) -> Iterator[str]:
    source, root = recipe.source, recipe.text("sourceRoot")
    if not isinstance(source, Fetch):
        return
    if source.fetcher in ("fetchzip", "fetchTarball") and any(_SINGLE_FILE.search(url) for url in source.urls):
        yield f"{recipe.name}: {source.fetcher} unpacks an archive, and {source.file_name} is none; use fetchurl"
    # nixpkgs unpacks every fetchFromGitHub to a directory called source.
    own_name = source.fetcher == "fetchFromGitHub" and "name" not in source.attrs
    if own_name and root and not re.match(r"source(?:/|$)|[.@$]", root):
        yield f"{recipe.name}: sourceRoot is {root}, but the source is unpacked to the directory source"


def _ending(recipe: Recipe) -> str:
    source = recipe.source
    fetched = isinstance(source, Fetch) and source.fetcher == "fetchurl" and source.urls
    return posixpath.splitext(source.urls[0])[1] if isinstance(source, Fetch) and fetched else ""


def _is_wheel_build(recipe: Recipe) -> bool:
    written = recipe.attrs.get("format", "")
    return written == "wheel" or written is UNKNOWN


@check(
    "lint.installs-something",
    stage="lint",
    title="installPhase runs and there is one where one is needed",
    remedy="Write an installPhase that creates $out, and let it run (no dontInstall; named in phases if that is set).",
    good="every package installs something",
    nothing=NOTHING,
)
def installs_something(facts: Facts) -> Iterator[Finding]:
    """A derivation that does not create $out fails: `builder … failed to produce output path`."""
    found = [Problem(one.where, what) for one in recipes(facts) for what in _installs_nothing(one)]
    yield from found
    yield from looked_at(one.where for one in recipes(facts))


def _installs_nothing(recipe: Recipe) -> Iterator[str]:
    if recipe.is_python or "buildCommand" in recipe.attrs or "builder" in recipe.attrs:
        return
    own = recipe.script("installPhase")
    if "installPhase" in recipe.attrs:
        if recipe.flag("dontInstall") or missing_phase(recipe, "installPhase"):
            how = "dontInstall is set" if recipe.flag("dontInstall") else "phases leaves it out"
            yield f"{recipe.name}: installPhase is written but never runs ({how}), so nothing is installed"
        elif own is not None and own.strip() in ("", "true", ":", "runHook preInstall\nrunHook postInstall"):
            yield f"{recipe.name}: installPhase does nothing, so $out is never created"
        return
    nothing_to_make = skips(recipe, "unpackPhase") or source_file(recipe) is not None
    hooks = any(_HOOKS_THAT_INSTALL.search(word) for word in recipe.words("nativeBuildInputs"))
    scripts = recipe.phases().keys() & {
        "preInstall",
        "postInstall",
        "buildPhase",
        "fixupPhase",
        "preFixup",
        "postFixup",
    }
    if nothing_to_make and not hooks and not scripts and recipe.attrs.get("nativeBuildInputs") is not UNKNOWN:
        yield f"{recipe.name}: nothing is unpacked and there is no installPhase, so $out is never created"
