"""The simulated drivers `rknpu` and `rocket`: built for the guest's kernel."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

from rknn_validation.common.cache import Cache, Progress, Wanted
from rknn_validation.common.deadline import Deadline
from rknn_validation.common.process import output
from rknn_validation.machine.guestcode import SOURCES
from rknn_validation.machine.packages import unpack

FILES = ("Kbuild", "rknpu_sim.c", "rocket_sim.c")
NAMES = ("rknpu", "rocket")
CROSS = "aarch64-linux-gnu-"
FLAGS = ("ARCH=arm64", f"CROSS_COMPILE={CROSS}", f"CC={CROSS}gcc", "KCFLAGS=-Werror")


def build(cache: Cache, kbuild: Path, release: str, deadline: Deadline, progress: Progress) -> Path:
    """A cached directory with `rknpu.ko` and `rocket.ko`, built with the kernel's headers in `kbuild`.

    Needs the cross compiler and make.
    """
    debs = sorted(kbuild.glob("*.deb"))
    parts = [*((SOURCES / name).read_bytes() for name in FILES), *(deb.name.encode() for deb in debs)]
    parts.append(repr(FLAGS).encode())

    def compile_into(target: Path) -> None:
        progress("compiling the simulated drivers")
        headers = target / "headers"
        headers.mkdir()
        for deb in debs:
            unpack(deb, headers, deadline, exclude=("./usr/share/doc/*",))
        _compile(headers, release, target, deadline)
        shutil.rmtree(headers)

    key = hashlib.sha256(b"\0".join(parts)).hexdigest()
    wanted = Wanted("drivers", key, "the simulated drivers", 150 * 1024**2)
    return cache.entry(wanted, compile_into, deadline, progress)


def _compile(headers: Path, release: str, target: Path, deadline: Deadline) -> None:
    kernel = headers / "usr/src" / f"linux-headers-{release}"
    makefile = kernel / "Makefile"
    # Debian's names the place it would be installed to.
    makefile.write_text(makefile.read_text().replace("/usr/src/", f"{headers}/usr/src/"))
    work = headers / "work"
    work.mkdir()
    for name in FILES:
        shutil.copyfile(SOURCES / name, work / name)
    output(["make", "-s", "-C", kernel, f"M={work}", *FLAGS, "modules"], deadline)
    for name in NAMES:
        output([f"{CROSS}strip", "--strip-debug", "-o", target / f"{name}.ko", work / f"{name}.ko"], deadline)
