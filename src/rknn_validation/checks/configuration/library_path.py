"""Do C programs find the runtime library, and nothing they should not?"""

from __future__ import annotations

import re
from collections.abc import Iterator

from rknn_validation.checks.configuration.registry import CONFIGURATION_CHECKS
from rknn_validation.checks.model import Answer, Evidence, failed, passed, skipped
from rknn_validation.facts.difference import part
from rknn_validation.facts.library.packages import (
    STORE_PATH,
    installed,
    is_runtime,
    runtime_packages,
)
from rknn_validation.facts.library.placed import providers
from rknn_validation.facts.library.search import path_settings
from rknn_validation.facts.model import Facts
from rknn_validation.npu.stacks import LD_LIBRARY_PATH, PYTHON_RUNTIME_PATHS

PROFILE_LIBRARIES = "/run/current-system/sw/lib"
DRIVER_LIBRARIES = "/run/opengl-driver/lib"


@CONFIGURATION_CHECKS.check(
    "library.path-has-no-empty-element",
    stage="library",
    title="LD_LIBRARY_PATH does not name the working directory",
    remedy="Give environment.sessionVariables.LD_LIBRARY_PATH a list, or write "
    "/dir${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}: a bare $LD_LIBRARY_PATH is empty where the variable was unset.",
)
def no_empty_element(facts: Facts) -> Answer:
    """The loader reads an empty element as the working directory: whoever can write there gets code run."""
    settings = path_settings(facts)
    wrong = [
        Evidence(one.where, f'{one.value}\n    in a process that starts without it: "{":".join(one.elements())}"')
        for one in settings
        if "" in one.elements()
    ]
    if wrong:
        return failed("libraries are also loaded from whatever directory a program is started in", *wrong)
    if not settings:
        return skipped(f"the subject does not set {LD_LIBRARY_PATH}")
    return passed("; ".join(f"{one.where}: {one.value}" for one in settings))


@CONFIGURATION_CHECKS.check(
    "library.path-elements-are-directories",
    stage="library",
    title="every element of LD_LIBRARY_PATH is an absolute directory",
    remedy='Write "${pkgs.package}/lib" (lib.makeLibraryPath does): an absolute directory, expanded by Nix.',
)
def elements_are_directories(facts: Facts) -> Answer:
    """Relative elements follow the working directory; files and unexpanded text are skipped without a word."""
    settings = path_settings(facts)
    wrong = [
        Evidence(one.where, f'"{element}": {why}')
        for one in settings
        for element in one.elements()
        if element and (why := _misshape(element))
    ]
    if wrong:
        return failed("the loader finds nothing there, or something else than was meant", *wrong)
    return passed(f"{len(settings)} values") if settings else skipped(f"the subject does not set {LD_LIBRARY_PATH}")


def _misshape(element: str) -> str | None:
    if "${" in element or "$(" in element or re.search(r"\b(pkgs|cfg|config|lib)\.\w", element):
        return "text that nothing expands"
    if element.startswith("$"):
        return "a variable that nothing expands here (units do not read shell syntax)"
    if element != element.strip() or "\n" in element:
        return "has blanks around it, which belong to the name"
    if not element.startswith("/"):
        return "is relative"
    if re.search(r"\.so(\.\d+)*$", element):
        return "is a file; the loader wants the directory"
    return None


@CONFIGURATION_CHECKS.check(
    "library.path-leads-to-the-runtime",
    stage="library",
    title="LD_LIBRARY_PATH leads to the directory of librknnrt.so",
    remedy='Add "${runtime}/lib", the directory that holds librknnrt.so, and not the package\'s root.',
    stacks=("vendor",),
)
def path_leads_to_runtime(facts: Facts) -> Answer:
    """A path without the runtime changes nothing for NPU programs, whatever else it does."""
    settings = path_settings(facts)
    if not settings:
        return skipped(f"the subject does not set {LD_LIBRARY_PATH}")
    found, doubts = [], []
    for one in settings:
        verdicts = {element: _holds_runtime(facts, element) for element in one.elements() if element}
        if any(why == "" for why in verdicts.values()):
            found.append(Evidence(one.where, one.value))
        else:
            doubts += [Evidence(one.where, f"{element}: {why}") for element, why in verdicts.items()]
    if doubts and not found:
        return failed("no directory on the path holds librknnrt.so", *doubts)
    broken = [one for one in doubts if "the package" in one.output]
    if broken:
        return failed("no directory on the path holds librknnrt.so", *broken)
    return passed("a directory on the path holds the runtime", *found)


