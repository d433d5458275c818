"""What a kernel that is configured by a whole .config file has of the vendor's driver."""

from __future__ import annotations

import re
from dataclasses import dataclass

from rknn_validation.checks.configuration.registry import CONFIGURATION_CHECKS
from rknn_validation.checks.configuration.udev import outcomes
from rknn_validation.checks.model import Answer, Evidence, failed, passed, skipped
from rknn_validation.facts.model import Facts
from rknn_validation.facts.recipes.nixtrees import function_name, trees_of
from rknn_validation.nix.syntax import Apply, Attributes
from rknn_validation.nix.syntax import Path as NixPath
from rknn_validation.npu import kernels

_BUILDERS = frozenset({"linuxManualConfig", "manualConfig", "linuxPackages_custom"})
_SET = re.compile(r"^CONFIG_(\w+)=([ym])\s*$", re.MULTILINE)


@dataclass(frozen=True)
class _Made:
    """How the kernel the machine boots is made: its .config, and what it is said to call itself."""

    file: str
    text: str
    release: str

    @property
    def symbols(self) -> dict[str, str]:
        """What the file sets to y or m."""
        return dict(_SET.findall(self.text))

    @property
    def suffix(self) -> str:
        """What the kernel puts behind its version."""
        found = re.search(r'^CONFIG_LOCALVERSION="(.*)"$', self.text, re.MULTILINE)
        return found[1] if found else ""


def _configured(facts: Facts) -> _Made | None:
    """None where the kernel is not made of a .config file of the subject's."""
    found = []
    for tree in trees_of(facts):
        for node in tree.tree.walk():
            if isinstance(node, Apply) and function_name(node) in _BUILDERS and isinstance(node.argument, Attributes):
                version = tree.text(node.argument.get("version"))
                if version == facts.configuration.kernel.version:
                    release = tree.text(node.argument.get("modDirVersion")) or version
                    found.append((tree.path.parent, node.argument.get("configfile"), release))
    if len(found) != 1:
        return None
    folder, file, release = found[0]
    if not isinstance(file, NixPath) or not file.literal or not (folder / file.literal).is_file():
        return None
    path = folder / file.literal
    text = path.read_text(errors="replace")
    # A fragment that something else completes is no whole configuration.
    return _Made(path.name, text, release) if "CONFIG_ARM64=y" in text else None


def configured_flavour(facts: Facts) -> str | None:
    """DRM_GEM or DMA_HEAP, where the .config of the machine's kernel has the vendor's driver in just one of them."""
    made = _configured(facts)
    symbols = made.symbols if made else {}
    found = [name for name in ("DRM_GEM", "DMA_HEAP") if f"ROCKCHIP_RKNPU_{name}" in symbols]
    return found[0] if "ROCKCHIP_RKNPU" in symbols and len(found) == 1 else None


@CONFIGURATION_CHECKS.check(
    "kernel.calls-itself-as-it-is-told",
    stage="kernel",
    title="modDirVersion is what the kernel calls itself",
    remedy="Set modDirVersion to the version of the source and CONFIG_LOCALVERSION of the .config, and nothing more.",
)
def calls_itself_so(facts: Facts) -> Answer:
    """The build stops where the two differ: modules would be looked for in another directory than theirs."""
    made = _configured(facts)
    parts = re.fullmatch(r"(\d+\.\d+(?:\.\d+)?)(.*)", made.release) if made else None
    if made is None or parts is None:
        return skipped("the kernel is not made from a .config file of the subject's")
    if parts[2].startswith("-rt") and not made.suffix:
        return skipped("patches for real time put a version of their own into the source")
    seen = (Evidence("modDirVersion", made.release), Evidence(made.file, f'CONFIG_LOCALVERSION="{made.suffix}"'))
    if parts[2] != made.suffix:
        return failed(f"the kernel calls itself {parts[1]}{made.suffix}: its build stops", *seen)
    return passed("both are the same", *seen)


@CONFIGURATION_CHECKS.check(
    "kernel.configfile-has-the-vendor-s-driver",
    stage="kernel",
    title="the kernel's .config switches the vendor's driver on, in the flavour the rules are about",
    remedy="Set CONFIG_ROCKCHIP_RKNPU=y and one of CONFIG_ROCKCHIP_RKNPU_DRM_GEM=y (the node is a render node) and "
    "CONFIG_ROCKCHIP_RKNPU_DMA_HEAP=y (the node is /dev/rknpu).",
    stacks=("vendor",),
)
def configfile_has_driver(facts: Facts) -> Answer:
    """linuxManualConfig builds what the file says and nothing more: without the symbol there is no driver at all."""
    made = _configured(facts)
    if made is None:
        return skipped("the kernel is not made from a .config file of the subject's")
    symbols = made.symbols
    if any(kernels.names_an_npu_module(one.name) for one in facts.configuration.kernel.extra_packages):
        return skipped("the driver is an out-of-tree module")
    if "ROCKCHIP_RKNPU" not in symbols:
        return failed(
            "the kernel is built without the vendor's driver", Evidence(made.file, "no CONFIG_ROCKCHIP_RKNPU=y")
        )
    flavours = [name for name in ("DRM_GEM", "DMA_HEAP") if f"ROCKCHIP_RKNPU_{name}" in symbols]
    seen = Evidence(made.file, f"CONFIG_ROCKCHIP_RKNPU={symbols['ROCKCHIP_RKNPU']} {' '.join(flavours)}")
    opened = {one.device.node == "/dev/rknpu" for one in outcomes(facts) if one.gives_access}
    if flavours == ["DRM_GEM"] and opened == {True}:
        return failed("the driver makes a render node, and the rules are about /dev/rknpu alone", seen)
    if flavours == ["DMA_HEAP"] and opened == {False}:
        return failed("the driver makes /dev/rknpu, and the rules are about render nodes alone", seen)
    return passed("the .config has the driver", seen)
