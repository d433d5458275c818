"""Which recipes carry the vendor's binaries: the runtime library, the Python toolkit."""

from __future__ import annotations

import re

from rknn_validation.facts.nix.syntax import Path as NixPath
from rknn_validation.facts.recipes.fetches import Fetch
from rknn_validation.facts.recipes.recipes import Recipe

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
