"""Hosts as they are deployed: each is evaluated, and becomes a scenario of its own."""

from __future__ import annotations

import difflib
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path

from rknn_validation.common.deadline import Deadline
from rknn_validation.common.errors import HarnessError
from rknn_validation.facts.gather import Evaluator, requests_of
from rknn_validation.facts.hosts import Told, board_of, stack_of
from rknn_validation.facts.model import BASELINE, Facts
from rknn_validation.facts.nix.configuration import Evaluation
from rknn_validation.facts.shelf import Shelf
from rknn_validation.npu.boards import BOARDS
from rknn_validation.subject.hosts import Host
from rknn_validation.subject.references import HostReference, host_of, local
from rknn_validation.subject.validation import GuestHost, Scenario, Subject, Validation

AT_ONCE = 8
"""Hosts that are evaluated before their facts are put away."""


def deployed(validation: Validation, evaluator: Evaluator, shelf: Shelf, progress: Callable[[str], None]) -> Validation:
    """The subject with its hosts evaluated: a scenario for each, whose facts are on the shelf.

    What a host's configuration does not tell of its board and stack, and why it was taken for what it is, is kept in
    the scenario's `told`. A host that does not evaluate is a scenario, too, of which nothing else is asked.
    """
    scenarios, subjects = dict(validation.scenarios), dict(validation.host_subjects)
    guests = dict(validation.guests)
    hosts = list(validation.hosts.values())
    done, since = 0, time.monotonic()
    for some in _chunks(hosts, AT_ONCE):
        progress(f"evaluating {', '.join(one.name for one in some)} ({done + len(some)} of {len(hosts)})")
        # A host that never ends takes the time of those beside it, not of the whole fleet.
        patience = Deadline.after(evaluator.deadline.seconds, evaluator.deadline.what)
        for host, facts in _evaluated(some, replace(evaluator, deadline=patience)):
            shelf.add(host.name, facts)
            scenarios[host.name], subjects[host.name] = facts.scenario, facts.subject
            if host.reference.flake:
                guests.setdefault(host.name, GuestHost(host.reference.flake, host.reference.name))
        done += len(some)
    if hosts:
        seconds = time.monotonic() - since
        each = f", {seconds / len(hosts):.1f} s each" if len(hosts) > 1 else ""
        progress(f"evaluated {len(hosts)} host{'s'[: len(hosts) > 1]} in {seconds:.1f} s{each}")
    return replace(validation, scenarios=scenarios, host_subjects=subjects, guests=guests)


def _chunks(hosts: Sequence[Host], size: int) -> Iterator[list[Host]]:
    rest = iter(hosts)
    while some := list(islice(rest, size)):
        yield some


def _evaluated(hosts: Iterable[Host], evaluator: Evaluator) -> Iterator[tuple[Host, Facts]]:
    subjects = {host.name: subject_of(host) for host in hosts}
    # Which platform the machine beside a host has to have is known once the host is evaluated.
    first = {name: requests_of(subject, _bare(name))[""] for name, subject in subjects.items()}
    found = evaluator.evaluate(first)
    second = {
        (host.name, name): request
        for host in hosts
        for name, request in requests_of(subjects[host.name], _bare(host.name, _system(found[host.name]))).items()
        if name and found[host.name].configuration is not None
    }
    words = {key: str(request.to_json()) for key, request in second.items()}
    unique = {words[key]: request for key, request in second.items()}
    beside = evaluator.evaluate(unique) if unique else {}
    for host in hosts:
        mine = {
            name: replace(beside[words[key]], name=name) for key in second if (name := key[1]) and key[0] == host.name
        }
        baseline = mine.pop(BASELINE, Evaluation(BASELINE, None, found[host.name].error, found[host.name].nixpkgs))
        facts = Facts(subjects[host.name], _bare(host.name), found[host.name], baseline, mine)
        yield host, replace(facts, scenario=_scenario(host, facts))


def subject_of(host: Host) -> Subject:
    """A host as the subject of its own scenario."""
    file = host.reference.file
    root = file.parent if file else Path(host.reference.flake)
    return Subject(root if root.is_absolute() else Path("/nowhere"), option=host.option, host=host.reference)


def _bare(name: str, system: str = "aarch64-linux") -> Scenario:
    return Scenario(name, "none", {}, (), {}, system)


def _system(evaluation: Evaluation) -> str:
    return evaluation.configuration.system if evaluation.configuration else "aarch64-linux"


def _scenario(host: Host, facts: Facts) -> Scenario:
    configuration = facts.evaluation.configuration
    if configuration is None:
        given = Told(host.board or "virt", "not evaluated"), Told(host.stack or "none", "not evaluated")
        return Scenario(host.name, given[1].word, {}, (given[0].word,), told=_told(*given))
    board = board_of(configuration, host.board)
    stack = stack_of(facts, BOARDS[board.word], host.stack)
    return Scenario(
        host.name,
        stack.word,
        {},
        (board.word,),
        system=configuration.system,
        expects=host.expects,
        told=_told(board, stack),
    )


def _told(board: Told, stack: Told) -> tuple[str, ...]:
    return (f"board {board.word}: {board.why}", f"stack {stack.word}: {stack.why}")


def hosts_of(reference: str, base: Path, evaluator: Evaluator) -> dict[str, Host]:
    """The hosts that `FLAKE#NAME` or `FLAKE` (all of them) means. Raises HarnessError naming the nearest ones."""
    flake, _, _ = reference.partition("#")
    place = local(flake, base)
    names = evaluator.host_names(place)
    if not names:
        seen = "nixosConfigurations without any"
        raise HarnessError(
            f"{reference}: the flake has no hosts", expected="hosts in its nixosConfigurations", seen=seen
        )
    if "#" not in reference:
        return {name: Host(name, HostReference(name, ("nixosConfigurations", name), flake=place)) for name in names}
    wanted = host_of(reference, base)
    if wanted.name not in names:
        near = difflib.get_close_matches(wanted.name, names, n=3)
        raise HarnessError(
            f"{reference}: the flake has no host {wanted.name}",
            expected=f"one of {', '.join(names)}" if names else "nixosConfigurations with hosts",
            seen=wanted.name,
            hint=f"did you mean {' or '.join(near)}?" if near else "",
        )
    return {wanted.name: Host(wanted.name, wanted)}
