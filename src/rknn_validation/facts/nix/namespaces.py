"""Names that nixpkgs has: they tell a misspelled option or function from one that only the stand-in lacks."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path

LIBRARY_NAMES = Path(__file__).parent / "standin" / "lib" / "data" / "names.json"
"""Recorded by scripts/record_nixpkgs.py: `{"": [names of lib], "strings": [names of lib.strings], ...}`."""


@cache
def library_names() -> dict[str, frozenset[str]]:
    """The recorded names, by namespace ("" is `lib` itself)."""
    return {namespace: frozenset(names) for namespace, names in json.loads(LIBRARY_NAMES.read_text()).items()}


_NIXOS_NAMES = Path(__file__).parent / "standin" / "nixos" / "namespaces.json"
OTHERS_MODULES = frozenset(
    {
        *("age", "agenix", "catppuccin", "chaotic", "clan", "colmena", "deployment", "disko", "facter", "hjem"),
        *("home-manager", "home-manager-users", "impermanence", "jovian", "microvm", "nix-bitcoin", "nixvirt"),
        *("proxmox", "proxmoxLXC", "raspberry-pi", "rockchip", "sbc", "snowfallorg", "sops", "stylix", "topology"),
        *("vscode-server", "wsl"),
    }
)
"""Where well-known modules of others declare options, which whoever imports the subject imports as well."""
SUGGESTED = re.compile(r"[`']([^`']+)'")


def is_mistaken(parts: Sequence[str], own: Sequence[str], message: str = "", *, is_open: bool = False) -> bool:
    """Whether no NixOS has the option at the path `parts`. False means that the stand-in cannot tell.

    `own` is where the subject's options live, if it has any: what is missing there is its own. `message` is Nix's,
    whose "Did you mean" names the carried options most alike. `is_open` says that modules are imported which were not
    read, and which may declare options of their own.
    """
    if own and tuple(parts[: len(own)]) == tuple(own):
        return True
    if parts[0] in OTHERS_MODULES:
        return False
    if parts[0] not in _data()["top"]:
        return not is_open
    return _carried(parts) or _misspelled(parts, message)


def split_path(path: str) -> list[str]:
    """`a."b.c".d` -> ["a", "b.c", "d"]."""
    return [quoted or plain for quoted, plain in re.findall(r'"((?:[^"\\]|\\.)*)"|([^."]+)', path)]


def _carried(parts: Sequence[str]) -> bool:
    data = _data()
    for length in range(len(parts), 0, -1):
        prefix = ".".join(parts[:length])
        if prefix in data["elsewhere"]:
            return False
        if prefix in data["carried"]:
            return True
    return False


def _misspelled(parts: Sequence[str], message: str) -> bool:
    """Whether a carried option differs in nothing but a letter or the letters' case."""
    _, _, suggestions = message.partition("Did you mean ")
    for suggested in SUGGESTED.findall(suggestions):
        other = split_path(suggested)
        is_beside = other[:-1] == list(parts[: len(other) - 1]) and len(other) <= len(parts)
        if is_beside and is_alike(parts[len(other) - 1], other[-1]):
            return True
    return False


def is_alike(one: str, two: str) -> bool:
    """Whether two names differ in nothing but a letter or the letters' case."""
    return one.lower() == two.lower() or (len(two) > 4 and _one_letter_apart(one, two))


def _one_letter_apart(one: str, two: str) -> bool:
    if len(one) > len(two):
        one, two = two, one
    if len(two) - len(one) > 1:
        return False
    start = next((at for at, (left, right) in enumerate(zip(one, two, strict=False)) if left != right), len(one))
    rest = one[start:] if len(one) < len(two) else one[start + 1 :]
    swapped = len(one) == len(two) and one[start : start + 2] == two[start : start + 2][::-1]
    return rest == two[start + 1 :] or (swapped and one[start + 2 :] == two[start + 2 :])


@cache
def _data() -> dict[str, frozenset[str]]:
    return {name: frozenset(values) for name, values in json.loads(_NIXOS_NAMES.read_text()).items()}
