"""Checks asked of an evaluated configuration, one file per topic.

Importing this package imports every topic, which fills `CONFIGURATION_CHECKS`.
"""

from __future__ import annotations

import importlib
import pkgutil

from rknn_validation.checks.configuration.registry import (
    CONFIGURATION_CHECKS,
    STAGES,
    applicable,
    ask,
    concerns,
    is_asked,
)

for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")

__all__ = ["CONFIGURATION_CHECKS", "STAGES", "applicable", "ask", "concerns", "is_asked"]
