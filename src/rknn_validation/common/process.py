"""Runs helper processes that cannot outlive the harness, a deadline or their share of memory."""

from __future__ import annotations

import ctypes
import errno
import os
import resource
import shutil
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rknn_validation.common.deadline import Deadline
from rknn_validation.common.errors import MachineError, MissingToolError

PR_SET_PDEATHSIG = 1
SETUP = "run ./setup.sh, or enter `nix develop`"
ADMINISTRATORS = "/usr/sbin:/sbin"
"""Where Debian has programs that are not on the PATH of ordinary users."""
_LIBC = ctypes.CDLL(None, use_errno=True)


def tool(name: str, hint: str = SETUP) -> str:
    """The path of a program on PATH, or among the administrator's. Raises MissingToolError with `hint`."""
    found = shutil.which(name) or shutil.which(name, path=ADMINISTRATORS)
    if found is None:
        seen = f"not on PATH ({os.environ.get('PATH', '')})"
        raise MissingToolError(f"{name} is missing", expected=f"{name} on PATH", seen=seen, hint=hint)
    return found


def run(
    command: Sequence[str],
    *,
    deadline: Deadline,
    stdin: bytes = b"",
    memory: int | None = None,
    environment: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run a program to its end and capture its output. `memory` limits its address space, in bytes.

    Raises DeadlineExceeded.
    """
    done = _finished(command, stdin, deadline, memory, environment, cwd)
    output, errors = (text.decode(errors="replace") for text in (done.stdout, done.stderr))
    return subprocess.CompletedProcess(command, done.returncode, output, errors)


def output(
    arguments: Sequence[str | Path],
    deadline: Deadline,
    *,
    stdin: bytes = b"",
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
) -> bytes:
    """Standard output of a program that must succeed.

    Raises MachineError with the end of its standard error when it does not, OSError(ENOSPC) when it met a
    full disk, DeadlineExceeded when it takes too long, MissingToolError when there is no such program.
    """
    command = [tool(str(arguments[0])), *map(str, arguments[1:])]
    done = _finished(command, stdin, deadline, None, {"LC_ALL": "C.UTF-8", **(env or {})}, cwd)
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


def start(command: Sequence[str], *, memory: int | None = None, **more: Any) -> subprocess.Popen[bytes]:
    """Start a program in a session of its own, which the kernel kills when the harness dies.

    `more` are Popen's. Ctrl-C waits meanwhile: Python drops an exception that is raised in its callbacks around a fork.
    """
    parent, process = os.getpid(), None
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})

    def prepare() -> None:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        _LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)
        if memory is not None:
            resource.setrlimit(resource.RLIMIT_AS, (memory, memory))

    try:
        try:
            process = subprocess.Popen(command, start_new_session=True, preexec_fn=prepare, **more)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
    except BaseException:
        if process is not None:
            process.kill()
            process.wait()
        raise
    return process


def _finished(
    command: Sequence[str],
    stdin: bytes,
    deadline: Deadline,
    memory: int | None,
    environment: Mapping[str, str] | None,
    cwd: Path | None,
) -> subprocess.CompletedProcess[bytes]:
    """The process leads a group of its own, which is killed when the deadline passes or the harness is interrupted,
    and by the kernel when the harness dies.
    """
    with start(
        command,
        memory=memory,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=None if environment is None else {**os.environ, **environment},
        cwd=cwd,
    ) as process:
        try:
            seen, errors = process.communicate(stdin, timeout=deadline.remaining())
        except subprocess.TimeoutExpired as late:
            raise deadline.exceeded(f"{Path(command[0]).name} was still running") from late
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
    return subprocess.CompletedProcess(command, process.returncode, seen, errors)
