"""The module refuses a kernel that cannot carry the stack, for every way a NixOS user sets one."""

from __future__ import annotations

from pathlib import Path

import pytest
from workers import Kept

from rknn_validation.common.deadline import Deadline
from rknn_validation.facts.nix.configuration import Configuration
from rknn_validation.facts.nix.evaluate import evaluate
from rknn_validation.facts.nix.request import Request
from rknn_validation.subject.validation import Subject

pytestmark = pytest.mark.unit

ROOT = Path(__file__).parents[3]
PLUS = "rockchip/rk3588-orangepi-5-plus.dtb"
ROCK_5A = "rockchip/rk3588s-rock-5a.dtb"
EDGE_2 = "rockchip/rk3588s-khadas-edge2.dtb"

RELEASE = 'src = pkgs.fetchurl { url = "mirror://kernel/linux/kernel/v6.x/linux.tar.xz"; hash = lib.fakeHash; };'
VENDOR_SOURCE = (
    'src = pkgs.fetchFromGitHub { owner = "armbian"; repo = "linux-rockchip"; rev = "0"; hash = lib.fakeHash; };'
)
CONFIGURED = "pkgs.linuxPackagesFor (pkgs.linuxManualConfig {{ version = {0}; {1} configfile = {2}; {3} }})"


def manual(version: str, source: str, configfile: str, more: str = "") -> str:
    """boot.kernelPackages by linuxManualConfig."""
    return "boot.kernelPackages = " + CONFIGURED.format(f'"{version}"', source, configfile, more) + ";"


def patch(name: str, settings: str, file: str = "null") -> str:
    """An entry of boot.kernelPatches."""
    return f'boot.kernelPatches = [ {{ name = "{name}"; patch = {file}; {settings} }} ];'


