"""What packages say about themselves: licence and platforms.

What nixpkgs itself refuses (broken, insecure, not for this platform) is evaluation's to report.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from rknn_validation.checks.configuration.registry import check
from rknn_validation.checks.findings import Finding, Problem, looked_at
from rknn_validation.facts.model import Facts
from rknn_validation.facts.nix.syntax import dotted
from rknn_validation.facts.recipes.recipes import Recipe, recipes
from rknn_validation.facts.recipes.values import Word
from rknn_validation.facts.recipes.vendor import is_vendor_binary, source_texts

NOTHING = "the subject has no packages of its own"
BOARD = "aarch64-linux"
# Attribute names of lib.licenses that stand for free software and that people reach for.
_FREE = re.compile(
    r"(?:mit|asl20|apsl20|bsd\d?\w*|gpl\w*|lgpl\w*|agpl\w*|mpl\w*|isc|zlib|cc0|unlicense|publicDomain|free)"
)
# Older trees of rockchip-linux came under a BSD text; airockchip/rknn-toolkit2 has the RKNN SDK licence.
_PROPRIETARY_SOURCE = re.compile(r"airockchip|rknn-toolkit2|rknn_toolkit_lite2|rknn-toolkit-lite2", re.IGNORECASE)


@check(
    "lint.licence-is-the-vendor-s",
    stage="lint",
    title="The vendor's binaries are not called free software",
    remedy="Set meta.license = lib.licenses.unfree (the RKNN SDK licence allows use with Rockchip's chips only).",
    good="no vendor binary is called free",
    nothing=NOTHING,
)
def licence_is_the_vendors(facts: Facts) -> Iterator[Finding]:
    """A proprietary binary marked as free passes allowUnfree = false and lands in public caches."""
    ours = [one for one in recipes(facts) if is_vendor_binary(one) and _is_proprietary(one)]
    found = [
        Problem(one.where, f"{one.name} is Rockchip's under the RKNN SDK licence, not under {licence}", licence)
        for one in ours
        for licence in licences(one)
        if _FREE.fullmatch(licence.rsplit(".", 1)[-1])
    ]
    yield from found
    yield from looked_at(one.where for one in ours)


def _is_proprietary(recipe: Recipe) -> bool:
    return any(_PROPRIETARY_SOURCE.search(text) for text in source_texts(recipe))


def licences(recipe: Recipe) -> tuple[str, ...]:
    """The licences a recipe names, as written."""
    value = recipe.meta.get("license")
    if isinstance(value, tuple):
        return tuple(str(one) for one in value)
    return (str(value),) if isinstance(value, str) else ()


@check(
    "lint.platforms-are-the-binary-s",
    stage="lint",
    title="A binary for aarch64 does not claim to run elsewhere",
    remedy='Set meta.platforms = [ "aarch64-linux" ]: on anything else nixpkgs then says so at evaluation.',
    good="binaries claim aarch64 only",
    nothing=NOTHING,
)
def platforms_are_the_binarys(facts: Facts) -> Iterator[Finding]:
    """On x86_64 it would be installed without a word and fail when loaded."""
    ours = [one for one in recipes(facts) if is_vendor_binary(one) and not _chooses_by_platform(one)]
    found = []
    for recipe in ours:
        claimed = systems(recipe, "platforms") or ()
        # No NixOS runs on Darwin: platforms.aarch64 claims nothing that could go wrong.
        foreign = [one for one in claimed if one != BOARD and one.endswith("-linux")]
        if foreign and BOARD in claimed:
            found.append(
                Problem(recipe.where, f"{recipe.name} holds an aarch64 binary and claims {', '.join(foreign)} as well")
            )
    yield from found
    yield from looked_at(one.where for one in ours)


def _chooses_by_platform(recipe: Recipe) -> bool:
    """Whether the file picks what it downloads by the machine (then it may well run on several)."""
    return any(bool(_ASKS_PLATFORM & set((dotted(node) or "").split("."))) for node in recipe.tree.tree.walk())


_ASKS_PLATFORM = frozenset({"hostPlatform", "targetPlatform", "buildPlatform", "isAarch64", "isx86_64", "system"})
_LISTS = {
    "linux": (BOARD, "x86_64-linux", "armv7l-linux", "i686-linux", "riscv64-linux"),
    "unix": (BOARD, "x86_64-linux", "aarch64-darwin", "x86_64-darwin"),
    "all": (BOARD, "x86_64-linux", "aarch64-darwin"),
    "aarch64": (BOARD, "aarch64-darwin"),
    "x86_64": ("x86_64-linux", "x86_64-darwin"),
    "x86": ("x86_64-linux", "i686-linux"),
    "i686": ("i686-linux",),
    "arm": ("armv7l-linux", "armv6l-linux"),
    "armv7": ("armv7l-linux",),
    "darwin": ("aarch64-darwin", "x86_64-darwin"),
    "none": (),
}


def systems(recipe: Recipe, name: str) -> tuple[str, ...] | None:
    """`meta.platforms` as systems; None where it is not given or computed."""
    value = recipe.meta.get(name)
    if isinstance(value, Word):
        return _LISTS.get(value.rsplit(".", 1)[-1]) if "platforms" in value else None
    if not isinstance(value, tuple) or any(not re.fullmatch(r"\w+-\w+", one) for one in value):
        return None
    return value
