"""Units: will they start, and run what they name?"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator

from rknn_validation.checks.configuration.registry import check
from rknn_validation.checks.findings import Fine, Problem, Unsure
from rknn_validation.facts.model import Facts
from rknn_validation.facts.nix.configuration import Unit
from rknn_validation.facts.npurelated import npu_units
from rknn_validation.facts.recipes.programs import STORE_PATH, folders, programs
from rknn_validation.facts.scripts import checked_scripts
from rknn_validation.facts.services import is_started, own_services
from rknn_validation.facts.text import shell
from rknn_validation.facts.text.systemd import SECTIONS, SUFFIXES, TARGETS, UNITS
from rknn_validation.facts.text.units import exec_commands, last, shell_syntax, words

_ON_NIXOS = ("/nix/store/", "/run/", "/etc/profiles/", "/bin/sh", "/usr/bin/env", "/var/", "/home/", "/opt/", "/root/")
_MADE = (".device", ".mount", ".swap", ".scope")
"""Units that systemd creates itself."""
NO_COMMANDS = "the subject's units for the NPU have no Exec lines"
NO_SERVICE = "the subject adds no service for the NPU"


@check(
    "units.programs-exist",
    "Programs that units run exist on NixOS",
    remedy='Use the store path of the program: ExecStart = "${pkgs.kmod}/bin/modprobe rknpu" (lib.getExe\').',
    nothing=NO_COMMANDS,
    everywhere=True,
)
def programs_exist(facts: Facts) -> Iterator[Problem | Fine]:
    """`status=203/EXEC`: NixOS has /bin/sh and /usr/bin/env, and systemd searches no profile."""
    for name, unit in npu_units(facts).items():
        for key, command in exec_commands(unit):
            if command.startswith((*_ON_NIXOS, "$", "%")):
                yield Fine(f"{name} {key}", command)
            else:
                yield Problem(f"{name} {key}", "the unit fails with 203/EXEC: the program does not exist", command)


@check(
    "units.have-command",
    "Every service runs a command",
    remedy="Add an ExecStart or a script to the service.",
    nothing=NO_SERVICE,
    everywhere=True,
)
def do_something(facts: Facts) -> Iterator[Problem | Fine]:
    """systemd refuses a service without a command: `Service has no ExecStart=, ExecStop=, or SuccessAction=`."""
    for name, unit in own_services(facts).items():
        runs = unit.script.strip() or last(unit, "SuccessAction", "Unit")
        if runs or any(any(unit.sections.get("Service", {}).get(key, ())) for key in ("ExecStart", "ExecStop")):
            yield Fine(name)
        else:
            yield Problem(name, "systemd refuses to load the service", "no ExecStart, no script")


@check(
    "units.started",
    "Every unit is started by another unit",
    remedy='Add wantedBy = [ "multi-user.target" ] (or a timer, a socket, or a rule with SYSTEMD_WANTS).',
    nothing=NO_SERVICE,
    everywhere=True,
)
def are_started(facts: Facts) -> Iterator[Problem | Fine]:
    """A unit that no other unit wants is never started, without an error."""
    for name, unit in own_services(facts).items():
        if is_started(facts, unit):
            yield Fine(name)
        else:
            seen = "no wantedBy, no requiredBy, no timer or socket; nothing names it"
            yield Problem(name, "the service is never started", seen)


@check(
    "units.referenced-units-exist",
    "Units that other units name exist",
    remedy="Write the full name with its suffix (multi-user.target, systemd-udevd.service).",
    nothing="the subject adds no unit for the NPU",
    everywhere=True,
)
def names_are_units(facts: Facts) -> Iterator[Problem | Fine]:
    """A target that does not exist is never reached, and an ordering after it has no effect."""
    for owner, unit in npu_units(facts).items():
        for relation, name in _named_units(unit):
            if why := _wrong_name(facts, relation, name):
                yield Problem(f"{owner} {relation}", "it names a unit that does not exist", f"{name}: {why}")
        yield Fine(owner)


def _named_units(unit: Unit) -> Iterator[tuple[str, str]]:
    yield from (("WantedBy", name) for name in unit.wanted_by)
    yield from (("RequiredBy", name) for name in unit.required_by)
    for key in ("After", "Before", "Wants", "Requires", "BindsTo", "Requisite", "PartOf", "Conflicts"):
        yield from ((key, name) for name in words(unit, key, "Unit"))


def _wrong_name(facts: Facts, relation: str, name: str) -> str | None:
    if name in facts.configuration.units or "%" in name or "@" in name:
        return None
    if name.rsplit(".", 1)[-1] not in SUFFIXES:
        return "unit names end in .service, .target, …"
    if name in UNITS | TARGETS:
        return None
    if name.endswith(".target") and relation in {"WantedBy", "RequiredBy", "Requires", "BindsTo"}:
        return "no such target: it is never reached"
    if relation in {"Requires", "BindsTo", "Requisite"} and not name.endswith(_MADE):
        kin = difflib.get_close_matches(name, facts.configuration.units, n=1, cutoff=0.75)
        if kin:
            return f"no such unit, so this one cannot start; did you mean {kin[0]}?"
    near = difflib.get_close_matches(name, UNITS | TARGETS, n=1, cutoff=0.9)
    return f"no such unit; did you mean {near[0]}?" if near else None


@check(
    "units.directives-known",
    "Every directive of a unit is known in its section",
    remedy="Spell the directive as systemd.directives(7) does; put conditions into unitConfig, not into serviceConfig.",
    nothing="the subject adds no unit for the NPU",
    everywhere=True,
)
def keys_known(facts: Facts) -> Iterator[Problem | Fine]:
    """Unknown directives, and those in the wrong section, are ignored: `Unknown key name … in section …, ignoring`."""
    for name, unit in npu_units(facts).items():
        for section, keys in unit.sections.items():
            for key in keys if section in SECTIONS else ():
                if why := _wrong_key(key, section):
                    seen = f"{key}={' '.join(keys[key])}: {why}"
                    yield Problem(f"{name} [{section}]", "systemd ignores this line", seen)
        yield Fine(name)


def _wrong_key(key: str, section: str) -> str | None:
    if key in SECTIONS[section] or key.startswith("X-"):
        return None
    others = [name for name, keys in SECTIONS.items() if key in keys]
    if others:
        return f"belongs to [{others[0]}]"
    near = difflib.get_close_matches(key, SECTIONS[section], n=1, cutoff=0.8)
    if near:
        return f"no such directive; did you mean {near[0]}?"
    return "no such directive" if re.match("Condition|Assert|Exec", key) else None


@check(
    "units.no-ordering-cycle",
    "The order of units has no cycle",
    remedy="Remove one of the orderings; otherwise systemd drops a unit of its choice.",
    nothing="the subject adds no unit for the NPU",
    everywhere=True,
)
def no_cycle(facts: Facts) -> Iterator[Problem | Fine]:
    """`Found ordering cycle … Job … deleted to break ordering cycle`."""
    edges: dict[str, set[str]] = {}
    for name, unit in npu_units(facts).items():
        for other in words(unit, "After", "Unit"):
            edges.setdefault(other, set()).add(name)
        for other in words(unit, "Before", "Unit"):
            edges.setdefault(name, set()).add(other)
        yield Fine(name)
    for start in edges:
        path = _way(edges, start, start, ())
        if path:
            yield Problem("order", "systemd drops a unit to break the cycle", " -> ".join(path))
            return


def _way(edges: dict[str, set[str]], at: str, goal: str, seen: tuple[str, ...]) -> tuple[str, ...] | None:
    for following in sorted(edges.get(at, ())):
        if following == goal:
            return (*seen, at, goal)
        if following not in seen and following != at:
            found = _way(edges, following, goal, (*seen, at))
            if found:
                return found
    return None


def _ran(facts: Facts) -> Iterator[tuple[str, str]]:
    """(unit and key, command) of everything the subject's units for the NPU run."""
    for name, unit in npu_units(facts).items():
        yield from ((f"{name} {key}", line) for key, line in exec_commands(unit))