# (stack, what the machine sets, "" or words of the refusal, "" or words of the warning)
KERNELS: dict[str, tuple[str, str, str, str]] = {
    "mainline, default kernel": ("mainline", "", "", ""),
    "mainline, latest": ("mainline", "boot.kernelPackages = pkgs.linuxPackages_latest;", "", ""),
    "mainline, with rocket by name": ("mainline", "boot.kernelPackages = pkgs.linuxPackages_rocket;", "", ""),
    "mainline, 6.12": (
        "mainline",
        "boot.kernelPackages = pkgs.linuxPackages_6_12;",
        "linux 6.12.74 has no rocket driver: it is in Linux 6.18 and later. Set boot.kernelPackages",
        "",
    ),
    "mainline, real time": (
        "mainline",
        "boot.kernelPackages = pkgs.linuxKernel.packages.linux_rt_6_6;",
        "6.6.127 has no rocket driver",
        "",
    ),
    "mainline, zen": ("mainline", "boot.kernelPackages = pkgs.linuxKernel.packages.linux_zen;", "", ""),
    "mainline, linuxPackagesFor an old one": (
        "mainline",
        "boot.kernelPackages = pkgs.linuxPackagesFor pkgs.linux_6_6;",
        "6.6.127 has no rocket driver",
        "",
    ),
    "mainline, switched off by a patch's structuredExtraConfig": (
        "mainline",
        patch("small", "structuredExtraConfig.DRM_ACCEL = lib.kernel.no;"),
        "configured with DRM_ACCEL=n",
        "",
    ),
    "mainline, switched off by a patch's extraStructuredConfig": (
        "mainline",
        patch("small", "extraStructuredConfig.DRM_ACCEL_ROCKET = lib.mkForce lib.kernel.no;"),
        "configured with DRM_ACCEL_ROCKET=n",
        "",
    ),
    "mainline, switched off by a patch's extraConfig": (
        "mainline",
        patch("small", 'extraConfig = "ROCKCHIP_IOMMU n";'),
        "configured with ROCKCHIP_IOMMU=n",
        "",
    ),
    "mainline, switched off by override": (
        "mainline",
        "boot.kernelPackages = pkgs.linuxPackagesFor (pkgs.linux_6_18.override {"
        " structuredExtraConfig.DRM_ACCEL_ROCKET = lib.kernel.no; });",
        "configured with DRM_ACCEL_ROCKET=n",
        "",
    ),
    "mainline, DRM_ACCEL as a module": (
        "mainline",
        patch("accel", "structuredExtraConfig.DRM_ACCEL = lib.kernel.module;"),
        "never a module",
        "",
    ),
    "mainline, a patch may bring it to 6.12": (
        "mainline",
        "boot.kernelPackages = pkgs.linuxPackages_6_12; " + patch("rocket", "", "./rocket.patch"),
        "",
        "unknown whether a patch in boot.kernelPatches adds it",
    ),
    "mainline, a patch with the driver's symbol": (
        "mainline",
        "boot.kernelPackages = pkgs.linuxPackages_6_12; "
        + patch("backports", "structuredExtraConfig.DRM_ACCEL_ROCKET = lib.kernel.module;", "./rocket.patch"),
        "",
        "unknown whether",
    ),
    "mainline, patches that are about something else": (
        "mainline",
        "boot.kernelPackages = pkgs.linuxPackages_6_12; " + patch("fan-control", "", "./rocket.patch"),
        "linux 6.12.74 has no rocket driver",
        "",
    ),
    "mainline, hardened": (
        "mainline",
        "boot.kernelPackages = pkgs.linuxPackagesFor (pkgs.linux_6_12.override { isHardened = true; kernelPatches = ["
        ' { name = "linux-hardened-v6.12.74"; patch = ./rocket.patch; } ]; });',
        "6.12.74 has no rocket driver",
        "",
    ),
    "mainline, a file that has it": ("mainline", manual("6.18.22", RELEASE, "./with-rocket.config"), "", ""),
    "mainline, a file that has it not": (
        "mainline",
        manual("6.18.22", RELEASE, "./without-rocket.config"),
        "configured with DRM_ACCEL_ROCKET=n",
        "",
    ),
    "mainline, a file named by a string": (
        "mainline",
        manual("6.18.22", RELEASE, '"${./without-rocket.config}"'),
        "",
        "unknown whether",
    ),
    "mainline, a built file named by a string": (
        "mainline",
        manual("6.18.22", RELEASE, '"${pkgs.runCommand "config" { } "make defconfig"}"'),
        "",
        "unknown whether",
    ),
    "mainline, a whole file that does not name it": (
        "mainline",
        manual("6.18.22", RELEASE, "./whole.config"),
        "DRM_ACCEL_ROCKET=n",
        "",
    ),
    "mainline, a file that is yet to be built": (
        "mainline",
        manual("6.18.22", RELEASE, 'pkgs.runCommand "config" { } "make defconfig"'),
        "",
        "unknown whether",
    ),
    "mainline, configuration by hand": (
        "mainline",
        manual(
            "6.18.22",
            RELEASE,
            'pkgs.runCommand "config" { } ""',
            'config = { CONFIG_DRM_ACCEL = "y"; CONFIG_DRM_ACCEL_ROCKET = "n"; };',
        ),
        "DRM_ACCEL_ROCKET=n",
        "",
    ),
    "mainline, custom": (
        "mainline",
        f'boot.kernelPackages = pkgs.linuxPackages_custom {{ version = "6.12.1"; {RELEASE}'
        " configfile = ./with-rocket.config; };",
        "6.12.1 has no rocket driver",
        "",
    ),
    "mainline, Rockchip's own": (
        "mainline",
        manual("6.18.0-rockchip", VENDOR_SOURCE, "./nothing.config"),
        "",
        "looks like Rockchip's own kernel",
    ),
    "mainline, own driver not asked for": (
        "mainline",
        "boot.kernelPackages = pkgs.linuxPackages_6_12; hardware.rknn.driver.enable = false;",
        "",
        "",
    ),
    "vendor, default kernel": ("vendor", "", "", ""),
    "vendor, 6.12": (
        "vendor",
        "boot.kernelPackages = pkgs.linuxPackages_6_12;",
        "compiles with Linux 6.13 and later, not with linux 6.12.74",
        "",
    ),
    "vendor, no package on a release": (
        "vendor",
        "hardware.rknn.driver.package = null;",
        "is a mainline release, none of which has the rknpu driver",
        "",
    ),
    "vendor, no package, a patch brings the driver": (
        "vendor",
        "hardware.rknn.driver.package = null; " + patch("rknpu-driver", "", "./rocket.patch"),
        "",
        "unknown whether",
    ),
    "vendor, a symbol no release has": (
        "vendor",
        patch("rknpu", "structuredExtraConfig.ROCKCHIP_RKNPU = lib.kernel.module;"),
        "a symbol that no mainline kernel has",
        "",
    ),
    "vendor, a symbol no release has, no package": (
        "vendor",
        "hardware.rknn.driver.package = null; "
        + patch("rknpu", "structuredExtraConfig.ROCKCHIP_RKNPU = lib.kernel.module;"),
        "a symbol that no mainline kernel has",
        "",
    ),
    "vendor, module for another kernel": (
        "vendor",
        "hardware.rknn.driver.package = pkgs.rknn.driverFor pkgs.linuxPackages_latest;",
        "is built for Linux 7.0.4 and does not load into linux 6.18.22",
        "",
    ),
    "vendor, no modules": (
        "vendor",
        manual("6.18.22", RELEASE, "./no-modules.config"),
        "the out-of-tree rknpu module needs MODULES",
        "",
    ),
    "vendor, Rockchip's own with the driver": (
        "vendor",
        manual("6.1.115-rockchip", VENDOR_SOURCE, "./rknpu.config"),
        "",
        "",
    ),
    "vendor, Rockchip's own without the driver": (
        "vendor",
        manual("6.1.115-rockchip", VENDOR_SOURCE, "./no-rknpu.config") + "hardware.rknn.driver.package = null;",
        "configured without ROCKCHIP_RKNPU",
        "",
    ),
    "vendor, Rockchip's own and a second driver": (
        "vendor",
        manual("6.1.115-rockchip", VENDOR_SOURCE, "./rknpu.config")
        + "hardware.rknn.driver.package = pkgs.rknn.driverFor config.boot.kernelPackages;",
        "has the rknpu driver itself (ROCKCHIP_RKNPU=y)",
        "",
    ),
    "vendor, Rockchip's own that cannot be read": (
        "vendor",
        manual("6.1.115-rockchip", VENDOR_SOURCE, 'pkgs.runCommand "config" { } ""'),
        "",
        "unknown whether",
    ),
    "vendor, overlay on trees without the nodes": (
        "vendor",
        "boot.kernelPackages = pkgs.linuxPackages_6_12; hardware.rknn.driver.package = pkgs.hello;",
        "mainline's device trees have since Linux 6.18",
        "",
    ),
    "vendor, overlay without device trees": (
        "vendor",
        "hardware.deviceTree.enable = false;",
        "needs hardware.deviceTree.enable = true",
        "",
    ),
    "vendor, nothing describes the NPU": (
        "vendor",
        "hardware.rknn.driver.deviceTreeOverlay = false;",
        "",
        "loads but binds to nothing",
    ),
    "mainline, a board that enables the nodes": ("mainline", f'hardware.deviceTree.name = "{PLUS}";', "", ""),
    "mainline, a board that leaves them disabled": ("mainline", f'hardware.deviceTree.name = "{ROCK_5A}";', "", ""),
    "mainline, a board without the regulator": (
        "mainline",
        f'hardware.deviceTree.name = "{EDGE_2}";',
        "leaves the NPU disabled and names no regulator",
        "",
    ),
    "mainline, an unknown board": (
        "mainline",
        'hardware.deviceTree.name = "rockchip/rk3588-of-mine.dtb";',
        "",
        "enables the NPU (rknn_core_*, rknn_mmu_*)",
    ),
    "not an RK3588": (
        "mainline",
        'boot.kernelPackages = pkgs.linuxPackages_6_12; hardware.deviceTree.name = "broadcom/bcm2711-rpi-4-b.dtb";',
        "",
        "nothing is installed for the NPU",
    ),
    "refused, and built nevertheless": (
        "mainline",
        'boot.kernelPackages = pkgs.linuxPackages_6_12; hardware.rknn.onUnsuitableKernel = "warn";',
        "",
        "will not work: linux 6.12.74 has no rocket driver",
    ),
}
FILES = {
    "with-rocket.config": "CONFIG_MODULES=y\nCONFIG_DRM_ACCEL=y\nCONFIG_DRM_ACCEL_ROCKET=m\n",
    "without-rocket.config": "CONFIG_MODULES=y\nCONFIG_DRM_ACCEL=y\n# CONFIG_DRM_ACCEL_ROCKET is not set\n",
    "whole.config": "".join(
        f"CONFIG_{name}=y\n" for name in ("MODULES", "DRM", "DRM_ACCEL", "ROCKCHIP_IOMMU", "ARCH_ROCKCHIP")
    )
    + "".join(f"CONFIG_OTHER_{number}=y\n" for number in range(1500)),
    "nothing.config": "CONFIG_MODULES=y\n",
    "no-modules.config": "# CONFIG_MODULES is not set\n",
    "rknpu.config": "CONFIG_MODULES=y\nCONFIG_ROCKCHIP_RKNPU=y\n",
    "no-rknpu.config": "CONFIG_MODULES=y\n# CONFIG_ROCKCHIP_RKNPU is not set\n",
    "rocket.patch": "",
}


