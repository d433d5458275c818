"""Which NPU drivers the kernel that boots has, as far as evaluation proves it.

A driver comes with the kernel's source if its configuration enables it, with a patch, or with a package of modules.
Where one of these cannot be read, the answer is unknown, and the reason says why.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from rknn_validation.facts.kernel.source import ConfigFile, Origin, configfile, kernel_source, read_text
from rknn_validation.facts.model import Facts, derived
from rknn_validation.facts.nix.configuration import KernelPatch, Package
from rknn_validation.npu import kernels
from rknn_validation.npu.about import about_npu
from rknn_validation.npu.stacks import MAINLINE
from rknn_validation.npu.symbols import Presence

OFF = frozenset({"n", "no", "false"})
"""Values of a Kconfig symbol that switch it off."""
ON = frozenset({"y", "m", "yes", "module", "true"})
"""Values that switch it on."""
_RKNPU = "ROCKCHIP_RKNPU"
_ROCKET = "DRM_ACCEL_ROCKET"


@dataclass(frozen=True)
class Driver:
    """Whether there is a driver, and `why` one knows, in a sentence's words."""

    has: Presence
    why: str


def driver(facts: Facts, stack: str) -> Driver:
    """Whether the machine has the driver of a stack."""
    return vendor_driver(facts) if stack == "vendor" else mainline_driver(facts)


@derived
def vendor_driver(facts: Facts) -> Driver:
    """Whether anything brings rknpu: a package of modules, Rockchip's own kernel, a patch."""
    found = _first(_by_package(facts, kernels.VENDOR_MODULE), _vendor_configured(facts))
    if found:
        return found
    source = kernel_source(facts)
    if source.origin is Origin.VENDOR:
        return _vendor_tree(facts)
    return _first(_unreadable_package(facts)) or (
        Driver(Presence.NO, f"no mainline kernel has rknpu, and nothing adds it to {source.label}")
        if source.is_mainline
        else Driver(Presence.UNKNOWN, f"whether {source} has rknpu cannot be determined without its source")
    )


def _vendor_configured(facts: Facts) -> Iterator[Driver]:
    source, file, value = kernel_source(facts), configfile(facts), symbol_value(facts, _RKNPU)
    if value in OFF:
        yield Driver(Presence.NO, f"{_RKNPU} is switched off in {source.label}")
    brought = [one.name for one in kernel_patches(facts) if _brings(one, "rknpu", _RKNPU)]
    if source.is_mainline and not brought:
        return
    where = f"{file.name} " if file else ""
    if (file and _RKNPU in file.symbols) or value in ON:
        yield Driver(Presence.YES, f"{where}switches {_RKNPU} on in {source.label}".strip())
    elif file and file.is_whole:
        yield Driver(Presence.NO, f"{file.name} does not switch {_RKNPU} on: {source.label} has no rknpu")
    elif brought and _makes_modules(facts):
        yield Driver(Presence.YES, f"the patch {brought[0]} brings rknpu")


def _vendor_tree(facts: Facts) -> Driver:
    making, label = facts.configuration.kernel.making, kernel_source(facts).label
    vendors = making is not None and kernels.looks_like_vendor_kernel(making.base, making.file or "")
    if _makes_modules(facts) or vendors:
        return Driver(Presence.YES, f"{label} is built from Rockchip's own tree, which has rknpu")
    return Driver(
        Presence.UNKNOWN, f"whether the configuration of {label} switches rknpu on cannot be determined from here"
    )


@derived
def mainline_driver(facts: Facts) -> Driver:
    """Whether the kernel has rocket: new enough or patched, and switched on with what it depends on."""
    off = [name for name in ("DRM_ACCEL", _ROCKET) if symbol_value(facts, name) in OFF]
    if off:
        return Driver(Presence.NO, f"{', '.join(off)} is switched off: the kernel has no rocket driver")
    found = _first(_by_package(facts, kernels.MAINLINE_MODULE))
    if found:
        return found
    return _too_old(facts) or _rocket_configured(facts)


def _too_old(facts: Facts) -> Driver | None:
    """Why a kernel is too old for rocket, unless it was brought to it."""
    source, version = kernel_source(facts), facts.configuration.kernel.version
    wanted = MAINLINE.kernel_at_least or ""
    if kernels.at_least(version, wanted):
        return None
    brought = [one.name for one in kernel_patches(facts) if _brings(one, "rocket", _ROCKET)]
    if brought or (not source.is_mainline and symbol_value(facts, _ROCKET) in ON):
        return None
    why = f"{version} is older than {wanted}, the first kernel with the rocket driver"
    if source.origin is Origin.UNKNOWN:
        return Driver(
            Presence.UNKNOWN, f"{why}; whether {source} has it backported cannot be determined without its source"
        )
    return Driver(Presence.NO, why)


