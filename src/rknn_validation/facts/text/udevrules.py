"""The grammar of udev rules (udev(7)), and what udevd would complain about.

udevd ignores a rule it cannot read, and says so only in the journal.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

MATCH = frozenset({"==", "!="})
ASSIGN = frozenset({"=", "+=", "-=", ":="})

# Which operators a key takes, and whether {attribute} is required (True), forbidden (False) or optional (None).
_MATCH_ONLY = {
    "ACTION": False,
    "DEVPATH": False,
    "KERNEL": False,
    "SUBSYSTEM": False,
    "DRIVER": False,
    "KERNELS": False,
    "SUBSYSTEMS": False,
    "DRIVERS": False,
    "TAGS": False,
    "RESULT": False,
    "ATTRS": True,
    "CONST": True,
    "TEST": None,
}
_ASSIGN_ONLY = {"OWNER": False, "GROUP": False, "MODE": False, "SECLABEL": True, "RUN": None, "OPTIONS": False}
_EITHER = {"NAME": False, "SYMLINK": False, "ENV": True, "TAG": False, "ATTR": True, "SYSCTL": True}
_ALWAYS_MATCH = {"PROGRAM": False, "IMPORT": True}
_JUMPS = {"GOTO": False, "LABEL": False}
KEYS: dict[str, bool | None] = {**_MATCH_ONLY, **_ASSIGN_ONLY, **_EITHER, **_ALWAYS_MATCH, **_JUMPS}

_TOKEN = re.compile(
    r"""[\s,]*(?P<key>[^\s={}!+:,-][^\s={}!+:-]*)(?:\{(?P<attribute>[^}]*)\})?\s*(?P<operator>==|!=|\+=|-=|:=|=)\s*"""
    r"""[ei]?"(?P<value>(?:\\.|[^"\\])*)\"""",
    re.VERBOSE,
)


@dataclass(frozen=True)
class Token:
    """One `KEY{attribute}operator"value"`."""

    key: str
    attribute: str
    operator: str
    value: str

    @property
    def is_match(self) -> bool:
        """Whether this token asks rather than sets."""
        return self.operator in MATCH or self.key in _ALWAYS_MATCH

    def __str__(self) -> str:
        attribute = f"{{{self.attribute}}}" if self.attribute else ""
        return f'{self.key}{attribute}{self.operator}"{self.value}"'


@dataclass(frozen=True)
class Rule:
    """One readable rule; `line` counts from 1 in its file."""

    file: str
    line: int
    text: str
    tokens: tuple[Token, ...]

    @property
    def where(self) -> str:
        """`file:line`."""
        return f"{self.file}:{self.line}"

    def values(self, key: str) -> tuple[str, ...]:
        """The values this rule assigns to a key."""
        return tuple(token.value for token in self.tokens if token.key == key and not token.is_match)

    @property
    def sets_access(self) -> bool:
        """Whether it says who may open a node."""
        return any(
            not token.is_match
            and (token.key in {"GROUP", "OWNER", "MODE"} or (token.key, token.value) == ("TAG", "uaccess"))
            for token in self.tokens
        )

    @property
    def programs(self) -> tuple[tuple[Token, str], ...]:
        """The programs it has udevd run, with the token that says so; those that only udevd can name are left out."""
        run = [
            token
            for token in self.tokens
            if (token.key == "RUN" and token.attribute != "builtin")
            or (token.key in {"PROGRAM", "IMPORT"} and token.attribute in {"", "program"})
        ]
        found = ((token, token.value.split(" ")[0]) for token in run)
        return tuple((token, name) for token, name in found if name and not name.startswith(("$", "%")))


@dataclass(frozen=True)
class Complaint:
    """A line udevd would ignore in whole or in part, and why."""

    file: str
    line: int
    text: str
    why: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.why}\n    {self.text}"


@dataclass(frozen=True)
class RulesText:
    """A rules file as udevd reads it."""

    rules: tuple[Rule, ...]
    complaints: tuple[Complaint, ...]


def parse(file: str, text: str) -> RulesText:
    """Read the text of a rules file."""
    rules: list[Rule] = []
    complaints: list[Complaint] = []
    for number, line in _logical_lines(text):
        tokens, why = _tokens(line)
        if why is None:
            why = next((problem for problem in map(_problem, tokens) if problem), None)
        if why is None:
            rules.append(Rule(file, number, line, tuple(tokens)))
        else:
            complaints.append(Complaint(file, number, line, why))
    complaints += _lost_jumps(rules)
    return RulesText(tuple(rules), tuple(sorted(complaints, key=lambda one: one.line)))


def _logical_lines(text: str) -> list[tuple[int, str]]:
    lines: list[tuple[int, str]] = []
    begun: str | None = None
    start = 0
    for number, raw in enumerate(text.split("\n"), 1):
        # A comment inside a continued rule is dropped, as udevd does.
        if raw.lstrip().startswith("#"):
            continue
        piece = raw if begun is None else begun + raw.lstrip()
        start = number if begun is None else start
        if piece.endswith("\\"):
            begun = piece[:-1]
            continue
        begun = None
        if piece.strip():
            lines.append((start, piece.strip()))
    if begun is not None and begun.strip():
        lines.append((start, begun.strip() + " \\"))
    return lines


def _tokens(line: str) -> tuple[list[Token], str | None]:
    tokens: list[Token] = []
    rest = line
    while rest.strip(" \t,"):
        found = _TOKEN.match(rest)
        if not found:
            return tokens, _unreadable(rest.strip(" \t,"))
        tokens.append(Token(found["key"], found["attribute"] or "", found["operator"], found["value"]))
        rest = rest[found.end() :]
    return tokens, None


def _unreadable(rest: str) -> str:
    shown = rest if len(rest) < 60 else rest[:57] + "..."
    if rest == "\\":
        return "the last line ends in a backslash, but no line follows"
    if re.match(r"[A-Z]+(\{[^}]*\})?\s*(==|!=|\+=|-=|:=|=)\s*[^\"\s]", rest) and not re.match(r'[^"]*=\s*[ei]"', rest):
        return f"the value is not in double quotes: {shown}"
    if rest.count('"') % 2:
        return f"a double quote is missing: {shown}"
    if not re.match(r"[A-Z]+(\{[^}]*\})?\s*(==|!=|\+=|-=|:=|=)", rest):
        return f'not a KEY, an operator and a "value": {shown}'
    return f"cannot be read: {shown}"


def _problem(token: Token) -> str | None:
    key = token.key
    if key not in KEYS:
        return f"{key} is not a key of udev"
    needs = KEYS[key]
    if needs is True and not token.attribute:
        return f"{key} needs an attribute: {key}{{...}}"
    if needs is False and token.attribute:
        return f"{key} takes no attribute, seen {key}{{{token.attribute}}}"
    if key in _MATCH_ONLY and token.operator not in MATCH:
        return f"{key} can only be matched (== or !=), seen {token}"
    if key in _ASSIGN_ONLY and token.operator in MATCH | {"-="}:
        return f"{key} can only be assigned (=, += or :=), seen {token}"
    if key in _JUMPS and token.operator != "=":
        return f"{key} takes =, seen {token}"
    if key == "MODE" and not _is_substituted(token.value) and not re.fullmatch(r"[0-7]{1,5}", token.value):
        return f"MODE is not an octal number: {token}"
    if key in {"GROUP", "OWNER"} and not token.value.strip():
        return f"{key} is empty"
    return None


def _is_substituted(value: str) -> bool:
    return "%" in value or "$" in value


def _lost_jumps(rules: list[Rule]) -> list[Complaint]:
    labels = {token.value: rule.line for rule in rules for token in rule.tokens if token.key == "LABEL"}
    return [
        Complaint(rule.file, rule.line, rule.text, f'no LABEL="{token.value}" follows')
        for rule in rules
        for token in rule.tokens
        if token.key == "GOTO" and labels.get(token.value, -1) <= rule.line
    ]
