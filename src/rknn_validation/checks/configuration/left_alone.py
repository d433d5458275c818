"""A machine that is no RK3588 board is left alone: nothing of the NPU reaches it."""

from __future__ import annotations

from collections.abc import Iterator

from rknn_validation.checks.configuration.registry import ALL_STACKS, check
from rknn_validation.checks.findings import Aside, Finding, Fine, Problem
from rknn_validation.facts.model import BASELINE, Facts
from rknn_validation.facts.reaches import reaching


@check(
    "guard.reaches-no-other-board",
    stage="guard",
    title="nothing of the NPU reaches a machine that has none",
    remedy="Import or enable NPU support on RK3588 hosts only: what every host shares is no place for it.",
    good="no driver, rule, library, variable, unit or overlay of the NPU reaches it",
    needs=(BASELINE,),
    stacks=ALL_STACKS,
    boards=("other",),
)
def reaches_no_other_board(facts: Facts) -> Iterator[Finding]:
    """A driver that loads nothing, a unit that fails and a library nobody can use are found long after a deployment."""
    boards = facts.scenario.identities()
    if any(board.is_rk3588 for board in boards):
        yield Aside("the same configuration is for RK3588 boards as well: see guard.leaves-other-boards-alone")
        return
    for board in boards:
        if board.has_rockchip_npu:
            yield Aside(f"{board.name} has an NPU of Rockchip's of its own, which is not judged here")
            continue
        found = tuple(reaching(facts, board))
        for one in found:
            yield Problem(one.where, f"{one.what} reaches {board.name}, which has no such NPU", one.seen)
        if not found:
            yield Fine(board.name)
