"""Builds of packages: the source unpacks, the phases succeed, files are installed."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator

from rknn_validation.checks.configuration.registry import check
from rknn_validation.checks.findings import Finding, Fine, Problem
from rknn_validation.facts.model import Facts
from rknn_validation.facts.recipes.fetches import Fetch
from rknn_validation.facts.recipes.installs import install_result, missing_phase, skips_phase, source_file
from rknn_validation.facts.recipes.recipes import COMPUTED, Recipe, recipes
from rknn_validation.facts.scripts import syntax_error
from rknn_validation.facts.text.shell import commands
from rknn_validation.npu.versions import LIBRARY, RUNTIME_PATHS

_SINGLE_FILE = re.compile(r"\.(?:so[\d.]*|whl|h|bin|ko|rknn|rkllm|txt|py|sh|c|dts)$")
NO_PACKAGES = "the subject has no packages of its own"
_UNPACKERS = {".zip": "unzip", ".7z": "p7zip", ".deb": "dpkg", ".rpm": "rpmextract"}
_HOOKS_THAT_INSTALL = re.compile(
    r"cmake|meson|ninja|cargo|dkms|installShellFiles|moduleBuildDependencies|\?|(?<!autoPatchelf)Hook$"
)


def _of_each(facts: Facts, wrong: Callable[[Recipe], Iterator[Problem]]) -> Iterator[Finding]:
    """What is wrong with each package."""
    for recipe in recipes(facts):
        yield from wrong(recipe)
        yield Fine(recipe.where)


@check(
    "lint.source-unpacks",
    "stdenv can unpack the source",
    remedy="Set dontUnpack = true for a single file (and use $src in installPhase); add unzip to nativeBuildInputs "
    "for a .zip file.",
    nothing=NO_PACKAGES,
)
def source_can_be_unpacked(facts: Facts) -> Iterator[Finding]:
    """For a library or a wheel, unpackPhase fails with `do not know how to unpack source archive`."""
    yield from _of_each(facts, lambda one: (Problem(one.where, f"{one.name}: {why}") for why in _packed(one)))


def _packed(recipe: Recipe) -> Iterator[str]:
    if skips_phase(recipe, "unpackPhase") or {"unpackPhase", "unpackCmd", "preUnpack", "srcs"} & set(recipe.attrs):
        return
    if recipe.is_python and _is_wheel_build(recipe):
        return
    yield from _unfit_fetcher(recipe)
    name = source_file(recipe)
    if name is None:
        tool = _UNPACKERS.get(_ending(recipe))
        if tool and not any(tool in word or word == "?" for word in recipe.words("nativeBuildInputs", "buildInputs")):
            yield f"unpacking needs {tool} in nativeBuildInputs"
        return
    if _SINGLE_FILE.search(name):
        yield f"stdenv does not know how to unpack {name}, a single file"


def _unfit_fetcher(recipe: Recipe) -> Iterator[str]:
    source, root = recipe.source, recipe.text("sourceRoot")
    if not isinstance(source, Fetch):
        return
    if source.fetcher in ("fetchzip", "fetchTarball") and any(_SINGLE_FILE.search(url) for url in source.urls):
        yield f"{source.fetcher} unpacks archives, and {source.file_name} is not one; use fetchurl"
    # nixpkgs unpacks every fetchFromGitHub to a directory called source.
    own_name = source.fetcher == "fetchFromGitHub" and "name" not in source.attrs
    if own_name and root and not re.match(r"source(?:/|$)|[.@$]", root):
        yield f"sourceRoot is {root}, but the source is unpacked to the directory source"


def _ending(recipe: Recipe) -> str:
    source = recipe.source
    fetched = isinstance(source, Fetch) and source.fetcher == "fetchurl" and source.urls
    return posixpath.splitext(source.urls[0])[1] if isinstance(source, Fetch) and fetched else ""


def _is_wheel_build(recipe: Recipe) -> bool:
    written = recipe.attrs.get("format", "")
    return written == "wheel" or written is COMPUTED


@check(
    "lint.package-installs-files",
    "Every package installs files",
    remedy="Add an installPhase that creates $out, and make sure it runs (no dontInstall; listed in phases if that "
    "is set).",
    nothing=NO_PACKAGES,
)
def installs_something(facts: Facts) -> Iterator[Finding]:
    """A derivation that does not create $out fails: `builder … failed to produce output path`."""
    yield from _of_each(facts, lambda one: (Problem(one.where, f"{one.name}: {why}") for why in _installs_nothing(one)))


def _installs_nothing(recipe: Recipe) -> Iterator[str]:
    if recipe.is_python or "buildCommand" in recipe.attrs or "builder" in recipe.attrs:
        return
    own = recipe.script("installPhase")
    if "installPhase" in recipe.attrs:
        if recipe.flag("dontInstall") or missing_phase(recipe, "installPhase"):
            how = "dontInstall is set" if recipe.flag("dontInstall") else "phases leaves it out"
            yield f"installPhase is defined but never runs ({how}), so nothing is installed"
        elif own is not None and own.strip() in ("", "true", ":", "runHook preInstall\nrunHook postInstall"):
            yield "installPhase does nothing, so $out is never created"
        return
    nothing_to_make = skips_phase(recipe, "unpackPhase") or source_file(recipe) is not None
    hooks = any(_HOOKS_THAT_INSTALL.search(word) for word in recipe.words("nativeBuildInputs"))
    scripts = recipe.phases().keys() & {
        "preInstall",
        "postInstall",
        "buildPhase",
        "fixupPhase",
        "preFixup",
        "postFixup",
    }
    if nothing_to_make and not hooks and not scripts and recipe.attrs.get("nativeBuildInputs") is not COMPUTED:
        yield "nothing is unpacked and there is no installPhase, so $out is never created"


_NETWORK = frozenset({"curl", "wget", "aria2c", "nix-prefetch-url"})
_INSTALLS = ("install", "download", "update")
_FETCHING = {
    "git": ("clone", "fetch", "pull", "submodule"),
    "pip": _INSTALLS,
    "pip3": _INSTALLS,
    "apt": _INSTALLS,
    "apt-get": _INSTALLS,
}
_WRITERS = frozenset(
    {"cp", "install", "mkdir", "ln", "mv", "touch", "tee", "rm", "ldconfig", "udevadm", "depmod", "modprobe"}
)
_SYSTEM = re.compile(r"/(?:usr|etc|lib|lib64|opt|bin|sbin|var|srv|root|home|boot|dev)(?:/|$)")


def _commands(recipe: Recipe) -> Iterator[tuple[str, tuple[str, ...]]]:
    """(where, words) of every command of the phases."""
    for phase, script in recipe.phases().items():
        for command in commands(script, {"out": "$out", "src": "$src", "lib": "$lib", "dev": "$dev"}):
            yield f"{recipe.where} {phase} line {command.line}", command.words


@check(
    "lint.build-scripts-parse",
    "Build scripts are valid shell",
    remedy="Close what bash reports as open; in Nix strings ''$ and '' escape differently from shell.",
    nothing=NO_PACKAGES,
)
def scripts_parse(facts: Facts) -> Iterator[Finding]:
    """bash runs nothing of a script that it cannot parse."""
    yield from _of_each(facts, _unparsable)


def _unparsable(recipe: Recipe) -> Iterator[Problem]:
    for phase, script in recipe.phases().items():
        if "\r" in script:
            what = "its lines end in carriage returns, which bash takes for parts of words"
            yield Problem(f"{recipe.where} {phase}", what)
        elif error := syntax_error(script):
            what = f"{phase} of {recipe.name} is not valid shell"
            yield Problem(f"{recipe.where} {phase}", what, f"{error}\n{script}")


@check(
    "lint.build-needs-no-network",
    "The build needs no network",
    remedy="Fetch the file with fetchurl or fetchFromGitHub and a hash, and use its store path.",
    nothing=NO_PACKAGES,
)
def builds_without_network(facts: Facts) -> Iterator[Finding]:
    """The build sandbox has no network."""
    yield from _of_each(facts, _downloading)


def _downloading(recipe: Recipe) -> Iterator[Problem]:
    if recipe.attrs.get("__noChroot") is True:
        yield Problem(recipe.where, f"{recipe.name} asks for no sandbox (__noChroot), which Nix refuses by default")
    for where, words in _commands(recipe) if "outputHash" not in recipe.attrs else ():
        if _downloads(words):
            what = f"{posixpath.basename(words[0])} has no network in the build sandbox: the build fails"
            yield Problem(where, what, " ".join(words))


def _downloads(words: tuple[str, ...]) -> bool:
    name, rest = posixpath.basename(words[0]), words[1:]
    if name.startswith("python") and rest[:2] == ("-m", "pip"):
        name, rest = "pip", rest[2:]
    if name in _FETCHING:
        local = any(word.endswith(".whl") or word.startswith((".", "/", "$", "@")) for word in rest)
        return bool(rest) and rest[0] in _FETCHING[name] and not ("--no-index" in rest or (name != "git" and local))
    return name in _NETWORK and any("://" in word and not word.startswith("file:") for word in rest)


@check(
    "lint.build-writes-only-to-out",
    "The build writes only below $out",
    remedy="Install below $out; leave links in /usr/lib and udev rules to the module (systemd.tmpfiles, "
    "services.udev).",
    nothing=NO_PACKAGES,
)
def writes_to_its_output_only(facts: Facts) -> Iterator[Finding]:
    """/usr, /etc and similar directories do not exist or are read-only in the build sandbox."""
    yield from _of_each(facts, _straying)


def _straying(recipe: Recipe) -> Iterator[Problem]:
    for where, words in _commands(recipe):
        name = posixpath.basename(words[0])
        targets = [word for word in words[1:] if not word.startswith("-")]
        if name in ("cp", "install", "ln", "mv"):
            targets = targets[-1:]
        stray = next((word for word in targets if _SYSTEM.match(word)), None)
        if words[0] == "sudo" or (name in _WRITERS and stray and not stray.startswith("/dev/null")):
            what = f"it changes {stray or 'the system'}, which a build cannot do"
            yield Problem(where, what, " ".join(words))


@check(
    "lint.install-phase-succeeds",
    "installPhase succeeds",
    remedy="Create the directory first with mkdir -p, or use install -D; unpack archives before copying from them.",
    nothing=NO_PACKAGES,
)
def install_succeeds(facts: Facts) -> Iterator[Finding]:
    """The output does not exist when installPhase begins; a copy into it fails until its directory is made."""
    yield from _of_each(facts, _failing)


def _failing(recipe: Recipe) -> Iterator[Problem]:
    done = install_result(recipe)
    if done is None or (skips_phase(recipe, "installPhase") and "buildCommand" not in recipe.attrs):
        return
    for problem in done.problems:
        yield Problem(f"{recipe.where} installPhase line {problem.line}", problem.why, problem.command)
    yield from _lost_links(recipe, done.files, done.links, done.complete)
    if skips_phase(recipe, "unpackPhase") and source_file(recipe) is None and "buildCommand" not in recipe.attrs:
        yield from _not_unpacked(recipe, done.sources)


def _lost_links(recipe: Recipe, files: dict[str, str], links: dict[str, str], complete: bool) -> Iterator[Problem]:
    for link, target in links.items():
        absolute = target.startswith(("$", "/", "@"))
        full = target if absolute else posixpath.normpath(posixpath.join(posixpath.dirname(link), target))
        if LIBRARY not in full + link or "@" in full:
            continue
        where = f"{recipe.where} installPhase"
        if complete and full.startswith(("$out/", "$lib/")) and full not in files and full not in links:
            yield Problem(where, f"the link {link} points to {full}, which is not installed", target)
        elif _SYSTEM.match(full):
            yield Problem(where, f"the link {link} points to {full}, which NixOS does not have", target)


def _not_unpacked(recipe: Recipe, sources: list[tuple[int, str]]) -> Iterator[Problem]:
    if not isinstance(recipe.source, Fetch) or not recipe.source.fetcher.startswith("fetchFrom"):
        return
    for line, source in sources if not recipe.phases().keys() & {"preInstall", "buildPhase"} else ():
        if source.startswith(("rknpu2/", "runtime/", "rknn")):
            what = f"{source} is copied from an empty directory: the source is never unpacked"
            yield Problem(f"{recipe.where} installPhase line {line}", what)


@check(
    "lint.copied-files-exist",
    "Files copied from the vendor's repository exist there",
    remedy="Use the path of the repository: in rknn-toolkit2 the runtime is "
    "rknpu2/runtime/Linux/librknn_api/aarch64/librknnrt.so.",
    nothing=NO_PACKAGES,
)
def copies_what_the_source_has(facts: Facts) -> Iterator[Finding]:
    """A path of another repository's layout: `cp: cannot stat`."""
    yield from _of_each(facts, _absent)


def _absent(recipe: Recipe) -> Iterator[Problem]:
    source, done = recipe.source, install_result(recipe)
    fetched = isinstance(source, Fetch) and source.fetcher in ("fetchFromGitHub", "fetchgit")
    repository = source.repository if isinstance(source, Fetch) and fetched else None
    known = RUNTIME_PATHS.get(repository[1].lower()) if repository else None
    if done is None or repository is None or known is None:
        return
    if {"sourceRoot", "postUnpack", "unpackPhase"} & recipe.attrs.keys():
        return
    for line, copied in done.sources:
        path = copied.removeprefix("@src@/").removeprefix("./").removeprefix("source/")
        if path.endswith(f"/{LIBRARY}") and not path.startswith(("@", "/", "$")) and path not in known:
            what = f"{repository[1]} has no {path} (it is {' or '.join(known)})"
            yield Problem(f"{recipe.where} installPhase line {line}", what)
