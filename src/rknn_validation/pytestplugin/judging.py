"""pytest: what is judged, and which nixpkgs serves; told by the command line or a subject file.

Hosts are evaluated before the first test is collected: which questions there are depends on their boards and stacks.
It is done once in a run; the workers of -n read what came out.
"""

from __future__ import annotations

import pickle
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from rknn_validation.common.deadline import Deadline
from rknn_validation.common.errors import HarnessError
from rknn_validation.common.workspace import workspace
from rknn_validation.facts.gather import Evaluator, Shared, gather
from rknn_validation.facts.hosts import FactsOnDisk, evaluate_hosts, hosts_of
from rknn_validation.facts.model import Facts
from rknn_validation.facts.nix.evaluate import require_attribute
from rknn_validation.facts.nix.nixpkgs import Nixpkgs, choose
from rknn_validation.pytestplugin.entry import SUBJECT_FILE
from rknn_validation.pytestplugin.progress import say
from rknn_validation.subject.hosts import Host
from rknn_validation.subject.references import HostReference, split_path
from rknn_validation.subject.validation import Validation, load

NIXPKGS_SECONDS = 900.0
WORD = "rknn_judged"
"""Name under which workers of -n are told where the facts of hosts are."""
NIXPKGS = "rknn_nixpkgs"
"""Name under which they are told the nixpkgs."""
SEEN = "judged.pickle"
EXAMPLE = f"# {SUBJECT_FILE}\nhosts:\n  opi01: .#opi01"


@dataclass
class Judged:
    """What is judged in this run, and its facts. `nixpkgs` is chosen when the first evaluation needs it."""

    config: pytest.Config
    validation: Validation
    folder: Path | None = None
    owned: ExitStack = field(default_factory=ExitStack)
    record: Shared = field(default_factory=Shared)
    _nixpkgs: Nixpkgs | None = None

    @property
    def nixpkgs(self) -> Nixpkgs:
        """Which nixpkgs serves. Raises HarnessError where the one that was named cannot."""
        if self._nixpkgs is None:
            option = self.config.getoption
            given = option("--nixpkgs")
            deadline = Deadline.after(NIXPKGS_SECONDS, "nixpkgs")
            self._nixpkgs = choose(given, offline=option("--offline"), deadline=deadline, progress=self.say)
        return self._nixpkgs

    @property
    def served(self) -> list[str]:
        """A line for each nixpkgs that has served, and why; for the one chosen, too, while nothing was evaluated."""
        own = [f"nixpkgs of {flake}: {one.header}" for flake, one in self.record.own.items()]
        if self._nixpkgs is None or (own and not self.record.common):
            return own
        return [f"nixpkgs: {self._nixpkgs.header}", *own]

    def evaluator(self) -> Evaluator:
        """What evaluates in this run."""
        option = self.config.getoption
        return Evaluator(
            self.nixpkgs.path,
            Deadline.after(option("--evaluation-deadline"), "Nix to evaluate the subject"),
            offline=option("--offline"),
            build=option("--allow-import-from-derivation"),
            progress=self.say,
            nixpkgs_was_named=option("--nixpkgs") is not None,
            served=self.record,
        )

    def say(self, line: str) -> None:
        """One line about what is being waited for."""
        say(self.config, line)

    def facts(self) -> Mapping[str, Facts]:
        """The facts of every scenario: hosts' from the shelf, those of a module's scenarios evaluated now."""
        own = {
            name: one for name, one in self.validation.scenarios.items() if name not in self.validation.host_subjects
        }
        if own and not hasattr(self.config, "workerinput"):
            self.say(f"evaluating {', '.join(own)}")
        found = gather(replace(self.validation, scenarios=own), self.evaluator()) if own else {}
        return _Both(found, FactsOnDisk(self.folder)) if self.folder else found


class _Both(Mapping[str, Facts]):
    """Facts in memory, and others on a shelf."""

    def __init__(self, near: Mapping[str, Facts], far: Mapping[str, Facts]) -> None:
        self.near, self.far = near, far

    def __getitem__(self, name: str) -> Facts:
        return self.near[name] if name in self.near else self.far[name]

    def __iter__(self) -> Iterator[str]:
        yield from self.near
        yield from self.far

    def __len__(self) -> int:
        return len(self.near) + len(self.far)


JUDGED = pytest.StashKey[Judged]()


