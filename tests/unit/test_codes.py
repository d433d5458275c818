"""Codes: each check and cause has one, in the range of its stage, and none is ever reused."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from rknn_validation.npu import codes
from rknn_validation.pytestplugin.explain import entries

pytestmark = pytest.mark.unit

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "findings_pages.py"


def without_a_code() -> list[str]:
    """The lines that are missing in codes.txt."""
    taken, lines = set(codes.table()), []
    for entry in entries().values():
        if not entry.code:
            code = codes.next_free(entry.kind, entry.stage, taken)
            taken.add(code)
            lines.append(f"{code} {entry.id}")
    return lines


def test_every_check_and_cause_has_a_code() -> None:
    lines = without_a_code()
    assert not lines, f"add to {codes.TABLE}, then run scripts/findings_pages.py:\n" + "\n".join(lines)


def test_a_new_check_is_told_its_number(monkeypatch: pytest.MonkeyPatch) -> None:
    known = {code: id for code, id in codes.table().items() if id != "udev.rules-valid"}
    monkeypatch.setattr(codes, "_codes", lambda: {id: code for code, id in known.items()})
    (line,) = without_a_code()
    # The code that it had stays taken, for it was allocated.
    assert line.endswith(" udev.rules-valid") and line.split()[0] not in codes.table()


def test_codes_stand_in_the_range_of_their_stage() -> None:
    wrong = [
        f"{one.code} {one.id}"
        for one in entries().values()
        if one.code and int(one.code[3:]) not in codes.range_of(one.kind, one.stage)
    ]
    assert wrong == []


def test_a_code_without_check_or_cause_is_retired() -> None:
    known = entries()
    gone = [code for code, id in codes.table().items() if id not in known and not id.startswith(codes.RETIRED)]
    assert gone == [], f"write `CODE {codes.RETIRED}: FORMER-ID, WHY` in {codes.TABLE.name}"
    assert all(codes.CODE.fullmatch(code) for code in codes.table())


def test_a_code_is_never_reused() -> None:
    spec = importlib.util.spec_from_file_location("findings_pages", SCRIPT)
    assert spec and spec.loader
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    index = script.pages()["index.md"]
    assert script.reused(index, codes.table()) == []
    assert script.reused(index, {**codes.table(), "NPU090": "udev.another"})[0].startswith("NPU090 was udev.")
    assert script.reused(index, {code: id for code, id in codes.table().items() if code != "NPU090"})
    assert script.reused(index, {**codes.table(), "NPU110": "retired: access.not-world-writable, moved"}) == []


def test_a_code_leads_to_its_id_and_back() -> None:
    assert codes.id_of("npu110") == codes.id_of("NPU110") == "access.not-world-writable"
    assert codes.code_of("access.not-world-writable") == "NPU110"
    assert codes.id_of("udev.rules-valid") == "udev.rules-valid"
    assert codes.with_code("no.such-check") == "no.such-check"


def test_a_used_up_range_is_an_error() -> None:
    taken = [f"NPU{number:03}" for number in codes.range_of(codes.CAUSE, "speed")]
    with pytest.raises(ValueError, match="used up"):
        codes.next_free(codes.CAUSE, "speed", taken)
