"""What `rknn-validate` answers by itself: explanations, the state of this machine, completion."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml

from rknn_validation.npu.formerly import FORMERLY
from rknn_validation.pytestplugin import command, doctor, explain
from rknn_validation.pytestplugin.options import names

pytestmark = pytest.mark.integration

ROOT = Path(__file__).resolve().parents[2]
SYNTAX = {"bash": ["bash", "-n"], "zsh": ["zsh", "-n"], "fish": ["fish", "--no-execute"]}


@pytest.mark.parametrize("id", [check.id for _, check in explain.all_checks()])
def test_every_check_is_explained(id: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["--explain", id]) == 0
    said = capsys.readouterr().out
    for label in ("tier", "stage", "stacks", "asks", "remedy", "more"):
        assert f"\n  {label} " in said


@pytest.mark.parametrize("old", FORMERLY)
def test_a_former_id_is_understood(old: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["--explain", old]) == 0
    said = capsys.readouterr().out
    assert said.startswith(f"{old} is now called {FORMERLY[old]}.")


def test_an_unknown_id_suggests_near_ones(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["--explain", "device.presnt"]) == 4
    assert "did you mean device.present" in capsys.readouterr().err


def test_what_explanations_refer_to_is_there() -> None:
    for pages in explain.PAGES.values():
        for page in pages.split(", "):
            assert (ROOT / page.partition(" ")[0]).is_file(), page


def test_the_help_names_every_option(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["--help"]) == 0
    said = capsys.readouterr().out
    assert {name for name in names() if name not in said} == set()


@pytest.mark.parametrize("shell", command.SHELLS)
def test_a_shell_can_complete(shell: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["--print-completion", shell]) == 0
    script = capsys.readouterr().out
    assert "flake" in script and "hardware" in script and "cache" in script
    path = tmp_path / "completion"
    path.write_text(script)
    try:
        done = subprocess.run([*SYNTAX[shell], str(path)], capture_output=True, text=True, timeout=60, check=False)
    except FileNotFoundError:
        pytest.skip(f"{shell} is not on this machine")
    assert done.returncode == 0, done.stderr


def test_bash_completes_options_and_choices(tmp_path: Path) -> None:
    path = tmp_path / "completion"
    path.write_text(command.completion("bash"))
    asked = 'source "$0"; COMP_WORDS=(rknn-validate "$@"); COMP_CWORD=$#; _shtab_rknn_validate; echo "${COMPREPLY[@]}"'

    def offered(*words: str) -> set[str]:
        done = subprocess.run(
            ["bash", "-c", asked, path, *words], capture_output=True, text=True, timeout=60, check=True
        )
        return set(done.stdout.split())

    assert {"--flake", "--file"} <= offered("--f")
    assert offered("--guest", "") == {"debian", "nixos"}


def rows(**lacking: str) -> list[doctor.Row]:
    return [doctor.Row(tier, "thing", "seen", lacking.get(tier, ""), True, "bring it") for tier in doctor.TIERS]


@pytest.mark.parametrize(
    ("lacking", "status"),
    [({}, 0), ({"unit": "no Nix"}, 1), ({"vm": "no QEMU"}, 1), ({"hardware": "no ssh"}, 0)],
    ids=["nothing", "unit", "vm", "hardware"],
)
def test_the_doctors_status_is_that_of_unit_and_vm(
    lacking: Mapping[str, str], status: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(doctor, "examined", lambda: rows(**lacking))
    assert command.main(["--doctor"]) == status
    said = capsys.readouterr().out
    for tier in doctor.TIERS:
        assert f"{tier}: {'cannot run' if tier in lacking else 'can run'}" in said
    assert ("install: bring it" in said) == bool(lacking)


def test_the_doctor_misses_what_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(doctor, "ADMINISTRATORS", str(tmp_path))
    missing = {row.name for row in doctor.examined() if row.lacking}
    assert set(doctor.PROGRAMS) | set(doctor.USEFUL) <= missing
    assert all(row.brings for row in doctor.examined() if row.lacking)


def test_setup_brings_what_the_doctor_asks_for() -> None:
    """setup.sh runs before there is a Python to ask; a program that it does not name comes with every Debian."""
    text = (ROOT / "setup.sh").read_text()
    every_debian_has = {"make", "setpriv", "dpkg-deb", "git", "nix", "depmod"}
    for name, package in {**doctor.PROGRAMS, **doctor.USEFUL}.items():
        assert f"{name}:{package[1]}" in text or name in every_debian_has, name


@pytest.mark.parametrize(
    ("inputs", "words"),
    [
        ({}, []),
        ({"FLAKE": ".#opi01", "ARGUMENTS": "-m unit"}, ["--flake", ".#opi01", "-m", "unit"]),
        ({"SUBJECT": "a file.yaml", "ARGUMENTS": "$(exit 1) *"}, ["--subject", "a file.yaml", "$(exit", "1)", "*"]),
    ],
    ids=["nothing", "flake", "subject"],
)
def test_the_action_calls_the_command(inputs: Mapping[str, str], words: list[str], tmp_path: Path) -> None:
    action = yaml.safe_load((ROOT / "action.yml").read_text())
    judging = action["runs"]["steps"][-1]
    assert {f"${{{{ inputs.{name} }}}}" for name in action["inputs"]} == set(judging["env"].values())
    program = tmp_path / ".venv" / "bin" / "rknn-validate"
    program.parent.mkdir(parents=True)
    program.write_text('#!/bin/sh\nfor word; do echo "$word"; done\n')
    program.chmod(0o755)
    environment = {**os.environ, **dict.fromkeys(judging["env"], ""), **inputs}
    environment |= {"GITHUB_ACTION_PATH": str(tmp_path), "HOME": str(tmp_path)}
    command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", judging["run"]]  # as both run it
    done = subprocess.run(
        command, env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.splitlines() == words


def test_the_hook_judges_what_nix_evaluates() -> None:
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    assert hook["entry"].split()[0] == command.own_options().prog
    wanted = re.compile(hook["files"])
    assert all(map(wanted.search, ("nixos/modules/rknn.nix", "flake.lock", "validation.yaml")))
    assert not any(map(wanted.search, ("README.md", "docs/flake.lock.md", "other/validation.yaml.orig")))
