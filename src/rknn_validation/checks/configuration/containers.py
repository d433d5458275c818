"""Do containers that are for the NPU get it?"""

from __future__ import annotations

from collections.abc import Iterator

from rknn_validation.checks.configuration.registry import check
from rknn_validation.checks.findings import Fine, Problem
from rknn_validation.facts.containers import containers
from rknn_validation.facts.containeruse import (
    is_meant,
    kept_out,
    missing_devices,
    of_another_stack,
    without_libraries,
)
from rknn_validation.facts.model import Facts


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
        wrong = [*missing_devices(facts, one)]
        wrong += [why for why in (without_libraries(one), of_another_stack(facts, one)) if why]
        if is_meant(one) and facts.scenario.stack == "vendor":
            wrong += kept_out(facts, one)
        for why in wrong:
            yield Problem(one.unit, "the container's programs cannot use the NPU", why)
        if is_meant(one):
            yield Fine(one.unit, one.image)
