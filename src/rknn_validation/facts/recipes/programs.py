"""Which programs a subject's packages have, as far as their files show it before a build."""

from __future__ import annotations

import tomllib

from rknn_validation.facts.library.packages import STORE_PATH
from rknn_validation.facts.model import Facts, derived
from rknn_validation.facts.nix.syntax import Apply, Attributes, function_name
from rknn_validation.facts.nix.syntax import Path as NixPath
from rknn_validation.facts.recipes.installs import install_result
from rknn_validation.facts.recipes.nixfiles import nix_files
from rknn_validation.facts.recipes.recipes import Recipe, recipes

__all__ = ["STORE_PATH", "folders", "programs"]
_SCRIPT_BUILDERS = frozenset(
    {
        *("writeShellApplication", "writeShellScriptBin", "writeScriptBin", "writePython3Bin", "writeBashBin"),
        *("writeDashBin",),
    }
)
"""Their packages have one program, of the package's name."""
_FOLDER_BUILDERS = _SCRIPT_BUILDERS | frozenset(
    ["mkDerivation", "buildGoModule", "buildPythonApplication", "buildRustPackage", "symlinkJoin"]
)


def _made_by(facts: Facts, builders: frozenset[str]) -> frozenset[str]:
    """Names under which the subject's files make packages with these functions, and no script of that name."""
    names, scripts = set(), set()
    for tree in nix_files(facts):
        for node in tree.tree.walk():
            if isinstance(node, Apply) and function_name(node) in builders:
                given = node.argument.get("name") if isinstance(node.argument, Attributes) else node.argument
                names.add(tree.text(given) or "")
            elif isinstance(node, Apply) and (function_name(node) or "").startswith("write"):
                scripts.add(tree.text(node.argument) or "")
    return frozenset(names - scripts - {""})


@derived
def folders(facts: Facts) -> frozenset[str]:
    """Names of packages that are folders with a bin, and no programs themselves."""
    return _made_by(facts, _FOLDER_BUILDERS)


@derived
def programs(facts: Facts) -> dict[str, frozenset[str]]:
    """The programs of the packages whose programs are all known, by the name and version in the store path."""
    found = {name: frozenset({name}) for name in _made_by(facts, _SCRIPT_BUILDERS)}
    for recipe in recipes(facts):
        version = recipe.text("version")
        if has := _programs(recipe):
            found[f"{recipe.name}-{version}" if version else recipe.name] = has
    return found


def _programs(recipe: Recipe) -> frozenset[str]:
    """What a recipe certainly installs into bin, if that is certainly all."""
    if recipe.is_python:
        return _entry_points(recipe)
    done = install_result(recipe)
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
