"""rknn-doctor, rknn-readings and rknpu-query on emulated boards: working and broken stacks."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from bench import Bench

from rknn_validation.checks.configuration import applicable, ask
from rknn_validation.checks.model import Status
from rknn_validation.common.deadline import Deadline
from rknn_validation.facts.gather import Evaluator, gather
from rknn_validation.facts.model import Facts
from rknn_validation.subject.validation import load

pytestmark = pytest.mark.vm

NIXOS = Path(__file__).parents[2] / "nixos"
TOOLS = NIXOS / "pkgs/rknn/diagnostics"
UNITS = ("rknn-check.service", "rknn-exporter.socket", "rknn-exporter@.service")


@pytest.fixture(scope="session")
def query(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """rknpu-query, compiled for the board."""
    built = tmp_path_factory.mktemp("query") / "rknpu-query"
    options = ["-std=c11", "-O2", "-Wall", "-Wextra", "-Werror", "-static"]
    subprocess.run(["aarch64-linux-gnu-gcc", *options, "-o", built, TOOLS / "rknpu-query.c"], check=True, timeout=60)
    return built.read_bytes()


def install(bench: Bench, query: bytes) -> None:
    """Put the tools where PATH finds them."""
    scripts = {name: (TOOLS / f"{name}.sh").read_bytes() for name in ("rknn-doctor", "rknn-readings")}
    for name, content in {"rknpu-query": query, **scripts}.items():
        bench.machine.run(f"mkdir -p /tmp/tools; cat >/tmp/tools/{name}; chmod +x /tmp/tools/{name}", stdin=content)


def doctor(bench: Bench, query: bytes, before: str = "true") -> tuple[int, str]:
    """Exit status and output of the doctor, after something was done to the board."""
    install(bench, query)
    bench.sh(before)
    done = bench.machine.run("PATH=/tmp/tools:$PATH bash /tmp/tools/rknn-doctor")
    assert done.stderr == b"", done.stderr.decode()
    return done.rc, done.stdout.decode()


def test_vendor_board(bench: Callable[[str], Bench], query: bytes) -> None:
    status, said = doctor(bench("vendor"), query)
    assert status == 0, said
    assert "rknpu is bound to fdab0000.npu" in said
    assert "ok    devnode: /dev/rknpu, root:render, mode 660" in said and "it can be opened" in said
    assert "the driver answers 0.9.8" in said and "hardware-version: 1179210309" in said
    assert "library: /usr/lib/librknnrt.so is /nix/store/" in said


def test_mainline_board(bench: Callable[[str], Bench], query: bytes) -> None:
    status, said = doctor(bench("mainline"), query)
    assert "rocket is bound to fdab0000.npu fdac0000.npu fdad0000.npu" in said
    assert "/dev/accel/accel0, root:render, mode 660" in said
    assert status == 0, said


def test_board_without_the_npu(bench: Callable[[str], Bench], query: bytes) -> None:
    status, said = doctor(bench("guarded"), query)
    assert (status, "is not an RK3588" in said) == (4, True), said


@pytest.mark.parametrize(
    ("before", "words"),
    [
        ("rmmod rknpu", "neither rknpu nor rocket is loaded"),
        ("chmod 0666 /dev/rknpu", "mode 666, open to all users"),
        ("rm /usr/lib/librknnrt.so", "only looks there"),
        ("rm /dev/rknpu; ln -s null /dev/rknpu", "is a link to null"),
    ],
)
def test_broken_vendor_board(bench: Callable[[str], Bench], query: bytes, before: str, words: str) -> None:
    status, said = doctor(bench("vendor"), query, before)
    assert (status, words in said) == (1, True), said


def test_readings_of_a_board_in_use(bench: Callable[[str], Bench], query: bytes) -> None:
    board = bench("vendor")
    install(board, query)
    hold = "sleep 60 </dev/rknpu & echo $!"
    pid = board.sh(hold).strip()
    said = board.sh("PATH=/tmp/tools:$PATH rknn-readings --clients")
    assert said.split()[:2] == [pid, "sleep"], said
    metrics = board.sh("PATH=/tmp/tools:$PATH rknn-readings")
    assert "\nrknn_npu_clients 1\n" in metrics and 'stack="vendor",driver_version="0.9.8"' in metrics
    assert "\nrknn_npu_resets_total 0" in metrics
    answer = board.sh("printf 'GET /metrics HTTP/1.1\\r\\n\\r\\n' | PATH=/tmp/tools:$PATH rknn-readings --serve")
    assert answer.startswith("HTTP/1.1 200 OK") and "rknn_npu_clients 1" in answer
    lines = board.sh("PATH=/tmp/tools:$PATH timeout 20 rknn-doctor --watch 1 | head -n 2")
    assert lines.count(f"clients: sleep[{pid}]") == 2
    board.sh(f"kill {pid}; PATH=/tmp/tools:$PATH rknn-doctor --save /run/verdict.json")
    assert json.loads(board.sh("cat /run/verdict.json"))["verdict"] == "ok"


@pytest.fixture(scope="module")
def facts(tmp_path_factory: pytest.TempPathFactory) -> Facts:
    """The module with the check at boot and the exporter."""
    overlays = [str(NIXOS / "overlays/rknn-packages.nix"), str(NIXOS / "overlays/linux-rknpu.nix")]
    subject = {"module": str(NIXOS / "modules/nixos/rknn.nix"), "option": "hardware.rknn", "overlays": overlays}
    settings = {"enable": True, "diagnostics": {"atBoot": True}, "exporter": {"enable": True}}
    scenario = {"stack": "vendor", "settings": settings, "boards": ["orangepi-5-plus", "raspberrypi-4-b"]}
    file = tmp_path_factory.mktemp("units") / "validation.yaml"
    file.write_text(json.dumps({"subject": subject, "scenarios": {"vendor": scenario}}))  # which is YAML as well
    return gather(load(file), Evaluator(None, Deadline.after(120, "Nix to evaluate the units")))["vendor"]


def test_no_check_fails_with_the_units(facts: Facts) -> None:
    answers = {check.id: ask(check, facts) for check in applicable(facts)}
    assert {id: one for id, one in answers.items() if one.status in (Status.FAIL, Status.INCONCLUSIVE)} == {}


def start(bench: Bench, facts: Facts, query: bytes) -> None:
    """The evaluated units on the board, with the tools where they start them, and wrapped as the package wraps them."""
    install(bench, query)
    (command,) = facts.configuration.units[UNITS[0]].sections["Service"]["ExecStart"]
    folder = command.split()[0].rpartition("/")[0]
    bench.sh(f"mount -o remount,rw /nix/store; mkdir -p {folder}")
    for name in ("rknn-doctor", "rknn-readings"):
        wrapper = f'#!/bin/sh\nPATH=/run/tools:$PATH exec /run/tools/{name} "$@"\n'
        bench.machine.run(f"cat >{folder}/{name}; chmod +x {folder}/{name}", stdin=wrapper.encode())
    bench.sh("mkdir -p /run/tools; cp /tmp/tools/* /run/tools")  # PrivateTmp
    for name in UNITS:
        sections = facts.configuration.units[name].sections
        lines = [
            line
            for section, entries in sections.items()
            for line in (f"[{section}]", *(f"{key}={value}" for key, values in entries.items() for value in values))
        ]
        bench.machine.run(f"cat >/run/systemd/system/{name}", stdin="\n".join(lines).encode() + b"\n")
    bench.sh("systemctl daemon-reload; systemctl start rknn-exporter.socket")


def scraped(bench: Bench) -> str:
    """What the exporter answers."""
    asking = "exec 3<>/dev/tcp/127.0.0.1/9401; printf 'GET /metrics HTTP/1.1\\r\\n\\r\\n' >&3; timeout 20 cat <&3"
    return bench.sh(f'bash -c "{asking}"')


def test_the_units_run_on_a_board(bench: Callable[[str], Bench], query: bytes, facts: Facts) -> None:
    board = bench("vendor")
    start(board, facts, query)
    board.sh("systemctl start rknn-check.service")
    verdict = json.loads(board.sh("cat /run/rknn/verdict.json"))
    assert verdict["verdict"] == "ok", verdict
    journal = board.sh("journalctl -u rknn-check.service -o cat")
    assert "the driver answers 0.9.8" in journal
    pid = board.sh("setpriv --reuid=nobody --clear-groups sleep 60 </dev/rknpu & echo $!").strip()
    answer = scraped(board)
    assert answer.startswith("HTTP/1.1 200 OK"), answer
    # Another user's process, the kernel's log and debugfs: what the sandbox must not hide.
    for line in ("rknn_npu_clients 1", "rknn_npu_resets_total 0", 'rknn_npu_verdict{verdict="ok"} 1'):
        assert f"\n{line}\n" in answer.replace("\r", "")
    assert 'driver_version="0.9.8"' in answer and "rknn_npu_load_ratio" in answer
    board.sh(f"kill {pid}")


def test_a_wrong_verdict_is_an_error_in_the_journal(bench: Callable[[str], Bench], query: bytes, facts: Facts) -> None:
    board = bench("vendor")
    start(board, facts, query)
    board.sh("chmod 0666 /dev/rknpu; systemctl start rknn-check.service")
    assert json.loads(board.sh("cat /run/rknn/verdict.json"))["verdict"] == "wrong"
    assert "open to all users" in board.sh("journalctl -u rknn-check.service -p err -o cat")
    assert 'rknn_npu_verdict{verdict="wrong"} 1' in scraped(board)
