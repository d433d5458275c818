"""What of the subject's contribution concerns the NPU.

A host contributes a whole machine, a module perhaps a whole board: web servers, users and disks are not judged.
"""

from __future__ import annotations

import re

from rknn_validation.facts.contribution import contribution, is_npu_module
from rknn_validation.facts.devnodes import devnodes, devnodes_named, subject_rules
from rknn_validation.facts.model import Facts, derived
from rknn_validation.facts.nix.configuration import EtcFile, Package, Unit
from rknn_validation.facts.recipes.recipes import recipes
from rknn_validation.facts.recipes.udevpackages import UdevPackage, udev_package
from rknn_validation.facts.text import shell, tmpfiles
from rknn_validation.facts.text.udevrules import Complaint, Rule
from rknn_validation.facts.text.udevrun import Match, matches
from rknn_validation.facts.text.units import text_with_inputs, unit_text, words
from rknn_validation.npu.about import about_npu
from rknn_validation.npu.stacks import LD_LIBRARY_PATH

_STORE = re.compile(r"/nix/store/(?:[0-9a-z]{32}-)?([^/\s:\"']+)")
_ELSEWHERE = re.compile(r"\w+://\S+|/(?:sys|proc)/\S+")
_GROUPS = ("SupplementaryGroups", "Group")
_BOUND = ("Requires", "BindsTo", "Requisite", "PartOf", "Upholds")


@derived
def npu_packages(facts: Facts) -> frozenset[str]:
    """Names, with and without versions, of the packages that are about the NPU or made of such."""
    about = {name for package in facts.configuration.packages() if _is_about(package) for name in _names(package)}
    for recipe in recipes(facts):
        if recipe.name and recipe.tree.mentions_npu and sum(one.tree is recipe.tree for one in recipes(facts)) == 1:
            version = recipe.text("version")
            about |= {recipe.name, f"{recipe.name}-{version}"}
    return frozenset(about)


def _is_about(package: Package) -> bool:
    texts = (package.name, package.pname or "", *package.files.values(), *package.phases.values())
    inputs = (name for names in package.inputs.values() for name in names)
    return any(about_npu(text) for text in (*texts, *inputs)) or any(map(_is_about, package.members))


def _names(package: Package) -> tuple[str, ...]:
    return (package.name, package.pname or package.name)


@derived
def npu_units(facts: Facts) -> dict[str, Unit]:
    """The subject's units, new and changed, that have to do with the NPU."""
    ours = contribution(facts).units
    if is_npu_module(facts):
        return dict(ours)
    found = {
        name: unit for name, unit in ours.items() if name in services_in_settings(facts) or _is_about_unit(facts, unit)
    }
    while bound := {name: unit for name, unit in ours.items() if name not in found and _leads_to(unit, found)}:
        found |= bound
    return found


def _is_about_unit(facts: Facts, unit: Unit) -> bool:
    return about_npu(unit_text(unit)) or _has_its_groups(facts, unit) or _runs_its_packages(facts, unit)


def uses_npu(facts: Facts, unit: Unit) -> bool:
    """Whether a unit opens the NPU itself, as far as what it runs and is given tells.

    Who only reads the driver's status below /sys, asks a server by its address, or waits for another unit, does not.
    """
    text = _ELSEWHERE.sub("", text_with_inputs(unit))
    if is_npu_module(facts):
        return about_npu(text) or not about_npu(text_with_inputs(unit))
    return about_npu(text) or _has_its_groups(facts, unit) or _runs_its_packages(facts, unit)


def _has_its_groups(facts: Facts, unit: Unit) -> bool:
    groups = {one.group for one in devnodes(facts)} - {"root", "video", "render"}
    return not groups.isdisjoint(word for key in _GROUPS for word in words(unit, key))


def _runs_its_packages(facts: Facts, unit: Unit) -> bool:
    return any(name in npu_packages(facts) for name in _STORE.findall(text_with_inputs(unit)))


