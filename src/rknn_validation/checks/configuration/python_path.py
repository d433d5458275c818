"""Does the vendor's Python API find the runtime? It reads no variable, only three fixed paths."""

from __future__ import annotations

import re

from rknn_validation.checks.configuration.registry import CONFIGURATION_CHECKS
from rknn_validation.checks.model import Answer, Evidence, failed, passed, skipped
from rknn_validation.facts.difference import part
from rknn_validation.facts.library.packages import (
    STORE_PATH,
    installed,
    is_runtime,
    is_toolkit,
    toolkit_packages,
)
from rknn_validation.facts.library.placed import Provider, providers
from rknn_validation.facts.model import Facts
from rknn_validation.facts.recipes.building import result
from rknn_validation.facts.recipes.recipes import recipes
from rknn_validation.facts.text import tmpfiles
from rknn_validation.facts.text.nixtext import subject_files
from rknn_validation.nix.configuration import Package
from rknn_validation.npu.stacks import PYTHON_RUNTIME_PATHS

_WHERE = " or ".join(PYTHON_RUNTIME_PATHS)


def _useful(provider: Provider) -> bool:
    """Whether this provider makes one of the paths the API opens, or their folder as a whole."""
    if provider.path in {"/usr/lib", "/usr/lib64"}:
        return True
    return provider.path in PYTHON_RUNTIME_PATHS


@CONFIGURATION_CHECKS.check(
    "python.runtime-is-where-the-api-looks",
    stage="python",
    title="the Python API finds the runtime",
    remedy="Link /usr/lib/librknnrt.so to ${runtime}/lib/librknnrt.so, by a unit or by systemd.tmpfiles.rules = "
    '[ "L+ /usr/lib/librknnrt.so - - - - ${runtime}/lib/librknnrt.so" ]. LD_LIBRARY_PATH is not read.',
    stacks=("vendor",),
)
def runtime_is_there(facts: Facts) -> Answer:
    """It opens /usr/lib/librknnrt.so and two older names; else: `Can not find dynamic library on RK3588!`."""
    toolkits = toolkit_packages(facts)
    if not toolkits:
        return skipped("the subject does not install the Python API")
    made = providers(facts)
    useful = [one for one in made if _useful(one)]
    if useful:
        return passed(
            f"{useful[0].path} is made by {useful[0].where}", *(Evidence(one.where, one.text) for one in useful)
        )
    bare = [Evidence(one.name, ", ".join(inner.name for inner in one.members)) for one in _without_runtime(facts)]
    if bare:
        return failed("`Can not find dynamic library on RK3588!`: the FHS environment has no runtime of its own", *bare)
    if any(_is_self_contained(one) for one in (*toolkits, *part(facts).packages)):
        return passed("the API is patched, or runs where it has a /usr/lib of its own")
    near = [Evidence(one.where, f"{one.text}\n    the API does not look at {one.path}") for one in made]
    shown = Evidence("environment.systemPackages", ", ".join(one.name for one in toolkits))
    return failed(f"`Can not find dynamic library on RK3588!`: nothing makes {_WHERE}", *(near or [shown]))


def _without_runtime(facts: Facts) -> list[Package]:
    """FHS environments with the Python API and without the runtime: they do not see the machine's /usr/lib."""
    if any(
        place for file in subject_files(facts.subject) for place in file.find(r"\bextra(?:Build|Install|Bwrap|Mount)")
    ):
        return []
    boxes = [one for one in part(facts).packages if one.phases.get("buildCommand") == "fhs" and one.members]
    return [one for one in boxes if any(map(is_toolkit, one.walk())) and not any(map(is_runtime, (*one.walk(),)))]


def _is_self_contained(package: Package) -> bool:
    text = "\n".join((*package.phases.values(), *package.files.values()))
    patched = "librknn" in text and re.search(r"substituteInPlace|\bsed\b|patchelf|bbe\b|perl\b", text)
    boxed = re.search(r"bubblewrap|bwrap|fhs", f"{package.name} {package.builder} {text}", re.IGNORECASE)
    return bool((is_toolkit(package) and patched) or boxed)


@CONFIGURATION_CHECKS.check(
    "python.copy-can-be-read",
    stage="python",
    title="a copy of the library can be read by every user",
    remedy="Copy it with mode 0644, or link to it.",
    stacks=("vendor",),
)
def copy_can_be_read(facts: Facts) -> Answer:
    """With 0600 it works as root and for nobody else: `cannot open shared object file: Permission denied`."""
    lines = [line for text in part(facts).tmpfiles if isinstance(line := tmpfiles.parse(text), tmpfiles.Line)]
    copies = [line for line in lines if line.type == "C" and line.path in PYTHON_RUNTIME_PATHS]
    shut = [
        Evidence("systemd.tmpfiles.rules", line.text)
        for line in copies
        if re.fullmatch("[0-7]+", line.mode) and int(line.mode, 8) & 0o044 != 0o044
    ]
    if shut:
        return failed("only root can load the library", *shut)
    return passed(f"{len(copies)} copies") if copies else skipped("the subject copies no library")


