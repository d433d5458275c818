"""Kconfig symbols in the text of overlays and packages, judged by the kernel they are given to."""

from __future__ import annotations

from collections.abc import Iterator

from rknn_validation.checks.configuration.registry import check
from rknn_validation.checks.findings import Finding, Fine, Problem
from rknn_validation.facts.kernel.written import asked_symbols
from rknn_validation.facts.model import Facts
from rknn_validation.npu import symbols


@check(
    "kernel-package.symbols-exist",
    stage="kernel",
    title="Kernels that overlays and packages configure have the symbols they are given",
    remedy="Give ROCKCHIP_RKNPU and its like only to a kernel built from Rockchip's source; a mainline one takes the "
    "out-of-tree rknpu module, or DRM_ACCEL and DRM_ACCEL_ROCKET from 6.18 on.",
    good="every symbol is known",
    nothing="the subject's files configure no kernel",
)
def symbols_exist(facts: Facts) -> Iterator[Finding]:
    """An unknown symbol is an error (`unused option`) or silently nothing; the driver is missing either way."""
    for one in asked_symbols(facts):
        why = symbols.missing(one.symbol, one.version)
        yield Problem(one.where, why, one.symbol) if why else Fine(one.where, one.symbol)