def _leads_to(unit: Unit, found: dict[str, Unit]) -> bool:
    """Whether a unit cannot be without one of those found, or is there to start it."""
    needed = {word for key in _BOUND for word in words(unit, key, "Unit")}
    started = {*words(unit, "Unit", "Timer"), *words(unit, "Unit", "Path"), *words(unit, "Service", "Socket")}
    stem, _, kind = unit.name.rpartition(".")
    kin = kind in {"timer", "socket", "path"} and f"{stem}.service" in found
    return kin or not found.keys().isdisjoint(needed | started)


@derived
def npu_rules(facts: Facts) -> tuple[Rule, ...]:
    """The subject's rules that have to do with the NPU, in udevd's order: they name it, or apply to its devnodes."""
    rules = subject_rules(facts).rules
    if is_npu_module(facts):
        return rules
    devices = [one.device for one in devnodes(facts)]
    return tuple(
        rule for rule in rules if about_npu(rule.text) or any(matches(rule, device) is Match.YES for device in devices)
    )


@derived
def npu_rule_packages(facts: Facts) -> tuple[UdevPackage, ...]:
    """The packages of rules the subject adds for the NPU."""
    ours = contribution(facts).udev_packages
    return tuple(udev_package(one) for one in ours if is_npu_module(facts) or _is_about(one))


@derived
def npu_complaints(facts: Facts) -> tuple[Complaint, ...]:
    """What udevd cannot read of the rules that have to do with the NPU."""
    found = subject_rules(facts).complaints
    return found if is_npu_module(facts) else tuple(one for one in found if about_npu(one.text))


@derived
def services_in_settings(facts: Facts) -> frozenset[str]:
    """Services the scenario's settings name: the machine's own, which the subject is to serve."""

    def texts(value: object) -> list[str]:
        if isinstance(value, str):
            return [value.removesuffix(".service") + ".service"]
        inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
        return [text for one in inner for text in texts(one)]

    return frozenset(texts(dict(facts.scenario.settings)))


@derived
def npu_users(facts: Facts) -> frozenset[str]:
    """The accounts that have to do with the NPU: its services run as them, or their names speak of it."""
    ran = {word for unit in npu_units(facts).values() for word in words(unit, "User")}
    return frozenset(ran | {name for name in facts.configuration.users if about_npu(name)})


@derived
def npu_tmpfiles(facts: Facts) -> tuple[tmpfiles.Line | tmpfiles.Unreadable, ...]:
    """The tmpfiles lines the subject adds for the NPU: they name it, its library or a devnode of it."""
    lines = [line for line in contribution(facts).tmpfiles if line.strip() and not line.lstrip().startswith("#")]
    return tuple(
        tmpfiles.parse(line)
        for line in lines
        if is_npu_module(facts) or about_npu(line) or any(devnodes_named(facts, word) for word in line.split())
    )


@derived
def npu_etc(facts: Facts) -> tuple[EtcFile, ...]:
    """The files below /etc that the subject adds for the NPU."""
    before = facts.without.etc
    ours = [file for path, file in facts.configuration.etc.items() if path not in before]
    return tuple(one for one in ours if is_npu_module(facts) or about_npu(f"{one.path}\n{one.text or ''}"))


@derived
def npu_variables(facts: Facts) -> dict[str, str]:
    """Variables the subject sets for shells, logins and units of the NPU: name to the option or unit that does."""
    ours = contribution(facts)
    set_by = {f"environment.variables.{name}": (name, value) for name, value in ours.session_variables.items()}
    set_by |= {f"environment.variables.{name}": (name, value) for name, value in ours.variables.items()}
    set_by |= {f"systemd.globalEnvironment.{name}": (name, value) for name, value in ours.global_environment.items()}
    for where, text in ours.shell_init.items():
        for command in shell.assignments(text):
            set_by |= {f"{where} {name}": (name, value) for name, value in command}
    found = {name: f"{unit} environment" for unit, one in npu_units(facts).items() for name in one.environment}
    for where, (name, value) in set_by.items():
        if is_npu_module(facts) or about_npu(f"{name} {value}") or name == LD_LIBRARY_PATH:
            found[name] = where.split(" ")[0]
    return found
