"""What a scenario expects reaches nodes: what would be skipped because nothing brings it fails where it is expected."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from fakehost import FakeHost
from test_hardware_checks import question

from rknn_validation.checks.model import Status
from rknn_validation.checks.node import NODE_CHECKS, Question, ask

pytestmark = pytest.mark.unit

NOTHING = {"test -x": "", "LD_LIBRARY_PATH": "", "load librknnrt.so": (1, "", "cannot open shared object file")}


def asked(check: str, expects: tuple[str, ...] | None) -> tuple[Status, str]:
    expectation = question("vendor").expectation
    bare = replace(
        expectation.configuration,
        system_packages=(),
        units={},
        global_environment={},
        variables={},
        session_variables={},
        shell_init={},
    )
    scenario = replace(expectation.scenario, expects=expects)
    host: Any = FakeHost(NOTHING)
    answer = ask(NODE_CHECKS[check], Question(host, replace(expectation, configuration=bare, scenario=scenario)))
    return answer.status, answer.reason


@pytest.mark.parametrize(
    ("check", "word"),
    [
        ("python.runtime-in-place", "python"),
        ("python.works-as-root", "python"),
        ("python.works-as-service-user", "python"),
        ("library.service", "service:detector"),
        ("library.login-shell", "c"),
    ],
)
def test_what_is_expected_and_not_brought_fails(check: str, word: str) -> None:
    status, reason = asked(check, (word, "devnode"))
    assert status is Status.FAIL, reason
    status, reason = asked(check, ("devnode",))
    assert status is Status.SKIP, reason
    assert "nobody expects it" in reason
