"""Files that Nix code names by path: whether they are there, and for which machine a library among them is."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

from rknn_validation.facts.model import Facts, derived
from rknn_validation.facts.nix.syntax import Path as NixPath
from rknn_validation.facts.recipes.nixtrees import trees_of

_AARCH64 = 183
_MACHINES = {3: "x86 (32 bit)", 40: "ARM (32 bit)", 62: "x86_64", 243: "RISC-V"}


@dataclass(frozen=True)
class LocalFile:
    """A path literal. `exists` is None for an absolute path: that is a matter of some machine, and none of the subject.

    `unfit` says why a shared library there is none for aarch64; "" where it is one, or is no library.
    """

    where: str
    literal: str
    exists: bool | None
    unfit: str = ""

    @property
    def name(self) -> str:
        """The last part of the path."""
        return self.literal.rsplit("/", 1)[-1]


@derived
def local_files(facts: Facts) -> tuple[LocalFile, ...]:
    """Every path literal in the files that are about the NPU."""
    return tuple(
        _local_file(tree.at(node), tree.path.parent, node.literal)
        for tree in trees_of(facts)
        if tree.about_npu
        for node in tree.tree.walk()
        if isinstance(node, NixPath) and not node.search and node.literal
    )


def _local_file(where: str, folder: Path, literal: str) -> LocalFile:
    if literal.startswith(("/", "~")):
        return LocalFile(where, literal, None)
    path = folder / literal
    unfit = elf_problem(path.read_bytes()[:64]) if ".so" in path.name and path.is_file() else None
    return LocalFile(where, literal, path.exists(), unfit or "")


def elf_problem(head: bytes) -> str | None:
    """Why a file that begins like this is no library for aarch64; None where it is one."""
    if head.startswith(b"version https://git-lfs"):
        return "it is a Git LFS pointer, not the library: fetch the file itself (git lfs pull)"
    if not head.startswith(b"\x7fELF") or len(head) < 20:
        return "it is no ELF file"
    (machine,) = struct.unpack_from("<H" if head[5] == 1 else ">H", head, 18)
    return None if machine == _AARCH64 else f"it is for {_MACHINES.get(machine, f'machine {machine}')}, not for aarch64"
