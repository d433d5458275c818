"""The .config file a kernel is made with, where somebody gives a whole one (linuxManualConfig)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from rknn_validation.facts.model import Facts, derived

_SET = re.compile(r"^CONFIG_(\w+)=([ym])\s*$", re.MULTILINE)
_SUFFIX = re.compile(r'^CONFIG_LOCALVERSION="(.*)"$', re.MULTILINE)


@dataclass(frozen=True)
class ConfigFile:
    """What a .config says: `symbols` are those it sets to y or m, `suffix` is CONFIG_LOCALVERSION.

    A fragment, which the kernel's defaults or something else complete, is not `is_whole`: what it does not mention may
    be on.
    """

    name: str
    symbols: Mapping[str, str]
    suffix: str
    is_whole: bool


def parse(name: str, text: str) -> ConfigFile:
    """A .config's text, read."""
    suffix = _SUFFIX.search(text)
    return ConfigFile(name, dict(_SET.findall(text)), suffix[1] if suffix else "", "CONFIG_ARM64=y" in text)


@derived
def configfile(facts: Facts) -> ConfigFile | None:
    """The .config of the kernel that boots; None where nixpkgs makes it, or where only a build can tell."""
    making = facts.configuration.kernel.making
    if making is None or making.is_generated or making.file is None:
        return None
    text = making.text if making.text is not None else read(making.file)
    return parse(Path(making.file).name, text) if text else None


def read(file: str) -> str | None:
    """The text of a file that is there already; None for what a build makes."""
    path = Path(file)
    return path.read_text(errors="replace") if path.is_absolute() and path.is_file() else None
