"""The number of every finding: a short code for each check and each cause of the diagnosis, allocated once.

`codes.txt` has a line for each code: the code and its id, or `retired` with the reason. A code is never reused.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

TABLE = Path(__file__).with_name("codes.txt")
RETIRED = "retired"
CODE = re.compile(r"NPU\d{3}")
CONFIGURATION, NODE, CAUSE = "configuration", "node", "cause"
"""What a finding is: a check of a configuration, a check of a node, a cause of the diagnosis."""

_STARTS: Mapping[str, Mapping[str, int]] = {
    CONFIGURATION: {
        "evaluation": 1, "options": 20, "kernel": 40, "device-tree": 70, "udev": 90, "access": 110, "packages": 130,
        "tmpfiles": 160, "library": 170, "python": 190, "units": 210, "expects": 260, "guard": 280, "disabled": 300,
        "lint": 310,
    },
    NODE: {
        "units": 400, "identity": 410, "kernel": 430, "driver": 450, "power": 470, "device": 490, "access": 510,
        "udev": 530, "library": 540, "python": 560, "inference": 570, "guard": 600, "disabled": 610, "transition": 630,
        "container": 650, "neighbours": 670, "offer": 678, "ready": 682,
        "pod": 685, "disrupt": 691, "released": 695,
    },
    CAUSE: {
        "node": 700, "board": 730, "kernel": 750, "device tree": 780, "power": 800, "driver": 820, "device": 840,
        "access": 860, "library": 890, "python": 920, "container": 935, "model": 950, "speed": 975,
    },
}  # fmt: skip
_ENDS = {CONFIGURATION: 400, NODE: 700, CAUSE: 1000}


def range_of(kind: str, stage: str) -> range:
    """The numbers set aside for the checks of a stage, or the causes of a layer. Raises KeyError for an unknown one."""
    starts = _STARTS[kind]
    first = starts[stage]
    return range(first, min((one for one in starts.values() if one > first), default=_ENDS[kind]))


def stages(kind: str) -> tuple[str, ...]:
    """The stages, or layers, that have a range, in the order of their numbers."""
    return tuple(_STARTS[kind])


@cache
def table() -> Mapping[str, str]:
    """Every code that was ever allocated, with its id; `retired` and why for one whose check or cause is gone."""
    lines = TABLE.read_text(encoding="utf-8").splitlines()
    rows = [line.split(maxsplit=1) for line in lines if line and not line.startswith("#")]
    twice = sorted({code for code, _ in rows if sum(code == one for one, _ in rows) > 1})
    if twice:
        raise ValueError(f"{TABLE.name}: allocated twice: {', '.join(twice)}")
    return {row[0]: row[1] for row in rows}


@cache
def _codes() -> Mapping[str, str]:
    return {id: code for code, id in table().items() if not id.startswith(RETIRED)}


def code_of(id: str) -> str:
    """The code of a check or a cause, "" where it has none."""
    return _codes().get(id, "")


def id_of(word: str) -> str:
    """The id that a code stands for; every other word, such as an id, as it is."""
    found = table().get(word.upper(), "")
    return found if found and not found.startswith(RETIRED) else word


def is_cause(code: str) -> bool:
    """Whether a code is a cause's, which has no verdict of its own."""
    return int(code[3:]) >= _ENDS[NODE]


def with_code(id: str) -> str:
    """`CODE id`, or the id alone where it has no code."""
    return f"{code_of(id)} {id}".lstrip()


def next_free(kind: str, stage: str, taken: Iterable[str]) -> str:
    """The next code of a stage; `taken` are all that were ever allocated. Raises ValueError where none is left."""
    used = {int(code[3:]) for code in taken}
    own = range_of(kind, stage)
    number = max((one for one in own if one in used), default=own.start - 1) + 1
    if number not in own:
        raise ValueError(f"{kind} {stage}: its numbers {own.start}-{own.stop - 1} are used up")
    return f"NPU{number:03}"
