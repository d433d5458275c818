"""`ignore:` of the subject file: findings to live with, by code or id of the check, each with a reason."""

from __future__ import annotations

import difflib
from collections.abc import Mapping

from rknn_validation.common.yamlfile import Reader
from rknn_validation.npu import codes
from rknn_validation.npu.formerly import current_id

KEY = "ignore"
NEVER = {"evaluation.succeeds": "without a configuration nothing else is judged"}
"""Checks whose failure cannot be ignored, and why."""


def read_ignored(top: Reader) -> Mapping[str, str]:
    """The reason why each check is ignored, by its id. Raises SubjectFileError naming file, line and key."""
    if not top.has(KEY):
        return {}
    reader = top.mapping(KEY, "a mapping of codes or ids of checks to reasons")
    found: dict[str, str] = {}
    for word in reader.names():
        check = current_id(codes.id_of(word))
        reason = reader.text(word).strip()
        if not reason:
            raise reader.error(word, expected="why it is ignored", seen="an empty reason")
        if check in NEVER:
            raise reader.error(word, expected="a finding that can be ignored", seen=f"{check}: {NEVER[check]}")
        if check in found:
            raise reader.error(word, expected="each check once", seen=f"{check}, twice")
        if not _is_check(check):
            raise reader.error(word, expected="the code or id of a check", seen=_what(word), hint=_near(word))
        found[check] = reason
    return found


def _is_check(id: str) -> bool:
    return bool(codes.code_of(id)) and not codes.is_cause(codes.code_of(id))


def _what(word: str) -> str:
    entry = codes.table().get(word.upper(), "")
    if entry.startswith(codes.RETIRED):
        return f"{word}, which is {entry}"
    if codes.code_of(codes.id_of(word)):
        return f"{codes.with_code(codes.id_of(word))}, a cause, which has no verdict; ignore the checks that fail"
    return repr(word)


def _near(word: str) -> str:
    near = difflib.get_close_matches(word, [*codes.table(), *codes.table().values()], n=1)
    return f"did you mean {near[0]!r}?" if near else "a report prints the code of each finding"
