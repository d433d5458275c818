"""The testScript of the NixOS test `k3s`, on a cluster of the tests' own behind the driver's interface."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from driver import DriverMachine
from nixostests import ROOT, k3s

sys.path.insert(0, str(ROOT / "tests/kubernetes"))
from fakecluster import FakeCluster

from rknn_validation.checks.cluster import CLUSTER_CHECKS
from rknn_validation.subject.inference import shipped
from rknn_validation.suites.nixostest import NotAccepted

pytestmark = [pytest.mark.integration, pytest.mark.kubernetes]

SYSTEMCTL = """\
#!/bin/sh
case "$*" in
  *show*) echo ActiveState=active;;
  *kill*) touch FOLDER/killed;;
esac
"""


class K3sMachine(DriverMachine):
    """One of the two machines: its programs are this folder's, and it is rebooted with the cluster's node."""

    def __init__(self, name: str, cluster: FakeCluster, folder: Path) -> None:
        super().__init__(name, folder, self._run)
        self._cluster, self._folder = cluster, folder

    def _run(self, script: str, seconds: float | None) -> str:
        script = f"PATH={self._folder}:$PATH\n" + script.replace("path=/run", f"path={self._folder}:/run")
        done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=120, check=False)
        killed = self._folder / "killed"
        if killed.exists():
            killed.unlink()
            self._cluster.kill_driver()
        return done.stdout

    def shutdown(self) -> None:
        self._cluster.shutdown()

    def start(self, allow_reboot: bool = False) -> None:
        self._cluster.boot()


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    kubectl = Path(sys.executable).with_name("kubectl")
    for name, text in {
        "k3s": f'#!/bin/sh\nshift\nKUBECONFIG={tmp_path}/kubeconfig exec {kubectl} --context lab "$@"\n',
        "systemctl": SYSTEMCTL.replace("FOLDER", str(tmp_path)),
    }.items():
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    return tmp_path


def run(cluster: FakeCluster, folder: Path) -> dict[str, str]:
    """Run the script as the driver does: the status of each check in its report."""
    cluster.kubeconfig()
    machines = {name: K3sMachine(name, cluster, folder) for name in ("server", "agent")}
    try:
        exec(compile(k3s()["script"], "testScript", "exec"), {**machines, "start_all": lambda: None})
    finally:
        verdicts = json.loads((folder / "results.json").read_text())["verdicts"]
    return {one["check"]: one["status"] for one in verdicts}


def test_a_cluster_is_accepted(folder: Path) -> None:
    with FakeCluster(folder, shipped("vendor").golden, names=("agent", "server"), stack="mainline") as cluster:
        found = run(cluster, folder)
    assert found.keys() == {check.id for check in CLUSTER_CHECKS.all()} | {"disrupt.reboot"}
    assert {name for name, status in found.items() if status != "pass"} == {"pod.infers"}
    assert found["pod.infers"] == "skip"


def test_a_cluster_that_gives_an_npu_twice_is_not_accepted(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cluster = FakeCluster(folder, shipped("vendor").golden, "both", names=("agent", "server"), stack="mainline")
    with cluster, pytest.raises(NotAccepted, match="failed"):
        run(cluster, folder)
    assert "FAIL pod.second-waits: two pods have the NPU of agent" in capsys.readouterr().out


def test_the_machines_of_the_test_are_what_it_says() -> None:
    test = k3s()
    assert test["system"] == "aarch64-linux"
    assert "-dtb" in test["options"] and "-dtb" not in test["plain"]
    assert "--interface=dra" in test["driver"] and "--node=agent" in test["driver"]
    assert "k3s agent" in test["agent"] and "k3s server" in test["server"]
