"""Python interpreters that can import the NPU's API, and whether they find the library that the API opens."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from rknn_validation.facts.contribution import contribution
from rknn_validation.facts.library.links import api_providers, build_may_provide_runtime
from rknn_validation.facts.library.packages import (
    STORE_PATH,
    build_text,
    contains_runtime,
    is_toolkit,
    packages_by_path,
    profiles,
)
from rknn_validation.facts.library.search import is_fhs_environment, unit_text
from rknn_validation.facts.model import Facts, derived
from rknn_validation.facts.nix.configuration import Package, Unit
from rknn_validation.facts.nix.gaps import is_opaque
from rknn_validation.facts.recipes.nixfiles import nix_files
from rknn_validation.npu.about import about_npu
from rknn_validation.npu.stacks import PYTHON_RUNTIME_PATHS

_TFLITE = re.compile(r"tensorflow|tflite[-_]runtime|(?:ai-edge-)?litert|tflite", re.IGNORECASE)
_PATCHES = re.compile(r"substituteInPlace|\bsed\b|\bbbe\b|\bperl\b|\bpatch\b|bspatch|xxd")
_RUNS_CONTAINER = re.compile(r"\b(?:podman|docker|nerdctl)\s+run\b|systemd-nspawn|\bcrun\b|\brunc\b")
_BOX_EXTRAS = re.compile(r"extra(?:Build|Install|Bwrap|Mount|Preb)")


@dataclass(frozen=True)
class Interpreter:
    """A Python, or a program made with one, that has the API.

    `unit` is the one that runs it, "" where it is everybody's; `doubt` why it may be another thing, "" where it is
    sure.
    """

    where: str
    name: str
    package: Package | None = None
    unit: str = ""
    doubt: str = ""


def is_tflite(package: Package) -> bool:
    """Whether a package has a TFLite interpreter for Python."""
    is_module = bool(package.python) or is_opaque(package.name)
    return bool(_TFLITE.search(package.pname or package.name)) and not package.members and is_module


@derived
def interpreters(facts: Facts) -> tuple[Interpreter, ...]:
    """Every interpreter of the configuration that can import the API of the scenario's stack, or may."""
    is_api = is_tflite if facts.scenario.stack == "mainline" else is_toolkit
    found = [*_installed(facts, is_api)]
    for name, unit in facts.configuration.units.items():
        found += _of_unit(facts, name, unit, is_api)
    return tuple(found)


def _installed(facts: Facts, is_api: Callable[[Package], bool]) -> Iterator[Interpreter]:
    configuration = facts.configuration
    paths = {"PYTHONPATH", "NIX_PYTHONPATH"} & {*configuration.variables, *configuration.session_variables}
    for where, package in profiles(facts):
        if _has(package, is_api):
            yield Interpreter(where, package.name, package)
        elif is_api(package) and paths:
            yield Interpreter(where, f"{package.name} on {min(paths)}", package)


def _has(package: Package, is_api: Callable[[Package], bool]) -> bool:
    """Whether a package is composed with the API, or a program that depends on it."""
    if any(inner is not package and is_api(inner) for inner in package.walk()):
        return True
    inputs = (name for names in package.inputs.values() for name in names)
    pattern = re.compile("rknn-?_?toolkit|rknn-?_?lite", re.IGNORECASE) if is_api is is_toolkit else _TFLITE
    return not is_api(package) and any(pattern.search(name) for name in inputs)


def _of_unit(facts: Facts, name: str, unit: Unit, is_api: Callable[[Package], bool]) -> Iterator[Interpreter]:
    known = packages_by_path(facts)
    words = unit_text(unit)
    named = list(STORE_PATH.finditer(words))
    packages = {one["root"] for one in named} | {one.out_path for one in unit.path}
    found = [known[path] for path in sorted(packages) if path in known and _has(known[path], is_api)]
    yield from (Interpreter(name, one.name, one, name) for one in found)
    if found or not about_npu(words):
        return
    if _RUNS_CONTAINER.search(words):
        yield Interpreter(name, "a container", None, name, "what the container's image contains is not known")
        return
    unknown = [one["name"] for one in programs_of(unit) if one["root"] not in known]
    # A plain interpreter imports nothing but the standard library.
    pythons = [one for one in unknown if one.endswith("-env") or about_npu(one)]
    if pythons:
        yield Interpreter(name, pythons[0], None, name, f"what {pythons[0]} was composed of is not known")