@check(
    "units.programs-are-files",
    "Units run programs, not directories",
    remedy="Name the program: lib.getExe package, or ${package}/bin/name.",
    nothing=NO_COMMANDS,
    everywhere=True,
)
def programs_are_no_folders(facts: Facts) -> Iterator[Problem | Fine]:
    """`status=203/EXEC`: a package's store path is a directory, unless it comes from writeShellScript or similar."""
    for where, line in _ran(facts):
        found = STORE_PATH.match(line)
        if found and not (found["rest"] or "").strip("/") and found["name"] in folders(facts):
            what = "the unit fails with 203/EXEC: it runs a directory"
            yield Problem(where, what, f"{line}\n    is a directory; its programs are in its bin")
        else:
            yield Fine(where, line)


@check(
    "units.commands-without-shell-syntax",
    "Exec lines contain no shell syntax",
    remedy="Move the command to script = '' … '' or pkgs.writeShellScript; systemd splits Exec lines at blanks and "
    "starts no shell.",
    nothing=NO_COMMANDS,
    everywhere=True,
)
def need_no_shell(facts: Facts) -> Iterator[Problem | Fine]:
    """systemd passes <, >, |, && and $(…) to the program as arguments."""
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
"""Programs that are not on a unit's PATH by default (coreutils, findutils, grep, sed and systemd are) -> package."""
_ALSO = re.compile(r"busybox|toybox|util-linux|sbase|wrappers")


