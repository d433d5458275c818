"""Do the commands of units do what they say: no shell where none reads them, and every program where it is named?"""

from __future__ import annotations

import re
from collections.abc import Iterator

from rknn_validation.checks.configuration.registry import ALL_STACKS, check
from rknn_validation.checks.configuration.units import NO_COMMANDS
from rknn_validation.checks.findings import Fine, Problem
from rknn_validation.facts.model import Facts
from rknn_validation.facts.nix.configuration import Unit
from rknn_validation.facts.npupart import npu_units
from rknn_validation.facts.programs import STORE_PATH, folders, programs
from rknn_validation.facts.services import own_services
from rknn_validation.facts.text import shell
from rknn_validation.facts.text.unitfile import commands, shell_syntax


def _ran(facts: Facts) -> Iterator[tuple[str, str]]:
    """(unit and key, command) of everything the subject's units for the NPU run."""
    for name, unit in npu_units(facts).items():
        yield from ((f"{name} {key}", line) for key, line in commands(unit))


@check(
    "units.programs-are-no-folders",
    stage="units",
    title="what a unit runs is a program, not its package",
    remedy="Name the program: lib.getExe package, or ${package}/bin/name.",
    nothing=NO_COMMANDS,
    stacks=ALL_STACKS,
    boards=("rk3588", "other"),
)
def programs_are_no_folders(facts: Facts) -> Iterator[Problem | Fine]:
    """`status=203/EXEC`: a package's store path is a folder, and only writeShellScript and its like make a file."""
    for where, line in _ran(facts):
        found = STORE_PATH.match(line)
        if found and not (found["rest"] or "").strip("/") and found["name"] in folders(facts):
            what = "the unit fails with 203/EXEC: it runs a folder"
            yield Problem(where, what, f"{line}\n    is a folder; its programs are in its bin")
        else:
            yield Fine(where, line)


@check(
    "units.commands-need-no-shell",
    stage="units",
    title="what a unit runs is written without shell syntax",
    remedy="Put it into script = '' … '' or pkgs.writeShellScript; Exec lines are split at blanks and run as they are.",
    nothing=NO_COMMANDS,
    stacks=ALL_STACKS,
    boards=("rk3588", "other"),
)
def need_no_shell(facts: Facts) -> Iterator[Problem | Fine]:
    """systemd hands <, >, |, && and $(…) to the program as words of its command line."""
    for where, line in _ran(facts):
        if shell_syntax(line):
            yield Problem(where, "the program gets shell syntax as arguments", line)
        else:
            yield Fine(where, line)


_BROUGHT_BY = {
    **dict.fromkeys(("modprobe", "insmod", "rmmod", "lsmod", "depmod", "modinfo"), "kmod"),
    **dict.fromkeys(("mount", "umount", "flock", "setpriv", "logger", "dmesg"), "util-linux"),
    **dict.fromkeys(("ps", "pgrep", "pkill", "sysctl"), "procps"),
    **dict.fromkeys(("setfacl", "getfacl"), "acl"),
    **dict.fromkeys(("dtc", "fdtoverlay", "fdtput", "fdtget"), "dtc"),
    **{name: name for name in ("jq", "curl", "wget", "docker", "podman", "patchelf")},
    "awk": "gawk",
    "ip": "iproute2",
    "tar": "gnutar",
}
"""Programs NixOS does not put on a unit's PATH (that has coreutils, findutils, grep, sed and systemd), and whose
they are."""
_ALSO = re.compile(r"busybox|toybox|util-linux|sbase|wrappers")


@check(
    "units.scripts-find-their-programs",
    stage="units",
    title="the programs a unit's script calls are on its PATH",
    remedy="Add the package: systemd.services.<name>.path = [ pkgs.kmod ]; or call it by store path (lib.getExe').",
    nothing="the subject's units for the NPU run no script",
    stacks=ALL_STACKS,
    boards=("rk3588", "other"),
)
def scripts_find_programs(facts: Facts) -> Iterator[Problem | Fine]:
    """`modprobe: command not found`: a unit's PATH is not that of a login."""
    for name, unit in own_services(facts).items():
        if unit.script.strip():
            for why in _unfound(unit):
                yield Problem(name, "the script stops at a program that is not on the unit's PATH", why)
            yield Fine(name)


def _unfound(unit: Unit) -> Iterator[str]:
    known = {package.name for package in unit.path}
    elements = [one for one in unit.environment.get("PATH", "").split(":") if one]
    if any((found := STORE_PATH.match(one)) is None or found["name"] not in known for one in elements):
        return
    ran = tuple(shell.commands(unit.script, {}))
    if any(one.program in {"source", "eval", "."} for one in ran) or any(shell.exports(unit.script, "PATH")):
        return
    carried = [inner for package in unit.path for inner in package.walk()]
    names = {package.pname or package.name for package in carried}
    # A package of the subject's own, or a path somebody wrote down, may hold any program.
    if any(package.origin != "nixpkgs" or _ALSO.search(package.name) for package in carried):
        return
    for command in ran:
        wanted = _BROUGHT_BY.get(command.words[0])
        if command.certain and wanted and not any(name.startswith(wanted) for name in names):
            yield f"{' '.join(command.words)}\n    {command.words[0]} comes with {wanted}, which is not in path"


@check(
    "units.programs-are-in-their-package",
    stage="units",
    title="the package a unit runs a program of has that program",
    remedy="Name the program as installPhase does, or use lib.getExe with meta.mainProgram.",
    nothing="no unit for the NPU runs a program of a package that can be read",
    stacks=ALL_STACKS,
    boards=("rk3588", "other"),
)
def programs_are_there(facts: Facts) -> Iterator[Problem | Fine]:
    """`status=203/EXEC`: the store path exists and has nothing of that name in bin."""
    for where, line in _ran(facts):
        found = STORE_PATH.match(line)
        has = programs(facts).get(found["name"]) if found else None
        program = (found["rest"] or "").removeprefix("/bin/") if found else ""
        if has and program and program not in has:
            what = "the unit fails with 203/EXEC: its package has no such program"
            yield Problem(where, what, f"{line}\n    it has {', '.join(sorted(has))}")
        elif has:
            yield Fine(where, line)
