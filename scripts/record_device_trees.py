"""Records what mainline's device trees say: the boards' identities, and the state of the NPU's nodes by release.

    python scripts/record_device_trees.py 6.18.15=DIRECTORY 7.3.4=DIRECTORY (writes npu/boards.json, npu/trees.json)

DIRECTORY holds the compiled trees of a release below `rockchip/` and `broadcom/`. Debian's arm64 kernel packages have
them: `linux-image-*`, since Linux 7 `linux-base-*` (`apt-get download` fetches one, `dpkg-deb -x` unpacks it).
Identities are those of the newest release that has a tree.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "src"))

from rknn_validation.facts.devicetree.compile import TreeNode, read_dtb  # noqa: E402

PATTERNS = ("rockchip/*.dtb", "broadcom/bcm27*.dtb", "broadcom/bcm28*.dtb")
LABELS = {"rk3588-rock-5b.dtb", "rk3588-jaguar.dtb", "rk3588-tiger-haikou.dtb", "rk3588-edgeble-neu6a-io.dtb"}
"""Trees that are compiled with their labels; what all of them have comes from the SoC's own files."""


def state(root: TreeNode) -> str:
    """`none`, `okay`, `disabled`, or `partly` where some of the NPU's nodes and their MMUs are on."""
    cores = [(path, node) for path, node in root.walk() if "rockchip,rk3588-rknn-core" in node.compatible]
    if not cores:
        return "none"
    by_handle = {node.cells("phandle"): node for _, node in root.walk() if node.cells("phandle")}
    units = [node for _, core in cores for node in (core, by_handle[core.cells("iommus")[:1]])]
    on = {node.enabled for node in units}
    return "partly" if len(on) > 1 else "okay" if on == {True} else "disabled"


def main(arguments: list[str]) -> None:
    """Write both files."""
    boards: dict[str, Any] = {}
    states: dict[str, dict[str, list[str]]] = {}
    labels: dict[str, str] = {}
    for argument in arguments:
        release, _, directory = argument.partition("=")
        symbols = []
        for path in sorted(one for pattern in PATTERNS for one in Path(directory).glob(pattern)):
            root = read_dtb(path.read_bytes())
            dtb = str(path.relative_to(directory))
            boards[dtb] = {"compatible": root.compatible, "model": root.strings("model")[0]}
            if path.name.startswith("rk3588"):
                states.setdefault(release, {}).setdefault(state(root), []).append(path.stem)
            if path.name in LABELS and (names := root.at("/__symbols__")):
                symbols.append({label: names.strings(label)[0] for label in names.properties})
        if symbols:
            labels = {k: v for k, v in sorted(symbols[0].items()) if all(one.get(k) == v for one in symbols)}
    target = ROOT / "src/rknn_validation/npu"
    lines = [f"{json.dumps(dtb)}: {json.dumps(boards[dtb])}" for dtb in sorted(boards)]
    (target / "boards.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")
    lines = [f"{json.dumps(release)}: {json.dumps(states[release])}" for release in states]
    (target / "trees.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")
    print(len(boards), "boards;", len(labels), "labels")
    (target / "labels.json").write_text(json.dumps(labels, indent=0) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
