"""YAML with positions: a reader that names file, line, key and what was expected."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from rknn_validation.common.errors import SubjectFileError


class Reader:
    """A YAML mapping that knows where it stands. `where` is the dotted key that led here."""

    def __init__(self, path: Path, node: yaml.MappingNode, where: str) -> None:
        self.path = path
        self.node = node
        self.where = where
        self._items: dict[str, tuple[yaml.ScalarNode, yaml.Node]] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise self.error(str(key), at=key, expected="a plain word as key", seen=_kind(key))
            if key.value in self._items:
                first = self._items[key.value][0].start_mark.line + 1
                raise self.error(key.value, at=key, expected="each key once", seen=f"first given in line {first}")
            self._items[key.value] = (key, value)

    @property
    def position(self) -> str:
        """`file:line: key` of this mapping, as errors begin."""
        return f"{self.path}:{self.node.start_mark.line + 1}: {self.where}"

    def error(
        self, key: str, *, expected: str, seen: str, hint: str = "", at: yaml.Node | None = None
    ) -> SubjectFileError:
        """The error for `key`, at its own line (or this mapping's, where the key is missing)."""
        node = at or (self._items[key][1] if key in self._items else self.node)
        dotted = ".".join(word for word in (self.where, key) if word)
        line = node.start_mark.line + 1
        return SubjectFileError(f"{self.path}:{line}: {dotted}", expected=expected, seen=seen, hint=hint)

    def only(self, *known: str) -> None:
        """Raise for the first key that is not in `known`, with the nearest known one as hint."""
        for name, (key, _) in self._items.items():
            if name not in known:
                near = difflib.get_close_matches(name, known, n=1)
                hint = f"did you mean {near[0]!r}?" if near else ""
                raise self.error(name, at=key, expected=f"one of {', '.join(known)}", seen="an unknown key", hint=hint)

    def has(self, key: str) -> bool:
        """Whether the key is given."""
        return key in self._items

    def is_empty(self, key: str) -> bool:
        """Whether the key is given as an empty list."""
        node = self._items[key][1]
        return isinstance(node, yaml.SequenceNode) and not node.value

    def is_text(self, key: str) -> bool:
        """Whether the key is given as a single word."""
        return key in self._items and isinstance(self._items[key][1], yaml.ScalarNode)

    def names(self) -> tuple[str, ...]:
        """The keys, in the file's order."""
        return tuple(self._items)

    def off(self, key: str) -> bool:
        """Whether the key is given as `false`."""
        node = self._items[key][1] if key in self._items else None
        if not isinstance(node, yaml.ScalarNode) or node.tag != "tag:yaml.org,2002:bool":
            return False
        return str(node.value).lower() in ("false", "no", "off")

    def _value(self, key: str, kind: type[yaml.Node], expected: str) -> Any:
        if key not in self._items:
            raise self.error(key, expected=expected, seen="nothing (the key is missing)")
        value = self._items[key][1]
        if not isinstance(value, kind):
            raise self.error(key, expected=expected, seen=_kind(value))
        return value

    def text(self, key: str) -> str:
        """A non-empty string."""
        value = self._value(key, yaml.ScalarNode, "a string")
        if value.tag != "tag:yaml.org,2002:str" or not value.value:
            raise self.error(key, expected="a non-empty string", seen=_kind(value))
        return str(value.value)

    def word(self, key: str) -> str | None:
        """A string where one is given, None for anything else."""
        value = self._items[key][1] if key in self._items else None
        return str(value.value) if isinstance(value, yaml.ScalarNode) else None

    def number(self, key: str, default: float) -> float:
        """A number that is not negative; `default` where the key is missing."""
        if key not in self._items:
            return default
        value = self._value(key, yaml.ScalarNode, "a number")
        try:
            found = float(value.value)
        except ValueError:
            found = -1.0
        if not 0 <= found < float("inf"):
            raise self.error(key, expected="a number, 0 or more", seen=_kind(value))
        return found

    def whole(self, key: str, least: int, most: int) -> int:
        """A whole number between `least` and `most`."""
        value = self._value(key, yaml.ScalarNode, "a number")
        text = str(value.value)
        if value.tag != "tag:yaml.org,2002:int" or not text.isdecimal() or not least <= int(text) <= most:
            raise self.error(key, expected=f"a whole number from {least} to {most}", seen=_kind(value))
        return int(text)

    def words(self, key: str) -> tuple[str, ...]:
        """A non-empty list of strings, each once."""
        sequence = self._value(key, yaml.SequenceNode, "a list of words")
        items = [item for item in sequence.value if isinstance(item, yaml.ScalarNode)]
        words = tuple(str(item.value) for item in items if item.tag == "tag:yaml.org,2002:str")
        if not words or len(words) != len(sequence.value) or len(set(words)) != len(words):
            raise self.error(key, expected="a list of words, each once", seen=", ".join(words) or "an empty list")
        return words

    def items(self, key: str) -> tuple[tuple[str, yaml.Node], ...]:
        """The words of a list, each with its place in the file."""
        sequence = self._value(key, yaml.SequenceNode, "a list of words")
        for item in sequence.value:
            if not isinstance(item, yaml.ScalarNode) or item.tag != "tag:yaml.org,2002:str":
                raise self.error(key, at=item, expected="a list of words", seen=_kind(item))
        return tuple((str(item.value), item) for item in sequence.value)

    def choice(self, key: str, known: tuple[str, ...], default: str | None = None) -> str:
        """One of `known`."""
        if default is not None and key not in self._items:
            return default
        expected = f"one of {', '.join(known)}"
        value = self._value(key, yaml.ScalarNode, expected)
        return self._known(key, value, known)

    def choices(self, key: str, known: tuple[str, ...], default: tuple[str, ...]) -> tuple[str, ...]:
        """A non-empty list of `known` words, each once."""
        if key not in self._items:
            return default
        sequence = self._value(key, yaml.SequenceNode, f"a list of {', '.join(known)}")
        words = tuple(self._known(key, item, known) for item in sequence.value)
        if not words or len(set(words)) != len(words):
            raise self.error(key, expected="at least one entry, each once", seen=", ".join(words) or "an empty list")
        return words

    def _known(self, key: str, node: yaml.Node, known: tuple[str, ...]) -> str:
        if not isinstance(node, yaml.ScalarNode) or node.value not in known:
            seen = repr(node.value) if isinstance(node, yaml.ScalarNode) else _kind(node)
            near = difflib.get_close_matches(str(node.value), known, n=1) if isinstance(node, yaml.ScalarNode) else []
            hint = f"did you mean {near[0]!r}?" if near else ""
            raise self.error(key, at=node, expected=f"one of {', '.join(known)}", seen=seen, hint=hint)
        return str(node.value)

    def values(self, key: str) -> dict[str, Any]:
        """A mapping of plain data; empty where the key is missing."""
        if key not in self._items:
            return {}
        node = self._value(key, yaml.MappingNode, "a mapping")
        Reader(self.path, node, f"{self.where}.{key}")
        try:
            data = _plain(node)
        except yaml.YAMLError as problem:
            raise self.error(key, expected="plain YAML data", seen=str(problem)) from problem
        assert isinstance(data, dict)
        return data

    def mapping(self, key: str, expected: str = "a mapping") -> Reader:
        """A nested mapping."""
        return Reader(self.path, self._value(key, yaml.MappingNode, expected), self._dotted(key))

    def mappings(self, key: str, required: bool = True, expected: str = "a mapping") -> Iterator[tuple[str, Reader]]:
        """The entries of a mapping of mappings."""
        if not required and key not in self._items:
            return
        outer = self.mapping(key, expected)
        for name in outer._items:
            yield name, outer.mapping(name, expected)

    def _dotted(self, key: str) -> str:
        return f"{self.where}.{key}" if self.where else key

    def file(self, key: str, root: Path) -> Path:
        """An existing file or directory, relative to `root`."""
        return self._existing(key, self._value(key, yaml.ScalarNode, "a path relative to this file"), root)

    def files(self, key: str, root: Path) -> tuple[Path, ...]:
        """A list of existing files; empty where the key is missing."""
        if key not in self._items:
            return ()
        sequence = self._value(key, yaml.SequenceNode, "a list of paths relative to this file")
        return tuple(self._existing(key, item, root) for item in sequence.value)

    def _existing(self, key: str, node: yaml.Node, root: Path) -> Path:
        if not isinstance(node, yaml.ScalarNode) or node.tag != "tag:yaml.org,2002:str" or not node.value:
            raise self.error(key, at=node, expected="a path relative to this file", seen=_kind(node))
        path: Path = (root / str(node.value)).resolve()
        if not path.exists():
            raise self.error(
                key, at=node, expected=f"an existing file {node.value}", seen="no such file", hint=str(path)
            )
        return path


def read_mapping(
    path: Path,
    expected: str = "a mapping with subject and scenarios",
    hint: str = "name the subject file with --subject FILE",
) -> Reader:
    """Parse a YAML file whose top is a mapping: `expected` says what of, `hint` how another file is named."""
    try:
        text = path.read_text(encoding="utf-8")
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except (OSError, UnicodeDecodeError) as problem:
        raise SubjectFileError(
            f"{path}: cannot be read", expected="a YAML file", seen=str(problem), hint=hint
        ) from problem
    except yaml.YAMLError as problem:
        mark = getattr(problem, "problem_mark", None)
        line = f":{mark.line + 1}" if mark else ""
        seen = str(getattr(problem, "problem", None) or problem)
        brackets = "quote a word with [brackets] inside of {braces}" if "but got '['" in seen else ""
        raise SubjectFileError(f"{path}{line}: not YAML", expected="valid YAML", seen=seen, hint=brackets) from problem
    if not isinstance(node, yaml.MappingNode):
        seen = "an empty file" if node is None else _kind(node)
        raise SubjectFileError(f"{path}:1: top level", expected=expected, seen=seen, hint=hint)
    return Reader(path, node, "")


def _kind(node: yaml.Node) -> str:
    if isinstance(node, yaml.ScalarNode):
        word = node.tag.rsplit(":", 1)[-1]
        return f"{node.value!r} ({word})" if node.value else "nothing (an empty value)"
    return "a mapping" if isinstance(node, yaml.MappingNode) else "a list"


def _plain(node: yaml.Node) -> Any:
    loader = yaml.SafeLoader("")
    try:
        return loader.construct_document(node)
    finally:
        loader.dispose()
