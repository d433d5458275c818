"""Containers that units run with podman or docker, and the specifications of devices they may ask for (CDI)."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from rknn_validation.facts.difference import part
from rknn_validation.facts.model import Facts, derived
from rknn_validation.facts.recipes.nixtrees import trees_of, written
from rknn_validation.facts.text import shell
from rknn_validation.facts.text.unitfile import commands

_FLAGS = frozenset(
    [
        "--rm",
        "--detach",
        "--tty",
        "--interactive",
        "--privileged",
        "--init",
        "--read-only",
        "--replace",
        "--publish-all",
        "--no-healthcheck",
        "--oom-kill-disable",
        "--sig-proxy",
        "--rmi",
        "--no-hosts",
        "--quiet",
        "--disable-content-trust",
        "--env-host",
        "--tls-verify",
        "-P",
    ]
)
_SHORT_FLAGS = frozenset("ditqP")


@dataclass(frozen=True)
class Container:
    """One `podman run` or `docker run`: `options` as (name, value), `text` the whole command."""

    unit: str
    image: str
    options: tuple[tuple[str, str], ...]
    text: str

    def values(self, *names: str) -> tuple[str, ...]:
        """The values given to an option, by any of its names."""
        return tuple(value for name, value in self.options if name in names)

    def has(self, name: str) -> bool:
        """Whether a flag is set."""
        return any(one == name and value != "false" for one, value in self.options)


@derived
def containers(facts: Facts) -> tuple[Container, ...]:
    """The containers the subject's services run."""
    found = []
    for name, unit in part(facts).units.items():
        if unit.enabled and name.endswith(".service"):
            for script in (unit.script, *unit.scripts.values(), *(line for _, line in commands(unit))):
                found += [one for command in shell.plain(script) if (one := _container(name, command))]
    return tuple(dict.fromkeys(found))


def _container(unit: str, command: shell.Command) -> Container | None:
    words = list(command.effective)
    if command.program not in {"podman", "docker"} or "run" not in words:
        return None
    words = words[words.index("run") + 1 :]
    options = []
    while words and words[0].startswith("-"):
        name, equals, value = words.pop(0).partition("=")
        flag = name in _FLAGS or (not name.startswith("--") and set(name[1:]) <= _SHORT_FLAGS)
        if not equals and not name.startswith("--") and not flag and len(name) > 2:
            name, value = name[:2], name[2:]
        elif not equals and not flag and words:
            value = words.pop(0)
        options.append((name, value))
    return Container(unit, words[0], tuple(options), command.text) if words else None


@dataclass(frozen=True)
class Specification:
    """A CDI specification below /etc, `path` relative to it. `named`: the machine's settings name its folder."""

    path: str
    given: Mapping[str, Any]
    named: bool

    @property
    def devices(self) -> list[Any]:
        """What `devices` lists; empty where that is no list."""
        found = self.given.get("devices")
        return found if isinstance(found, list) else []

    def entries(self, key: str) -> Iterator[Mapping[str, Any]]:
        """The entries of `deviceNodes` or `mounts`, of the whole and of each device."""
        edits = [self.given, *(one for one in self.devices if isinstance(one, dict))]
        for one in (edit.get("containerEdits") for edit in edits):
            inner = one.get(key) if isinstance(one, dict) else None
            yield from (entry for entry in (inner if isinstance(inner, list) else ()) if isinstance(entry, dict))


@derived
def specifications(facts: Facts) -> tuple[Specification, ...]:
    """The CDI specifications the subject writes below /etc, as far as their text is known before a build."""
    return tuple(_specifications(facts))


def _specifications(facts: Facts) -> Iterator[Specification]:
    before = facts.without.etc
    for path, file in facts.configuration.etc.items():
        if path in before or not file.text or "cdiVersion" not in file.text:
            continue
        try:
            given = yaml.safe_load(file.text)
        except yaml.YAMLError:
            continue
        if isinstance(given, dict) and "cdiVersion" in given:
            yield Specification(path, given, _is_named(facts, f"/etc/{posixpath.dirname(path)}"))


def _is_named(facts: Facts, folder: str) -> bool:
    """Whether the machine's own settings name the folder, as cdi_spec_dirs of a runtime does."""
    configuration = facts.configuration
    texts = [file.text or "" for file in configuration.etc.values()]
    texts += [f"{unit.script}\n{unit.sections}" for unit in configuration.units.values()]
    texts += [text for tree in trees_of(facts) for text in written(tree)]
    return any(re.search(rf"{re.escape(folder)}(?![\w./-])", text) for text in texts)
