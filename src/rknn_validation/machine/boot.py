"""A cold boot: from an image, an identity and a tree to a settled machine, saved as a snapshot's files."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import time
from dataclasses import dataclass, replace
from pathlib import Path

from rknn_validation.common.deadline import Deadline
from rknn_validation.common.errors import DeadlineExceeded, HarnessError, MachineError
from rknn_validation.common.files import copy_sparse
from rknn_validation.common.workspace import workspace
from rknn_validation.machine import identity as identities
from rknn_validation.machine import qemu
from rknn_validation.machine.base import base_tree
from rknn_validation.machine.identity import Identity, device_tree, overlay
from rknn_validation.machine.image import TOOLKIT, Image
from rknn_validation.machine.machine import Machine
from rknn_validation.machine.nixosguest import NixosGuest
from rknn_validation.machine.npu import Npu
from rknn_validation.machine.qemu import Nursery, Qemu
from rknn_validation.machine.tree import File, Link, Tree, cpio, tar

MEMORY_FILE = "memory"
STATE_FILE = "state"
NONCE_FILE = "nonce"
CONSOLE_FILE = "console.log"
NPU_FILE = "npu.json"

SETTLED = ("running", "degraded")
"""States of `systemctl is-system-running` in which nothing more is going to happen by itself."""

LOST = ("maintenance", "stopping")
"""States from which a machine does not recover."""

ASK_AGAIN_SECONDS = 1.0

UNFINISHED_SECONDS = 10.0
"""How long a board that missed its deadline is given to name what it waits for."""


KEPT_LOGS = 20

READ_PYTHON = f"python3.11 -I -c 'import numpy, psutil, ruamel.yaml'; cat $(find {TOOLKIT} -type f) >/dev/null"
"""Reads the files that importing the vendor's Python API reads, without running any of them."""


@dataclass(frozen=True)
class BootRecipe:
    """Everything a cold boot is made of.

    `digest` names the content of `rootfs` and `kernel`; `command_line` is the kernel's. `network`: with an interface.
    `warm_up` is run once before the machine is saved, for files to be in its page cache that every restored one reads.
    """

    rootfs: Path
    kernel: Path
    digest: str
    initrd: bytes
    command_line: str
    identity: Identity
    network: bool = False
    warm_up: str = ""

    @property
    def npu(self) -> bool:
        """Whether the machine has an NPU that is modelled."""
        return self.identity.modelled

    def key(self, qemu_version: str) -> str:
        """A hash of everything that decides what the booted machine's memory holds."""
        sources = (Path(__file__), Path(qemu.__file__), Path(identities.__file__))
        own = [_hash(self.initrd), self.command_line, self.network, self.warm_up]
        parts = [self.digest, qemu_version, overlay(self.identity), *own]
        return _hash(json.dumps([*parts, *(_hash(path.read_bytes()) for path in sources)]).encode())


def debian(image: Image, programs: dict[str, bytes], identity: Identity, tree: Tree) -> BootRecipe:
    """The Debian guest. Its initramfs holds `init`, the modules it loads, and the tree it lays over the image."""
    laid_over = tar({**base_tree(programs["agent"]), **tree})
    files: dict[str, File] = {"/init": File(programs["init"], 0o755), "/tree.tar": File(laid_over)}
    for path in image.boot_modules:
        files[f"/modules/{path.name}"] = File(path.read_bytes())
    recipe = BootRecipe(image.rootfs, image.kernel, image.digest, cpio(files), qemu.COMMAND_LINE, identity)
    uses_toolkit = any(isinstance(one, Link) and one.target.startswith(TOOLKIT) for one in tree.values())
    return replace(recipe, warm_up=READ_PYTHON) if uses_toolkit else recipe


def nixos(guest: NixosGuest, identity: Identity) -> BootRecipe:
    """A NixOS host's own kernel, initrd and closure; nothing is installed over them."""
    # The last console is /dev/console, and the last of several values counts: the board's come last.
    line = f"{guest.command_line} init={guest.init} {qemu.COMMAND_LINE}"
    return BootRecipe(guest.rootfs, guest.kernel, guest.digest, guest.initrd.read_bytes(), line, identity)


