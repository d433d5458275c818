"""Transitions between scenarios: all pairs on a board, or those the subject file names."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from itertools import pairwise

import yaml

from rknn_validation.common.yamlfile import Reader

Path = tuple[str, ...]
"""Scenarios in the order they are switched to; the first one booted."""

KEY = "transitions"
_EXPECTED = "a -> b or a -> b -> a, from one scenario to another"


def read_transitions(top: Reader, boards: Mapping[str, Sequence[str]]) -> tuple[Path, ...] | None:
    """`transitions:` of a subject file: `none`, or a list of `a -> b` and `a -> b -> a`. None where nothing is said.

    `boards` are the scenarios' boards. Raises SubjectFileError naming file, line and key.
    """
    if not top.has(KEY):
        return None
    word = top.word(KEY)
    if word is None:
        return tuple(_path(top, text, at, boards) for text, at in top.items(KEY))
    if word != "none":
        raise top.error(KEY, expected=f"none, or a list of {_EXPECTED}", seen=repr(word))
    return ()


def _path(top: Reader, text: str, at: yaml.Node, boards: Mapping[str, Sequence[str]]) -> Path:
    names = tuple(re.split(r"\s*->\s*", text.strip()))
    if len(names) < 2 or any(one == other for one, other in pairwise(names)):
        raise top.error(KEY, at=at, expected=_EXPECTED, seen=repr(text))
    for name in names:
        if name not in boards:
            near = difflib.get_close_matches(name, boards, n=1)
            hint = f"did you mean {near[0]!r}?" if near else ""
            raise top.error(KEY, at=at, expected=f"one of {', '.join(boards)}", seen=repr(name), hint=hint)
    if not set.intersection(*(set(boards[name]) for name in names)):
        seen = "; ".join(f"{name}: {', '.join(boards[name])}" for name in dict.fromkeys(names))
        raise top.error(KEY, at=at, expected="scenarios that share a board", seen=seen)
    return names


def paths(chosen: Sequence[Path] | None, boards: Mapping[str, Sequence[str]], board: str) -> tuple[Path, ...]:
    """The switches to judge on a board; `boards` are the scenarios' own.

    Where nothing was chosen: every ordered pair of scenarios, and on the first board that has several also from the
    first to the last and back again.
    """
    here = [name for name, of in boards.items() if board in of]
    if chosen is not None:
        return tuple(path for path in chosen if set(path) <= set(here))
    pairs = [(one, other) for one in here for other in here if one != other]
    several = (one for of in boards.values() for one in of if sum(one in other for other in boards.values()) > 1)
    return (*pairs, (here[0], here[-1], here[0])) if board == next(several, None) else tuple(pairs)