def programs_of(unit: Unit) -> Iterator[re.Match[str]]:
    """The store paths a service starts, as STORE_PATH reads them; NixOS's file of its own script is none of them."""
    stem = re.escape(unit.name.rsplit(".", 1)[0])
    text = "\n".join((*unit.sections.get("Service", {}).get("ExecStart", ()), unit.script))
    own = re.compile(rf"(?:unit-script-)?{stem}-(?:start|script)$")
    return (one for one in STORE_PATH.finditer(text) if not own.match(one["name"]))


@dataclass(frozen=True)
class Runtime:
    """How an interpreter's API gets its library: `found` for certain, `doubt` where only running or building tells."""

    found: str = ""
    doubt: str = ""
    lack: str = ""


def runtime_of(facts: Facts, interpreter: Interpreter) -> Runtime:
    """Whether the runtime lies where the API of this interpreter opens it."""
    package = interpreter.package
    every = package.walk() if package else ()
    for one in (*every, *(api for api in contribution(facts).packages if is_toolkit(api))):
        if is_toolkit(one) and is_patched(one):
            return Runtime(found=f"{one.name} is patched to open another path")
    if package and is_fhs_environment(package):
        return _in_box(facts, package)
    made = [one for one in api_providers(facts) if not one.unit or not interpreter.unit or one.unit == interpreter.unit]
    if made:
        return Runtime(found=f"{made[0].path} is made by {made[0].where}: {made[0].text}")
    boxes = [one for one in contribution(facts).packages if is_fhs_environment(one) and not is_toolkit(one)]
    if boxes:
        return Runtime(doubt=f"{boxes[0].name} may run it where it has a /usr/lib of its own")
    redirected = redirections(facts)
    if redirected:
        return Runtime(doubt=redirected)
    if hidden := build_may_provide_runtime(facts):
        return Runtime(doubt=hidden)
    return Runtime(lack=f"nothing creates {' or '.join(PYTHON_RUNTIME_PATHS)}")


def _in_box(facts: Facts, package: Package) -> Runtime:
    if contains_runtime(package):
        return Runtime(found=f"{package.name} has the runtime in its own /usr/lib")
    if not package.members:
        return Runtime(doubt=f"{package.name} has a root file system of its own, of unknown contents")
    texts = (text for tree in nix_files(facts) for node in tree.tree.walk() for text in _names(node))
    if any(map(_BOX_EXTRAS.search, texts)):
        return Runtime(doubt=f"{package.name} is given more than its packages")
    return Runtime(lack="the FHS environment has no runtime of its own")


def _names(node: object) -> Iterator[str]:
    for entry in getattr(node, "entries", ()):
        yield from (word for word in getattr(entry, "path", ()) if isinstance(word, str))


def is_patched(package: Package) -> bool:
    """Whether the recipe changes the path the API opens: the toolkit's files are written to, and the runtime is named.

    An rpath (patchelf) changes nothing: the API opens an absolute path.
    """
    text = build_text(package)
    return "librknn" in text and bool(_PATCHES.search(text))


def redirections(facts: Facts) -> str:
    """What redirects calls that open files, "" where nothing does. How the API behaves under it is not known."""
    values = [*facts.configuration.variables.items()]
    values += [pair for unit in contribution(facts).units.values() for pair in unit.environment.items()]
    texts = [f"{name}={value}" for name, value in values] + [build_text(one) for one in contribution(facts).packages]
    found = next((one for one in texts if "NIX_REDIRECTS" in one and "librknn" in one), "")
    return "libredirect stands between the API and the file system" if found else ""
