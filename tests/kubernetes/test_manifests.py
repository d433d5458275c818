"""The manifests: valid for each release they are meant for, and free of what schemas do not see."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import cel
import kubernetes_validate
import manifests
import pytest
from rknn_npu_driver.__main__ import parser
from rknn_npu_driver.dra import DRIVER

pytestmark = [pytest.mark.unit, pytest.mark.kubernetes]

RELEASES = ("1.34", "1.35", "1.36", "1.37")


def everything() -> list[tuple[str, list[manifests.Object]]]:
    patterns = [(folder.name, manifests.composed(folder)) for folder in manifests.PATTERNS]
    return patterns + [(path.name, manifests.documents(path)) for path in manifests.EXAMPLES]


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize(("name", "objects"), everything(), ids=lambda value: value if isinstance(value, str) else "")
def test_manifests_fit_the_schemas(name: str, objects: list[manifests.Object], release: str) -> None:
    for one in objects:
        # The name of the extended resource is part of the class since 1.34, as alpha.
        kubernetes_validate.validate(dict(one), release, strict=True)


@pytest.mark.parametrize(("name", "objects"), everything(), ids=lambda value: value if isinstance(value, str) else "")
def test_manifests_have_no_fault_that_schemas_let_pass(name: str, objects: list[manifests.Object]) -> None:
    assert list(manifests.faults(objects)) == []


def pod() -> dict[str, Any]:
    return copy.deepcopy(dict(manifests.documents(manifests.ROOT / "examples/pod-with-limit.yaml")[0]))


def daemonset() -> list[Any]:
    return copy.deepcopy(manifests.composed(manifests.ROOT / "deploy/dra"))


def test_faults_are_found() -> None:
    wrong = pod()
    wrong["spec"]["containers"][0]["resources"]["requests"] = {"rockchip.com/npu": 2}
    wrong["spec"]["containers"][0]["securityContext"]["procMount"] = "Unmasked"
    wrong["spec"]["containers"][0]["volumeMounts"] = [{"name": "none", "mountPath": "/x"}]
    wrong["spec"]["containers"][0]["resources"]["claims"] = [{"name": "npu"}]
    wrong["spec"]["resourceClaims"] = [{"name": "other", "resourceClaimTemplateName": "nobody"}]
    wrong["spec"]["volumes"] = [{"name": "idle", "emptyDir": {}}]
    wrong["spec"]["serviceAccountName"] = "nobody"
    said = "\n".join(manifests.faults([wrong, wrong]))
    for words in (
        "is there twice",
        "requests another number of rockchip.com/npu",
        "procMount Unmasked is refused without hostUsers: false",
        "mounts none, which is no volume",
        "uses the claim npu, which the pod has not",
        "there is no ResourceClaimTemplate nobody",
        "nobody mounts the volume idle",
        "there is no ServiceAccount nobody",
    ):
        assert words in said
    objects = daemonset()
    (one,) = [one for one in objects if one["kind"] == "DaemonSet"]
    one["spec"]["template"]["metadata"]["labels"] = {"app": "other"}
    assert any("its selector does not match" in fault for fault in manifests.faults(objects))


@pytest.mark.parametrize("name", ["dra", "device-plugin", "hybrid"])
def test_the_driver_takes_the_arguments_it_is_given(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NODE_NAME", "opi01")
    drivers = [one for one in manifests.composed(manifests.ROOT / "deploy" / name) if one["kind"] == "DaemonSet"]
    for one in drivers:
        (container,) = one["spec"]["template"]["spec"]["containers"]
        options = parser().parse_args(container["args"])
        assert options.node == "opi01"
        # Every place the driver looks at is mounted, the node's own read-only.
        mounted = {mount["mountPath"]: mount.get("readOnly", False) for mount in container["volumeMounts"]}
        assert mounted[str(options.sys)] and mounted[str(options.dev)]
        assert mounted[str(options.cdi_folder)] is False
        assert str(options.kubelet / "plugins") in mounted
        own = options.kubelet / "plugins_registry" if options.interface == "dra" else options.device_plugins
        assert str(own) in mounted
        for library in options.library:
            assert str(options.files) + str(library.source.parent) in mounted


def test_the_driver_s_pods_have_no_privilege_but_kubelet_s_directories() -> None:
    for folder in manifests.PATTERNS:
        for one in manifests.composed(folder):
            if one["kind"] == "DaemonSet" and one["metadata"]["name"].startswith("rknn"):
                (container,) = one["spec"]["template"]["spec"]["containers"]
                context = container["securityContext"]
                assert "privileged" not in context and context["readOnlyRootFilesystem"]
                assert context["capabilities"] == {"drop": ["ALL"]} and not context["allowPrivilegeEscalation"]


def test_the_class_selects_the_driver_s_devices_under_the_plugin_s_name() -> None:
    objects = manifests.composed(manifests.ROOT / "deploy/dra")
    (found,) = [one for one in objects if one["kind"] == "DeviceClass"]
    assert found["metadata"]["name"] == DRIVER
    assert found["spec"]["extendedResourceName"] == "rockchip.com/npu"
    assert f'"{DRIVER}"' in found["spec"]["selectors"][0]["cel"]["expression"]


@pytest.mark.parametrize("folder", manifests.PATTERNS, ids=lambda folder: folder.name)
def test_each_pattern_says_when_to_take_it(folder: Path) -> None:
    if folder.name == "base":
        pytest.skip("no pattern, but what others share")
    page = (folder / "README.md").read_text()
    for heading in ("## Take it when", "## What it costs", "## Pod Security"):
        assert heading in page


DRIVERS = "system:serviceaccount:rknn:rknn-npu-driver"
OWN, OTHER, NOBODY = {"spec": {"nodeName": "opi01"}}, {"spec": {"nodeName": "opi02"}}, {"spec": {"allNodes": True}}


@pytest.mark.parametrize(
    ("operation", "node", "before", "after", "allowed"),
    [
        ("CREATE", "opi01", None, OWN, True),
        ("UPDATE", "opi01", OWN, OWN, True),
        ("DELETE", "opi01", OWN, None, True),
        ("CREATE", "opi01", None, OTHER, False),
        ("UPDATE", "opi01", OWN, OTHER, False),
        ("DELETE", "opi01", OTHER, None, False),
        ("CREATE", "opi01", None, NOBODY, False),
        ("CREATE", "", None, OWN, False),
        ("CREATE", "", None, NOBODY, False),
    ],
)
def test_the_policy_lets_a_driver_write_its_own_node_s_slice_only(
    operation: str, node: str, before: Any, after: Any, allowed: bool
) -> None:
    """The policy's own expressions, evaluated; a token that is bound to no node has no right to any slice."""
    (policy,) = [one for one in manifests.composed(manifests.ROOT / "deploy/dra") if one["kind"].endswith("Policy")]
    spec = policy["spec"]
    assert spec["failurePolicy"] == "Fail"
    extra = {"extra": {"authentication.kubernetes.io/node-name": [node]}} if node else {}
    user = {"username": DRIVERS, **extra}
    context = {"request": {"operation": operation, "userInfo": user}, "object": after, "oldObject": before}
    (condition,) = spec["matchConditions"]
    assert cel.evaluate(condition["expression"], context) is True
    other = {"request": {"operation": operation, "userInfo": {**user, "username": "system:node:opi01"}}}
    assert cel.evaluate(condition["expression"], other) is False
    variables = {one["name"]: cel.evaluate(one["expression"], context) for one in spec["variables"]}
    (validation,) = spec["validations"]
    assert cel.evaluate(validation["expression"], {**context, "variables": variables}) is allowed
    if not allowed:
        assert "may not write the slice of" in cel.evaluate(validation["messageExpression"], {"variables": variables})
