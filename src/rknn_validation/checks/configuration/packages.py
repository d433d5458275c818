"""Packages of the runtime, the Python toolkit and other binaries: complete, and for the right machine."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from rknn_validation.checks.configuration.registry import check
from rknn_validation.checks.findings import Finding, Fine, Problem
from rknn_validation.facts.library.interpreters import interpreters
from rknn_validation.facts.library.packages import STORE_PATH
from rknn_validation.facts.library.runtimes import (
    is_vendor_binary,
    libstdcxx_from_outside,
    misplaced_library,
    runtime_recipes,
    source_texts,
    why_without_libstdcxx,
)
from rknn_validation.facts.library.search import unit_text
from rknn_validation.facts.library.toolkits import (
    fetched_wheel,
    missing_dependencies,
    parse_wheel_name,
    python_environments,
    toolkit_recipes,
    toolkit_release,
    wheel_for_another_python,
    why_not_built_as_wheel,
    why_not_on_index,
    wrong_imports,
)
from rknn_validation.facts.model import Facts
from rknn_validation.facts.nix.syntax import dotted
from rknn_validation.facts.recipes.fetches import fetches
from rknn_validation.facts.recipes.installs import install_script
from rknn_validation.facts.recipes.nixfiles import LocalFile, local_files
from rknn_validation.facts.recipes.recipes import Recipe, Word, recipes
from rknn_validation.npu import versions
from rknn_validation.npu.versions import FOREIGN_LIBRARY_FOLDERS

NO_RUNTIME = "the subject packages no runtime library"


@check(
    "packages.runtime-in-lib",
    "The package installs lib/librknnrt.so",
    remedy="Install the library with install -Dm644 $src $out/lib/librknnrt.so.",
    nothing=NO_RUNTIME,
    stacks=("vendor",),
)
def lies_where_programs_look(facts: Facts) -> Iterator[Finding]:
    """Linkers, LD_LIBRARY_PATH and the link at /usr/lib all expect <package>/lib/librknnrt.so."""
    for one in runtime_recipes(facts):
        yield from (Problem(one.where, what, install_script(one) or "") for what in misplaced_library(one))
        yield Fine(one.where, "lib/librknnrt.so")


@check(
    "packages.runtime-finds-libstdcxx",
    "The runtime finds libstdc++",
    remedy="Set nativeBuildInputs = [ autoPatchelfHook ]; and buildInputs = [ stdenv.cc.cc.lib ]; and keep "
    "fixupPhase enabled.",
    nothing=NO_RUNTIME,
    stacks=("vendor",),
)
def finds_its_own_libraries(facts: Facts) -> Iterator[Finding]:
    """librknnrt.so needs libstdc++.so.6 and libgcc_s.so.1; without an rpath dlopen fails on NixOS."""
    helped = libstdcxx_from_outside(facts)
    for one in runtime_recipes(facts):
        if helped:
            yield Fine(one.where, helped)
            continue
        yield from (Problem(one.where, what) for what in why_without_libstdcxx(one))
        yield Fine(one.where, "the library is given an rpath")


NO_TOOLKIT = "the subject packages no Python toolkit"


def _of_each_toolkit(facts: Facts, wrong: Callable[[Recipe], Iterable[str]]) -> Iterator[Finding]:
    for one in toolkit_recipes(facts):
        yield from (Problem(one.where, what) for what in wrong(one))
        yield Fine(one.where)


@check(
    "packages.toolkit-has-dependencies",
    "The Python toolkit has its dependencies",
    remedy="Set dependencies = [ numpy psutil ruamel-yaml ].",
    nothing=NO_TOOLKIT,
    stacks=("vendor",),
)
def dependencies_are_there(facts: Facts) -> Iterator[Finding]:
    """The wheel requires numpy, psutil and ruamel.yaml: without them the build's check and the import fail."""
    yield from _of_each_toolkit(facts, missing_dependencies)


@check(
    "packages.toolkit-import-check",
    "pythonImportsCheck names a package of the wheel",
    remedy='Set pythonImportsCheck = [ "rknnlite.api" ].',
    nothing=NO_TOOLKIT,
    stacks=("vendor",),
)
def import_check_names_the_package(facts: Facts) -> Iterator[Finding]:
    """rknn-toolkit-lite2 installs the package rknnlite and nothing else; a check for another name fails the build."""
    yield from _of_each_toolkit(facts, wrong_imports)