def boot_and_save(nursery: Nursery, recipe: BootRecipe, target: Path, logs: Path, deadline: Deadline) -> None:
    """Boot, wait until systemd has settled, and write memory, device state, nonce and console log to `target`.

    Raises MachineError or DeadlineExceeded with the end of the console, whose whole text is kept in `logs` then;
    OSError when the disk is full.
    """
    with workspace() as directory:
        memory = os.memfd_create("guest-memory")
        try:
            size = qemu.RAM_WITH_NPU if recipe.npu else qemu.MEMORY
            os.truncate(memory, size)
            shared = f"/proc/self/fd/{memory}"
            command = [
                *qemu.hardware(recipe.rootfs, shared, share=True, network=recipe.network, npu=recipe.npu),
                *_boot_files(recipe, directory, deadline),
            ]
            with contextlib.ExitStack() as stack:
                process = stack.enter_context(Qemu.start(nursery, command, directory, [memory], deadline))
                npu = stack.enter_context(Npu.start(nursery, process, memory, deadline)) if recipe.npu else None
                machine = Machine(process, recipe.identity.name)
                nonce = _settle(machine, recipe.warm_up, deadline)
                if npu:
                    (target / NPU_FILE).write_text(json.dumps(npu.park(deadline)))
                _save(process, target, deadline)
                copy_sparse(memory, size, target / MEMORY_FILE)
                (target / NONCE_FILE).write_bytes(nonce)
                (target / CONSOLE_FILE).write_text(machine.console_log())
        except HarnessError as problem:
            raise _with_log(problem, directory / CONSOLE_FILE, logs) from problem
        finally:
            os.close(memory)


def _with_log(problem: HarnessError, console: Path, logs: Path) -> HarnessError:
    """The same error, with a hint where the whole console log is."""
    if not console.exists():
        return problem
    logs.mkdir(parents=True, exist_ok=True)
    kept = logs / time.strftime(f"console-%Y%m%d-%H%M%S-{os.getpid()}.log")
    shutil.copyfile(console, kept)
    for old in sorted(logs.glob("console-*.log"))[:-KEPT_LOGS]:
        old.unlink(missing_ok=True)
    hint = f"{problem.hint}; " if problem.hint else ""
    return type(problem)(
        problem.message, expected=problem.expected, seen=problem.seen, hint=f"{hint}the whole console: {kept}"
    )


def _boot_files(recipe: BootRecipe, directory: Path, deadline: Deadline) -> list[str]:
    (directory / "initrd").write_bytes(recipe.initrd)
    (directory / "board.dtb").write_bytes(
        device_tree(recipe.identity, qemu.board(npu=recipe.npu), len(qemu.SLOTS) + recipe.network, directory, deadline)
    )
    line = f"{recipe.command_line} {qemu.NPU_COMMAND_LINE}" if recipe.npu else recipe.command_line
    files = ("-kernel", str(recipe.kernel), "-initrd", str(directory / "initrd"))
    return [*files, "-dtb", str(directory / "board.dtb"), "-append", line]


def _settle(machine: Machine, warm_up: str, deadline: Deadline) -> bytes:
    nonce = machine.wake(deadline)
    while True:
        try:
            answer = machine.run("systemctl is-system-running --wait", deadline=deadline)
        except DeadlineExceeded as problem:
            raise deadline.exceeded(_unfinished(machine)) from problem
        state = answer.stdout.decode().strip()
        if state in SETTLED:
            break
        if state in LOST:
            raise MachineError(
                f"{machine.name} did not come up", expected=f"systemd {' or '.join(SETTLED)}", seen=f"systemd {state}"
            )
        # On a busy host systemd may be too slow for its own client, which then gives up.
        time.sleep(min(ASK_AGAIN_SECONDS, deadline.remaining()))
    # Uevents may still be under way, and dirty pages would be written back in every clone.
    machine.run(f"udevadm settle --timeout=30; {warm_up or ':'}; sync", deadline=deadline)
    return nonce


def _unfinished(machine: Machine) -> str:
    """The jobs that systemd still waits for."""
    question = Deadline.after(UNFINISHED_SECONDS, "systemd to say what it waits for")
    try:
        jobs = machine.run("systemctl list-jobs --no-legend --no-pager", deadline=question).stdout.decode().strip()
    except HarnessError as problem:
        return problem.seen
    return f"systemd still working on: {jobs or 'no job that it names'}"


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _save(process: Qemu, target: Path, deadline: Deadline) -> None:
    enable_shared_memory(process, deadline)
    process.qmp.execute("stop", deadline)
    with (target / STATE_FILE).open("wb") as state:
        process.qmp.execute("getfd", deadline, descriptor=state.fileno(), fdname="state")
        process.qmp.execute("migrate", deadline, uri="fd:state")
        process.qmp.migrated(deadline)


def enable_shared_memory(process: Qemu, deadline: Deadline) -> None:
    """Keep guest memory out of the saved state: it is in a file of its own."""
    wanted = [{"capability": name, "state": True} for name in ("x-ignore-shared", "events")]
    process.qmp.execute("migrate-set-capabilities", deadline, capabilities=wanted)
