"""Checks of real hardware on a node that answers from a table: healthy, broken in one way, or silent."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import handmade
import pytest
from fakehost import FakeHost, Reply

from rknn_validation.checks.model import Check, Status
from rknn_validation.checks.node import (
    HARDWARE_CHECKS,
    NODE_CHECKS,
    Expectation,
    NodeUnderTest,
    ask,
    checks_of,
    containers,
)
from rknn_validation.checks.node.registry import STAGES
from rknn_validation.npu.boards import BOARDS
from rknn_validation.npu.stacks import STACKS
from rknn_validation.subject.validation import Scenario

pytestmark = pytest.mark.unit

HASH = "0a1b2c3d4e5f6g7h8i9j0k1l2m3n4p5q"
RUNTIME = f"/nix/store/{HASH}-rknn-runtime-2.3.2"
MESA = f"/nix/store/{HASH}-mesa-25.3.1"
KERNEL = f"/nix/store/{HASH}-linux-6.18.22/Image"
CONFIG = "from /proc/config.gz\nCONFIG_ARM64=y\nCONFIG_ARCH_ROCKCHIP=y\nCONFIG_ROCKCHIP_IOMMU=y\n"
REGULATOR = "/sys/class/regulator/regulator.42"
ZONE = "/sys/class/thermal/thermal_zone6"
THERMAL = (
    f"{ZONE}/type=npu-thermal\n{ZONE}/temp=41615\n{ZONE}/trip_point_0_temp=85000\n{ZONE}/trip_point_0_type=passive\n"
    f"{ZONE}/trip_point_1_temp=115000\n{ZONE}/trip_point_1_type=critical\n"
)
DEVFREQ = "/sys/class/devfreq/fdab0000.npu"
DISKS = (
    "Filesystem     1024-blocks     Used Available Capacity Mounted on\n"
    "/dev/mmcblk0p2    60000000 20000000  37000000      36% /\ntmpfs 8000000 4000 7900000 1% /run\n"
)
MEMORY = "MemAvailable:   15311104 kB\nCmaTotal:          65536 kB\nCmaFree:           60000 kB\n"
LOGIN = "env -i HOME=/var/empty"
ANSWERS = "hardware-version 1179210309\ndriver-version 908\niommu 1\n"

COMMON: dict[str, Reply] = {
    "device-tree/compatible": (
        "/proc/device-tree/compatible=xunlong,orangepi-5-plus rockchip,rk3588 \n"
        "/proc/device-tree/model=Xunlong Orange Pi 5 Plus \n"
    ),
    "cpu/present": "/sys/devices/system/cpu/present=0-7 \n/sys/devices/system/cpu/online=0-7 \n",
    "uname -r && readlink -e /run/booted": f"6.18.22\n{KERNEL}\n{KERNEL}\n",
    "devices_deferred": "fddb0000.hdmi\tdwhdmi: bind pending\n",
    "thermal_zone": THERMAL,
    "^df ": DISKS,
    "pstore": "from journalctl -k -b -1\nreboot: Restarting system\n",
    "systemd-run": "",
    "requisites": RUNTIME,
    "verify-path": "",
    "/npu-client": (1, ""),
    "command -v python3": "/run/current-system/sw/bin/python3\n",
}
STUCK = "NPU load:  Core0: 99%, Core1:  0%, Core2:  0%,\n"
VENDOR: dict[str, Reply] = {
    **COMMON,
    "for try in": "NPU load:  Core0:  0%, Core1:  0%, Core2:  0%,\n",
    "config.gz": CONFIG,
    "modinfo": "/run/booted-system/kernel-modules/lib/modules/6.18.22/extra/rknpu.ko\n",
    "^dmesg": "[    4.1] RKNPU fdab0000.npu: RKNPU: rknpu iommu is enabled, using iommu mode\n",
    "MemAvailable": f"{MEMORY}fdab0000.npu ../../../kernel/iommu_groups/0\n",
    "iommu_group": "fdab0000.npu ../../../kernel/iommu_groups/0\n",
    "for driver in RKNPU": "RKNPU fdab0000.npu\n",
    "rknpu/load": "/sys/kernel/debug/rknpu/load=NPU load:  Core0:  0%, Core1:  0%, Core2:  0%, \n",
    "rknpu/version": "/sys/kernel/debug/rknpu/version=RKNPU driver: v0.9.8 \n",
    "librknnrt version": f"{RUNTIME}/lib/librknnrt.so\nlibrknnrt version: 2.3.2\n",
    "regulator": f"{REGULATOR}/name=vdd_npu_s0 \n{REGULATOR}/state=enabled \n",
    "devfreq": f"{DEVFREQ}/cur_freq=1000000000 \n{DEVFREQ}/available_frequencies=300000000 1000000000 \n",
    "for path in /dev/rknpu": "/dev/rknpu\n",
    "^stat ": "character special file|a|7c|root|render|303|660\n",
    "command -v rknpu-query": "/run/current-system/sw/bin/rknpu-query\n",
    "^rknpu-query": ANSWERS,
    f"{LOGIN}.*exec python3": f"loaded {RUNTIME}/lib/librknnrt.so\n",
    "^readlink -e /usr/lib": f"{RUNTIME}/lib/librknnrt.so\n",
}
ROCKET = "rocket fdab0000.npu\nrocket fdac0000.npu\nrocket fdad0000.npu\n"
GROUPS = "".join(f"{node} ../../../kernel/iommu_groups/{index}\n" for index, node in enumerate(ROCKET.split()[1::2]))
MAINLINE: dict[str, Reply] = {
    **COMMON,
    "config.gz": f"{CONFIG}CONFIG_DRM_ACCEL=y\nCONFIG_DRM_ACCEL_ROCKET=m\n",
    "^dmesg": "[    4.1] rocket fdab0000.npu: Rockchip NPU core 0 version: 1179210309\n",
    "MemAvailable": MEMORY + GROUPS,
    "iommu_group": GROUPS,
    "for driver in RKNPU": ROCKET,
    "regulator": f"{REGULATOR}/name=vdd_npu_s0 \n{REGULATOR}/state=disabled \n"
    "/sys/bus/platform/drivers/rocket/fdab0000.npu/power/runtime_status=suspended \n",
    "for node in /dev/accel": "/dev/accel/accel0\n",
    "^stat ": "character special file|105|0|root|render|303|660\n",
    "^python3 -c": "driver-name rocket\n",
    "uname -r && readlink -e /run/opengl": f"6.18.22\n{MESA}/lib/libteflon.so\n",
    f"{LOGIN}.*exec python3": f"loaded {MESA}/lib/libteflon.so\n",
    "requisites": MESA,
}
HEALTHY = {"vendor": VENDOR, "mainline": MAINLINE, "none": COMMON}


NO_CONTAINER = f"{containers.ENDED}\n"


def question(stack: str, changed: Mapping[str, Reply] = {}, **more: Any) -> NodeUnderTest:
    board = BOARDS["orangepi-5-plus"]
    configuration = {"vendor": handmade.vendor, "mainline": handmade.mainline}.get(stack, handmade.configuration)()
    configuration = replace(configuration, kernel=handmade.kernel("6.18.22"))
    expectation = Expectation(Scenario("x", stack, {}, (board.name,)), board, configuration, STACKS.get(stack), False)
    healthy = {**HEALTHY[stack], r"^date \+%s": f"{int(time.time())}\nyes\n", r"(?m)^leaders": NO_CONTAINER}
    # What was changed is looked for first.
    host: Any = FakeHost({**changed, **{key: reply for key, reply in healthy.items() if key not in changed}})
    return NodeUnderTest(host, replace(expectation, **more))


def stacks_of(check: Check[NodeUnderTest]) -> list[str]:
    return sorted(check.stacks)


EVERY = [(check, stack) for check in HARDWARE_CHECKS.all() for stack in stacks_of(check)]
NAMES = [f"{check.id}-{stack}" for check, stack in EVERY]


@pytest.mark.parametrize(("check", "stack"), EVERY, ids=NAMES)
def test_a_healthy_node_passes(check: Check[NodeUnderTest], stack: str) -> None:
    answer = ask(check, question(stack))
    if check.stage == "inference" or check.level > 1:
        assert (answer.status, "no model is to be run" in answer.reason) == (Status.SKIP, True)
    elif check.stage == "container":
        assert (answer.status, "no container maps an NPU" in answer.reason) == (Status.SKIP, True), answer
    else:
        assert answer.status is Status.PASS, answer.reason
        assert answer.evidence


@pytest.mark.parametrize(("check", "stack"), EVERY, ids=NAMES)
def test_a_node_that_runs_no_command_is_inconclusive_or_skipped(check: Check[NodeUnderTest], stack: str) -> None:
    host: Any = FakeHost({})
    answer = ask(check, replace(question(stack), host=host))
    assert answer.status in (Status.INCONCLUSIVE, Status.SKIP), answer.reason
    assert answer.reason


RKNPU_OFF = "/sys/kernel/debug/rknpu/version=RKNPU driver: v0.9.3 \n"
STALE = "/nix/store/9z9z9z9z9z9z9z9z9z9z9z9z9z9z9z9z-rknn-runtime-2.3.0/lib/librknnrt.so"
OFF = f"{REGULATOR}/name=vdd_npu_s0 \n{REGULATOR}/state=disabled \n"
BUSY = "/sys/bus/platform/drivers/RKNPU/fdab0000.npu/power/runtime_status=active \n"
NO_IOMMU = "fdab0000.npu none\n"
LITTLE = MEMORY.replace("60000", "4096")
PINNED = "RKNPU: failed to wait job, task counter: 0, flags: 0x5, ret = 0, elapsed time: 6252728us\n"
REPLACED = f"path '{RUNTIME}' was modified! expected hash 'sha256:1', got 'sha256:2'"

FAIL, WHO = Status.FAIL, Status.INCONCLUSIVE
BROKEN: list[tuple[str, str, dict[str, Reply], Status, str]] = [
    ("identity.board", "vendor", {"compatible": "/proc/device-tree/compatible=raspberrypi,4-model-b brcm,bcm2711 \n"
     "/proc/device-tree/model=Raspberry Pi 4 Model B Rev 1.4 \n"}, FAIL, "no RK3588"),
    ("identity.board", "vendor", {"compatible": "/proc/device-tree/compatible=radxa,rock-5b rockchip,rk3588 \n"
     "/proc/device-tree/model=Radxa ROCK 5B \n"}, FAIL, "the inventory says orangepi-5-plus"),
    ("identity.board", "none", {"compatible": ""}, WHO, "container"),
    ("identity.cores", "vendor", {"cpu/present": "/sys/devices/system/cpu/present=0-3 \n"
     "/sys/devices/system/cpu/online=0-3 \n"}, FAIL, "found 4"),
    ("identity.cores", "mainline", {"cpu/present": "/sys/devices/system/cpu/present=0-7 \n"
     "/sys/devices/system/cpu/online=0-3,6-7 \n"}, FAIL, "2 of 8 processors are off"),
    ("identity.clock", "vendor", {r"^date \+%s": "1767225600\nno\n"}, FAIL, "behind"),
    ("identity.clock", "none", {r"^date \+%s": (1, "", "date: invalid")}, WHO, "does not report"),
    ("identity.disk-space", "vendor", {"^df ": DISKS.replace("37000000", "0")}, FAIL, "0 MiB are left on /"),
    ("identity.disk-space", "none", {"^df ": ""}, WHO, "df does not report"),
    ("kernel.release-matches", "vendor", {"uname -r && readlink -e /run/booted":
     f"6.12.40\n{KERNEL.replace('6.18.22', '6.12.40')}\n{KERNEL}\n"}, FAIL, "switched to another kernel"),
    ("kernel.release-matches", "vendor", {"uname -r && readlink -e /run/booted": (1, "6.1.115\n")}, WHO, "NixOS"),
    ("kernel.config-has-driver", "mainline", {"config.gz": CONFIG + "# CONFIG_DRM_ACCEL_ROCKET is not set\n"
     "CONFIG_DRM_ACCEL=y\n", "modinfo": (1, "", "modinfo: ERROR: Module rocket not found.")}, FAIL,
     "no DRM_ACCEL_ROCKET in the running kernel, and no module rocket for it"),
    ("kernel.config-has-driver", "mainline", {"config.gz": CONFIG + "CONFIG_DRM_ACCEL_ROCKET=m\n"}, FAIL,
     "lacks DRM_ACCEL"),
    ("kernel.config-has-driver", "vendor", {"modinfo": (1, "", "modinfo: ERROR: Module rknpu not found.")}, FAIL,
     "no module rknpu"),
    ("kernel.config-has-driver", "mainline", {"config.gz": "from /proc/config.gz\n"}, WHO, "cannot be read"),
    ("kernel.config-has-driver", "vendor", {"config.gz": ""}, WHO, "cannot be read"),
    ("kernel.no-known-errors", "vendor", {"^dmesg": PINNED}, FAIL, "a job did not finish"),
    ("kernel.no-known-errors", "mainline", {"^dmesg": "rk_iommu fdab9000.iommu: FORCE_RESET command timed out\n"}, FAIL,
     "MMU does not answer"),
    ("driver.matches-stack", "vendor", {"for driver in RKNPU": ROCKET}, FAIL, "another stack's driver has fdab0000"),
    ("driver.matches-stack", "mainline", {"for driver in RKNPU": ""}, FAIL, "rocket has no NPU"),
    ("driver.matches-stack", "mainline", {"for driver in RKNPU": (9, "")}, WHO, "could not be asked"),
    ("driver.all-cores", "mainline", {"for driver in RKNPU": ROCKET.partition("\n")[0]}, FAIL, "1 of 3"),
    ("driver.all-cores", "vendor", {"rknpu/load": "/proc/rknpu/load=NPU load:  Core0:  0%, \n"}, FAIL, "1 cores"),
    ("driver.all-cores", "vendor", {"rknpu/load": ""}, WHO, "no debugfs"),
    ("driver.iommu-enabled", "vendor", {"iommu_group": NO_IOMMU}, FAIL, "no IOMMU for fdab0000.npu"),
    ("driver.iommu-enabled", "vendor", {"iommu_group": ""}, Status.SKIP, "kernel.driver-bound"),
    ("driver.memory-sufficient", "vendor", {"MemAvailable": LITTLE + NO_IOMMU}, FAIL, "4 MiB of contiguous"),
    ("driver.memory-sufficient", "mainline", {"MemAvailable": "MemAvailable:  100000 kB\n"}, FAIL, "97 MiB"),
    ("driver.memory-sufficient", "mainline", {"MemAvailable": ""}, WHO, "does not show"),
    ("power.nothing-deferred", "vendor", {"devices_deferred":
     "fdab0000.npu\tRKNPU: failed to get vdd regulator\n"}, FAIL, "failed to get vdd regulator"),
    ("power.nothing-deferred", "vendor", {"devices_deferred": (1, "", "cat: No such file")}, WHO, "no debugfs"),
    ("power.supply-on", "vendor", {"regulator": OFF}, FAIL, "no driver has the NPU"),
    ("power.supply-on", "vendor", {"regulator": OFF + BUSY}, FAIL, "in use"),
    ("power.supply-on", "vendor", {"regulator": ""}, WHO, "no regulators"),
    ("power.supply-on", "vendor", {"regulator": OFF.replace("npu", "gpu")}, Status.SKIP, "named after"),
    ("power.temperature", "vendor", {"thermal_zone": THERMAL.replace("41615", "91000")}, FAIL, "91 °C"),
    ("power.temperature", "vendor", {"thermal_zone": THERMAL.replace("temp=41615", "temp=")}, WHO, "no temperature"),
    ("power.temperature", "mainline", {"thermal_zone": THERMAL.replace("npu-", "gpu-")}, Status.SKIP, "named after"),
    ("power.frequency-is-stock", "vendor", {"devfreq": f"{DEVFREQ}/cur_freq=1200000000 \n"
     f"{DEVFREQ}/available_frequencies=300000000 1000000000 \n"}, FAIL, "1200 MHz"),
    ("power.frequency-is-stock", "vendor", {"devfreq": f"{DEVFREQ}/cur_freq=300000000 \n"
     f"{DEVFREQ}/available_frequencies=300000000 1100000000 \n"}, FAIL, "above this SoC's 1000 MHz"),
    ("power.frequency-is-stock", "vendor", {"devfreq": f"{DEVFREQ}/cur_freq= \n"}, WHO, "does not report"),
    ("power.frequency-is-stock", "vendor", {"devfreq": ""}, Status.SKIP, "no devfreq"),
    ("access.service-user-opens", "vendor", {"systemd-run": (1, "", "sh: cannot open /dev/rknpu")}, FAIL,
     "a service in the group render cannot open"),
    ("access.service-user-opens", "mainline", {"for node in /dev/accel": ""}, Status.SKIP, "device.present"),
    ("device.ioctl-answers", "vendor", {"^rknpu-query": ANSWERS.replace("1179210309", "4294967295")}, FAIL, "-1"),
    ("device.ioctl-answers", "vendor", {"^rknpu-query": ANSWERS.replace("1179210309", "17")}, FAIL, "0x11"),
    ("device.ioctl-answers", "vendor", {"^rknpu-query": ANSWERS.replace("iommu 1", "iommu 0")}, FAIL, "IOMMU is off"),
    ("device.ioctl-answers", "vendor", {"^rknpu-query": (1, "", "Inappropriate ioctl")}, FAIL, "does not answer"),
    ("device.ioctl-answers", "mainline", {"^python3 -c": "driver-name panfrost\n"}, FAIL, "panfrost"),
    ("device.ioctl-answers", "mainline", {"^python3 -c": (1, "", "OSError: [Errno 19] No such device")}, FAIL,
     "does not answer"),
    ("device.ioctl-answers", "mainline", {"command -v python3": (1, "")}, Status.SKIP, "neither"),
    ("library.loaded-from-running-system", "vendor", {f"{LOGIN}.*exec python3": (1, "", "OSError: librknnrt.so: cannot "
     "open shared object file: No such file or directory")}, FAIL, "does not find librknnrt.so"),
    ("library.loaded-from-running-system", "vendor", {f"{LOGIN}.*exec python3": f"loaded {STALE}\n",
     "requisites": (1, "")}, FAIL, "stale"),
    ("library.loaded-from-running-system", "mainline", {f"{LOGIN}.*exec python3": "loaded /usr/lib/libteflon.so\n"},
     FAIL, "not in the store"),
    ("library.loaded-from-running-system", "vendor", {"requisites": (9, "")}, WHO, "nix-store"),
    ("library.link-is-current", "vendor", {"^readlink -e /usr/lib": STALE, "requisites": (1, "")}, FAIL, "stale"),
    ("library.link-is-current", "vendor", {"verify-path": (1, "", REPLACED)}, FAIL, "hash differs"),
    ("library.link-is-current", "vendor", {"verify-path": (1, "", "error: cannot connect")}, WHO, "cannot verify"),
    ("library.link-is-current", "vendor", {"^readlink -e /usr/lib": (1, "")}, Status.SKIP, "runtime-in-place"),
    ("driver.fits-runtime", "vendor", {"rknpu/version": RKNPU_OFF}, FAIL, "cores 1 and 2"),
    ("driver.fits-runtime", "vendor", {"rknpu/version": RKNPU_OFF.replace("0.9.3", "0.9.2")}, FAIL, "cores 1 and 2"),
    ("driver.fits-runtime", "vendor", {"rknpu/version": RKNPU_OFF.replace("0.9.3", "0.8.2")}, FAIL, "needs driver 0.9"),
    ("kernel.last-boot-ended-well", "vendor", {"pstore": "from /sys/fs/pstore/dmesg-ramoops-0\n<1>Unable to handle "
     "kernel NULL pointer dereference\n<4>pc : rocket_job_run+0x20/0x80\n"}, FAIL, "Unable to handle kernel"),
    ("kernel.last-boot-ended-well", "mainline", {"pstore": ""}, Status.SKIP, "keeps no log"),
    ("identity.board", "vendor", {"compatible": "/proc/device-tree/compatible=radxa,rock-5c-lite rockchip,rk3582 "
     "rockchip,rk3588s \n/proc/device-tree/model=Radxa ROCK 5C Lite \n"}, FAIL, "its RK3582 has another NPU"),
    ("driver.nothing-stuck", "vendor", {"for try in": STUCK, "lstart": ""}, FAIL, "nobody has the devnode open"),
    ("driver.nothing-stuck", "vendor", {"for try in": STUCK, "lstart": "812 yolo\n"}, Status.PASS, "812 yolo"),
    ("driver.nothing-stuck", "vendor", {"for try in": (9, "")}, WHO, "cannot be read"),
    ("driver.fits-runtime", "vendor", {"rknpu/version": ""}, WHO, "no version"),
    ("driver.fits-runtime", "mainline", {"uname -r && readlink -e /run/opengl": f"6.12.40\n{MESA}/lib/libteflon.so\n"},
     FAIL, "6.18 is the first"),
    ("driver.fits-runtime", "mainline", {"uname -r && readlink -e /run/opengl":
     f"6.18.2\n{MESA.replace('25.3.1', '25.2.4')}/lib/libteflon.so\n"}, FAIL, "Mesa 25.2"),
    ("driver.fits-runtime", "mainline", {"uname -r && readlink -e /run/opengl":
     f"6.18.2\n/nix/store/{HASH}-graphics-drivers/lib/libteflon.so\n"}, WHO, "does not contain Mesa"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("check", "stack", "changed", "status", "says"), BROKEN, ids=[f"{one[0]}-{one[1]}-{one[4]}" for one in BROKEN]
)
def test_a_broken_node_fails_with_its_reason(
    check: str, stack: str, changed: dict[str, Reply], status: Status, says: str
) -> None:
    answer = ask(HARDWARE_CHECKS[check], question(stack, changed))
    assert answer.status is status, answer.reason
    assert says in answer.reason
    assert answer.evidence or status is Status.SKIP


def test_every_check_fails_in_some_case() -> None:
    shown = {one[0] for one in BROKEN if one[3] is FAIL} | {"inference.golden-output", "inference.faster-than-cpu"}
    # Those of higher levels: test_sustained.py; of containers: test_containers.py.
    every = (check for check in HARDWARE_CHECKS.all() if check.level == 1 and check.stage != "container")
    assert shown == {check.id for check in every}


def test_the_toolkit_in_the_configuration_is_compared_with_the_runtime() -> None:
    toolkit = replace(handmade.TOOLKIT, version="2.3.2")
    good = replace(handmade.vendor(), system_packages=(toolkit,))
    old: dict[str, Reply] = {"librknnrt version": f"{RUNTIME}/lib/librknnrt.so\nlibrknnrt version: 1.4.0\n"}
    assert ask(HARDWARE_CHECKS["driver.fits-runtime"], question("vendor", configuration=good)).status is Status.PASS
    assert ask(HARDWARE_CHECKS["driver.fits-runtime"], question("vendor", old, configuration=good)).status is FAIL
    patch: dict[str, Reply] = {"librknnrt version": old["librknnrt version"].replace("1.4.0", "2.3.0")}  # type: ignore[union-attr]
    answer = ask(HARDWARE_CHECKS["driver.fits-runtime"], question("vendor", patch, configuration=good))
    assert (answer.status, answer.reason) == (FAIL, "runtime 2.3.0 with a toolkit of 2.3.2")
    newest = replace(good, system_packages=(replace(toolkit, version="2.5.0"),))
    answer = ask(HARDWARE_CHECKS["driver.fits-runtime"], question("vendor", configuration=newest))
    assert answer.status is WHO and "not published" in answer.reason


def test_the_kernel_version_is_compared_if_the_real_nixpkgs_evaluated_it() -> None:
    check = HARDWARE_CHECKS["kernel.release-matches"]
    known = question("vendor", nixpkgs="nixpkgs 26.05")
    assert "as configured" in ask(check, known).reason
    other = replace(known.expectation.configuration, kernel=handmade.kernel("6.18.2"))
    answer = ask(check, question("vendor", nixpkgs="nixpkgs 26.05", configuration=other))
    assert (answer.status, answer.reason) == (FAIL, "6.18.22 runs, the configuration says 6.18.2")


def test_the_devnode_is_opened_as_the_service_user_of_the_inventory() -> None:
    check = HARDWARE_CHECKS["access.service-user-opens"]
    assert "inference opened /dev/rknpu" in ask(check, question("vendor", service_user="inference")).reason
    unknown: dict[str, Reply] = {"User=inference": (217, "", "Failed to determine credentials: Unknown user")}
    assert ask(check, question("vendor", unknown, service_user="inference")).reason == (
        "there is no user inference on the node"
    )


def test_rockchips_name_for_a_board_is_accepted() -> None:
    vendors: dict[str, Reply] = {
        "compatible": "/proc/device-tree/compatible=rockchip,rk3588-orangepi-5-plus rockchip,rk3588 \n"
        "/proc/device-tree/model=RK3588 OPi 5 Plus \n"
    }
    assert ask(HARDWARE_CHECKS["identity.board"], question("vendor", vendors)).status is Status.PASS


def test_hardware_checks_are_only_asked_of_real_hardware() -> None:
    expectation = question("vendor").expectation
    ordinary = {check.id for check in checks_of(expectation)}
    real = checks_of(expectation, "hardware")
    assert ordinary.isdisjoint(check.id for check in HARDWARE_CHECKS.all())
    assert ordinary < {check.id for check in real}
    assert len(real) == len(ordinary) + sum(check.level == 1 for check in HARDWARE_CHECKS.all())
    stages = [STAGES.index(check.stage) for check in real]
    assert stages == sorted(stages)
    assert {check.id for check in HARDWARE_CHECKS.all()}.isdisjoint(check.id for check in NODE_CHECKS.all())
