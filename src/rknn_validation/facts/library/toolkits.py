"""Recipes of rknn-toolkit-lite2: the wheel they install, their interpreter, their dependencies."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass

from rknn_validation.facts.contribution import contribution
from rknn_validation.facts.library.packages import is_toolkit as api
from rknn_validation.facts.library.runtimes import is_toolkit
from rknn_validation.facts.model import Facts, derived
from rknn_validation.facts.nix.configuration import Package
from rknn_validation.facts.nix.syntax import Apply, Node, Text, dotted
from rknn_validation.facts.nix.syntax import Path as NixPath
from rknn_validation.facts.recipes.fetches import INTERPOLATED as NOT_WRITTEN
from rknn_validation.facts.recipes.fetches import Fetch
from rknn_validation.facts.recipes.installs import source_file
from rknn_validation.facts.recipes.nixfiles import NixFile, nix_files
from rknn_validation.facts.recipes.recipes import COMPUTED, Recipe, recipes
from rknn_validation.npu import versions
from rknn_validation.npu.about import about_npu


@derived
def toolkit_recipes(facts: Facts) -> tuple[Recipe, ...]:
    """The recipes of rknn-toolkit-lite2."""
    return tuple(one for one in recipes(facts) if is_toolkit(one))


def missing_dependencies(recipe: Recipe) -> Iterator[str]:
    """What the recipe does not bring and the toolkit imports."""
    if not recipe.is_python:
        return
    given = [recipe.attrs.get(name) for name in ("dependencies", "propagatedBuildInputs")]
    words = recipe.words("dependencies", "propagatedBuildInputs")
    if COMPUTED in given or "?" in words or any(isinstance(one, str) for one in given):
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


def toolkit_release(recipe: Recipe) -> tuple[int, ...] | None:
    """The release a recipe is of, patch level included, None where its version does not tell."""
    return versions.version_numbers(recipe.text("version") or "")


@dataclass(frozen=True)
class PythonEnvironment:
    """A Python environment that is there for the NPU; `strangers` are its members for another Python (name, which)."""

    name: str
    python: str
    strangers: tuple[tuple[str, str], ...]


def python_environments(facts: Facts) -> tuple[PythonEnvironment, ...]:
    """The environments the subject installs that hold the NPU's API, or something else about the NPU."""
    made = [one for one in contribution(facts).packages if one.python and one.members]
    return tuple(
        PythonEnvironment(one.name, one.python or "", tuple(_strangers(one)))
        for one in made
        if any(api(inner) or about_npu(inner.name) for inner in one.walk())
    )


def _strangers(environment: Package) -> Iterator[tuple[str, str]]:
    for one in environment.members:
        if one.python and _minor(one.python) != _minor(environment.python or ""):
            yield one.name, one.python


def _minor(version: str) -> str:
    return ".".join(version.split(".")[:2])


@dataclass(frozen=True)
class Wheel:
    """The parts of a wheel's file name. `python` and `abi` as `cp312`, `platform` as `linux_aarch64`."""

    name: str
    version: str
    python: str
    abi: str
    platform: str

    @property
    def interpreter(self) -> str | None:
        """`3.12` for a wheel of one CPython version; None for pure or stable-ABI wheels."""
        found = re.fullmatch(r"cp(\d)(\d+)", self.python)
        return f"{found[1]}.{found[2]}" if found and self.abi not in ("none", "abi3") else None

    @property
    def is_for_aarch64_linux(self) -> bool | None:
        """None where the name does not tell."""
        if self.platform == "any":
            return True
        if not re.match(r"(linux|manylinux|musllinux|win|macosx)", self.platform):
            return None
        return any("linux" in part and part.endswith("_aarch64") for part in self.platform.split("."))


def parse_wheel_name(name: str) -> Wheel | None:
    """The wheel of a file name; None where it is not a wheel's."""
    parts = name.removesuffix(".whl").split("-")
    if not name.endswith(".whl") or len(parts) not in (5, 6):
        return None
    # "+" in a local version is %2B in an address.
    return Wheel(parts[0], parts[1].replace("%2B", "+").split("+")[0], parts[-3], parts[-2], parts[-1])


