"""Errors that are written for the person who has to act on them."""

from __future__ import annotations


class HarnessError(Exception):
    """Something the harness needs is missing or broken; never a verdict on the subject.

    A check or test that meets one is `inconclusive`. `expected`, `seen` and `hint` are single
    sentences or short values: what should have been there, what was there, what to do next.
    """

    def __init__(self, message: str, *, expected: str = "", seen: str = "", hint: str = "") -> None:
        self.message = message
        self.expected = expected
        self.seen = seen
        self.hint = hint
        super().__init__(str(self))

    def __str__(self) -> str:
        lines = [self.message]
        for label, text in (("expected", self.expected), ("seen", self.seen), ("hint", self.hint)):
            if text:
                lines.append(f"  {label}: {text}")
        return "\n".join(lines)

    def __reduce__(self) -> tuple[object, ...]:
        # Keyword-only arguments would otherwise be lost on the way between xdist processes.
        return (_rebuild, (type(self), self.message, self.expected, self.seen, self.hint))


def _rebuild(kind: type[HarnessError], message: str, expected: str, seen: str, hint: str) -> HarnessError:
    return kind(message, expected=expected, seen=seen, hint=hint)


class SubjectFileError(HarnessError):
    """`validation.yaml` is malformed; the message starts with `file:line: key`."""


class MissingToolError(HarnessError):
    """A program the harness runs is not on PATH."""


class DeadlineExceeded(HarnessError):
    """Something did not answer in time."""


class MachineError(HarnessError):
    """The emulated board died, hung or could not be built."""


class NodeError(HarnessError):
    """A real node cannot be reached, stopped answering or rebooted; nothing it was asked has an answer."""
