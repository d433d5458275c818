"""Who has the vendor's Python API on a node: everybody, some people, a service; and how to start their Python."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass

from rknn_validation.facts.nix.configuration import Configuration, Unit
from rknn_validation.machine.activation.python import is_toolkit
from rknn_validation.subject.expects import services
from rknn_validation.subject.validation import Scenario

_INTERPRETER = re.compile(r"/nix/store/[^\s/]+/bin/python[\d.]*(?=\s|$)")
_KEPT = (
    "EnvironmentFile",
    "User",
    "Group",
    "DynamicUser",
    "SupplementaryGroups",
    "RootDirectory",
    "BindPaths",
    "BindReadOnlyPaths",
    "TemporaryFileSystem",
    "InaccessiblePaths",
    "PrivateDevices",
    "PrivateUsers",
    "DevicePolicy",
    "DeviceAllow",
    "ProtectSystem",
    "ProtectHome",
)
"""Keys of a service that decide what its Python finds and may open."""


@dataclass(frozen=True)
class Client:
    """A Python to ask: `whom` for people, the `words` that start it; `known` where it certainly has the API."""

    whom: str
    words: tuple[str, ...]
    known: bool = True


def owners(configuration: Configuration) -> tuple[str, ...]:
    """The users who alone have the API, each in their own packages; none where everybody has it."""
    everybodys = any(is_toolkit(inner) for package in configuration.system_packages for inner in package.walk())
    if everybodys:
        return ()
    return tuple(
        name
        for name, user in sorted(configuration.users.items())
        if any(is_toolkit(inner) for package in user.packages for inner in package.walk())
    )


def _with_api(configuration: Configuration) -> frozenset[str]:
    """The store paths that hold the API."""
    every = configuration.packages()
    return frozenset(one.out_path for one in every if any(map(is_toolkit, one.walk())))


def of_owner(name: str) -> Client:
    """The python3 of a user's own login shell."""
    who = shlex.quote(name)
    shell = f"env -i HOME=/tmp USER={who} LOGNAME={who} $(command -v setpriv) --reuid={who} --regid=$(id -g {who})"
    return Client(name, (f"{shell} --init-groups $(command -v bash) -lc",))


def of_services(scenario: Scenario, configuration: Configuration) -> Iterator[tuple[Client, tuple[str, ...]]]:
    """(client, arguments) of expected services that start a Python by its path, each with its unit's own settings."""
    for name in services(scenario.expects):
        unit = configuration.units.get(f"{name}.service")
        found = _INTERPRETER.search(_started(unit)) if unit else None
        if unit is None or found is None:
            continue
        settings = [f"--setenv={key}={value}" for key, value in unit.environment.items()]
        for key in ("Environment", *_KEPT):
            settings += [f"--property={key}={value}" for value in unit.sections.get("Service", {}).get(key, ())]
        words = ("systemd-run --quiet --collect --wait --pipe", *("%s" for _ in settings), "%s -c")
        known = found[0].partition("/bin/")[0] in _with_api(configuration)
        yield Client(unit.name, words, known), (*settings, found[0])


def _started(unit: Unit) -> str:
    return "\n".join((*unit.sections.get("Service", {}).get("ExecStart", ()), unit.script))
