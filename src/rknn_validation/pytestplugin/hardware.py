"""pytest: the tier `hardware`, which runs only with --hardware: which nodes are asked, their passwords, the fleet.

A run with --hardware that asks no node is an error, never a success.
"""

from __future__ import annotations

import getpass
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest
from _pytest.mark.expression import Expression

from rknn_validation.checks.model import Check
from rknn_validation.checks.node import DISTURBING, Expectation
from rknn_validation.checks.node.fleet import Fleet, NodePlan
from rknn_validation.checks.questions import Question
from rknn_validation.common.errors import HarnessError
from rknn_validation.common.workspace import sweep
from rknn_validation.facts.model import Facts
from rknn_validation.nodes.ssh import Limits, Password, SshLink
from rknn_validation.npu.boards import BOARDS
from rknn_validation.npu.stacks import STACKS
from rknn_validation.pytestplugin.entry import SUITES, path_of
from rknn_validation.pytestplugin.progress import say
from rknn_validation.subject.inventory import EXAMPLE, Node, read_inventory, require_files, select
from rknn_validation.subject.validation import Validation

NODES = SUITES / "test_nodes.py"
"""The suite that asks real nodes."""
CLUSTER = SUITES / "test_cluster.py"
"""The suite that asks a cluster."""
MARKERS = frozenset({"hardware", "verdict"})
"""Its markers."""
SOAK_LEVEL, SOAK_SECONDS = 3, 1800.0
LEVEL_SECONDS = {1: 0.0, 2: 150.0, 3: 150.0}
"""What a level takes on a node, beside a soak."""
PASSWORD = pytest.StashKey[Password]()
PASSWORD_KEY = "rknn_sudo_password"
"""Key of `workerinput` that carries the password to a worker of -n, over the pipe that started it."""


def chosen(config: pytest.Config, validation: Validation) -> Validation:
    """The subject with the nodes to ask, none without --hardware. Raises HarnessError for unknown names."""
    if config.getoption("--nodes-at-once") < 1:
        raise HarnessError("--nodes-at-once", expected="1 or more", seen=str(config.getoption("--nodes-at-once")))
    option = config.getoption
    if option("--level") > 1 and not option("--hardware"):
        raise HarnessError(f"--level {option('--level')}", expected="--hardware beside it", seen="no node to ask")
    if option("--soak") and option("--level") < SOAK_LEVEL:
        raise HarnessError("--soak", expected=f"--level {SOAK_LEVEL} beside it", seen=f"--level {option('--level')}")
    nodes = nodes_to_ask(config, validation)
    config.stash[PASSWORD] = _password(config, nodes)
    return replace(validation, nodes={node.name: node for node in nodes}, level=option("--level"))


def soak_seconds(config: pytest.Config) -> float:
    """How long a soak lasts, 0 where none is asked for."""
    return float(config.getoption("--soak") or SOAK_SECONDS) if config.getoption("--level") >= SOAK_LEVEL else 0.0


def nodes_to_ask(config: pytest.Config, validation: Validation) -> tuple[Node, ...]:
    """The nodes to ask, none without --hardware. Raises HarnessError where it is given and there is none."""
    option = config.getoption
    if not option("--hardware"):
        for name in ("--inventory", "--node", "--group", "--container"):
            if option(name):
                raise HarnessError(f"{name} names real nodes", expected="--hardware beside it", seen="no --hardware")
        return ()
    path = option("--inventory")
    known = read_inventory(path, validation.scenarios) if path else validation.nodes
    if not known and (path or option("--node") or option("--group") or asks_nodes(config)):
        raise HarnessError(
            "--hardware: there is no node to ask",
            expected="nodes in validation.yaml, or in a file named with --inventory FILE",
            seen=f"none in {path or validation.path}",
            hint=f"write down one, such as\n{EXAMPLE}",
        )
    nodes = select(known, option("--node"), option("--group"))
    require_files(nodes)
    return nodes


def asks_nodes(config: pytest.Config) -> bool:
    """Whether the suite for nodes is among the paths of this run, and -m does not leave it out.

    -k does not matter: without a node there is no question for it to leave out.
    """
    if not any(NODES.is_relative_to(path_of(argument, config.invocation_params.dir)) for argument in config.args):
        return False
    try:
        return Expression.compile(config.option.markexpr or "hardware").evaluate(_marked)
    except (SyntaxError, pytest.UsageError):
        return False  # pytest has its own words for that


def _marked(name: str, /, **_: str | int | bool | None) -> bool:
    return name in MARKERS


def nothing_matched(config: pytest.Config, nodes: Mapping[str, Node]) -> str:
    """The mistake of a run that was to ask nodes, and whose -k matches no question; "" if that is not so."""
    if not config.getoption("--hardware") or not nodes or not config.option.keyword or not asks_nodes(config):
        return ""
    first = next(iter(nodes))
    error = HarnessError(
        f"--hardware: nothing was asked, for -k {config.option.keyword!r} matches no question",
        expected=f"words of NODE-CHECK, such as {first}-device.present",
        seen=f"the nodes {', '.join(nodes)}",
        hint="--collect-only -q lists all questions; --node NAME and --group NAME choose nodes",
    )
    return str(error)


