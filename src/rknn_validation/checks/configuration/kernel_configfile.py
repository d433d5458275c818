"""What a kernel that is configured by a whole .config file has of the vendor's driver."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rknn_validation.checks.configuration.registry import check
from rknn_validation.checks.findings import Aside, Finding, Fine, Problem
from rknn_validation.facts.devnodes import DMA_HEAP, DRM_GEM, opened_flavours
from rknn_validation.facts.kernel.configfile import configfile
from rknn_validation.facts.kernel.drivers import brings_module, flavours
from rknn_validation.facts.model import Facts
from rknn_validation.npu.kernels import VENDOR_MODULE

NO_FILE = "the kernel is not made from a .config file that can be read"


@check(
    "kernel.calls-itself-as-it-is-told",
    stage="kernel",
    title="modDirVersion is what the kernel calls itself",
    remedy="Set modDirVersion to the version of the source and CONFIG_LOCALVERSION of the .config, and nothing more.",
    good="both are the same",
    nothing=NO_FILE,
)
def calls_itself_so(facts: Facts) -> Iterator[Finding]:
    """The build stops where the two differ: modules would be looked for in another directory than theirs."""
    file, making = configfile(facts), facts.configuration.kernel.making
    parts = re.fullmatch(r"(\d+\.\d+(?:\.\d+)?)(.*)", making.release) if making else None
    if file is None or making is None or parts is None or not file.is_whole:
        return
    seen = f'modDirVersion {making.release}; {file.name}: CONFIG_LOCALVERSION="{file.suffix}"'
    if parts[2].startswith("-rt") and not file.suffix:
        yield Aside("patches for real time put a version of their own into the source")
    elif parts[2] != file.suffix:
        yield Problem("modDirVersion", f"the kernel calls itself {parts[1]}{file.suffix}: its build stops", seen)
    else:
        yield Fine("modDirVersion", seen)


@check(
    "kernel.configfile-has-the-vendor-s-driver",
    stage="kernel",
    title="the kernel's .config switches the vendor's driver on, in the flavour the rules are about",
    remedy="Set CONFIG_ROCKCHIP_RKNPU=y and one of CONFIG_ROCKCHIP_RKNPU_DRM_GEM=y (the node is a render node) and "
    "CONFIG_ROCKCHIP_RKNPU_DMA_HEAP=y (the node is /dev/rknpu).",
    good="the .config has the driver",
    nothing=NO_FILE,
    stacks=("vendor",),
)
def configfile_has_driver(facts: Facts) -> Iterator[Finding]:
    """linuxManualConfig builds what the file says and nothing more: without the symbol there is no driver at all."""
    file = configfile(facts)
    if file is None or not file.is_whole:
        return
    if any(brings_module(one, VENDOR_MODULE) for one in facts.configuration.kernel.extra_packages):
        yield Aside("the driver is an out-of-tree module")
        return
    if "ROCKCHIP_RKNPU" not in file.symbols:
        yield Problem(file.name, "the kernel is built without the vendor's driver", "no CONFIG_ROCKCHIP_RKNPU=y")
        return
    made = flavours(file)
    seen = f"CONFIG_ROCKCHIP_RKNPU={file.symbols['ROCKCHIP_RKNPU']} {' '.join(made)}"
    opened = opened_flavours(facts)
    if made == (DRM_GEM,) and opened == {DMA_HEAP}:
        yield Problem(file.name, "the driver makes a render node, and the rules are about /dev/rknpu alone", seen)
    elif made == (DMA_HEAP,) and opened == {DRM_GEM}:
        yield Problem(file.name, "the driver makes /dev/rknpu, and the rules are about render nodes alone", seen)
    else:
        yield Fine(file.name, seen)
