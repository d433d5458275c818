"""Recipes of rknn-toolkit-lite2: what they depend on, import and call themselves."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from rknn_validation.facts.difference import part
from rknn_validation.facts.library.packages import is_toolkit as api
from rknn_validation.facts.model import Facts, derived
from rknn_validation.facts.nix.package import Package
from rknn_validation.facts.recipes.recipes import Recipe, recipes
from rknn_validation.facts.recipes.values import UNKNOWN
from rknn_validation.facts.recipes.vendor import is_toolkit
from rknn_validation.npu import versions
from rknn_validation.npu.about import about_npu


@derived
def toolkits(facts: Facts) -> tuple[Recipe, ...]:
    """The recipes of rknn-toolkit-lite2."""
    return tuple(one for one in recipes(facts) if is_toolkit(one))


def lacking(recipe: Recipe) -> Iterator[str]:
    """What the recipe does not bring and the toolkit imports."""
    if not recipe.is_python:
        return
    given = [recipe.attrs.get(name) for name in ("dependencies", "propagatedBuildInputs")]
    words = recipe.words("dependencies", "propagatedBuildInputs")
    if UNKNOWN in given or "?" in words or any(isinstance(one, str) for one in given):
        return
    have = {_canonical(word) for word in (*words, *recipe.words("pythonRemoveDeps"))}
    if any(re.match(r"numpy|opencv|scipy|pandas|torch|onnxruntime", name) for name in have):
        have.add("numpy")
    missing = [name for name in versions.TOOLKIT_LITE_DEPENDENCIES if _canonical(name) not in have]
    if not missing:
        return
    elsewhere = {_canonical(word) for word in recipe.words("buildInputs", "nativeBuildInputs", "build-system")}
    if all(_canonical(name) in elsewhere for name in missing):
        yield f"{', '.join(missing)}: build inputs do not reach the interpreter; they belong in dependencies"
    else:
        yield f"{', '.join(missing)} missing from dependencies: the wheel requires them"


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name.rsplit(".", 1)[-1] if not name.startswith("ruamel.") else name).lower()


def wrong_imports(recipe: Recipe) -> Iterator[str]:
    """Modules that pythonImportsCheck names and the wheel does not have."""
    for name in recipe.words("pythonImportsCheck"):
        if name != "?" and name.split(".")[0] not in (versions.TOOLKIT_LITE_PACKAGE, "numpy", "psutil", "ruamel"):
            yield f"the wheel has no module {name}; it installs {versions.TOOLKIT_LITE_PACKAGE}"


def release(recipe: Recipe) -> tuple[int, ...] | None:
    """The release a recipe is of, None where its version does not tell."""
    numbers = versions.version_numbers(recipe.text("version") or "")
    return numbers[:2] if numbers else None


@dataclass(frozen=True)
class Environment:
    """A Python environment that is there for the NPU; `strangers` are its members for another Python (name, which)."""

    name: str
    python: str
    strangers: tuple[tuple[str, str], ...]


def environments(facts: Facts) -> tuple[Environment, ...]:
    """The environments the subject installs that hold the NPU's API, or something else about the NPU."""
    made = [one for one in part(facts).packages if one.python and one.members]
    return tuple(
        Environment(one.name, one.python or "", tuple(_strangers(one)))
        for one in made
        if any(api(inner) or about_npu(inner.name) for inner in one.walk())
    )


def _strangers(environment: Package) -> Iterator[tuple[str, str]]:
    for one in environment.members:
        if one.python and _minor(one.python) != _minor(environment.python or ""):
            yield one.name, one.python


def _minor(version: str) -> str:
    return ".".join(version.split(".")[:2])
