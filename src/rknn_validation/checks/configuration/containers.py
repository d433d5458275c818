"""Containers for the NPU, and the CDI specifications that hand it to them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rknn_validation.checks.configuration.registry import check
from rknn_validation.checks.findings import Fine, Problem
from rknn_validation.facts.containers import (
    Specification,
    containers,
    is_for_npu,
    missing_devices,
    of_another_stack,
    specifications,
    why_kept_out,
    without_libraries,
)
from rknn_validation.facts.contribution import is_npu_module
from rknn_validation.facts.devnodes import devnode_exists
from rknn_validation.facts.model import Facts
from rknn_validation.npu.about import about_npu


@check(
    "units.containers-can-use-npu",
    "Containers for the NPU can use it",
    remedy='Set extraOptions = [ "--device=/dev/dri" "--security-opt=systempaths=unconfined" ] on the container '
    "(--device=/dev/rknpu with a driver built for DMA heaps, --device=/dev/accel/accel0 with the mainline driver).",
    nothing="the subject runs no container for the NPU",
)
def containers_get_it(facts: Facts) -> Iterator[Problem | Fine]:
    """Podman and Docker hide devices, and /sys/firmware, to which /proc/device-tree points."""
    for one in containers(facts):
        wrong = [*missing_devices(facts, one)]
        wrong += [why for why in (without_libraries(one), of_another_stack(facts, one)) if why]
        if is_for_npu(one) and facts.scenario.stack == "vendor":
            wrong += why_kept_out(facts, one)
        for why in wrong:
            yield Problem(one.unit, "programs in the container cannot use the NPU", why)
        if is_for_npu(one):
            yield Fine(one.unit, one.image)


_PLACE = re.compile(r"cdi/[^/]+\.(?:json|yaml)")
_KIND = re.compile(r"[A-Za-z0-9](?:[\w.-]*[A-Za-z0-9])?/[A-Za-z](?:[\w.-]*[A-Za-z0-9])?")
_NEEDS_STORE = re.compile(r"/run/opengl-driver\b|/libteflon\.so")


@check(
    "units.cdi-provides-npu",
    "CDI specifications are valid and provide the NPU",
    remedy='Write /etc/cdi/NAME.json with kind = "vendor.example/class", the devnode of the stack '
    "(/dev/accel/accel0, /dev/dri/…, /dev/rknpu) and, with libteflon.so or /run/opengl-driver, mounts of the store "
    "paths that they need.",
    nothing="the subject writes no CDI specification for the NPU that can be read before a build",
    needs=("baseline",),
)
def cdi_brings_the_npu(facts: Facts) -> Iterator[Problem | Fine]:
    """Runtimes read *.json and *.yaml of /etc/cdi and /var/run/cdi, and refuse invalid files."""
    for one in specifications(facts):
        if not is_npu_module(facts) and not about_npu(f"{one.path} {one.given}"):
            continue
        where = f"environment.etc.{one.path}"
        for why in _wrong(facts, one):
            yield Problem(where, "containers that request the device do not get a working NPU", why)
        yield Fine(where)


def _wrong(facts: Facts, one: Specification) -> Iterator[str]:
    if not _PLACE.fullmatch(one.path) and not one.named:
        yield "container runtimes read only *.json and *.yaml directly in /etc/cdi"
    kind = one.given.get("kind")
    if not isinstance(kind, str) or not _KIND.fullmatch(kind):
        yield f"kind {kind!r} is not VENDOR/CLASS: the runtime refuses the file"
    if not one.devices:
        yield "it has no devices: the runtime refuses the file"
        return
    for entry in one.entries("deviceNodes"):
        node = entry.get("hostPath") or entry.get("path")
        if isinstance(node, str) and devnode_exists(facts, node) is False:
            yield f"{node} does not exist: the container does not start"
    mounted = [str(entry.get("hostPath")) for entry in one.entries("mounts")]
    yield from _unreachable(mounted)
    if any(path.startswith("/run/opengl-driver") for path in mounted) and not facts.configuration.graphics_enabled:
        yield "there is no /run/opengl-driver to mount while hardware.graphics.enable is false"


def _unreachable(mounted: list[str]) -> Iterator[str]:
    """Libraries of Mesa that are mounted without the store paths that they need."""
    needing = [path for path in mounted if _NEEDS_STORE.search(path)]
    store = [path for path in mounted if re.match(r"/nix(?:/store)?(?:/|$)", path) and path not in needing]
    if needing and not store:
        yield f"{needing[0]} needs libraries of /nix/store, which are not mounted"
