"""The roll-out stops at the first node that fails, and says how to return it to the system it had.

`nixos-rebuild`, `ssh` and `pytest` are stand-ins here: small programs that write down how they were called and answer
as the test says. What is shown is the order of the calls and what follows from their answers, not a deployment.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

pytestmark = pytest.mark.integration

ROOT = Path(__file__).resolve().parents[3]
SCRIPT = ROOT / "scripts" / "roll_out.py"
BEFORE = "/nix/store/00000000000000000000000000000000-nixos-system-opi-before"

STAND_IN = """#!/bin/sh
echo "$(basename "$0") $*" | tr '\\n' ' ' >>"$CALLS/log"
echo >>"$CALLS/log"
for answer in "$CALLS"/answers/*; do
  [ -e "$answer" ] || continue
  case "$(basename "$0") $*" in *$(cat "$answer/when")*) . "$answer/do";; esac
done
exit 0
"""

Answer = Callable[..., None]
Deploy = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def calls(tmp_path: Path) -> Path:
    """Where the stand-ins write down how they were called, and find what to answer."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "answers").mkdir()
    for name in ("nixos-rebuild", "ssh", "pytest"):
        (tmp_path / "bin" / name).write_text(STAND_IN)
        (tmp_path / "bin" / name).chmod(0o755)
    (tmp_path / "keys").write_text("# operators\nssh-ed25519 AAAA somebody\n")
    (tmp_path / "log").touch()
    return tmp_path


@pytest.fixture
def answer(calls: Path) -> Answer:
    """`answer(pattern in a command line, shell)`: what a stand-in does that is called so; later ones come last."""

    def prepare(when: str, then: str) -> None:
        directory = calls / "answers" / f"{len(list((calls / 'answers').iterdir())):02}"
        directory.mkdir()
        (directory / "when").write_text(when)
        (directory / "do").write_text(then)

    prepare("[0-9] readlink -f /run/current-system", f"echo {BEFORE}")
    return prepare


@pytest.fixture
def deploy(calls: Path, answer: Answer) -> Deploy:
    """Runs the script with the stand-ins first on PATH."""

    def invoke(*arguments: str, keys: str = "keys") -> subprocess.CompletedProcess[str]:
        environment = {
            **os.environ,
            "PATH": f"{calls / 'bin'}:{os.environ['PATH']}",
            "CALLS": str(calls),
            "RKNN_AUTHORIZED_KEYS": str(calls / keys),
        }
        command = [sys.executable, str(SCRIPT), *arguments]
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=30, check=False)

    return invoke


def called(calls: Path) -> list[str]:
    """Program and first host of every call, in order; questions over SSH are `ssh`."""
    lines = (calls / "log").read_text().splitlines()
    return [
        f"{line.split()[0]} {next(host for host in ('opi01', 'opi02', 'opi03', 'rpi01') if host in line)}"
        for line in lines
        if not line.startswith("ssh") or "reboot" in line or "nix-env" in line or "switch-to" in line
    ]


def test_nodes_are_deployed_and_asked_one_after_the_other(calls: Path, deploy: Deploy) -> None:
    done = deploy("roll-out", "opi01", "opi02")
    assert done.returncode == 0, done.stderr
    assert called(calls) == ["nixos-rebuild opi01", "pytest opi01", "nixos-rebuild opi02", "pytest opi02"]
    log = (calls / "log").read_text()
    assert f"nixos-rebuild switch --flake {ROOT}#opi01 --target-host root@opi01" in log
    assert "pytest --hardware --node opi01" in log


@pytest.mark.parametrize("status", [1, 2, 5])
def test_it_stops_at_the_first_node_that_is_not_accepted(
    status: int, calls: Path, answer: Answer, deploy: Deploy
) -> None:
    # 5 is pytest's "no tests ran": a node nobody asked anything is not accepted.
    answer("pytest --hardware --node opi02", f"exit {status}")
    done = deploy("roll-out", "opi01", "opi02", "opi03")
    assert done.returncode == 1
    assert called(calls)[-1] == "pytest opi02"
    assert "opi03" not in (calls / "log").read_text()
    assert "accepted so far: opi01\n" in done.stderr
    assert "not touched: opi03\n" in done.stderr
    assert f"just roll-back opi02 {BEFORE}\n" in done.stderr
    assert "just roll-out opi02 opi03\n" in done.stderr


def test_a_node_that_cannot_be_deployed_to_is_not_asked(calls: Path, answer: Answer, deploy: Deploy) -> None:
    answer("nixos-rebuild switch", "exit 3")
    done = deploy("roll-out", "opi01", "opi02")
    assert done.returncode == 1
    assert called(calls) == ["nixos-rebuild opi01"]
    assert "exit status 3" in done.stderr


def test_an_unreachable_node_is_not_changed(calls: Path, answer: Answer, deploy: Deploy) -> None:
    answer("root@opi01", "exit 255")
    done = deploy("roll-out", "opi01", "opi02")
    assert done.returncode == 1
    assert called(calls) == []
    assert "opi01 was not touched either" in done.stderr


def test_a_new_kernel_is_booted_before_it_is_asked(calls: Path, answer: Answer, deploy: Deploy) -> None:
    answer("for part in", "echo dtbs")
    answer("boot_id", 'if [ -e "$CALLS/rebooted" ]; then echo second; else echo first; fi')
    answer("systemctl reboot", 'touch "$CALLS/rebooted"; exit 255')
    done = deploy("roll-out", "opi01")
    assert done.returncode == 0, done.stderr
    assert called(calls) == ["nixos-rebuild opi01", "ssh opi01", "pytest opi01"]
    assert "opi01: rebooting into a new dtbs" in done.stdout


def test_a_node_that_does_not_come_back_stops_the_roll_out(calls: Path, answer: Answer, deploy: Deploy) -> None:
    answer("for part in", "echo kernel")
    answer("boot_id", "echo always-the-same")
    done = deploy("--reboot-deadline", "0.3", "roll-out", "opi01", "opi02")
    assert done.returncode == 1
    assert "did not come back from a reboot within 0.3 s" in done.stderr
    assert not any(line.startswith("pytest") for line in called(calls))


def test_an_unknown_host_is_refused_before_anything_happens(calls: Path, deploy: Deploy) -> None:
    done = deploy("roll-out", "opi01", "opi09")
    assert done.returncode == 2
    assert "no such host: opi09; nixos/hosts has amd01" in done.stderr
    assert called(calls) == []


def test_without_a_key_nothing_is_deployed(calls: Path, deploy: Deploy) -> None:
    (calls / "no-keys").write_text("# operators\n\n")
    for arguments in (("roll-out", "opi01"), ("deploy", "opi01")):
        done = deploy(*arguments, keys="no-keys")
        assert done.returncode == 2
        assert "has no public key" in done.stderr
    assert called(calls) == []


def test_all_hosts_are_rolled_out_where_none_is_named(calls: Path, answer: Answer, deploy: Deploy) -> None:
    answer("pytest --hardware", "exit 1")
    done = deploy("roll-out")
    assert "== amd01 (1 of 6)" in done.stdout
    assert "not touched: ampere01 opi01 opi02 opi03 rpi01" in done.stderr


def test_rolling_back_sets_the_profile_and_switches(calls: Path, deploy: Deploy) -> None:
    assert deploy("roll-back", "opi01", BEFORE).returncode == 0
    assert deploy("roll-back", "opi02").returncode == 0
    log = [line.partition("root@")[2].strip() for line in (calls / "log").read_text().splitlines()]
    profile = "/nix/var/nix/profiles/system"
    assert log == [
        f"opi01 nix-env --profile {profile} --set {BEFORE}",
        f"opi01 {profile}/bin/switch-to-configuration switch",
        f"opi02 nix-env --profile {profile} --rollback",
        f"opi02 {profile}/bin/switch-to-configuration switch",
    ]


def test_options_are_passed_to_the_programs(calls: Path, deploy: Deploy) -> None:
    assert deploy("deploy", "opi01", "--build-host", "builder").returncode == 0
    assert deploy("verify", "opi01", "-k", "udev").returncode == 0
    log = (calls / "log").read_text()
    assert "--target-host root@opi01 --build-host builder" in log
    assert "--node opi01 -m hardware -k udev" in log
    assert deploy("roll-out", "opi01", "--force").returncode == 2


def test_recipes_call_the_script() -> None:
    just = shutil.which("just", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    assert just, "just is needed: run ./setup.sh"
    summary = subprocess.run([just, "--summary"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert {"nix-deploy", "verify", "roll-out", "roll-back", "check-offline"} <= set(summary.stdout.split())
    for arguments, expected in {
        ("nix-deploy", "opi01", "--build-host", "builder"): "roll_out.py deploy 'opi01' --build-host builder",
        ("verify", "opi01"): "roll_out.py verify 'opi01'",
        ("roll-out", "opi01", "opi02"): "roll_out.py roll-out opi01 opi02",
        ("roll-back", "opi01", BEFORE): f"roll_out.py roll-back 'opi01' {BEFORE}",
    }.items():
        done = subprocess.run([just, "--dry-run", *arguments], cwd=ROOT, capture_output=True, text=True, check=True)
        assert expected in done.stderr


def test_changes_that_need_a_reboot_are_found(tmp_path: Path) -> None:
    # The question itself, asked of two systems of our own instead of /run's.
    sys.path.insert(0, str(SCRIPT.parent))
    try:
        from roll_out import CHANGED_BELOW_US  # type: ignore[import-not-found]
    finally:
        sys.path.remove(str(SCRIPT.parent))
    for system in ("booted-system", "current-system"):
        (tmp_path / system).mkdir()
        (tmp_path / system / "kernel-params").write_text("quiet\n")
        (tmp_path / system / "kernel").symlink_to(tmp_path / "same")
    (tmp_path / "same").touch()
    (tmp_path / "trees").mkdir()
    question = CHANGED_BELOW_US.replace("/run/", f"{tmp_path}/")

    def changed() -> list[str]:
        done = subprocess.run(["sh", "-c", question], capture_output=True, text=True, check=True)
        return done.stdout.split()

    assert changed() == []
    (tmp_path / "current-system" / "dtbs").symlink_to(tmp_path / "trees")
    assert changed() == ["dtbs"]
    (tmp_path / "current-system" / "kernel-params").write_text("quiet splash\n")
    assert changed() == ["dtbs", "kernel-params"]
