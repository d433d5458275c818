"""Which of the NPU's cores services ask for."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rknn_validation.checks.configuration.registry import check
from rknn_validation.checks.findings import Finding, Fine, Problem
from rknn_validation.facts.model import Facts
from rknn_validation.facts.services import services
from rknn_validation.facts.text.unitfile import commands
from rknn_validation.npu.stacks import CORE_MASKS

_VARIABLE = re.compile(r"(?:RKNN|RKNPU|NPU)\w*CORE_?MASK|^CORE_?MASK$", re.IGNORECASE)
_OPTION = re.compile(r"--(?:npu-?)?core-?mask[= ]\"?(0[xX][0-9a-fA-F]+|\d+)\b")


@check(
    "units.core-masks-are-known",
    stage="units",
    title="services ask for cores in a way the runtime knows",
    remedy="Take 0 (the driver chooses), 1, 2, 4 (one core), 3 (two), 7 (all three) or 65535 (all there are).",
    good="every mask is one the runtime knows",
    nothing="no service is told which cores to use",
    stacks=("vendor",),
)
def core_masks_are_known(facts: Facts) -> Iterator[Finding]:
    """`The core mode 5 is not supported`: not every set of cores has a mask."""
    for where, text, mask in _asked(facts):
        known = mask in CORE_MASKS
        yield Fine(where, text) if known else Problem(where, "the runtime knows no such set of cores", text)


def _asked(facts: Facts) -> Iterator[tuple[str, str, int]]:
    for name, unit in services(facts).items():
        for variable, value in unit.environment.items():
            if _VARIABLE.search(variable) and re.fullmatch(r"0[xX][0-9a-fA-F]+|\d+", value):
                yield name, f"{variable}={value}", _number(value)
        for line in (*(command for _, command in commands(unit)), *unit.script.splitlines()):
            yield from ((name, line.strip(), _number(found)) for found in _OPTION.findall(line))


def _number(text: str) -> int:
    return int(text, 16) if text[:2].lower() == "0x" else int(text)