@pytest.fixture(scope="module")
def machines(kept: Kept, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Configuration]:
    """Every kernel of the table, evaluated together."""
    return kept("kernels", lambda: evaluated(tmp_path_factory.mktemp("kernels")), Path(__file__), ROOT / "nixos")


def evaluated(here: Path) -> dict[str, Configuration]:
    for name, text in FILES.items():
        (here / name).write_text(text)
    requests = {}
    for number, (name, (stack, body, _, _)) in enumerate(KERNELS.items()):
        module = here / f"machine-{number}.nix"
        module.write_text(f"{{ config, lib, pkgs, ... }}: {{ {body} }}\n")
        overlays = tuple(ROOT / "nixos/overlays" / f"{one}.nix" for one in ("rknn-packages", "linux-rknpu"))
        subject = Subject(
            ROOT, ROOT / "nixos/modules/nixos/rknn.nix", ("hardware", "rknn"), overlays=overlays, imports=(module,)
        )
        requests[name] = Request(subject, {"enable": True, "stack": stack})
    results = evaluate(requests, nixpkgs=None, deadline=Deadline.after(120, "the kernels to be evaluated"))
    errors = {name: one.error for name, one in results.items() if one.error}
    assert not errors, errors
    return {name: one.configuration for name, one in results.items() if one.configuration}


