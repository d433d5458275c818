"""A run of `pytest --hardware` as its users start it, against a fleet of emulated boards with sshd."""

from __future__ import annotations

import contextlib
import getpass
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from localsshd import running
from sshboard import SshBoard
from sudopackage import archive, install

from conftest import Restore
from rknn_validation.common.deadline import Deadline
from rknn_validation.machine.emulator import Emulator
from rknn_validation.subject.inventory import Node

pytestmark = pytest.mark.vm

ROOT = Path(__file__).resolve().parents[3]
FLEET = dict.fromkeys(("opi01", "opi02", "opi03"), "orangepi-5-plus") | {"rpi01": "raspberrypi-4-b"}
LEFT_OUT = (
    # An emulated board has no silicon, runs Debian's kernel, and no Nix knows its store.
    *(
        "identity.cores",
        "power",
        "driver.",
        "inference",
        "kernel.release",
        "kernel.config",
        "loaded-from-running-system",
        "link-is-current",
    ),
    "works-as-root",  # half a minute each on an emulated processor; a service's user is asked the same
)
EMULATED = " and ".join(f"not {word}" for word in LEFT_OUT)


@pytest.fixture(scope="module")
def fleet(restored: Restore) -> Iterator[dict[str, SshBoard]]:
    """Three boards with an NPU and one without, all healthy."""
    with contextlib.ExitStack() as stack:
        yield {name: stack.enter_context(restored(name, board)) for name, board in FLEET.items()}


@pytest.fixture(scope="module")
def nodes(
    fleet: dict[str, SshBoard], emulator: Emulator, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Node]]:
    """How the fleet is reached: one board as a user with sudo, one by way of a jump host, the others as root."""
    nodes = {name: board.node() for name, board in fleet.items()}
    deadline = Deadline.after(240, "sudo on a board")
    install(fleet["opi02"], archive(emulator.cache, deadline), deadline)
    nodes["opi02"] = fleet["opi02"].node(user="operator", sudo="passwordless")
    with running(tmp_path_factory.mktemp("gate")) as gate:
        behind = fleet["opi03"]
        known = f"UserKnownHostsFile {gate.known_hosts} {behind.keys.directory}/known-{behind.port}-host"
        keys = [f"IdentityFile {directory}/id" for directory in (gate.directory, behind.keys.directory)]
        (gate.directory / "both").write_text("\n".join([known, "GlobalKnownHostsFile none", *keys]) + "\n")
        way = f"{getpass.getuser()}@127.0.0.1:{gate.port}"
        nodes["opi03"] = behind.node(jump=way, ssh_config=gate.directory / "both", identity=None)
        yield nodes


def written(directory: Path, nodes: Iterable[Node]) -> Path:
    keys = ("host", "port", "user", "identity", "ssh_config", "jump", "sudo", "board", "scenario")
    entries = {}
    for node in nodes:
        entries[node.name] = {key: str(value) for key in keys if (value := getattr(node, key)) is not None}
        entries[node.name] |= {"port": node.port, "groups": ["npu" if node.board == "orangepi-5-plus" else "guarded"]}
    path = directory / "nodes.yaml"
    path.write_text(json.dumps({"nodes": entries}))  # which is YAML as well
    return path


def run(directory: Path, inventory: Path, *words: str) -> tuple[int, list[dict[str, Any]], str]:
    """Exit status, verdicts and output of a run."""
    report = directory / "report"
    command = [sys.executable, "-m", "pytest", "--hardware", "--inventory", inventory, "-m", "hardware", "-p"]
    command += ["no:cacheprovider", "--report", report, "--connect-deadline", "40", *words]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=540, check=False, env={**os.environ}
    )
    results = report / "results.json"
    verdicts = json.loads(results.read_text())["verdicts"] if results.exists() else []
    return done.returncode, verdicts, done.stdout + done.stderr


def test_a_healthy_fleet_is_accepted(nodes: dict[str, Node], tmp_path: Path) -> None:
    status, verdicts, said = run(tmp_path, written(tmp_path, nodes.values()), "-k", EMULATED)
    found = {(one["node"], one["status"]) for one in verdicts}
    bad = [one for one in verdicts if one["status"] in ("fail", "inconclusive")]
    assert (status, bad) == (0, []), said
    assert json.loads((tmp_path / "report" / "results.json").read_text())["diagnoses"] == []
    assert "likely causes" not in said
    assert {(name, "pass") for name in FLEET} <= found
    assert all(one["tier"] == "hardware" and one["started"] > 1.7e9 for one in verdicts)
    suites = ElementTree.parse(tmp_path / "report" / "junit.xml").getroot().findall("testsuite")
    assert sorted(suite.get("name", "") for suite in suites) == [f"hardware: {name}" for name in sorted(FLEET)]
    # Side by side: the first answer of the last node came before the last answer of the first.
    times = {name: [one["started"] for one in verdicts if one["node"] == name and one["started"]] for name in FLEET}
    assert min(times["rpi01"]) < max(times["opi01"])
    assert all(f"{name}: connected" in said for name in FLEET)


def test_a_node_that_is_gone_is_inconclusive_and_the_others_are_judged(
    fleet: dict[str, SshBoard], tmp_path: Path
) -> None:
    inventory = written(tmp_path, [fleet["opi01"].node(port=1), fleet["rpi01"].base])
    started = time.monotonic()
    status, verdicts, said = run(tmp_path, inventory, "-n", "2", "-k", "device. or guard")
    assert status == 1, said
    by_node = {name: {one["status"] for one in verdicts if one["node"] == name} for name in ("opi01", "rpi01")}
    assert by_node == {"opi01": {"inconclusive"}, "rpi01": {"pass"}}, said
    count = sum(one["node"] == "opi01" for one in verdicts)
    assert "???? opi01: nothing could be asked: nothing listens at its SSH port" in said
    assert f"  inconclusive: {count} checks" in said
    assert count > 3 and "[opi01]" not in said
    assert said.index("no sshd listens at that port") < said.index("opi01: nothing could be asked")
    suites = ElementTree.parse(tmp_path / "report" / "junit.xml").getroot().findall("testsuite")
    assert {suite.get("name"): suite.get("errors") for suite in suites}["hardware: opi01"] == str(count)
    assert time.monotonic() - started < 200
