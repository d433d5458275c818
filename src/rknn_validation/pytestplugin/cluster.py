"""pytest: the tier `kubernetes`, which runs only with --kubernetes: which cluster is asked, what is expected of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

import pytest

from rknn_validation.checks.cluster.live import ClusterUnderTest, Expected
from rknn_validation.checks.cluster.workload import Workload, workload
from rknn_validation.common.deadline import Deadline
from rknn_validation.common.errors import HarnessError
from rknn_validation.nodes.kubectl import Kubectl, require_context
from rknn_validation.nodes.ssh import Limits, SshLink
from rknn_validation.subject.inventory import Node
from rknn_validation.subject.validation import Validation

WHOLE = pytest.StashKey[Validation]()
"""The subject with all of its nodes: without --hardware they are left out of what is asked."""
SERVICE = "rknn-node-driver.service"


def chosen(config: pytest.Config, validation: Validation) -> Validation:
    """The subject with the cluster to ask, none without --kubernetes. Raises HarnessError for an unknown context."""
    config.stash[WHOLE] = validation
    if not config.getoption("--kubernetes"):
        for name in ("--context", "--disrupt"):
            if config.getoption(name):
                raise HarnessError(f"{name} is about a cluster", expected="--kubernetes beside it", seen="none")
        return validation
    require_context(config.getoption("--context"))
    return replace(validation, cluster=config.getoption("--context"))


def expected_of(validation: Validation) -> dict[str, Expected]:
    """What the nodes of a cluster are to be, by name: `nodes:` of the subject file, and its hosts."""
    found = {}
    for name in validation.hosts:
        scenario = validation.scenarios.get(name)
        if scenario is not None:
            npu = scenario.stack != "none" and all(board.is_rk3588 for board in scenario.identities())
            found[name.lower()] = Expected(scenario.stack if npu else "", f"host {name} of {validation.path.name}")
    for name, node in validation.nodes.items():
        stack = "" if node.guarded else validation.scenarios[node.scenario].stack
        why = f"nodes: {name} of {validation.path.name}, scenario {node.scenario}"
        found[name.lower()] = Expected("" if stack == "none" else stack, why)
    return found


def killers(nodes: Mapping[str, Node], limits: Limits) -> dict[str, Callable[[], str]]:
    """How the driver of each node is killed that runs it as a service of the host, over SSH."""

    def killer(node: Node) -> Callable[[], str]:
        def kill() -> str:
            with SshLink(node, limits) as link:
                command = f"systemctl kill --signal=KILL {SERVICE}"
                done = link.run(command)
            if done.rc:
                problem = done.stderr.decode(errors="replace").strip()
                raise HarnessError(f"{command} failed on {node.name}", expected="exit status 0", seen=problem)
            return command

        return kill

    return {name.lower(): killer(node) for name, node in nodes.items()}


@pytest.fixture(scope="session")
def cluster_work(request: pytest.FixtureRequest, validation: Validation) -> Iterator[Workload]:
    """The cluster of this run, and the pods that are tried on it, which are removed at its end."""
    option = request.config.getoption
    whole = request.config.stash[WHOLE]
    limits = Limits(option("--connect-deadline"), option("--command-deadline"), option("--node-deadline"))
    total = Deadline.after(option("--cluster-deadline"), "all questions to the cluster")
    cluster = ClusterUnderTest(
        kubectl=Kubectl(validation.cluster, total),
        expected=expected_of(whole),
        inferences=validation.inferences,
        image=option("--image"),
        patience=option("--pod-deadline"),
        kill=killers(whole.nodes, limits) if option("--disrupt") else {},
    )
    with workload(cluster) as work:
        yield work
