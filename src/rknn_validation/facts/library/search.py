"""How programs find the runtime library: LD_LIBRARY_PATH, wrappers, nix-ld, FHS environments."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from rknn_validation.facts.contribution import contribution
from rknn_validation.facts.library.links import Provider, providers
from rknn_validation.facts.library.packages import (
    STORE_PATH,
    build_text,
    contains_runtime,
    installed_packages,
    is_runtime,
    is_toolkit,
    packages_by_path,
)
from rknn_validation.facts.model import Facts, derived
from rknn_validation.facts.nix.configuration import Package, Unit
from rknn_validation.facts.recipes.installs import install_result
from rknn_validation.facts.recipes.nixfiles import nix_files, places_naming
from rknn_validation.facts.recipes.recipes import recipes
from rknn_validation.facts.text import shell
from rknn_validation.npu.about import about_npu
from rknn_validation.npu.stacks import LD_LIBRARY_PATH


@dataclass(frozen=True)
class PathSetting:
    """A value of LD_LIBRARY_PATH: which option or unit, as written, and whether a shell expands it.

    `unit` is whose it is, "" where shells or every unit get it.
    """

    where: str
    value: str
    expanded: bool
    unit: str = ""

    def elements(self) -> list[str]:
        """The path's elements in a process that starts without the variable."""
        known = {LD_LIBRARY_PATH: "", "HOME": "/home/user", "USER": "user"} if self.expanded else {}
        return shell.elements(self.value, known)


@derived
def path_settings(facts: Facts) -> tuple[PathSetting, ...]:
    """Every value the subject gives LD_LIBRARY_PATH; of a whole machine only what has to do with the NPU."""
    every = _settings(facts)
    if facts.subject.module is not None:
        return every
    units = facts.configuration.units
    return tuple(one for one in every if about_npu(one.value) or (one.unit and about_npu(unit_text(units[one.unit]))))


def _settings(facts: Facts) -> tuple[PathSetting, ...]:
    ours = contribution(facts)
    found: list[PathSetting] = []
    if LD_LIBRARY_PATH in ours.variables:
        found.append(PathSetting(f"environment.variables.{LD_LIBRARY_PATH}", ours.variables[LD_LIBRARY_PATH], True))
    elif LD_LIBRARY_PATH in ours.session_variables:
        value = ours.session_variables[LD_LIBRARY_PATH]
        found.append(PathSetting(f"environment.sessionVariables.{LD_LIBRARY_PATH}", value, True))
    if LD_LIBRARY_PATH in ours.global_environment:
        value = ours.global_environment[LD_LIBRARY_PATH]
        found.append(PathSetting(f"systemd.globalEnvironment.{LD_LIBRARY_PATH}", value, False))
    for name, text in ours.shell_init.items():
        found += [PathSetting(name, value, True) for value, _ in shell.exports(text, LD_LIBRARY_PATH)]
    for name, unit in ours.units.items():
        found += _of_unit(name, unit)
    return tuple(found)


def _of_unit(name: str, unit: Unit) -> list[PathSetting]:
    given = [PathSetting(f"{name} (environment)", value, False, name) for value in unit_values(unit)]
    exported = shell.exports(unit.script, LD_LIBRARY_PATH)
    return given + [PathSetting(f"{name} (script)", value, True, name) for value, _ in exported]


def unit_text(unit: Unit) -> str:
    """All that a unit says of itself: its name, its keys' values, its environment, what it runs."""
    values = (value for section in unit.sections.values() for one in section.values() for value in one)
    return "\n".join(
        (unit.name, *values, *unit.environment, *unit.environment.values(), unit.script, *unit.scripts.values())
    )


def unit_values(unit: Unit) -> Iterator[str]:
    """What a unit's own environment gives LD_LIBRARY_PATH."""
    if LD_LIBRARY_PATH in unit.environment:
        yield unit.environment[LD_LIBRARY_PATH]
    for value in unit.sections.get("Service", {}).get("Environment", ()):
        for assignment in re.findall(r"\"?(\w+=[^\s\"]*)\"?", value):
            name, _, text = assignment.partition("=")
            if name == LD_LIBRARY_PATH:
                yield text


_WRAPS = re.compile(r"patchelf[^\n]*rpath|makeWrapper|wrapProgram|makeBinaryWrapper|\bbwrap\b|--prefix LD_LIBRARY_PATH")
_LINKED = re.compile(r"rknn.*(rt|runtime)|librknn|rknpu", re.IGNORECASE)


@dataclass(frozen=True)
class Route:
    """One way to the library: `where` it is said, what was `seen`, and whose it is (`unit`; "" for everybody).

    `is_setting`: a value of LD_LIBRARY_PATH, which may lead elsewhere.
    """

    where: str
    seen: str
    unit: str = ""
    is_setting: bool = False


