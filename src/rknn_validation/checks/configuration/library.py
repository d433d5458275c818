"""Do C programs find the runtime library, or Mesa's delegate, and is nothing else loaded?"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator

from rknn_validation.checks.configuration.registry import check
from rknn_validation.checks.findings import Aside, Finding, Fine, Problem
from rknn_validation.facts.contribution import contribution
from rknn_validation.facts.library.links import api_providers
from rknn_validation.facts.library.packages import installed_packages, is_mesa, is_runtime, runtime_packages
from rknn_validation.facts.library.search import (
    graphics_settings,
    path_settings,
    routes,
    teflon_paths_of_other_distributions,
    teflon_settings,
    why_no_runtime_in,
)
from rknn_validation.facts.model import Facts
from rknn_validation.facts.npurelated import npu_tmpfiles, npu_variables
from rknn_validation.facts.text.tmpfiles import Line, Unreadable
from rknn_validation.npu import kernels
from rknn_validation.npu.stacks import LD_LIBRARY_PATH

NOT_SET = f"the subject does not set {LD_LIBRARY_PATH}"


@check(
    "library.path-without-empty-elements",
    "LD_LIBRARY_PATH has no empty elements",
    remedy="Set environment.sessionVariables.LD_LIBRARY_PATH to a list, or write "
    "/dir${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}: a bare $LD_LIBRARY_PATH is empty where the variable was unset.",
    nothing=NOT_SET,
)
def no_empty_element(facts: Facts) -> Iterator[Finding]:
    """The loader reads an empty element as the working directory: whoever can write there can run code."""
    for one in path_settings(facts):
        if "" in one.elements():
            seen = f'{one.value}\n    in a process that starts without it: "{":".join(one.elements())}"'
            yield Problem(one.where, "libraries are also loaded from the working directory of a program", seen)
        else:
            yield Fine(one.where, one.value)


@check(
    "library.path-elements-are-directories",
    "Elements of LD_LIBRARY_PATH are absolute directories",
    remedy='Write "${pkgs.package}/lib" (as lib.makeLibraryPath does): an absolute directory that Nix expands.',
    nothing=NOT_SET,
)
def elements_are_directories(facts: Facts) -> Iterator[Finding]:
    """Relative elements depend on the working directory; files and unexpanded text are silently skipped."""
    for one in path_settings(facts):
        for element in filter(None, one.elements()):
            if why := _misshape(element):
                what = "the loader finds nothing there, or the wrong files"
                yield Problem(one.where, what, f'"{element}": {why}')
        yield Fine(one.where, one.value)


def _misshape(element: str) -> str | None:
    if "${" in element or "$(" in element or re.search(r"\b(pkgs|cfg|config|lib)\.\w", element):
        return "text that is not expanded"
    if element.startswith("$"):
        return "a variable that is not expanded here (units have no shell syntax)"
    if element != element.strip() or "\n" in element:
        return "has blanks around it, which become part of the name"
    if not element.startswith("/"):
        return "is relative"
    if re.search(r"\.so(\.\d+)*$", element):
        return "is a file; the loader needs its directory"
    return None


@check(
    "library.path-contains-runtime",
    "LD_LIBRARY_PATH contains the directory of librknnrt.so",
    remedy='Add "${runtime}/lib", the directory that holds librknnrt.so, instead of the package\'s root.',
    nothing=NOT_SET,
    stacks=("vendor",),
)
def path_leads_to_runtime(facts: Facts) -> Iterator[Finding]:
    """A path without the runtime does not help programs that use the NPU."""
    what = "no directory on the path contains librknnrt.so"
    found, beside = [], []
    for one in path_settings(facts):
        verdicts = {element: why_no_runtime_in(facts, element) for element in one.elements() if element}
        if "" in verdicts.values():
            found.append(Fine(one.where, one.value))
        else:
            beside += [Problem(one.where, what, f"{element}: {why}") for element, why in verdicts.items()]
    # If one setting contains the runtime, others may be about something else, unless they miss the runtime itself.
    yield from (one for one in beside if not found or "the package" in one.seen)
    yield from found


@check(
    "library.c-programs-find-runtime",
    "C programs find the installed runtime library",
    remedy='Set environment.sessionVariables.LD_LIBRARY_PATH = [ "${runtime}/lib" ] and the services\' environment, '
    "wrap the programs, or patch their rpath: NixOS has no default library directory.",
    nothing="the subject installs no runtime library for C programs",
    stacks=("vendor",),
)
def c_programs_find_it(facts: Facts) -> Iterator[Finding]:
    """NixOS searches neither a profile's lib directory nor /usr/lib: adding the package alone has no effect."""
    ways = routes(facts)
    yield from (Fine(one.where, one.seen) for one in ways)
    ours = [
        package for package in installed_packages(facts) if is_runtime(package) and package in runtime_packages(facts)
    ]
    if ways or not ours:
        return
    if api_providers(facts):
        # The Python API may come in a container or a virtual environment.
        yield Aside("the runtime is for the Python API, which has its own link")
        return
    what = "the library is installed where no program looks for it"
    yield from (Problem("environment.systemPackages", what, package.name) for package in ours)
    for path, file in facts.configuration.etc.items():
        if path.startswith(("ld.so.conf", "ld.so.cache")) and facts.without.etc.get(path) != file:
            yield Problem(f"/etc/{path}", "NixOS's loader reads no ld.so.conf and no ld.so.cache")


