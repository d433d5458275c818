"""The process that runs the model beside one QEMU: `python -m rknn_validation.npumodel.process CONFIGURATION`.

Its configuration is JSON, see `main`. A socket carries lines of JSON both ways: requests (`{"faults": {...}}`, `{}` for
the model's state) and events. Where the other end closes it, the process stops the guest and ends.
"""

from __future__ import annotations

import json
import socket
import sys
from collections.abc import Mapping
from typing import Any

from rknn_validation.common.errors import HarnessError
from rknn_validation.npumodel.cores import Faults, cores
from rknn_validation.npumodel.gdbstub import Gdbstub, Gone
from rknn_validation.npumodel.memory import Memory, ProcessMemory, SharedMemory
from rknn_validation.npumodel.traps import Interrupts, Traps


class Control:
    """The line to the process that owns the machine."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self._buffer = b""

    def report(self, event: Mapping[str, Any]) -> None:
        """Send one event."""
        self.connection.sendall(json.dumps(event).encode() + b"\n")

    def requests(self) -> list[Any] | None:
        """What has been asked for; None at the end. Blocks until there is something."""
        data = self.connection.recv(65536)
        if not data:
            return None
        *lines, self._buffer = (self._buffer + data).split(b"\n")
        return [json.loads(line) for line in lines]


def main(configuration: Mapping[str, Any]) -> int:
    """Serve until QEMU or the owner ends.

    Keys: `size` (bytes of RAM), `memory` (descriptor of the shared file, or of the process's memory with `start`);
    `gdb`, `qtest` and `control` (descriptors of connected sockets); `controller` (QOM path of the GIC); `mapped` (of a
    snapshot; without it the machine has not started).
    """
    size, descriptor = configuration["size"], configuration["memory"]
    start = configuration.get("start")
    memory: Memory = SharedMemory(descriptor, size) if start is None else ProcessMemory(descriptor, start, size)
    control = Control(socket.socket(fileno=configuration["control"]))
    faults = Faults()
    npu = cores(memory, faults, control.report)
    try:
        gdb = Gdbstub(socket.socket(fileno=configuration["gdb"]))
        interrupts = Interrupts(socket.socket(fileno=configuration["qtest"]), configuration["controller"])
        mapped = configuration.get("mapped")
        if mapped is None:
            for core in npu:
                core.reset()
        known = {int(page): virtual for page, virtual in (mapped or {}).items()}
        traps = Traps(memory, gdb, interrupts, npu, mapped=known)

        def attend() -> bool:
            requests = control.requests()
            for request in requests or ():
                _set(faults, request.get("faults"))
                control.report({"event": "state", "mapped": traps.mapped, "stops": traps.stops})
            return requests is not None

        control.report({"event": "ready"})
        traps.run(control.connection.fileno(), attend)
    except Gone:
        return 0
    except HarnessError as error:
        control.report({"event": "failed", "text": str(error)})
        return 1
    return 0


def _set(faults: Faults, wanted: Mapping[str, Any] | None) -> None:
    if wanted is None:
        return
    faults.silent = set(wanted.get("silent", ()))
    faults.flip = wanted.get("flip", 0)
    faults.unmapped = wanted.get("unmapped", False)


if __name__ == "__main__":
    sys.exit(main(json.loads(sys.argv[1])))
