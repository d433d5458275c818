"""The drivers that Debian's kernel lacks, built for it: mainline's own `rocket`, and a simulated `rknpu`."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Sequence
from pathlib import Path

from rknn_validation.common.cache import Cache, Progress, Wanted
from rknn_validation.common.deadline import Deadline
from rknn_validation.common.process import output
from rknn_validation.machine.guestcode import SOURCES
from rknn_validation.machine.packages import unpack

FILES = ("Kbuild", "rknpu_sim.c")
CROSS = "aarch64-linux-gnu-"
FLAGS = (
    *("ARCH=arm64", f"CROSS_COMPILE={CROSS}", f"CC={CROSS}gcc", "KCFLAGS=-Werror", "CONFIG_DRM_ACCEL_ROCKET=m"),
    # The kernel was built with a newer compiler, type information, and a key that nobody else has.
    *("CONFIG_CC_HAS_MIN_FUNCTION_ALIGNMENT=", "CONFIG_DEBUG_INFO_BTF_MODULES=", "CONFIG_MODULE_SIG_ALL="),
)


def build(cache: Cache, image: Path, release: str, deadline: Deadline, progress: Progress) -> Path:
    """A cached directory with `rknpu.ko` and `rocket.ko`, built with the kernel's headers that an image keeps.

    Needs the cross compiler and make.
    """
    debs = sorted([*(image / "kbuild").glob("*.deb"), *(image / "build-libc").glob("*.deb")])
    driver = sorted((image / "rocket").iterdir())
    parts = [*((SOURCES / name).read_bytes() for name in FILES), *(path.read_bytes() for path in driver)]
    parts += [*(deb.name.encode() for deb in debs), repr(FLAGS).encode()]

    def compile_into(target: Path) -> None:
        progress("compiling the drivers")
        headers = target / "headers"
        headers.mkdir()
        for deb in debs:
            place = headers / "libc" if deb.parent.name == "build-libc" else headers
            place.mkdir(exist_ok=True)
            unpack(deb, place, deadline, exclude=("./usr/share/doc/*",))
        _run_newer_programs(headers)
        _compile(headers, release, driver, target, deadline)
        shutil.rmtree(headers)

    key = hashlib.sha256(b"\0".join(parts)).hexdigest()
    wanted = Wanted("drivers", key, "the board's drivers", 150 * 1024**2)
    return cache.entry(wanted, compile_into, deadline, progress)


def _run_newer_programs(headers: Path) -> None:
    """Have kbuild's own programs, made for a newer Debian, started by the C library they were made for."""
    libraries = next(headers.glob("libc/usr/lib/*/ld-linux-*.so.*")).parent
    loader = next(libraries.glob("ld-linux-*.so.*"))
    for program in headers.glob("usr/lib/linux-kbuild-*/scripts/mod/modpost.real-lsb-64"):
        text = f'#!/bin/sh\nexec {loader} --library-path {libraries} {program} "$@"\n'
        wrapper = program.with_name("modpost")
        wrapper.unlink()
        wrapper.write_text(text)
        wrapper.chmod(0o755)


def _compile(headers: Path, release: str, driver: Sequence[Path], target: Path, deadline: Deadline) -> None:
    kernel = headers / "usr/src" / f"linux-headers-{release}"
    for makefile in headers.glob("usr/src/linux-headers-*/Makefile"):
        # Debian's name the place they would be installed to.
        makefile.write_text(makefile.read_text().replace("/usr/src/", f"{headers}/usr/src/"))
    for name, sources in (("rknpu", [SOURCES / file for file in FILES]), ("rocket", driver)):
        work = headers / name
        work.mkdir()
        for path in sources:
            shutil.copyfile(path, work / path.name)
        output(["make", "-s", "-C", kernel, f"M={work}", *FLAGS, "modules"], deadline)
        output([f"{CROSS}strip", "--strip-debug", "-o", target / f"{name}.ko", work / f"{name}.ko"], deadline)
