"""The source of the HTML report: complete, safe against text from runs, and small even for a fleet."""

from __future__ import annotations

import dataclasses
import json
import re
import time
from pathlib import Path
from typing import Any

import fastjsonschema
import pytest

from rknn_validation.checks.model import Evidence, Status, Verdict
from rknn_validation.report import files, html, pack
from rknn_validation.report.collect import Collection

pytestmark = pytest.mark.unit

SCHEMA = json.loads((Path(html.__file__).parent / "results.schema.json").read_text(encoding="utf-8"))
HOSTILE = "</script><script>window.broken = 1</script><!-- {{script}} ' \" & \u2028 \udcff <img src=x onerror=alert(1)>"


def verdict(check: str = "udev.rule", status: Status = Status.PASS, **more: Any) -> Verdict:
    given = {"tier": "unit", "scenario": "vendor", "board": "", "reason": "seen", "remedy": "mend", **more}
    return Verdict(check=check, title="does it hold?", stage="udev", status=status, **given)


def report(directory: Path, *verdicts: Verdict, **run: Any) -> Path:
    made = Collection(directory)
    made.start()
    made.verdicts = list(verdicts)
    made.finished = run.pop("finished", True)
    files.write(made, {"subject": "/home/me/validation.yaml", "started": "2026-11-23T05:17:58+00:00", **run})
    return directory / "index.html"


def data(page: Path) -> Any:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', page.read_text(), re.DOTALL)
    assert found is not None
    return json.loads(found[1])


def test_text_from_a_run_is_never_markup(tmp_path: Path) -> None:
    hostile = verdict(
        "udev.<b>",
        Status.FAIL,
        reason=HOSTILE,
        remedy=HOSTILE,
        scenario=HOSTILE,
        evidence=(Evidence(HOSTILE, HOSTILE),),
        stand_ins=(HOSTILE,),
        attachments={"log": HOSTILE},
    )
    page = report(tmp_path, hostile, subject=HOSTILE, started=HOSTILE, diagnoses=[{"cause": HOSTILE, "fix": HOSTILE}])
    text = page.read_text()
    assert text.count("<script") == text.count("</script>") == 2
    assert "<img" not in text
    assert "<!--" not in text
    assert HOSTILE.replace("\udcff", "?") in data(page)["texts"]


def test_the_page_requests_nothing(tmp_path: Path) -> None:
    text = report(tmp_path, verdict()).read_text()
    assert re.findall(r"(?:src|href)=\"?[^\"#\s>]+|@import|url\(|https?:", text) == []
    assert "default-src 'none'" in text


@pytest.mark.parametrize(
    ("status", "finished", "conclusion"),
    [
        (Status.PASS, True, "Every check that applies passed"),
        (Status.FAIL, True, "The NPU is not shown to work"),
        (Status.INCONCLUSIVE, True, "The NPU is not shown to work"),
        (Status.SKIP, True, "Nothing was judged"),
        (Status.PASS, False, "Interrupted before every check was asked"),
    ],
)
def test_the_conclusion_is_shown_without_a_script(
    tmp_path: Path, status: Status, finished: bool, conclusion: str
) -> None:
    text = report(tmp_path, verdict(status=status, stand_ins=("a stub",)), finished=finished).read_text()
    assert f"<strong>{conclusion}</strong>" in text
    assert "<li>a stub</li>" in text
    assert ('class="conclusion good"' in text) == (status is Status.PASS and finished)
    assert ('class="conclusion bad"' in text) == (status in (Status.FAIL, Status.INCONCLUSIVE))
    assert ('class="interrupted">The run' in text) == (not finished)


def test_a_run_of_selected_checks_is_marked(tmp_path: Path) -> None:
    made = Collection(tmp_path, [verdict()], finished=True, selected=True)
    files.write(made, {"subject": "v", "started": "1"})
    assert "This run asked only some of the checks" in (tmp_path / "index.html").read_text()
    assert "This run asked only" not in report(tmp_path, verdict()).read_text()


def test_further_facts_about_the_run_are_in_the_header(tmp_path: Path) -> None:
    text = report(tmp_path, verdict(), subject="", driver="NixOS <test>", nodes=["opi01"]).read_text()
    assert "<dt>driver</dt><dd>NixOS &lt;test&gt;</dd>" in text
    assert "<dt>subject</dt>" not in text
    assert "<dt>nodes</dt>" not in text


def test_long_texts_are_shortened_with_a_note(tmp_path: Path) -> None:
    long = "begin" + "x" * 100_000 + "end"
    page = report(tmp_path, verdict(evidence=(Evidence("cat", long),), attachments={"log": long}))
    (shown,) = [text for text in data(page)["texts"] if text.startswith("begin")]
    assert shown.endswith("end")
    assert "80008 characters are left out" in shown
    assert page.stat().st_size < 120_000
    assert long in (tmp_path / "attachments" / "udev.rule-vendor-log.log").read_text()


def test_attachments_above_the_limit_are_only_linked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pack, "ATTACHED_LIMIT", 15)
    names = ("a.b", "c.d", "e.f")
    rows = data(report(tmp_path, *(verdict(name, attachments={"log": f"log of {name}"}) for name in names)))["verdicts"]
    assert [len(row[8][0]) for row in rows] == [3, 3, 2]


def fleet(nodes: int, checks: int) -> list[Verdict]:
    same = Evidence("dmesg", "the same lines on every node\n" * 40)
    return [
        verdict(
            f"topic.check-number-{check}",
            Status.PASS if (node + check) % 97 else Status.INCONCLUSIVE,
            tier="hardware",
            node=f"opi{node:03}",
            started=1.8e9 + check,
            seconds=0.5,
            evidence=(same, Evidence(f"command {check}", f"answer of {node} to {check}\n" * 5)),
        )
        for node in range(nodes)
        for check in range(checks)
    ]


def test_the_page_of_100_nodes_stays_small(tmp_path: Path) -> None:
    made = Collection(tmp_path)
    made.verdicts = fleet(100, 60)
    results = {"diagnoses": [], "verdicts": [one.to_json() for one in made.verdicts]}
    began = time.monotonic()
    text = html.page(made, results)
    assert time.monotonic() - began < 20
    # 6000 verdicts with 12 MB of evidence; what is the same is there once.
    assert len(text) < 2_000_000
    assert text.count("the same lines on every node\\n") == 40


def test_results_match_their_schema(tmp_path: Path) -> None:
    valid = fastjsonschema.compile(SCHEMA)
    found = {"cause": "a cause", "fix": "a fix", "explains": ["udev.rule"], "node": ""}
    report(tmp_path, verdict(), verdict("a.gone"))
    report(tmp_path, verdict(status=Status.FAIL, attachments={"log": "x"}), verdict("a.new"), diagnoses=[found])
    results = json.loads((tmp_path / "results.json").read_text())
    valid(results)
    assert [results["changes"][kind][0]["check"] for kind in ("broke", "new", "gone")] == [
        "udev.rule",
        "a.new",
        "a.gone",
    ]
    results["verdicts"][0]["status"] = "PASS"
    with pytest.raises(fastjsonschema.JsonSchemaException):
        valid(results)


def test_the_schema_describes_every_field_of_a_verdict() -> None:
    fields = {field.name for field in dataclasses.fields(Verdict)}
    described = SCHEMA["definitions"]["verdict"]
    assert set(described["properties"]) == set(described["required"]) == fields | {"code"}
