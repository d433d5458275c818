"""Which nixpkgs serves: one that was named, this project's pin, or the stand-in; and why it is that one.

The lock file of a host's own flake comes before all of these: `locked` says whether what it names can serve. Who
evaluates a host of a flake asks `choose` only when that is not on this machine, or when `--nixpkgs` was given.

    choice = choose(config.getoption("--nixpkgs"), offline=..., deadline=..., progress=...)
    evaluate(requests, nixpkgs=choice.path, deadline=...)      # None is the stand-in
    ["--override-input", "nixpkgs", f"path:{choice.tree}"]     # for a flake
    choice.header                                              # one line, for the terminal and for reports

It is asked once a run, by the process that starts the others: those are given the path.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from rknn_validation.common.deadline import Deadline
from rknn_validation.common.errors import DeadlineExceeded, HarnessError
from rknn_validation.common.process import run
from rknn_validation.facts.nix import sources
from rknn_validation.facts.nix.command import HERE, STANDIN, fetch, last_error, program
from rknn_validation.facts.nix.gcroots import keep
from rknn_validation.facts.nix.sources import store_path

PIN = HERE / "pin.json"
"""What this repository's flake.lock locks, for an installed harness too, which has no flake.lock."""
OLDEST = (2, 18)
"""The oldest Nix that the pin takes (its `lib/minfeatures.nix`)."""
ENTRY = ("lib/default.nix", "nixos/lib/eval-config.nix")
"""What is read of a nixpkgs."""
GITHUB = ("github.com", 443)
FETCHING = 600
"""Seconds that fetching nixpkgs (about 50 MB, 300 MB unpacked) may take."""

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Nixpkgs:
    """The nixpkgs that serves: its tree (None: the stand-in), what reports call it, and why it is this one."""

    path: Path | None
    name: str
    reason: str

    @property
    def tree(self) -> Path:
        """A tree in any case: the stand-in's own where it serves."""
        return self.path or STANDIN

    @property
    def header(self) -> str:
        """One line for the terminal's header and for reports."""
        return f"{self.name}: {self.reason}"


def choose(given: str | None, *, offline: bool, deadline: Deadline, progress: Progress) -> Nixpkgs:
    """The nixpkgs to evaluate with.

    `given` is what `--nixpkgs` named, a path or a flake reference; None takes this project's pin where it is in the
    store or can be fetched (never when `offline`; a failed download is not tried again for an hour), else the
    stand-in. A Nix that is too old for the nixpkgs chosen gets the stand-in, and is told why.
    Raises HarnessError for a path that is no nixpkgs and for a reference that cannot be fetched.
    """
    if given is not None:
        tree, why = _named(given, offline, deadline, progress), f"--nixpkgs {given}"
    else:
        found = _pin(offline, deadline, progress)
        if isinstance(found, str):
            return _standin(found)
        tree, why = found, f"the pin of this project, {pin()['ref']} at {pin()['rev'][:12]}"
    return _unless_too_new(tree, why, deadline)


def locked(tree: Path, deadline: Deadline) -> Nixpkgs:
    """The nixpkgs that a flake's own lock file names; the stand-in, and why, where Nix is too old for it."""
    return _unless_too_new(tree, "locked by its flake", deadline)


def _unless_too_new(tree: Path, why: str, deadline: Deadline) -> Nixpkgs:
    oldest, present = needed(tree), version(deadline)
    if present is not None and present < oldest:
        return _standin(f"{description(tree)}, {why}, needs Nix {_dotted(oldest)}, and this is Nix {_dotted(present)}")
    return Nixpkgs(tree, description(tree), why)


def description(tree: Path) -> str:
    """A tree as reports name it: `nixpkgs 26.05 (PATH)`."""
    release = tree / "lib" / ".version"
    known = release.read_text(encoding="utf-8").strip() if release.is_file() else "of unknown version"
    return f"nixpkgs {known} ({tree})"


def pin() -> dict[str, str]:
    """What flake.lock locks: `rev`, `narHash`, `owner`, `repo` and the branch, `ref`."""
    data: dict[str, str] = json.loads(PIN.read_text(encoding="utf-8"))
    return data


