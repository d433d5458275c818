"""What a kernel that is configured by a whole .config file has of the vendor's driver."""

from __future__ import annotations

import re

from rknn_validation.checks.case import Case
from rknn_validation.checks.configuration.registry import CONFIGURATION_CHECKS
from rknn_validation.checks.configuration.udev import outcomes
from rknn_validation.checks.model import Answer, Evidence, failed, passed, skipped
from rknn_validation.checks.packaging.nixtrees import function_name, trees_of
from rknn_validation.nix.syntax import Apply, Attributes
from rknn_validation.nix.syntax import Path as NixPath
from rknn_validation.npu import kernels

_BUILDERS = frozenset({"linuxManualConfig", "manualConfig", "linuxPackages_custom"})
_SET = re.compile(r"^CONFIG_(\w+)=([ym])\s*$", re.MULTILINE)


def _configured(case: Case) -> tuple[str, dict[str, str]] | None:
    """(file, what it sets to y or m) of the kernel the machine boots; None where it is not made of such a file."""
    found = []
    for tree in trees_of(case):
        for node in tree.tree.walk():
            if isinstance(node, Apply) and function_name(node) in _BUILDERS and isinstance(node.argument, Attributes):
                file = node.argument.get("configfile")
                if tree.text(node.argument.get("version")) == case.configuration.kernel.version:
                    found.append((tree.path.parent, file))
    if len(found) != 1:
        return None
    folder, file = found[0]
    if not isinstance(file, NixPath) or not file.literal or not (folder / file.literal).is_file():
        return None
    path = folder / file.literal
    text = path.read_text(errors="replace")
    # A fragment that something else completes is no whole configuration.
    return (path.name, dict(_SET.findall(text))) if "CONFIG_ARM64=y" in text else None


@CONFIGURATION_CHECKS.check(
    "kernel.configfile-has-the-vendor-s-driver",
    stage="kernel",
    title="the kernel's .config switches the vendor's driver on, in the flavour the rules are about",
    remedy="Set CONFIG_ROCKCHIP_RKNPU=y and one of CONFIG_ROCKCHIP_RKNPU_DRM_GEM=y (the node is a render node) and "
    "CONFIG_ROCKCHIP_RKNPU_DMA_HEAP=y (the node is /dev/rknpu).",
    stacks=("vendor",),
)
def configfile_has_driver(case: Case) -> Answer:
    """linuxManualConfig builds what the file says and nothing more: without the symbol there is no driver at all."""
    made = _configured(case)
    if made is None:
        return skipped("the kernel is not made from a .config file of the subject's")
    file, symbols = made
    if any(kernels.names_an_npu_module(one.name) for one in case.configuration.kernel.extra_packages):
        return skipped("the driver is an out-of-tree module")
    if "ROCKCHIP_RKNPU" not in symbols:
        return failed("the kernel is built without the vendor's driver", Evidence(file, "no CONFIG_ROCKCHIP_RKNPU=y"))
    flavours = [name for name in ("DRM_GEM", "DMA_HEAP") if f"ROCKCHIP_RKNPU_{name}" in symbols]
    seen = Evidence(file, f"CONFIG_ROCKCHIP_RKNPU={symbols['ROCKCHIP_RKNPU']} {' '.join(flavours)}")
    opened = {one.device.node == "/dev/rknpu" for one in outcomes(case) if one.gives_access}
    if flavours == ["DRM_GEM"] and opened == {True}:
        return failed("the driver makes a render node, and the rules are about /dev/rknpu alone", seen)
    if flavours == ["DMA_HEAP"] and opened == {False}:
        return failed("the driver makes /dev/rknpu, and the rules are about render nodes alone", seen)
    return passed("the .config has the driver", seen)