@check(
    "packages.toolkit-matches-runtime",
    "Toolkit and runtime are of the same release",
    remedy="Take librknnrt.so and rknn-toolkit-lite2 from the same release of rknn-toolkit2.",
    nothing="not both are installed",
    stacks=("vendor",),
)
def toolkit_and_runtime_agree(facts: Facts) -> Iterator[Finding]:
    """A runtime older than the toolkit rejects its models: `Invalid RKNN model version`."""
    # A recipe that is not installed may be of another release: only what is installed has to match.
    ours = [one for one in toolkit_recipes(facts) if one.package and toolkit_release(one)]
    theirs = [one for one in runtime_recipes(facts) if one.package and toolkit_release(one)]
    if not (ours and theirs) and _toolkit_may_be_used(facts):
        # Links and services use packages without installing them: where there is one release of each, compare those.
        every = (
            [one for one in toolkit_recipes(facts) if toolkit_release(one)],
            [one for one in runtime_recipes(facts) if toolkit_release(one)],
        )
        if all(len({toolkit_release(one) for one in found}) == 1 for found in every):
            ours, theirs = every
    for toolkit in ours:
        if theirs and all(toolkit_release(one) != toolkit_release(toolkit) for one in theirs):
            both = f"toolkit {toolkit.text('version')} and runtime {theirs[0].text('version')}"
            yield Problem(toolkit.where, f"{both} are of different releases", theirs[0].where)
        yield from (Fine(f"{toolkit.where} with {other.where}") for other in theirs)


def _toolkit_may_be_used(facts: Facts) -> bool:
    """Whether an interpreter has the toolkit, or a unit names a Python environment, whose members are not known.

    Otherwise nobody installs it (it may be the default of an option), and it cannot disagree with a runtime.
    """
    named = (one["name"] for unit in facts.configuration.units.values() for one in STORE_PATH.finditer(unit_text(unit)))
    return bool(interpreters(facts)) or any(name.endswith("-env") for name in named)


@check(
    "packages.python-environment-single-version",
    "Python environments contain packages of their own Python version",
    remedy="Take interpreter and packages from one set: python312.withPackages (ps: [ (ps.callPackage ./x.nix { }) ]).",
    nothing="the subject installs no Python environment for the NPU",
    stacks=("vendor",),
)
def environment_is_of_one_version(facts: Facts) -> Iterator[Finding]:
    """withPackages leaves out what was built for another interpreter: `No module named 'rknnlite'`."""
    for env in python_environments(facts):
        for name, python in env.strangers:
            yield Problem(env.name, f"{name} is for Python {python}; the environment is Python {env.python}")
        yield Fine(env.name)


@check(
    "packages.wheel-matches-interpreter",
    "The wheel matches its Python version",
    remedy="Use the wheel of that interpreter, or python312.pkgs.callPackage (wheels exist for CPython 3.7 to 3.12).",
    nothing=NO_TOOLKIT,
    stacks=("vendor",),
)
def wheel_fits_the_interpreter(facts: Facts) -> Iterator[Finding]:
    """Extension modules of another CPython are not found: `No module named 'rknnlite.api.…'`."""
    yield from _of_each_toolkit(facts, lambda one: filter(None, [wheel_for_another_python(facts, one)]))


@check(
    "packages.wheel-exists",
    "The wheel is published",
    remedy='Set pname = "rknn_toolkit_lite2", version 2.3.2, format wheel, cp312 as dist, python and abi, and '
    f"platform {versions.WHEEL_PLATFORM} in fetchPypi.",
    nothing=NO_TOOLKIT,
    stacks=("vendor",),
)
def wheel_exists(facts: Facts) -> Iterator[Finding]:
    """The index has wheels of 2.3.0, 2.3.2 and 2.5.0 for CPython 3.7 to 3.12, aarch64 Linux; no source archive."""
    yield from _of_each_toolkit(facts, why_not_on_index)


