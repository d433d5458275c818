"""Causes on a terminal: each once, most upstream first, with the nodes it is found on and what it explains there."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from rknn_validation.diagnosis import Diagnosis
from rknn_validation.diagnosis.model import LAYERS
from rknn_validation.checks.model import Status, Verdict
from rknn_validation.report.columns import column
from rknn_validation.report.unasked import named

PLACES = 8
"""Nodes named for one cause; the reports name all."""
LINES = 3
"""Lines shown of what gave a cause away."""


def render(
    verdicts: Sequence[Verdict], found: Sequence[Diagnosis], told: Collection[tuple[str, str, str]] = ()
) -> Iterator[tuple[str, dict[str, bool]]]:
    """Lines and their terminal markup; nothing where every node is well.

    `told` are tier, column and check of what has a reason of its own, and needs no cause.
    """
    groups: dict[str, list[Diagnosis]] = {}
    for one in sorted(found, key=lambda one: LAYERS.index(one.layer)):
        groups.setdefault(one.rule, []).append(one)
    if groups:
        yield "", {}
        yield "likely causes, the most upstream first:", {"bold": True}
    for number, group in enumerate(groups.values(), 1):
        yield from _cause(number, group)
    left = _unexplained([one for one in verdicts if (one.tier, column(one), one.check) not in told], found)
    if left:
        yield "", {}
        yield f"no known cause: {', '.join(left)}", {"yellow": True}


def _cause(number: int, group: list[Diagnosis]) -> Iterator[tuple[str, dict[str, bool]]]:
    first = group[0]
    places = [one.where for one in group]
    more = f" and {len(places) - PLACES} more" if len(places) > PLACES else ""
    yield f"{number}. {first.cause} ({first.certainty})", {"red": True}
    yield f"   on:       {', '.join(places[:PLACES])}{more}", {}
    yield f"   explains: {named(_each(check for one in group for check in one.explains))}", {}
    for line in _each(line for one in first.evidence for line in one.output.splitlines())[:LINES]:
        yield f"   seen:     {line}", {"light": True}
    yield f"   fix:      {first.fix}", {}
    also = _each(rule for one in group for rule in one.also)
    if also:
        yield f"   also fit: {', '.join(also)}", {"light": True}


def _unexplained(verdicts: Sequence[Verdict], found: Sequence[Diagnosis]) -> list[str]:
    explained = {(one.tier, one.where, check) for one in found for check in one.explains}
    return _each(
        verdict.check
        for verdict in verdicts
        if verdict.status in (Status.FAIL, Status.INCONCLUSIVE)
        and (verdict.node or verdict.board)
        and (verdict.tier, verdict.node or f"{verdict.scenario}/{verdict.board}", verdict.check) not in explained
    )


def _each(names: Iterator[str]) -> list[str]:
    """Each once, in order."""
    return list(dict.fromkeys(names))
