"""The tree of an installation while it is put together, with what stood in and what was left out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from rknn_validation.common.deadline import Deadline
from rknn_validation.machine.image import Image
from rknn_validation.machine.moduletree import module_tree
from rknn_validation.machine.standins import Programs, build
from rknn_validation.machine.tree import Directory, Entry, File, Link, Tree
from rknn_validation.npu.stacks import Stack

STORE = "/nix/store"
SYSTEM = f"{STORE}/00000000000000000000000000000000-nixos-system"
"""What `/run/current-system` points to."""
BASE = f"{STORE}/00000000000000000000000000000000-programs-of-debian"
"""A store path whose `bin` holds Debian's programs, for whatever NixOS always has."""

MODULES_SECONDS = 120.0
"""Deadline of installing kernel modules and indexing them with depmod."""


@dataclass(frozen=True)
class Guest:
    """What an emulated board's image offers to an installation.

    `modules` gives the tree with the named drivers (`rknpu`, `rocket`) and the indexes of `/usr/lib/modules`;
    `programs` are the stand-ins built for the guest; `teflon` gives Mesa's delegate and the version of Mesa.
    """

    kernel_release: str
    modules: Callable[[Sequence[str]], Tree]
    programs: Programs
    teflon: Callable[[], tuple[bytes, str]]

    @classmethod
    def of(cls, image: Image, deadline: Deadline) -> Guest:
        """The guest of an image. Raises MissingToolError without a compiler or depmod."""

        # Called at any time of the run, when the deadline of the image has passed.
        def modules(names: Sequence[str]) -> Tree:
            return module_tree(image, names, Deadline.after(MODULES_SECONDS, "the drivers' indexes"))

        return cls(image.release, modules, build(deadline), lambda: (image.teflon.read_bytes(), image.mesa))


@dataclass(frozen=True)
class Installation:
    """A configuration laid out as NixOS activation would lay it out.

    `npu` is the stack whose NPU nodes the configuration's device tree has on an RK3588 board, None where it has none.
    `stand_ins` name what stood in for the real thing, `notes` what had to be assumed or left out.
    `units` are the names of the unit files laid. `kernel` is the path of the kernel's modules, another one for another
    kernel; `drivers` are the NPU drivers that the configuration adds to its kernel.
    """

    tree: Mapping[str, Entry]
    stand_ins: tuple[str, ...]
    notes: tuple[str, ...]
    npu: Stack | None
    units: tuple[str, ...]
    kernel: str
    drivers: tuple[str, ...]


@dataclass
class Layout:
    """Entries by absolute path; the first to claim a path keeps it, as with packages in a profile."""

    guest: Guest
    driver_packages: frozenset[str] = frozenset()
    """Paths of the packages that bring NPU drivers: simulated drivers are installed in their place."""
    entries: dict[str, Entry] = field(default_factory=dict)
    stand_ins: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    units: list[str] = field(default_factory=list)
    kernel: str = ""
    drivers: tuple[str, ...] = ()

    def text(self, path: str, text: str, mode: int = 0o644) -> None:
        """A text file."""
        self.entries[path] = File(text.encode(), mode)

    def script(self, path: str, text: str) -> None:
        """An executable text file."""
        self.text(path, text, 0o755)

    def data(self, path: str, data: bytes, mode: int = 0o444) -> None:
        """A binary file; the modes of a store path are 0444 or 0555, whatever a build asked for."""
        self.entries[path] = File(data, mode)

    def link(self, path: str, target: str) -> None:
        """A symbolic link, unless something is there already."""
        self.entries.setdefault(path, Link(target))

    def directory(self, path: str) -> None:
        """A directory that may stay empty."""
        self.entries.setdefault(path, Directory())

    def stand_in(self, what: str) -> None:
        """Note what stood in for the real thing."""
        if what not in self.stand_ins:
            self.stand_ins.append(what)

    def note(self, what: str) -> None:
        """Note what was assumed or left out."""
        if what not in self.notes:
            self.notes.append(what)

    def below(self, root: str) -> list[str]:
        """The files and links below a directory."""
        return [path for path in self.entries if path.startswith(f"{root}/")]

    def mentioned(self) -> str:
        """Every text laid so far, as one string, to look for store paths in."""
        files = (entry.data for entry in self.entries.values() if isinstance(entry, File))
        targets = (entry.target for entry in self.entries.values() if isinstance(entry, Link))
        texts = (data.decode(errors="replace") for data in files if not data.startswith(b"\x7fELF"))
        return "\n".join((*texts, *targets))
