"""The status page claims what recorded runs show, and nothing more."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))
import status_page

from rknn_validation.checks.cluster import CLUSTER_CHECKS
from rknn_validation.checks.configuration import CONFIGURATION_CHECKS
from rknn_validation.checks.node import HARDWARE_CHECKS, NODE_CHECKS
from rknn_validation.checks.node.transition import TRANSITION_CHECKS

pytestmark = pytest.mark.unit

ROOT = Path(__file__).resolve().parents[2]
STAND_IN = "nixpkgs: stand-in for nixpkgs: Nix 2.8 is too old"


def verdict(
    check: str = "udev.rule-matches", *, status: str = "pass", tier: str = "unit", **more: Any
) -> dict[str, Any]:
    return {"check": check, "status": status, "tier": tier, "evidence": [], "stand_ins": [], **more}


def run_of(tmp_path: Path, *verdicts: dict[str, Any], **more: Any) -> Path:
    """A results.json of this repository's subject."""
    whole = {
        "subject": str(ROOT / "validation.yaml"),
        "started": "2026-11-30T10:00:00+00:00",
        "finished": True,
        "selected": False,
        "notes": [STAND_IN],
        "verdicts": list(verdicts),
    }
    path = tmp_path / "results.json"
    path.write_text(json.dumps(whole | more))
    return path


def recorded(path: Path) -> dict[str, dict[str, dict[str, Any]]]:
    record = status_page.Record()
    record.add(*status_page.of_results(path))
    return record.parts


def test_what_passed_is_proven_by_what_served(tmp_path: Path) -> None:
    found = recorded(run_of(tmp_path, verdict(), verdict(tier="vm"), verdict("kernel.one")))
    assert {part: set(by_means) for part, by_means in found.items()} == {
        "udev rules": {status_page.STAND_IN, status_page.EMULATION},
        "Kernel and driver": {status_page.STAND_IN},
    }
    assert status_page.strongest(found["udev rules"]) == status_page.EMULATION


def test_a_simulated_driver_proves_no_driver(tmp_path: Path) -> None:
    driver = verdict("kernel.driver-bound", tier="vm", stand_ins=["rknpu.ko: a simulated driver"])
    record = status_page.Record()
    record.add(*status_page.of_results(run_of(tmp_path, driver)))
    page = status_page.text(record)
    assert "| Kernel and driver | **nothing yet** | – |" in page
    assert "| Loading the driver (the vendor's is a simulated one) | **emulation** | emulation: 1 passed |" in page
    assert "- rknpu.ko: a simulated driver" in page


def test_the_pin_is_the_real_nixpkgs_and_a_folder_may_be_anything(tmp_path: Path) -> None:
    pin = "nixpkgs: 26.05 (02e08985a27c): the pin of this project, nixos-26.05 at 02e08985a27c"
    assert status_page.NIXPKGS in recorded(run_of(tmp_path, verdict(), notes=[pin]))["udev rules"]
    named = "nixpkgs: 26.05 (02e08985a27c): --nixpkgs github:NixOS/nixpkgs/nixos-26.05"
    assert status_page.NIXPKGS in recorded(run_of(tmp_path, verdict(), notes=[named]))["udev rules"]
    for notes in (["nixpkgs: 26.05: --nixpkgs /tmp/hybrid"], []):
        with pytest.raises(SystemExit, match="not known"):
            recorded(run_of(tmp_path, verdict(), notes=notes))


@pytest.mark.parametrize("status", ["fail", "inconclusive"])
def test_what_did_not_pass_proves_nothing(tmp_path: Path, status: str) -> None:
    record = status_page.Record()
    record.add(*status_page.of_results(run_of(tmp_path, verdict(), verdict(status=status), verdict(tier="vm"))))
    row = (
        "| **nothing: a run did not pass** | evaluation with the stand-in: **1 of 2 not passed**, emulation: 1 passed |"
    )
    assert row in status_page.text(record)


def test_what_was_skipped_is_not_recorded(tmp_path: Path) -> None:
    assert recorded(run_of(tmp_path, verdict(status="skip"))) == {}