def _holds_runtime(facts: Facts, element: str) -> str:
    """ "" where the runtime is or may be in that directory, else why it is not."""
    element = element.rstrip("/")
    stored = STORE_PATH.match(element)
    if stored:
        return _in_package(facts, stored["root"], stored["name"], stored["rest"] or "")
    if element == PROFILE_LIBRARIES:
        linked = {"/", "/lib"} & set(facts.configuration.paths_to_link)
        if not linked:
            return "environment.pathsToLink has no /lib"
        return "" if any(map(is_runtime, installed(facts))) else "no package in environment.systemPackages has it"
    if element in {DRIVER_LIBRARIES, "/run/opengl-driver"}:
        if element == "/run/opengl-driver":
            return "libraries are in /run/opengl-driver/lib"
        carried = any(is_runtime(inner) for one in facts.configuration.graphics_packages for inner in one.walk())
        return "" if carried else "no package in hardware.graphics.extraPackages has it"
    if any(one.path.rsplit("/", 1)[0] == element for one in providers(facts)):
        return ""
    return "nothing puts the library there"


def _in_package(facts: Facts, root: str, name: str, rest: str) -> str:
    known = {inner.out_path: inner for package in facts.configuration.packages() for inner in package.walk()}
    package = known.get(root)
    wanted = is_runtime(package) if package else _may_be_runtime(name)
    if "rkllm" in name:
        # Language models have a runtime of their own, librkllmrt.so.
        return ""
    if not wanted:
        return "another package's libraries"
    if rest in {"", "/"}:
        return "the package's root; the library is in its lib directory"
    if re.fullmatch(r"/(bin|share|include|etc|libexec|sbin)(/.*)?", rest):
        return f"the package has no libraries in {rest}"
    if (
        package
        and package.phases
        and re.search(r"\$\{?out\}?/lib/", "".join(package.phases.values()))
        and rest != "/lib"
    ):
        return f"the package puts its library into /lib, not into {rest}"
    return ""


def _may_be_runtime(name: str) -> bool:
    return bool(re.search(r"rknn|rknpu|npu|rockchip|runtime|libs|env|join", name, re.IGNORECASE))


@CONFIGURATION_CHECKS.check(
    "library.c-programs-find-the-runtime",
    stage="library",
    title="an installed runtime is found by C programs",
    remedy='Set environment.sessionVariables.LD_LIBRARY_PATH = [ "${runtime}/lib" ] and the services\' environment, or '
    "wrap the programs, or patch their rpath: NixOS searches no library directory without being told.",
    stacks=("vendor",),
)
def c_programs_find_it(facts: Facts) -> Answer:
    """Nothing on NixOS searches a profile's lib directory or /usr/lib: a bare systemPackages entry has no effect."""
    ours = [package for package in installed(facts) if is_runtime(package) and package in runtime_packages(facts)]
    means = list(_discovery(facts))
    if means:
        return passed("found by " + ", ".join(one.source for one in means), *means)
    if not ours:
        return skipped("the subject installs no runtime library for C programs")
    if any(one.path in PYTHON_RUNTIME_PATHS for one in providers(facts)):
        # Whoever uses it may bring the Python API in a container or a virtual environment.
        return skipped("the runtime is there for the Python API, which has a link of its own")
    shown = [Evidence("environment.systemPackages", package.name) for package in ours]
    shown += [
        Evidence(f"/etc/{path}", "NixOS's loader reads no ld.so.conf and no ld.so.cache")
        for path in facts.configuration.etc
        if path.startswith(("ld.so.conf", "ld.so.cache")) and path not in _plain_etc(facts)
    ]
    return failed("the library is installed where no program looks for it", *shown)


def _plain_etc(facts: Facts) -> set[str]:
    before = facts.baseline.configuration
    return set(before.etc) if before else set()


def _discovery(facts: Facts) -> Iterator[Evidence]:
    for one in path_settings(facts):
        yield Evidence(one.where, one.value)
    for package in facts.configuration.nix_ld_libraries:
        if any(map(is_runtime, package.walk())):
            yield Evidence("programs.nix-ld.libraries", package.name)
    for package in part(facts).packages:
        text = "\n".join((*package.phases.values(), *package.files.values()))
        if LD_LIBRARY_PATH in text or re.search(r"patchelf[^\n]*rpath|makeWrapper|wrapProgram|fhs", text):
            yield Evidence("a wrapper", package.name)
        elif not is_runtime(package) and any(
            re.search(r"rknn.*(rt|runtime)|librknn", name) for names in package.inputs.values() for name in names
        ):
            yield Evidence("a program linked against it", package.name)
    for path, file in facts.configuration.etc.items():
        if path not in _plain_etc(facts) and LD_LIBRARY_PATH in (file.text or "") and "ld.so" not in path:
            yield Evidence(f"/etc/{path}", (file.text or "").strip())
