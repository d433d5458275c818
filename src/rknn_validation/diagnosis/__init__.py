"""Node failures are traced to root causes, most upstream first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fnmatch import fnmatchcase

from rknn_validation.checks.model import Evidence, Verdict
from rknn_validation.diagnosis import access, below, cluster, library, programs, upstream
from rknn_validation.diagnosis.model import BAD, LAYERS, Diagnosis, KnownFailure, said_by

__all__ = ["RULES", "Diagnosis", "KnownFailure", "diagnose"]

RULES: tuple[KnownFailure, ...] = tuple(
    sorted(
        (*upstream.RULES, *below.RULES, *access.RULES, *library.RULES, *programs.RULES, *cluster.RULES),
        key=lambda rule: LAYERS.index(rule.layer),
    )
)
"""Every known failure, causes before effects."""


def diagnose(verdicts: Sequence[Verdict]) -> tuple[Diagnosis, ...]:
    """The causes of what failed on nodes, for each node the most upstream first.

    Verdicts on configurations are left out: their reasons are causes already.
    """
    nodes: dict[tuple[str, str], list[Verdict]] = {}
    for verdict in verdicts:
        if verdict.node or verdict.board:
            where = verdict.node or f"{verdict.scenario}/{verdict.board}"
            nodes.setdefault((verdict.tier, where), []).append(verdict)
    return tuple(one for (tier, where), own in nodes.items() for one in _of_one(tier, where, own))


def _of_one(tier: str, where: str, verdicts: list[Verdict]) -> list[Diagnosis]:
    bad = list(dict.fromkeys(verdict.check for verdict in verdicts if verdict.status in BAD))
    texts = [(verdict, said_by(verdict)) for verdict in verdicts]
    found: list[Diagnosis] = []
    for rule in RULES if bad else ():
        hits = _hits(rule, texts)
        if not hits:
            continue
        told = {evidence.source for evidence in hits}
        explained = {check for one in found for check in one.explains}
        if told <= explained:
            first = next(index for index, one in enumerate(found) if told & set(one.explains))
            found[first] = replace(found[first], also=(*found[first].also, rule.id))
            continue
        own = [check for check in bad if check in told or any(fnmatchcase(check, one) for one in rule.explains)]
        explains = tuple(check for check in own if check not in explained)
        found.append(
            Diagnosis(
                rule=rule.id,
                layer=rule.layer,
                where=where,
                tier=tier,
                cause=rule.cause,
                certainty=rule.certainty,
                fix=rule.fix,
                source=rule.source,
                explains=explains,
                evidence=hits,
            )
        )
    return found


def _hits(rule: KnownFailure, texts: list[tuple[Verdict, str]]) -> tuple[Evidence, ...]:
    silenced = {
        sign for sign in rule.signs if sign.unless and any(sign.unless.found(verdict, text) for verdict, text in texts)
    }
    found = (sign.found(verdict, text) for verdict, text in texts for sign in rule.signs if sign not in silenced)
    hits = tuple(dict.fromkeys(evidence for evidence in found if evidence))
    if hits and any(sign.found(verdict, text) for sign in rule.unless for verdict, text in texts):
        return ()
    return hits