def test_nodes_are_silicon_only_where_an_npu_computed_and_nothing_was_simulated(tmp_path: Path) -> None:
    inference = verdict("inference.golden-output", tier="hardware")
    assert status_page.SILICON in recorded(run_of(tmp_path, inference, verdict(tier="hardware")))["udev rules"]
    with pytest.raises(SystemExit, match="an inference that passed"):
        recorded(run_of(tmp_path, inference | {"status": "fail"}, verdict(tier="hardware")))
    simulated = verdict(tier="hardware", evidence=[{"source": "dmesg", "output": "rknpu: simulated driver"}])
    for other in (simulated, verdict(tier="hardware", stand_ins=["board: QEMU's virt machine"])):
        assert status_page.SILICON not in recorded(run_of(tmp_path, inference, other))["udev rules"]


@pytest.mark.parametrize("odd", [{"finished": False}, {"selected": True}, {"subject": "/home/alice/validation.yaml"}])
def test_a_run_that_says_less_is_refused(tmp_path: Path, odd: dict[str, Any]) -> None:
    with pytest.raises(SystemExit, match="expected a"):
        recorded(run_of(tmp_path, verdict(), **odd))


def test_a_later_run_replaces_what_it_asked_and_keeps_the_rest(tmp_path: Path) -> None:
    record = status_page.Record()
    record.add(*status_page.of_results(run_of(tmp_path, verdict(), verdict(tier="vm"), verdict("guard.one"))))
    later = run_of(tmp_path, verdict(status="fail"), started="2026-12-01T00:00:00+00:00")
    record.add(*status_page.of_results(later))
    assert record.parts["udev rules"] == {
        status_page.STAND_IN: {"on": "2026-12-01", "fail": 1},
        status_page.EMULATION: {"on": "2026-11-30", "pass": 1},
    }
    assert "Guard of other machines" in record.parts


def test_tests_speak_of_parts_by_where_they_are(tmp_path: Path) -> None:
    path = tmp_path / "tests.xml"
    path.write_text(
        """<testsuites><testsuite timestamp="2026-11-30T10:00:00">
        <testcase classname="tests.unit.test_flake" name="test_every_output"/>
        <testcase classname="tests.unit.test_flake" name="test_every_output_with_nixpkgs_own_library[26.05]"/>
        <testcase classname="tests.nixos-vm.fleet.test_fleet_over_ssh" name="test_healthy"><failure/></testcase>
        <testcase classname="tests.unit.nix.test_hybrid" name="test_values[none]"><skipped/></testcase>
        <testcase classname="tests.unit.test_flakes_of_others" name="test_other"/>
        </testsuite></testsuites>"""
    )
    record = status_page.Record()
    record.add(*status_page.of_tests(path))
    day = {"on": "2026-11-30"}
    assert record.parts == {
        "Hosts of the fleet": {status_page.STAND_IN: {**day, "pass": 1}, status_page.HYBRID: {**day, "pass": 1}},
        "Checking nodes over SSH": {status_page.EMULATION: {**day, "fail": 1}},
    }


def test_every_check_and_every_place_of_tests_is_known() -> None:
    registries = (CONFIGURATION_CHECKS, NODE_CHECKS, HARDWARE_CHECKS, TRANSITION_CHECKS, CLUSTER_CHECKS)
    topics = {check.id.partition(".")[0] for registry in registries for check in registry.all()}
    assert topics - {topic for topics in status_page.PARTS.values() for topic in topics} == set()
    assert [place for place in status_page.TESTS if not (ROOT / place).exists()] == []


def test_the_page_says_that_nothing_ran_on_silicon_until_it_did() -> None:
    assert status_page.NO_SILICON in status_page.text(status_page.Record())
    ran = {"Inference on the NPU": {status_page.SILICON: {"on": "2026-12-01", "pass": 1}}}
    assert status_page.NO_SILICON not in status_page.text(status_page.Record(ran))


def test_the_readme_says_it_as_long_as_it_is_true() -> None:
    told = "has run on silicon yet" in (ROOT / "README.md").read_text()
    assert told == (status_page.NO_SILICON in status_page.PAGE.read_text())