def _password(config: pytest.Config, nodes: Sequence[Node]) -> Password:
    """Sudo's password, asked for once before anything runs; a worker has it from the process that started it."""
    if hasattr(config, "workerinput"):
        return Password(str(config.workerinput.get(PASSWORD_KEY, "")))
    asking = [node.name for node in nodes if node.sudo == "ask"]
    if not asking or config.option.collectonly:
        return Password()
    if not sys.stderr.isatty():
        seen, hint = "no terminal", "run it in one, or let sudo do without: sudo: passwordless"
        raise HarnessError("sudo's password has to be typed", expected="a terminal", seen=seen, hint=hint)
    say(config, "")
    capture = config.pluginmanager.getplugin("capturemanager")
    if capture is not None:
        capture.suspend_global_capture(in_=True)
    try:
        return Password(getpass.getpass(f"sudo password for {', '.join(asking)}: "))
    except EOFError as end:
        raise HarnessError("sudo's password has to be typed", expected="a password", seen="the end of input") from end
    finally:
        if capture is not None:
            capture.resume_global_capture()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """--hardware without a node is an error, in whatever way the suite was found."""
    asked = [item for item in items if item.get_closest_marker("hardware")]
    if config.getoption("--hardware") and any(_without_nodes(item) for item in asked):
        raise pytest.UsageError(f"--hardware: there is no node to ask; write down one, such as\n{EXAMPLE}")


def _without_nodes(item: pytest.Item) -> bool:
    params = getattr(getattr(item, "callspec", None), "params", {})
    return "hardware_question" in params and not isinstance(params["hardware_question"], Question)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a worker of -n the password."""
    node.workerinput[PASSWORD_KEY] = node.config.stash.get(PASSWORD, Password()).text


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """With -n, all questions to real nodes go to one worker, which asks them side by side; so do those to a cluster."""
    live = config.getoption("--hardware") or config.getoption("--kubernetes")
    if not live or config.getoption("dist") not in ("load", "worksteal"):
        return None
    from xdist.scheduler import LoadScopeScheduling

    class Scheduling(LoadScopeScheduling):  # type: ignore[misc]
        def _split_scope(self, nodeid: str) -> str:
            path = path_of(nodeid, config.rootpath)
            return str(path) if path in (NODES, CLUSTER) else nodeid

    return Scheduling(config, log)


@pytest.fixture(scope="session")
def fleet(request: pytest.FixtureRequest, validation: Validation, gathered: Mapping[str, Facts]) -> Iterator[Fleet]:
    """The nodes of this run. They are asked the questions of its tests, in their order."""
    option = request.config.getoption
    wanted: dict[str, list[Check[Any]]] = {}
    for item in request.session.items:
        asked = getattr(getattr(item, "callspec", None), "params", {}).get("hardware_question")
        if isinstance(asked, Question) and asked.node and (option("--disturb") or asked.check.id not in DISTURBING):
            wanted.setdefault(asked.node.name, []).append(asked.check)
    soak, containers = soak_seconds(request.config), tuple(option("--container"))
    # What a level takes by design comes on top of what a node may take to answer.
    total = option("--node-deadline") + LEVEL_SECONDS[option("--level")] + soak
    limits = Limits(option("--connect-deadline"), option("--command-deadline"), total)
    password = request.config.stash.get(PASSWORD, None)

    def connect(node: Node) -> Callable[[], SshLink]:
        accept = bool(option("--accept-new-host-keys"))
        return lambda: SshLink(node, limits, accept_new=accept, password=password)

    def expected(node: Node) -> Callable[[], Expectation]:
        return lambda: replace(expectation(node, validation, gathered), soak_seconds=soak, containers=containers)

    plans = [
        NodePlan(name, connect(validation.nodes[name]), expected(validation.nodes[name]), checks)
        for name, checks in wanted.items()
    ]
    sweep()  # what a run that was killed has left
    with Fleet(plans, option("--nodes-at-once")) as fleet:
        yield fleet


def expectation(node: Node, validation: Validation, gathered: Mapping[str, Facts]) -> Expectation:
    """What a node should be. Raises HarnessError where its scenario does not evaluate."""
    facts = gathered[node.scenario]
    if facts.evaluation.configuration is None:
        seen = facts.evaluation.error.message if facts.evaluation.error else "no configuration"
        hint = "fix what the unit tier reports about it first"
        raise HarnessError(
            f"scenario {node.scenario} does not evaluate", expected="a configuration", seen=seen, hint=hint
        )
    return Expectation(
        scenario=facts.scenario,
        board=BOARDS[node.board],
        configuration=facts.configuration,
        stack=STACKS.get(facts.scenario.stack),
        guarded=node.guarded,
        service_user=node.service_user or "",
        inference=validation.inferences.get(facts.scenario.stack),
        nixpkgs=facts.evaluation.nixpkgs,
        whole=facts.subject.host is not None,
    )
