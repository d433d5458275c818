"""Emulated boards for a run: builds what is missing, boots each board once, owns all that it starts."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import TracebackType

from rknn_validation.common.cache import Cache, EntryKind, Progress, Wanted
from rknn_validation.common.deadline import Deadline
from rknn_validation.common.locks import FileLock
from rknn_validation.common.process import tool
from rknn_validation.common.workspace import sweep
from rknn_validation.machine import guestcode, image, qemu
from rknn_validation.machine.boot import BootRecipe, boot_and_save, debian, nixos
from rknn_validation.machine.identity import Identity
from rknn_validation.machine.image import Image
from rknn_validation.machine.machine import Completed, Machine
from rknn_validation.machine.nixosguest import NixosGuest
from rknn_validation.machine.qemu import MEMORY, Nursery
from rknn_validation.machine.snapshot import Snapshot
from rknn_validation.machine.tree import Tree

__all__ = ["Completed", "Emulator", "Identity", "Machine", "Snapshot"]

BOOT_SECONDS = 300.0
"""Deadline of one cold boot, on a machine that may have other things to do."""
NIXOS_BOOT_SECONDS = 900.0
"""The same for a NixOS host's own system, which starts far more than the Debian guest."""


class Emulator:
    """Made once per run; a context manager. Leaving it ends every machine it started."""

    def __init__(self, cache: Cache, progress: Progress) -> None:
        self.cache = cache
        self.progress = progress
        self._nursery = Nursery()
        self._image: Image | None = None
        self._qemu_version = ""
        sweep()

    def __enter__(self) -> Emulator:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End everything this emulator started."""
        self._nursery.close()
        self.cache.close()

    def image(self, deadline: Deadline) -> Image:
        """The board's image, fetched and built if this is the first run."""
        if self._image is None:
            self._image = image.image(self.cache, deadline, self.progress)
        return self._image

    def snapshot(self, identity: Identity, tree: Tree | None, deadline: Deadline, *, network: bool = False) -> Snapshot:
        """A settled machine of this identity with `tree` laid over its root file system, from the cache or booted now.

        With `network` it has an interface, see `Machine.forward`.
        Raises HarnessError: a missing program, no network on the first run, a full disk, a board that does
        not come up (with the end of its console).
        """
        programs = guestcode.programs(self.cache, deadline, self.progress)
        recipe = replace(debian(self.image(deadline), programs, identity, tree or {}), network=network)
        return self._snapshot(recipe, BOOT_SECONDS, deadline)

    def nixos_snapshot(self, identity: Identity, guest: NixosGuest, deadline: Deadline) -> Snapshot:
        """A settled machine of this identity that runs a NixOS host's own system. Raises HarnessError as `snapshot`."""
        return self._snapshot(nixos(guest, identity), NIXOS_BOOT_SECONDS, deadline)

    def _snapshot(self, recipe: BootRecipe, seconds: float, deadline: Deadline) -> Snapshot:
        tool(qemu.PROGRAM)
        self._qemu_version = self._qemu_version or qemu.version(deadline)
        name = recipe.identity.name
        wanted = Wanted("snapshot", recipe.key(self._qemu_version), f"a booted {name}", MEMORY, EntryKind.SNAPSHOTS)

        def build(target: Path) -> None:
            # Two boards that boot at once on few processors fail to calibrate their timers.
            with FileLock(self.cache.root / "locks" / "cold-boot") as lock:
                lock.acquire(deadline, shared=False, waiting=lambda: self.progress("waiting for another board to boot"))
                self.progress(f"booting {name}")
                limit = deadline.capped(seconds, f"{name} to boot")
                boot_and_save(self._nursery, recipe, target, self.cache.root / "logs", limit)

        directory = self.cache.entry(wanted, build, deadline, self.progress)
        return Snapshot(recipe.identity, recipe.rootfs, directory, self._nursery, recipe.network)
