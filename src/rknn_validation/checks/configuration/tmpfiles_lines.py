"""Can systemd-tmpfiles read the subject's lines?"""

from __future__ import annotations

import re

from rknn_validation.checks.configuration.registry import ALL_STACKS, CONFIGURATION_CHECKS
from rknn_validation.checks.model import Answer, Evidence, failed, passed, skipped
from rknn_validation.facts.difference import part
from rknn_validation.facts.model import Facts
from rknn_validation.facts.text import tmpfiles


@CONFIGURATION_CHECKS.check(
    "tmpfiles.lines-are-readable",
    stage="library",
    title="systemd-tmpfiles can read every line",
    remedy="Seven columns, - where one is not used: type path mode user group age argument (tmpfiles.d(5)).",
    stacks=ALL_STACKS,
    boards=("rk3588", "other"),
)
def lines_readable(facts: Facts) -> Answer:
    """A line it cannot read is skipped, and systemd-tmpfiles-setup ends with an error."""
    lines = [line for line in part(facts).tmpfiles if line.strip() and not line.lstrip().startswith("#")]
    wrong = [Evidence("systemd.tmpfiles.rules", str(one)) for one in map(tmpfiles.parse, lines) if _is_bad(one)]
    if wrong:
        return failed("these lines do nothing", *wrong)
    return passed(f"{len(lines)} lines") if lines else skipped("the subject adds no tmpfiles lines")


def _is_bad(line: tmpfiles.Line | tmpfiles.Unreadable) -> bool:
    return isinstance(line, tmpfiles.Unreadable)


@CONFIGURATION_CHECKS.check(
    "tmpfiles.destroys-nothing",
    stage="library",
    title="no line empties or takes over a system directory",
    remedy="Name the one file the module is about.",
    stacks=ALL_STACKS,
    boards=("rk3588", "other"),
)
def destroys_nothing(facts: Facts) -> Answer:
    """R, D and L+ on a directory others share remove what others put there."""
    shared = r"/(usr(/(lib|lib64|bin|local(/lib)?))?|lib|lib64|dev|etc|run|var|nix(/store)?|home|root)?/?"
    found = []
    for text in part(facts).tmpfiles:
        line = tmpfiles.parse(text)
        if not isinstance(line, tmpfiles.Line) or not re.fullmatch(shared, line.path):
            continue
        # /usr/lib is nobody's on NixOS, and a link in its place may be just what the Python API needs.
        replaced = line.type == "L" and line.replaces and not line.path.startswith("/usr/lib")
        if line.type in "RrDZ" or replaced:
            found.append(Evidence("systemd.tmpfiles.rules", text))
    if found:
        return failed("what others put there is removed or changes hands at every boot", *found)
    return passed("no system directory is emptied or taken over")
