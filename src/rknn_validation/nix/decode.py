"""JSON -> the frozen dataclasses of this room, by their annotations."""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Callable, Hashable, Mapping
from functools import cache
from typing import Any, TypeVar

from rknn_validation.errors import HarnessError
from rknn_validation.nix.configuration import Configuration, Kernel
from rknn_validation.nix.package import Package

Decoded = TypeVar("Decoded")
Reader = Callable[[Any, "Packages"], Any]


class Packages:
    """The packages of a batch by key: described once, however many configurations name them."""

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


def differing(other: Configuration, difference: Mapping[str, Any], packages: Packages) -> Configuration:
    """`other` with what `expression/change.nix` says a second one differs in."""
    new = {name: _field(Configuration, name)(data, packages) for name, data in difference["values"].items()}
    for name, data in difference["fronts"].items():
        new[name] = _field(Configuration, name)(data, packages) + getattr(other, name)
    for name, data in difference["maps"].items():
        kept = {key: one for key, one in getattr(other, name).items() if key not in data["drop"]}
        merged = kept | _field(Configuration, name)(data["set"], packages)
        new[name] = {key: merged[key] for key in sorted(merged)}
    if difference["kernel"]:
        fields = {name: _field(Kernel, name)(data, packages) for name, data in difference["kernel"].items()}
        new["kernel"] = dataclasses.replace(other.kernel, **fields)
    return dataclasses.replace(other, **new)


@cache
def _field(kind: Hashable, name: str) -> Reader:
    """The reader of one field of a dataclass."""
    reader: Reader = _reader(typing.get_type_hints(kind)[name])
    return reader


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
        return _sequence(_reader(arguments[0]))
    if origin is not None and issubclass(origin, Mapping):
        return _mapping(_reader(arguments[1]))
    return _scalar(kind)


def _package(data: Any, packages: Packages) -> Package:
    _expect(isinstance(data, str), "the key of a package", data)
    return packages[data]


@cache
def _dataclass(kind: Any) -> Reader:
    hints = typing.get_type_hints(kind)
    required = {one.name for one in dataclasses.fields(kind) if one.default is one.default_factory}
    readers: dict[str, Reader] = {}

    def read(data: Any, packages: Packages) -> Any:
        if not readers:  # types refer to themselves: their readers exist only once they are asked for
            readers.update({name: _reader(hint) for name, hint in hints.items()})
        fits = isinstance(data, dict) and required <= data.keys() <= readers.keys()
        _expect(fits, f"the fields of {kind.__name__}: {', '.join(readers)}", data)
        return kind(**{name: readers[name](value, packages) for name, value in data.items()})

    return read


def _sequence(inner: Reader) -> Reader:
    def read(data: Any, packages: Packages) -> Any:
        _expect(isinstance(data, list), "a list", data)
        return tuple([inner(one, packages) for one in data])

    return read


def _mapping(inner: Reader) -> Reader:
    def read(data: Any, packages: Packages) -> Any:
        _expect(isinstance(data, dict), "a mapping", data)
        return {name: inner(one, packages) for name, one in data.items()}

    return read


def _scalar(kind: Any) -> Reader:
    def read(data: Any, _: Packages) -> Any:
        _expect(isinstance(data, kind), kind.__name__, data)
        return data

    return read


def _expect(fits: bool, expected: str, data: Any) -> None:
    if not fits:
        raise HarnessError("the evaluation gave data in another shape", expected=expected, seen=repr(data)[:300])
