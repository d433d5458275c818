"""`expects:` of a scenario or host: what has to work there."""

from __future__ import annotations

import difflib

from rknn_validation.common.yamlfile import Reader

WORDS = ("python", "c", "devnode", "inference")
"""Clients and what they need; besides these, `service:NAME` for a systemd service."""
SERVICE = "service:"


def read_expects(reader: Reader, stack: str) -> tuple[str, ...] | None:
    """The expectations of a scenario or host, None where nothing is said.

    Raises SubjectFileError for a word that is none, naming the nearest, and for expectations where no stack is to be
    brought up, because no check would use them.
    """
    if not reader.has("expects"):
        return None
    found: list[str] = []
    for word, node in reader.items("expects"):
        if _is_word(word) and word not in found:
            found.append(word)
            continue
        seen = f"{word!r} twice" if word in found else repr(word)
        near = _nearest(word)
        hint = f"did you mean {near!r}?" if near and word not in found else ""
        raise reader.error("expects", at=node, expected=f"{', '.join(WORDS)} or service:NAME", seen=seen, hint=hint)
    if found and stack == "none":
        raise reader.error(
            "expects", expected="no expectations, or a stack: vendor or mainline", seen=f"stack: none, {found[0]}"
        )
    return tuple(found)


def services(expects: tuple[str, ...] | None) -> tuple[str, ...]:
    """The names of the services that are expected, without `.service`."""
    named = (word.removeprefix(SERVICE) for word in expects or () if word.startswith(SERVICE))
    return tuple(name.removesuffix(".service") for name in named)


def _is_word(word: str) -> bool:
    name = word.removeprefix(SERVICE)
    return word in WORDS or (word.startswith(SERVICE) and bool(name) and not set(name) & set(" \t/:"))


def _nearest(word: str) -> str:
    kind, colon, name = word.partition(":")
    if colon and difflib.get_close_matches(kind.strip().lower(), ["service"], n=1):
        return f"service:{name.strip() or 'NAME'}"
    found = difflib.get_close_matches(word.strip().lower(), [*WORDS, "service:NAME"], n=1)
    return found[0] if found else ""
