"""Overlays of `hardware.deviceTree.overlays`, compiled: which nodes they change, and how."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from pathlib import Path

from rknn_validation.facts.devicetree.compile import Compiled, TreeNode, compiled, decoded
from rknn_validation.facts.kernel.source import Origin, kernel_source
from rknn_validation.facts.model import Facts, derived
from rknn_validation.facts.nix.configuration import DeviceTreeOverlay
from rknn_validation.npu.about import about_npu

VENDOR_LABELS = {"rknpu": "/npu@fdab0000", "rknpu_mmu": "/iommu@fdab9000"}
"""Labels of the NPU's nodes in Rockchip's own trees (rk3588s.dtsi of 5.10 and 6.1)."""


@cache
def mainline_labels() -> Mapping[str, str]:
    """Label -> path of the nodes that every mainline RK3588 tree has, recorded in 7.3."""
    text = resources.files("rknn_validation.npu").joinpath("labels.json").read_text(encoding="utf-8")
    return dict(json.loads(text))


@dataclass(frozen=True)
class NodeChange:
    """A node as an overlay changes it. `path` is where it is; below a label that is not known, `&label/…`.

    `refers` maps properties to what their phandles point to, in order: paths, or `&label`.
    """

    path: str
    node: TreeNode
    refers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Overlay:
    """An overlay of the configuration and what came of it. `changes` are deepest last."""

    name: str
    filter: str | None
    compiled: Compiled
    changes: tuple[NodeChange, ...] = ()
    labels: frozenset[str] = frozenset()

    @property
    def compatible(self) -> tuple[str, ...]:
        """The boards it says it is for."""
        return self.compiled.root.compatible if self.compiled.root else ()

    @property
    def is_about_npu(self) -> bool:
        """Whether it changes a node of the NPU, or one that only the NPU has to do with."""
        return any(map(about_npu, (*self.labels, *(text for one in self.changes for text in _words(one)))))


def _words(change: NodeChange) -> Iterator[str]:
    yield change.path
    yield from change.node.compatible
    yield from change.node.properties


@derived
def overlays(facts: Facts) -> tuple[Overlay, ...]:
    """Every overlay of the configuration."""
    known = VENDOR_LABELS if kernel_source(facts).origin is Origin.VENDOR else mainline_labels()
    return tuple(read_overlay(one, known) for one in facts.configuration.device_tree.overlays)


@derived
def own_overlays(facts: Facts) -> tuple[Overlay, ...]:
    """The overlays the subject adds."""
    before = facts.without.device_tree.overlays
    pairs = zip(facts.configuration.device_tree.overlays, overlays(facts), strict=True)
    return tuple(one for source, one in pairs if source not in before)


def read_overlay(overlay: DeviceTreeOverlay, known: Mapping[str, str]) -> Overlay:
    """An overlay of the configuration, read; `known` are the labels of the tree it is for."""
    result = _compiled(overlay)
    if result.root is None:
        return Overlay(overlay.name, overlay.filter, result)
    reader = _Reader(result.root, known)
    return Overlay(overlay.name, overlay.filter, result, tuple(reader.changes()), frozenset(reader.external))


def _compiled(overlay: DeviceTreeOverlay) -> Compiled:
    if overlay.text is not None:
        return compiled(overlay.text)
    path = Path(overlay.file) if overlay.file else None
    if path is None or not path.is_file():
        return Compiled(unknown="it is made by a build")
    if path.suffix == ".dtbo":
        return decoded(path.read_bytes())
    return compiled(path.read_text(errors="replace"))


class _Reader:
    """Takes an overlay's fragments apart."""

    def __init__(self, root: TreeNode, known: Mapping[str, str]) -> None:
        self.root, self.known = root, known
        fixups = root.children.get("__fixups__", TreeNode(""))
        # (path, property) -> (offset, label) of what is filled in when the overlay is applied.
        self.pending: dict[tuple[str, str], list[tuple[int, str]]] = {}
        for label in fixups.properties:
            for place in fixups.strings(label):
                path, key, offset = place.rsplit(":", 2)
                self.pending.setdefault((path, key), []).append((int(offset), label))
        self.external = tuple(fixups.properties)
        self.own = {node.cells("phandle"): path for path, node in root.walk() if node.cells("phandle")}
        self.places: dict[str, str] = {}

    def changes(self) -> Iterator[NodeChange]:
        """Every node below the fragments' overlays."""
        found = []
        for name, fragment in self.root.children.items():
            body = fragment.children.get("__overlay__")
            if body is not None:
                target = self._target(f"/{name}", fragment)
                for path, node in body.walk():
                    at = f"/{name}/__overlay__{path if path != '/' else ''}"
                    self.places[at] = f"{target.rstrip('/')}{path if path != '/' else ''}" or "/"
                    found.append((at, node))
        for at, node in found:
            yield NodeChange(self.places[at], node, {key: self._refers(at, key, node) for key in node.properties})

    def _target(self, at: str, fragment: TreeNode) -> str:
        labels = self.pending.get((at, "target"))
        if labels:
            return self.known.get(labels[0][1], f"&{labels[0][1]}")
        path = fragment.strings("target-path")
        own = self.own.get(fragment.cells("target")[:1])
        return path[0] if path else own or "/"

    def _refers(self, at: str, key: str, node: TreeNode) -> tuple[str, ...]:
        outside = dict(self.pending.get((at, key), ()))
        found = []
        for index, cell in enumerate(node.cells(key)):
            label = outside.get(index * 4)
            inside = self.own.get((cell,))
            if label:
                found.append(self.known.get(label, f"&{label}"))
            elif inside and self._is_local(at, key, index):
                found.append(self.places.get(inside, inside))
        return tuple(found)

    def _is_local(self, at: str, key: str, index: int) -> bool:
        fixups = self.root.children.get("__local_fixups__", TreeNode("")).at(at)
        return fixups is not None and index * 4 in fixups.cells(key)
