"""The findings of a run as SARIF 2.1.0, which forges and editors show at the file and line.

https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rknn_validation import __version__
from rknn_validation.checks.model import Status, Verdict
from rknn_validation.report.collect import Collection
from rknn_validation.report.columns import column
from rknn_validation.report.places import Places

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
ROOT = "SRCROOT"
KINDS: Mapping[Status, tuple[str, str]] = {Status.FAIL: ("fail", "error"), Status.INCONCLUSIVE: ("open", "none")}
"""`kind` and `level`. What could not be told is `open`; such a result has no level (section 3.27.10)."""


def log(collection: Collection, places: Places) -> dict[str, Any]:
    """The log: a result for each finding, those that are ignored as suppressed ones, and what did not run to its end."""
    root = root_of(places.validation.path)
    found = [one for one in collection.verdicts if one.status in KINDS or one.ignored]
    rules = list(dict.fromkeys((one.code or one.check, one.check, one.title, one.remedy) for one in found))
    index = {rule[1]: number for number, rule in enumerate(rules)}
    notices = [*collection.notes, *map(str, collection.ignored()), *filter(None, [collection.incomplete])]
    notices += [f"stand-in: {name}" for name in collection.stand_ins()]
    run = {
        "tool": {"driver": {"name": "rknn-validate", "version": __version__, "rules": [_rule(*rule) for rule in rules]}},
        "invocations": [
            {
                "executionSuccessful": collection.finished,
                "toolExecutionNotifications": [{"level": "note", "message": {"text": text}} for text in notices],
            }
        ],
        "originalUriBaseIds": {ROOT: {"uri": f"{root.as_uri()}/"}},
        "columnKind": "unicodeCodePoints",
        "results": [_result(one, index[one.check], places, root) for one in found],
    }
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def root_of(path: Path) -> Path:
    """The repository that a subject file is in, as forges count paths; without one, the file's own folder."""
    folder = path if path.is_dir() else path.parent
    return next((one for one in (folder, *folder.parents) if (one / ".git").exists()), folder)


def _rule(code: str, check: str, title: str, remedy: str) -> dict[str, Any]:
    # SARIF wants names without dots and hyphens only by convention; the id is what people know.
    return {"id": code, "name": check, "shortDescription": {"text": title}, "help": {"text": remedy}}


def _result(verdict: Verdict, rule: int, places: Places, root: Path) -> dict[str, Any]:
    place = places.of(verdict)
    inside = place.file.is_relative_to(root)
    where = {"uri": place.file.relative_to(root).as_posix(), "uriBaseId": ROOT} if inside else {"uri": place.file.as_uri()}
    kind, level = ("fail", "error") if verdict.ignored else KINDS[verdict.status]
    seen = "\n".join(f"{one.source}: {one.output}" for one in verdict.evidence)
    identity = "/".join((verdict.tier, verdict.check, column(verdict)))
    result = {
        "ruleId": verdict.code or verdict.check,
        "ruleIndex": rule,
        "kind": kind,
        "level": level,
        "message": {"text": "\n".join(filter(None, (f"[{column(verdict)}] {verdict.reason}", f"remedy: {verdict.remedy}", seen)))},
        "locations": [{"physicalLocation": {"artifactLocation": where, "region": {"startLine": place.line}}}],
        "partialFingerprints": {"question/v1": hashlib.sha256(identity.encode()).hexdigest()[:16]},
    }
    if verdict.ignored:
        result["suppressions"] = [{"kind": "external", "justification": verdict.ignored}]
    return result
