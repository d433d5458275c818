"""The subject's contribution: what the configuration has that the same machine without the subject does not.

Checks judge the subject and not NixOS, so nearly all of them look at this and not at the whole configuration.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from rknn_validation.facts.model import Facts, derived
from rknn_validation.facts.nix.configuration import Configuration, Mount, Package, RulesFile, Unit
from rknn_validation.facts.recipes.udevpackages import rules_of_package
from rknn_validation.npu.about import about_npu

T = TypeVar("T")
EXTRA_RULES_FILE = "99-local.rules"
"""Where NixOS puts services.udev.extraRules."""

OPTION_OF: Mapping[str, str] = {
    "udev_rules": "services.udev (rules files)",
    "udev_extra_rules": "services.udev.extraRules",
    "udev_packages": "services.udev.packages",
    "variables": "environment.variables",
    "session_variables": "environment.sessionVariables",
    "global_environment": "systemd.globalEnvironment",
    "shell_init": "shell start-up",
    "etc": "environment.etc",
    "system_packages": "environment.systemPackages",
    "paths_to_link": "environment.pathsToLink",
    "graphics_packages": "hardware.graphics.extraPackages",
    "graphics_enabled": "hardware.graphics.enable",
    "units": "systemd units",
    "tmpfiles": "systemd.tmpfiles.rules",
    "activation_scripts": "system.activationScripts",
    "post_boot_commands": "boot.postBootCommands",
    "mounts": "fileSystems and systemd.mounts",
    "kernel": "boot",
    "device_tree": "hardware.deviceTree",
    "firmware": "hardware.firmware",
    "users": "users.users",
    "groups": "users.groups",
    "ld_so_conf": "ld.so.conf",
    "nix_ld_libraries": "programs.nix-ld.libraries",
}
"""How evidence calls the fields of a Configuration."""


@dataclass(frozen=True)
class Change:
    """One thing that is different with the subject: `field` of Configuration, `name` for people, the values."""

    field: str
    name: str
    before: str
    after: str

    def __str__(self) -> str:
        if not self.before:
            return f"{self.name}: {self.after}"
        return f"{self.name}: {self.after or 'gone'} (without the subject: {self.before})"


def changes(after: Configuration, before: Configuration) -> tuple[Change, ...]:
    """Everything that differs between two machines.

    What no machine notices is left out: options, rules and overlays of nixpkgs, warnings, assertions that hold.
    """
    found: list[Change] = []
    for field, option in OPTION_OF.items():
        found += _compare(field, option, getattr(before, field), getattr(after, field))
    broken = [one.message for one in after.assertions if not one.holds]
    known = {one.message for one in before.assertions if not one.holds}
    found += [Change("assertions", "assertions", "", message) for message in broken if message not in known]
    return tuple(found)


def _compare(field: str, name: str, before: Any, after: Any) -> Iterator[Change]:
    if before == after:
        return
    if isinstance(after, Mapping):
        for key in sorted({*before, *after}):
            inner = f"{name}.{key}" if name else key
            if before.get(key) != after.get(key):
                yield Change(field, inner, shown(before.get(key)), shown(after.get(key)))
    elif isinstance(after, tuple):
        had, has = _keys(before), _keys(after)
        for value in after:
            if had[_key(value)] < has[_key(value)]:
                yield Change(field, name, "", shown(value))
                had[_key(value)] += 1
        for value in before:
            if has[_key(value)] < _keys(before)[_key(value)]:
                yield Change(field, name, shown(value), "")
    elif dataclasses.is_dataclass(after) and not isinstance(after, Package) and type(before) is type(after):
        for part in dataclasses.fields(after):
            inner = f"{name}.{part.name}"
            yield from _compare(field, inner, getattr(before, part.name), getattr(after, part.name))
    else:
        yield Change(field, name, shown(before), shown(after))


def _keys(values: Iterable[Any]) -> Counter[str]:
    return Counter(_key(value) for value in values)


def _key(value: Any) -> str:
    return value.out_path if isinstance(value, Package) else repr(value)


def shown(value: Any) -> str:
    """A value in one line for evidence."""
    if value is None or value == "":
        return ""
    if isinstance(value, Package):
        return value.name
    if isinstance(value, Unit):
        sections = "; ".join(
            f"{key}={' '.join(values)}" for section in value.sections.values() for key, values in section.items()
        )
        return shorten(sections or value.script or "(unit)")
    if isinstance(value, RulesFile):
        return f"{value.name}: {shorten(value.text or '(made by a build)')}"
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return shorten(str(dataclasses.asdict(value)))
    return shorten(str(value))


def shorten(text: str, width: int = 300) -> str:
    """The text in one line of at most `width` characters."""
    flat = " ".join(text.split())
    return flat if len(flat) <= width else flat[: width - 3] + "..."


@dataclass(frozen=True)
class Contribution:
    """The subject's part of a configuration, by topic; new things and changed ones."""

    rules: tuple[RulesFile, ...]
    units: Mapping[str, Unit]
    variables: Mapping[str, str]
    session_variables: Mapping[str, str]
    global_environment: Mapping[str, str]
    shell_init: Mapping[str, str]
    tmpfiles: tuple[str, ...]
    root_scripts: Mapping[str, str]
    mounts: tuple[Mount, ...]
    packages: tuple[Package, ...]
    udev_packages: tuple[Package, ...]


