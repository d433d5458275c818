"""The page for people: `index.html`, one file that needs nothing else, not even a network."""

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

TOLD = ("version", "subject", "started", "finished", "selected")
"""Keys of the results that the header tells in words of its own; further ones it names as they are."""


def page(collection: Collection, results: dict[str, Any]) -> str:
    """The whole page. `results` is what results.json has; `diagnoses` in it are shown where there are any.

    Everything that comes from a run is escaped, or set as text by the script; the policy in the page's head lets no
    other script run and nothing be fetched.
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
    # In one pass, so that a text that looks like a place to fill is left alone.
    return re.sub(r"\{\{(\w+)\}\}", lambda found: filled[found[1]], skeleton)


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _subject(results: dict[str, Any]) -> str:
    return "/".join(Path(str(results.get("subject", ""))).parts[-2:]) or "unnamed subject"


def _header(collection: Collection, results: dict[str, Any]) -> str:
    """What must be seen first and without a script: the conclusion, the counts, and what was not the real thing."""
    bad = any(collection.count(status) for status in BAD)
    kind = "bad" if bad else "good" if collection.success else "none"
    counts = ", ".join(f"{collection.count(status)} {status.value}" for status in Status)
    lines = [
        f'<p class="conclusion {kind}"><strong>{escape(_sentence(collection.conclusion()))}</strong>',
        f'<span class="counts">{counts}</span></p>',
    ]
    if not collection.finished:
        lines.append('<p class="interrupted">The run was interrupted: what it did not reach is not here.</p>')
    if collection.selected:
        lines.append('<p class="selected">Only some checks were asked for: this says nothing about the others.</p>')
    facts = {"subject": results.get("subject", ""), "began": _when(str(results.get("started", "")))}
    facts |= {key: value for key, value in results.items() if key not in TOLD and isinstance(value, str | int | float)}
    facts["harness"] = f"rknn-validation {results.get('version', '')}"
    lines.append('<dl class="facts">')
    lines += [f"<div><dt>{escape(name)}</dt><dd>{escape(str(value))}</dd></div>" for name, value in facts.items() if value]
    lines.append("</dl>")
    lines += [f"<p>{escape(note)}</p>" for note in collection.notes]
    stand_ins = collection.stand_ins()
    if stand_ins:
        names = "".join(f"<li>{escape(name)}</li>" for name in stand_ins)
        lines.append(f'<section class="stand-ins"><h2>Stood in for the real thing</h2><ul>{names}</ul></section>')
    return "\n".join(lines)


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _when(started: str) -> str:
    """A time as people read it; as it is where it is none."""
    try:
        return datetime.fromisoformat(started).astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")
    except ValueError:
        return started
