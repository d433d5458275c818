"""rknn-doctor on simulated file trees, and rknpu-query compiled."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from rknn_npu_driver import metrics

from rknn_validation.npu import codes

pytestmark = pytest.mark.integration

TOOLS = Path(__file__).parents[3] / "nixos/pkgs/rknn/diagnostics"
DOCTOR = TOOLS / "rknn-doctor.sh"
READINGS = TOOLS / "rknn-readings.sh"
LIBRARY = b"\x7fELF....librknnrt version: 2.3.2 (429f97ae6b@2025-04-09)...."

Change = Callable[[Path], None]


def write(path: Path, content: str | bytes) -> None:
    """A file and the directories above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)


def link(path: Path, target: str) -> None:
    """A symbolic link and the directories above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(target)


def board(root: Path) -> None:
    """What every RK3588 has."""
    write(root / "proc/device-tree/compatible", "xunlong,orangepi-5-plus\0rockchip,rk3588\0")
    write(root / "proc/device-tree/model", "Xunlong Orange Pi 5 Plus\0")
    write(root / "proc/sys/kernel/osrelease", "6.18.22\n")
    write(root / "proc/modules", "loop 49152 0 - Live 0x0\n")
    (root / "sys/bus/platform/drivers").mkdir(parents=True)
    write(root / "sys/class/thermal/thermal_zone6/type", "npu-thermal\n")
    write(root / "sys/class/thermal/thermal_zone6/temp", "41615\n")


def npu(root: Path, address: str, compatible: str, status: str = "okay") -> None:
    """An NPU node of the device tree."""
    write(root / f"proc/device-tree/npu@{address}/compatible", f"{compatible}\0")
    write(root / f"proc/device-tree/npu@{address}/status", f"{status}\0")


def vendor(root: Path) -> None:
    """A healthy machine of the vendor stack."""
    board(root)
    npu(root, "fdab0000", "rockchip,rk3588-rknpu")
    link(root / "sys/bus/platform/drivers/RKNPU/fdab0000.npu", "../../devices/fdab0000.npu")
    write(root / "dev/rknpu", "")
    (root / "dev/rknpu").chmod(0o660)
    write(root / "sys/kernel/debug/rknpu/version", "RKNPU driver: v0.9.8\n")
    write(root / "sys/kernel/debug/rknpu/load", "NPU load:  Core0:  0%, Core1:  0%, Core2:  0%,\n")
    write(root / "sys/class/devfreq/fdab0000.npu/cur_freq", "1000000000\n")
    write(root / "nix/store/0-rknn-runtime/lib/librknnrt.so", LIBRARY)
    link(root / "usr/lib/librknnrt.so", "/nix/store/0-rknn-runtime/lib/librknnrt.so")


def mainline(root: Path) -> None:
    """A healthy machine of the mainline stack."""
    board(root)
    for address in ("fdab0000", "fdac0000", "fdad0000"):
        npu(root, address, "rockchip,rk3588-rknn-core")
        link(root / f"sys/bus/platform/drivers/rocket/{address}.npu", f"../../devices/{address}.npu")
    link(root / "sys/class/accel/accel0/device", "../../../devices/platform/rknn")
    write(root / "dev/accel/accel0", "")
    (root / "dev/accel/accel0").chmod(0o660)
    write(root / "run/opengl-driver/lib/libteflon.so", b"\x7fELF....")


def ran(script: Path, *arguments: str | Path, **environment: str) -> tuple[int, str]:
    """Exit status and what it printed."""
    environment = {"PATH": os.environ["PATH"], **environment}
    command = ["bash", script, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30, env=environment)
    assert done.stderr == "", done.stderr
    return done.returncode, done.stdout


def doctor(root: Path) -> tuple[int, str]:
    """Exit status and what it printed."""
    return ran(DOCTOR, "--root", root)


def test_healthy_vendor_machine(tmp_path: Path) -> None:
    vendor(tmp_path)
    status, said = doctor(tmp_path)
    assert status == 0, said
    for words in (
        "ok    board: Xunlong Orange Pi 5 Plus, kernel 6.18.22",
        "ok    driver: rknpu is bound to fdab0000.npu",
        "ok    version: RKNPU driver: v0.9.8",
        "librknnrt version: 2.3.2",
        "frequency: 1000 MHz",
        "temperature: 41 °C",
        "Core0:  0%",
    ):
        assert words in said
    assert re.search(r"ok    devnode: /dev/rknpu, \S+:\S+, mode 660", said)


def test_healthy_mainline_machine(tmp_path: Path) -> None:
    mainline(tmp_path)
    status, said = doctor(tmp_path)
    assert status == 0, said
    assert "rocket is bound to fdab0000.npu fdac0000.npu fdad0000.npu" in said
    assert "ok    devnode: /dev/accel/accel0" in said and "libteflon.so" in said


def unbound(root: Path) -> None:
    """The module is loaded, and the tree is for the other driver."""
    (root / "sys/bus/platform/drivers/RKNPU/fdab0000.npu").unlink()
    write(root / "proc/modules", "rknpu 90112 0 - Live 0x0\n")
    npu(root, "fdab0000", "rockchip,rk3588-rknn-core")


def render_node(root: Path) -> None:
    """/dev/rknpu is a link to a render node."""
    (root / "dev/rknpu").unlink()
    link(root / "dev/rknpu", "dri/renderD129")


BROKEN: dict[str, tuple[Change, Change, int, str]] = {
    "bound to nothing": (vendor, unbound, 1, "WRONG driver: rknpu is loaded, but not bound to the NPU"),
    "link to a render node": (vendor, render_node, 1, "WRONG devnode: /dev/rknpu is a link to dri/renderD129"),
    "world-writable": (vendor, lambda root: (root / "dev/rknpu").chmod(0o666), 1, "mode 666, open to all users"),
    "no device node": (vendor, lambda root: (root / "dev/rknpu").unlink(), 1, "there is no device node"),
    "dangling link": (
        vendor,
        lambda root: (root / "nix/store/0-rknn-runtime/lib/librknnrt.so").unlink(),
        1,
        "dangling link to /nix/store/0-rknn-runtime",
    ),
    "no link": (vendor, lambda root: (root / "usr/lib/librknnrt.so").unlink(), 1, "only looks there"),
    "a pointer in place of the library": (
        vendor,
        lambda root: write(root / "nix/store/0-rknn-runtime/lib/librknnrt.so", "version https://git-lfs"),
        1,
        "is not a library",
    ),
    "a driver that fits no runtime": (
        vendor,
        lambda root: write(root / "sys/kernel/debug/rknpu/version", "RKNPU driver: v0.9.2\n"),
        1,
        "WRONG version: RKNPU driver: v0.9.2: cores 1 and 2 take no jobs",
    ),
    "version unreadable": (
        vendor,
        lambda root: shutil.rmtree(root / "sys/kernel/debug"),
        3,
        "????  version: debugfs cannot be read",
    ),
    "one node disabled": (
        mainline,
        lambda root: npu(root, "fdab0000", "rockchip,rk3588-rknn-core", "disabled"),
        0,
        "npu@fdab0000 (rockchip,rk3588-rknn-core) is disabled",
    ),
    "two cores of three": (
        mainline,
        lambda root: (root / "sys/bus/platform/drivers/rocket/fdad0000.npu").unlink(),
        1,
        "fewer than three cores",
    ),
    "no driver, no node": (
        board,
        lambda root: None,
        1,
        "WRONG device tree: no NPU node is enabled",
    ),
    "another board": (
        vendor,
        lambda root: write(root / "proc/device-tree/compatible", "raspberrypi,4-model-b\0brcm,bcm2711\0"),
        4,
        "is not an RK3588",
    ),
    "device tree masked": (
        vendor,
        lambda root: shutil.rmtree(root / "proc/device-tree"),
        3,
        "????  board:",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_wrong_is_said(name: str, tmp_path: Path) -> None:
    machine, change, expected, words = BROKEN[name]
    machine(tmp_path)
    change(tmp_path)
    status, said = doctor(tmp_path)
    assert (status, words in said) == (expected, True), f"{status}\n{said}"


@pytest.mark.parametrize("arguments", [["--root"], ["--root", "/nowhere"], ["--help"]])
def test_wrong_use(arguments: list[str]) -> None:
    done = subprocess.run(["bash", DOCTOR, *arguments], capture_output=True, text=True, check=False, timeout=30)
    assert done.returncode == 2 and done.stderr


def test_json_has_the_same_findings(tmp_path: Path) -> None:
    machine, change, expected, _ = BROKEN["world-writable"]
    machine(tmp_path)
    change(tmp_path)
    write(tmp_path / "proc/device-tree/model", 'A "quoted" \\ name\0')
    saved = tmp_path / "verdict.json"
    status, said = ran(DOCTOR, "--root", tmp_path, "--json", "--save", saved)
    found = json.loads(said)
    assert (status, found["status"], found["verdict"], found["stack"]) == (expected, 1, "wrong", "vendor")
    assert found["findings"][0]["text"].startswith('A "quoted" \\ name, kernel')
    assert [one["code"] for one in found["findings"] if one["status"] == "wrong"] == ["NPU866"]
    lines = doctor(tmp_path)[1].splitlines()
    assert len(lines) == len(found["findings"])
    assert json.loads(saved.read_text())["findings"] == found["findings"]


def test_the_journal_gets_levels(tmp_path: Path) -> None:
    vendor(tmp_path)
    (tmp_path / "dev/rknpu").chmod(0o666)
    _, said = ran(DOCTOR, "--root", tmp_path, JOURNAL_STREAM="8:1")
    assert [line for line in said.splitlines() if line.startswith("<")] == [
        line for line in said.splitlines() if "WRONG" in line
    ]


def test_codes_are_those_of_the_table() -> None:
    used = set(codes.CODE.findall(DOCTOR.read_text()))
    assert len(used) > 10 and used <= set(codes.table())
    assert codes.id_of("NPU781") == "tree-without-npu" and codes.id_of("NPU866") == "world-writable"


def test_readings_are_those_of_the_machine(tmp_path: Path) -> None:
    vendor(tmp_path)
    write(tmp_path / "sys/kernel/debug/rknpu/load", "NPU load:  Core0:  7%, Core1: 100%, Core2:  0%,\n")
    write(tmp_path / "run/rknn/verdict.json", '{"verdict":"wrong","status":1}')
    _, said = ran(READINGS, "--root", tmp_path)
    for line in (
        'rknn_npu_info{stack="vendor",driver_version="0.9.8",runtime_version=""} 1',
        'rknn_npu_load_ratio{core="0"} 0.07',
        'rknn_npu_load_ratio{core="1"} 1.00',
        "rknn_npu_frequency_hertz 1000000000",
        "rknn_npu_temperature_celsius 41.615",
        'rknn_npu_verdict{verdict="wrong"} 1',
    ):
        assert line in said.splitlines()
    # Of another machine nobody knows the processes and the kernel's log.
    assert "clients" not in said and "resets" not in said
    _, line = ran(READINGS, "--root", tmp_path, "--line")
    assert "vendor load 7% 100% 0%, 1000 MHz, 41 °C, " in line and "verdict: wrong" in line


def test_what_is_not_known_is_left_out(tmp_path: Path) -> None:
    mainline(tmp_path)
    _, said = ran(READINGS, "--root", tmp_path)
    names = {line.split("{")[0].split()[0] for line in said.splitlines() if not line.startswith("#")}
    assert names == {"rknn_npu_info", "rknn_npu_temperature_celsius"}


def test_names_and_help_are_the_node_drivers() -> None:
    told = re.findall(r'(rknn_npu_\w+) (gauge|counter) "([^"]+)"', READINGS.read_text())
    shared = {name: (kind, words) for name, kind, words in told if name in metrics._HELP}
    assert len(shared) == 4 and all(metrics._HELP[name] == told for name, told in shared.items())


def test_a_watch_in_a_pipe_prints_lines(tmp_path: Path) -> None:
    vendor(tmp_path)
    tools = tmp_path / "tools"
    write(tools / "rknn-readings", f'#!/bin/sh\nexec bash {READINGS} "$@"\n')
    (tools / "rknn-readings").chmod(0o755)
    environment = {"PATH": f"{tools}:{os.environ['PATH']}"}
    command = ["bash", DOCTOR, "--root", tmp_path, "--watch", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as watching:
        assert watching.stdout
        lines = [watching.stdout.readline() for _ in range(2)]
        watching.terminate()
    assert all("1000 MHz" in line for line in lines)


def test_shellcheck_has_nothing_to_say() -> None:
    done = subprocess.run(["shellcheck", DOCTOR, READINGS], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("compiler", ["cc", "aarch64-linux-gnu-gcc"])
def test_query_compiles_without_a_warning(compiler: str, tmp_path: Path) -> None:
    source = TOOLS / "rknpu-query.c"
    if not shutil.which(compiler):
        pytest.skip(f"{compiler} is not installed; the board's compiler is asked anyway")
    options = ["-std=c11", "-O2", "-Wall", "-Wextra", "-Werror"]
    command = [compiler, *options, "-o", tmp_path / "rknpu-query", source]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    if compiler == "cc":
        codes = {
            arguments: subprocess.run(
                [tmp_path / "rknpu-query", *arguments], capture_output=True, check=False, timeout=10
            ).returncode
            for arguments in ((), ("/dev/null",), ("/nowhere",), (str(source),))
        }
        assert codes == {(): 2, ("/dev/null",): 1, ("/nowhere",): 3, (str(source),): 3}
