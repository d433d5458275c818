"""Whether DeviceAllow= and DevicePolicy= of a service let it open the NPU's devnodes (systemd.resource-control(5))."""

from __future__ import annotations

import fnmatch
import posixpath
import re

from rknn_validation.facts.devnodes import Devnode, devnodes, links
from rknn_validation.facts.model import Facts
from rknn_validation.facts.nix.configuration import Unit
from rknn_validation.facts.text.unitfile import last, values

_GROUPS = {"misc": "misc", "drm": "drm", "accel": "accel"}
"""What /proc/devices calls the majors of each subsystem."""


def not_allowed(facts: Facts, unit: Unit) -> str:
    """Why a service's list of devices keeps the NPU from it; "" where it does not."""
    allowed, policy = values(unit, "DeviceAllow"), last(unit, "DevicePolicy")
    if not allowed and policy not in {"closed", "strict"}:
        return ""
    shown = f"DeviceAllow={' '.join(allowed) or '(none)'}"
    folders = [value.split()[0] for value in allowed if value.split()[0].rstrip("/") in {"/dev/dri", "/dev/accel"}]
    named = {value: [one for one in devnodes(facts) if _names(facts, value.split()[0], one)] for value in allowed}
    if any("%" in value or "$" in value for value in allowed):
        return ""
    if not any(named.values()):
        if folders and any(one.path.startswith(f"{folders[0].rstrip('/')}/") for one in devnodes(facts)):
            return f"{shown}: {folders[0]} is a folder, and systemd allows devices only; char-drm or char-accel has all"
        return f"{shown} does not name the NPU"
    if policy == "auto" and not allowed:
        return ""
    if not any(_may_write(value) for value, nodes in named.items() if nodes):
        return f"{shown} lets it read only; the NPU is opened for reading and writing"
    missed = _missed(facts, [one for nodes in named.values() for one in nodes])
    return f"{shown} does not name {missed}, which is the node here" if missed else ""


def _names(facts: Facts, word: str, node: Devnode) -> bool:
    if word.startswith("char-"):
        return fnmatch.fnmatchcase(_GROUPS[node.device.subsystem], word.removeprefix("char-"))
    if word in links(facts):
        return True
    kind = node.device.kernel.rstrip("0123456789")
    return word == node.path or bool(re.fullmatch(rf"/dev/dri/{kind}\d+", word) and node.device.subsystem == "drm")


def _may_write(value: str) -> bool:
    access = value.split()[1:]
    return not access or "w" in access[-1]


def _missed(facts: Facts, named: list[Devnode]) -> str:
    """The kind of node the machine has, where a list of allowed devices has only the other kind."""
    sure = [one for one in devnodes(facts) if one.certain]
    # The rules tell which kind is meant where the kernel does not.
    meant = sure or [one for one in devnodes(facts) if one.outcome.gives_access]
    kinds = {one.device.subsystem for one in meant}
    if len(kinds) == 1 and kinds.isdisjoint(one.device.subsystem for one in named):
        path = meant[0].path
        return posixpath.dirname(path) if path.startswith("/dev/dri/") else path
    return ""
