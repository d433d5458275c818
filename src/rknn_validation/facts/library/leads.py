"""Whether a directory or file that is named holds the runtime library."""

from __future__ import annotations

import re

from rknn_validation.facts.library.packages import (
    STORE_PATH,
    by_path,
    carries,
    installed,
    is_runtime,
    is_toolkit,
    script_of,
)
from rknn_validation.facts.library.placed import Provider, providers
from rknn_validation.facts.library.search import Setting
from rknn_validation.facts.model import Facts
from rknn_validation.facts.recipes.building import result
from rknn_validation.facts.recipes.recipes import recipes
from rknn_validation.npu.about import about_npu

PROFILE = "/run/current-system/sw/lib"
DRIVERS = "/run/opengl-driver/lib"


def reaches_runtime(facts: Facts, setting: Setting) -> bool:
    """Whether a directory on the path holds the runtime, or may."""
    return any(element and not why_not_in(facts, element) for element in setting.elements())


def why_not_in(facts: Facts, element: str) -> str:
    """ "" where the runtime is or may be in that directory, else why it is not."""
    element = element.rstrip("/")
    stored = STORE_PATH.match(element)
    if stored:
        return _in_package(facts, stored["root"], stored["name"], stored["rest"] or "")
    if element == PROFILE:
        linked = {"/", "/lib"} & set(facts.configuration.paths_to_link)
        if not linked:
            return "environment.pathsToLink has no /lib"
        return "" if any(map(is_runtime, installed(facts))) else "no package in environment.systemPackages has it"
    if element == "/run/opengl-driver":
        return "libraries are in /run/opengl-driver/lib"
    if element == DRIVERS:
        carried = any(map(carries, facts.configuration.graphics_packages))
        return "" if carried else "no package in hardware.graphics.extraPackages has it"
    if any(element in (one.path, one.path.rsplit("/", 1)[0]) for one in providers(facts)):
        return ""
    return "nothing puts the library there"


def _in_package(facts: Facts, root: str, name: str, rest: str) -> str:
    package = by_path(facts).get(root)
    wanted = is_runtime(package) if package else about_npu(name) or bool(re.search(r"runtime|libs|env|join", name))
    if "rkllm" in name:
        # Language models have a runtime of their own, librkllmrt.so.
        return ""
    if not wanted and not (package and package.members and carries(package)):
        return "another package's libraries"
    if rest in {"", "/"}:
        return "the package's root; the library is in its lib directory"
    if re.fullmatch(r"/(bin|share|include|etc|libexec|sbin)(/.*)?", rest):
        return f"the package has no libraries in {rest}"
    text = "".join(package.phases.values()) if package else ""
    if re.search(r"\$\{?out\}?/lib/", text) and rest != "/lib":
        return f"the package puts its library into /lib, not into {rest}"
    return ""


def misled(facts: Facts, provider: Provider) -> str | None:
    """Why what is put at the API's path is not the runtime; None where it is, or may be."""
    target = provider.target
    if provider.names_no_target:
        return "the line names no target (column 7)"
    if not target or target.startswith("$"):
        return None
    if not target.startswith("/"):
        return f"{target} is relative: it is looked for below {provider.path.rsplit('/', 1)[0]}"
    if provider.path in {"/usr/lib", "/usr/lib64"}:
        return None if target.rstrip("/").endswith(("/lib", "/lib64")) else f"{target} is not a directory of libraries"
    if not re.search(r"/lib_?rknn[^/]*\.so[^/]*$", target):
        return f"{target} is not a library"
    return _misled_at(facts, target)


def _misled_at(facts: Facts, target: str) -> str | None:
    stored = STORE_PATH.match(target)
    if stored:
        return _misled_in_store(facts, stored["root"], stored["rest"] or "", target)
    if target.startswith("/run/current-system/sw/"):
        if not {"/", "/lib"} & set(facts.configuration.paths_to_link):
            return "environment.pathsToLink has no /lib: the profile has no libraries"
        return None if any(map(is_runtime, installed(facts))) else "no package in environment.systemPackages has it"
    if target.startswith("/run/opengl-driver/"):
        carried = any(map(carries, facts.configuration.graphics_packages))
        return None if carried else "no package in hardware.graphics.extraPackages has it"
    made = {one.path for one in providers(facts)}
    lost = target.startswith("/usr/") and target not in made
    return f"nothing of this configuration makes {target}" if lost else None


def _misled_in_store(facts: Facts, root: str, rest: str, target: str) -> str | None:
    package = by_path(facts).get(root)
    if package and is_toolkit(package):
        return f"{package.name} is the Python API, not the runtime"
    if package and not is_runtime(package) and not package.members and package.phases:
        return f"{package.name} does not carry the library"
    absent = _not_installed(facts, root, rest)
    if absent:
        return absent
    if not re.match(r"/lib(64|exec|/aarch64-linux-gnu)?/", rest):
        return f"libraries are below lib/, seen {rest}"
    text = script_of(package) if package else ""
    name = target.rsplit("/", 1)[-1]
    if "librknnrt.so" in text and name not in text:
        return f"{package.name if package else root} has librknnrt.so, not {name}"
    return None


def _not_installed(facts: Facts, root: str, rest: str) -> str | None:
    """Why a file is not in a package of the subject's, where its install script can be followed to the end."""
    for one in recipes(facts):
        version = one.text("version")
        done = result(one) if root.endswith(f"-{one.name}-{version}" if version else f"-{one.name}") else None
        if done is None or not done.complete or "outputs" in one.attrs or "postFixup" in one.attrs:
            continue
        # The builder moves lib64 to lib and leaves a link.
        there = {path.removeprefix("$out") for path in (*done.files, *done.links)}
        moved = {path.replace("/lib64/", "/lib/", 1) for path in there if path.startswith("/lib64/")}
        # Where the library is not where it belongs, library.lies-where-programs-look has said so.
        if (
            "/lib/librknnrt.so" in there | moved
            and rest not in there | moved
            and not any("@" in path or "<" in path for path in there)
        ):
            return f"{one.name} has {', '.join(sorted(there))}, and no {rest}"
    return None
