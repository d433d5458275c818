"""The vendor's Python API finds the runtime only at three fixed paths; it reads no variable."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rknn_validation.checks.configuration.registry import check
from rknn_validation.checks.findings import Finding, Fine, Problem, Unsure
from rknn_validation.facts.contribution import contribution
from rknn_validation.facts.library.interpreters import Interpreter, Runtime, interpreters, runtime_of
from rknn_validation.facts.library.links import FOLDERS, api_providers, providers
from rknn_validation.facts.library.packages import is_toolkit, profiles, toolkit_packages
from rknn_validation.facts.library.search import why_not_the_runtime
from rknn_validation.facts.model import Facts

SEE = "see expects.python"
"""That check alone reports a missing Python API."""
_MESSAGE = "`Can not find dynamic library on RK3588!`"


@check(
    "python.runtime-is-found",
    "The Python API finds the runtime library",
    remedy="Link /usr/lib/librknnrt.so to ${runtime}/lib/librknnrt.so, with a unit or with systemd.tmpfiles.rules = "
    '[ "L+ /usr/lib/librknnrt.so - - - - ${runtime}/lib/librknnrt.so" ]. The API does not read LD_LIBRARY_PATH.',
    nothing=SEE,
    stacks=("vendor",),
)
def runtime_is_there(facts: Facts) -> Iterator[Finding]:
    """It opens /usr/lib/librknnrt.so or two older names, else fails: `Can not find dynamic library on RK3588!`."""
    bare = toolkit_packages(facts)
    ours = [one for one in interpreters(facts) if not one.doubt]
    if not bare and not ours:
        return
    every = ours or [Interpreter("environment.systemPackages", ", ".join(one.name for one in bare))]
    # A way that only one of several interpreters has is made for that one; the others have their own.
    found = [(one, runtime_of(facts, one)) for one in every]
    if any(runtime.found for _, runtime in found):
        yield from (Fine(one.where, runtime.found) for one, runtime in found if runtime.found)
        return
    for one, runtime in found:
        if runtime.doubt:
            yield Unsure(one.where, f"it is unknown whether the API of {one.name} finds the runtime", runtime.doubt)
        else:
            yield from _lacking(facts, one, runtime)


def _lacking(facts: Facts, one: Interpreter, runtime: Runtime) -> Iterator[Finding]:
    near = [other for other in providers(facts) if not other.is_opened]
    for other in near:
        yield Problem(
            other.where, f"{_MESSAGE}: {runtime.lack}", f"{other.text}\n    the API does not read {other.path}"
        )
    if not near:
        yield Problem(one.where, f"{_MESSAGE}: {runtime.lack}", one.name)


@check(
    "python.runtime-copy-readable",
    "Every user can read the copied library",
    remedy="Copy the library with mode 0644, or link to it.",
    nothing="the subject copies no library",
    stacks=("vendor",),
)
def copy_can_be_read(facts: Facts) -> Iterator[Finding]:
    """With mode 0600 only root can load it: `cannot open shared object file: Permission denied`."""
    for one in api_providers(facts):
        if re.fullmatch("[0-7]+", one.mode) and int(one.mode, 8) & 0o044 != 0o044:
            yield Problem(one.where, "only root can load the library", one.text)
        elif one.mode:
            yield Fine(one.where, one.text)


@check(
    "python.link-target-is-library",
    "The link for the Python API points to the library",
    remedy="Link to the file itself, with its full store path: ${runtime}/lib/librknnrt.so.",
    nothing="the subject makes no such link",
    stacks=("vendor",),
)
def link_leads_there(facts: Facts) -> Iterator[Finding]:
    """A dangling link, a link to a directory and a missing link give the same error: `Can not find dynamic library`."""
    for one in api_providers(facts):
        if why := why_not_the_runtime(facts, one):
            yield Problem(one.where, "the link does not point to the runtime library", f"{one.text}\n    {why}")
        else:
            yield Fine(one.where, f"{one.path} -> {one.target or '(decided at run time)'}")


@check(
    "python.link-follows-updates",
    "The link is updated with the package",
    remedy="Use L+ in tmpfiles, or run ln -sfn without testing whether the link exists.",
    nothing="the subject makes no such link",
    stacks=("vendor",),
)
def link_follows(facts: Facts) -> Iterator[Finding]:
    """A link that is created once keeps the old store path, which is garbage-collected later."""
    for one in api_providers(facts):
        # A path inside the system profile stays valid.
        if not one.replaces and not one.target.startswith(("/run/", "/etc/")):
            what = "the link is never updated: the next version of the package is not used"
            yield Problem(one.where, what, one.text)
        else:
            yield Fine(one.where, one.text)


@check(
    "python.link-directory-exists",
    "The link's directory exists",
    remedy="Create the directory first: mkdir -p /usr/lib. NixOS has no /usr/lib.",
    nothing="the subject makes no such link",
    stacks=("vendor",),
)
def link_directory(facts: Facts) -> Iterator[Finding]:
    """`ln: failed to create symbolic link '/usr/lib/…': No such file or directory`."""
    made = [one for one in api_providers(facts) if one.path not in FOLDERS]
    homed = [one for one in made if one.makes_folder]
    yield from (Fine(one.where, one.text) for one in homed)
    if not homed:
        what = "NixOS has no such directory, and nothing here creates it"
        yield from (Problem(one.where, what, one.text) for one in made)


@check(
    "python.api-can-be-imported",
    "The installed Python API can be imported",
    remedy="Install an interpreter that includes it: python312.withPackages (ps: [ rknn-toolkit-lite2 ]).",
    nothing=SEE,
    stacks=("vendor",),
)
def can_be_imported(facts: Facts) -> Iterator[Finding]:
    """python3 on NixOS reads only its own environment; a library in systemPackages is not on its path."""
    ours = interpreters(facts)
    yield from (Fine(one.where, one.name) for one in ours if not one.doubt)
    if ours:
        return
    for where, package in profiles(facts):
        if is_toolkit(package):
            yield Problem(where, "`import rknnlite` fails: no interpreter has it on its path", package.name)
    for name, unit in contribution(facts).units.items():
        if any(map(is_toolkit, unit.path)):
            yield Unsure(name, "the unit has the Python API on its PATH, where no interpreter looks for it")
