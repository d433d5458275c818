"""Do the variables reach the programs they are for?"""

from __future__ import annotations

import difflib
from collections.abc import Iterator

from rknn_validation.checks.configuration.registry import check
from rknn_validation.checks.findings import Fine, Problem
from rknn_validation.facts.library.search import path_settings
from rknn_validation.facts.model import Facts
from rknn_validation.facts.npupart import npu_variables
from rknn_validation.npu.stacks import LD_LIBRARY_PATH


@check(
    "library.path-is-set-for-every-login",
    stage="library",
    title="LD_LIBRARY_PATH does not depend on an interactive shell",
    remedy="Set environment.sessionVariables (every login) and the units' environment (services).",
    nothing=f"the subject does not set {LD_LIBRARY_PATH}",
)
def set_for_every_login(facts: Facts) -> Iterator[Problem | Fine]:
    """interactiveShellInit is read by interactive shells alone: no script, no ssh command, no service."""
    settings = path_settings(facts)
    narrow = [one for one in settings if "nteractive" in one.where or "prompt" in one.where.lower()]
    for one in settings:
        if len(narrow) == len(settings):
            yield Problem(one.where, "only interactive shells get the path", one.value)
        else:
            yield Fine(one.where)


@check(
    "library.variable-is-the-loader-s",
    stage="library",
    title="the variable that is set is the one the loader reads",
    remedy=f"The dynamic loader reads {LD_LIBRARY_PATH} and no variable of a similar name.",
    good="no variable is misspelled",
    nothing="the subject sets no variable",
)
def variable_is_the_loaders(facts: Facts) -> Iterator[Problem | Fine]:
    """A misspelled variable is no error anywhere."""
    named = npu_variables(facts)
    for name, where in named.items():
        near = difflib.SequenceMatcher(None, name.upper(), LD_LIBRARY_PATH).ratio() > 0.88 or name == "LIBRARY_PATH"
        if near and not name.endswith(LD_LIBRARY_PATH) and LD_LIBRARY_PATH not in named:
            yield Problem(where, f"the loader does not read it; it reads {LD_LIBRARY_PATH}", name)
        else:
            yield Fine(where, name)