@check(
    "units.script-programs-on-path",
    "Programs that a unit's script calls are on its PATH",
    remedy="Add the package: systemd.services.<name>.path = [ pkgs.kmod ]; or call the program by store path "
    "(lib.getExe').",
    nothing="the subject's units for the NPU run no script",
    everywhere=True,
)
def scripts_find_programs(facts: Facts) -> Iterator[Problem | Fine]:
    """`modprobe: command not found`: a unit's PATH is not that of a login shell."""
    for name, unit in own_services(facts).items():
        if unit.script.strip():
            for why in _unfound(unit):
                yield Problem(name, "the script fails at a program that is not on the unit's PATH", why)
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
    # A package of the subject, or an explicit path, may contain any program.
    if any(package.origin != "nixpkgs" or _ALSO.search(package.name) for package in carried):
        return
    for command in ran:
        wanted = _BROUGHT_BY.get(command.words[0])
        if command.certain and wanted and not any(name.startswith(wanted) for name in names):
            yield f"{' '.join(command.words)}\n    {command.words[0]} is in {wanted}, which is not in path"


@check(
    "units.programs-in-package",
    "Packages contain the programs that units run",
    remedy="Use the name under which installPhase installs the program, or lib.getExe with meta.mainProgram.",
    nothing="no unit for the NPU runs a program of a package that can be read",
    everywhere=True,
)
def programs_are_there(facts: Facts) -> Iterator[Problem | Fine]:
    """`status=203/EXEC`: the store path exists, but its bin has no such program."""
    for where, line in _ran(facts):
        found = STORE_PATH.match(line)
        has = programs(facts).get(found["name"]) if found else None
        program = (found["rest"] or "").removeprefix("/bin/") if found else ""
        if has and program and program not in has:
            what = "the unit fails with 203/EXEC: its package has no such program"
            yield Problem(where, what, f"{line}\n    it has {', '.join(sorted(has))}")
        elif has:
            yield Fine(where, line)


@check(
    "units.scripts-parse",
    "Scripts of units, activation and login are valid shell",
    remedy="Fix what shellcheck reports; in Nix strings ''$ and '' escape differently from shell.",
    nothing="the subject runs no script for the NPU",
)
def scripts_parse(facts: Facts) -> Iterator[Problem | Unsure | Fine]:
    """bash runs nothing of a script that it cannot parse: the unit fails, or nobody can log in."""
    for one in checked_scripts(facts):
        if one.judgement is None:
            yield Unsure(one.where, "shellcheck is not installed; ./setup.sh installs it")
        elif one.judgement.problems and one.has_unknown_lines:
            yield Unsure(one.where, "whole lines of the script are known only after a build", one.judgement.problems[0])
        elif one.judgement.problems:
            yield Problem(one.where, f"it is not valid shell: {one.judgement.problems[0]}", one.text)
        else:
            yield Fine(one.where)
