"""Shell scripts, read without running them: their simple commands, by a real parser.

tree-sitter's grammar of bash reads everything: what it cannot parse becomes an error in the tree, and the rest of the
script is still read. Whether bash accepts the script is decided by shellcheck.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from rknn_validation.facts.text.shelltree import Written, read

UNKNOWN = "@…@"
"""What stands where only running the script tells."""

_PARAMETER = re.compile(r"\$\{(\w+)(?:(:?[-+=?])([^{}]*))?\}|\$(\w+)")
_ROUNDS = 64
"""How often a loop is followed."""
_WRAPPERS = frozenset(
    {"exec", "command", "builtin", "sudo", "doas", "env", "nohup", "nice", "ionice", "setsid", "time"}
)


@dataclass(frozen=True)
class ShellCondition:
    """A command that decides whether another runs: that one runs where this one `succeeded`, or where it did not."""

    words: tuple[str, ...]
    succeeded: bool


@dataclass(frozen=True)
class Command:
    """A simple command: quotes are gone, known variables are filled in. `line` counts from 1; `text` is as written.

    `certain` is False inside loops, conditions, functions and pipelines, and where a failure is expected (`||`).
    `under` are the conditions it stands below, `writes` the files its output goes to, `given` the here-document it
    reads, `assigned` the variables it sets; a line that only sets variables has no words.
    """

    words: tuple[str, ...]
    line: int
    certain: bool
    text: str = ""
    under: tuple[ShellCondition, ...] = ()
    writes: tuple[str, ...] = ()
    given: str | None = None
    assigned: tuple[tuple[str, str], ...] = ()

    @property
    def effective(self) -> tuple[str, ...]:
        """The words without `exec`, `sudo`, `env A=b` and their like before them."""
        words = list(self.words)
        while words and words[0].rsplit("/", 1)[-1] in _WRAPPERS:
            words.pop(0)
            while words and (words[0].startswith("-") or re.match(r"\w+=", words[0])):
                words.pop(0)
        return tuple(words)

    @property
    def program(self) -> str:
        """The name of the program it runs, without its folder; "" where it runs none."""
        words = self.effective
        return words[0].rsplit("/", 1)[-1] if words else ""

    @property
    def arguments(self) -> tuple[str, ...]:
        """What the program is given, without options."""
        return tuple(word for word in self.effective[1:] if not word.startswith("-"))

    @property
    def options(self) -> tuple[str, ...]:
        """The words that begin with a dash."""
        return tuple(word for word in self.effective[1:] if word.startswith("-"))


def commands(script: str, known: Mapping[str, str] | None = None, *, nested: bool = False) -> Iterator[Command]:
    """The commands of a script, one after the other; those inside `$(…)` only where `nested`.

    `known` maps variables to values; assignments in the script are followed. Unknown variables become `@name@`,
    whatever else only running shows becomes `@…@`. Without `known` expansions stay as they are written.
    """
    variables = None if known is None else dict(known)
    for written in read(script):
        if written.nested and not nested:
            continue
        if variables is not None:
            for name, value in written.assigned:
                told = value.expanded(variables)[0] if written.certain else f"@{name}@"
                if not written.words:
                    variables[name] = told
        if written.words:
            yield _command(written, variables)


def _command(written: Written, variables: Mapping[str, str] | None) -> Command:
    def words(of: Written) -> tuple[str, ...]:
        return tuple(text for word in of.words for text in word.expanded(variables))

    def files(of: Written) -> tuple[str, ...]:
        return tuple(word.expanded(variables)[0] for word in of.writes)

    return Command(
        words(written),
        written.line,
        written.certain,
        written.text,
        tuple(ShellCondition(words(one), succeeded) for one, succeeded in written.under),
        files(written),
        written.given,
        tuple((name, value.expanded(variables)[0]) for name, value in written.assigned),
    )


@lru_cache(maxsize=2048)
def unrolled_commands(script: str) -> tuple[Command, ...]:
    """Like `plain`, with the variables the script sets filled in, and a command in a `for` once for each word."""
    known: dict[str, str] = {}
    found: list[Command] = []
    for written in read(script):
        if not written.words:
            known |= {name: value.expanded(known)[0] for name, value in written.assigned}
            continue
        rounds = [known]
        for name, taken in written.loops:
            rounds = [{**one, name: text} for one in rounds for word in taken for text in word.expanded(one)] or rounds
        found += [_command(written, one) for one in rounds[:_ROUNDS]]
    return tuple(found)


@lru_cache(maxsize=2048)
def all_commands(script: str) -> tuple[Command, ...]:
    """The commands of a script with expansions as they are written, those inside `$(…)` among them."""
    return tuple(commands(script, nested=True))


def exports(script: str, variable: str) -> Iterator[tuple[str, str]]:
    """(value, text) of every assignment to the variable, the value without its quotes."""
    for written in read(script):
        yield from ((value.expanded(None)[0], written.text) for name, value in written.assigned if name == variable)


@dataclass(frozen=True)
class LinkCommand:
    """One `ln`: short flags without dashes, target and path as written; `line` is the whole command."""

    flags: str
    target: str
    path: str
    line: str


_LONG = {"--symbolic": "s", "--force": "f", "--no-dereference": "n", "--no-target-directory": "T", "--relative": "r"}


def links(script: str) -> Iterator[LinkCommand]:
    """Every symbolic or hard link the script makes."""
    for command in all_commands(script):
        if command.program != "ln" or len(command.arguments) < 2:
            continue
        flags = "".join(_LONG.get(flag, "" if flag.startswith("--") else flag.lstrip("-")) for flag in command.options)
        *targets, path = command.arguments
        for target in targets:
            name = target.rsplit("/", 1)[-1]
            into = path.endswith("/") or len(targets) > 1
            yield LinkCommand(flags, target, f"{path.rstrip('/')}/{name}" if into else path, command.text)


def joined(script: str) -> str:
    """The script with continued lines joined."""
    return re.sub(r"\\\n\s*", " ", script)


def expand(value: str, known: Mapping[str, str]) -> str:
    """The value as a shell sees it where only `known` variables are set; other variables stay as written.

    A variable in `known` with an empty value counts as unset.
    """

    def replaced(match: re.Match[str]) -> str:
        name = match[1] or match[4]
        if name not in known:
            return match[0]
        current, operator, word = known[name], match[2] or "", match[3] or ""
        if operator.endswith("+"):
            return expand(word, known) if current else ""
        if operator.endswith(("-", "=")):
            return current or expand(word, known)
        return current

    return _PARAMETER.sub(replaced, value)


def elements(value: str, known: Mapping[str, str]) -> list[str]:
    """The elements of a search path once expanded; none where the whole of it is empty."""
    expanded = expand(value.strip("\n"), known)
    return expanded.split(":") if expanded else []


def assignments(script: str) -> Iterator[tuple[tuple[str, str], ...]]:
    """The variables each command sets, with their values as they are written without quotes."""
    for written in read(script):
        yield tuple((name, value.expanded(None)[0]) for name, value in written.assigned)
