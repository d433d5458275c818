"""The wheel a recipe of rknn-toolkit-lite2 installs, and the interpreter it is built with."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rknn_validation.facts.model import Facts
from rknn_validation.facts.nix.syntax import Apply, Node, Text, dotted
from rknn_validation.facts.nix.syntax import Path as NixPath
from rknn_validation.facts.recipes.building import source_file
from rknn_validation.facts.recipes.fetches import UNKNOWN as NOT_WRITTEN
from rknn_validation.facts.recipes.fetches import Fetch
from rknn_validation.facts.recipes.nixtrees import NixTree, trees_of
from rknn_validation.facts.recipes.recipes import Recipe
from rknn_validation.facts.recipes.values import UNKNOWN
from rknn_validation.facts.recipes.wheels import Wheel, fetched_wheel, wheel_of
from rknn_validation.npu import versions


def wheel(recipe: Recipe) -> Wheel | None:
    """The wheel a recipe installs, evaluated where the text does not tell."""
    source = recipe.source
    found: Wheel | None = None
    if isinstance(source, Fetch):
        found = fetched_wheel(source)
    elif isinstance(source, NixPath) and source.literal:
        found = wheel_of(source.literal.rsplit("/", 1)[-1])
    if (found is None or NOT_WRITTEN in f"{found.version}{found.python}") and recipe.package and recipe.package.source:
        names = [url.rsplit("/", 1)[-1] for url in recipe.package.source.urls]
        found = next((one for name in names if (one := wheel_of(name))), found)
    if found is None:
        literal = next((text for text in _texts(recipe) if text.endswith(".whl")), "")
        found = wheel_of(literal.rsplit("/", 1)[-1])
    return found


def _texts(recipe: Recipe) -> Iterator[str]:
    for node in recipe.node.walk():
        if isinstance(node, Text) and (text := recipe.tree.text(node)):
            yield text


def unfit(facts: Facts, recipe: Recipe) -> str | None:
    """Why the wheel does not fit the interpreter it is built with; None where it does, or is not known."""
    found = wheel(recipe)
    interpreter = interpreter_of(facts, recipe)
    if found and found.interpreter and interpreter and found.interpreter != interpreter:
        return f"the wheel is for CPython {found.interpreter} ({found.python}) and is built with Python {interpreter}"
    return None


def interpreter_of(facts: Facts, recipe: Recipe) -> str | None:
    """The Python a recipe is built with: as evaluated, else as the text names it (`python311Packages.callPackage`)."""
    if recipe.package and recipe.package.python:
        return ".".join(recipe.package.python.split(".")[:2])
    names = {dotted(recipe.node.function) or ""} if isinstance(recipe.node, Apply) else set()
    for tree in trees_of(facts):
        calls = (node for node in tree.tree.walk() if isinstance(node, Apply))
        names |= {dotted(node.function) or "" for node in calls if _leads_to(tree, node.argument, recipe.tree)}
    found = {version for name in names for version in re.findall(r"\bpython3(\d+)(?:Packages|\.pkgs)\.", name)}
    return f"3.{found.pop()}" if len(found) == 1 else None


def _leads_to(tree: NixTree, argument: Node, wanted: NixTree) -> bool:
    literal = argument.literal if isinstance(argument, NixPath) else None
    return literal is not None and (tree.path.parent / literal).resolve() == wanted.path


def _is_mixed(found: Wheel) -> bool:
    """Whether the name of a wheel puts two versions of Python together."""
    known = found.python and found.abi and NOT_WRITTEN not in found.python + found.abi
    return bool(known) and found.abi.rstrip("m") != found.python


def unpublished(recipe: Recipe) -> Iterator[str]:
    """Why there is no such wheel on the index."""
    source, found = recipe.source, wheel(recipe)
    known = versions.version_numbers(found.version) if found else None
    if found and NOT_WRITTEN not in found.python and known and known <= versions.NEWEST_KNOWN:
        if found.python.startswith("cp") and found.python not in versions.PYTHON_TAGS:
            yield f"no version up to 2.5.0 has a wheel for {found.python}"
        elif found.python.startswith("py"):
            yield f"the wheels are for one CPython each (cp37 to cp312), none is {found.python}"
    if found and _is_mixed(found):
        yield f"no wheel is for {found.python} with the ABI of {found.abi}"
    if not isinstance(source, Fetch) or source.fetcher != "fetchPypi":
        return
    if source.attrs.get("format", "setuptools") not in ("wheel", NOT_WRITTEN):
        yield 'the index has no source archive of it, only wheels (format = "wheel" in fetchPypi)'
        return
    if found is None:
        return
    pname = source.attrs.get("pname", "")
    if pname and NOT_WRITTEN not in pname and pname != "rknn_toolkit_lite2":
        yield f"the wheel's file name begins with rknn_toolkit_lite2; with pname = {pname} the address is a 404"
    if known and NOT_WRITTEN not in found.version and found.version not in versions.TOOLKIT_LITE_WHEELS:
        if known < versions.NEWEST_KNOWN:
            yield f"the index has no version {found.version} (it has {', '.join(versions.TOOLKIT_LITE_WHEELS)})"
    elif NOT_WRITTEN not in found.platform and found.platform != versions.WHEEL_PLATFORM:
        shown = found.platform or 'not given (fetchPypi then takes "any")'
        yield f"platform is {shown}; the wheels are {versions.WHEEL_PLATFORM}"
    for name, given in (("python", found.python), ("abi", found.abi)):
        if not given:
            yield f"fetchPypi is given no {name}, and takes one no wheel of this package has"


def not_as_wheel(recipe: Recipe) -> Iterator[str]:
    """Why the build does not install the wheel as one."""
    name = source_file(recipe) or ""
    if not recipe.is_python or not (name.endswith(".whl") or (wheel(recipe) and not recipe.source)):
        return
    written = recipe.attrs.get("format")
    if written is UNKNOWN or written == "wheel" or {"unpackPhase", "dontUnpack", "installPhase"} & set(recipe.attrs):
        return
    shown = (
        f"format is {written!r}"
        if written
        else "pyproject is set"
        if "pyproject" in recipe.attrs
        else "no format is given"
    )
    yield f"the source is a wheel and {shown}: the build looks for a source tree"