@derived
def routes(facts: Facts) -> tuple[Route, ...]:
    """Every way the subject gives C programs to the runtime."""
    return (*_by_variable(facts), *_by_loader(facts), *_by_programs(facts), *_by_files(facts))


def _by_variable(facts: Facts) -> Iterator[Route]:
    for one in path_settings(facts):
        yield Route(one.where, one.value, one.unit, is_setting=True)


def _by_loader(facts: Facts) -> Iterator[Route]:
    for package in facts.configuration.nix_ld_libraries:
        if contains_runtime(package):
            yield Route("programs.nix-ld.libraries", package.name)


def _by_programs(facts: Facts) -> Iterator[Route]:
    for package in contribution(facts).packages:
        text = build_text(package)
        if is_runtime(package) and not re.search(r"/bin/", text):
            # What is done to the library itself leads no program to it.
            continue
        sets_path = LD_LIBRARY_PATH in text and (is_runtime(package) or about_npu(text))
        if sets_path or (_WRAPS.search(text) and _is_ours(package, text)):
            yield Route("a wrapper", package.name)
        elif is_fhs_environment(package) and contains_runtime(package):
            yield Route("an FHS environment", package.name)
        elif not is_runtime(package) and any(_LINKED.search(name) for name in _inputs(package)):
            yield Route("a program linked against it", package.name)


def _is_ours(package: Package, text: str) -> bool:
    return about_npu(f"{package.name}\n{text}") or any(about_npu(name) for name in _inputs(package))


def _inputs(package: Package) -> Iterator[str]:
    return (name for names in package.inputs.values() for name in names)


def is_fhs_environment(package: Package) -> bool:
    """Whether a program starts in a root file system of its own, which is not the machine's."""
    text = f"{package.name} {package.builder} {build_text(package)}"
    return bool(re.search(r"bubblewrap|bwrap|\bfhs|proot\b|chroot", text, re.IGNORECASE))


def _by_files(facts: Facts) -> Iterator[Route]:
    before = facts.without.etc
    for path, file in facts.configuration.etc.items():
        text = file.text or ""
        if path not in before and LD_LIBRARY_PATH in text and "ld.so" not in path and about_npu(f"{path}\n{text}"):
            yield Route(f"/etc/{path}", text.strip())


PROFILE = "/run/current-system/sw/lib"
DRIVERS = "/run/opengl-driver/lib"


def reaches_runtime(facts: Facts, setting: PathSetting) -> bool:
    """Whether a directory on the path holds the runtime, or may."""
    return any(element and not why_no_runtime_in(facts, element) for element in setting.elements())


def why_no_runtime_in(facts: Facts, element: str) -> str:
    """ "" where the runtime is or may be in that directory, else why it is not."""
    element = element.rstrip("/")
    stored = STORE_PATH.match(element)
    if stored:
        return _in_package(facts, stored["root"], stored["name"], stored["rest"] or "")
    if element == PROFILE:
        linked = {"/", "/lib"} & set(facts.configuration.paths_to_link)
        if not linked:
            return "environment.pathsToLink has no /lib"
        return (
            "" if any(map(is_runtime, installed_packages(facts))) else "no package in environment.systemPackages has it"
        )
    if element == "/run/opengl-driver":
        return "libraries are in /run/opengl-driver/lib"
    if element == DRIVERS:
        carried = any(map(contains_runtime, facts.configuration.graphics_packages))
        return "" if carried else "no package in hardware.graphics.extraPackages has it"
    if any(element in (one.path, one.path.rsplit("/", 1)[0]) for one in providers(facts)):
        return ""
    return "nothing puts the library there"


def _in_package(facts: Facts, root: str, name: str, rest: str) -> str:
    package = packages_by_path(facts).get(root)
    wanted = is_runtime(package) if package else about_npu(name) or bool(re.search(r"runtime|libs|env|join", name))
    if "rkllm" in name:
        # Language models have a runtime of their own, librkllmrt.so.
        return ""
    if not wanted and not (package and package.members and contains_runtime(package)):
        return "another package's libraries"
    if rest in {"", "/"}:
        return "the package's root; the library is in its lib directory"
    if re.fullmatch(r"/(bin|share|include|etc|libexec|sbin)(/.*)?", rest):
        return f"the package has no libraries in {rest}"
    text = "".join(package.phases.values()) if package else ""
    if re.search(r"\$\{?out\}?/lib/", text) and rest != "/lib":
        return f"the package puts its library into /lib, not into {rest}"
    return ""


def why_not_the_runtime(facts: Facts, provider: Provider) -> str | None:
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
        return (
            None
            if any(map(is_runtime, installed_packages(facts)))
            else "no package in environment.systemPackages has it"
        )
    if target.startswith("/run/opengl-driver/"):
        carried = any(map(contains_runtime, facts.configuration.graphics_packages))
        return None if carried else "no package in hardware.graphics.extraPackages has it"
    made = {one.path for one in providers(facts)}
    lost = target.startswith("/usr/") and target not in made
    return f"nothing in this configuration creates {target}" if lost else None


