"""The HTML report `index.html`: one file that needs no other file and no network."""

from __future__ import annotations

import base64
import hashlib
import re
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from typing import Any

from rknn_validation.checks.model import Status
from rknn_validation.diagnosis.model import BAD
from rknn_validation.report.collect import Collection
from rknn_validation.report.pack import packed, script_text

PARTS = Path(__file__).parent / "page"
SCRIPTS = ("base.js", "filter.js", "detail.js", "matrix.js", "findings.js", "timeline.js", "main.js")
"""Joined to one script, in this order."""

IN_WORDS = ("version", "subject", "started", "finished", "selected")
"""Keys of the results that the header puts into words; other plain values are listed with their keys."""


def page(collection: Collection, results: dict[str, Any]) -> str:
    """The whole page. `results` is the content of results.json.

    Everything that comes from a run is escaped, or set as text by the script; the content security policy of the page
    allows no other script and no requests.
    """
    style = (PARTS / "page.css").read_text(encoding="utf-8")
    script = "\n".join((PARTS / name).read_text(encoding="utf-8") for name in SCRIPTS)
    filled = {
        "policy": f"default-src 'none'; style-src {_hash(style)}; script-src {_hash(script)}; base-uri 'none'",
        "title": escape(f"{_subject(results)}: {collection.conclusion()}"),
        "style": style,
        "header": _header(collection, results),
        "data": script_text(packed(collection, results)),
        "script": script,
    }
    skeleton = (PARTS / "page.html").read_text(encoding="utf-8")
    # In one pass, so that text of a run that looks like a placeholder is left alone.
    return re.sub(r"\{\{(\w+)\}\}", lambda found: filled[found[1]], skeleton)


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _subject(results: dict[str, Any]) -> str:
    return "/".join(Path(str(results.get("subject", ""))).parts[-2:]) or "unnamed subject"


def _header(collection: Collection, results: dict[str, Any]) -> str:
    """What is shown first, and without a script: the conclusion, the counts, and the stand-ins."""
    bad = any(collection.count(status) for status in BAD)
    kind = "bad" if bad else "good" if collection.success else "none"
    counts = ", ".join(f"{collection.count(status)} {status.value}" for status in Status)
    lines = [
        f'<p class="conclusion {kind}"><strong>{escape(_sentence(collection.conclusion()))}</strong>',
        f'<span class="counts">{counts}</span></p>',
    ]
    if not collection.finished:
        lines.append('<p class="interrupted">The run was interrupted. Questions that it did not reach are missing.</p>')
    if collection.selected:
        lines.append('<p class="selected">This run asked only some of the checks. It says nothing about the others.</p>')
    facts = {"subject": results.get("subject", ""), "started": _when(str(results.get("started", "")))}
    facts |= {key: value for key, value in results.items() if key not in IN_WORDS and isinstance(value, str | int | float)}
    facts["harness"] = f"rknn-validation {results.get('version', '')}"
    lines.append('<dl class="facts">')
    lines += [f"<div><dt>{escape(name)}</dt><dd>{escape(str(value))}</dd></div>" for name, value in facts.items() if value]
    lines.append("</dl>")
    lines += [f"<p>{escape(note)}</p>" for note in (*collection.notes, *map(_sentence, map(str, collection.ignored())))]
    stand_ins = collection.stand_ins()
    if stand_ins:
        names = "".join(f"<li>{escape(name)}</li>" for name in stand_ins)
        lines.append(f'<section class="stand-ins"><h2>Stand-ins for the real thing</h2><ul>{names}</ul></section>')
    return "\n".join(lines)


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _when(started: str) -> str:
    """A time in UTC; text that is no time is returned unchanged."""
    try:
        return datetime.fromisoformat(started).astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")
    except ValueError:
        return started
