"""By what means C programs find the runtime library: NixOS searches no directory without being told."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from rknn_validation.facts.difference import baseline, part
from rknn_validation.facts.library.packages import carries, is_runtime, script_of
from rknn_validation.facts.library.search import path_settings
from rknn_validation.facts.model import Facts, derived
from rknn_validation.facts.nix.configuration import Package
from rknn_validation.npu.about import about_npu
from rknn_validation.npu.stacks import LD_LIBRARY_PATH

_WRAPS = re.compile(r"patchelf[^\n]*rpath|makeWrapper|wrapProgram|makeBinaryWrapper|\bbwrap\b|--prefix LD_LIBRARY_PATH")
_LINKED = re.compile(r"rknn.*(rt|runtime)|librknn|rknpu", re.IGNORECASE)


@dataclass(frozen=True)
class Means:
    """One way to the library: `where` it is said, what was `seen`, and whose it is (`unit`; "" for everybody).

    `is_setting`: a value of LD_LIBRARY_PATH, which may lead elsewhere.
    """

    where: str
    seen: str
    unit: str = ""
    is_setting: bool = False


@derived
def means(facts: Facts) -> tuple[Means, ...]:
    """Every way the subject gives C programs to the runtime."""
    return (*_by_variable(facts), *_by_loader(facts), *_by_programs(facts), *_by_files(facts))


def _by_variable(facts: Facts) -> Iterator[Means]:
    for one in path_settings(facts):
        yield Means(one.where, one.value, one.unit, is_setting=True)


def _by_loader(facts: Facts) -> Iterator[Means]:
    for package in facts.configuration.nix_ld_libraries:
        if carries(package):
            yield Means("programs.nix-ld.libraries", package.name)


def _by_programs(facts: Facts) -> Iterator[Means]:
    for package in part(facts).packages:
        text = script_of(package)
        if is_runtime(package) and not re.search(r"/bin/", text):
            # What is done to the library itself leads no program to it.
            continue
        sets_path = LD_LIBRARY_PATH in text and (is_runtime(package) or about_npu(text))
        if sets_path or (_WRAPS.search(text) and _is_ours(package, text)):
            yield Means("a wrapper", package.name)
        elif is_box(package) and carries(package):
            yield Means("an FHS environment", package.name)
        elif not is_runtime(package) and any(_LINKED.search(name) for name in _inputs(package)):
            yield Means("a program linked against it", package.name)


def _is_ours(package: Package, text: str) -> bool:
    return about_npu(f"{package.name}\n{text}") or any(about_npu(name) for name in _inputs(package))


def _inputs(package: Package) -> Iterator[str]:
    return (name for names in package.inputs.values() for name in names)


def is_box(package: Package) -> bool:
    """Whether a program starts in a root file system of its own, which is not the machine's."""
    text = f"{package.name} {package.builder} {script_of(package)}"
    return bool(re.search(r"bubblewrap|bwrap|\bfhs|proot\b|chroot", text, re.IGNORECASE))


def _by_files(facts: Facts) -> Iterator[Means]:
    before = baseline(facts).etc
    for path, file in facts.configuration.etc.items():
        text = file.text or ""
        if path not in before and LD_LIBRARY_PATH in text and "ld.so" not in path and about_npu(f"{path}\n{text}"):
            yield Means(f"/etc/{path}", text.strip())
