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
LITERT = "/usr/lib/ai-edge-litert"
CXX = "/usr/lib/gcc-libraries"
"""Where wheels and the C++ library are unpacked in the guest: found by nobody who does not know of them."""

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
    def teflon(self) -> Path:
        """Mesa's TFLite delegate, as Debian builds it."""
        return self.directory / "libteflon.so"

    @property
    def mesa(self) -> str:
        """The version of Mesa that it is of."""
        return (self.directory / "mesa").read_text()

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
        progress("fetching the board's packages (first run only, about 430 MB)")
        packages.fetch(target, deadline.capped(600, "the board's packages"))

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
    built = simulated.build(cache, directory, about["release"], deadline, progress)
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
    # In order: what is newer replaces the same library of the older release.
    newer = sorted((source / "newer").glob("*.deb"))
    kernel_debs = sorted((source / "kernel").glob("*.deb"))
    for deb in newer:
        unpack(deb, root, deadline, exclude=DROPPED)
    for deb in kernel_debs:
        unpack(deb, root, deadline, exclude=kernel.DROPPED)
    release = kernel.set_aside(root, target, deadline)
    for path, to in LINKS.items():
        (root / path).symlink_to(to)
    _unpack_wheels(source / "wheels", root)
    _unpack_cxx_library(next((source / "cxx").glob("*.deb")), root / CXX.lstrip("/"), deadline)
    _compile_python(root, deadline)
    # Only where a configuration puts it is it found.
    (root / "usr/lib/teflon/libteflon.so").rename(target / "libteflon.so")
    (target / "mesa").write_text(next(deb.name for deb in newer if deb.name.startswith(packages.TEFLON)).split("_")[1])
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
    for name in ("kbuild", "build-libc", "rocket"):
        shutil.copytree(source / name, target / name)
    names = sorted(path.name for path in (*debs, *newer, *kernel_debs, *(source / "wheels").iterdir()))
    digest = hashlib.sha256(json.dumps([recipe(), names]).encode()).hexdigest()
    about = {"digest": digest, "release": release, "packages": names}
    (target / "image.json").write_text(json.dumps(about, indent=1))


_LITERT_UNUSED = ("WebGpu", "/aot/", "/tools/", "libLiteRt.so", "descriptor_pb2")
"""What of LiteRT running a model needs not: most of its size."""


def _unpack_wheels(wheels: Path, root: Path) -> None:
    for wheel in wheels.glob("*.whl"):
        litert = wheel.name.startswith("ai_edge")
        with zipfile.ZipFile(wheel) as archive:
            names = [name for name in archive.namelist() if not (litert and any(x in name for x in _LITERT_UNUSED))]
            archive.extractall(root / (LITERT if litert else TOOLKIT).lstrip("/"), names)


def _unpack_cxx_library(deb: Path, target: Path, deadline: Deadline) -> None:
    target.mkdir()
    work = target / "work"
    work.mkdir()
    unpack(deb, work, deadline)
    for library in work.glob("usr/lib/*/libstdc++.so.*"):
        library.rename(target / library.name)
    shutil.rmtree(work)


def _compile_python(root: Path, deadline: Deadline) -> None:
    """Compile the guest's Python files here, where it is fast; bytecode depends on the version alone."""
    python = sys.executable if sys.version_info[:2] == (3, 11) else shutil.which("python3.11")
    if python:
        places = [
            root / "usr/lib/python3.11",
            root / "usr/lib/python3/dist-packages",
            root / TOOLKIT.lstrip("/"),
            root / LITERT.lstrip("/"),
        ]
        options = ("-q", "--invalidation-mode", "unchecked-hash", "-j", "2", "-s", str(root), "-p", "/")
        output([python, "-m", "compileall", *options, *places], deadline)
