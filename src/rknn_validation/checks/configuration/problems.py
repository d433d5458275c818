"""From a list of problems to an answer."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from rknn_validation.checks.model import Answer, Evidence, failed, passed, skipped


@dataclass(frozen=True)
class Problem:
    """Something wrong: `where` it is written, `what` is wrong in one sentence, `seen` the text itself."""

    where: str
    what: str
    seen: str = ""


def judged(problems: Iterable[Problem], looked_at: Iterable[object], *, good: str, nothing: str) -> Answer:
    """Fail with every problem as evidence; pass where there was something to look at; skip where there was not."""
    found = tuple(dict.fromkeys(problems))
    if found:
        more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
        evidence = (Evidence(one.where, f"{one.what}\n{one.seen}".strip()) for one in found)
        return failed(f"{found[0].what}{more}", *evidence)
    things = [str(thing) for thing in looked_at]
    if not things:
        return skipped(nothing)
    return passed(good, Evidence("looked at", "\n".join(things[:12])))
