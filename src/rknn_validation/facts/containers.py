"""Containers that units run with podman or docker: their options, their access to the NPU, and CDI specifications."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from rknn_validation.facts.contribution import contribution, shorten
from rknn_validation.facts.devnodes import devnode_exists, devnodes_named
from rknn_validation.facts.model import Facts, derived
from rknn_validation.facts.recipes.nixfiles import nix_files, string_texts
from rknn_validation.facts.text import shell
from rknn_validation.facts.text.units import exec_commands
from rknn_validation.npu.about import about_npu

_FLAGS = frozenset(
    {
        *("--rm", "--detach", "--tty", "--interactive", "--privileged", "--init", "--read-only", "--replace"),
        *("--publish-all", "--no-healthcheck", "--rmi", "--oom-kill-disable", "--sig-proxy", "--no-hosts"),
        *("--quiet", "--disable-content-trust", "--env-host", "--tls-verify", "-P"),
    }
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
    for name, unit in contribution(facts).units.items():
        if unit.enabled and name.endswith(".service"):
            for script in (unit.script, *unit.scripts.values(), *(line for _, line in exec_commands(unit))):
                found += [one for command in shell.all_commands(script) if (one := _container(name, command))]
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
    texts += [text for tree in nix_files(facts) for text in string_texts(tree)]
    return any(re.search(rf"{re.escape(folder)}(?![\w./-])", text) for text in texts)


_FOR_ROCKCHIP = re.compile(r"(?<![a-z])rk(?:35\d\d\w?)?(?![a-z0-9])|rockchip", re.IGNORECASE)
"""Parts of an image's name or tag that say for which chip it is."""
_VARIANTS = {"immich-app/immich-machine-learning": "rknn", "blakeblackshear/frigate": "rk"}
"""Images that come with the vendor's libraries in a variant of this tag's suffix, and without them in all others."""
_UNMASKED = re.compile(r"systempaths=unconfined|unmask=(?:ALL|\S*/sys/firmware)|/proc/device-tree|/sys/firmware")
_CHOOSES_ITSELF = ("--runtime", "--annotation", "--device-cgroup-rule", "--gpus")


def is_for_npu(one: Container) -> bool:
    """Whether an image's name says that it is for the NPU, or for this chip."""
    return about_npu(one.image) or bool(_FOR_ROCKCHIP.search(one.image))


def given_devices(one: Container) -> list[str]:
    """What `--device` maps of the host's."""
    return [value.partition(":")[0] for value in one.values("--device")]


def missing_devices(facts: Facts, one: Container) -> Iterator[str]:
    """Why the container cannot even start: it is given what is not there."""
    for device in given_devices(one):
        if devnode_exists(facts, device) is False:
            yield f"there is no {device}: the container is not started"


def why_kept_out(facts: Facts, one: Container) -> Iterator[str]:
    """Why the container's programs cannot open the NPU, or do not know that there is one."""
    if one.has("--privileged") or one.values(*_CHOOSES_ITSELF):
        return
    # What is named without /dev is a CDI device, which may bring anything.
    if any(not value.startswith("/") for value in given_devices(one)):
        return
    given = [*given_devices(one), *mounted_paths(one)]
    if not any(value.rstrip("/") == "/dev" or devnodes_named(facts, value) for value in given):
        yield f"it gets no device of the NPU: {shorten(one.text, 120)}"
    elif facts.scenario.stack == "vendor" and not _UNMASKED.search(one.text):
        yield f"/proc/device-tree is masked, so the runtime does not know the chip: {shorten(one.text, 120)}"


def mounted_paths(one: Container) -> list[str]:
    """The host's paths that are mounted in it."""
    found = [value.partition(":")[0] for value in one.values("-v", "--volume")]
    return found + [word for value in one.values("--mount") for word in re.findall(r"(?:source|src)=([^,]+)", value)]


def of_another_stack(facts: Facts, one: Container) -> str:
    """Why an image cannot use the driver that is here; "" where that is not known."""
    if facts.scenario.stack == "mainline" and _has_vendor_libraries(one):
        return f"{one.image} has the vendor's library, which does not support the mainline driver"
    return ""


def without_libraries(one: Container) -> str:
    """Why a container that is let in to the vendor's NPU has no library for it; "" where that is not known."""
    asks = any(value.startswith("MACHINE_LEARNING_RKNN") for value in one.values("-e", "--env"))
    return why_no_libraries(one) if asks or _UNMASKED.search(one.text) else ""


def why_no_libraries(one: Container) -> str:
    """Why an image has no library of the vendor's; "" where it has, and where that is not known."""
    suffix = _variant(one)
    if suffix and not _has_vendor_libraries(one):
        return f"{one.image} has no library for the NPU; the tags that have end in -{suffix}"
    return ""


def library_source(facts: Facts, one: Container) -> str:
    """What brings the library of the host's stack into the container; "" where that is not known."""
    if facts.scenario.stack == "vendor":
        return one.image if _has_vendor_libraries(one) else ""
    drivers = any(
        path.startswith("/run/opengl-driver") for path in mounted_paths(one)
    ) and "/nix/store" in mounted_paths(one)
    return "/run/opengl-driver and /nix/store are mounted in it" if drivers else ""


def _variant(one: Container) -> str:
    name = one.image.partition("@")[0].rpartition(":")[0]
    return next((suffix for known, suffix in _VARIANTS.items() if name.endswith(known)), "")


def _has_vendor_libraries(one: Container) -> bool:
    tag, suffix = one.image.partition("@")[0].rpartition(":")[2], _variant(one)
    return bool(suffix) and bool(re.search(rf"(?:^|-){suffix}(?:-|$)", tag))