def judged(config: pytest.Config) -> Judged:
    """Read what is judged, and evaluate its hosts. Raises HarnessError."""
    told = getattr(config, "workerinput", {})
    if told.get(WORD):
        folder = Path(told[WORD])
        return Judged(config, pickle.loads((folder / SEEN).read_bytes()), folder, _nixpkgs=_told_nixpkgs(told))
    found = Judged(config, _asked_for(config), _nixpkgs=_told_nixpkgs(told))
    if config.getoption("--flake"):
        hosts: dict[str, Host] = {}
        for reference in config.getoption("--flake"):
            hosts |= hosts_of(reference, Path.cwd(), found.evaluator())
        found.validation = replace(found.validation, hosts=_given(hosts, config))
    if config.getoption("--file"):
        (host,) = found.validation.hosts.values()
        evaluator = found.evaluator()
        file, path = config.getoption("--file").resolve(), host.reference.path
        require_attribute(file, path, nixpkgs=evaluator.nixpkgs, deadline=evaluator.deadline)
    if found.validation.hosts:
        _evaluate_hosts(found)
    return found


def _told_nixpkgs(told: Mapping[str, Any]) -> Nixpkgs | None:
    """The nixpkgs that was chosen by the process which started this one."""
    if NIXPKGS not in told:
        return None
    path, name, why = told[NIXPKGS]
    return Nixpkgs(Path(path) if path else None, name, why)


def _evaluate_hosts(found: Judged) -> None:
    try:
        found.folder = found.owned.enter_context(workspace())
        found.validation = evaluate_hosts(found.validation, found.evaluator(), FactsOnDisk(found.folder), found.say)
        (found.folder / SEEN).write_bytes(pickle.dumps(found.validation))
    except BaseException:
        found.owned.close()
        raise


def _asked_for(config: pytest.Config) -> Validation:
    option = config.getoption
    named = [name for name in ("--subject", "--flake", "--file") if option(name)]
    if len(named) > 1:
        raise HarnessError(f"{named[0]} and {named[1]}", expected="one of them", seen="both")
    alone = next((name for name in ("--board", "--stack", "--option") if option(name)), None)
    if alone and not (option("--flake") or option("--file")):
        raise HarnessError(alone, expected="--flake or --file beside it", seen="a subject file, which says it itself")
    if option("--attribute") and not option("--file"):
        raise HarnessError("-A", expected="--file beside it", seen=option("--attribute"))
    if option("--file"):
        return _of_file(option("--file"), config)
    if option("--flake"):
        return Validation(Path(option("--flake")[0]), None, {}, {})
    return load(option("--subject") or _found(config))


def _found(config: pytest.Config) -> Path:
    places = dict.fromkeys((config.invocation_params.dir, config.rootpath))
    for directory in places:
        if (directory / SUBJECT_FILE).exists():
            return directory / SUBJECT_FILE
    raise HarnessError(
        "there is nothing to judge",
        expected=f"{SUBJECT_FILE}, or one of --flake FLAKE#HOST, --file FILE -A PATH, --subject FILE",
        seen=f"no {SUBJECT_FILE} in {' or '.join(map(str, places))}, and none of these options",
        hint=f"to judge the host opi01 of the flake in this directory: --flake .#opi01; or write\n{EXAMPLE}",
    )


def _of_file(file: Path, config: pytest.Config) -> Validation:
    if not file.exists() or (file.is_dir() and not (file / "default.nix").exists()):
        seen = "a folder without default.nix" if file.exists() else "no such file"
        raise HarnessError(f"--file {file}", expected="a Nix file", seen=seen)
    path = split_path(config.getoption("--attribute"))
    name = path[-1] if path else file.stem
    host = Host(name, HostReference(name, path, file=file.resolve()))
    return Validation(file.resolve(), None, {}, {}, hosts=_given({name: host}, config))


def _given(hosts: Mapping[str, Host], config: pytest.Config) -> dict[str, Host]:
    option = config.getoption
    if option("--board") and len(hosts) > 1:
        raise HarnessError("--board", expected="one host, such as --flake .#opi01", seen=f"{len(hosts)} hosts")
    path = split_path(option("--option"))
    return {
        name: replace(host, board=option("--board"), stack=option("--stack"), option=path)
        for name, host in hosts.items()
    }


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a worker of -n where the facts of hosts are, and which nixpkgs serves."""
    found: Judged | None = node.config.stash.get(JUDGED, None)
    if found is None:
        return
    if found.folder is not None:
        node.workerinput[WORD] = str(found.folder)
    with suppress(HarnessError):  # told where something is to be evaluated
        chosen = found.nixpkgs
        node.workerinput[NIXPKGS] = (str(chosen.path or ""), chosen.told, chosen.why)


def pytest_report_header(config: pytest.Config) -> list[str]:
    """Which nixpkgs serves."""
    found = config.stash.get(JUDGED, None)
    if found is None:
        return []
    with suppress(HarnessError):
        if not found.record.own:
            _ = found.nixpkgs  # chosen now, if it was not needed before
        return found.served
    return ["nixpkgs: none"]


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    """Nothing of the facts is left behind."""
    found = config.stash.get(JUDGED, None)
    if found is not None:
        found.owned.close()
