"""Reads the manifests, composes what a kustomization lists, and judges what schemas do not see."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2] / "kubernetes"
PATTERNS = sorted(path.parent for path in (ROOT / "deploy").glob("*/kustomization.yaml"))
EXAMPLES = sorted((ROOT / "examples").glob("*.yaml"))
Object = Mapping[str, Any]


def documents(path: Path) -> list[Object]:
    """The objects of a file."""
    return [one for one in yaml.safe_load_all(path.read_text()) if one]


def composed(folder: Path) -> list[Object]:
    """The objects a kustomization lists, those of other directories among them, without its patches."""
    (kustomization,) = documents(folder / "kustomization.yaml")
    found: list[Object] = []
    for name in kustomization["resources"]:
        path = folder / name
        found += composed(path.resolve()) if path.is_dir() else documents(path)
    return found


def faults(objects: list[Object]) -> Iterator[str]:
    """What a schema lets pass and a cluster, or a pod, stumbles over."""
    names = [(one["kind"], one["metadata"].get("namespace", ""), one["metadata"]["name"]) for one in objects]
    for name in {name for name in names if names.count(name) > 1}:
        yield f"{'/'.join(name)} is there twice"
    for one in objects:
        where = f"{one['kind']}/{one['metadata']['name']}"
        pod = one["spec"]["template"] if one["kind"] in ("DaemonSet", "Deployment", "Job") else one
        if one["kind"] in ("DaemonSet", "Deployment"):
            selected = one["spec"]["selector"]["matchLabels"].items()
            if not selected <= pod["metadata"]["labels"].items():
                yield f"{where}: its selector does not match its pods' labels"
        if one["kind"] in ("Pod", "DaemonSet", "Deployment", "Job"):
            yield from (f"{where}: {fault}" for fault in _pod_faults(pod["spec"], objects))


def _pod_faults(spec: Object, objects: list[Object]) -> Iterator[str]:
    volumes = {one["name"] for one in spec.get("volumes", ())}
    claims = {one["name"] for one in spec.get("resourceClaims", ())}
    templates = {one["metadata"]["name"] for one in objects if one["kind"] == "ResourceClaimTemplate"}
    used: set[str] = set()
    for claim in spec.get("resourceClaims", ()):
        if claim.get("resourceClaimTemplateName", "") not in {"", *templates}:
            yield f"there is no ResourceClaimTemplate {claim['resourceClaimTemplateName']}"
    for container in spec["containers"]:
        mounts = {one["name"] for one in container.get("volumeMounts", ())}
        used |= mounts
        for name in sorted(mounts - volumes):
            yield f"{container['name']} mounts {name}, which is no volume"
        resources = container.get("resources", {})
        for one in resources.get("claims", ()):
            if one["name"] not in claims:
                yield f"{container['name']} uses the claim {one['name']}, which the pod has not"
        for name, count in resources.get("requests", {}).items():
            if "/" in name and resources.get("limits", {}).get(name) != count:
                yield f"{container['name']} requests another number of {name} than it is limited to"
        context = container.get("securityContext", {})
        if context.get("procMount") == "Unmasked" and spec.get("hostUsers", True):
            yield f"{container['name']}: procMount Unmasked is refused without hostUsers: false"
    for name in sorted(volumes - used):
        yield f"nobody mounts the volume {name}"
    account = spec.get("serviceAccountName")
    if account and account not in {one["metadata"]["name"] for one in objects if one["kind"] == "ServiceAccount"}:
        yield f"there is no ServiceAccount {account}"
