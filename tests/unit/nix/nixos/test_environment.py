"""Environment variables, as shells and sessions get them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.unit


def test_lists_of_several_modules_are_joined(values: dict[str, Any]) -> None:
    """The last imported module comes first, as in the real module system."""
    assert values["listsOfVariables"]["LD_LIBRARY_PATH"] == "/from/another:/from/variables"


def test_numbers_become_text_and_null_unsets(values: dict[str, Any]) -> None:
    assert values["listsOfVariables"]["NUMBER"] == "3"
    assert values["listsOfVariables"]["gone"] is False


def test_session_variables_are_in_shells(values: dict[str, Any]) -> None:
    session = values["sessionVariables"]
    assert session["NPU"] == "rk3588"
    assert 'export NPU="rk3588"\n' in session["text"]
    assert 'NPU   DEFAULT="rk3588"' in session["pam"]


def test_shell_variables_are_not_in_sessions(values: dict[str, Any]) -> None:
    assert values["shellsOnly"] is False


def test_set_environment_looks_as_on_nixos(values: dict[str, Any]) -> None:
    text = values["sessionVariables"]["text"]
    assert text.startswith("# DO NOT EDIT -- this file has been generated automatically.\n")
    assert "\nexport __NIXOS_SET_ENVIRONMENT_DONE=1\n" in text
    (path,) = (line for line in text.splitlines() if line.startswith("export PATH=") and "profile" in line)
    assert path.startswith('export PATH="$HOME/.nix-profile/bin:')
    assert path.endswith(':/nix/var/nix/profiles/default/bin:/run/current-system/sw/bin"')
    assert "LD_LIBRARY_PATH" not in text, "nothing of NixOS sets it"


def test_extra_init_comes_after_all_variables(values: dict[str, Any]) -> None:
    text = values["extraInit"]
    assert text.index("echo hello") > text.index("export XDG_DATA_DIRS")


@pytest.mark.parametrize(
    ("case", "said"),
    [("twoStrings", "has conflicting definition values"), ("listAndString", "neither a value of type")],
)
def test_two_values_of_one_variable_are_rejected(case: str, said: str, refusal: Callable[[str], str]) -> None:
    message = refusal(case)
    assert "`environment.variables.LD_LIBRARY_PATH" in message
    assert said in message