def _rocket_configured(facts: Facts) -> Driver:
    source, file, making = kernel_source(facts), configfile(facts), facts.configuration.kernel.making
    yes = Driver(Presence.YES, f"{source.label} has the rocket driver")
    if file and _ROCKET in file.symbols:
        return yes
    if file and file.is_whole:
        return Driver(Presence.NO, f"{file.name} does not switch {_ROCKET} on: the kernel has no rocket driver")
    if symbol_value(facts, _ROCKET) in ON:
        return yes
    if making is None:
        return Driver(Presence.UNKNOWN, f"how {source.label} is configured cannot be determined from here")
    if not making.is_generated and making.file is not None:
        return Driver(Presence.UNKNOWN, f"only a build can tell whether the .config of {source.label} has {_ROCKET}")
    if making.is_generated and not _makes_modules(facts):
        return Driver(
            Presence.UNKNOWN, f"whether {making.base} of {source.label} has {_ROCKET} cannot be determined from here"
        )
    if making.is_generated and symbol_value(facts, "DRM_ACCEL") is None:
        return Driver(Presence.NO, f"nothing switches DRM_ACCEL on in {source.label}: it has no rocket driver")
    if not making.is_generated and not source.is_mainline:
        return Driver(Presence.UNKNOWN, f"how {source} is configured cannot be determined from here")
    return yes


def symbol_value(facts: Facts, symbol: str) -> str | None:
    """The value the kernel's settings and patches give a symbol; None where they say nothing."""
    kernel = facts.configuration.kernel
    generated = kernel.making.settings.get(symbol) if kernel.making else None
    given = [one.config[symbol] for one in kernel.patches if symbol in one.config]
    return generated or kernel.config.get(symbol) or (given[-1] if given else None) or None


def kernel_patches(facts: Facts) -> tuple[KernelPatch, ...]:
    """Every patch the kernel is built with, each once."""
    kernel = facts.configuration.kernel
    every = (*kernel.patches, *(kernel.making.patches if kernel.making else ()))
    return tuple({(one.name, one.source): one for one in every}.values())


def _brings(patch: KernelPatch, module: str, symbol: str) -> bool:
    """Whether a patch adds a driver: by its text where that can be read, else by what it is called and sets."""
    if not patch.has_patch:
        return False
    text = read_text(patch.source)
    if text and text.strip():
        return f"drivers/{module}/" in text or f"drivers/accel/{module}" in text or f"config {symbol}" in text
    return module in f"{patch.name} {patch.source}".lower() or patch.config.get(symbol, "n") not in OFF


def _makes_modules(facts: Facts) -> bool:
    """Whether nixpkgs' generator makes a module of everything not mentioned."""
    making = facts.configuration.kernel.making
    return making is not None and making.is_generated and making.auto_modules


def brings_module(package: Package, module: str) -> bool:
    """Whether a package of kernel modules is the NPU's driver of that name."""
    source = package.source
    told = (package.name, package.pname or "", *(source.urls if source else ()), *package.phases.values())
    about = " ".join((*told, *(str(value) for value in (source.attrs.values() if source else ()))))
    other = {kernels.VENDOR_MODULE, kernels.MAINLINE_MODULE} - {module}
    return module in about.lower() or (about_npu(about) and not any(name in about.lower() for name in other))


def _by_package(facts: Facts, module: str) -> Iterator[Driver]:
    for root in facts.configuration.kernel.extra_packages:
        for package in root.walk():
            if brings_module(package, module):
                yield Driver(Presence.YES, f"boot.extraModulePackages has {package.name}")


def _unreadable_package(facts: Facts) -> Iterator[Driver]:
    for package in facts.configuration.kernel.extra_packages:
        if package.name == "?" or package.name.startswith("unknown "):
            yield Driver(Presence.UNKNOWN, "what a package of boot.extraModulePackages brings cannot be told")


def _first(*found: Iterator[Driver]) -> Driver | None:
    return next((one for each in found for one in each), None)


def flavours(file: ConfigFile) -> tuple[str, ...]:
    """Of DRM_GEM (a render node) and DMA_HEAP (/dev/rknpu), what a .config builds the vendor's driver with."""
    return tuple(name for name in ("DRM_GEM", "DMA_HEAP") if f"{_RKNPU}_{name}" in file.symbols)
