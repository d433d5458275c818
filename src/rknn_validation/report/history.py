"""The answers of earlier runs, kept in the report directory.

`history/SUBJECT.json` has the last answer to every question, `previous.json` the results of the last finished run.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rknn_validation.checks.model import Status, Verdict
from rknn_validation.report.columns import Key
from rknn_validation.report.compare import Answered, answers


def path_for(directory: Path, subject: str) -> Path:
    """The file with the last answers of a subject; no two subjects share one."""
    words = re.sub(r"[^A-Za-z0-9.]+", "-", "-".join(Path(subject).parts[-2:])).strip("-.")
    return directory / "history" / f"{words}-{hashlib.sha256(subject.encode('utf-8', 'replace')).hexdigest()[:8]}.json"


def known(directory: Path, subject: str) -> dict[Key, Answered]:
    """The last answers of the subject; those in `results.json` if it has no history yet.

    A file that is malformed or about another subject is ignored: a comparison must never fail a run.
    """
    kept = _read(path_for(directory, subject), subject)
    if kept is not None:
        try:
            return {one.key: one for one in map(_answered, kept["answers"])}
        except (KeyError, TypeError, ValueError):
            pass
    last = _read(directory / "results.json", subject)
    if last is not None:
        try:
            return answers(map(Verdict.from_json, last["verdicts"]), str(last["started"]))
        except (KeyError, TypeError, ValueError):
            pass
    return {}


def text(subject: str, kept: Mapping[Key, Answered]) -> str:
    """The content of the file of a subject."""
    rows = [[*one.key, one.status.value, one.reason, one.started, one.missed] for one in kept.values()]
    return json.dumps({"subject": subject, "answers": rows}) + "\n"


def keep_previous(directory: Path) -> None:
    """Keep the results that are about to be overwritten, unless their run was cut short."""
    path = directory / "results.json"
    results = _read(path)
    if results is not None and results.get("finished"):
        path.replace(directory / "previous.json")


def _read(path: Path, subject: str | None = None) -> dict[str, Any] | None:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    if not isinstance(found, dict) or (subject is not None and found.get("subject") != subject):
        return None
    return found


def _answered(row: list[Any]) -> Answered:
    tier, check, scenario, board, node, status, reason, started, missed = row
    return Answered((tier, check, scenario, board, node), Status(status), reason, started, int(missed))
