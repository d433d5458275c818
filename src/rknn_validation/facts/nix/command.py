"""How Nix is called: its programs, the options of every evaluation, and fetching."""

from __future__ import annotations

import json
import re
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from rknn_validation.common.deadline import Deadline
from rknn_validation.common.process import run, tool

HERE = Path(__file__).parent
STANDIN = HERE / "standin"
MEMORY_OF_NIXPKGS = 8 * 2**30
"""Address space of an evaluation with a real nixpkgs: an endless one ends here if not at its deadline."""
MEMORY_OF_FETCHING = 4 * 2**30
"""Address space of a Nix that fetches."""
ENVIRONMENT = {"NIX_PATH": "", "NIX_CONFIG": "build-users-group =", "TERM": "dumb"}
"""No search path, as in a flake; and no complaint about a build group, which evaluation does not need."""


def program(name: str = "nix-instantiate") -> str:
    """The path of one of Nix's programs. Raises MissingToolError."""
    return tool(name, "install Nix (Debian: nix-bin), or run make validate, which does")


def evaluate_file(
    expression: str,
    arguments: Mapping[str, str],
    options: Sequence[str] = (),
    *,
    deadline: Deadline,
    memory: int = MEMORY_OF_NIXPKGS,
    environment: Mapping[str, str] = ENVIRONMENT,
    build: bool = False,
) -> subprocess.CompletedProcess[str]:
    """Evaluate a file of `expression/`, applied to `arguments`, to JSON.

    Nothing is built but where `build` says so. Raises MissingToolError, DeadlineExceeded.
    """
    command = [program(), "--eval", "--strict", "--json", "--show-trace", *options]
    command += [] if build else ["--store", "dummy://", "--option", "allow-import-from-derivation", "false"]
    for name, value in arguments.items():
        command += ["--argstr", name, value]
    command.append(str(HERE / "expression" / expression))
    return run(command, deadline=deadline, memory=memory, environment=environment)


def json_file(data: object, folder: Path) -> str:
    """A new file in the folder that holds the data as JSON."""
    with tempfile.NamedTemporaryFile("w", dir=folder, suffix=".json", delete=False) as file:
        json.dump(data, file)
    return file.name


def fetch(kind: str, reference: str, deadline: Deadline, *, offline: bool = False) -> subprocess.CompletedProcess[str]:
    """`nix flake prefetch` or `nix flake metadata` of a reference, its answer as JSON. Raises DeadlineExceeded."""
    features = ("--extra-experimental-features", "nix-command flakes")
    quickly = ("--option", "connect-timeout", "5", "--option", "download-attempts", "1")
    command = [program("nix"), *features, "flake", kind, "--json", *quickly, reference]
    command += ["--no-write-lock-file"] if kind == "metadata" else []
    command += ["--offline"] if offline else []
    return run(command, deadline=deadline, memory=MEMORY_OF_FETCHING)


def last_error(text: str) -> str:
    """The error in what Nix wrote, in one line."""
    # Newer Nix puts its trace between the word and the error, which has the word again.
    errors = re.findall(r"(?m)^[ \t]*error:[ \t]*(\S.*)$", text)
    return errors[0] if errors else text.strip()[-300:]
