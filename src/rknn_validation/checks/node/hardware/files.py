"""Puts files on a node through its shell, each under its hash, so that a second run finds them there."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path

from rknn_validation.checks.node.question import Question
from rknn_validation.common.errors import HarnessError
from rknn_validation.subject.inference import Model

PLACE = "/run/rknn-validation/files"
"""Where the files go: gone after a reboot."""
CHUNK = 36 * 1024
"""Bytes a command carries; as base64 they are below what one argument, and one command of the agent, may have."""

_FETCH = "import sys, urllib.request; urllib.request.urlretrieve(sys.argv[1], sys.argv[2])"


def put(question: Question, path: Path) -> str:
    """Where on the node the file's content is, after having been sent if need be."""
    try:
        content = path.read_bytes()
    except OSError as problem:
        raise HarnessError(f"{path} cannot be read", expected="a readable file", seen=str(problem)) from problem
    digest = hashlib.sha256(content).hexdigest()
    target = f"{PLACE}/{digest}{path.suffix}"
    if _hash(question, target) == digest:
        return target
    part = f"{target}.part"
    question.must(f"mkdir -p {PLACE} && : >%s", part)
    for start in range(0, len(content), CHUNK):
        text = base64.b64encode(content[start : start + CHUNK]).decode()
        question.must("printf %%s %s | base64 -d >>%s", text, part)
    _finish(question, part, target, digest)
    return target


def place(question: Question, model: Model, python: str) -> str:
    """Where on the node a model is, sent or fetched if need be; its hash is compared wherever it is known."""
    if model.file is not None:
        if model.sha256 and hashlib.sha256(model.file.read_bytes()).hexdigest() != model.sha256:
            raise HarnessError(f"{model.file} is another file than the one meant", expected=f"SHA-256 {model.sha256}")
        return put(question, model.file)
    if model.node:
        seen = _hash(question, model.node)
        if not seen or (model.sha256 and seen != model.sha256):
            expected = f"SHA-256 {model.sha256}" if model.sha256 else "a readable file on the node"
            raise HarnessError(
                f"the model {model.node} is not the one meant", expected=expected, seen=seen or "nothing"
            )
        return model.node
    target = f"{PLACE}/{model.sha256}{Path(model.url).suffix}"
    if _hash(question, target) != model.sha256:
        question.must(f"mkdir -p {PLACE} && %s -c %s %s %s", python, _FETCH, model.url, f"{target}.part")
        _finish(question, f"{target}.part", target, model.sha256)
    return target


def _hash(question: Question, path: str) -> str:
    words = question.run("sha256sum %s", path).stdout.split()
    return words[0] if words else ""


def _finish(question: Question, part: str, target: str, digest: str) -> None:
    seen = _hash(question, part)
    if seen != digest:
        question.run("rm -f %s", part)
        raise HarnessError(
            "a file did not arrive on the node whole", expected=f"SHA-256 {digest}", seen=seen or "nothing"
        )
    question.must("mv %s %s", part, target)
