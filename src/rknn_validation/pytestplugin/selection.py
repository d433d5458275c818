"""Which real nodes a run asks, and what it says where there are none: to ask nobody is a slip, never a success."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from _pytest.mark.expression import Expression

from rknn_validation.common.errors import HarnessError
from rknn_validation.pytestplugin.entry import SUITES, path_of
from rknn_validation.subject.inventory import EXAMPLE, Node, read_inventory, require_files, select
from rknn_validation.subject.validation import Validation

NODES = SUITES / "test_nodes.py"
"""The suite that asks real nodes."""
MARKERS = frozenset({"hardware", "verdict"})
"""The markers of the questions to real nodes."""


def which(config: pytest.Config, validation: Validation) -> tuple[Node, ...]:
    """The nodes to ask, none where this run asks no nodes. Raises HarnessError."""
    option = config.getoption
    if not option("--hardware"):
        for name in ("--inventory", "--node", "--group"):
            if option(name):
                raise HarnessError(f"{name} names real nodes", expected="--hardware beside it", seen="no --hardware")
        return ()
    path = option("--inventory")
    known = read_inventory(path, validation.scenarios) if path else validation.nodes
    if not known and (path or option("--node") or option("--group") or asks(config)):
        raise HarnessError(
            "--hardware: there is no node to ask",
            expected="nodes in validation.yaml, or in a file named with --inventory FILE",
            seen=f"none in {path or validation.path}",
            hint=f"write down one, such as\n{EXAMPLE}",
        )
    nodes = select(known, option("--node"), option("--group"))
    require_files(nodes)
    return nodes


def asks(config: pytest.Config) -> bool:
    """Whether the questions to nodes are among the paths of this run, and -m does not leave them out.

    What -k says is no matter: without a node there is no question it could leave out.
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
    """What to say where no test was left of a run that asks nodes; "" where it does not."""
    if not config.getoption("--hardware") or not nodes or not config.option.keyword or not asks(config):
        return ""
    first = next(iter(nodes))
    error = HarnessError(
        f"--hardware: nothing was asked, for -k {config.option.keyword!r} matches no question",
        expected=f"words of NODE-CHECK, such as {first}-device.present",
        seen=f"the nodes {', '.join(nodes)}",
        hint="--collect-only -q lists all questions; --node NAME and --group NAME choose nodes",
    )
    return str(error)
