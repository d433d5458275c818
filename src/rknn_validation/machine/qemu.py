"""One QEMU process: its command line, its sockets, its end.

The sockets are made here and inherited, so there is nothing in the file system to clash or to be left
behind, and the process cannot outlive the run: see `Nursery`.
"""

from __future__ import annotations

import contextlib
import socket
import subprocess
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from rknn_validation.common.deadline import Deadline
from rknn_validation.common.errors import MachineError
from rknn_validation.common.process import output, tool
from rknn_validation.machine.agent import Agent
from rknn_validation.machine.qmp import Qmp

PROGRAM = "qemu-system-aarch64"
MEMORY = 512 * 1024**2
"""Guest RAM in bytes."""
RAM_WITH_NPU = 3 * 1024**3
"""RAM of a machine whose NPU is modelled: it reaches up to the NPU's registers, and Linux is kept to the first part."""
PROCESSORS = 1
"""A second one would be emulated at the expense of the first, and of other machines."""
NETDEV = "net"
SLOTS = ("virtio-serial-device", "virtio-blk-device,drive=root", "virtio-rng-device")
"""What sits in the machine's virtio-mmio slots, from the first on; the device tree names only these."""
NETWORK = (
    *("-netdev", f"user,id={NETDEV},restrict=on,ipv6=off"),
    *("-device", f"virtio-net-device,netdev={NETDEV},bus=virtio-mmio-bus.{len(SLOTS)}"),
)
"""The interface of a machine that has one, in the slot after the others."""
NPU = ("-S", "-gdb", "chardev:gdb", "-object", "qtest,id=qtest,chardev=qtest,log=none")
"""How the model of the NPU reaches in."""
NPU_COMMAND_LINE = f"mem={MEMORY // 1024**2}M"
COMMAND_LINE = (
    "console=ttyAMA0 quiet loglevel=4 panic=-1 oops=panic nokaslr audit=0 apparmor=0 net.ifnames=0 "
    "systemd.firstboot=off mitigations=off random.trust_bootloader=on "
    # On a busy host an emulated processor stands still now and then, which is no fault.
    "nowatchdog 8250.nr_uarts=0 rcupdate.rcu_cpu_stall_suppress=1"
)


def version(deadline: Deadline) -> str:
    """QEMU's own one-line version. Raises MissingToolError."""
    return output([PROGRAM, "--version"], deadline).decode().splitlines()[0]


def board(*, npu: bool = False) -> list[str]:
    """The part of the command line that decides what QEMU's own device tree says."""
    memory = RAM_WITH_NPU if npu else MEMORY
    machine = [
        PROGRAM,
        "-machine",
        "virt",
        "-cpu",
        "cortex-a76",
        "-smp",
        str(PROCESSORS),
        "-m",
        f"{memory // 1024**2}M",
    ]
    return [*machine, "-nodefaults", "-no-user-config", "-display", "none"]


def hardware(rootfs: Path, memory: str, *, share: bool, network: bool = False, npu: bool = False) -> list[str]:
    """The whole machine, the same for a cold boot and for a clone (migration demands it).

    With `network` it has an interface that reaches nothing, and is reached only by what `Machine.forward` opens. With
    `npu` it waits for the model of one (see `machine.npu`).
    """
    program, flag, machine, *rest = board(npu=npu)
    size = RAM_WITH_NPU if npu else MEMORY
    backend = f"memory-backend-file,id=ram,size={size},mem-path={_escaped(memory)},share={'on' if share else 'off'}"
    return [
        *(program, flag, f"{machine},memory-backend=ram", *rest),
        *("-object", backend, "-accel", "tcg,thread=multi,tb-size=128", "-no-reboot"),
        *("-drive", f"if=none,id=root,format=raw,readonly=on,file={_escaped(str(rootfs))}"),
        *(word for slot, device in enumerate(SLOTS) for word in ("-device", f"{device},bus=virtio-mmio-bus.{slot}")),
        *(NETWORK if network else ()),
        *(NPU if npu else ()),
        *("-device", "virtserialport,chardev=agent,name=harness.agent"),
        *("-serial", "chardev:console", "-mon", "chardev=qmp,mode=control"),
    ]


