"""Do the commands of units do what they say: no shell where none reads them, and every program where it is named?"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator

from rknn_validation.checks.configuration.registry import ALL_STACKS, CONFIGURATION_CHECKS
from rknn_validation.checks.configuration.units import commands, own_services
from rknn_validation.checks.model import Answer, Evidence, failed, passed, skipped
from rknn_validation.facts.difference import part
from rknn_validation.facts.library.packages import STORE_PATH
from rknn_validation.facts.model import Facts
from rknn_validation.facts.recipes.building import result
from rknn_validation.facts.recipes.nixtrees import function_name, trees_of
from rknn_validation.facts.recipes.recipes import Recipe, recipes
from rknn_validation.facts.text.shell import commands as shell_commands
from rknn_validation.nix.configuration import Unit
from rknn_validation.nix.syntax import Apply, Attributes
from rknn_validation.nix.syntax import Path as NixPath

_SCRIPT_BUILDERS = frozenset(
    {
        "writeShellApplication",
        "writeShellScriptBin",
        "writeScriptBin",
        "writePython3Bin",
        "writeBashBin",
        "writeDashBin",
    }
)
"""Their packages have one program, of the package's name."""
_FOLDER_BUILDERS = frozenset(
    {"writeShellApplication", "writeShellScriptBin", "writeScriptBin", "mkDerivation", "buildGoModule"}
    | {"buildPythonApplication", "buildRustPackage", "writePython3Bin", "writeBashBin", "writeDashBin", "symlinkJoin"}
)


@CONFIGURATION_CHECKS.check(
    "units.programs-are-no-folders",
    stage="units",
    title="what a unit runs is a program, not its package",
    remedy="Name the program: lib.getExe package, or ${package}/bin/name.",
    stacks=ALL_STACKS,
    boards=("rk3588", "other"),
)
def programs_are_no_folders(facts: Facts) -> Answer:
    """`status=203/EXEC`: a package's store path is a folder, and only writeShellScript and its like make a file."""
    ran = [(name, key, line) for name, unit in part(facts).units.items() for key, line in commands(unit)]
    folders = _folders(facts, _FOLDER_BUILDERS | _SCRIPT_BUILDERS)
    wrong = []
    for name, key, line in ran:
        found = STORE_PATH.match(line)
        bare = found and not (found["rest"] or "").strip("/")
        if found and bare and found["name"] in folders:
            wrong.append(Evidence(f"{name} {key}", f"{line}\n    is a folder; its programs are in its bin"))
    if wrong:
        return failed("the unit fails with 203/EXEC: it runs a folder", *wrong)
    return passed(f"{len(ran)} commands") if ran else skipped("the subject's units run scripts or nothing")


def _folders(facts: Facts, builders: frozenset[str] = _FOLDER_BUILDERS) -> frozenset[str]:
    """Names under which the subject's files make packages with a bin folder, and no script of that name."""
    names, scripts = set(), set()
    for tree in trees_of(facts):
        for node in tree.tree.walk():
            if isinstance(node, Apply) and function_name(node) in builders:
                given = node.argument.get("name") if isinstance(node.argument, Attributes) else node.argument
                names.add(tree.text(given) or "")
            elif isinstance(node, Apply) and (function_name(node) or "").startswith("write"):
                scripts.add(tree.text(node.argument) or "")
    return frozenset(names - scripts - {""})


_QUOTED = re.compile(r"\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'")
_OPERATOR = re.compile(r"(?<!\S)(?:&&|\|\|?|[012&]?>>?(?:&[012]|\S+)?|<|2>&1|\$\([^)]*\)?)(?!\S)")


@CONFIGURATION_CHECKS.check(
    "units.commands-need-no-shell",
    stage="units",
    title="what a unit runs is written without shell syntax",
    remedy="Put it into script = '' … '' or pkgs.writeShellScript; Exec lines are split at blanks and run as they are.",
    stacks=ALL_STACKS,
    boards=("rk3588", "other"),
)
def need_no_shell(facts: Facts) -> Answer:
    """systemd hands <, >, |, && and $(…) to the program as words of its command line."""
    ran = [(name, key, line) for name, unit in part(facts).units.items() for key, line in commands(unit)]
    wrong = [Evidence(f"{name} {key}", line) for name, key, line in ran if _OPERATOR.search(_QUOTED.sub("''", line))]
    if wrong:
        return failed("the program gets shell syntax as arguments", *wrong)
    return passed(f"{len(ran)} commands") if ran else skipped("the subject's units run scripts or nothing")


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


