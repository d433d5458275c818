"""The model that real nodes run, and its expected output.

It is named by `inference:` of `validation.yaml`, or is the one that the project ships for the node's stack.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rknn_validation.common.yamlfile import Reader

STACKS_WITH_MODELS = ("vendor", "mainline")
SHIPPED = Path(__file__).parents[1] / "npu" / "models"
"""Where the project's own models are; `scripts/golden/build.py` makes them."""
SHIPPED_NAME = "golden-1"
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Model:
    """Where a model is: exactly one of `file` (on this machine), `url` (fetched by the node), `node` (a path there).

    `sha256` is in hexadecimal, "" where none was given; a URL always has one.
    """

    file: Path | None = None
    url: str = ""
    node: str = ""
    sha256: str = ""


@dataclass(frozen=True)
class Inference:
    """One model to run. `input` and `golden` are .npy files: what goes in, and what the first output has to be.

    `tolerance` is the largest absolute difference of one value, `correlation` the least linear correlation of all of
    them, where one is asked for. `origin` says of a shipped model where its golden output is from.

    The processor's time comes from running `cpu_model` on it, or is given in `cpu_milliseconds`; mainline runs the same
    model without the delegate. The NPU has to be `faster` times as fast. `runs` are timed, of
    which the median counts. `reference_milliseconds` is how long a run takes on such a board. `python` is the
    interpreter on the node.
    """

    model: Model
    input: Path
    golden: Path
    tolerance: float = 0.05
    cpu_model: Model | None = None
    cpu_milliseconds: float | None = None
    reference_milliseconds: float | None = None
    faster: float = 1.5
    runs: int = 20
    python: str = "python3"
    correlation: float | None = None
    origin: str = ""

    @property
    def shipped(self) -> bool:
        """Whether it is the project's own. Nobody has run those on a board yet."""
        return bool(self.origin)

    @property
    def words(self) -> str:
        """What a report calls it."""
        model = self.model
        name = model.file.name if model.file else model.url or model.node
        return f"{name}, SHA-256 {model.sha256[:12] or 'not given'}{self.origin and f'; {self.origin}'}"


def read_inferences(top: Reader, root: Path) -> Mapping[str, Inference]:
    """The models by stack: the file's own, else the shipped one, none where `inference:` or the stack in it is `false`.

    Raises SubjectFileError with line and key.
    """
    if top.off("inference"):
        return {}
    own = top.mapping("inference") if top.has("inference") else None
    if own is None:
        return {stack: shipped(stack) for stack in STACKS_WITH_MODELS}
    own.only(*STACKS_WITH_MODELS)
    return {
        stack: _inference(own.mapping(stack), root) if own.has(stack) else shipped(stack)
        for stack in STACKS_WITH_MODELS
        if not own.off(stack)
    }


def shipped(stack: str) -> Inference:
    """The project's own model for this stack. Both are of one network, so that mainline's serves the vendor's nodes as
    the one for the processor.
    """
    facts = json.loads((SHIPPED / f"{SHIPPED_NAME}.json").read_text(encoding="utf-8"))
    own = facts[stack]
    return Inference(
        model=_shipped_model(own),
        input=SHIPPED / facts["input"]["file"],
        golden=SHIPPED / own["golden"]["file"],
        tolerance=own["tolerance"],
        correlation=own["correlation"],
        cpu_model=_shipped_model(facts["mainline"]),
        origin=f"golden output of {own['golden from']}, never compared with a board's",
    )


def _shipped_model(facts: Mapping[str, Any]) -> Model:
    return Model(file=SHIPPED / facts["model"]["file"], sha256=facts["model"]["sha256"])


def _inference(reader: Reader, root: Path) -> Inference:
    given = ("model", "input", "golden", "tolerance", "correlation", "cpu_model", "cpu_milliseconds", "faster", "runs")
    reader.only(*given, "reference_milliseconds", "python")
    plain = Inference(Model(), Path(), Path())
    correlation = reader.number("correlation", 0.0) if reader.has("correlation") else None
    if correlation is not None and correlation > 1:
        raise reader.error("correlation", expected="a number from 0 to 1", seen=f"{correlation:g}")
    return Inference(
        model=_model(reader.mapping("model"), root),
        input=_array(reader, "input", root),
        golden=_array(reader, "golden", root),
        tolerance=reader.number("tolerance", plain.tolerance),
        correlation=correlation,
        cpu_model=_model(reader.mapping("cpu_model"), root) if reader.has("cpu_model") else None,
        cpu_milliseconds=reader.number("cpu_milliseconds", 0.0) if reader.has("cpu_milliseconds") else None,
        reference_milliseconds=(
            reader.number("reference_milliseconds", 0.0) if reader.has("reference_milliseconds") else None
        ),
        faster=reader.number("faster", plain.faster),
        runs=max(1, int(reader.number("runs", plain.runs))),
        python=reader.text("python") if reader.has("python") else plain.python,
    )


def _array(reader: Reader, key: str, root: Path) -> Path:
    path = reader.file(key, root)
    if path.suffix != ".npy":
        raise reader.error(key, expected="a file numpy.save() wrote, ending in .npy", seen=path.name)
    return path


def _model(reader: Reader, root: Path) -> Model:
    reader.only("file", "url", "node", "sha256")
    ways = [key for key in ("file", "url", "node") if reader.has(key)]
    if len(ways) != 1:
        hint = "file: on this machine; url: fetched by the node; node: a path on the node"
        seen = " and ".join(ways) or "none of them"
        raise reader.error(ways[1] if ways else "file", expected="one of file, url, node", seen=seen, hint=hint)
    sha256 = reader.text("sha256") if reader.has("sha256") else ""
    if reader.has("url") and not sha256:
        raise reader.error("sha256", expected="the SHA-256 of the file at the URL", seen="nothing")
    if sha256 and not _SHA256.fullmatch(sha256):
        raise reader.error("sha256", expected="64 hexadecimal digits, lower case", seen=repr(sha256))
    if reader.has("file"):
        return Model(file=reader.file("file", root), sha256=sha256)
    if reader.has("url"):
        url = reader.text("url")
        if not url.startswith(("https://", "http://")):
            raise reader.error("url", expected="an address that begins with https://", seen=repr(url))
        return Model(url=url, sha256=sha256)
    node = reader.text("node")
    if not node.startswith("/"):
        hint = "for a model on this machine, use file:"
        raise reader.error("node", expected="an absolute path on the node", seen=repr(node), hint=hint)
    return Model(node=node, sha256=sha256)
