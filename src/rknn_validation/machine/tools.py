"""Running the host's programs: found or named as missing, bounded in time, their complaints kept."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from rknn_validation.deadline import Deadline
from rknn_validation.errors import MachineError, MissingToolError

HINT = "run ./setup.sh, or enter `nix develop`"

ADMINISTRATORS = "/usr/sbin:/sbin"
"""Where programs are that an ordinary user of Debian has not on PATH."""


def find(name: str) -> str:
    """The path of a program. Raises MissingToolError when it is neither on PATH nor among the administrator's."""
    found = shutil.which(name) or shutil.which(name, path=ADMINISTRATORS)
    if found is None:
        raise MissingToolError(f"{name} is missing", expected=f"{name} on PATH", seen="no such program", hint=HINT)
    return found


def run(
    arguments: Sequence[str | Path],
    deadline: Deadline,
    *,
    stdin: bytes = b"",
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
) -> bytes:
    """Standard output of a program that must succeed.

    Raises MachineError with the end of its standard error when it does not, OSError(ENOSPC) when it met a
    full disk, DeadlineExceeded when it takes too long (it is killed then).
    """
    command = [find(str(arguments[0])), *map(str, arguments[1:])]
    environment = {**os.environ, "LC_ALL": "C.UTF-8", **(env or {})}
    try:
        done = subprocess.run(
            command, input=stdin, capture_output=True, cwd=cwd, env=environment, timeout=deadline.remaining()
        )
    except subprocess.TimeoutExpired as problem:
        raise deadline.exceeded(f"{arguments[0]} still running") from problem
    if done.returncode != 0:
        complaint = done.stderr.decode(errors="replace").strip()
        if os.strerror(errno.ENOSPC) in complaint:
            raise OSError(errno.ENOSPC, complaint)
        shown = " ".join(command)
        raise MachineError(
            f"{arguments[0]} failed",
            expected=f"exit status 0 of {shown[:300]}{'…' if len(shown) > 300 else ''}",
            seen=f"exit status {done.returncode}: {complaint[-2000:] or 'no message'}",
        )
    return done.stdout


def unpack(deb: Path, root: Path, deadline: Deadline, exclude: Sequence[str] = ()) -> None:
    """Unpack a Debian package below `root`, without running any of its scripts."""
    # Not `dpkg-deb --extract`, which replaces the links of a merged /usr by directories.
    archive = run(["dpkg-deb", "--fsys-tarfile", deb], deadline)
    keep = ("--extract", "--preserve-permissions", "--no-same-owner", "--keep-directory-symlink")
    run(["tar", *keep, *(f"--exclude={name}" for name in exclude), "--directory", root], deadline, stdin=archive)
