"""Diagnosis: known failures are found in their recordings and not in similar ones; causes come first."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from rknn_validation.checks.cluster import CLUSTER_CHECKS
from rknn_validation.checks.configuration import CONFIGURATION_CHECKS
from rknn_validation.checks.model import Evidence, Status, Verdict
from rknn_validation.checks.node import HARDWARE_CHECKS, NODE_CHECKS
from rknn_validation.diagnosis import RULES, Diagnosis, diagnose
from rknn_validation.diagnosis.model import LAYERS, KnownFailure
from rknn_validation.report import files, terminal
from rknn_validation.report.collect import Collection

pytestmark = pytest.mark.unit

ROOT = Path(__file__).resolve().parents[3]
# libyaml's where there is one: every worker reads all of them before it knows its first test.
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
RECORDED: dict[str, dict[str, Any]] = {
    entry["rule"]: entry
    for path in sorted((Path(__file__).parent / "recorded").glob("*.yaml"))
    for entry in yaml.load(path.read_text(encoding="utf-8"), Loader=LOADER)
}
BY_ID = {rule.id: rule for rule in RULES}


def verdict(check: str, reason: str = "", status: str = "fail", output: str = "", node: str = "opi01") -> Verdict:
    evidence = (Evidence("a command that names rknpu", output),) if output else ()
    return Verdict(
        check, "?", "device", "hardware", "vendor", "orangepi-5-plus", Status(status), reason, "-", evidence, node=node
    )


def recorded(rule: str, which: str) -> list[Verdict]:
    return [verdict(**one) for one in RECORDED[rule][which]]


def names(found: tuple[Diagnosis, ...]) -> list[str]:
    return [name for one in found for name in (one.rule, *one.also)]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_a_known_failure_is_found_in_its_recording_and_explains_all_of_it(rule: KnownFailure) -> None:
    verdicts = recorded(rule.id, "fires")
    found = diagnose(verdicts)
    assert found, "no rule fires"
    assert found[0].rule == rule.id
    assert found[0].cause == rule.cause
    assert found[0].evidence
    bad = {one.check for one in verdicts if one.status in (Status.FAIL, Status.INCONCLUSIVE)}
    assert set(found[0].explains) == bad
    assert len(found) == 1, names(found)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_a_known_failure_is_not_found_in_similar_recordings(rule: KnownFailure) -> None:
    assert rule.id not in names(diagnose(recorded(rule.id, "silent")))


def test_recordings_name_existing_checks() -> None:
    known = {
        check.id
        for check in (*NODE_CHECKS.all(), *HARDWARE_CHECKS.all(), *CONFIGURATION_CHECKS.all(), *CLUSTER_CHECKS.all())
    }
    used = {one["check"] for entry in RECORDED.values() for which in ("fires", "silent") for one in entry[which]}
    assert used <= known


def test_known_failures_are_complete_and_in_order() -> None:
    assert len(BY_ID) == len(RULES) >= 30
    assert set(RECORDED) == set(BY_ID)
    layers = [LAYERS.index(rule.layer) for rule in RULES]
    assert layers == sorted(layers)
    for rule in RULES:
        assert all((rule.seen, rule.cause, rule.fix, rule.source)), rule.id
        known = {check.id for check in (*NODE_CHECKS.all(), *HARDWARE_CHECKS.all(), *CLUSTER_CHECKS.all())}
        for pattern in rule.explains:
            assert pattern == "*" or any(one.startswith(pattern.removesuffix("*")) for one in known), (rule.id, pattern)


def test_a_healthy_node_has_no_diagnosis() -> None:
    log = "RKNPU fdab0000.npu: failed to find power_model node\nvdd_npu_s0: disabling"
    assert diagnose([verdict("kernel.log-healthy", "fine", "pass", log)]) == ()
    assert diagnose([]) == ()


def test_a_missing_driver_is_one_cause_of_many_failures() -> None:
    reason = "the running kernel has no driver rknpu"
    tree = "npu@fdab0000: rockchip,rk3588-rknn-core okay"
    red = [
        verdict("kernel.driver-loaded", f"rknpu is not loaded: {reason}", output=tree),
        verdict("kernel.driver-bound", f"nothing for rknpu to bind: the device tree has {tree}", output=tree),
        verdict("kernel.config-has-driver", "no ROCKCHIP_RKNPU in the running kernel, and no module rknpu for it"),
        verdict(
            "kernel.log-healthy", "the kernel's log has no line of the driver; it may be overwritten", "inconclusive"
        ),
        verdict("driver.matches-stack", "RKNPU has no NPU"),
        verdict(
            "driver.all-cores", "the driver's load file cannot be read (no debugfs, no /proc/rknpu)", "inconclusive"
        ),
        verdict("driver.fits-runtime", "the driver tells no version (no debugfs, no /proc/rknpu)", "inconclusive"),
        verdict("device.present", f"no NPU device node: {reason}", output=tree),
        verdict("python.works-as-root", "as root: init_runtime() fails", output="failed to open rknpu module"),
        verdict("inference.golden-output", "the model does not run: E RKNN: failed to open rknpu module"),
    ]
    link = verdict(
        "python.runtime-in-place", "…: none of its paths exists", output="/usr/lib/librknnrt.so -> /nix/store/gone"
    )
    kernel, library = diagnose([*red, link])
    assert kernel.rule == "mainline-kernel-for-the-vendor-stack"
    assert set(kernel.explains) == {one.check for one in red}
    assert "rknpu-not-in-the-kernel" in kernel.also and "tree-of-the-other-stack" in kernel.also
    # What has a cause of its own is not hidden behind the first.
    assert (library.rule, library.explains) == ("library-link-dangling", ("python.runtime-in-place",))


def test_a_lost_node_explains_only_the_checks_that_could_not_be_asked() -> None:
    found = diagnose([
        verdict("access.closed-to-others", "/dev/rknpu has mode 0666: everybody may use it"),
        verdict("udev.survives-replug", "opi01 rebooted while it was asked", "inconclusive"),
    ])  # fmt: skip
    assert [(one.rule, one.explains) for one in found] == [
        ("node-rebooted", ("udev.survives-replug",)),
        ("world-writable", ("access.closed-to-others",)),
    ]


def test_each_node_has_its_own_diagnosis() -> None:
    broken = verdict("access.closed-to-others", "/dev/rknpu has mode 0666: everybody may use it", node="opi02")
    found = diagnose([verdict("access.closed-to-others", "a user outside render is refused", "pass"), broken])
    assert [one.where for one in found] == ["opi02"]


def test_verdicts_on_configurations_are_not_diagnosed() -> None:
    unit = Verdict("kernel.x", "?", "kernel", "unit", "vendor", "", Status.FAIL, "the device tree has no NPU node", "-")
    assert diagnose([unit]) == ()


def test_the_reports_show_the_cause_before_the_failures(tmp_path: Path) -> None:
    collection = Collection(tmp_path / "report")
    collection.start()
    for one in recorded("library-link-dangling", "fires"):
        collection.add(one)
    collection.add(verdict("units.none-failed", "failed: app.service"))
    shown = " ".join(word for line, _ in terminal.render(collection) for word in line.split())
    assert shown.index(BY_ID["library-link-dangling"].cause) < shown.index("FAIL ", shown.index("failed:"))
    assert "explains: python.runtime-in-place, python.works-as-root" in shown
    assert "no known cause: units.none-failed" in shown
    files.write(collection, {})
    (told,) = json.loads((tmp_path / "report" / "results.json").read_text())["diagnoses"]
    assert told["rule"] == "library-link-dangling"
    assert told["explains"] == ["python.runtime-in-place", "python.works-as-root"]
