"""Recipes of the vendor's runtime library: where they install it, and how it finds libstdc++."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from rknn_validation.facts.library.links import api_providers
from rknn_validation.facts.library.packages import contains_runtime, profiles
from rknn_validation.facts.library.search import is_fhs_environment, path_settings
from rknn_validation.facts.model import Facts, derived
from rknn_validation.facts.nix.syntax import Path as NixPath
from rknn_validation.facts.recipes.fetches import Fetch
from rknn_validation.facts.recipes.installs import install_result, missing_phase
from rknn_validation.facts.recipes.recipes import INPUTS, Recipe, recipes
from rknn_validation.npu.about import about_npu
from rknn_validation.npu.versions import LIBRARY

_TOOLKIT = re.compile(r"rknn[-_]toolkit[-_]lite2?|rknn[-_]?lite", re.IGNORECASE)
_RUNTIME_NAME = re.compile(r"rknn|rknpu|rk-?npu|rockchip-npu", re.IGNORECASE)
_RUNTIME = re.compile(r"librknnrt|librkllmrt")


def source_texts(recipe: Recipe) -> tuple[str, ...]:
    """Everything a recipe says about where its files come from."""
    texts: list[str] = []
    for value in recipe.attrs.values():
        if isinstance(value, Fetch):
            texts += [*value.urls, *value.attrs.values()]
        elif isinstance(value, NixPath) and value.literal:
            texts.append(value.literal)
    if recipe.package and recipe.package.source:
        texts += [*recipe.package.source.urls, *map(str, recipe.package.source.attrs.values())]
    # Downloads interpolated into a script (install ${fetchurl …}) belong to the recipe as well.
    texts += [url for fetch in recipe.inner_fetches for url in fetch.urls]
    return tuple(texts)


def is_runtime(recipe: Recipe) -> bool:
    """Whether the recipe installs the vendor's runtime library as a file of its own (and does not compile it)."""
    if recipe.is_python or re.search(r"\bmake\b|\$CC\b|\bcmake\b|\bgcc\b", recipe.script("buildPhase") or ""):
        return False
    scripts = "\n".join(recipe.phases().values())
    return any(_RUNTIME.search(text) for text in (*source_texts(recipe), scripts, recipe.name))


def is_runtime_package(recipe: Recipe) -> bool:
    """Whether the recipe is there for the runtime's sake: a program that bundles it may put it where it likes."""
    scripts = "\n".join(recipe.phases().values())
    return is_runtime(recipe) and bool(_RUNTIME_NAME.search(recipe.name)) and not re.search(r"/bin/|/libexec/", scripts)


def is_toolkit(recipe: Recipe) -> bool:
    """Whether the recipe installs rknn-toolkit-lite2."""
    return any(_TOOLKIT.search(text) for text in (recipe.name, *source_texts(recipe))) and (
        recipe.is_python or any(text.endswith(".whl") for text in source_texts(recipe))
    )


def is_vendor_binary(recipe: Recipe) -> bool:
    """Whether what the recipe installs was compiled by the vendor."""
    return is_runtime(recipe) or is_toolkit(recipe)


_BRINGS_LIBSTDCXX = re.compile(r"cc\.cc\.lib|cc\.cc$|gcc.*\.lib|libstdcxx|gcc-unwrapped|libcxx|getLib|\?|^gcc\.cc")


@derived
def runtime_recipes(facts: Facts) -> tuple[Recipe, ...]:
    """The recipes that install librknnrt.so."""
    return tuple(one for one in recipes(facts) if is_runtime_package(one) and LIBRARY in _everything(one))


def _everything(recipe: Recipe) -> str:
    fetched = " ".join(url for fetch in recipe.inner_fetches for url in fetch.urls)
    return f"{' '.join(recipe.phases().values())} {fetched}"


def misplaced_library(recipe: Recipe) -> Iterator[str]:
    """Why programs do not find the library where the recipe puts it."""
    done = install_result(recipe)
    if done is None or not done.complete or recipe.words("outputs") not in ((), ("out",)):
        return
    places = [path for path in (*done.files, *done.links) if "librknn" in path]
    places += [path for path, source in done.files.items() if LIBRARY in source or "<hash>" in path]
    if done.problems or any(_is_found(path) for path in (*done.files, *done.links)):
        return
    if "$out/lib" in done.files:
        yield "there is no $out/lib yet when the library is copied to it, so it becomes a file called lib"
    elif any("<hash>-" in path for path in places):
        yield f"copied under its store name (<hash>-{LIBRARY}), the library has a name that no program looks for"
    elif places:
        yield f"the library ends up as {places[0]}; programs look for $out/lib/{LIBRARY}"
    elif done.files:
        yield f"{', '.join(sorted(done.files)[:4])} and nothing else is installed, no {LIBRARY}"


def _is_found(path: str) -> bool:
    # stdenv moves lib64 to lib itself.
    return posixpath.basename(path) == LIBRARY and posixpath.dirname(path) in ("$out/lib", "$lib/lib", "$out/lib64")


def libstdcxx_from_outside(facts: Facts) -> str:
    """What offers libstdc++ to libraries without an rpath; "" where nothing does."""
    configuration = facts.configuration
    texts = [*configuration.variables.values(), *configuration.global_environment.values()]
    texts += [value for unit in configuration.units.values() for value in unit.environment.values()]
    texts += [one.name for one in configuration.nix_ld_libraries]
    found = next((text for text in texts if re.search(r"gcc-[\d.]+-lib|libstdc|cc-lib", text)), "")
    if found:
        return f"libstdc++ is on a path: {found}"
    return _only_in_boxes(facts)


def _only_in_boxes(facts: Facts) -> str:
    """Where the runtime is used in FHS environments alone, whose /usr/lib has libstdc++."""
    carriers = [one for _, one in profiles(facts) if contains_runtime(one)]
    carriers += [one for unit in facts.configuration.units.values() for one in unit.path if contains_runtime(one)]
    alone = carriers and all(map(is_fhs_environment, carriers)) and not api_providers(facts)
    if alone and not any(about_npu(one.value) for one in path_settings(facts)):
        return f"{carriers[0].name} has libstdc++ in its own /usr/lib"
    return ""


def why_without_libstdcxx(recipe: Recipe) -> Iterator[str]:
    """Why the library does not find libstdc++ and libgcc_s."""
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
    elif not _offers_libstdcxx(recipe, *(INPUTS[1:] if recipe.flag("strictDeps") else INPUTS)):
        yield "autoPatchelfHook has no libstdc++ to find: " + _without_libstdcxx(recipe)
    elif recipe.flag("dontAutoPatchelf") or recipe.flag("dontFixup"):
        flag = "dontFixup" if recipe.flag("dontFixup") else "dontAutoPatchelf"
        yield f"{flag} keeps autoPatchelfHook from running: the library gets no rpath"
    elif missing_phase(recipe, "fixupPhase"):
        yield "phases leaves fixupPhase out, in which autoPatchelfHook runs: the library gets no rpath"


def _rpath_without_libstdcxx(scripts: str) -> str | None:
    """What is wrong with the only rpath a script sets, if it certainly has no libstdc++."""
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
