"""Which of the NPU's cores services ask for."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rknn_validation.checks.configuration.registry import CONFIGURATION_CHECKS
from rknn_validation.checks.model import Answer, Evidence, failed, passed, skipped
from rknn_validation.facts.model import Facts
from rknn_validation.facts.services import services
from rknn_validation.facts.text.unitfile import commands
from rknn_validation.npu.stacks import CORE_MASKS

_VARIABLE = re.compile(r"(?:RKNN|RKNPU|NPU)\w*CORE_?MASK|^CORE_?MASK$", re.IGNORECASE)
_OPTION = re.compile(r"--(?:npu-?)?core-?mask[= ]\"?(0[xX][0-9a-fA-F]+|\d+)\b")


@CONFIGURATION_CHECKS.check(
    "units.core-masks-are-known",
    stage="units",
    title="services ask for cores in a way the runtime knows",
    remedy="Take 0 (the driver chooses), 1, 2, 4 (one core), 3 (two), 7 (all three) or 65535 (all there are).",
    stacks=("vendor",),
)
def core_masks_are_known(facts: Facts) -> Answer:
    """`The core mode 5 is not supported`: not every set of cores has a mask."""
    asked = list(_asked(facts))
    wrong = [Evidence(where, text) for where, text, mask in asked if mask not in CORE_MASKS]
    if wrong:
        return failed("the runtime knows no such set of cores", *wrong)
    return passed(f"{len(asked)} masks") if asked else skipped("no service is told which cores to use")


def _asked(facts: Facts) -> Iterator[tuple[str, str, int]]:
    for name, unit in services(facts).items():
        for variable, value in unit.environment.items():
            if _VARIABLE.search(variable) and re.fullmatch(r"0[xX][0-9a-fA-F]+|\d+", value):
                yield name, f"{variable}={value}", _number(value)
        for line in (*(command for _, command in commands(unit)), *unit.script.splitlines()):
            yield from ((name, line.strip(), _number(found)) for found in _OPTION.findall(line))


def _number(text: str) -> int:
    return int(text, 16) if text[:2].lower() == "0x" else int(text)
