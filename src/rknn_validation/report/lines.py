"""Lines of text for a terminal: wrapped paragraphs, and lists that are cut to what a person reads."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

Line = tuple[str, dict[str, bool]]
"""A line and its markup, as pytest's `write_line` takes them."""

READABLE = 110
"""Columns of a paragraph on a terminal that has more."""
PLACES = 8
"""Scenarios, boards or nodes listed in one line."""
CHECKS = 8
"""Checks listed by name; more are counted by topic."""


def paragraph(label: str, text: str, width: int, indent: int = 10, **markup: bool) -> Iterator[Line]:
    """A label and a text, wrapped with a hanging indent; words longer than a line, such as paths, stay whole."""
    first = f"{label:<{indent}}" if label else ""
    hanging = " " * indent
    for number, line in enumerate(text.splitlines() or [""]):
        begin = first if number == 0 else hanging
        wrapped = textwrap.wrap(
            line,
            min(width, READABLE),
            initial_indent=begin,
            subsequent_indent=hanging,
            break_long_words=False,
            break_on_hyphens=False,
        )
        yield from ((part, markup) for part in wrapped or [begin.rstrip()])


def heading(text: str, **markup: bool) -> Iterator[Line]:
    """An empty line and a bold one."""
    yield "", {}
    yield text, {"bold": True, **markup}


def places(names: Iterable[str]) -> str:
    """Each name once; the first few where there are many."""
    unique = list(dict.fromkeys(names))
    more = f" and {len(unique) - PLACES} more" if len(unique) > PLACES else ""
    return ", ".join(unique[:PLACES]) + more


def check_names(checks: Iterable[str]) -> str:
    """Each check once by name; counted by topic where there are many."""
    unique = list(dict.fromkeys(checks))
    if len(unique) <= CHECKS:
        return ", ".join(unique)
    topics = Counter(check.split(".", 1)[0] for check in unique)
    return f"{len(unique)} checks ({', '.join(f'{count} {topic}' for topic, count in topics.items())})"


def as_many_as_fit(names: Sequence[str], width: int) -> str:
    """The first names, separated by semicolons, that fit into a width (at least one), and how many were left out."""
    line = ""
    for count in range(len(names), 0, -1):
        left = len(names) - count
        line = "; ".join(names[:count]) + (f"; and {left} more" if left else "")
        if len(line) <= width:
            break
    return line


def shortened(text: str, width: int) -> str:
    """The text, cut where it is longer than a width."""
    return text if len(text) <= width else text[: max(width - 3, 0)] + "..."
