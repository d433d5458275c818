"""JSON -> the frozen dataclasses of this room, by their annotations."""

from __future__ import annotations

import dataclasses
import marshal
import types
import typing
from collections.abc import Mapping
from functools import cache
from typing import Any, TypeVar

from rknn_validation.errors import HarnessError

Decoded = TypeVar("Decoded")


def decode(kind: type[Decoded], data: Any, where: str = "") -> Decoded:
    """Build `kind` (a dataclass) from a JSON mapping. Raises HarnessError where the two do not fit."""
    result: Decoded = _value(kind, data, where or kind.__name__)
    return result


def _value(kind: Any, data: Any, where: str) -> Any:
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if kind is Any:
        return data
    if origin in (types.UnionType, typing.Union):
        return (
            None if data is None else _value(next(one for one in arguments if one is not types.NoneType), data, where)
        )
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        return _remembered(kind, data, where)
    if origin is tuple:
        _expect(isinstance(data, list), "a list", data, where)
        return tuple(_value(arguments[0], one, f"{where}[{index}]") for index, one in enumerate(data))
    if origin is not None and issubclass(origin, Mapping):
        _expect(isinstance(data, Mapping), "a mapping", data, where)
        return {name: _value(arguments[1], one, f"{where}.{name}") for name, one in data.items()}
    _expect(isinstance(data, kind), kind.__name__, data, where)
    return data


_SEEN: dict[tuple[type, bytes], Any] = {}
_MOST = 20_000
"""Values kept; enough for the packages and units many configurations have in common."""


def _remembered(kind: type, data: Any, where: str) -> Any:
    """Decode a dataclass once: the same package or unit comes with every configuration of a batch."""
    key = (kind, marshal.dumps(data, 2))
    if key not in _SEEN:
        if len(_SEEN) >= _MOST:
            _SEEN.clear()
        hints = _hints(kind)
        _expect(isinstance(data, Mapping) and set(data) <= set(hints), f"fields {sorted(hints)}", data, where)
        _SEEN[key] = kind(**{name: _value(hints[name], value, f"{where}.{name}") for name, value in data.items()})
    return _SEEN[key]


@cache
def _hints(kind: type) -> dict[str, Any]:
    return typing.get_type_hints(kind)


def _expect(fits: bool, expected: str, data: Any, where: str) -> None:
    if not fits:
        raise HarnessError(f"the evaluation gave {where} in another shape", expected=expected, seen=repr(data)[:300])
