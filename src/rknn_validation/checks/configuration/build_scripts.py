"""Build scripts: they parse, they run in the sandbox, and what they do succeeds."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from rknn_validation.checks.configuration.registry import check
from rknn_validation.checks.findings import Finding, Problem, looked_at
from rknn_validation.facts.model import Facts
from rknn_validation.facts.recipes.building import result, skips, source_file
from rknn_validation.facts.recipes.commands import syntax_error
from rknn_validation.facts.recipes.fetches import Fetch
from rknn_validation.facts.recipes.recipes import Recipe, recipes
from rknn_validation.facts.text.shell import Command, commands
from rknn_validation.npu.versions import LIBRARY, RUNTIME_PATHS

NOTHING = "the subject has no packages of its own"
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


def _scripts(facts: Facts) -> Iterator[tuple[Recipe, str, str]]:
    for recipe in recipes(facts):
        for phase, script in recipe.phases().items():
            yield recipe, phase, script


def _commands(script: str) -> Iterator[Command]:
    return commands(script, {"out": "$out", "src": "$src", "lib": "$lib", "dev": "$dev"})


@check(
    "lint.build-scripts-parse",
    stage="lint",
    title="Build scripts are valid shell",
    remedy="Close what bash names as open; in Nix strings ''$ and '' escape differently from shell.",
    good="bash reads every build script",
    nothing=NOTHING,
)
def scripts_parse(facts: Facts) -> Iterator[Finding]:
    """bash gives up on the whole script."""
    yield from _unparsable(facts)
    yield from looked_at(one.where for one in recipes(facts))


def _unparsable(facts: Facts) -> Iterator[Problem]:
    for recipe, phase, script in _scripts(facts):
        if "\r" in script:
            yield Problem(f"{recipe.where} {phase}", "its lines end in carriage returns, which bash takes for words")
            continue
        error = syntax_error(script)
        if error:
            yield Problem(
                f"{recipe.where} {phase}", f"{phase} of {recipe.name} is no valid shell", f"{error}\n{script}"
            )


@check(
    "lint.builds-without-network",
    stage="lint",
    title="Nothing is downloaded while building",
    remedy="Fetch it with fetchurl or fetchFromGitHub and a hash, and use the store path.",
    good="no build script downloads anything",
    nothing=NOTHING,
)
def builds_without_network(facts: Facts) -> Iterator[Finding]:
    """The build sandbox has no network."""
    yield from _downloading(facts)
    yield from looked_at(one.where for one in recipes(facts))


def _downloading(facts: Facts) -> Iterator[Problem]:
    for recipe in recipes(facts):
        if recipe.attrs.get("__noChroot") is True:
            yield Problem(recipe.where, f"{recipe.name} asks for no sandbox (__noChroot), which Nix refuses by default")
    for recipe, phase, script in _scripts(facts):
        for command in () if "outputHash" in recipe.attrs else _commands(script):
            if _downloads(command.words):
                what = f"{posixpath.basename(command.words[0])} has no network in the build sandbox: the build fails"
                yield Problem(f"{recipe.where} {phase} line {command.line}", what, " ".join(command.words))


def _downloads(words: tuple[str, ...]) -> bool:
    name, rest = posixpath.basename(words[0]), words[1:]
    if name.startswith("python") and rest[:2] == ("-m", "pip"):
        name, rest = "pip", rest[2:]
    if name in _FETCHING:
        local = any(word.endswith(".whl") or word.startswith((".", "/", "$", "@")) for word in rest)
        return bool(rest) and rest[0] in _FETCHING[name] and not ("--no-index" in rest or (name != "git" and local))
    return name in _NETWORK and any("://" in word and not word.startswith("file:") for word in rest)


@check(
    "lint.writes-to-its-output-only",
    stage="lint",
    title="Build scripts write below $out only",
    remedy="Install below $out; links in /usr/lib and udev rules are the module's (systemd.tmpfiles, services.udev).",
    good="build scripts write below their output",
    nothing=NOTHING,
)
def writes_to_its_output_only(facts: Facts) -> Iterator[Finding]:
    """/usr, /etc and the like do not exist or cannot be written in the build sandbox."""
    yield from _straying(facts)
    yield from looked_at(one.where for one in recipes(facts))


def _straying(facts: Facts) -> Iterator[Problem]:
    for recipe, phase, script in _scripts(facts):
        for command in _commands(script):
            name = posixpath.basename(command.words[0])
            targets = [word for word in command.words[1:] if not word.startswith("-")]
            if name in ("cp", "install", "ln", "mv"):
                targets = targets[-1:]
            stray = next((word for word in targets if _SYSTEM.match(word)), None)
            if command.words[0] == "sudo" or (name in _WRITERS and stray and not stray.startswith("/dev/null")):
                what = (
                    f"it changes {stray or 'the system'}, which a build cannot (and what it wrote there would be lost)"
                )
                yield Problem(f"{recipe.where} {phase} line {command.line}", what, " ".join(command.words))


@check(
    "lint.install-succeeds",
    stage="lint",
    title="Every command of installPhase has what it needs",
    remedy="mkdir -p the directory first, or use install -D; unpack what you copy from.",
    good="every directory exists when it is written to",
    nothing=NOTHING,
)
def install_succeeds(facts: Facts) -> Iterator[Finding]:
    """The output does not exist when installPhase begins; a copy into it fails until its directory is made."""
    yield from _failing(facts)
    yield from looked_at(one.where for one in recipes(facts))


def _failing(facts: Facts) -> Iterator[Problem]:
    for recipe in recipes(facts):
        done = result(recipe)
        if done is None or (skips(recipe, "installPhase") and "buildCommand" not in recipe.attrs):
            continue
        for problem in done.problems:
            yield Problem(f"{recipe.where} installPhase line {problem.line}", problem.why, problem.command)
        yield from _lost_links(recipe, done.files, done.links, done.complete)
        if skips(recipe, "unpackPhase") and source_file(recipe) is None and "buildCommand" not in recipe.attrs:
            yield from _not_unpacked(recipe, done.sources)


def _lost_links(recipe: Recipe, files: dict[str, str], links: dict[str, str], complete: bool) -> Iterator[Problem]:
    for link, target in links.items():
        absolute = target.startswith(("$", "/", "@"))
        full = target if absolute else posixpath.normpath(posixpath.join(posixpath.dirname(link), target))
        if LIBRARY not in full + link or "@" in full:
            continue
        where = f"{recipe.where} installPhase"
        if complete and full.startswith(("$out/", "$lib/")) and full not in files and full not in links:
            yield Problem(where, f"the link {link} leads to {full}, which is not installed", target)
        elif _SYSTEM.match(full):
            yield Problem(where, f"the link {link} leads to {full}, which NixOS does not have", target)


def _not_unpacked(recipe: Recipe, sources: list[tuple[int, str]]) -> Iterator[Problem]:
    if isinstance(recipe.source, Fetch) and recipe.source.fetcher.startswith("fetchFrom"):
        for line, source in sources:
            if source.startswith(("rknpu2/", "runtime/", "rknn")) and not (
                recipe.phases().keys() & {"preInstall", "buildPhase"}
            ):
                what = f"{source} is looked for in an empty directory: the source is never unpacked"
                yield Problem(f"{recipe.where} installPhase line {line}", what)


@check(
    "lint.copies-what-the-source-has",
    stage="lint",
    title="What is copied from the vendor's repository is there",
    remedy="In rknn-toolkit2 the runtime is rknpu2/runtime/Linux/librknn_api/aarch64/librknnrt.so.",
    good="no path is known to be absent from its source",
    nothing=NOTHING,
)
def copies_what_the_source_has(facts: Facts) -> Iterator[Finding]:
    """A path of another repository's layout: `cp: cannot stat`."""
    yield from _absent(facts)
    yield from looked_at(one.where for one in recipes(facts))


def _absent(facts: Facts) -> Iterator[Problem]:
    for recipe in recipes(facts):
        source, done = recipe.source, result(recipe)
        repository = (
            source.repository
            if isinstance(source, Fetch) and source.fetcher in ("fetchFromGitHub", "fetchgit")
            else None
        )
        known = RUNTIME_PATHS.get(repository[1].lower()) if repository else None
        if (
            done is None
            or known is None
            or "sourceRoot" in recipe.attrs
            or "postUnpack" in recipe.attrs
            or "unpackPhase" in recipe.attrs
        ):
            continue
        for line, copied in done.sources:
            path = copied.removeprefix("@src@/").removeprefix("./").removeprefix("source/")
            if path.endswith(f"/{LIBRARY}") and not path.startswith(("@", "/", "$")) and path not in known:
                what = f"{repository[1]} has no {path} (it is {' or '.join(known)})" if repository else path
                yield Problem(f"{recipe.where} installPhase line {line}", what)
