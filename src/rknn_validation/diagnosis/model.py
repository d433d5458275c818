"""KnownFailure, sign, diagnosis: how a cause is recognised in verdicts, and what is said of it."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from fnmatch import fnmatchcase
from functools import cached_property
from typing import Any

from rknn_validation.checks.model import Evidence, Status, Verdict
from rknn_validation.npu.codes import code_of
from rknn_validation.npu.messages import MESSAGES

LAYERS = (
    "node", "board", "kernel", "device tree", "power", "driver", "device", "access", "library", "python", "container",
    "model", "speed",
)  # fmt: skip
"""From cause to effect: a failure explains others of its own or a later layer."""

CERTAIN, LIKELY, POSSIBLE = "certain", "likely", "possible"
BAD = (Status.FAIL, Status.INCONCLUSIVE)
_MESSAGES = {message.id: message for message in MESSAGES}


@dataclass(frozen=True)
class Sign:
    """What reveals a cause: a regular expression that is searched in the reason and evidence of a verdict.

    `checks` are patterns of the check ids whose verdicts are searched. Commands are not searched, only their output.
    Where `unless` is found in one of the node's verdicts, this one says nothing.
    """

    pattern: str
    checks: tuple[str, ...] = ("*",)
    statuses: tuple[Status, ...] = BAD
    unless: Sign | None = None

    @cached_property
    def _compiled(self) -> re.Pattern[str]:
        return re.compile(self.pattern, re.MULTILINE)

    def found(self, verdict: Verdict, text: str) -> Evidence | None:
        """The lines of a verdict's text (`said_by`) where the sign is found, None where it is not."""
        if verdict.status not in self.statuses or not any(fnmatchcase(verdict.check, one) for one in self.checks):
            return None
        match = self._compiled.search(text)
        if match is None:
            return None
        begin = text.rfind("\n", 0, match.start()) + 1
        end = text.find("\n", match.end())
        lines = text[begin : end if end >= 0 else None].splitlines()
        # Of a sign that spans several lines, the first and the last are shown.
        return Evidence(verdict.check, "\n".join(lines if len(lines) < 3 else (lines[0], "...", lines[-1])))


def said_by(verdict: Verdict) -> str:
    """The text of a verdict: its reason, and the output of the commands."""
    return "\n".join((verdict.reason, *(evidence.output for evidence in verdict.evidence)))


def said(*messages: str) -> Sign:
    """The sign of a line of the kernel's log, by its id in `npu.messages`."""
    patterns = (_MESSAGES[name].pattern for name in messages)
    # A flag for the whole pattern is only allowed at its beginning.
    return Sign("|".join(f"(?i:{one[4:]})" if one.startswith("(?i)") else f"(?:{one})" for one in patterns))


def unasked(pattern: str) -> Sign:
    """The sign of a node that could not be asked, in the words of the connection or of ssh."""
    return Sign(pattern, statuses=(Status.INCONCLUSIVE,))


@dataclass(frozen=True)
class KnownFailure:
    """One known failure. Any of `signs` reveals it, unless one of `unless` is found in the same node's verdicts.

    `seen` is what a person sees, `explains` are patterns of the checks that cannot pass because of it; `source` is the
    public thread (`owner/repo#n`) or file it is known from, "ran" for an emulated board.
    """

    id: str
    layer: str
    seen: str
    cause: str
    fix: str
    source: str
    signs: tuple[Sign, ...]
    explains: tuple[str, ...] = ()
    unless: tuple[Sign, ...] = ()
    certainty: str = CERTAIN

    def __post_init__(self) -> None:
        assert self.layer in LAYERS, self.layer


@dataclass(frozen=True)
class Diagnosis:
    """A likely cause on one node.

    `where` is the node's name, or `scenario/board`; `also` are known failures whose signs this one explains.
    """

    rule: str
    layer: str
    where: str
    tier: str
    cause: str
    certainty: str
    fix: str
    source: str
    explains: tuple[str, ...]
    evidence: tuple[Evidence, ...]
    also: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {"code": code_of(self.rule), **asdict(self)}
