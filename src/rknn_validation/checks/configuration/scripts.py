"""Shell scripts the configuration runs: of units, of activation, of shells at login, and those written as text."""

from __future__ import annotations

from collections.abc import Iterator

from rknn_validation.checks.configuration.registry import check
from rknn_validation.checks.findings import Fine, Problem, Unsure
from rknn_validation.facts.model import Facts
from rknn_validation.facts.scripts import checked_scripts


@check(
    "units.scripts-parse",
    stage="units",
    title="Scripts of units, activation and login are valid shell",
    remedy="Fix what shellcheck shows; in Nix strings ''$ and '' escape differently from shell.",
    good="shellcheck finds nothing that breaks a script",
    nothing="the subject runs no script for the NPU",
)
def scripts_parse(facts: Facts) -> Iterator[Problem | Unsure | Fine]:
    """bash reads nothing of a script it cannot parse: the unit fails, or nobody can log in."""
    for one in checked_scripts(facts):
        if one.judgement is None:
            yield Unsure(one.where, "there is no shellcheck to judge the script; ./setup.sh installs it")
        elif one.judgement.problems and one.has_unknown_lines:
            yield Unsure(one.where, "whole lines of the script are known after a build only", one.judgement.problems[0])
        elif one.judgement.problems:
            yield Problem(one.where, f"it is no valid shell: {one.judgement.problems[0]}", one.text)
        else:
            yield Fine(one.where)