@functools.cache
def _version(program: str, seconds: float) -> tuple[int, ...] | None:
    said = run([program, "--version"], deadline=Deadline.after(seconds, "Nix to print its version")).stdout
    found = re.search(r"(\d+)\.(\d+)(?:\.(\d+))?", said)
    return None if found is None else tuple(int(part) for part in found.groups() if part is not None)


def version(deadline: Deadline) -> tuple[int, ...] | None:
    """The version of Nix, or None where it cannot be told. Raises MissingToolError."""
    deadline.remaining()
    return _version(program(), 20)


def _standin(why: str) -> Nixpkgs:
    return Nixpkgs(None, "stand-in for nixpkgs", why)


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))


def needed(tree: Path) -> tuple[int, ...]:
    """The oldest Nix that a nixpkgs takes; it says so itself, in one of two files, by its age."""
    for file in (tree / "lib" / "minfeatures.nix", tree / "lib" / "minver.nix"):
        found = re.search(r'"(\d+(?:\.\d+)+)"', file.read_text(encoding="utf-8")) if file.is_file() else None
        if found:
            return tuple(int(part) for part in found[1].split("."))
    return ()


def _named(given: str, offline: bool, deadline: Deadline, progress: Progress) -> Path:
    """The tree that `--nixpkgs` names."""
    text = given.removeprefix("path:")
    path = Path(text).expanduser()
    if path.exists() or text.startswith(("/", "./", "../", "~")) or given != text:
        return _a_nixpkgs(path.absolute(), given)
    return _a_nixpkgs(_fetched(given, offline, deadline, progress), given)


def _a_nixpkgs(tree: Path, given: str) -> Path:
    missing = next((name for name in ENTRY if not (tree / name).is_file()), None)
    if missing is None:
        return tree
    seen = f"no {missing} in {tree}" if tree.is_dir() else f"there is no folder {tree}"
    raise HarnessError(
        f"--nixpkgs {given} is no nixpkgs",
        expected="a folder with nixpkgs in it, or a flake reference to one (github:NixOS/nixpkgs/nixos-26.05)",
        seen=seen,
        hint="without --nixpkgs, this project's pinned nixpkgs is used, or the stand-in",
    )


def _fetched(reference: str, offline: bool, deadline: Deadline, progress: Progress) -> Path:
    """Where Nix put what a flake reference names. Raises HarnessError when it cannot be fetched."""
    progress(f"nixpkgs: {reference}" if offline else f"nixpkgs: {reference} (fetched once, then kept)")
    part = deadline.capped(FETCHING, f"Nix to fetch {reference}")
    done = fetch("prefetch", reference, part, offline=offline)
    if done.returncode == 0:
        return keep(Path(json.loads(done.stdout)["storePath"]), deadline)
    raise HarnessError(
        f"--nixpkgs {reference} cannot be fetched",
        expected="a folder, or a flake reference that Nix can fetch" + (" (kept already: --offline)" * offline),
        seen=last_error(done.stderr),
        hint="name a folder by its path; without --nixpkgs, this project's pinned nixpkgs is used, or the stand-in",
    )


def _pin(offline: bool, deadline: Deadline, progress: Progress) -> Path | str:
    """The pin's tree, or why it cannot serve. Without a network that is known at once, or within seconds."""
    kept, present = store_path(pin()["narHash"]), version(deadline)
    if kept is not None and all((kept / name).is_file() for name in ENTRY):
        return kept
    if present is not None and present < OLDEST:
        return f"Nix {_dotted(present)} is too old for nixpkgs, which needs {_dotted(OLDEST)}"
    if offline:
        return "the pinned nixpkgs is not in the store, and --offline forbids fetching it"
    earlier = sources.remembered_failure(pin()["rev"])
    if earlier:
        return f"the pinned nixpkgs is not in the store and could not be fetched: {earlier}"
    reason = sources.unreachable(*GITHUB)
    if not reason:
        reference = "github:{owner}/{repo}/{rev}".format(**pin())
        try:
            return _a_nixpkgs(_fetched(reference, offline, deadline, progress), reference)
        except DeadlineExceeded as late:
            reason = str(late.message)
        except HarnessError as error:
            reason = error.seen
    sources.remember_failure(pin()["rev"], reason)
    return f"the pinned nixpkgs is not in the store and cannot be fetched: {reason}"
