"""One deadline object, made at the top and passed down (no scattered timeouts)."""

from __future__ import annotations

import time
from dataclasses import dataclass

from rknn_validation.common.errors import DeadlineExceeded


@dataclass(frozen=True)
class Deadline:
    """A point in monotonic time by which `what` must have happened."""

    what: str
    seconds: float
    end: float

    @classmethod
    def after(cls, seconds: float, what: str) -> Deadline:
        """A deadline `seconds` from now; `what` names the awaited event in the error."""
        return cls(what, seconds, time.monotonic() + seconds)

    def capped(self, seconds: float, what: str) -> Deadline:
        """A deadline for a part of the work: `seconds` from now, but never past this one."""
        part = Deadline.after(seconds, what)
        return part if part.end <= self.end else Deadline(what, self.seconds, self.end)

    def remaining(self) -> float:
        """Seconds left (> 0). Raises DeadlineExceeded when there are none."""
        left = self.end - time.monotonic()
        if left <= 0:
            raise self.exceeded()
        return left

    def exceeded(self, seen: str = "") -> DeadlineExceeded:
        """The error to raise when the awaited event did not happen."""
        return DeadlineExceeded(
            f"gave up waiting for {self.what}",
            expected=f"an answer within {self.seconds:g} s",
            seen=seen or "none",
        )
