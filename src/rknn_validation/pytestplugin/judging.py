"""pytest: what is judged, and with which nixpkgs, as the command line or the subject file says.

Hosts are evaluated before the first test is collected: which questions there are depends on their boards and stacks.
This happens once in a run; the workers of -n read the result.
"""

from __future__ import annotations

import pickle
from collections import ChainMap
from collections.abc import Mapping
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
FACTS_KEY = "rknn_facts"
"""Key of `workerinput` for the folder with the facts of hosts, which a worker of -n does not evaluate again."""
NIXPKGS_KEY = "rknn_nixpkgs"
"""Key of `workerinput` for the nixpkgs that serves."""
VALIDATION_FILE = "validation.pickle"
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
            shared=self.record,
        )

    def say(self, line: str) -> None:
        """One line about what is being waited for."""
        say(self.config, line)

    def facts(self) -> Mapping[str, Facts]:
        """The facts of every scenario: those of hosts from disk, those of a module's scenarios evaluated now."""
        own = {
            name: one for name, one in self.validation.scenarios.items() if name not in self.validation.host_subjects
        }
        if own and not hasattr(self.config, "workerinput"):
            self.say(f"evaluating {', '.join(own)}")
        found = gather(replace(self.validation, scenarios=own), self.evaluator()) if own else {}
        # ChainMap is typed for mappings that can be written to; nobody writes to this one.
        return ChainMap(found, FactsOnDisk(self.folder)) if self.folder else found  # type: ignore[arg-type]


JUDGED = pytest.StashKey[Judged]()


def judged(config: pytest.Config) -> Judged:
    """Read what is judged, and evaluate its hosts. Raises HarnessError."""
    given = getattr(config, "workerinput", {})
    nixpkgs = _nixpkgs(given)
    if given.get(FACTS_KEY):
        folder = Path(given[FACTS_KEY])
        return Judged(config, pickle.loads((folder / VALIDATION_FILE).read_bytes()), folder, _nixpkgs=nixpkgs)
    found = Judged(config, _validation(config), _nixpkgs=nixpkgs)
    if config.getoption("--flake"):
        hosts: dict[str, Host] = {}
        for reference in config.getoption("--flake"):
            hosts |= hosts_of(reference, Path.cwd(), found.evaluator())
        found.validation = replace(found.validation, hosts=_as_given(hosts, config))
    if config.getoption("--file"):
        (host,) = found.validation.hosts.values()
        evaluator = found.evaluator()
        file, path = config.getoption("--file").resolve(), host.reference.path
        require_attribute(file, path, nixpkgs=evaluator.nixpkgs, deadline=evaluator.deadline)
    if found.validation.hosts:
        _evaluate_hosts(found)
    return found


def _nixpkgs(given: Mapping[str, Any]) -> Nixpkgs | None:
    """The nixpkgs that the process which started this worker has chosen."""
    if NIXPKGS_KEY not in given:
        return None
    path, name, why = given[NIXPKGS_KEY]
    return Nixpkgs(Path(path) if path else None, name, why)


def _evaluate_hosts(found: Judged) -> None:
    try:
        found.folder = found.owned.enter_context(workspace())
        found.validation = evaluate_hosts(found.validation, found.evaluator(), FactsOnDisk(found.folder), found.say)
        (found.folder / VALIDATION_FILE).write_bytes(pickle.dumps(found.validation))
    except BaseException:
        found.owned.close()
        raise


def _validation(config: pytest.Config) -> Validation:
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
    return load(option("--subject") or _subject_file(config))


def _subject_file(config: pytest.Config) -> Path:
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
    return Validation(file.resolve(), None, {}, {}, hosts=_as_given({name: host}, config))


def _as_given(hosts: Mapping[str, Host], config: pytest.Config) -> dict[str, Host]:
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
    """Pass the facts of hosts and the nixpkgs that serves on to a worker of -n."""
    found: Judged | None = node.config.stash.get(JUDGED, None)
    if found is None:
        return
    if found.folder is not None:
        node.workerinput[FACTS_KEY] = str(found.folder)
    with suppress(HarnessError):  # reported where something is to be evaluated
        chosen = found.nixpkgs
        node.workerinput[NIXPKGS_KEY] = (str(chosen.path or ""), chosen.name, chosen.reason)


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
    """Remove the facts from disk."""
    found = config.stash.get(JUDGED, None)
    if found is not None:
        found.owned.close()
