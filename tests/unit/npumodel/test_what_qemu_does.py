"""What the model of the NPU relies on in QEMU, seen with a guest of seven instructions; results name the release."""

from __future__ import annotations

import os
import socket
import struct
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from rknn_validation.common.deadline import Deadline
from rknn_validation.common.process import start, tool
from rknn_validation.machine import qemu
from rknn_validation.npumodel.arm64 import decode_store
from rknn_validation.npumodel.gdbstub import Gdbstub
from rknn_validation.npumodel.memory import BASE, SharedMemory, word
from rknn_validation.npumodel.traps import Interrupts

pytestmark = pytest.mark.integration

SIZE = 16 * 1024**2
CODE = BASE + 0x400000
"""Behind the device tree that QEMU puts at the start."""
REGISTER = BASE + 0x401000
GUEST = (
    0xD2A80000,  # mov x0, #0x40000000
    0x91500400,  # add x0, x0, #0x401000
    0x52824681,  # mov w1, #0x1234
    0xB9000001,  # str w1, [x0]
    0xB8004C01,  # str w1, [x0, #4]!
    0xD503201F,  # nop
    0x14000000,  # b .
)
STORE, UPDATING = CODE + 3 * 4, CODE + 4 * 4
LINE = 110
PENDING = 0x0800_0200 + (LINE + 32) // 32 * 4
"""GICD_ISPENDR of the line, in QEMU's `virt` machine."""
SECONDS = 20


class Guest:
    """A QEMU that waits at its first instruction."""

    def __init__(self, gdb: Gdbstub, qtest: socket.socket, memory: SharedMemory) -> None:
        self.gdb, self.qtest, self.memory = gdb, qtest, memory

    def until_stopped(self) -> str:
        self.gdb.resume()
        while (why := self.gdb.stopped()) is None:
            self.gdb.receive()
        return why


@pytest.fixture
def guest(tmp_path: Path, record_property: Callable[[str, object], None]) -> Iterator[Guest]:
    record_property("qemu", qemu.version(Deadline.after(SECONDS, "QEMU's version")))
    ram, code = tmp_path / "ram", tmp_path / "code"
    ram.touch()
    os.truncate(ram, SIZE)
    code.write_bytes(struct.pack(f"<{len(GUEST)}I", *GUEST))
    pairs = {name: socket.socketpair() for name in ("gdb", "qtest")}
    channels: list[str] = []
    for name, (ours, theirs) in pairs.items():
        ours.settimeout(SECONDS)
        channels += ["-chardev", f"socket,id={name},fd={theirs.fileno()}"]
    command = [
        *(tool(qemu.PROGRAM), *channels, "-machine", "virt,memory-backend=ram", "-cpu", "cortex-a76", "-m", "16M"),
        *("-nodefaults", "-display", "none", "-accel", "tcg", *qemu.NPU),
        *("-object", f"memory-backend-file,id=ram,size={SIZE},mem-path={ram},share=on"),
        *("-device", f"loader,file={code},addr={CODE:#x},force-raw=on", "-device", f"loader,addr={CODE:#x},cpu-num=0"),
    ]
    descriptor = os.open(ram, os.O_RDWR)
    with start(
        command, pass_fds=[theirs.fileno() for _, theirs in pairs.values()], stdin=subprocess.DEVNULL
    ) as process:
        try:
            for _, theirs in pairs.values():
                theirs.close()
            yield Guest(Gdbstub(pairs["gdb"][0]), pairs["qtest"][0], SharedMemory(descriptor, SIZE))
        finally:
            process.kill()
            for ours, _ in pairs.values():
                ours.close()
            os.close(descriptor)


def test_the_guest_stops_before_the_store_that_is_watched(guest: Guest) -> None:
    guest.gdb.watch(REGISTER)
    assert f"watch:{REGISTER:016x}" in guest.until_stopped()
    general = guest.gdb.general()
    assert general[32] == STORE
    assert word(guest.memory, REGISTER) == 0, "the store was done before the guest stopped"
    store = decode_store(guest.gdb.instruction(STORE))
    assert store is not None
    assert general[store.register] == 0x1234


def test_a_store_that_is_skipped_is_never_done(guest: Guest) -> None:
    for address in (REGISTER, REGISTER + 4):
        guest.gdb.watch(address)
    guest.until_stopped()
    guest.gdb.skip_to(STORE + 4)
    assert f"watch:{REGISTER + 4:016x}" in guest.until_stopped()
    assert word(guest.memory, REGISTER) == 0


def test_a_store_that_is_not_decoded_is_done_by_one_step(guest: Guest) -> None:
    guest.gdb.watch(REGISTER + 4)
    guest.until_stopped()
    assert decode_store(guest.gdb.instruction(UPDATING)) is None
    guest.gdb.watch(REGISTER + 4, on=False)
    guest.gdb.step()
    assert word(guest.memory, REGISTER + 4) == 0x1234
    general = guest.gdb.general()
    assert (general[32], general[0]) == (UPDATING + 4, REGISTER + 4)


def test_interrupts_are_raised_and_lowered_beside_the_emulated_processor(guest: Guest) -> None:
    guest.gdb.resume()
    answers = guest.qtest.makefile()
    interrupts = Interrupts(guest.qtest, "/machine/unattached/device[1]")
    seen = []
    for level in (True, False):
        interrupts.set(LINE, level)
        guest.qtest.sendall(f"readl {PENDING:#x}\n".encode())
        seen.append(int(answers.readline().split()[1], 16) >> (LINE % 32) & 1)
    assert seen == [1, 0]
