"""An emulated board that runs: commands in, results out, and what its console said."""

from __future__ import annotations

import socket
import threading
from pathlib import Path
from typing import Any

from rknn_validation.common.command import Completed, quoted, still_running
from rknn_validation.common.deadline import Deadline
from rknn_validation.common.errors import DeadlineExceeded, MachineError
from rknn_validation.machine.agent import Gone, Killed
from rknn_validation.machine.npu import Npu
from rknn_validation.machine.qemu import NETDEV, Qemu

COMMAND_SECONDS = 60.0
"""Deadline of a command that was given none."""
TAIL_LINES = 15

__all__ = ["COMMAND_SECONDS", "Completed", "Machine"]


class Machine:
    """A running board. It runs one command at a time; other threads wait."""

    def __init__(self, qemu: Qemu, name: str, boot_log: str = "") -> None:
        self.name = name
        self._qemu = qemu
        self._turn = threading.Lock()
        self._boot_log = boot_log
        self._final_log: str | None = None
        self.npu: Npu | None = None
        """The model of its NPU, where it has one."""

    def run(self, command: str, *, stdin: bytes = b"", deadline: Deadline | None = None) -> Completed:
        """Run a command as root with bash, in a fixed environment, and return what came of it.

        Raises DeadlineExceeded when it takes too long (it is killed in the guest then), MachineError when the
        machine dies; both name the reason as far as it is known.
        """
        deadline = deadline or Deadline.after(COMMAND_SECONDS, f"{quoted(command)} on {self.name}")
        with self._turn:
            try:
                return self._qemu.agent.run(command, stdin, deadline)
            except Killed as killed:
                raise deadline.exceeded(still_running(killed.partial)) from killed
            except DeadlineExceeded as problem:
                seen = f"a machine that no longer answers; its console ends with:\n{self._tail()}"
                raise deadline.exceeded(seen) from problem
            except Gone as problem:
                raise self.ended(f"running {quoted(command)}") from problem

    def wake(self, deadline: Deadline) -> bytes:
        """Wait for the agent, set the guest's clock, and return its nonce."""
        with self._turn:
            try:
                return self._qemu.agent.wake(deadline)
            except DeadlineExceeded as problem:
                raise deadline.exceeded(f"a console that ends with:\n{self._tail()}") from problem
            except Gone as problem:
                raise self.ended("waiting for its agent") from problem

    def forward(self, port: int, deadline: Deadline) -> int:
        """Forward a new port on this computer's loopback to one of the guest (10.0.2.15); for boards with a network."""
        with socket.create_server(("127.0.0.1", 0)) as free:
            own = int(free.getsockname()[1])
        line = f"hostfwd_add {NETDEV} tcp:127.0.0.1:{own}-:{port}"
        arguments: dict[str, Any] = {"command-line": line}
        said = self._qemu.qmp.execute("human-monitor-command", deadline, **arguments)
        if said:
            raise MachineError(f"port {port} of {self.name} cannot be forwarded", expected=line, seen=str(said).strip())
        return own

    def ended(self, when: str) -> MachineError:
        """The error for a machine that has ended, with the reason that its console or QEMU gives."""
        status = self._qemu.process.wait()
        log = self.console_log()
        why = "its kernel panicked" if "Kernel panic" in log else f"QEMU ended with status {status}"
        messages = _read(self._qemu.directory / "qemu.log").strip()
        return MachineError(
            f"{self.name} died while {when}",
            expected="a machine that goes on running",
            seen=f"{why}; its console ends with:\n{self._tail()}" + (f"\n    QEMU: {messages}" if messages else ""),
        )

    @property
    def alive(self) -> bool:
        """Whether QEMU runs (which says nothing about the guest)."""
        return self._qemu.alive

    @property
    def pid(self) -> int:
        """The process identifier of QEMU."""
        return self._qemu.process.pid

    def console_log(self) -> str:
        """The output of the serial console since the first boot; it is kept after the machine has ended."""
        if self._final_log is not None:
            return self._final_log
        return self._boot_log + _read(self._qemu.directory / "console.log")

    def close(self) -> None:
        """End the machine, and keep its log, whose file is removed."""
        self._qemu.kill()
        self._final_log = self.console_log()

    def kill(self) -> None:
        """End the machine at once, as a power cut does."""
        self._qemu.kill()

    def _tail(self) -> str:
        lines = [line for line in self.console_log().splitlines() if line.strip()]
        panic = next((number for number, line in enumerate(lines) if "Kernel panic" in line), len(lines))
        lines = lines[: panic + 1]  # what follows is a stack trace
        return "\n".join(f"    {line}" for line in lines[-TAIL_LINES:]) or "    (nothing)"


def _read(path: Path) -> str:
    return path.read_bytes().decode(errors="replace").replace("\r", "") if path.exists() else ""
