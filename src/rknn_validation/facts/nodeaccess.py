"""Access to the NPU's devnodes that is given by hand: by tmpfiles lines, and by programs that scripts and rules run."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rknn_validation.facts.devnodes import devnodes, named_by, subject_rules
from rknn_validation.facts.difference import part
from rknn_validation.facts.model import Facts, derived
from rknn_validation.facts.services import run_commands
from rknn_validation.facts.text import shell, tmpfiles

_NODE = re.compile(r"\$(?:devnode|tempnode|env\{DEVNAME\})|%(?:N|E\{DEVNAME\})|/dev/(?:\$(?:name|kernel)|%k)")
"""How a rule names the node it applies to."""
_GIVES = frozenset({"chgrp", "chown", "chmod", "setfacl", "mknod"})


def given_by_hand(facts: Facts) -> Iterator[tuple[str, str]]:
    """(where, text) of everything but rules that says who may open a devnode of the NPU."""
    for line in _lines(facts):
        if line.type in "zZaA":
            yield "systemd.tmpfiles.rules", line.text
    yield from ((where, command.text) for where, command in _commands(facts))


def opened_to_all(facts: Facts) -> Iterator[tuple[str, str]]:
    """(where, text) of what of that lets every user write."""
    for line in _lines(facts):
        if _is_wide(line.mode.strip(":~")):
            yield "systemd.tmpfiles.rules", line.text
    for where, command in _commands(facts):
        if any(_is_wide(mode) for mode in _modes(command)):
            yield where, command.text


def _lines(facts: Facts) -> Iterator[tmpfiles.Line]:
    for text in part(facts).tmpfiles:
        line = tmpfiles.parse(text)
        if isinstance(line, tmpfiles.Line) and named_by(facts, line.path):
            yield line


@derived
def _commands(facts: Facts) -> tuple[tuple[str, shell.Command], ...]:
    found = [
        (where, command)
        for where, command in run_commands(facts)
        if command.program in _GIVES and any(named_by(facts, word) for word in command.arguments)
    ]
    return (*found, *dict.fromkeys(_by_rules(facts)))


def _by_rules(facts: Facts) -> Iterator[tuple[str, shell.Command]]:
    """What the subject's rules run for the NPU's devnodes, or for one of them by name."""
    applied = [rule for one in devnodes(facts) for rule, _ in one.outcome.rules]
    for rule in subject_rules(facts).rules:
        for command in (one for program in rule.values("RUN") for one in shell.plain(program)):
            means = any(named_by(facts, word) for word in command.arguments)
            means = means or (rule in applied and any(_NODE.search(word) for word in command.arguments))
            if command.program in _GIVES and means:
                yield rule.where, command


def _modes(command: shell.Command) -> Iterator[str]:
    if command.program == "chmod":
        yield from command.arguments[:1]
        # A mode such as `+w` or `-w` is no option.
        yield from (word for word in command.options if re.fullmatch(r"[+-][rwxst]+", word))
    elif command.program == "mknod":
        for at, word in enumerate(command.words):
            found = re.fullmatch(r"(?:-m|--mode=)(\S*)", word)
            if found:
                yield found[1] or command.words[min(at + 1, len(command.words) - 1)]


def _is_wide(mode: str) -> bool:
    """Whether a mode, in digits or letters, lets others write."""
    if re.fullmatch("[0-7]{3,5}", mode):
        return bool(int(mode, 8) & 0o002)
    return any(
        re.fullmatch(r"[ugo]*[ao][ugo]*[+=][rwxXst]*w[rwxXst]*|[+=][rwxXst]*w[rwxXst]*", one) for one in mode.split(",")
    )
