"""Runs helper processes that cannot outlive the harness, a deadline or their share of memory."""

from __future__ import annotations

import ctypes
import os
import resource
import shutil
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from rknn_validation.deadline import Deadline
from rknn_validation.errors import MissingToolError

PR_SET_PDEATHSIG = 1
SCRATCH = f"rknn-validation-{os.getpid()}-"
"""How scratch folders of this process are called, so that one that was shot is swept up after."""
_LIBC = ctypes.CDLL(None, use_errno=True)


def tool(name: str, hint: str) -> str:
    """The path of a program on PATH. Raises MissingToolError with `hint` when there is none."""
    found = shutil.which(name)
    if found is None:
        seen = f"not on PATH ({os.environ.get('PATH', '')})"
        raise MissingToolError(f"{name} is needed", expected=f"{name} on PATH", seen=seen, hint=hint)
    return found


def run(
    command: Sequence[str],
    *,
    deadline: Deadline,
    memory: int | None = None,
    environment: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run a program to its end and capture its output.

    The process leads a group of its own, which is killed when the deadline passes or the harness is
    interrupted, and by the kernel when the harness dies. `memory` limits its address space, in bytes.
    Raises DeadlineExceeded.
    """
    parent = os.getpid()

    def prepare() -> None:
        _LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)
        if memory is not None:
            resource.setrlimit(resource.RLIMIT_AS, (memory, memory))

    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        start_new_session=True,
        preexec_fn=prepare,
        env=None if environment is None else {**os.environ, **environment},
        cwd=cwd,
    ) as process:
        try:
            output, errors = process.communicate(timeout=deadline.remaining())
        except subprocess.TimeoutExpired as late:
            raise deadline.exceeded(f"{Path(command[0]).name} was still running") from late
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
    return subprocess.CompletedProcess(command, process.returncode, output, errors)
