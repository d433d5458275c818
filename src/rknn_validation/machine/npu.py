"""The NPU of an emulated board: owns the process that models it, see `npumodel`."""

from __future__ import annotations

import contextlib
import json
import os
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import rknn_validation
from rknn_validation.common.deadline import Deadline
from rknn_validation.common.errors import MachineError
from rknn_validation.machine.qemu import RAM_WITH_NPU, Nursery, Qemu

SOURCE = Path(rknn_validation.__file__).parents[1]
GIC = ("child<arm_gic>", "child<arm-gicv3>", "child<kvm-arm-gic>")


class Npu:
    """The model beside one QEMU; a context manager. Leaving it stops the guest, unless QEMU has ended before."""

    def __init__(self, process: subprocess.Popen[bytes], control: socket.socket, log: Path) -> None:
        self.events: list[dict[str, Any]] = []
        """Jobs, layers, interrupts and complaints, in order."""
        self._process = process
        self._control = control
        self._log = log
        self._news = threading.Condition()
        self._reader = threading.Thread(target=self._read, name="npu", daemon=True)
        self._reader.start()

    @classmethod
    def start(
        cls,
        nursery: Nursery,
        qemu: Qemu,
        memory: int,
        deadline: Deadline,
        *,
        start: int | None = None,
        mapped: Mapping[str, int] | None = None,
    ) -> Npu:
        """Attach to a QEMU that waits, and let it run.

        `memory` is a descriptor of its memory (with `start`, of the process's), `mapped` what a snapshot knows.
        """
        ours, theirs = socket.socketpair()
        log = qemu.directory / "npu.log"
        gdb, qtest = qemu.npu_sockets
        configuration = {
            "size": RAM_WITH_NPU,
            "memory": memory,
            "start": start,
            "mapped": mapped,
            "gdb": gdb.fileno(),
            "qtest": qtest.fileno(),
            "control": theirs.fileno(),
            "controller": _interrupt_controller(qemu, deadline),
        }
        python = ("env", f"PYTHONPATH={SOURCE}", sys.executable, "-m", "rknn_validation.npumodel.process")
        inherited = (memory, gdb.fileno(), qtest.fileno(), theirs.fileno())
        try:
            process = nursery.start((*python, json.dumps(configuration)), inherited, log)
        finally:
            theirs.close()
        npu = cls(process, ours, log)
        # The model's ends alone are left, so that it sees QEMU's end.
        for end in (gdb, qtest):
            end.close()
        npu.wait("ready", deadline)
        return npu

    def ask(self, deadline: Deadline, **request: Any) -> dict[str, Any]:
        """Send a request (`faults`, or nothing); the model's state after it."""
        with self._news:
            before = len(self.events)
        self._control.sendall(json.dumps(request).encode() + b"\n")
        return self.wait("state", deadline, before)

    def wait(self, kind: str, deadline: Deadline, after: int = 0) -> dict[str, Any]:
        """The next event of a kind. Raises MachineError when the model ends first."""
        with self._news:
            while True:
                found = next((event for event in self.events[after:] if event["event"] == kind), None)
                if found is not None:
                    return found
                if self.events and self.events[-1]["event"] == "ended":
                    raise MachineError("the model of the NPU has ended", expected=kind, seen=self._last_words())
                if not self._news.wait(deadline.remaining()):
                    raise deadline.exceeded(f"no {kind} from the model of the NPU")

    def _last_words(self) -> str:
        failed = [str(event["text"]) for event in self.events if event["event"] == "failed"]
        log = self._log.read_text(errors="replace").strip().splitlines() if self._log.exists() else []
        return failed[-1] if failed else "\n".join(log[-5:]) or "nothing"

    def said(self, kind: str) -> Sequence[dict[str, Any]]:
        """The events of a kind so far."""
        with self._news:
            return [event for event in self.events if event["event"] == kind]

    def complaints(self) -> list[str]:
        """Why an answer of the board may not be its own: jobs that were refused, and the model's own end."""
        with self._news:
            return [str(event["text"]) for event in self.events if event["event"] in ("cannot", "failed", "ended")]

    def kill(self) -> None:
        """End the model at once, as a crash would."""
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        self._process.wait()

    def park(self, deadline: Deadline) -> dict[str, int]:
        """Stop the guest and end the model; what a restored machine's model has to know."""
        mapped = self.ask(deadline)["mapped"]
        self._control.shutdown(socket.SHUT_WR)
        self.wait("ended", deadline)
        return dict(mapped)

    def close(self) -> None:
        """End the process and its line."""
        self.kill()
        self._control.close()

    def __enter__(self) -> Npu:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _read(self) -> None:
        buffer = b""
        while True:
            try:
                data = self._control.recv(65536)
            except OSError:
                data = b""
            *lines, buffer = (buffer + data).split(b"\n")
            events = [{**json.loads(line), "at": time.monotonic()} for line in lines]
            with self._news:
                self.events += events
                if not data:
                    self.events.append({"event": "ended", "text": f"the NPU model has ended: {self._last_words()}"})
                self._news.notify_all()
            if not data:
                return


def _interrupt_controller(qemu: Qemu, deadline: Deadline) -> str:
    for child in qemu.qmp.execute("qom-list", deadline, path="/machine/unattached"):
        if child["type"] in GIC:
            return f"/machine/unattached/{child['name']}"
    raise MachineError("QEMU has no interrupt controller that is known", expected=", ".join(GIC), seen="none of them")


def private_memory(pid: int, name: str, size: int) -> tuple[int, int]:
    """A descriptor of a child's memory, and where it maps the file whose name ends with `name`.

    Raises LookupError when it maps no such file whole. The caller closes the descriptor.
    """
    start = _mapping(Path(f"/proc/{pid}/maps").read_text(), name, size)
    return os.open(f"/proc/{pid}/mem", os.O_RDWR | os.O_CLOEXEC), start


def _mapping(maps: str, name: str, size: int) -> int:
    for line in maps.splitlines():
        found = re.match(r"([0-9a-f]+)-([0-9a-f]+) rw\S* \S+ \S+ \S+\s*(.*)", line)
        if found and found[3].removesuffix(" (deleted)").endswith(name):
            start, end = int(found[1], 16), int(found[2], 16)
            if end - start >= size:
                return start
    raise LookupError(f"no mapping of {size} bytes of {name}")
