"""Do the variables reach the programs they are for?"""

from __future__ import annotations

import difflib
import re

from rknn_validation.checks.configuration.registry import CONFIGURATION_CHECKS
from rknn_validation.checks.model import Answer, Evidence, failed, passed, skipped
from rknn_validation.facts.difference import part
from rknn_validation.facts.library.search import path_settings
from rknn_validation.facts.model import Facts
from rknn_validation.npu.stacks import LD_LIBRARY_PATH


@CONFIGURATION_CHECKS.check(
    "library.path-is-set-for-every-login",
    stage="library",
    title="LD_LIBRARY_PATH does not depend on an interactive shell",
    remedy="Set environment.sessionVariables (every login) and the units' environment (services).",
)
def set_for_every_login(facts: Facts) -> Answer:
    """interactiveShellInit is read by interactive shells alone: no script, no ssh command, no service."""
    settings = path_settings(facts)
    if not settings:
        return skipped(f"the subject does not set {LD_LIBRARY_PATH}")
    narrow = [one for one in settings if "nteractive" in one.where or "prompt" in one.where.lower()]
    if narrow and len(narrow) == len(settings):
        return failed("only interactive shells get the path", *(Evidence(one.where, one.value) for one in narrow))
    return passed(", ".join(sorted({one.where for one in settings})))


@CONFIGURATION_CHECKS.check(
    "library.variable-is-the-loader-s",
    stage="library",
    title="the variable that is set is the one the loader reads",
    remedy=f"The dynamic loader reads {LD_LIBRARY_PATH} and no variable of a similar name.",
)
def variable_is_the_loaders(facts: Facts) -> Answer:
    """A misspelled variable is no error anywhere."""
    ours = part(facts)
    named = {
        **{name: f"environment.variables.{name}" for name in (*ours.variables, *ours.session_variables)},
        **{name: f"systemd.globalEnvironment.{name}" for name in ours.global_environment},
        **{name: f"{unit} environment" for unit, one in ours.units.items() for name in one.environment},
    }
    for where, text in ours.shell_init.items():
        named.update(dict.fromkeys(re.findall(r"\bexport\s+(\w+)=", text), where))
    wrong = [
        Evidence(where, name)
        for name, where in named.items()
        if not name.endswith(LD_LIBRARY_PATH)
        and (difflib.SequenceMatcher(None, name.upper(), LD_LIBRARY_PATH).ratio() > 0.88 or name == "LIBRARY_PATH")
        and LD_LIBRARY_PATH not in named
    ]
    if wrong:
        return failed(f"the loader does not read it; it reads {LD_LIBRARY_PATH}", *wrong)
    return passed(f"{len(named)} variables, none misspelled") if named else skipped("the subject sets no variable")