@check(
    "packages.wheel-format",
    'Wheels are built with format = "wheel"',
    remedy='Set format = "wheel" in buildPythonPackage and remove pyproject and build-system.',
    nothing=NO_TOOLKIT,
    stacks=("vendor",),
)
def wheel_is_installed_as_one(facts: Facts) -> Iterator[Finding]:
    """Any other format unpacks a source tree and looks for setup.py or pyproject.toml."""
    yield from _of_each_toolkit(facts, why_not_built_as_wheel)


# Absolute paths of the system itself; what reads them is judged by another check.
_SYSTEM = re.compile(r"/(?:nix|proc|sys|dev|run|boot|etc|usr|bin|lib|lib64|var|sbin)(?:/|$)")


@check(
    "lint.local-files-exist",
    "Every local file exists",
    remedy="Put the file next to the Nix code and use a relative path, or fetch it by URL and hash.",
    nothing="no file is named by path",
)
def local_files_exist(facts: Facts) -> Iterator[Finding]:
    """A path in a home directory exists on one machine only, and pure evaluation cannot read it even there."""
    for file in local_files(facts):
        what = _missing(file)
        yield Problem(file.where, what, file.literal) if what else Fine(file.where, file.literal)
    for recipe in recipes(facts):
        source = recipe.text("src") or ""
        if source.startswith(("/", "~")) and not source.startswith("/nix/store/"):
            what = "the source is an absolute path, which exists on one machine only"
            yield Problem(recipe.where, what, source)


def _missing(file: LocalFile) -> str | None:
    if file.literal.startswith("~"):
        return "it is a path in a home directory"
    if file.exists is None:
        return None if _SYSTEM.match(file.literal) else "it is an absolute path, which exists on one machine only"
    # Imported files are judged by evaluation; here it is about files that a build would copy.
    is_data = "." in file.name.strip(".") and not file.literal.endswith(".nix")
    return "there is no such file" if is_data and not file.exists else None


@check(
    "packages.binaries-for-aarch64-linux",
    "Binaries are for AArch64 Linux",
    remedy="Take the library from …/Linux/librknn_api/aarch64/ and the wheel whose name ends in _aarch64.whl.",
    nothing="the subject has no packages",
)
def is_for_this_machine(facts: Facts) -> Iterator[Finding]:
    """A library for another processor or for Android cannot be loaded (`wrong ELF class`)."""
    for fetch in fetches(facts):
        wheel = fetched_wheel(fetch)
        if wheel and wheel.platform and wheel.is_for_aarch64_linux is False:
            yield Problem(fetch.where, f"the wheel is for {wheel.platform}, not for AArch64 Linux", str(fetch))
        yield from (_foreign(fetch.where, folder, url) for url in fetch.urls if (folder := _foreign_folder(url)))
        yield Fine(str(fetch))
    for file in local_files(facts):
        wheel = parse_wheel_name(file.name)
        if wheel and wheel.is_for_aarch64_linux is False:
            yield Problem(file.where, f"the wheel is for {wheel.platform}, not for AArch64 Linux", file.literal)
        if file.unfit:
            yield Problem(file.where, file.unfit, file.literal)
    for recipe in recipes(facts):
        yield from _foreign_copies(recipe)
        yield Fine(recipe.where)


def _foreign(where: str, folder: str, seen: str) -> Problem:
    return Problem(where, f"the library in {folder}/ is not for AArch64 Linux", seen)


def _foreign_folder(path: str) -> str | None:
    if not re.search(r"lib(?:rknn|rkllm|rga)[\w.]*\.so", path):
        return None
    parts = path.split("/")
    if "Android" in parts:
        return "Android"
    return next((part for part in parts if part in FOREIGN_LIBRARY_FOLDERS), None)


def _foreign_copies(recipe: Recipe) -> Iterator[Problem]:
    for phase, script in recipe.phases().items():
        for number, line in enumerate(script.splitlines(), 1):
            sources = [word for word in line.split() if not word.strip("\"'").startswith("$out")]
            folder = next((one for word in sources if (one := _foreign_folder(word))), None)
            if folder and re.match(r"\s*(?:cp|install|mv|ln)\s", line):
                yield _foreign(f"{recipe.where} {phase} line {number}", folder, line.strip())


