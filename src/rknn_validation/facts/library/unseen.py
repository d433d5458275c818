"""What the subject's files say of the API's paths where evaluation does not show it.

A script of pkgs.writeShellScript is a store path by the time it is evaluated.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from rknn_validation.facts.difference import part
from rknn_validation.facts.model import Facts, derived
from rknn_validation.facts.nix.syntax import Apply, Node, Text, function_name
from rknn_validation.facts.recipes.nixtrees import trees_of
from rknn_validation.npu.stacks import PYTHON_RUNTIME_PATHS

_WRITERS = re.compile(
    r"write(?:Shell|Bash|Dash|Python3|Text|Script)\w*|runCommand\w*|symlinkJoin|buildFHS\w+|mkDerivation"
)
_PATHS = re.compile("|".join(map(re.escape, PYTHON_RUNTIME_PATHS)))


@derived
def written_but_unseen(facts: Facts) -> str:
    """Where something may put the runtime at a path of the API's, for a reason; "" where nothing does."""
    for tree in trees_of(facts):
        for node in tree.tree.walk():
            if isinstance(node, Apply) and _WRITERS.fullmatch(function_name(_head(node)) or ""):
                texts = (text for inner in node.walk() if isinstance(inner, Text) for text in _plain(inner))
                if any(map(_PATHS.search, texts)):
                    return f"{tree.at(node)} speaks of the API's path in what only a build shows"
    for package in part(facts).packages:
        if package in facts.configuration.tmpfiles_packages and not package.files and not package.members:
            return f"{package.name} brings tmpfiles lines (systemd.tmpfiles.packages) that only a build shows"
    return ""


def _head(node: Apply) -> Node:
    head: Node = node
    while isinstance(head, Apply):
        head = head.function
    return head


def _plain(node: Text) -> Iterator[str]:
    return (part for part in node.parts if isinstance(part, str))