@check(
    "library.path-set-for-all-logins",
    "LD_LIBRARY_PATH is set for every login",
    remedy="Set environment.sessionVariables (every login) and the units' environment (services).",
    nothing=f"the subject does not set {LD_LIBRARY_PATH}",
)
def set_for_every_login(facts: Facts) -> Iterator[Problem | Fine]:
    """Only interactive shells read interactiveShellInit: scripts, ssh commands and services do not."""
    settings = path_settings(facts)
    narrow = [one for one in settings if "nteractive" in one.where or "prompt" in one.where.lower()]
    for one in settings:
        if len(narrow) == len(settings):
            yield Problem(one.where, "only interactive shells get the path", one.value)
        else:
            yield Fine(one.where)


@check(
    "library.variable-name-correct",
    "The library path variable is spelled correctly",
    remedy=f"Use the name that the dynamic loader reads: {LD_LIBRARY_PATH}.",
    nothing="the subject sets no variable",
)
def variable_is_the_loaders(facts: Facts) -> Iterator[Problem | Fine]:
    """A misspelled variable causes no error."""
    named = npu_variables(facts)
    for name, where in named.items():
        near = difflib.SequenceMatcher(None, name.upper(), LD_LIBRARY_PATH).ratio() > 0.88 or name == "LIBRARY_PATH"
        if near and not name.endswith(LD_LIBRARY_PATH) and LD_LIBRARY_PATH not in named:
            yield Problem(where, f"the loader does not read it; it reads {LD_LIBRARY_PATH}", name)
        else:
            yield Fine(where, name)


TEFLON_SINCE = "25.3"
"""The first Mesa whose Teflon supports rocket."""
NO_MESA = "the subject does not bring Mesa"


@check(
    "library.mesa-supports-rocket",
    "Mesa supports rocket",
    remedy=f"Use Mesa {TEFLON_SINCE} or later.",
    nothing=NO_MESA,
    stacks=("mainline",),
)
def mesa_new_enough(facts: Facts) -> Iterator[Finding]:
    """`Couldn't open kernel device`: an older Teflon supports only other NPUs."""
    carried = [inner for one in facts.configuration.graphics_packages for inner in one.walk()]
    ours = contribution(facts).packages
    used = [package for package in (*carried, *ours) if is_mesa(package) and package.version]
    if not (facts.configuration.graphics_enabled or any(one in ours for one in used)):
        return
    for one in used:
        if kernels.at_least(one.version or "", TEFLON_SINCE):
            yield Fine(f"{one.pname} {one.version}")
        else:
            yield Problem(one.name, f"Teflon supports rocket since Mesa {TEFLON_SINCE}", f"version {one.version}")


