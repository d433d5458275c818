"""The model beside a running QEMU: stores to the NPU's registers are trapped, done here, and acted upon."""

from __future__ import annotations

import re
import select
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

from rknn_validation.common.errors import MachineError
from rknn_validation.npumodel import arm64, cores, iommu
from rknn_validation.npumodel.cores import Core
from rknn_validation.npumodel.gdbstub import Gdbstub
from rknn_validation.npumodel.memory import PAGE, Memory, word

LOOK_SECONDS = 0.02
"""How often the guest's page tables are looked through until every page of registers is mapped."""
LINUX = 512 * 1024**2
"""Bytes of RAM that Linux is given."""

Handler = Callable[[int], None]


class Interrupts:
    """The lines into the guest's interrupt controller, set by way of QEMU's qtest protocol."""

    def __init__(self, connection: socket.socket, controller: str) -> None:
        """`controller` is the QOM path of the GIC."""
        self._socket = connection
        self._controller = controller
        self._levels: dict[int, bool] = {}

    def set(self, line: int, level: bool) -> None:
        """Set the level of a shared peripheral interrupt."""
        if self._levels.get(line) == level:
            return
        self._levels[line] = level
        self._socket.sendall(f"set_irq_in {self._controller} unnamed-gpio-in {line} {int(level)}\n".encode())
        answer = b""
        while not answer.endswith(b"\n"):
            data = self._socket.recv(4096)
            if not data:
                raise MachineError("QEMU's qtest connection ended", expected="OK", seen="nothing")
            answer += data
        if not answer.splitlines()[-1].startswith(b"OK"):
            raise MachineError("QEMU does not set an interrupt", expected="OK", seen=answer.decode().strip())


@dataclass
class Traps:
    """The loop. `mapped` holds the kernel's virtual addresses of register pages, by physical address."""

    memory: Memory
    gdb: Gdbstub
    interrupts: Interrupts
    cores: Sequence[Core]
    handlers: dict[int, Handler] = field(default_factory=dict)
    """What a store to a further register (by physical address) does."""
    mapped: dict[int, int] = field(default_factory=dict)
    stops: int = 0

    def __post_init__(self) -> None:
        for core in self.cores:
            for offset in (cores.OPERATION_ENABLE, cores.MASK, cores.CLEAR):
                self.handlers[core.addresses.registers + offset] = partial(core.store, offset)
            for bank in core.iommu.banks:
                self.handlers[bank + iommu.COMMAND] = partial(core.iommu.command, bank)
                self.handlers[bank + iommu.CLEAR] = partial(core.iommu.clear, bank)
        self._pages = {address & ~(PAGE - 1) for address in self.handlers}
        self._watched: dict[int, int] = {}

    def run(self, wake: int, attend: Callable[[], bool]) -> None:
        """Serve until QEMU ends (Gone) or `attend` says so.

        `attend` is called when the descriptor `wake` is readable; false ends the loop. The guest is stopped before and
        after.
        """
        for page, virtual in self.mapped.items():
            self._arm(page, virtual)
        self.gdb.resume()
        while True:
            waiting = LOOK_SECONDS if len(self.mapped) < len(self._pages) else None
            why = self._next(wake, attend, waiting)
            if why == "":
                self.gdb.interrupt()
                return
            if why is None:
                why = self.gdb.interrupt()
            if why[:1] in ("W", "X"):
                return
            hit = re.search(r"watch:([0-9a-f]+)", why)
            if hit:
                self._store(int(hit[1], 16))
            if waiting:
                self._look()
            self.gdb.resume()

    def _next(self, wake: int, attend: Callable[[], bool], waiting: float | None) -> str | None:
        """Why the guest stopped; None after `waiting` seconds; empty to end the loop."""
        while True:
            why = self.gdb.stopped()
            if why is not None:
                return why
            ready, _, _ = select.select([self.gdb.fileno(), wake], [], [], waiting)
            if not ready:
                return None
            if wake in ready and not attend():
                return ""
            if self.gdb.fileno() in ready:
                self.gdb.receive()

    def _store(self, virtual: int) -> None:
        """Do the store that the guest is about to do, and what it sets off."""
        self.stops += 1
        physical = self._watched[virtual]
        general = self.gdb.general()
        counter = general[32]
        store = arm64.decode_store(self.gdb.instruction(counter))
        if store:
            value = 0 if store.register == 31 else general[store.register] & 0xFFFF_FFFF
            self.gdb.skip_to(counter + 4)
        else:
            self.gdb.watch(virtual, on=False)
            self.gdb.step()
            self.gdb.watch(virtual)
            value = word(self.memory, physical)
        self.handlers[physical](value)
        for core in self.cores:
            self.interrupts.set(core.addresses.interrupt, core.line())

    def _look(self) -> None:
        """Watch what the kernel has mapped by now."""
        table = self.gdb.system("TTBR1_EL1")
        if not table:
            return
        missing = self._pages - set(self.mapped)
        found = arm64.kernel_pages(self.memory, table, self.gdb.system("TCR_EL1"), missing, LINUX)
        for page, virtual in found.items():
            self.mapped[page] = virtual
            self._arm(page, virtual)

    def _arm(self, page: int, virtual: int) -> None:
        for address in self.handlers:
            if address & ~(PAGE - 1) == page:
                self._watched[virtual | address & (PAGE - 1)] = address
                self.gdb.watch(virtual | address & (PAGE - 1))