@CONFIGURATION_CHECKS.check(
    "python.link-leads-to-the-library",
    stage="python",
    title="the link for the Python API ends at the library",
    remedy="Link to the file itself, by its whole store path: ${runtime}/lib/librknnrt.so.",
    stacks=("vendor",),
)
def link_leads_there(facts: Facts) -> Answer:
    """A dangling link, a link to a directory and a missing link read the same: `Can not find dynamic library`."""
    made = [one for one in providers(facts) if _useful(one)]
    if not made:
        return skipped("the subject makes no such link")
    wrong = [Evidence(one.where, f"{one.text}\n    {why}") for one in made if (why := _misled(facts, one))]
    if wrong:
        return failed("the link does not end at the runtime library", *wrong)
    return passed(f"{made[0].path} -> {made[0].target or '(decided at run time)'}")


def _misled(facts: Facts, provider: Provider) -> str | None:
    target = provider.target
    if provider.where == "systemd.tmpfiles.rules" and not target:
        return "the line names no target (column 7)"
    if not target or target.startswith("$"):
        return None
    if not target.startswith("/"):
        return f"{target} is relative: it is looked for below {provider.path.rsplit('/', 1)[0]}"
    if provider.path in {"/usr/lib", "/usr/lib64"}:
        return None if target.rstrip("/").endswith(("/lib", "/lib64")) else f"{target} is not a directory of libraries"
    if not re.search(r"/lib_?rknn[^/]*\.so[^/]*$", target):
        return f"{target} is not a library"
    stored = STORE_PATH.match(target)
    if stored:
        return _misled_in_store(facts, stored["root"], stored["rest"] or "", target)
    if target.startswith("/run/current-system/sw/"):
        if not {"/", "/lib"} & set(facts.configuration.paths_to_link):
            return "environment.pathsToLink has no /lib: the profile has no libraries"
        return None if any(map(is_runtime, installed(facts))) else "no package in environment.systemPackages has it"
    if target.startswith("/run/opengl-driver/"):
        packages = facts.configuration.graphics_packages
        carried = any(is_runtime(inner) for one in packages for inner in one.walk())
        return None if carried else "no package in hardware.graphics.extraPackages has it"
    return f"nothing of this configuration makes {target}" if target.startswith("/usr/") else None


def _misled_in_store(facts: Facts, root: str, rest: str, target: str) -> str | None:
    packages = {inner.out_path: inner for package in facts.configuration.packages() for inner in package.walk()}
    package = packages.get(root)
    if package and is_toolkit(package):
        return f"{package.name} is the Python API, not the runtime"
    if package and not is_runtime(package) and not package.members and package.phases:
        return f"{package.name} does not carry the library"
    absent = _not_installed(facts, root, rest)
    if absent:
        return absent
    if not re.match(r"/lib(64|exec|/aarch64-linux-gnu)?/", rest):
        return f"libraries are below lib/, seen {rest}"
    text = "".join(package.phases.values()) if package else ""
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


@CONFIGURATION_CHECKS.check(
    "python.link-follows-the-package",
    stage="python",
    title="the link follows when the package changes",
    remedy="Use L+ in tmpfiles, or ln -sfn without asking whether the link is there already.",
    stacks=("vendor",),
)
def link_follows(facts: Facts) -> Answer:
    """A link made once points to the old store path until garbage collection, and to nothing after it."""
    made = [one for one in providers(facts) if _useful(one)]
    if not made:
        return skipped("the subject makes no such link")
    # A stable name inside the system profile moves along by itself.
    stale = [one for one in made if not one.replaces and not one.target.startswith("/run/")]
    if stale:
        shown = (Evidence(one.where, one.text) for one in stale)
        return failed("once made, the link stays as it is: the next version of the package is not used", *shown)
    return passed("a link that is there already is replaced")


@CONFIGURATION_CHECKS.check(
    "python.link-directory-is-made",
    stage="python",
    title="the link's directory exists when it is made",
    remedy="Make it first: mkdir -p /usr/lib. NixOS has no /usr/lib of its own.",
    stacks=("vendor",),
)
def link_directory(facts: Facts) -> Answer:
    """`ln: failed to create symbolic link '/usr/lib/…': No such file or directory`."""
    made = [one for one in providers(facts) if _useful(one) and one.path not in {"/usr/lib", "/usr/lib64"}]
    if not made:
        return skipped("the subject makes no such link")
    homeless = [one for one in made if not one.makes_folder]
    if homeless and not any(one.makes_folder for one in made if one not in homeless):
        shown = (Evidence(one.where, one.text) for one in homeless)
        return failed("on NixOS there is no such directory, and nothing here makes it", *shown)
    return passed("the directory is made")


@CONFIGURATION_CHECKS.check(
    "python.package-can-be-imported",
    stage="python",
    title="an installed Python API can be imported",
    remedy="Install an interpreter that has it: python312.withPackages (ps: [ rknn-toolkit-lite2 ]).",
    stacks=("vendor",),
)
def can_be_imported(facts: Facts) -> Answer:
    """NixOS's python3 looks into its own environment only; a bare library in systemPackages is not on its path."""
    system = facts.configuration.system_packages
    bare = [package for package in system if is_toolkit(package)]
    composed = [inner for package in system for inner in package.walk() if inner is not package and is_toolkit(inner)]
    if bare and not composed:
        used = [one for unit in part(facts).units.values() for one in unit.path if any(map(is_toolkit, one.walk()))]
        paths = [name for name in ("PYTHONPATH", "NIX_PYTHONPATH") if name in facts.configuration.variables]
        if not used and not paths:
            shown = (Evidence("environment.systemPackages", package.name) for package in bare)
            return failed("`import rknnlite` fails: no interpreter has it on its path", *shown)
    if not toolkit_packages(facts):
        return skipped("the subject does not install the Python API")
    return passed("an interpreter has it on its path")
