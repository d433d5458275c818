"""A client of QEMU's gdbstub, as far as trapping stores needs it.

ARM's stub stops the guest *before* the store that a write watchpoint is for, with the guest's clock standing still.
"""

from __future__ import annotations

import re
import select
import socket

from rknn_validation.common.errors import MachineError

PROGRAM_COUNTER = 32
ANSWER_SECONDS = 20.0


class Gone(Exception):
    """QEMU has closed the connection or ended."""


class Gdbstub:
    """A session. One question at a time; the guest is stopped while any is asked.

    Acknowledgements (`+`) are neither sent, which QEMU allows, nor looked at: the connection loses nothing.
    """

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        self._buffer = b""
        self.ask("qSupported:qXfer:features:read+")
        # QEMU takes `P` packets only from a client that has read the target's description.
        self._registers = self._described()

    def ask(self, packet: str) -> str:
        """The answer to a packet. Raises Gone, or MachineError where none comes."""
        self._send(packet)
        return self._answer(packet[:40])

    def command(self, packet: str) -> None:
        """A packet whose answer must be OK."""
        answer = self.ask(packet)
        if answer != "OK":
            raise MachineError("QEMU's gdbstub refuses", expected=f"OK to {packet[:40]}", seen=answer)

    def resume(self) -> None:
        """Let the guest go on."""
        self._send("c")

    def stopped(self) -> str | None:
        """The next packet that has arrived: why the guest stopped. None where none is complete."""
        found = re.search(rb"\$([^#]*)#..", self._buffer, re.DOTALL)
        if found is None:
            return None
        self._buffer = self._buffer[found.end() :]
        return found[1].decode("latin-1")

    def receive(self) -> None:
        """Read what has arrived, and wait for something. Raises Gone."""
        try:
            data = self._socket.recv(65536)
        except OSError as problem:
            raise Gone from problem
        if not data:
            raise Gone
        self._buffer += data

    def _answer(self, to: str) -> str:
        while (answer := self.stopped()) is None:
            if not select.select([self._socket], [], [], ANSWER_SECONDS)[0]:
                raise MachineError("QEMU's gdbstub does not answer", expected=f"an answer to {to}", seen="nothing")
            self.receive()
        return answer

    def interrupt(self) -> str:
        """Stop the guest; why it stopped (which may be a watchpoint that came first)."""
        try:
            self._socket.sendall(b"\x03")
        except OSError as problem:
            raise Gone from problem
        return self._answer("an interrupt")

    def general(self) -> list[int]:
        """x0 to x30, sp and pc."""
        raw = bytes.fromhex(self.ask("g")[: 33 * 16])
        return [int.from_bytes(raw[at : at + 8], "little") for at in range(0, len(raw), 8)]

    def system(self, name: str) -> int:
        """A system register, by QEMU's name for it. Raises LookupError for one it does not show."""
        return int.from_bytes(bytes.fromhex(self.ask(f"p{self._registers[name]:x}")), "little")

    def instruction(self, address: int) -> int:
        """The 32-bit instruction at a virtual address."""
        return int.from_bytes(bytes.fromhex(self.ask(f"m{address:x},4")), "little")

    def watch(self, address: int, *, on: bool = True) -> None:
        """Stop before stores to the 32-bit word at a virtual address, or no longer."""
        self.command(f"{'Z' if on else 'z'}2,{address:x},4")

    def skip_to(self, address: int) -> None:
        """Set the program counter."""
        self.command(f"P{PROGRAM_COUNTER:x}={address.to_bytes(8, 'little').hex()}")

    def step(self) -> None:
        """Let the guest run one instruction; interrupts wait meanwhile."""
        self.ask("s")

    def fileno(self) -> int:
        """The connection's descriptor."""
        return self._socket.fileno()

    def close(self) -> None:
        """End the session."""
        self._socket.close()

    def _send(self, packet: str) -> None:
        data = packet.encode()
        try:
            self._socket.sendall(b"$" + data + b"#%02x" % (sum(data) & 255))
        except OSError as problem:
            raise Gone from problem

    def _described(self) -> dict[str, int]:
        includes = re.findall(r'href="([^"]+)"', self._document("target.xml"))
        text = "".join(self._document(name) for name in includes)
        found = re.finditer(r'name="([A-Za-z0-9_]+)"[^>]*regnum="(\d+)"', text)
        return {one[1]: int(one[2]) for one in found}

    def _document(self, name: str) -> str:
        text = ""
        while True:
            part = self.ask(f"qXfer:features:read:{name}:{len(text):x},f00")
            text += part[1:]
            if part[:1] != "m":
                return text