@derived
def contribution(facts: Facts) -> Contribution:
    """What the scenario's own configuration has that the machine without the subject does not have."""
    new, old = facts.configuration, facts.without
    return Contribution(
        rules=tuple(_with_texts(_rules(new, old), new.udev_packages, facts.subject.root)),
        units=_new(new.units, old.units),
        variables=_new(new.variables, old.variables),
        session_variables=_new(new.session_variables, old.session_variables),
        global_environment=_new(new.global_environment, old.global_environment),
        shell_init=_new(new.shell_init, old.shell_init),
        tmpfiles=tuple(line for line in new.tmpfiles if line not in old.tmpfiles),
        root_scripts=_new(new.root_scripts, old.root_scripts),
        mounts=tuple(one for one in new.mounts if one not in old.mounts),
        packages=_new_packages(new.packages(), old.packages()),
        udev_packages=_new_packages(new.udev_packages, old.udev_packages),
    )


@derived
def is_npu_module(facts: Facts) -> bool:
    """Whether the subject is a module for the NPU, by its option or its file: all it contributes is for the NPU."""
    module = facts.subject.module
    if module is None:
        return False
    # Not by its folder: that may be a machine's name.
    name = module.stem if isinstance(module, Path) else module.path[-1]
    return about_npu(".".join(facts.subject.option)) or about_npu(name)


def _new(after: Mapping[str, T], before: Mapping[str, T]) -> dict[str, T]:
    return {key: value for key, value in after.items() if before.get(key) != value}


def _new_packages(after: Iterable[Package], before: Iterable[Package]) -> tuple[Package, ...]:
    known = {package.out_path for package in before}
    return tuple(package for package in after if package.out_path not in known)


def _rules(after: Configuration, before: Configuration) -> tuple[RulesFile, ...]:
    known = {(one.name, one.text) for one in before.udev_rules}
    new = [one for one in after.udev_rules if (one.name, one.text) not in known and one.name != EXTRA_RULES_FILE]
    extra = after.udev_extra_rules
    for line in before.udev_extra_rules.splitlines():
        extra = extra.replace(line, "", 1) if line.strip() else extra
    if extra.strip():
        new.append(RulesFile(EXTRA_RULES_FILE, extra, "services.udev.extraRules"))
    return tuple(new)


def _with_texts(rules: Iterable[RulesFile], packages: Iterable[Package], root: Path) -> Iterator[RulesFile]:
    """The rules, those that a package copies from the subject's own files with their text."""
    makers = {inner.pname or inner.name: inner for package in packages for inner in package.walk()}
    for one in rules:
        maker = makers.get(one.name) if one.text is None else None
        yield from (rules_of_package(maker, root) if maker else ()) or (one,)
