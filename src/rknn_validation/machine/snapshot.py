"""A settled board on disk, and copy-on-write clones of it."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rknn_validation.common.deadline import Deadline
from rknn_validation.common.errors import MachineError
from rknn_validation.common.workspace import workspace
from rknn_validation.machine import qemu
from rknn_validation.machine.boot import (
    CONSOLE_FILE,
    MEMORY_FILE,
    NONCE_FILE,
    NPU_FILE,
    STATE_FILE,
    enable_shared_memory,
)
from rknn_validation.machine.identity import Identity
from rknn_validation.machine.machine import Machine
from rknn_validation.machine.npu import Npu, private_memory
from rknn_validation.machine.qemu import Nursery, Qemu


@dataclass(frozen=True)
class Snapshot:
    """A booted board, ready to be cloned any number of times, also at once."""

    identity: Identity
    rootfs: Path
    directory: Path
    nursery: Nursery
    network: bool = False

    @contextlib.contextmanager
    def restore(self, deadline: Deadline) -> Iterator[Machine]:
        """A pristine running machine that ends with the context. Raises MachineError or DeadlineExceeded."""
        with workspace() as directory:
            # A clone's kernel is in its memory already; QEMU requires the option all the same.
            (directory / "no-kernel").write_bytes(bytes(64))
            memory, npu = str(self.directory / MEMORY_FILE), self.identity.modelled
            command = [
                *qemu.hardware(self.rootfs, memory, share=False, network=self.network, npu=npu),
                *("-kernel", str(directory / "no-kernel"), "-incoming", "defer"),
            ]
            with contextlib.ExitStack() as stack:
                process = stack.enter_context(Qemu.start(self.nursery, command, directory, [], deadline))
                machine = Machine(process, self.identity.name, self.boot_log())
                stack.callback(machine.close)
                self._load(process, deadline)
                if npu:
                    machine.npu = stack.enter_context(self._attach(process, deadline))
                else:
                    process.qmp.execute("cont", deadline)
                self._prove(machine, deadline)
                yield machine

    def _attach(self, process: Qemu, deadline: Deadline) -> Npu:
        descriptor, start = private_memory(process.process.pid, f"/{MEMORY_FILE}", qemu.RAM_WITH_NPU)
        try:
            mapped = json.loads((self.directory / NPU_FILE).read_text())
            return Npu.start(self.nursery, process, descriptor, deadline, start=start, mapped=mapped)
        finally:
            os.close(descriptor)

    def boot_log(self) -> str:
        """What the serial console said while the board booted."""
        return (self.directory / CONSOLE_FILE).read_text()

    def _load(self, process: Qemu, deadline: Deadline) -> None:
        enable_shared_memory(process, deadline)
        with (self.directory / STATE_FILE).open("rb") as state:
            process.qmp.execute("getfd", deadline, descriptor=state.fileno(), fdname="state")
            process.qmp.execute("migrate-incoming", deadline, uri="fd:state")
            process.qmp.migrated(deadline)

    def _prove(self, machine: Machine, deadline: Deadline) -> None:
        """The nonce was drawn in the booted machine and is nowhere but in its memory."""
        nonce = machine.wake(deadline)
        expected = (self.directory / NONCE_FILE).read_bytes()
        if nonce != expected:
            raise MachineError(
                f"{machine.name} is not the machine that was saved",
                expected=f"nonce {expected.hex()}",
                seen=nonce.hex(),
                hint="remove it with `rknn-validate cache remove snapshots`, and try again",
            )