@CONFIGURATION_CHECKS.check(
    "units.scripts-find-their-programs",
    stage="units",
    title="the programs a unit's script calls are on its PATH",
    remedy="Add the package: systemd.services.<name>.path = [ pkgs.kmod ]; or call it by store path (lib.getExe').",
    stacks=ALL_STACKS,
    boards=("rk3588", "other"),
)
def scripts_find_programs(facts: Facts) -> Answer:
    """`modprobe: command not found`: a unit's PATH is not that of a login."""
    ours = {name: unit for name, unit in own_services(facts).items() if unit.script.strip()}
    wrong = [Evidence(name, why) for name, unit in ours.items() for why in _unfound(unit)]
    if wrong:
        return failed("the script stops at a program that is not on the unit's PATH", *wrong)
    return passed(f"{len(ours)} scripts") if ours else skipped("the subject's units run no script")


def _unfound(unit: Unit) -> Iterator[str]:
    known = {package.name for package in unit.path}
    elements = [one for one in unit.environment.get("PATH", "").split(":") if one]
    if any((found := STORE_PATH.match(one)) is None or found["name"] not in known for one in elements):
        return
    if re.search(r"\bPATH=|\b(?:source|eval)\b|^\s*\.\s", unit.script, re.MULTILINE):
        return
    carried = [inner for package in unit.path for inner in package.walk()]
    names = {package.pname or package.name for package in carried}
    # A package of the subject's own, or a path somebody wrote down, may hold any program.
    if any(package.origin != "nixpkgs" or _ALSO.search(package.name) for package in carried):
        return
    for command in shell_commands(unit.script, {}):
        wanted = _BROUGHT_BY.get(command.words[0])
        if command.certain and wanted and not any(name.startswith(wanted) for name in names):
            yield f"{' '.join(command.words)}\n    {command.words[0]} comes with {wanted}, which is not in path"


@CONFIGURATION_CHECKS.check(
    "units.programs-are-in-their-package",
    stage="units",
    title="the package a unit runs a program of has that program",
    remedy="Name the program as installPhase does, or use lib.getExe with meta.mainProgram.",
    stacks=ALL_STACKS,
    boards=("rk3588", "other"),
)
def programs_are_there(facts: Facts) -> Answer:
    """`status=203/EXEC`: the store path exists and has nothing of that name in bin."""
    known = [(one, programs) for one in recipes(facts) if (programs := _programs(one))]
    scripts = _folders(facts, _SCRIPT_BUILDERS)
    wrong = []
    asked = 0
    for name, unit in part(facts).units.items():
        for key, line in commands(unit):
            found = STORE_PATH.match(line)
            program = (found["rest"] or "").removeprefix("/bin/") if found else ""
            if found and program and found["name"] in scripts:
                asked += 1
                if program != found["name"]:
                    wrong.append(Evidence(f"{name} {key}", f"{line}\n    it has {found['name']}"))
            for recipe, programs in known if found else ():
                version = recipe.text("version")
                if found and found["name"] == (f"{recipe.name}-{version}" if version else recipe.name):
                    asked += 1
                    if program and program not in programs:
                        wrong.append(Evidence(f"{name} {key}", f"{line}\n    it has {', '.join(sorted(programs))}"))
    if wrong:
        return failed("the unit fails with 203/EXEC: its package has no such program", *wrong)
    return passed(f"{asked} programs") if asked else skipped("no unit runs a program of a package that can be read")


def _programs(recipe: Recipe) -> frozenset[str]:
    """What a recipe certainly installs into bin, if that is certainly all."""
    if recipe.is_python:
        return _entry_points(recipe)
    done = result(recipe)
    if done is None or not done.complete or "postFixup" in recipe.attrs or "outputs" in recipe.attrs:
        return frozenset()
    names = {path.removeprefix("$out/bin/") for path in (*done.files, *done.links) if path.startswith("$out/bin/")}
    return frozenset(names) if not any("@" in name or "<" in name for name in names) else frozenset()


def _entry_points(recipe: Recipe) -> frozenset[str]:
    """The programs pyproject.toml gives a Python package of the subject's own."""
    source = recipe.source
    if not isinstance(source, NixPath) or not source.literal or {"postInstall", "installPhase"} & set(recipe.attrs):
        return frozenset()
    file = recipe.tree.path.parent / source.literal / "pyproject.toml"
    if not file.is_file() or any((file.parent / name).exists() for name in ("setup.py", "setup.cfg")):
        return frozenset()
    try:
        project = tomllib.loads(file.read_text()).get("project", {})
    except tomllib.TOMLDecodeError:
        return frozenset()
    return frozenset() if "scripts" in project.get("dynamic", ()) else frozenset(project.get("scripts", ()))
