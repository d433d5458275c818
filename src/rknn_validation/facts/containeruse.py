"""Which containers are for the NPU, what keeps them from it, and whether their images have its library."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rknn_validation.facts.containers import Container
from rknn_validation.facts.devnodes import exists, named_by
from rknn_validation.facts.difference import shorten
from rknn_validation.facts.model import Facts
from rknn_validation.npu.about import about_npu

_FOR_ROCKCHIP = re.compile(r"(?<![a-z])rk(?:35\d\d\w?)?(?![a-z0-9])|rockchip", re.IGNORECASE)
"""Parts of an image's name or tag that say for which chip it is."""
_VARIANTS = {"immich-app/immich-machine-learning": "rknn", "blakeblackshear/frigate": "rk"}
"""Images that come with the vendor's libraries in a variant of this tag's suffix, and without them in all others."""
_UNMASKED = re.compile(r"systempaths=unconfined|unmask=(?:ALL|\S*/sys/firmware)|/proc/device-tree|/sys/firmware")
_CHOOSES_ITSELF = ("--runtime", "--annotation", "--device-cgroup-rule", "--gpus")


def is_meant(one: Container) -> bool:
    """Whether an image's name says that it is for the NPU, or for this chip."""
    return about_npu(one.image) or bool(_FOR_ROCKCHIP.search(one.image))


def devices(one: Container) -> list[str]:
    """What `--device` maps of the host's."""
    return [value.partition(":")[0] for value in one.values("--device")]


def missing_devices(facts: Facts, one: Container) -> Iterator[str]:
    """Why the container cannot even start: it is given what is not there."""
    for device in devices(one):
        if exists(facts, device) is False:
            yield f"there is no {device}: the container is not started"


def kept_out(facts: Facts, one: Container) -> Iterator[str]:
    """Why the container's programs cannot open the NPU, or do not know that there is one."""
    if one.has("--privileged") or one.values(*_CHOOSES_ITSELF):
        return
    # What is named without /dev is a CDI device, which may bring anything.
    if any(not value.startswith("/") for value in devices(one)):
        return
    given = [*devices(one), *mounted(one)]
    if not any(value.rstrip("/") == "/dev" or named_by(facts, value) for value in given):
        yield f"it is given no device of the NPU: {shorten(one.text, 120)}"
    elif facts.scenario.stack == "vendor" and not _UNMASKED.search(one.text):
        yield f"/proc/device-tree is masked, so the runtime does not know the chip: {shorten(one.text, 120)}"


def mounted(one: Container) -> list[str]:
    """The host's paths that are mounted in it."""
    found = [value.partition(":")[0] for value in one.values("-v", "--volume")]
    return found + [word for value in one.values("--mount") for word in re.findall(r"(?:source|src)=([^,]+)", value)]


def of_another_stack(facts: Facts, one: Container) -> str:
    """Why an image cannot use the driver that is here; "" where that is not known."""
    if facts.scenario.stack == "mainline" and _has_vendor_libraries(one):
        return f"{one.image} has the vendor's library, which does not know mainline's driver"
    return ""


def without_libraries(one: Container) -> str:
    """Why a container that is let in to the vendor's NPU has no library for it; "" where that is not known."""
    asks = any(value.startswith("MACHINE_LEARNING_RKNN") for value in one.values("-e", "--env"))
    return lacks(one) if asks or _UNMASKED.search(one.text) else ""


def lacks(one: Container) -> str:
    """Why an image has no library of the vendor's; "" where it has, and where that is not known."""
    suffix = _variant(one)
    if suffix and not _has_vendor_libraries(one):
        return f"{one.image} has no library for the NPU; the tags that have end in -{suffix}"
    return ""


def has_libraries(facts: Facts, one: Container) -> str:
    """What brings the library of the host's stack into the container; "" where that is not known."""
    if facts.scenario.stack == "vendor":
        return one.image if _has_vendor_libraries(one) else ""
    drivers = any(path.startswith("/run/opengl-driver") for path in mounted(one)) and "/nix/store" in mounted(one)
    return "/run/opengl-driver and /nix/store are mounted in it" if drivers else ""


def _variant(one: Container) -> str:
    name = one.image.partition("@")[0].rpartition(":")[0]
    return next((suffix for known, suffix in _VARIANTS.items() if name.endswith(known)), "")


def _has_vendor_libraries(one: Container) -> bool:
    tag, suffix = one.image.partition("@")[0].rpartition(":")[2], _variant(one)
    return bool(suffix) and bool(re.search(rf"(?:^|-){suffix}(?:-|$)", tag))