@pytest.mark.parametrize("name", KERNELS)
def test_kernel_gets_the_answer_it_deserves(name: str, machines: dict[str, Configuration]) -> None:
    _, _, refusal, doubt = KERNELS[name]
    refused = [one.message for one in machines[name].assertions if not one.holds and "hardware.rknn" in one.message]
    warned = [one for one in machines[name].warnings if "hardware.rknn" in one]
    assert bool(refused) is bool(refusal), refused
    assert not refusal or any(refusal in one for one in refused), refused
    assert bool(warned) is bool(doubt), warned
    assert not doubt or any(doubt in one for one in warned), warned


def test_a_refusal_says_how_to_go_on(machines: dict[str, Configuration]) -> None:
    for name, (_, _, refusal, _) in KERNELS.items():
        for one in machines[name].assertions:
            if refusal and not one.holds:
                assert "onUnsuitableKernel" in one.message and "isRk3588 = false" in one.message


def test_whose_driver_is_installed(machines: dict[str, Configuration]) -> None:
    added = {name: [one.pname for one in machine.kernel.extra_packages] for name, machine in machines.items()}
    assert added["vendor, default kernel"] == ["rknpu"]
    assert added["vendor, Rockchip's own with the driver"] == []
    assert added["vendor, Rockchip's own that cannot be read"] == []
    assert added["mainline, default kernel"] == []


def test_device_trees_are_changed_where_they_have_to_be(machines: dict[str, Configuration]) -> None:
    overlays = {name: machine.device_tree.overlays for name, machine in machines.items()}
    assert [one.name for one in overlays["vendor, default kernel"]] == ["rknpu"]
    assert overlays["vendor, Rockchip's own with the driver"] == ()
    assert overlays["mainline, a board that enables the nodes"] == ()
    assert overlays["mainline, default kernel"] == ()
    (rocket,) = overlays["mainline, a board that leaves them disabled"]
    assert rocket.filter == ROCK_5A
    assert rocket.text is not None and "npu-supply = <&vdd_npu_s0>" in rocket.text and "_SUPPLY" not in rocket.text