@check(
    "library.teflon-is-found",
    "Programs find libteflon.so",
    remedy="Set hardware.graphics.enable = true, so that Mesa's libraries, Teflon included, are in "
    "/run/opengl-driver/lib.",
    nothing=NO_MESA,
    stacks=("mainline",),
)
def teflon_is_found(facts: Facts) -> Iterator[Finding]:
    """Programs do not find libraries in a profile; NixOS puts Mesa into /run/opengl-driver/lib."""
    lost = list(teflon_paths_of_other_distributions(facts))
    for where, value in lost:
        yield Problem(where, "libteflon.so is named in a directory where NixOS has no libraries", value)
    if lost:
        return
    if facts.configuration.graphics_enabled:
        yield Fine("hardware.graphics.enable is true", "/run/opengl-driver/lib has it")
        return
    ways = teflon_settings(facts)
    for one in ways:
        if one.only_drivers:
            what = "/run/opengl-driver/lib is empty while hardware.graphics.enable is false"
            yield Problem(one.where, what, one.value)
        else:
            yield Fine(one.where, one.value)
    if ways:
        return
    for where, line in graphics_settings(facts):
        yield Problem(where, "hardware.graphics is configured but not enabled: /run/opengl-driver is empty", line)
    for package in facts.configuration.system_packages:
        if is_mesa(package) and package in contribution(facts).packages:
            what = "Mesa is installed where no program looks for its libraries"
            yield Problem("environment.systemPackages", what, package.name)


_SHARED = frozenset(
    [
        "/",
        "/usr",
        "/usr/lib",
        "/usr/lib64",
        "/usr/bin",
        "/usr/local",
        "/usr/local/lib",
        "/lib",
        "/lib64",
        "/dev",
        "/etc",
        "/run",
        "/var",
        "/nix",
        "/nix/store",
        "/home",
        "/root",
    ]
)
_NO_LINES = "the subject adds no tmpfiles lines for the NPU"


@check(
    "tmpfiles.lines-valid",
    "Lines for systemd-tmpfiles are valid",
    remedy="Write seven columns, with - for unused ones: type path mode user group age argument (tmpfiles.d(5)).",
    nothing=_NO_LINES,
    everywhere=True,
)
def lines_readable(facts: Facts) -> Iterator[Problem | Fine]:
    """Invalid lines are skipped, and systemd-tmpfiles-setup ends with an error."""
    for line in npu_tmpfiles(facts):
        if isinstance(line, Unreadable):
            yield Problem("systemd.tmpfiles.rules", "the line has no effect", str(line))
        else:
            yield Fine("systemd.tmpfiles.rules", line.text)


@check(
    "tmpfiles.system-directories-kept",
    "Lines for systemd-tmpfiles keep system directories",
    remedy="Name only the file that the module is about.",
    nothing=_NO_LINES,
    everywhere=True,
)
def destroys_nothing(facts: Facts) -> Iterator[Problem | Fine]:
    """R, D and L+ on a shared directory remove the files of other packages."""
    for line in npu_tmpfiles(facts):
        if isinstance(line, Line) and _takes_over(line):
            what = "other files there are removed or change owner at every boot"
            yield Problem("systemd.tmpfiles.rules", what, line.text)
        else:
            yield Fine("systemd.tmpfiles.rules", line.text)


def _takes_over(line: Line) -> bool:
    path = line.path.rstrip("/") or "/"
    # NixOS does not use /usr/lib, and the Python API may need a link in its place.
    replaced = line.type == "L" and line.replaces and not path.startswith("/usr/lib")
    return path in _SHARED and (line.type in "RrDZ" or replaced)
