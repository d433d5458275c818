"""Writes the reports: JSON, JUnit XML, HTML, and a file for each attachment."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from junit_xml import TestCase, TestSuite, to_xml_report_string

from rknn_validation import __version__
from rknn_validation.checks.model import Status, Verdict
from rknn_validation.report import history, html, sarif
from rknn_validation.report.collect import Collection
from rknn_validation.report.columns import column
from rknn_validation.report.compare import answers, compare, merged
from rknn_validation.report.places import Places

NOT_IN_XML = re.compile("[\ud800-\udfff\ufffe\uffff]")
"""Characters that XML does not allow and junit-xml does not remove."""


def write(collection: Collection, run: dict[str, Any], places: Places | None = None) -> None:
    """Write all reports; `run` describes the run itself (`subject`, `started`, ...).

    Without `places`, the subject's files, there is no SARIF, which names lines of them.

    The results of the run before are kept; what changed since goes into the collection and into the reports.
    """
    if collection.directory is None:
        return
    directory = collection.directory
    subject, started = str(run.get("subject", "")), str(run.get("started", ""))
    # Without a subject, nobody knows whether an earlier run judged the same.
    known = history.known(directory, subject) if subject else {}
    now = answers(collection.verdicts, started)
    whole = collection.finished and not collection.selected
    collection.changes = compare(known, now, whole=whole)
    summary = {status.value: collection.count(status) for status in Status}
    results = {
        "version": __version__,
        "subject": subject,
        "started": started,
        **run,
        "summary": summary,
        "finished": collection.finished,
        "selected": collection.selected,
        "guests": collection.guests(),
        "stand_ins": collection.stand_ins(),
        "notes": collection.notes,
        "ignored": [one.to_json() for one in collection.ignored()],
        "diagnoses": [one.to_json() for one in collection.diagnoses()],
        "changes": collection.changes.to_json() if collection.changes else None,
        "verdicts": [_with_attachments(verdict, directory) for verdict in collection.verdicts],
    }
    history.keep_previous(directory)
    _replace(directory / "results.json", json.dumps(results, indent=1) + "\n")
    if subject:
        path = history.path_for(directory, subject)
        path.parent.mkdir(exist_ok=True)
        _replace(path, history.text(subject, merged(known, now, whole=whole)))
    _replace(directory / "junit.xml", _junit(collection, run))
    if places is not None:
        text = json.dumps(sarif.log(collection, places), indent=1) + "\n"
        _replace(directory / "findings.sarif", text)
    _replace(directory / "index.html", html.page(collection, results))


def _with_attachments(verdict: Verdict, directory: Path) -> dict[str, Any]:
    """The verdict as JSON; its attachments are written to files and replaced by their paths."""
    named: dict[str, str] = {}
    for title, text in verdict.attachments.items():
        words = "-".join(filter(None, (verdict.check, verdict.node, verdict.scenario, verdict.board, title)))
        path = directory / "attachments" / (re.sub(r"[^A-Za-z0-9.]+", "-", words).strip("-") + ".log")
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8", errors="replace")
        named[title] = str(path.relative_to(directory))
    return {**verdict.to_json(), "attachments": named}


def _junit(collection: Collection, run: dict[str, Any]) -> str:
    suites: dict[str, list[TestCase]] = {}
    for verdict in map(_legal, collection.verdicts):
        suites.setdefault(f"{verdict.tier}: {column(verdict)}", []).append(_case(verdict))
    stand_ins = {f"stand-in {index}": _in_xml(name) for index, name in enumerate(collection.stand_ins(), 1)}
    facts = {key: _in_xml(str(value)) for key, value in run.items() if not isinstance(value, list | dict)}
    facts |= stand_ins
    facts |= {f"ignored {index}": _in_xml(str(one)) for index, one in enumerate(collection.ignored(), 1)}
    rendered = [TestSuite(name, cases, properties=facts) for name, cases in suites.items()]
    return str(to_xml_report_string(rendered))


def _legal(verdict: Verdict) -> Verdict:
    """The verdict without characters that XML does not allow: one of them would make the whole report unreadable."""
    return Verdict.from_json(_cleaned(verdict.to_json()))


def _cleaned(value: Any) -> Any:
    if isinstance(value, str):
        return _in_xml(value)
    if isinstance(value, dict):
        return {key: _cleaned(one) for key, one in value.items()}
    return [_cleaned(one) for one in value] if isinstance(value, list | tuple) else value


def _in_xml(text: str) -> str:
    return NOT_IN_XML.sub("\ufffd", text)


def _case(verdict: Verdict) -> TestCase:
    case = TestCase(
        name=verdict.check,
        classname=f"{verdict.tier}.{column(verdict)}",
        elapsed_sec=verdict.seconds,
        stdout=evidence_text(verdict),
        stderr="\n".join(f"== {title}\n{text}" for title, text in verdict.attachments.items()) or None,
    )
    detail = f"{verdict.reason}\nremedy: {verdict.remedy}\n{evidence_text(verdict)}"
    if verdict.status is Status.FAIL:
        case.add_failure_info(verdict.reason, detail, failure_type=verdict.code or None)
    elif verdict.status is Status.INCONCLUSIVE:
        case.add_error_info(f"inconclusive: {verdict.reason}", detail, error_type="inconclusive")
    elif verdict.status is Status.SKIP:
        case.add_skipped_info(verdict.reason)
    return case


def evidence_text(verdict: Verdict) -> str:
    """All evidence and stand-ins of a verdict, as text."""
    parts = [f"-- {one.source}\n{one.output.rstrip()}" for one in verdict.evidence]
    if verdict.stand_ins:
        parts.append("-- stood in for the real thing\n" + "\n".join(verdict.stand_ins))
    return "\n".join(parts)


def _replace(path: Path, text: str) -> None:
    """Write so that nobody ever reads half a report, even after a crash."""
    temporary = path.with_suffix(path.suffix + ".new")
    # Output that was not UTF-8 contains lone surrogates, which cannot be written.
    temporary.write_text(text, encoding="utf-8", errors="replace")
    temporary.replace(path)
