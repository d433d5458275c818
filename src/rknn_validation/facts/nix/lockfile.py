"""The lock file of a flake: which inputs there are, and where each comes from."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from rknn_validation.common.deadline import Deadline
from rknn_validation.common.errors import HarnessError
from rknn_validation.common.process import run, tool
from rknn_validation.facts.nix.sources import last_error


def read_lock(directory: Path) -> dict[str, Any]:
    """The lock file; without one, the graph that `inputs` of flake.nix draw, none of it locked."""
    file = directory / "flake.lock"
    if not file.is_file():
        return _unlocked(directory)
    try:
        lock = json.loads(file.read_text(encoding="utf-8"))
        lock["nodes"][lock["root"]]
    except (ValueError, KeyError, TypeError) as error:
        raise HarnessError(
            f"{file} cannot be read", expected="a lock file as Nix writes it", seen=f"{type(error).__name__}: {error}"
        ) from error
    if lock.get("version") not in (5, 6, 7):
        raise HarnessError(f"{file} cannot be read", expected="version 5, 6 or 7", seen=str(lock.get("version")))
    return dict(lock)


def _unlocked(directory: Path) -> dict[str, Any]:
    """What a lock file would say, as far as flake.nix itself says it."""
    nodes: dict[str, Any] = {"root": {"inputs": {}}}
    _add_unlocked(nodes, "root", directory, depth=0)
    return {"root": "root", "version": 7, "nodes": nodes}


def _add_unlocked(nodes: dict[str, Any], key: str, directory: Path, depth: int) -> None:
    for name, given in _inputs(directory).items():
        if given.get("follows"):
            nodes[key]["inputs"][name] = given["follows"].split("/")
            continue
        url = given.get("url") or ""
        inner = name if key == "root" else f"{key}.{name}"
        inner = inner if inner not in nodes else f"{inner}.input"
        nodes[key]["inputs"][name] = inner
        original = _original(url, name)
        nodes[inner] = {"original": original, "locked": original, "flake": given.get("flake", True), "inputs": {}}
        if original["type"] == "path" and depth < 4:
            place = (directory / original["path"]).resolve()
            original["path"] = str(place)
            if (place / "flake.nix").is_file() and nodes[inner]["flake"]:
                _add_unlocked(nodes, inner, place, depth + 1)


_INPUTS = """
let
  inputs = (import PATH).inputs or { };
  one = value:
    (if builtins.isString (value.url or null) then { inherit (value) url; } else { })
    // (if builtins.isString (value.follows or null) then { inherit (value) follows; } else { })
    // { flake = value.flake or true; };
in
builtins.mapAttrs (_: one) inputs
"""


def _inputs(directory: Path) -> dict[str, dict[str, Any]]:
    """`inputs` of a flake.nix. Raises HarnessError where Nix cannot read it."""
    program = tool("nix-instantiate", "install Nix (Debian: nix-bin), or run make validate, which does")
    file = directory / "flake.nix"
    expression = _INPUTS.replace("PATH", json.dumps(str(file)))
    command = [program, "--eval", "--strict", "--json", "--store", "dummy://", "--expr", expression]
    done = run(command, deadline=Deadline.after(60, f"Nix to read {file}"))
    if done.returncode != 0:
        raise HarnessError(f"{file} cannot be read", expected="a flake", seen=last_error(done.stderr))
    return dict(json.loads(done.stdout))


def _original(url: str, name: str) -> dict[str, Any]:
    scheme, _, rest = url.partition(":")
    path = rest.partition("?")[0]
    if scheme == "path" or url.startswith((".", "/")):
        return {"type": "path", "path": path if scheme == "path" else url.partition("?")[0]}
    if scheme in ("github", "gitlab", "sourcehut"):
        owner, _, repository = path.partition("/")
        return {"type": scheme, "owner": owner, "repo": repository.partition("/")[0], "url": url}
    if not url or scheme == "flake" or not rest:
        return {"type": "indirect", "id": path.partition("/")[0] or url or name, "url": url}
    return {"type": "git" if "git" in scheme else "tarball", "url": url}
