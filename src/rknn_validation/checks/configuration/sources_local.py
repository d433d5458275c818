"""Sources that lie next to the Nix files: there at all, and for the right machine."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from pathlib import Path

from rknn_validation.checks.configuration.registry import CONFIGURATION_CHECKS
from rknn_validation.checks.findings import Problem, judged
from rknn_validation.checks.model import Answer
from rknn_validation.facts.model import Facts
from rknn_validation.facts.recipes.fetches import fetches
from rknn_validation.facts.recipes.nixtrees import NixTree, trees_of
from rknn_validation.facts.recipes.recipes import recipes
from rknn_validation.facts.recipes.wheels import fetched_wheel, wheel_of
from rknn_validation.nix.syntax import Path as NixPath
from rknn_validation.npu.versions import FOREIGN_LIBRARY_FOLDERS

_AARCH64 = 183
_MACHINES = {3: "x86 (32 bit)", 40: "ARM (32 bit)", 62: "x86_64", 243: "RISC-V"}
# Absolute paths that are the machine's own and not somebody's files; what reads them is judged elsewhere.
_SYSTEM = re.compile(r"/(?:nix|proc|sys|dev|run|boot|etc|usr|bin|lib|lib64|var|sbin)(?:/|$)")


def _path_literals(facts: Facts) -> Iterator[tuple[NixTree, NixPath, str]]:
    for tree in trees_of(facts):
        for node in tree.tree.walk():
            if tree.about_npu and isinstance(node, NixPath) and not node.search and node.literal:
                yield tree, node, node.literal


@CONFIGURATION_CHECKS.check(
    "lint.local-files-exist",
    stage="lint",
    title="Every file the Nix code names by path comes with the subject",
    remedy="Put the file next to the Nix code and name it by a relative path, or fetch it by address and hash.",
)
def local_files_exist(facts: Facts) -> Answer:
    """A path into somebody's home exists on one machine; under pure evaluation not even there."""
    found = []
    for tree, node, literal in _path_literals(facts):
        what = _missing(tree.path.parent, literal)
        if what:
            found.append(Problem(tree.at(node), what, literal))
    for recipe in recipes(facts):
        source = recipe.text("src") or ""
        if source.startswith(("/", "~")) and not source.startswith("/nix/store/"):
            what = "the source is a file of one machine, named by its absolute path"
            found.append(Problem(recipe.where, what, source))
    looked_at = [f"{tree.at(node)}: {literal}" for tree, node, literal in _path_literals(facts)]
    return judged(found, looked_at, good="every path exists", nothing="no file is named by path")


def _missing(folder: Path, literal: str) -> str | None:
    if literal.startswith("~"):
        return "it names a file in somebody's home directory"
    if literal.startswith("/"):
        return None if _SYSTEM.match(literal) else "it names a file of one machine by its absolute path"
    # What is imported is for evaluation to judge; here it is about what a build would copy.
    is_data = "." in literal.rsplit("/", 1)[-1].strip(".") and not literal.endswith(".nix")
    return "there is no such file" if is_data and not (folder / literal).exists() else None


@CONFIGURATION_CHECKS.check(
    "source.is-for-this-machine",
    stage="packages",
    title="Binaries are for aarch64 Linux",
    remedy="Take the library from …/Linux/librknn_api/aarch64/ and the wheel whose name ends in _aarch64.whl.",
)
def is_for_this_machine(facts: Facts) -> Answer:
    """A library for another processor or for Android cannot be loaded (`wrong ELF class`)."""
    found = [*_foreign_downloads(facts), *_foreign_files(facts), *_foreign_copies(facts)]
    looked_at = [str(one) for one in fetches(facts)] + [one.where for one in recipes(facts)]
    return judged(found, looked_at, good="nothing is for another machine", nothing="the subject has no packages")


def _foreign_downloads(facts: Facts) -> Iterator[Problem]:
    for fetch in fetches(facts):
        wheel = fetched_wheel(fetch)
        if wheel and wheel.platform and wheel.is_for_aarch64_linux is False:
            yield Problem(fetch.where, f"the wheel is for {wheel.platform}, not for aarch64 Linux", str(fetch))
        for url in fetch.urls:
            folder = _foreign_folder(url)
            if folder:
                yield Problem(fetch.where, f"the library in {folder}/ is not for aarch64 Linux", url)


def _foreign_folder(path: str) -> str | None:
    if not re.search(r"lib(?:rknn|rkllm|rga)[\w.]*\.so", path):
        return None
    parts = path.split("/")
    if "Android" in parts:
        return "Android"
    return next((part for part in parts if part in FOREIGN_LIBRARY_FOLDERS), None)


def _foreign_copies(facts: Facts) -> Iterator[Problem]:
    for recipe in recipes(facts):
        for phase, script in recipe.phases().items():
            for number, line in enumerate(script.splitlines(), 1):
                copied = re.match(r"\s*(?:cp|install|mv|ln)\s", line)
                sources = [word for word in line.split() if not word.strip("\"'").startswith("$out")]
                folder = next((one for word in sources if (one := _foreign_folder(word))), None)
                if copied and folder:
                    where = f"{recipe.where} {phase} line {number}"
                    yield Problem(where, f"the library in {folder}/ is not for aarch64 Linux", line.strip())


def _foreign_files(facts: Facts) -> Iterator[Problem]:
    for tree, node, literal in _path_literals(facts):
        path = tree.path.parent / literal
        wheel = wheel_of(path.name)
        if wheel and wheel.is_for_aarch64_linux is False:
            yield Problem(tree.at(node), f"the wheel is for {wheel.platform}, not for aarch64 Linux", literal)
        if ".so" in path.name and path.is_file():
            what = elf_problem(path.read_bytes()[:64])
            if what:
                yield Problem(tree.at(node), what, literal)


def elf_problem(head: bytes) -> str | None:
    """Why a file that begins like this is no library for aarch64; None where it is one."""
    if head.startswith(b"version https://git-lfs"):
        return "it is a Git LFS pointer, not the library: fetch the file itself (git lfs pull)"
    if not head.startswith(b"\x7fELF") or len(head) < 20:
        return "it is no ELF file"
    (machine,) = struct.unpack_from("<H" if head[5] == 1 else ">H", head, 18)
    return None if machine == _AARCH64 else f"it is for {_MACHINES.get(machine, f'machine {machine}')}, not for aarch64"
