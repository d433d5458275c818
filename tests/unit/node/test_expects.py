"""Expectations on nodes: a client that the configuration lacks fails if it is expected, and is skipped otherwise."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from fakehost import FakeHost, Reply
from test_hardware_checks import question

from rknn_validation.checks.model import Status
from rknn_validation.checks.node import NODE_CHECKS, NodeUnderTest, ask
from rknn_validation.facts.nix.configuration import Account
from rknn_validation.machine.activation.python import is_toolkit

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
    answer = ask(NODE_CHECKS[check], NodeUnderTest(host, replace(expectation, configuration=bare, scenario=scenario)))
    return answer.status, answer.reason


@pytest.mark.parametrize(
    ("check", "word"),
    [
        ("python.runtime-in-place", "python"),
        ("python.works-as-root", "python"),
        ("python.works-as-service-user", "python"),
        ("library.service-finds-runtime", "service:detector"),
        ("library.login-shell-finds-runtime", "c"),
    ],
)
def test_an_expected_client_that_is_missing_fails(check: str, word: str) -> None:
    status, reason = asked(check, (word, "devnode"))
    assert status is Status.FAIL, reason
    status, reason = asked(check, ("devnode",))
    assert status is Status.SKIP, reason
    assert "it is not expected" in reason


PYTHON = "/nix/store/0123456789abcdfghijklmnpqrsvwxyz-python3-3.12.11-env"


def of_service(reply: Reply) -> tuple[Status, str, str]:
    """What is said of a service whose Python is known to nobody, and the command that asked."""
    given = question("vendor").expectation
    service = {
        "ExecStart": (f"{PYTHON}/bin/python3 -m detector",),
        "SupplementaryGroups": ("render",),
        "BindReadOnlyPaths": ("/nix/store/x/lib/librknnrt.so:/usr/lib/librknnrt.so",),
    }
    unit = replace(
        next(iter(given.configuration.units.values())),
        name="detector.service",
        sections={"Service": service},
        environment={"MODEL": "a b"},
    )
    configuration = replace(given.configuration, units={unit.name: unit})
    scenario = replace(given.scenario, expects=("service:detector",))
    host: Any = FakeHost({"systemd-run": reply})
    asked = NodeUnderTest(host, replace(given, configuration=configuration, scenario=scenario))
    answer = ask(NODE_CHECKS["python.works-as-service-user"], asked)
    return answer.status, answer.reason, host.asked[-1]


def test_an_expected_service_is_checked_with_its_own_python_and_settings() -> None:
    status, reason, command = of_service("load_rknn 0\ninit_runtime 0\n")
    assert (status, reason) == (Status.PASS, "init_runtime() succeeded as detector.service")
    for part in (
        "'--setenv=MODEL=a b'",
        "--property=SupplementaryGroups=render",
        "--property=BindReadOnlyPaths=/nix/store/x/lib/librknnrt.so:/usr/lib/librknnrt.so",
        f"{PYTHON}/bin/python3 -c",
    ):
        assert part in command
    status, reason, _ = of_service((1, "", "Exception: Can not find dynamic library on RK3588!"))
    assert status is Status.FAIL and "as detector.service: no runtime" in reason
    status, reason, _ = of_service((1, "", "ModuleNotFoundError: No module named 'rknnlite'"))
    assert status is Status.INCONCLUSIVE and "unknown" in reason


def test_the_only_user_with_the_api_is_checked() -> None:
    given = question("vendor").expectation
    package = next(one for one in given.configuration.packages() if any(map(is_toolkit, one.walk())))
    bob = Account("bob", ("render",), is_system=False, packages=(package,))
    configuration = replace(given.configuration, system_packages=(), users={"bob": bob})
    host: Any = FakeHost({"--reuid=bob": "init_runtime 0\n"})
    asked = NodeUnderTest(host, replace(given, configuration=configuration))
    answers = [ask(NODE_CHECKS[f"python.works-as-{who}"], asked) for who in ("root", "service-user")]
    assert [one.status for one in answers] == [Status.SKIP, Status.PASS]
    assert "only bob" in answers[0].reason
