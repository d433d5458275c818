"""The image of an emulated board: one read-only root file system, one kernel, nothing of any configuration."""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
import zipfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from rknn_validation.common.cache import Cache, EntryKind, Progress, Wanted
from rknn_validation.common.deadline import Deadline
from rknn_validation.common.process import output
from rknn_validation.machine import kernel, packages, simulated
from rknn_validation.machine.packages import unpack

MEGA = 1024**2
TOOLKIT = "/usr/lib/rknn-toolkit-lite2"
"""Where the wheel is unpacked in the guest; not on Python's path unless the configuration puts it there."""

LINKS = {
    # What maintainer scripts would have set up.
    "usr/bin/sh": "bash",  # as on NixOS
    "usr/bin/awk": "mawk",
    "usr/bin/which": "which.debianutils",
    "usr/lib/aarch64-linux-gnu/libblas.so.3": "blas/libblas.so.3",
    "usr/lib/aarch64-linux-gnu/liblapack.so.3": "lapack/liblapack.so.3",
}

DROPPED = (
    *(f"./usr/share/{name}/*" for name in ("doc", "man", "locale", "info", "lintian", "bug", "doc-base")),
    *("./usr/lib/python3/dist-packages/numpy/*/tests", "./usr/lib/python3/dist-packages/numpy/tests"),
    "./usr/lib/udev/rules.d/85-hwclock.rules",  # sets the clock with a program that is not there
)
"""What of the packages is left out: documentation, tests, and what would only complain."""

PACKAGES = Wanted("packages", packages.recipe(), "the board's packages", 250 * MEGA, EntryKind.DOWNLOADS)
"""The cache entry with everything that comes from the network."""


@dataclass(frozen=True)
class Image:
    """A built image. `digest` names its content, `release` is the kernel's (`uname -r`).

    `simulated` is the directory of the simulated drivers built for that kernel; they are not in the image.
    """

    directory: Path
    digest: str
    release: str
    simulated: Path

    @property
    def rootfs(self) -> Path:
        """The erofs root file system."""
        return self.directory / "root.erofs"

    @property
    def kernel(self) -> Path:
        """The kernel image QEMU boots."""
        return self.directory / "vmlinuz"

    @property
    def boot_modules(self) -> tuple[Path, ...]:
        """Kernel modules for the initramfs, in loading order."""
        return tuple(sorted((self.directory / "boot-modules").iterdir()))

    @property
    def modules(self) -> Path:
        """A tar of the image's kernel modules, as `lib/modules/<release>/`."""
        return self.directory / "modules.tar"


def recipe() -> str:
    """A hash of everything that decides what an image holds, short of the versions apt offers."""
    sources = (Path(__file__), Path(kernel.__file__))
    parts = [packages.recipe(), *(path.read_text() for path in sources)]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def fetched(cache: Cache, deadline: Deadline, progress: Progress) -> Path:
    """The cached packages; the one thing that ever comes from the network."""

    def build(target: Path) -> None:
        progress("fetching the board's packages (first run only, about 120 MB)")
        packages.fetch(target, deadline.capped(300, "the board's packages"))
        shutil.rmtree(target / "apt")

    return cache.entry(PACKAGES, build, deadline, progress)


def image(cache: Cache, deadline: Deadline, progress: Progress) -> Image:
    """The image, built from the packages if it is not in the cache yet."""

    def build(target: Path) -> None:
        source = fetched(cache, deadline, progress)
        progress("building the board's image")
        _build(source, target, deadline)

    wanted = Wanted("image", recipe(), "the board's image", 1000 * MEGA, downloads=(PACKAGES.name,))
    directory = cache.entry(wanted, build, deadline, progress)
    about = json.loads((directory / "image.json").read_text())
    built = simulated.build(cache, directory / "kbuild", about["release"], deadline, progress)
    return Image(directory, about["digest"], about["release"], built)


def _build(source: Path, target: Path, deadline: Deadline) -> None:
    root = target / "root"
    root.mkdir()
    for name in ("bin", "sbin", "lib"):
        (root / "usr" / name).mkdir(parents=True)
        (root / name).symlink_to(f"usr/{name}")
    debs = sorted((source / "root").glob("*.deb"))
    # Two at a time: unpacking alternates between one busy decompressor and one busy disk.
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda deb: unpack(deb, root, deadline, exclude=DROPPED), debs))
    kernel_deb = next((source / "kernel").glob("*.deb"))
    unpack(kernel_deb, root, deadline, exclude=kernel.DROPPED)
    release = kernel.set_aside(root, target, deadline)
    for path, to in LINKS.items():
        (root / path).symlink_to(to)
    _unpack_wheel(source, root)
    _compile_python(root, deadline)
    for name in ("dev", "proc", "sys", "run", "tmp", "nix/store"):
        (root / name).mkdir(parents=True, exist_ok=True)
    (root / "tmp").chmod(0o1777)
    # Started by its socket when somebody asks, which takes seconds off every boot.
    (root / "usr/lib/systemd/system/multi-user.target.wants/dbus.service").unlink()
    shutil.rmtree(root / "var/run", ignore_errors=True)
    (root / "var/run").symlink_to("/run")
    output(["mkfs.erofs", "-T1", "--all-root", target / "root.erofs", root], deadline)
    shutil.rmtree(root)
    # Kept with the kernel they belong to, for the drivers built against it.
    shutil.copytree(source / "kbuild", target / "kbuild")
    names = sorted(path.name for path in (*debs, kernel_deb, *(source / "wheel").iterdir()))
    digest = hashlib.sha256(json.dumps([recipe(), names]).encode()).hexdigest()
    about = {"digest": digest, "release": release, "packages": names}
    (target / "image.json").write_text(json.dumps(about, indent=1))


def _unpack_wheel(source: Path, root: Path) -> None:
    wheel = next((source / "wheel").glob("*.whl"))
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(root / TOOLKIT.lstrip("/"))


def _compile_python(root: Path, deadline: Deadline) -> None:
    """Compile the guest's Python files here, where it is fast; bytecode depends on the version alone."""
    python = sys.executable if sys.version_info[:2] == (3, 11) else shutil.which("python3.11")
    if python:
        places = [root / "usr/lib/python3.11", root / "usr/lib/python3/dist-packages", root / TOOLKIT.lstrip("/")]
        options = ("-q", "--invalidation-mode", "unchecked-hash", "-j", "2", "-s", str(root), "-p", "/")
        output([python, "-m", "compileall", *options, *places], deadline)
