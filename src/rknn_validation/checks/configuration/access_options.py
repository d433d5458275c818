"""The options by which a subject lets its user say who may open the NPU. No checks of its own."""

from __future__ import annotations

from rknn_validation.checks.configuration.options import name_in, own_options
from rknn_validation.facts.model import Facts
from rknn_validation.facts.nix.configuration import OptionDeclaration

_KINDS = ("group", "mode")


def access_options(facts: Facts) -> tuple[tuple[OptionDeclaration, str, str], ...]:
    """(option, `group` or `mode`, its value in the scenario) of the options about the devnode."""
    found = []
    for option in own_options(facts):
        name = option.path.rsplit(".", 1)[-1].lower()
        kind = next((kind for kind in _KINDS if name in {kind, f"device{kind}", f"npu{kind}", f"access{kind}"}), None)
        value = _value(facts, name_in(facts, option), option.default)
        if kind and isinstance(value, str):
            found.append((option, kind, value))
    return tuple(found)


def _value(facts: Facts, name: str, default: object) -> object:
    value: object = facts.scenario.settings
    for key in name.split("."):
        if not isinstance(value, dict) or key not in value:
            return default
        value = value[key]
    return value