def _misled_in_store(facts: Facts, root: str, rest: str, target: str) -> str | None:
    package = packages_by_path(facts).get(root)
    if package and is_toolkit(package):
        return f"{package.name} is the Python API, not the runtime"
    if package and not is_runtime(package) and not package.members and package.phases:
        return f"{package.name} does not carry the library"
    absent = _not_installed(facts, root, rest)
    if absent:
        return absent
    if not re.match(r"/lib(64|exec|/aarch64-linux-gnu)?/", rest):
        return f"libraries are below lib/, seen {rest}"
    text = build_text(package) if package else ""
    name = target.rsplit("/", 1)[-1]
    if "librknnrt.so" in text and name not in text:
        return f"{package.name if package else root} has librknnrt.so, not {name}"
    return None


def _not_installed(facts: Facts, root: str, rest: str) -> str | None:
    """Why a file is not in a package of the subject's, where its install script can be followed to the end."""
    for one in recipes(facts):
        version = one.text("version")
        done = install_result(one) if root.endswith(f"-{one.name}-{version}" if version else f"-{one.name}") else None
        if done is None or not done.complete or "outputs" in one.attrs or "postFixup" in one.attrs:
            continue
        # The builder moves lib64 to lib and leaves a link.
        there = {path.removeprefix("$out") for path in (*done.files, *done.links)}
        moved = {path.replace("/lib64/", "/lib/", 1) for path in there if path.startswith("/lib64/")}
        # Where the library is not where it belongs, packages.runtime-in-lib has said so.
        if (
            "/lib/librknnrt.so" in there | moved
            and rest not in there | moved
            and not any("@" in path or "<" in path for path in there)
        ):
            return f"{one.name} has {', '.join(sorted(there))}, and no {rest}"
    return None


TEFLON = "libteflon.so"
_ELSEWHERE = re.compile(
    r"(?<![\w.-])/(?:usr/)?(?:local/)?lib(?:64|/aarch64-linux-gnu)?/libteflon\.so"
    # Next to the one place NixOS has Mesa's libraries.
    r"|/run/(?!opengl-driver/lib/)(?:opengl|graphics|current-system/opengl)[\w-]*/(?:\w+/)*libteflon\.so"
)


@dataclass(frozen=True)
class TeflonSetting:
    """A setting that leads programs to Mesa's libraries; `only_drivers` where by /run/opengl-driver alone."""

    where: str
    value: str
    only_drivers: bool


def teflon_settings(facts: Facts) -> tuple[TeflonSetting, ...]:
    """The settings that lead programs to Mesa: search paths, and units that name the library itself."""
    found = [(one.where, one.value) for one in path_settings(facts)]
    for name, unit in contribution(facts).units.items():
        found += [(name, line) for line in _lines(unit) if TEFLON in line]
    found += [
        (f"environment.variables.{key}", one) for key, one in contribution(facts).variables.items() if TEFLON in one
    ]
    about = [(where, value) for where, value in found if re.search(r"mesa|teflon|opengl-driver", value)]
    return tuple(dict.fromkeys(TeflonSetting(where, value, _only_drivers(value)) for where, value in about))


def _only_drivers(value: str) -> bool:
    return "/run/opengl-driver" in value and not re.search(r"/nix/store/\S*(?:mesa|teflon)", value)


def teflon_paths_of_other_distributions(facts: Facts) -> Iterator[tuple[str, str]]:
    """(where, value) of settings that name the library at a path only other distributions have."""
    ours = contribution(facts)
    if any(_ELSEWHERE.search(line) for line in (*ours.tmpfiles, *ours.root_scripts.values())):
        return
    for option, values in (("variables", ours.variables), ("sessionVariables", ours.session_variables)):
        yield from ((f"environment.{option}.{key}", one) for key, one in values.items() if _ELSEWHERE.search(one))
    for name, unit in ours.units.items():
        yield from ((name, line) for line in _lines(unit) if _ELSEWHERE.search(line))


def _lines(unit: Unit) -> Iterator[str]:
    yield from unit.environment.values()
    service = unit.sections.get("Service", {})
    yield from (line for key, values in service.items() for one in values for line in one.splitlines() if key != "Type")
    yield from unit.script.splitlines()


def graphics_settings(facts: Facts) -> tuple[tuple[str, str], ...]:
    """(`file:line`, option) of the first place where the subject's files set hardware.graphics up."""
    options = ("hardware.graphics", "hardware.opengl")
    found = (
        (tree.at(node), option)
        for tree in nix_files(facts)
        for option in options
        for node in places_naming(tree, *option.split("."))
    )
    return tuple(found)[:1]
