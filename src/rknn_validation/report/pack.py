"""The results in the form that the page reads: each text once, and verdicts as rows of numbers."""

from __future__ import annotations

import json
from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Any

from rknn_validation.checks.model import Status, Verdict
from rknn_validation.report.collect import Collection
from rknn_validation.report.columns import Key, by_tier, column, key_of
from rknn_validation.report.compare import KINDS, Change

STATUSES = tuple(Status)
"""The page refers to a status by its position here."""

TEXT_LIMIT = 20_000
"""Characters of one text in the page; results.json and attachments/ have all of them."""

ATTACHED_LIMIT = 3_000_000
"""Characters of all attachments in the page; further attachments are only linked."""


@dataclass
class Table:
    """Values, each once, and their numbers."""

    values: list[Any] = field(default_factory=list)
    numbers: dict[Hashable, int] = field(default_factory=dict)

    def number(self, value: Hashable) -> int:
        """The number of a value, which is added if it is new."""
        if value not in self.numbers:
            self.numbers[value] = len(self.values)
            self.values.append(value)
        return self.numbers[value]


class Packer:
    """Builds the tables of one page: `texts`, and the others, which refer to them by number."""

    def __init__(self) -> None:
        self.texts, self.checks, self.columns, self.evidence, self.stand_ins = (Table() for _ in range(5))
        self.attached = 0

    def text(self, text: str) -> int:
        """The number of a text, which is shortened in the middle if it is too long."""
        if len(text) > TEXT_LIMIT:
            head, tail = text[: TEXT_LIMIT // 2], text[-TEXT_LIMIT // 2 :]
            cut = len(text) - len(head) - len(tail)
            text = f"{head}\n[… {cut} characters are left out; results.json and attachments/ have all of them …]\n{tail}"
        return self.texts.number(text)

    def verdict(self, verdict: Verdict, files: dict[str, str], origin: float) -> list[Any]:
        """Check, column, status, reason, begin (seconds after `origin`, None: unknown), seconds, evidence, ..."""
        one = verdict
        check = tuple(map(self.text, (one.tier, one.stage, one.check, one.title, one.remedy, one.code)))
        where = tuple(map(self.text, (column(verdict), verdict.scenario, verdict.board, verdict.node)))
        seen = tuple(self.text(part) for one in verdict.evidence for part in (one.source, one.output))
        return [
            self.checks.number(check),
            self.columns.number(where),
            STATUSES.index(verdict.status),
            self.text(verdict.reason),
            round(verdict.started - origin, 3) if verdict.started else None,
            round(verdict.seconds, 3),
            self.evidence.number(seen),
            self.stand_ins.number(tuple(map(self.text, verdict.stand_ins))),
            [self.attachment(title, text, files.get(title, "")) for title, text in verdict.attachments.items()],
        ]

    def attachment(self, title: str, text: str, file: str) -> list[int]:
        """Title, file and text of an attachment; without the text if the page has reached its limit."""
        parts = [self.text(title), self.text(file)]
        if self.attached < ATTACHED_LIMIT:
            self.attached += min(len(text), TEXT_LIMIT)
            parts.append(self.text(text))
        return parts

    def change(self, change: Change, rows: dict[Key, int]) -> list[Any]:
        """Row of the verdict (None: gone), tier, `check [column]`, then status, reason and run of the answer before."""
        before = change.before
        was = [STATUSES.index(before.status), self.text(before.reason), self.text(before.started)] if before else []
        return [rows.get(change.key), self.text(change.key[0]), self.text(change.name), *was]


def packed(collection: Collection, results: dict[str, Any]) -> dict[str, Any]:
    """Everything the page shows. `results` is the content of results.json."""
    packer = Packer()
    ordered = [one for _, verdicts in by_tier(collection.verdicts) for one in verdicts]
    files = {id(one): row["attachments"] for one, row in zip(collection.verdicts, results["verdicts"], strict=True)}
    origin = min((one.started for one in ordered if one.started), default=0.0)
    rows = [packer.verdict(one, files[id(one)], origin) for one in ordered]
    changes = None
    if collection.changes is not None:
        numbers = {key_of(one): number for number, one in enumerate(ordered)}
        kinds = {kind: [packer.change(one, numbers) for one in collection.changes.of(kind)] for kind in KINDS}
        changes = {"since": collection.changes.since, **kinds}
    return {
        "statuses": [status.value for status in STATUSES],
        "origin": origin,
        "verdicts": rows,
        "changes": changes,
        "diagnoses": results["diagnoses"],
        "checks": packer.checks.values,
        "columns": packer.columns.values,
        "evidence": packer.evidence.values,
        "standIns": packer.stand_ins.values,
        "texts": packer.texts.values,
    }


def script_text(data: dict[str, Any]) -> str:
    """JSON for a script element, which no text in it can end: only `<` could begin markup."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    # A lone surrogate (undecodable output) is no UTF-8; the replacement character is.
    text = text.encode("utf-8", "replace").decode("utf-8")
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
