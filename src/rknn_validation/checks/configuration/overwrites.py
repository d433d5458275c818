"""Does the subject add to what the machine has, or replace it?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rknn_validation.checks.configuration.registry import check
from rknn_validation.checks.findings import Finding, Fine, Problem
from rknn_validation.facts.difference import baseline, shorten
from rknn_validation.facts.model import Facts
from rknn_validation.facts.nix.configuration import Configuration
from rknn_validation.facts.nix.syntax import Apply, Attributes, Binding, Items, Node, function_name
from rknn_validation.facts.recipes.nixtrees import trees_of
from rknn_validation.npu import kernels
from rknn_validation.npu.stacks import LD_LIBRARY_PATH


@check(
    "evaluation.adds-and-does-not-replace",
    stage="evaluation",
    title="what the machine has besides the NPU stays",
    remedy="Leave lib.mkForce out of lists that others add to: definitions of boot.kernelModules, "
    "services.udev.extraRules, hardware.deviceTree.overlays and LD_LIBRARY_PATH are joined.",
    good="what the machine had is still there",
    boards=("rk3588", "other"),
)
def adds_only(facts: Facts) -> Iterator[Finding]:
    """mkForce on a list drops every other module's entries: the host's own devices and paths stop working."""
    gone = "something of the machine that has nothing to do with the NPU is gone"
    for option, what in _lost(facts.configuration, baseline(facts)):
        yield Problem(option, gone, what)
    for where, option in _forced(facts):
        yield Problem(where, gone, f"mkForce on {option} drops what other modules add to it")
    yield Fine("the machine without the subject")


_JOINED = ("udev.extraRules", "boot.extraModulePackages", "boot.kernelModules", "environment.systemPackages")
"""Options that every module of a machine adds to."""


def _forced(facts: Facts) -> Iterator[tuple[str, str]]:
    """(where, option) of every list or text that others add to and the subject forces."""
    for tree in trees_of(facts) if facts.scenario.stack != "none" else ():
        for node in tree.tree.walk() if tree.mentions_npu else ():
            if isinstance(node, Binding):
                for path, value in _settings(node):
                    option = next((one for one in _JOINED if f".{path}".endswith(f".{one}")), None)
                    empty = isinstance(value, Apply) and isinstance(value.argument, Items) and not value.argument.items
                    if option and isinstance(value, Apply) and function_name(value) == "mkForce" and not empty:
                        yield tree.at(value), path


def _settings(binding: Binding) -> Iterator[tuple[str, Node]]:
    """(dotted path, value) of a binding, and of those in the set it is bound to."""
    start = ".".join(part if isinstance(part, str) else "*" for part in binding.path)
    yield start, binding.value
    if isinstance(binding.value, Attributes):
        for inner in binding.value.bindings():
            yield from ((f"{start}.{rest}", value) for rest, value in _settings(inner))


def _lost(after: Configuration, before: Configuration) -> Iterator[tuple[str, str]]:
    gone = [
        name
        for name in _missing(before.kernel.modules, after.kernel.modules)
        if not kernels.names_an_npu_module(name) and name not in after.kernel.blacklisted
    ]
    yield from _told("boot.kernelModules", gone)
    rules = _missing(_lines(before.udev_extra_rules), _lines(after.udev_extra_rules))
    yield from _told("services.udev.extraRules", (one for one in rules if not _about_npu(one)))
    overlays = _missing(
        (one.name for one in before.device_tree.overlays), [one.name for one in after.device_tree.overlays]
    )
    yield from _told("hardware.deviceTree.overlays", (one for one in overlays if not _about_npu(one)))
    paths = (_path(configuration) for configuration in (before, after))
    yield from _told(LD_LIBRARY_PATH, _missing(next(paths), next(paths)))


def _missing(before: Iterable[str], after: Iterable[str]) -> list[str]:
    there = set(after)
    return [one for one in before if one not in there]


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip() and not line.strip().startswith("#")]


def _path(configuration: Configuration) -> list[str]:
    value = configuration.session_variables.get(LD_LIBRARY_PATH) or configuration.variables.get(LD_LIBRARY_PATH) or ""
    return [one for one in value.split(":") if one and "$" not in one]


def _about_npu(text: str) -> bool:
    return kernels.names_an_npu_module(text) or "npu" in text.lower() or "accel" in text


def _told(option: str, gone: Iterable[str]) -> Iterator[tuple[str, str]]:
    names = list(gone)
    if names:
        yield option, f"gone: {shorten('; '.join(names))}"
