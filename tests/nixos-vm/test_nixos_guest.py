"""`--guest nixos --guest-image DIR`: a system of NixOS layout boots, is asked every check, and fails the right one.

The image is a stand-in (see nixosimage); a host's real one takes exactly the same way.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from nixosimage import VERSION, Making

from rknn_validation.checks.questions import node_questions
from rknn_validation.common.cache import EntryKind, Wanted
from rknn_validation.common.deadline import Deadline
from rknn_validation.facts.gather import Evaluator, gather
from rknn_validation.facts.model import Facts
from rknn_validation.machine import guestcode
from rknn_validation.machine.activation import Guest, install
from rknn_validation.machine.emulator import Emulator, Identity
from rknn_validation.machine.nixosguest import read
from rknn_validation.machine.tree import Entry, File
from rknn_validation.npu.boards import BOARDS
from rknn_validation.npu.stacks import VENDOR
from rknn_validation.subject.validation import load

pytestmark = pytest.mark.vm

ROOT = Path(__file__).resolve().parents[2]
IMAGE_BYTES = 700 * 1024**2
RULES = "/60-rknn.rules"
Change = Callable[[dict[str, Entry]], None]
Made = Callable[[Change | None], Path]


@pytest.fixture(scope="session")
def facts() -> Facts:
    """This repository's own vendor scenario."""
    deadline = Deadline.after(120, "Nix to evaluate the subject")
    return gather(load(ROOT / "validation.yaml"), Evaluator(None, deadline))["vendor"]


@pytest.fixture
def made(facts: Facts, emulator: Emulator, guest: Guest, progress: Callable[[str], None]) -> Made:
    """`made(change)` is an image with the scenario on it, after something was done to what lies in it."""

    def make(change: Change | None = None) -> Path:
        deadline = Deadline.after(600, "an image of NixOS layout")
        installation = install(facts, guest)
        tree = dict(installation.tree)
        if change is not None:
            change(tree)
            assert tree != installation.tree
        programs = guestcode.programs(emulator.cache, deadline, progress)
        making = Making(emulator.image(deadline), programs, replace(installation, tree=tree), "opi01", "vendor")
        wanted = Wanted("guest", making.key(), "an image of NixOS layout", IMAGE_BYTES, EntryKind.TEST_SNAPSHOTS)
        return emulator.cache.entry(wanted, lambda target: making.make(target, deadline), deadline, progress)

    return make


def judge(image: Path, expression: str, cache: Path, report: Path) -> dict[str, Any]:
    """The results of a run of its own, started as a person would start it."""
    words = ["-m", "verdict and vm", "-k", expression, "-p", "no:cacheprovider", "--report", str(report)]
    words += ["--guest", "nixos", "--guest-image", str(image), "--cache", str(cache)]
    command = [sys.executable, "-m", "pytest", *words, "src/rknn_validation/suites/test_boards.py"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=1200, check=False)
    assert (report / "results.json").exists(), done.stdout + done.stderr
    results: dict[str, Any] = json.loads((report / "results.json").read_text())
    return results


def of_nodes(results: dict[str, Any]) -> list[dict[str, Any]]:
    """The verdicts but those of switches, which a guest that is what it is does not make."""
    return [one for one in results["verdicts"] if not one["check"].startswith("transition.")]


def told(results: dict[str, Any], *statuses: str) -> dict[str, str]:
    """The reasons of the verdicts of these statuses."""
    return {
        f"{one['check']} on {one['board']}": one["reason"] for one in results["verdicts"] if one["status"] in statuses
    }


def test_the_image_is_laid_out_as_nixos_is(made: Made, emulator: Emulator) -> None:
    guest = read(made(None))
    deadline = Deadline.after(600, "a board with a system of NixOS layout")
    assert guest.described(deadline) == VENDOR
    snapshot = emulator.nixos_snapshot(Identity(BOARDS["orangepi-5-plus"], VENDOR), guest, deadline)
    system = str(Path(guest.init).parent)
    expected = {
        "readlink /run/current-system": system,
        "readlink /run/booted-system": system,
        "findmnt -no FSTYPE /": "tmpfs",
        "findmnt -no FSTYPE /nix/store": "erofs",
        "readlink -f /etc/udev/rules.d | cut -d/ -f-3": "/nix/store",
        "readlink -f /etc/systemd/system/rknn-driver.service | cut -d/ -f-3": "/nix/store",
        "cat /proc/1/comm": "systemd",
        "hostname": "opi01",
        "systemctl is-system-running": "running",
        "systemctl show --property=LoadState --value timers.target": "masked",
        "tr -d '\\0' </proc/device-tree/model": "Xunlong Orange Pi 5 Plus",
        "touch /nix/store/x 2>/dev/null || echo read-only": "read-only",
    }
    with snapshot.restore(deadline) as machine:
        seen = {command: machine.run(command).stdout.decode().strip() for command in expected}
    assert seen == expected


@pytest.mark.parametrize("board", ["orangepi-5-plus", "raspberrypi-4-b"])
def test_a_system_of_nixos_layout_is_asked_every_check(
    board: str, made: Made, emulator: Emulator, tmp_path: Path
) -> None:
    results = judge(made(None), f"vendor-{board}", emulator.cache.root, tmp_path)
    assert told(results, "fail", "inconclusive") == {}
    asked = [one for one in node_questions(load(ROOT / "validation.yaml")) if one.id.startswith(f"vendor-{board}-")]
    assert len(of_nodes(results)) == len(asked)
    assert results["summary"]["pass"] >= len(asked) / 2
    assert results["guests"] == [f"NixOS {VERSION} of host opi01"]
    assert any("stand-in that has NixOS's layout" in name for name in results["stand_ins"])
    assert "guest: Debian 12" not in results["stand_ins"]


def broken(tree: dict[str, Entry]) -> None:
    """A key of the rules is misspelled, for which udev ignores them, and nothing links the runtime."""
    path = next(path for path in tree if path.endswith(RULES))
    rules = tree[path]
    assert isinstance(rules, File)
    tree[path] = File(rules.data.replace(b"GROUP=", b"GRUOP="), rules.mode)
    for path in [path for path in tree if "rknn-runtime-link.service" in path]:
        del tree[path]


def test_what_is_broken_in_the_image_fails_its_checks_and_no_other(
    made: Made, emulator: Emulator, tmp_path: Path
) -> None:
    results = judge(made(broken), "vendor-orangepi-5-plus", emulator.cache.root, tmp_path)
    failed = {name.split()[0] for name in told(results, "fail")}
    assert {
        "udev.rules-accepted",
        "udev.rule-applies",
        "access.group-can-open",
        "access.matches-configuration",
    } <= failed
    assert {"python.runtime-in-place", "python.works-as-root", "python.works-as-service-user"} <= failed
    assert {name.split(".")[0] for name in failed} == {"udev", "access", "python"}
    assert told(results, "inconclusive") == {}


def test_a_scenario_without_a_guest_is_inconclusive_and_says_what_to_do(
    made: Made, emulator: Emulator, tmp_path: Path
) -> None:
    results = judge(made(None), "disabled-orangepi-5-plus and units", emulator.cache.root, tmp_path)
    assert {one["status"] for one in of_nodes(results)} == {"inconclusive"}
    assert results["summary"]["pass"] == results["summary"]["fail"] == 0
    assert set(told(results, "inconclusive").values()) == {"no NixOS guest for scenario disabled"}
    assert "--guest-image disabled=DIR" in json.dumps(results)
