"""`nodes:` of a subject file or an inventory: real machines, how to reach them, and what each should be.

These words become arguments of ssh, so whatever could be taken for an option or mean something to a shell is refused
while the file is read, with its line.
"""

from __future__ import annotations

import difflib
import itertools
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rknn_validation.common.errors import HarnessError
from rknn_validation.common.yamlfile import Reader, read_mapping
from rknn_validation.npu.boards import BOARDS

EXPECTATIONS = ("npu", "guarded")
SUDO = ("none", "passwordless", "ask")
KEYS = (
    *("host", "user", "port", "identity", "jump", "ssh_config"),
    *("board", "scenario", "expectation", "groups", "sudo", "service_user"),
)
ENTRY = "{host: opi01.internal, board: orangepi-5-plus, scenario: vendor}"
EXAMPLE = f"nodes:\n  opi01: {ENTRY}"
MOST = 1000
"""Most nodes one pattern may expand to: more is a typing error."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_HOST = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*|(?=.*:)[0-9A-Fa-f:.]+(%[A-Za-z0-9._-]+)?")
_USER = re.compile(r"[A-Za-z_][A-Za-z0-9._-]*\$?")
_JUMP = re.compile(rf"({_USER.pattern}@)?([A-Za-z0-9_][A-Za-z0-9._-]*|\[[0-9A-Fa-f:.]+\])(:[0-9]{{1,5}})?")
_PART = re.compile(r"(?P<from>\d+)(-(?P<to>\d+))?")


@dataclass(frozen=True)
class Node:
    """A real machine, asked only with --hardware.

    `expectation` is `npu` (the scenario's stack has to work) or `guarded` (it has to be left unharmed). `user` None is
    root, or what `ssh_config` says. `service_user` is the account whose services use the NPU. `where` is
    `file:line: key`, for errors.
    """

    name: str
    host: str
    board: str
    scenario: str
    expectation: str = "npu"
    user: str | None = None
    port: int | None = None
    identity: Path | None = None
    jump: str | None = None
    ssh_config: Path | None = None
    groups: tuple[str, ...] = ()
    sudo: str = "none"
    service_user: str | None = None
    where: str = ""

    @property
    def guarded(self) -> bool:
        """Whether the node has to be left unharmed, no more."""
        return self.expectation == "guarded"


def read_inventory(path: Path, scenarios: Iterable[str]) -> dict[str, Node]:
    """The nodes of an inventory file, which holds `nodes:` alone. Raises SubjectFileError."""
    top = read_mapping(path, expected=f"nodes, such as\n{EXAMPLE}", hint="name the inventory with --inventory FILE")
    top.only("nodes")
    return read_nodes(top, scenarios, path.resolve().parent)


def read_nodes(top: Reader, scenarios: Iterable[str], root: Path) -> dict[str, Node]:
    """The entries below `nodes:`, patterns expanded; paths are relative to `root`. Raises SubjectFileError."""
    known = tuple(scenarios)
    nodes: dict[str, Node] = {}
    places: dict[tuple[object, ...], Node] = {}
    for key, reader in top.mappings("nodes", required=False, expected=f"a mapping, such as opi01: {ENTRY}"):
        for node in _entry(key, reader, known, root):
            if node.name in nodes:
                seen = f"{node.name} again, after {nodes[node.name].where}"
                raise reader.error("", expected="each node once", seen=seen)
            # Behind another jump host, or in another configuration of ssh's, a host may be another machine.
            twin = places.setdefault((node.host, node.port or 22, node.jump, node.ssh_config), node)
            if twin is not node:
                seen = f"{node.host}, which {twin.name} uses too ({twin.where})"
                hint = "one machine would count as two: correct host or port, or remove one of the nodes"
                raise reader.error("host", expected="a machine of its own for each node", seen=seen, hint=hint)
            nodes[node.name] = node
    return nodes


def select(nodes: Mapping[str, Node], names: Sequence[str], groups: Sequence[str]) -> tuple[Node, ...]:
    """The nodes that are named, or in one of the groups; all without any. Raises HarnessError for an unknown word."""
    known_groups = sorted({group for node in nodes.values() for group in node.groups})
    for option, given, known in (("--node", names, sorted(nodes)), ("--group", groups, known_groups)):
        unknown = [word for word in given if word not in known]
        if unknown:
            near = difflib.get_close_matches(unknown[0], known, n=1)
            raise HarnessError(
                f"{option} {unknown[0]}: there is no such {option.lstrip('-')} in the inventory",
                expected=f"one of {', '.join(known)}"
                if known
                else f"nodes that have one, by {option.lstrip('-')}s: [npu]",
                seen=unknown[0],
                hint=f"did you mean {near[0]!r}?" if near else "",
            )
    everything = not names and not groups
    return tuple(
        node for node in nodes.values() if everything or node.name in names or not set(groups).isdisjoint(node.groups)
    )


def require_files(nodes: Iterable[Node]) -> None:
    """Raise HarnessError for the first key or configuration file that cannot be read: only asking needs them."""
    for node in nodes:
        for key, path in (("identity", node.identity), ("ssh_config", node.ssh_config)):
            if path is not None and not (path.is_file() and os.access(path, os.R_OK)):
                raise HarnessError(
                    f"{node.where}.{key}",
                    expected="a file that can be read",
                    seen=f"{path}: no such file, or not readable",
                    hint="paths are relative to the inventory",
                )


def expand(pattern: str) -> list[str]:
    """`opi0[1-3]` -> opi01, opi02, opi03; `[08-11]` keeps its zeroes, `[1-3,7]` lists. Raises ValueError."""
    pieces = re.split(r"\[([^\[\]]*)\]", pattern)
    choices = [[piece] if index % 2 == 0 else list(_numbers(piece)) for index, piece in enumerate(pieces)]
    if any("[" in piece or "]" in piece for piece in pieces[::2]):
        raise ValueError("an unbalanced bracket")
    count = 1
    for choice in choices:
        count *= len(choice)
        if count > MOST:
            raise ValueError(f"more than {MOST} nodes")
    return ["".join(words) for words in itertools.product(*choices)]


def _numbers(text: str) -> Iterator[str]:
    for part in text.split(","):
        found = _PART.fullmatch(part.strip())
        if found is None:
            raise ValueError(f"[{text}] is not a range of numbers")
        first, last = found["from"], found["to"] or found["from"]
        if int(last) < int(first):
            raise ValueError(f"[{text}] runs backwards; write [{last}-{first}]")
        if int(last) - int(first) >= MOST:
            raise ValueError(f"[{text}] stands for more than {MOST} nodes")
        width = len(first) if first.startswith("0") or len(first) == len(last) else 0
        yield from (f"{number:0{width}}" for number in range(int(first), int(last) + 1))


def _entry(key: str, reader: Reader, scenarios: tuple[str, ...], root: Path) -> list[Node]:
    reader.only(*KEYS)
    names = _expanded(reader, "", key, _NAME, "a node's name, such as opi01 or opi0[1-3]")
    host = reader.text("host")
    # A host with a colon is an address; its brackets would be ssh's, and no pattern.
    hosts = _expanded(reader, "host", host, _HOST, "a host name or address that ssh cannot take for an option")
    if len(hosts) != len(names):
        seen = f"{len(names)} names and {len(hosts)} hosts"
        hint = "give name and host patterns of the same length, such as opi0[1-3] and opi0[1-3].internal"
        raise reader.error("host", expected="one host for each name", seen=seen, hint=hint)
    board = reader.choice("board", tuple(BOARDS))
    is_rk3588 = BOARDS[board].is_rk3588
    expectation = reader.choice("expectation", EXPECTATIONS, default=EXPECTATIONS[0 if is_rk3588 else 1])
    if expectation == "npu" and not is_rk3588:
        raise reader.error("expectation", expected="guarded, because this board has no RK3588", seen="npu")
    user = _optional(reader, "user", _USER, "a user's name")
    ssh_config = _path(reader, "ssh_config", root)
    root_login = user in (None, "root")
    common = {
        "board": board,
        "scenario": reader.choice("scenario", scenarios),
        "expectation": expectation,
        "user": user,
        "port": reader.whole("port", 1, 65535) if reader.has("port") else None,
        "identity": _path(reader, "identity", root),
        "jump": _optional(reader, "jump", _JUMP, "a jump host, such as admin@gate.internal:22"),
        "ssh_config": ssh_config,
        "groups": _groups(reader),
        "sudo": reader.choice("sudo", SUDO, default="none" if root_login else "passwordless"),
        "service_user": _optional(reader, "service_user", _USER, "a user's name"),
        "where": reader.position,
    }
    return [Node(name=name, host=at, **common) for name, at in zip(names, hosts, strict=True)]  # type: ignore[arg-type]


def _expanded(reader: Reader, key: str, text: str, allowed: re.Pattern[str], expected: str) -> list[str]:
    try:
        words = [text] if ":" in text else expand(text)
    except ValueError as problem:
        raise reader.error(key, expected="a pattern such as opi0[1-3]", seen=f"{text!r}: {problem}") from problem
    for word in words:
        if not allowed.fullmatch(word):
            raise reader.error(key, expected=expected, seen=repr(word))
    return words


def _optional(reader: Reader, key: str, allowed: re.Pattern[str], expected: str) -> str | None:
    if not reader.has(key):
        return None
    text = reader.text(key)
    if not allowed.fullmatch(text):
        raise reader.error(key, expected=expected, seen=repr(text))
    return text


def _path(reader: Reader, key: str, root: Path) -> Path | None:
    """A path relative to the file. It need not be there: only a run with --hardware reads it."""
    return root / Path(reader.text(key)).expanduser() if reader.has(key) else None


def _groups(reader: Reader) -> tuple[str, ...]:
    if not reader.has("groups"):
        return ()
    words = reader.words("groups")
    for word in words:
        if not _NAME.fullmatch(word):
            raise reader.error("groups", expected="group names, such as npu", seen=repr(word))
    return words
