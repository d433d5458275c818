"""Whether a subject is a module for the NPU, or something larger that may have a part for it."""

from __future__ import annotations

from pathlib import Path

from rknn_validation.facts.model import Facts, derived
from rknn_validation.npu.about import about_npu


@derived
def is_npu_module(facts: Facts) -> bool:
    """Whether the subject is a module for the NPU, by its option or its file: all it contributes is for the NPU."""
    module = facts.subject.module
    if module is None:
        return False
    # Not by its folder: that may be a machine's name.
    name = module.stem if isinstance(module, Path) else module.path[-1]
    return about_npu(".".join(facts.subject.option)) or about_npu(name)
