"""Sources that lie next to the Nix files: there at all, and for the right machine."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rknn_validation.checks.configuration.registry import check
from rknn_validation.checks.findings import Finding, Fine, Problem, looked_at
from rknn_validation.facts.model import Facts
from rknn_validation.facts.recipes.fetches import fetches
from rknn_validation.facts.recipes.localfiles import LocalFile, local_files
from rknn_validation.facts.recipes.recipes import recipes
from rknn_validation.facts.recipes.wheels import fetched_wheel, wheel_of
from rknn_validation.npu.versions import FOREIGN_LIBRARY_FOLDERS

# Absolute paths that are the machine's own and not somebody's files; what reads them is judged elsewhere.
_SYSTEM = re.compile(r"/(?:nix|proc|sys|dev|run|boot|etc|usr|bin|lib|lib64|var|sbin)(?:/|$)")


@check(
    "lint.local-files-exist",
    stage="lint",
    title="Every file the Nix code names by path comes with the subject",
    remedy="Put the file next to the Nix code and name it by a relative path, or fetch it by address and hash.",
    good="every path exists",
    nothing="no file is named by path",
)
def local_files_exist(facts: Facts) -> Iterator[Finding]:
    """A path into somebody's home exists on one machine; under pure evaluation not even there."""
    for file in local_files(facts):
        what = _missing(file)
        yield Problem(file.where, what, file.literal) if what else Fine(file.where, file.literal)
    for recipe in recipes(facts):
        source = recipe.text("src") or ""
        if source.startswith(("/", "~")) and not source.startswith("/nix/store/"):
            what = "the source is a file of one machine, named by its absolute path"
            yield Problem(recipe.where, what, source)


def _missing(file: LocalFile) -> str | None:
    if file.literal.startswith("~"):
        return "it names a file in somebody's home directory"
    if file.exists is None:
        return None if _SYSTEM.match(file.literal) else "it names a file of one machine by its absolute path"
    # What is imported is for evaluation to judge; here it is about what a build would copy.
    is_data = "." in file.name.strip(".") and not file.literal.endswith(".nix")
    return "there is no such file" if is_data and not file.exists else None


@check(
    "source.is-for-this-machine",
    stage="packages",
    title="Binaries are for aarch64 Linux",
    remedy="Take the library from …/Linux/librknn_api/aarch64/ and the wheel whose name ends in _aarch64.whl.",
    good="nothing is for another machine",
    nothing="the subject has no packages",
)
def is_for_this_machine(facts: Facts) -> Iterator[Finding]:
    """A library for another processor or for Android cannot be loaded (`wrong ELF class`)."""
    yield from _foreign_downloads(facts)
    yield from _foreign_files(facts)
    yield from _foreign_copies(facts)
    yield from looked_at(fetches(facts))
    yield from looked_at(one.where for one in recipes(facts))


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
    for file in local_files(facts):
        wheel = wheel_of(file.name)
        if wheel and wheel.is_for_aarch64_linux is False:
            yield Problem(file.where, f"the wheel is for {wheel.platform}, not for aarch64 Linux", file.literal)
        if file.unfit:
            yield Problem(file.where, file.unfit, file.literal)
