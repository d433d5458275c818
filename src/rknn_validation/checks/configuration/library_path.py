"""Do C programs find the runtime library, and nothing they should not?"""

from __future__ import annotations

import re
from collections.abc import Iterator

from rknn_validation.checks.configuration.registry import check
from rknn_validation.checks.findings import Aside, Finding, Fine, Problem
from rknn_validation.facts.difference import baseline
from rknn_validation.facts.library.leads import why_not_in
from rknn_validation.facts.library.means import means
from rknn_validation.facts.library.packages import installed, is_runtime, runtime_packages
from rknn_validation.facts.library.placed import opened
from rknn_validation.facts.library.search import path_settings
from rknn_validation.facts.model import Facts
from rknn_validation.npu.stacks import LD_LIBRARY_PATH

NOT_SET = f"the subject does not set {LD_LIBRARY_PATH}"


@check(
    "library.path-has-no-empty-element",
    stage="library",
    title="LD_LIBRARY_PATH does not name the working directory",
    remedy="Give environment.sessionVariables.LD_LIBRARY_PATH a list, or write "
    "/dir${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}: a bare $LD_LIBRARY_PATH is empty where the variable was unset.",
    nothing=NOT_SET,
)
def no_empty_element(facts: Facts) -> Iterator[Finding]:
    """The loader reads an empty element as the working directory: whoever can write there gets code run."""
    for one in path_settings(facts):
        if "" in one.elements():
            seen = f'{one.value}\n    in a process that starts without it: "{":".join(one.elements())}"'
            yield Problem(one.where, "libraries are also loaded from whatever directory a program is started in", seen)
        else:
            yield Fine(one.where, one.value)


@check(
    "library.path-elements-are-directories",
    stage="library",
    title="every element of LD_LIBRARY_PATH is an absolute directory",
    remedy='Write "${pkgs.package}/lib" (lib.makeLibraryPath does): an absolute directory, expanded by Nix.',
    nothing=NOT_SET,
)
def elements_are_directories(facts: Facts) -> Iterator[Finding]:
    """Relative elements follow the working directory; files and unexpanded text are skipped without a word."""
    for one in path_settings(facts):
        for element in filter(None, one.elements()):
            if why := _misshape(element):
                what = "the loader finds nothing there, or something else than was meant"
                yield Problem(one.where, what, f'"{element}": {why}')
        yield Fine(one.where, one.value)


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


@check(
    "library.path-leads-to-the-runtime",
    stage="library",
    title="LD_LIBRARY_PATH leads to the directory of librknnrt.so",
    remedy='Add "${runtime}/lib", the directory that holds librknnrt.so, and not the package\'s root.',
    nothing=NOT_SET,
    stacks=("vendor",),
)
def path_leads_to_runtime(facts: Facts) -> Iterator[Finding]:
    """A path without the runtime changes nothing for NPU programs, whatever else it does."""
    what = "no directory on the path holds librknnrt.so"
    found, beside = [], []
    for one in path_settings(facts):
        verdicts = {element: why_not_in(facts, element) for element in one.elements() if element}
        if "" in verdicts.values():
            found.append(Fine(one.where, one.value))
        else:
            beside += [Problem(one.where, what, f"{element}: {why}") for element, why in verdicts.items()]
    # Once one setting leads there, others may be about something else; unless it is the runtime they miss.
    yield from (one for one in beside if not found or "the package" in one.seen)
    yield from found


@check(
    "library.c-programs-find-the-runtime",
    stage="library",
    title="an installed runtime is found by C programs",
    remedy='Set environment.sessionVariables.LD_LIBRARY_PATH = [ "${runtime}/lib" ] and the services\' environment, or '
    "wrap the programs, or patch their rpath: NixOS searches no library directory without being told.",
    nothing="the subject installs no runtime library for C programs",
    stacks=("vendor",),
)
def c_programs_find_it(facts: Facts) -> Iterator[Finding]:
    """Nothing on NixOS searches a profile's lib directory or /usr/lib: a bare systemPackages entry has no effect."""
    ways = means(facts)
    yield from (Fine(one.where, one.seen) for one in ways)
    ours = [package for package in installed(facts) if is_runtime(package) and package in runtime_packages(facts)]
    if ways or not ours:
        return
    if opened(facts):
        # Whoever uses it may bring the Python API in a container or a virtual environment.
        yield Aside("the runtime is there for the Python API, which has a link of its own")
        return
    what = "the library is installed where no program looks for it"
    yield from (Problem("environment.systemPackages", what, package.name) for package in ours)
    for path, file in facts.configuration.etc.items():
        if path.startswith(("ld.so.conf", "ld.so.cache")) and baseline(facts).etc.get(path) != file:
            yield Problem(f"/etc/{path}", "NixOS's loader reads no ld.so.conf and no ld.so.cache")
