"""What mainline's device trees of RK3588 boards say of the NPU, by the name of the tree and the kernel's release.

`trees.json` is recorded from the compiled trees of Debian's kernel packages (scripts/record_device_trees.py). Since
Linux 6.18 each tree has the three rknn-core nodes and their MMUs, disabled; a board's own tree enables them. What lies
between two recorded releases that differ is in `SINCE`, where the release is known, and is otherwise unknown.
The module's own copy of these facts is nixos/modules/nixos/rknn/trees.nix.
"""

from __future__ import annotations

import json
import re
from functools import cache
from importlib import resources

FIRST = "6.18"
"""The first release whose trees describe the NPU."""

SINCE = {
    "rk3588-friendlyelec-cm3588-nas": "7.0",
    "rk3588-nanopc-t6": "7.0",
    "rk3588-nanopc-t6-lts": "7.0",
    "rk3588-turing-rk1": "7.0",
}
"""The first release that enables the NPU, where it is known more exactly than the recorded ones tell.

Changes dated January 2026, after 6.19 was closed.
"""


@cache
def recorded() -> dict[str, dict[str, str]]:
    """Release -> tree -> `none`, `disabled` or `okay`: the state of the NPU's nodes, oldest release first."""
    text = resources.files("rknn_validation.npu").joinpath("trees.json").read_text(encoding="utf-8")
    return {
        release: {tree: state for state, trees in states.items() for tree in trees}
        for release, states in json.loads(text).items()
    }


def describes_npu(release: str) -> bool:
    """Whether the trees of a mainline release have the NPU's nodes at all."""
    return _series(release) >= _series(FIRST)


def enables_npu(tree: str, release: str) -> bool | None:
    """Whether the tree of that mainline release enables the NPU; None where that is not known here."""
    if not any(tree in trees for trees in recorded().values()):
        return None
    if not describes_npu(release):
        return False
    if tree in SINCE:
        return _series(release) >= _series(SINCE[tree])
    older = [states.get(tree) for one, states in recorded().items() if _series(one) <= _series(release)][-1:]
    newer = [states.get(tree) for one, states in recorded().items() if _series(one) >= _series(release)][:1]
    seen = set(older + newer)
    return seen == {"okay"} if len(seen) == 1 and None not in seen else None


def enabled_in(tree: str) -> str:
    """The first release that is known to enable the NPU of a tree, "" where none does."""
    return SINCE.get(tree) or next((one for one, states in recorded().items() if states.get(tree) == "okay"), "")


def name_of(dtb: str) -> str:
    """`rk3588-rock-5b` for `rockchip/rk3588-rock-5b.dtb`."""
    return dtb.rsplit("/", 1)[-1].removesuffix(".dtb")


def _series(release: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", release)[:2])