def fetched_wheel(fetch: Fetch) -> Wheel | None:
    """The wheel a download gives, from its address or fetchPypi's attributes."""
    if fetch.fetcher == "fetchPypi" and fetch.attrs.get("format") == "wheel":
        given = {key: fetch.attrs.get(key, "") for key in ("pname", "version", "python", "abi", "platform")}
        return Wheel(
            given["pname"].replace("-", "_"), given["version"], given["python"], given["abi"], given["platform"]
        )
    return next((wheel for url in fetch.urls if (wheel := parse_wheel_name(posixpath.basename(url)))), None)


def wheel_of_recipe(recipe: Recipe) -> Wheel | None:
    """The wheel a recipe installs, evaluated where the text does not tell."""
    source = recipe.source
    found: Wheel | None = None
    if isinstance(source, Fetch):
        found = fetched_wheel(source)
    elif isinstance(source, NixPath) and source.literal:
        found = parse_wheel_name(source.literal.rsplit("/", 1)[-1])
    if (found is None or NOT_WRITTEN in f"{found.version}{found.python}") and recipe.package and recipe.package.source:
        names = [url.rsplit("/", 1)[-1] for url in recipe.package.source.urls]
        found = next((one for name in names if (one := parse_wheel_name(name))), found)
    if found is None:
        literal = next((text for text in _texts(recipe) if text.endswith(".whl")), "")
        found = parse_wheel_name(literal.rsplit("/", 1)[-1])
    return found


def _texts(recipe: Recipe) -> Iterator[str]:
    for node in recipe.node.walk():
        if isinstance(node, Text) and (text := recipe.tree.text(node)):
            yield text


def wheel_for_another_python(facts: Facts, recipe: Recipe) -> str | None:
    """Why the wheel does not fit the interpreter it is built with; None where it does, or is not known."""
    found = wheel_of_recipe(recipe)
    interpreter = interpreter_of(facts, recipe)
    if found and found.interpreter and interpreter and found.interpreter != interpreter:
        return f"the wheel is for CPython {found.interpreter} ({found.python}) and is built with Python {interpreter}"
    return None


def interpreter_of(facts: Facts, recipe: Recipe) -> str | None:
    """The Python a recipe is built with: as evaluated, else as the text names it (`python311Packages.callPackage`)."""
    if recipe.package and recipe.package.python:
        return ".".join(recipe.package.python.split(".")[:2])
    names = {dotted(recipe.node.function) or ""} if isinstance(recipe.node, Apply) else set()
    for tree in nix_files(facts):
        calls = (node for node in tree.tree.walk() if isinstance(node, Apply))
        names |= {dotted(node.function) or "" for node in calls if _leads_to(tree, node.argument, recipe.tree)}
    found = {version for name in names for version in re.findall(r"\bpython3(\d+)(?:Packages|\.pkgs)\.", name)}
    return f"3.{found.pop()}" if len(found) == 1 else None


def _leads_to(tree: NixFile, argument: Node, wanted: NixFile) -> bool:
    literal = argument.literal if isinstance(argument, NixPath) else None
    return literal is not None and (tree.path.parent / literal).resolve() == wanted.path


def _is_mixed(found: Wheel) -> bool:
    """Whether the name of a wheel puts two versions of Python together."""
    known = found.python and found.abi and NOT_WRITTEN not in found.python + found.abi
    return bool(known) and found.abi.rstrip("m") != found.python


def why_not_on_index(recipe: Recipe) -> Iterator[str]:
    """Why there is no such wheel on the index."""
    source, found = recipe.source, wheel_of_recipe(recipe)
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


def why_not_built_as_wheel(recipe: Recipe) -> Iterator[str]:
    """Why the build does not install the wheel as one."""
    name = source_file(recipe) or ""
    if not recipe.is_python or not (name.endswith(".whl") or (wheel_of_recipe(recipe) and not recipe.source)):
        return
    written = recipe.attrs.get("format")
    if written is COMPUTED or written == "wheel" or {"unpackPhase", "dontUnpack", "installPhase"} & set(recipe.attrs):
        return
    shown = (
        f"format is {written!r}"
        if written
        else "pyproject is set"
        if "pyproject" in recipe.attrs
        else "no format is given"
    )
    yield f"the source is a wheel and {shown}: the build looks for a source tree"
