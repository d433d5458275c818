"""systemd units, as NixOS writes them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.unit


def test_sections_of_a_service(values: dict[str, Any]) -> None:
    lines = values["unit"]["text"].splitlines()
    unit, service = lines.index("[Unit]"), lines.index("[Service]")
    assert unit < lines.index("After=systemd-udevd.service") < service
    assert unit < lines.index("Description=NPU") < service
    assert lines.index("ConditionFirmware=|a") + 1 == lines.index("ConditionFirmware=|b") < service
    for line in ("Type=oneshot", "RemainAfterExit=true", "X-RestartIfChanged=false"):
        assert lines.index(line) > service
    assert lines[-1] == "WantedBy=multi-user.target"
    assert values["unit"]["wantedBy"] == ["multi-user.target"]


def test_environment_of_a_service(values: dict[str, Any]) -> None:
    text = values["unit"]["text"]
    assert 'Environment="LD_LIBRARY_PATH=/lib-of-npu"\n' in text
    assert "UNSET" not in text
    programs, _, administrators = values["unit"]["path"].partition("/sbin")
    assert programs.count("/bin") >= 5, "coreutils, findutils, grep, sed and systemd"
    assert "coreutils" in programs
    assert administrators


def test_scripts_become_exec_lines(values: dict[str, Any]) -> None:
    assert values["unit"]["start"].endswith("-npu-start/bin/npu-start ")
    (before,) = values["unit"]["pre"]
    assert before.endswith("/bin/npu-pre-start")


def test_a_service_without_the_default_path_has_none(values: dict[str, Any]) -> None:
    assert values["withoutPath"] is False


def test_start_at_is_a_timer(values: dict[str, Any]) -> None:
    assert values["startAt"] == {"OnCalendar": ["daily"]}


def test_the_global_environment_is_in_every_service(values: dict[str, Any]) -> None:
    assert 'Environment="NPU=1"\n' in values["globalEnvironment"]


def test_restarting_a_oneshot_service_is_warned_about(values: dict[str, Any]) -> None:
    (warning,) = values["oneshotRestarted"]
    assert "cannot have 'Restart=always'" in warning


def test_mount_units_are_named_by_their_path(values: dict[str, Any]) -> None:
    assert "What=/dev/sda1\n" in values["mount"]["var-lib-npu\\x2dmodels.mount"]["text"]
    assert values["escaped"] == "dev-dri-render\\x2dD128"


@pytest.mark.parametrize(
    ("case", "said"),
    [
        ("noUnitSuffix", "is not of type"),
        ("badType", "cannot have value `one-shot'"),
        ("scriptAndExecStart", "conflicting definition values"),
        ("numberInEnvironment", "is not of type"),
        ("misspelledInUnit", "serviceConfigs' does not exist"),
    ],
)
def test_invalid_units_are_rejected(case: str, said: str, refusal: Callable[[str], str]) -> None:
    assert said in refusal(case)
