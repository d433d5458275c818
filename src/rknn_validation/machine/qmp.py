"""The QEMU Machine Protocol: commands and events as lines of JSON over a connected socket (docs/interop/qmp-spec)."""

from __future__ import annotations

import json
import socket
from typing import Any

from rknn_validation.common.deadline import Deadline
from rknn_validation.common.errors import MachineError


class Qmp:
    """A session with one QEMU."""

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        self._buffer = b""
        self._events: list[dict[str, Any]] = []

    def greet(self, deadline: Deadline) -> None:
        """Read the greeting and leave negotiation mode."""
        self._message(deadline)
        self.execute("qmp_capabilities", deadline)

    def execute(self, command: str, deadline: Deadline, *, descriptor: int | None = None, **arguments: Any) -> Any:
        """Run a command and return its result; `descriptor` goes along as ancillary data. Raises MachineError."""
        line = json.dumps({"execute": command, "arguments": arguments}).encode() + b"\n"
        try:
            socket.send_fds(self._socket, [line], [] if descriptor is None else [descriptor])
        except OSError as problem:
            raise MachineError(f"QEMU is gone, {command} could not be sent", seen=str(problem)) from problem
        while True:
            message = self._message(deadline)
            if "event" in message:
                self._events.append(message)
            elif "error" in message:
                raise MachineError(f"QEMU refused {command}", expected="success", seen=message["error"]["desc"])
            elif "return" in message:
                return message["return"]

    def migrated(self, deadline: Deadline) -> None:
        """Wait for a migration (saving or restoring a state) to complete. Raises MachineError when it fails."""
        while True:
            event = self._events.pop(0) if self._events else self._message(deadline)
            if event.get("event") != "MIGRATION":
                continue
            status = event["data"]["status"]
            if status == "completed":
                return
            if status == "failed":
                raise MachineError("QEMU could not save or load a machine's state", expected="completed", seen=status)

    def _message(self, deadline: Deadline) -> dict[str, Any]:
        while b"\n" not in self._buffer:
            self._socket.settimeout(deadline.remaining())
            try:
                data = self._socket.recv(65536)
            except TimeoutError as problem:
                raise deadline.exceeded("no answer from QEMU") from problem
            except ConnectionError:
                data = b""
            if not data:
                raise MachineError("QEMU ended unexpectedly", expected="an answer on its control socket")
            self._buffer += data
        line, _, self._buffer = self._buffer.partition(b"\n")
        message: dict[str, Any] = json.loads(line)
        return message
