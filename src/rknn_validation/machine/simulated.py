"""The simulated drivers `rknpu` and `rocket`: built for the guest's kernel, laid into a board on demand."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from rknn_validation.deadline import Deadline
from rknn_validation.machine import tools
from rknn_validation.machine.cache import Cache, Progress, Wanted
from rknn_validation.machine.tree import File, Tree
from rknn_validation.machine.workspace import workspace

if TYPE_CHECKING:
    from rknn_validation.machine.image import Image

SOURCES = Path(__file__).parent / "guest"
FILES = ("Kbuild", "rknpu_sim.c", "rocket_sim.c")
NAMES = ("rknpu", "rocket")
CROSS = "aarch64-linux-gnu-"
FLAGS = ("ARCH=arm64", f"CROSS_COMPILE={CROSS}", f"CC={CROSS}gcc", "KCFLAGS=-Werror")

STAND_INS = {
    "rknpu": "simulated vendor NPU driver (rknpu.ko): binds, gives /dev/rknpu, tells its version, computes nothing",
    "rocket": "simulated mainline NPU driver (rocket.ko): binds, gives /dev/accel/accel0, computes nothing",
}
"""What each module is, for reports."""


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
            tools.unpack(deb, headers, deadline, exclude=("./usr/share/doc/*",))
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
    tools.run(["make", "-s", "-C", kernel, f"M={work}", *FLAGS, "modules"], deadline)
    for name in NAMES:
        tools.run([f"{CROSS}strip", "--strip-debug", "-o", target / f"{name}.ko", work / f"{name}.ko"], deadline)


def kernel_modules(image: Image) -> dict[str, bytes]:
    """The simulated drivers by module name, to be laid where a configuration brings the driver they stand in for."""
    return {name: (image.simulated / f"{name}.ko").read_bytes() for name in NAMES}


def kernel_release(image: Image) -> str:
    """The release of the guest's kernel (`uname -r`)."""
    return image.release


def module_tree(image: Image, names: Iterable[str], deadline: Deadline) -> Tree:
    """The named simulated drivers as `/usr/lib/modules/<release>/updates/*.ko`, with the indexes depmod makes.

    Spares the guest a depmod of its own.
    """
    chosen = tuple(sorted(set(names)))
    if (image, chosen) not in _TREES:
        _TREES[image, chosen] = _module_tree(image, chosen, deadline)
    return _TREES[image, chosen]


_TREES: dict[tuple[Image, tuple[str, ...]], Tree] = {}


def _module_tree(image: Image, names: tuple[str, ...], deadline: Deadline) -> Tree:
    modules = kernel_modules(image)
    directory = f"/usr/lib/modules/{image.release}"
    tree = {f"{directory}/updates/{name}.ko": File(modules[name]) for name in names}
    with workspace() as work:
        scratch = work / "lib/modules" / image.release
        tools.run(["tar", "--extract", "--file", image.modules, "--directory", work], deadline)
        (scratch / "updates").mkdir()
        for path, file in tree.items():
            (scratch / "updates" / Path(path).name).write_bytes(file.data)
        tools.run(["depmod", "-b", work, image.release], deadline)
        for index in sorted(scratch.glob("modules.*")):
            tree[f"{directory}/{index.name}"] = File(index.read_bytes())
    return tree
