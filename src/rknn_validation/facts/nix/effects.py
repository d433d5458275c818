"""The effects of a subject's options: each is set to another value, and what the subject then defines is compared.

Only the subject's own modules are evaluated for each value (`expression/definitions.nix`), so a hundred values cost
little more than one configuration.
"""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from rknn_validation.common.deadline import Deadline
from rknn_validation.common.errors import DeadlineExceeded
from rknn_validation.facts.nix.command import STANDIN, evaluate_file, json_file
from rknn_validation.facts.nix.configuration import Json
from rknn_validation.facts.nix.decode import decode
from rknn_validation.facts.nix.failure import headline
from rknn_validation.facts.nix.flake import Flake
from rknn_validation.facts.nix.gaps import OTHERS, ROUNDS, Gaps, learn
from rknn_validation.facts.nix.instantiate import WORKERS
from rknn_validation.facts.nix.request import Request, flakes_of

BATCH = 6
"""Requests in one process: one that aborts takes the others with it, and many values are there to abort."""
_CHANGED = re.compile(r"(rknn-perturbation-\d+-.+?-)(?=\n|$|')")


@dataclass(frozen=True)
class OptionEffect:
    """What another value of an option changes.

    `acts`: "yes", "no" (with every value that was tried, and in every other setting), or "unknown" where no other value
    is known. `follows` are some of the definitions that then differ. `has_value` is False for an option that is not set
    and that has no default. `collisions` are where one of two instances of what the option lists took the other's
    place; None where it lists none.
    """

    path: str
    acts: str
    follows: tuple[str, ...]
    has_value: bool
    collisions: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Effects:
    """Of one scenario: its options' effects, and what its module defines of other options, by dotted path.

    `unknown` says why they are not known, "" where they are. `unevaluated` are definitions left out because they
    abort an evaluation. `switched_off` is what the module still defines when it is, but for defaults.
    `lets_everything_in` are predicates of `nixpkgs.config` that accept an unrelated package.
    """

    options: tuple[OptionEffect, ...] = ()
    definitions: Mapping[str, Json] = field(default_factory=dict)
    unknown: str = ""
    unevaluated: tuple[str, ...] = ()
    lets_everything_in: tuple[str, ...] = ()
    switched_off: Mapping[str, Json] = field(default_factory=dict)


def effects(
    requests: Mapping[str, Request],
    *,
    nixpkgs: Path | None,
    deadline: Deadline,
    flakes: Mapping[str, Flake] | None = None,
    gaps: Mapping[str, Gaps] | None = None,
) -> dict[str, Effects]:
    """The effects of each request's options, by the requests' names. Raises MissingToolError.

    `gaps` is what the stand-in is known to lack for some of the requests.
    """
    with tempfile.TemporaryDirectory(prefix="rknn-effects-") as scratch:
        prober = _Prober(nixpkgs, Path(scratch), requests, deadline, flakes or {}, dict(gaps or {}))
        with ThreadPoolExecutor(max_workers=WORKERS) as pool:
            names = list(requests)
            parts = pool.map(prober.batch, (names[at : at + BATCH] for at in range(0, len(names), BATCH)))
            return {name: one for part in parts for name, one in part.items()}


@dataclass
class _Prober:
    nixpkgs: Path | None
    scratch: Path
    requests: Mapping[str, Request]
    deadline: Deadline
    flakes: Mapping[str, Flake]
    gaps: dict[str, Gaps]

    def batch(self, names: Sequence[str]) -> dict[str, Effects]:
        """Evaluate `names` in one process; what aborts is evaluated alone."""
        apart = [name for name in names if self.gaps.get(name, Gaps()) != Gaps()]
        if apart and len(names) > 1:
            others = [name for name in names if name not in apart]
            done = {name: effect for one in apart for name, effect in self.batch([one]).items()}
            return done | (self.batch(others) if others else {})
        result = self._nix(names, {})
        if not isinstance(result, str):
            return {name: _decoded(result[str(index)]) for index, name in enumerate(names)}
        if len(names) == 1:
            return {names[0]: self._alone(names[0], result)}
        found = re.search(r"rknn-request-(\d+)-", result)
        culprits = [names[int(found[1])]] if found else list(names)
        others = [name for name in names if name not in culprits]
        done = {name: effect for culprit in culprits for name, effect in self.batch([culprit]).items()}
        return done | (self.batch(others) if others else {})

    def _alone(self, name: str, message: str) -> Effects:
        without: dict[str, list[str]] = {"perturbations": [], "definitions": []}
        for _ in range(ROUNDS):
            if not (self._learned(name, message) or _leave_out(message, without)):
                break
            result = self._nix([name], without)
            if not isinstance(result, str):
                return _decoded(result["0"], without["definitions"])
            message = result
        said = headline(message).partition(OTHERS)[0]
        return Effects(unknown=said.splitlines()[0] if said else "Nix said nothing")

    def _learned(self, name: str, message: str) -> bool:
        """Note what only the stand-in lacks; False where that is nothing new."""
        known = self.gaps.get(name, Gaps())
        more = known if self.nixpkgs else learn(message, headline(message), self.requests[name].subject, known)
        self.gaps[name] = more
        return more != known

    def _nix(self, names: Sequence[str], without: Mapping[str, Iterable[str]]) -> dict[str, Any] | str:
        """What `expression/effects.nix` gives by index, or Nix's message when it aborted."""
        left = {kind: dict.fromkeys(without.get(kind, ()), True) for kind in ("perturbations", "definitions")}
        wanted = {str(index): {**self.requests[name].to_json(), "without": left} for index, name in enumerate(names)}
        named = {ref for name in names for ref in flakes_of(self.requests[name].subject)}
        flakes = {ref: self.flakes[ref].to_json() for ref in named}
        request = json_file({"requests": wanted, "flakes": flakes}, self.scratch)
        known = self.gaps.get(names[0]) if len(names) == 1 else None
        given = {"nixpkgs": str(self.nixpkgs or STANDIN), "request": request, "effects": "yes"}
        options = ["-I", known.as_path(self.scratch)] if known else []
        try:
            done = evaluate_file("evaluate.nix", given, options, deadline=self.deadline)
        except DeadlineExceeded as late:
            return f"error: {late}"
        if done.returncode != 0:
            return done.stderr or f"error: nix-instantiate ended with status {done.returncode}"
        found: dict[str, Any] = json.loads(done.stdout)
        return found


def _leave_out(message: str, without: dict[str, list[str]]) -> bool:
    """Note what aborted, by its mark in the trace; False without a mark, or if it was left out before."""
    changed = _CHANGED.search(message)
    if changed and changed[1] not in without["perturbations"]:
        without["perturbations"].append(changed[1])
        return True
    defined = re.search(r"rknn-definition-\d+-(.+?)-(?=\n|$|')", message)
    if changed or not defined or defined[1] in without["definitions"]:
        return False
    without["definitions"].append(defined[1])
    return True


def _decoded(data: Mapping[str, Any], unevaluated: Sequence[str] = ()) -> Effects:
    return replace(decode(Effects, data), unevaluated=tuple(unevaluated))
