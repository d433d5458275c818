"""Turns JSON into the frozen dataclasses of this room, guided by their annotations."""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Callable, Hashable, Mapping
from functools import cache
from typing import Any, TypeVar

from rknn_validation.common.errors import HarnessError
from rknn_validation.facts.nix.configuration import Package

Decoded = TypeVar("Decoded")
Reader = Callable[[Any, "Packages"], Any]


class Packages:
    """What the configurations of a batch name packages by; each is decoded once."""

    def __init__(self, described: Mapping[str, Any]) -> None:
        self._described = described
        self._decoded: dict[str, Package] = {}

    def __getitem__(self, key: str) -> Package:
        if key not in self._decoded:
            self._decoded[key] = _dataclass(Package)(self._described[key], self)
        return self._decoded[key]


def decode(kind: type[Decoded], data: Any, packages: Packages | None = None) -> Decoded:
    """Build `kind` (a dataclass) from a JSON mapping. Raises HarnessError where the two do not fit."""
    reader: Reader = _reader(typing.cast(Hashable, kind))
    result: Decoded = reader(data, packages or Packages({}))
    return result


@cache
def _reader(kind: Any) -> Reader:
    """The function that reads values of a type; made once per type."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if kind is Any:
        return lambda data, _: data
    if kind is Package:
        return _package
    if origin in (types.UnionType, typing.Union):
        (inner,) = (_reader(one) for one in arguments if one is not types.NoneType)
        return lambda data, packages: None if data is None else inner(data, packages)
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        return _dataclass(kind)
    if origin is tuple:
        return _strings if arguments[0] is str else _sequence(_reader(arguments[0]))
    if origin is not None and issubclass(origin, Mapping):
        return _mapping(_reader(arguments[1]))
    return _scalar(kind)


def _package(data: Any, packages: Packages) -> Package:
    if not isinstance(data, str):
        raise _unfit("the key of a package", data)
    return packages[data]


@cache
def _dataclass(kind: Any) -> Reader:
    hints = typing.get_type_hints(kind)
    fields = dataclasses.fields(kind)
    required = {one.name for one in fields if one.default is one.default_factory}
    scalars = {name: hint for name, hint in hints.items() if hint in (str, bool, int)}
    readers: dict[str, Reader] = {}

    def read(data: Any, packages: Packages) -> Any:
        if not readers:  # types refer to themselves: their readers exist only once they are asked for
            readers.update({name: _reader(hint) for name, hint in hints.items()})
        if not (isinstance(data, dict) and required <= data.keys() <= readers.keys()):
            raise _unfit(f"the fields of {kind.__name__}: {', '.join(readers)}", data)
        values = {}
        for name, value in data.items():
            scalar = scalars.get(name)
            if scalar is None:
                values[name] = readers[name](value, packages)
            elif type(value) is scalar:
                values[name] = value
            else:
                raise _unfit(scalar.__name__, value)
        return kind(**values)

    return read


def _strings(data: Any, _: Packages) -> tuple[str, ...]:
    if not (isinstance(data, list) and all(type(one) is str for one in data)):
        raise _unfit("a list of strings", data)
    return tuple(data)


def _sequence(inner: Reader) -> Reader:
    def read(data: Any, packages: Packages) -> Any:
        if not isinstance(data, list):
            raise _unfit("a list", data)
        return tuple([inner(one, packages) for one in data])

    return read


def _mapping(inner: Reader) -> Reader:
    def read(data: Any, packages: Packages) -> Any:
        if not isinstance(data, dict):
            raise _unfit("a mapping", data)
        return {name: inner(one, packages) for name, one in data.items()}

    return read


def _scalar(kind: Any) -> Reader:
    def read(data: Any, _: Packages) -> Any:
        if not isinstance(data, kind):
            raise _unfit(kind.__name__, data)
        return data

    return read


def _unfit(expected: str, data: Any) -> HarnessError:
    return HarnessError("the evaluation returned data of an unexpected shape", expected=expected, seen=repr(data)[:300])
