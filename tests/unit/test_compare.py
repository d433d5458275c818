"""Comparison with earlier runs: kinds of changes, and runs, files and subjects that must not distort it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from rknn_validation.checks.model import Status, Verdict
from rknn_validation.report import compare, files, history, terminal
from rknn_validation.report.collect import Collection

pytestmark = pytest.mark.unit

PASS, FAIL, SKIP, UNKNOWN = Status.PASS, Status.FAIL, Status.SKIP, Status.INCONCLUSIVE


def verdict(check: str, status: Status, tier: str = "unit", scenario: str = "vendor", node: str = "") -> Verdict:
    why = f"{check} was {status.value}"
    return Verdict(check, "title", "udev", tier, scenario, "", status, why, "remedy", node=node)


def run(directory: Path, *verdicts: Verdict, started: str, subject: str = "/a/v.yaml", finished: bool = True) -> Any:
    """A run that reports these verdicts; what it says has changed, as results.json has it."""
    made = Collection(directory)
    made.start()
    for one in verdicts:
        made.add(one)
    made.finished = finished
    files.write(made, {"subject": subject, "started": started})
    assert any(line.startswith("since ") for line, _ in terminal.render(made)) == (made.changes is not None)
    return json.loads((directory / "results.json").read_text())["changes"]


def names(changes: Any) -> dict[str, list[str]]:
    return {kind: [one["check"] for one in changes[kind]] for kind in compare.KINDS if changes[kind]}


@pytest.mark.parametrize(
    ("before", "after", "kind"),
    [
        (PASS, FAIL, "broke"),
        (PASS, UNKNOWN, "broke"),
        (SKIP, FAIL, "broke"),
        (FAIL, PASS, "fixed"),
        (UNKNOWN, PASS, "fixed"),
        (FAIL, UNKNOWN, "changed"),
        (FAIL, SKIP, "changed"),
        (PASS, SKIP, "changed"),
    ],
)
def test_kinds_of_change(tmp_path: Path, before: Status, after: Status, kind: str) -> None:
    assert run(tmp_path, verdict("a.b", before), started="1") is None
    changes = run(tmp_path, verdict("a.b", after), started="2")
    assert names(changes) == {kind: ["a.b"]}
    assert changes["since"] == "1"
    (change,) = changes[kind]
    assert change["before"] == {"status": before.value, "reason": f"a.b was {before.value}", "started": "1"}


def test_new_and_gone(tmp_path: Path) -> None:
    run(tmp_path, verdict("a.old", PASS), verdict("a.kept", PASS), started="1")
    changes = run(tmp_path, verdict("a.kept", PASS), verdict("a.new", FAIL), started="2")
    assert names(changes) == {"new": ["a.new"], "gone": ["a.old"]}
    assert run(tmp_path, verdict("a.kept", PASS), verdict("a.new", FAIL), started="3")["gone"] == []


def test_the_same_check_of_two_nodes_is_two_questions(tmp_path: Path) -> None:
    run(tmp_path, verdict("a.b", PASS, node="opi01"), verdict("a.b", FAIL, node="opi02"), started="1")
    changes = run(tmp_path, verdict("a.b", FAIL, node="opi01"), verdict("a.b", FAIL, node="opi02"), started="2")
    assert [one["node"] for one in changes["broke"]] == ["opi01"]


def test_subjects_are_not_compared_with_each_other(tmp_path: Path) -> None:
    run(tmp_path, verdict("a.b", PASS), started="1")
    assert run(tmp_path, verdict("a.b", FAIL), started="2", subject="/other/v.yaml") is None
    changes = run(tmp_path, verdict("a.b", FAIL), started="3")
    assert names(changes) == {"broke": ["a.b"]}
    assert changes["since"] == "1"


def test_without_a_subject_nothing_is_compared(tmp_path: Path) -> None:
    assert run(tmp_path, verdict("a.b", PASS), started="1", subject="") is None
    assert run(tmp_path, verdict("a.b", FAIL), started="2", subject="") is None


def test_an_interrupted_run_keeps_earlier_answers(tmp_path: Path) -> None:
    whole = (verdict("a.b", PASS), verdict("c.d", PASS))
    run(tmp_path, *whole, started="1")
    assert names(run(tmp_path, verdict("a.b", PASS), started="2", finished=False)) == {}
    assert json.loads((tmp_path / "previous.json").read_text())["started"] == "1"
    changes = run(tmp_path, verdict("a.b", PASS), verdict("c.d", FAIL), started="3")
    assert names(changes) == {"broke": ["c.d"]}
    assert changes["broke"][0]["before"]["started"] == "1"
    assert json.loads((tmp_path / "previous.json").read_text())["started"] == "1"


def test_a_killed_run_keeps_earlier_answers(tmp_path: Path) -> None:
    run(tmp_path, verdict("a.b", PASS), started="1")
    killed = Collection(tmp_path)
    killed.start()
    killed.add(verdict("a.b", PASS))
    assert names(run(tmp_path, verdict("a.b", FAIL), started="3")) == {"broke": ["a.b"]}


def test_checks_that_were_not_selected_are_not_gone(tmp_path: Path) -> None:
    run(tmp_path, verdict("a.b", PASS), verdict("c.d", PASS), started="1")
    selection = Collection(tmp_path, finished=True, selected=True)
    selection.add(verdict("a.b", FAIL))
    files.write(selection, {"subject": "/a/v.yaml", "started": "2"})
    assert selection.changes is not None
    assert {change.kind for change in selection.changes.changes} == {"broke"}
    assert names(run(tmp_path, verdict("a.b", FAIL), verdict("c.d", FAIL), started="3")) == {"broke": ["c.d"]}


def test_checks_of_other_tiers_are_not_gone(tmp_path: Path) -> None:
    run(tmp_path, verdict("a.b", PASS), started="1")
    assert names(run(tmp_path, verdict("a.b", PASS, tier="vm"), started="2")) == {"new": ["a.b"]}
    assert names(run(tmp_path, verdict("a.b", FAIL), started="3")) == {"broke": ["a.b"]}


def test_results_of_a_version_without_history_are_compared(tmp_path: Path) -> None:
    run(tmp_path, verdict("a.b", PASS), started="1")
    history.path_for(tmp_path, "/a/v.yaml").unlink()
    assert names(run(tmp_path, verdict("a.b", FAIL), started="2")) == {"broke": ["a.b"]}


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '{"subject": "/a/v.yaml"}', '{"subject": "/a/v.yaml", "answers": [1]}']
)
def test_a_malformed_history_is_ignored(tmp_path: Path, content: str) -> None:
    run(tmp_path, verdict("a.b", PASS), started="1")
    history.path_for(tmp_path, "/a/v.yaml").write_text(content)
    (tmp_path / "results.json").write_text(content)
    assert run(tmp_path, verdict("a.b", FAIL), started="2") is None


def test_answers_are_dropped_after_many_runs_without_the_question() -> None:
    known = compare.answers([verdict("a.old", PASS), verdict("a.b", PASS)], "0")
    now = compare.answers([verdict("a.b", PASS)], "1")
    for _ in range(compare.FORGOTTEN_AFTER - 1):
        known = compare.merged(known, now, whole=True)
    assert len(known) == 2
    assert len(compare.merged(known, now, whole=False)) == 2
    assert len(compare.merged(known, now, whole=True)) == 1


def test_the_worst_of_two_answers_counts() -> None:
    (only,) = compare.answers([verdict("a.b", PASS), verdict("a.b", FAIL), verdict("a.b", SKIP)], "1").values()
    assert only.status is FAIL


def test_terminal_names_what_broke(tmp_path: Path) -> None:
    checks = [f"a.{number}" for number in range(5)]
    run(tmp_path, *(verdict(check, PASS) for check in checks), verdict("b.b", FAIL), started="2026-01-02T03:04:05")
    made = Collection(tmp_path)
    for one in (*(verdict(check, FAIL) for check in checks), verdict("b.b", PASS), verdict("c.c", UNKNOWN)):
        made.add(one)
    made.finished = True
    files.write(made, {"subject": "/a/v.yaml", "started": "2"})
    shown = list(terminal.render(made))
    at = next(number for number, (text, _) in enumerate(shown) if text.startswith("since "))
    assert f"{shown[at][0]} {shown[at + 1][0].strip()}" == (
        "since 2026-01-02T03:04:05: 5 broke: a.0 [vendor], a.1 [vendor], a.2 [vendor] and 2 more; "
        "1 fixed: b.b [vendor]; 1 new (1 of them not passing)"
    )
    assert shown[at][1] == {"red": True}


def test_attachments_of_two_nodes_have_separate_files(tmp_path: Path) -> None:
    made = Collection(tmp_path)
    made.start()
    for node in ("opi01", "opi02"):
        made.add(Verdict("a.b", "", "", "hardware", "vendor", "", FAIL, "", "", attachments={"log": node}, node=node))
    files.write(made, {"subject": "v", "started": "1"})
    verdicts = json.loads((tmp_path / "results.json").read_text())["verdicts"]
    assert [(tmp_path / one["attachments"]["log"]).read_text() for one in verdicts] == ["opi01", "opi02"]
