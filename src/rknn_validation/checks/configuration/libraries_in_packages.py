"""The runtime library inside its package: at the right place, under the right name, able to find libstdc++."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from rknn_validation.checks.configuration.registry import CONFIGURATION_CHECKS
from rknn_validation.checks.findings import Problem, judged
from rknn_validation.checks.model import Answer
from rknn_validation.facts.model import Facts
from rknn_validation.facts.recipes.building import install_script, missing_phase, result
from rknn_validation.facts.recipes.recipes import INPUTS, Recipe, recipes
from rknn_validation.facts.recipes.vendor import is_runtime_package
from rknn_validation.npu.versions import LIBRARY

NOTHING = "the subject packages no runtime library"
_BRINGS_LIBSTDCXX = re.compile(r"cc\.cc\.lib|cc\.cc$|gcc.*\.lib|libstdcxx|gcc-unwrapped|libcxx|getLib|\?|^gcc\.cc")


def runtimes(facts: Facts) -> tuple[Recipe, ...]:
    """The recipes that install librknnrt.so."""
    return tuple(one for one in recipes(facts) if is_runtime_package(one) and LIBRARY in _everything(one))


def _everything(recipe: Recipe) -> str:
    fetched = " ".join(url for fetch in recipe.inner_fetches for url in fetch.urls)
    return f"{' '.join(recipe.phases().values())} {fetched}"


@CONFIGURATION_CHECKS.check(
    "library.lies-where-programs-look",
    stage="packages",
    title="The package installs lib/librknnrt.so",
    remedy="Use install -Dm644 $src $out/lib/librknnrt.so.",
    stacks=("vendor",),
)
def lies_where_programs_look(facts: Facts) -> Answer:
    """Linkers, LD_LIBRARY_PATH and the link at /usr/lib all expect <package>/lib/librknnrt.so."""
    found = [Problem(one.where, what, install_script(one) or "") for one in runtimes(facts) for what in _misplaced(one)]
    return judged(found, (one.where for one in runtimes(facts)), good="lib/librknnrt.so", nothing=NOTHING)


def _misplaced(recipe: Recipe) -> Iterator[str]:
    done = result(recipe)
    if done is None or not done.complete or recipe.words("outputs") not in ((), ("out",)):
        return
    places = [path for path in (*done.files, *done.links) if "librknn" in path]
    places += [path for path, source in done.files.items() if LIBRARY in source or "<hash>" in path]
    if done.problems or any(_is_found(path) for path in (*done.files, *done.links)):
        return
    if "$out/lib" in done.files:
        yield "there is no $out/lib yet when the library is copied to it, so it becomes a file called lib"
    elif any("<hash>-" in path for path in places):
        yield f"copied under its store name (<hash>-{LIBRARY}), the library has a name nobody looks for"
    elif places:
        yield f"the library ends up as {places[0]}; programs look for $out/lib/{LIBRARY}"
    elif done.files:
        yield f"{', '.join(sorted(done.files)[:4])} and nothing else is installed, no {LIBRARY}"


def _is_found(path: str) -> bool:
    # stdenv moves lib64 to lib itself.
    return posixpath.basename(path) == LIBRARY and posixpath.dirname(path) in ("$out/lib", "$lib/lib", "$out/lib64")


@CONFIGURATION_CHECKS.check(
    "library.finds-its-own-libraries",
    stage="packages",
    title="The runtime finds libstdc++",
    remedy="nativeBuildInputs = [ autoPatchelfHook ]; buildInputs = [ stdenv.cc.cc.lib ]; and leave fixupPhase on.",
    stacks=("vendor",),
)
def finds_its_own_libraries(facts: Facts) -> Answer:
    """librknnrt.so needs libstdc++.so.6 and libgcc_s.so.1; without an rpath dlopen fails on NixOS."""
    ours = runtimes(facts)
    found = [Problem(one.where, what) for one in ours if not _is_helped(facts) for what in _unpatched(one)]
    return judged(found, (one.where for one in ours), good="the library is given an rpath", nothing=NOTHING)


def _is_helped(facts: Facts) -> bool:
    """Whether the machine itself offers libstdc++ to unpatched libraries."""
    configuration = facts.configuration
    texts = [*configuration.variables.values(), *configuration.global_environment.values()]
    texts += [value for unit in configuration.units.values() for value in unit.environment.values()]
    packages = (one.name for one in configuration.nix_ld_libraries)
    return any(re.search(r"gcc-[\d.]+-lib|libstdc|cc-lib", text) for text in (*texts, *packages))


def _unpatched(recipe: Recipe) -> Iterator[str]:
    scripts = "\n".join(recipe.phases().values())
    rpath = re.search(r"--(?:set|add|force)-rpath\s+(\S+)", scripts)
    if rpath and re.fullmatch(r"[\"']?(?:/(?:usr/)?lib[\w./-]*:?)+[\"']?", rpath[1]):
        yield f"the rpath is {rpath[1]}, which NixOS does not have"
        return
    elsewhere = _rpath_without_libstdcxx(scripts)
    hooked = any(word.endswith("autoPatchelfHook") for word in recipe.words("nativeBuildInputs", "buildInputs"))
    if elsewhere and not hooked:
        yield elsewhere
        return
    if rpath or re.search(r"autoPatchelf\b|addAutoPatchelfSearchPath|wrapProgram|makeWrapper", scripts):
        return
    if "propagatedBuildInputs" in recipe.attrs and _offers_libstdcxx(recipe, "propagatedBuildInputs"):
        return
    if any(name not in recipe.attrs or not isinstance(recipe.attrs[name], tuple) for name in _opaque(recipe)):
        return
    hooks = recipe.words("nativeBuildInputs", "buildInputs")
    if not any(word.endswith("autoPatchelfHook") or word == "?" for word in hooks):
        yield "nothing gives the library an rpath (no autoPatchelfHook, no patchelf): it cannot find libstdc++.so.6"
    elif not _offers_libstdcxx(recipe, *INPUTS):
        yield "autoPatchelfHook has no libstdc++ to find: " + _without_libstdcxx(recipe)
    elif recipe.flag("dontAutoPatchelf") or recipe.flag("dontFixup"):
        flag = "dontFixup" if recipe.flag("dontFixup") else "dontAutoPatchelf"
        yield f"{flag} keeps autoPatchelfHook from running: the library gets no rpath"
    elif missing_phase(recipe, "fixupPhase"):
        yield "phases leaves fixupPhase out, in which autoPatchelfHook runs: the library gets no rpath"


def _rpath_without_libstdcxx(scripts: str) -> str | None:
    """What is wrong with the one rpath a script sets, where it certainly leads to no libstdc++."""
    given = re.findall(r"--(?:set|add|force)-rpath\s+(\"[^\"]*\"|'[^']*'|\S+)", scripts)
    if len(given) != 1 or "libstdc++" in scripts or "libgcc" in scripts:
        return None
    elements = [one for one in given[0].strip("\"'").split(":") if one]
    if elements and all(re.fullmatch(r"\\?\$\{?(?:out|lib|ORIGIN)\}?(?:/[\w./-]*)?", one) for one in elements):
        return f"the rpath is {given[0]}: libstdc++.so.6 is not there"
    if any(re.search(r"/[0-9a-z]{32}-gcc-wrapper-[\d.]+/", one) for one in elements) and not any(
        re.search(r"-(?:gcc-[\d.]|libstdc|gcc-lib)|[@$]", one) for one in elements
    ):
        return (
            f"the rpath is {given[0]}: the compiler's wrapper has no libraries, libstdc++.so.6 is in stdenv.cc.cc.lib"
        )
    return None


def _opaque(recipe: Recipe) -> Iterator[str]:
    """Input lists that are given but not readable from the text."""
    return (name for name in INPUTS[:3] if name in recipe.attrs and not isinstance(recipe.attrs[name], tuple))


def _offers_libstdcxx(recipe: Recipe, *names: str) -> bool:
    return any(_BRINGS_LIBSTDCXX.search(word) for word in recipe.words(*names))


def _without_libstdcxx(recipe: Recipe) -> str:
    ignored = recipe.attrs.get("autoPatchelfIgnoreMissingDeps")
    if ignored is True or (isinstance(ignored, tuple) and ignored):
        return "autoPatchelfIgnoreMissingDeps hides that, and the library cannot be loaded"
    return "the build ends in `could not satisfy dependency libstdc++.so.6`"
