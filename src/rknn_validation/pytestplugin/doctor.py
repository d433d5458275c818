"""`rknn-validate --doctor`: what this machine has and lacks for each tier, and the command that brings it."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from rknn_validation.common.cache import Cache
from rknn_validation.common.deadline import Deadline
from rknn_validation.common.errors import HarnessError
from rknn_validation.common.process import ADMINISTRATORS
from rknn_validation.facts.nix.nixpkgs import OLDEST, version
from rknn_validation.machine.image import PACKAGES

TIERS = ("unit", "vm", "hardware")
SECONDS = 20.0
SPACE = 3 * 2**30
"""Bytes of disk that the downloads, the image and the snapshots of a few boards take."""
CROSS_COMPILER = "aarch64-linux-gnu-gcc"
PROGRAMS = {
    "nix-instantiate": ("unit", "nix-bin"),
    "qemu-system-aarch64": ("vm", "qemu-system-arm"),
    CROSS_COMPILER: ("vm", "gcc-aarch64-linux-gnu"),
    "dtc": ("vm", "device-tree-compiler"),
    "mkfs.erofs": ("vm", "erofs-utils"),
    "cpio": ("vm", "cpio"),
    "xz": ("vm", "xz-utils"),
    "depmod": ("vm", "kmod"),
    "make": ("vm", "make"),
    "setpriv": ("vm", "util-linux"),
    "dpkg-deb": ("vm", "dpkg"),
    "ssh": ("hardware", "openssh-client"),
}
"""What a tier cannot do without: a program, and the Debian package that brings it."""
USEFUL = {
    "nix": ("unit", "nix-bin", "no flakes, and no download of the real nixpkgs"),
    "git": ("unit", "git", "no flakes in a Git repository"),
    "shellcheck": ("unit", "shellcheck", "scripts are not checked by it"),
}
"""What a tier does less without."""


@dataclass(frozen=True)
class Row:
    """One thing that was looked at. `lacking` says what follows where it is not there; `needed`: its tier stops."""

    tier: str
    name: str
    seen: str
    lacking: str = ""
    needed: bool = True
    brings: str = ""

    @property
    def stops(self) -> bool:
        """Whether its tier cannot run."""
        return bool(self.lacking) and self.needed


def main() -> int:
    """Print what is there and what is not. Returns 0 where the tiers `unit` and `vm` can run, else 1."""
    rows = examined()
    for tier in TIERS:
        own = [row for row in rows if row.tier == tier]
        print(f"{tier}: {'cannot run' if any(row.stops for row in own) else 'can run'}")
        for row in own:
            state = "missing" if row.stops else "limited" if row.lacking else "ok"
            print(f"  {state:<9}{row.name:<23}{row.seen}{row.lacking and f': {row.lacking}'}")
            if row.lacking and row.brings:
                print(f"  {'':<32}install: {row.brings}")
        print()
    print("Network: not needed for what the cache holds. KVM: not used, boards are emulated in software.")
    return int(any(row.stops for row in rows if row.tier in ("unit", "vm")))


def examined() -> list[Row]:
    """Everything that was looked at, tier by tier."""
    rows: list[Row | None] = [_program(name, tier, package) for name, (tier, package) in PROGRAMS.items()]
    rows += [_program(name, tier, package, why) for name, (tier, package, why) in USEFUL.items()]
    cache = Cache()
    downloaded = any(entry.name == PACKAGES.name for entry in cache.entries())
    rows += (_nix(), _headers(), _apt(downloaded), _space(cache.root, downloaded))
    return [row for row in rows if row is not None]


def installing(package: str) -> str:
    """The command that brings a Debian package."""
    if shutil.which("apt-get") is None:
        return "nix develop, in a checkout of this project"
    return f"{'' if os.getuid() == 0 else 'sudo '}apt-get install {package}"


def _found(name: str) -> str | None:
    return shutil.which(name) or shutil.which(name, path=ADMINISTRATORS)


def _program(name: str, tier: str, package: str, why: str = "") -> Row:
    path = _found(name)
    if path is not None:
        return Row(tier, name, path)
    return Row(tier, name, "not on PATH", why or "this tier cannot run", not why, installing(package))


def _nix() -> Row | None:
    """The version of Nix: Debian 12 has an older one than nixpkgs needs today."""
    try:
        found = version(Deadline.after(SECONDS, "Nix to print its version"))
    except HarnessError:
        return None  # missing, which is a row of its own
    if found is None:
        return Row("unit", "Nix's version", "nix-instantiate --version prints none", "Nix is broken", True)
    words, oldest = (".".join(map(str, one)) for one in (found, OLDEST))
    if found >= OLDEST:
        return Row("unit", "Nix's version", words)
    less = f"the real nixpkgs needs {oldest}, so that the stand-in for it serves"
    return Row("unit", "Nix's version", words, less, False, "a newer Nix, from nixos.org/download")


def _headers() -> Row | None:
    """Whether the cross compiler finds its C library, which Debian has in a package of its own."""
    program = _found(CROSS_COMPILER)
    if program is None:
        return None
    status, said = _said([program, "-E", "-x", "c", "-"], "#include <stdio.h>\n")
    if status == 0:
        return Row("vm", "headers for aarch64", f"found by {CROSS_COMPILER}")
    what = "the guest's programs cannot be compiled"
    return Row("vm", "headers for aarch64", said or "not found", what, True, installing("libc6-dev-arm64-cross"))


def _apt(downloaded: bool) -> Row:
    """Where the packages of the emulated board come from."""
    name = "Debian packages"
    if downloaded:
        return Row("vm", name, "in the cache already")
    if _found("apt-get") is None:
        what = "the emulated board cannot be made"
        return Row("vm", name, "no apt-get", what, True, "a Debian 12 host or container, for the first run")
    words = ["apt-get", "indextargets", "--format", "$(CODENAME)", "Created-By: Packages"]
    status, said = _said(words)
    names = ", ".join(sorted(set(said.split()))) if status == 0 else ""
    if names:
        return Row("vm", name, f"from this machine's apt sources: {names}")
    what = "the emulated board cannot be made"
    return Row("vm", name, "apt has no sources", what, True, "add Debian's to /etc/apt/sources.list")


def _space(cache: Path, downloaded: bool) -> Row:
    """Room for the image and the snapshots."""
    place = next(path for path in (cache, *cache.parents) if path.exists())
    free = shutil.disk_usage(place).free
    seen = f"{free / 2**30:.1f} GiB free in {cache}"
    if free >= SPACE or (downloaded and free >= SPACE / 3):
        return Row("vm", "disk space", seen)
    what = f"{SPACE / 2**30:.0f} GiB are needed"
    return Row("vm", "disk space", seen, what, True, "rknn-validate cache remove snapshots, or --cache DIR")


def _said(command: Iterable[str], given: str = "") -> tuple[int, str]:
    """A program's exit status, and what it said."""
    try:
        done = subprocess.run(list(command), input=given, capture_output=True, text=True, timeout=SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired) as problem:
        return 1, str(problem)
    lines = (done.stdout if done.returncode == 0 else done.stderr).strip()
    return done.returncode, lines if done.returncode == 0 else lines.splitlines()[0] if lines else ""