def _escaped(path: str) -> str:
    return path.replace(",", ",,")


class Nursery:
    """Starts QEMU processes that die with this process, however it dies.

    The kernel kills them when the thread that started them ends (PR_SET_PDEATHSIG), so one thread, which
    lives as long as the run, starts them all. They are outside the terminal's process group: Ctrl-C reaches
    this process first, which then ends them in order.
    """

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, "qemu")

    def start(self, command: Sequence[str], descriptors: Sequence[int], log: Path) -> subprocess.Popen[bytes]:
        """Start a program with inherited descriptors; its own messages go to `log`."""
        guarded = [tool("setpriv"), "--pdeathsig", "KILL", tool(command[0]), *command[1:]]

        def popen() -> subprocess.Popen[bytes]:
            with log.open("ab") as messages:
                return subprocess.Popen(
                    guarded,
                    stdin=subprocess.DEVNULL,
                    stdout=messages,
                    stderr=messages,
                    pass_fds=descriptors,
                    start_new_session=True,
                )

        return self._thread.submit(popen).result()

    def close(self) -> None:
        """End the thread, and with it whatever still runs."""
        self._thread.shutdown()


@dataclass
class Qemu:
    """A running QEMU and the ends of its sockets. A context manager that kills it on exit."""

    process: subprocess.Popen[bytes]
    qmp: Qmp
    agent: Agent
    sockets: tuple[socket.socket, ...]
    directory: Path
    npu_sockets: tuple[socket.socket, ...] = ()
    """Of a machine whose NPU is modelled: to the gdbstub and to qtest."""

    @classmethod
    def start(
        cls, nursery: Nursery, command: Sequence[str], directory: Path, descriptors: Sequence[int], deadline: Deadline
    ) -> Qemu:
        """Start `command` (from `hardware`), with logs in `directory`, and open its control session."""
        npu = ("gdb", "qtest") if NPU[2] in command else ()
        pairs = {name: socket.socketpair() for name in ("agent", "qmp", *npu)}
        ours = tuple(pair[0] for pair in pairs.values())
        channels: list[str] = ["-chardev", f"file,id=console,path={_escaped(str(directory / 'console.log'))}"]
        for name, (_, theirs) in pairs.items():
            channels += ["-chardev", f"socket,id={name},fd={theirs.fileno()}"]
        inherited = [*descriptors, *(theirs.fileno() for _, theirs in pairs.values())]
        try:
            # Character devices first: the other arguments refer to them.
            whole = [command[0], *channels, *command[1:]]
            process = nursery.start(whole, inherited, directory / "qemu.log")
        except BaseException:
            for end in ours:
                end.close()
            raise
        finally:
            for _, theirs in pairs.values():
                theirs.close()
        qemu = cls(process, Qmp(pairs["qmp"][0]), Agent(pairs["agent"][0]), ours, directory)
        qemu.npu_sockets = tuple(pairs[name][0] for name in npu)
        try:
            qemu.qmp.greet(deadline)
        except BaseException as problem:
            qemu.close()
            if isinstance(problem, MachineError):
                seen = (directory / "qemu.log").read_text(errors="replace").strip() or problem.message
                raise MachineError("QEMU did not start", expected="its greeting", seen=seen) from problem
            raise
        return qemu

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return self.process.poll() is None

    def kill(self) -> None:
        """End the process at once and wait until it is gone."""
        with contextlib.suppress(ProcessLookupError):
            self.process.kill()
        self.process.wait()

    def close(self) -> None:
        """End the process and close its sockets."""
        self.kill()
        for end in self.sockets:
            end.close()

    def __enter__(self) -> Qemu:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
