"""Can systemd-tmpfiles read the subject's lines?"""

from __future__ import annotations

from collections.abc import Iterator

from rknn_validation.checks.configuration.registry import ALL_STACKS, check
from rknn_validation.checks.findings import Fine, Problem
from rknn_validation.facts.model import Facts
from rknn_validation.facts.npupart import npu_tmpfiles
from rknn_validation.facts.text.tmpfiles import Line, Unreadable

_SHARED = frozenset(
    [
        "/",
        "/usr",
        "/usr/lib",
        "/usr/lib64",
        "/usr/bin",
        "/usr/local",
        "/usr/local/lib",
        "/lib",
        "/lib64",
        "/dev",
        "/etc",
        "/run",
        "/var",
        "/nix",
        "/nix/store",
        "/home",
        "/root",
    ]
)
_NO_LINES = "the subject adds no tmpfiles lines for the NPU"


@check(
    "tmpfiles.lines-are-readable",
    stage="library",
    title="systemd-tmpfiles can read every line",
    remedy="Seven columns, - where one is not used: type path mode user group age argument (tmpfiles.d(5)).",
    nothing=_NO_LINES,
    stacks=ALL_STACKS,
    boards=("rk3588", "other"),
)
def lines_readable(facts: Facts) -> Iterator[Problem | Fine]:
    """A line it cannot read is skipped, and systemd-tmpfiles-setup ends with an error."""
    for line in npu_tmpfiles(facts):
        if isinstance(line, Unreadable):
            yield Problem("systemd.tmpfiles.rules", "this line does nothing", str(line))
        else:
            yield Fine("systemd.tmpfiles.rules", line.text)


@check(
    "tmpfiles.destroys-nothing",
    stage="library",
    title="no line empties or takes over a system directory",
    remedy="Name the one file the module is about.",
    nothing=_NO_LINES,
    stacks=ALL_STACKS,
    boards=("rk3588", "other"),
)
def destroys_nothing(facts: Facts) -> Iterator[Problem | Fine]:
    """R, D and L+ on a directory others share remove what others put there."""
    for line in npu_tmpfiles(facts):
        if isinstance(line, Line) and _takes_over(line):
            what = "what others put there is removed or changes hands at every boot"
            yield Problem("systemd.tmpfiles.rules", what, line.text)
        else:
            yield Fine("systemd.tmpfiles.rules", line.text)


def _takes_over(line: Line) -> bool:
    path = line.path.rstrip("/") or "/"
    # /usr/lib is nobody's on NixOS, and a link in its place may be just what the Python API needs.
    replaced = line.type == "L" and line.replaces and not path.startswith("/usr/lib")
    return path in _SHARED and (line.type in "RrDZ" or replaced)
