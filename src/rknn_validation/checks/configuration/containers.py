"""Do containers that are for the NPU get it?"""

from __future__ import annotations

import re
from collections.abc import Iterator

from rknn_validation.checks.configuration.registry import check
from rknn_validation.checks.findings import Fine, Problem
from rknn_validation.facts.containers import Container, containers
from rknn_validation.facts.devnodes import exists, named_by
from rknn_validation.facts.model import Facts
from rknn_validation.npu.about import about_npu

_FOR_ROCKCHIP = re.compile(r"(?<![a-z])rk(?:35\d\d\w?)?(?![a-z0-9])|rockchip", re.IGNORECASE)
"""Parts of an image's name or tag that say for which chip it is."""
_VARIANTS = {"immich-app/immich-machine-learning": "rknn", "blakeblackshear/frigate": "rk"}
"""Images that come with the NPU's libraries in a variant of this tag's suffix, and without them in all others."""
_UNMASKED = re.compile(r"systempaths=unconfined|unmask=(?:ALL|\S*/sys/firmware)|/proc/device-tree|/sys/firmware")
_CHOOSES_ITSELF = ("--runtime", "--annotation", "--device-cgroup-rule", "--gpus")


@check(
    "units.containers-get-the-npu",
    stage="units",
    title="a container for the NPU gets the device and sees which board it runs on",
    remedy='Give it extraOptions = [ "--device=/dev/dri" "--security-opt=systempaths=unconfined" ] '
    "(--device=/dev/rknpu with a driver built for DMA heaps, --device=/dev/accel/accel0 with mainline's).",
    nothing="the subject runs no container for the NPU",
)
def containers_get_it(facts: Facts) -> Iterator[Problem | Fine]:
    """Podman and Docker hide devices, and /sys/firmware with it, where /proc/device-tree leads."""
    for one in containers(facts):
        wrong = [*_missing_devices(facts, one), *_without_libraries(one)]
        meant = about_npu(one.image) or bool(_FOR_ROCKCHIP.search(one.image))
        if meant and facts.scenario.stack == "vendor":
            wrong += _kept_out(facts, one)
        for why in wrong:
            yield Problem(one.unit, "the container's programs cannot use the NPU", why)
        if meant:
            yield Fine(one.unit, one.image)


def _devices(one: Container) -> list[str]:
    return [value.partition(":")[0] for value in one.values("--device")]


def _missing_devices(facts: Facts, one: Container) -> Iterator[str]:
    for device in _devices(one):
        if exists(facts, device) is False:
            yield f"there is no {device}: the container is not started"


def _without_libraries(one: Container) -> Iterator[str]:
    """A container that is let in to the NPU, of an image without its libraries."""
    asks = any(value.startswith("MACHINE_LEARNING_RKNN") for value in one.values("-e", "--env"))
    if not asks and not _UNMASKED.search(one.text):
        return
    name, _, tag = one.image.partition("@")[0].rpartition(":")
    for known, suffix in _VARIANTS.items():
        if name.endswith(known) and not re.search(rf"(?:^|-){suffix}(?:-|$)", tag):
            yield f"{one.image} has no library for the NPU; the tags that have end in -{suffix}"


def _kept_out(facts: Facts, one: Container) -> Iterator[str]:
    if one.has("--privileged") or one.values(*_CHOOSES_ITSELF):
        return
    # What is named without /dev is a CDI device, which may bring anything.
    if any(not value.startswith("/") for value in _devices(one)):
        return
    mounted = [value.partition(":")[0] for value in one.values("-v", "--volume")]
    mounted += [word for value in one.values("--mount") for word in re.findall(r"(?:source|src)=([^,]+)", value)]
    given = [*_devices(one), *mounted]
    if not any(value.rstrip("/") == "/dev" or named_by(facts, value) for value in given):
        yield f"it is given no device of the NPU: {one.text}"
    elif not _UNMASKED.search(one.text):
        yield f"/proc/device-tree is masked, so the runtime does not know the chip: {one.text}"