NO_PACKAGES = "the subject has no packages of its own"
BOARD = "aarch64-linux"
# Attributes of lib.licenses that stand for free software and are often used.
_FREE = re.compile(
    r"(?:mit|asl20|apsl20|bsd\d?\w*|gpl\w*|lgpl\w*|agpl\w*|mpl\w*|isc|zlib|cc0|unlicense|publicDomain|free)"
)
# Older trees of rockchip-linux came under a BSD text; airockchip/rknn-toolkit2 has the RKNN SDK licence.
_PROPRIETARY_SOURCE = re.compile(r"airockchip|rknn-toolkit2|rknn_toolkit_lite2|rknn-toolkit-lite2", re.IGNORECASE)


@check(
    "lint.vendor-license",
    "Vendor binaries are not declared free software",
    remedy="Set meta.license = lib.licenses.unfree (the RKNN SDK licence allows use with Rockchip's chips only).",
    nothing=NO_PACKAGES,
)
def licence_is_the_vendors(facts: Facts) -> Iterator[Finding]:
    """A proprietary binary declared free passes allowUnfree = false and ends up in public caches."""
    for one in recipes(facts):
        if is_vendor_binary(one) and _is_proprietary(one):
            for licence in licences(one):
                if _FREE.fullmatch(licence.rsplit(".", 1)[-1]):
                    what = f"{one.name} is licensed by Rockchip under the RKNN SDK licence, not under {licence}"
                    yield Problem(one.where, what, licence)
            yield Fine(one.where)


def _is_proprietary(recipe: Recipe) -> bool:
    return any(_PROPRIETARY_SOURCE.search(text) for text in source_texts(recipe))


def licences(recipe: Recipe) -> tuple[str, ...]:
    """The licences a recipe names, as written."""
    value = recipe.meta.get("license")
    if isinstance(value, tuple):
        return tuple(str(one) for one in value)
    return (str(value),) if isinstance(value, str) else ()


@check(
    "lint.platforms-match-binary",
    "AArch64 binaries claim no other platform",
    remedy='Set meta.platforms = [ "aarch64-linux" ], so that nixpkgs refuses other platforms at evaluation.',
    nothing=NO_PACKAGES,
)
def platforms_are_the_binarys(facts: Facts) -> Iterator[Finding]:
    """On x86_64 the binary would be installed without an error, and fail when loaded."""
    for recipe in recipes(facts):
        if not is_vendor_binary(recipe) or _chooses_by_platform(recipe):
            continue
        claimed = systems(recipe, "platforms") or ()
        # NixOS does not run on Darwin: platforms.aarch64 is harmless.
        foreign = [one for one in claimed if one != BOARD and one.endswith("-linux")]
        if foreign and BOARD in claimed:
            what = f"{recipe.name} contains an AArch64 binary and also claims {', '.join(foreign)}"
            yield Problem(recipe.where, what)
        yield Fine(recipe.where)


def _chooses_by_platform(recipe: Recipe) -> bool:
    """Whether the file picks what it downloads by the machine (then it may run on several)."""
    return any(bool(_ASKS_PLATFORM & set((dotted(node) or "").split("."))) for node in recipe.tree.tree.walk())


_ASKS_PLATFORM = frozenset({"hostPlatform", "targetPlatform", "buildPlatform", "isAarch64", "isx86_64", "system"})
_LISTS = {
    "linux": (BOARD, "x86_64-linux", "armv7l-linux", "i686-linux", "riscv64-linux"),
    "unix": (BOARD, "x86_64-linux", "aarch64-darwin", "x86_64-darwin"),
    "all": (BOARD, "x86_64-linux", "aarch64-darwin"),
    "aarch64": (BOARD, "aarch64-darwin"),
    "x86_64": ("x86_64-linux", "x86_64-darwin"),
    "x86": ("x86_64-linux", "i686-linux"),
    "i686": ("i686-linux",),
    "arm": ("armv7l-linux", "armv6l-linux"),
    "armv7": ("armv7l-linux",),
    "darwin": ("aarch64-darwin", "x86_64-darwin"),
    "none": (),
}


def systems(recipe: Recipe, name: str) -> tuple[str, ...] | None:
    """`meta.platforms` as systems; None where it is not given or computed."""
    value = recipe.meta.get(name)
    if isinstance(value, Word):
        return _LISTS.get(value.rsplit(".", 1)[-1]) if "platforms" in value else None
    if not isinstance(value, tuple) or any(not re.fullmatch(r"\w+-\w+", one) for one in value):
        return None
    return value
