"""Containers on this machine: real namespaces with a root directory of their own; a character device plays the NPU."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fakehost import FakeHost, LocalHost
from test_hardware_checks import question

from rknn_validation.checks.model import Answer, Status
from rknn_validation.checks.node import HARDWARE_CHECKS, ask, containers

pytestmark = pytest.mark.integration

NPU = "/dev/full"
CHECKS = [check.id for check in HARDWARE_CHECKS.all() if check.stage == "container"]
PASS, FAIL, SKIP, UNKNOWN = Status.PASS, Status.FAIL, Status.SKIP, Status.INCONCLUSIVE
RUN = """
set -e
mount --bind "$1" "$1"
for name in dev/full dev/null; do touch "$1/$name"; mount --bind "/$name" "$1/$name"; done
eval "$2"
exec chroot "$1" /bin/sleeper
"""
SLEEPER = '#include <unistd.h>\nint main(void) { return write(1, "up\\n", 3) == 3 && pause(); }\n'


@pytest.fixture(scope="module")
def sleeper(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A program that needs nothing else in its container: not even a shell."""
    built = tmp_path_factory.mktemp("sleeper") / "sleeper"
    subprocess.run(["cc", "-static", "-x", "c", "-o", built, "-"], input=SLEEPER, text=True, check=True, timeout=60)
    return built


Start = Callable[..., str]


@pytest.fixture
def start(tmp_path: Path, sleeper: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    """`start(change, inside)` is the name of a container: `change` its root first, `inside` is done as it starts."""
    if os.geteuid():
        pytest.skip("only root can make a container with a device")
    monkeypatch.setattr(containers, "NODES", f"nodes() {{ echo {NPU}; }}")
    with ExitStack() as owned:

        def started(change: Callable[[Path], object] = lambda root: None, inside: str = ":") -> str:
            root = tmp_path / "root"
            for folder in ("bin", "dev", "proc", "usr/lib", "sys/firmware/devicetree/base", "nix/store/a-runtime/lib"):
                (root / folder).mkdir(parents=True)
            shutil.copy(sleeper, root / "bin/sleeper")
            (root / "sys/firmware/devicetree/base/compatible").write_text("rockchip,rk3588")
            (root / "proc/device-tree").symlink_to("/sys/firmware/devicetree/base")
            (root / "nix/store/a-runtime/lib/librknnrt.so").write_bytes(b"\x7fELF")
            (root / "usr/lib/librknnrt.so").symlink_to("/nix/store/a-runtime/lib/librknnrt.so")
            change(root)
            command = ["unshare", "--mount", "--kill-child", "--fork", "sh", "-c", RUN, "sh", str(root), inside]
            process = owned.enter_context(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
            owned.callback(process.kill)
            assert process.stdout and process.stdout.readline() == "up\n"
            (child,) = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
            return child

        yield started


def asked(check: str, *names: str) -> Answer:
    host: Any = LocalHost()
    return ask(HARDWARE_CHECKS[check], replace(question("vendor", containers=names), host=host))


@pytest.mark.parametrize("check", CHECKS)
def test_a_container_that_was_given_everything_passes(start: Start, check: str) -> None:
    start()
    answer = asked(check)
    assert answer.status is PASS, answer


def tree_is_masked(root: Path) -> None:
    (root / "sys/firmware/devicetree/base/compatible").unlink()


def store_is_missing(root: Path) -> None:
    (root / "nix/store/a-runtime/lib/librknnrt.so").unlink()


def pointer(root: Path) -> None:
    (root / "nix/store/a-runtime/lib/librknnrt.so").write_text("version https://git-lfs")


def no_library(root: Path) -> None:
    (root / "usr/lib/librknnrt.so").unlink()


WRONG: dict[str, tuple[str, Callable[[Path], object], str, Status, str]] = {
    "masked": ("container.device-tree-visible", tree_is_masked, ":", FAIL, "its device tree is masked"),
    "dangling": (
        "container.library-found",
        store_is_missing,
        ":",
        FAIL,
        "leads to /nix/store/a-runtime/lib/librknnrt.so, which",
    ),
    "a pointer": ("container.library-found", pointer, ":", FAIL, "is not a library"),
    "no library": ("container.library-found", no_library, ":", UNKNOWN, "no library where programs look"),
    "another device": (
        "container.has-devnode",
        lambda root: None,
        'mount --bind /dev/null "$1/dev/full"',
        FAIL,
        "/dev/full is another device than the node's",
    ),
    "no device": (
        "container.has-devnode",
        lambda root: None,
        'umount "$1/dev/full"; rm "$1/dev/full"',
        FAIL,
        "it lacks /dev/full",
    ),
}


def test_a_container_that_nobody_named_need_not_have_the_library(start: Start) -> None:
    start(no_library)
    answer = asked("container.library-found")
    assert (answer.status, "or use none" in answer.reason) == (SKIP, True), answer


def test_an_agent_with_all_of_the_nodes_devices_is_no_client(start: Start) -> None:
    pid = start(inside='mount --bind /dev "$1/dev"')
    assert asked("container.has-devnode").status is SKIP
    assert asked("container.has-devnode", pid).status is PASS


@pytest.mark.parametrize("name", WRONG)
def test_what_a_container_lacks_is_told(start: Start, name: str) -> None:
    check, change, inside, status, words = WRONG[name]
    pid = start(change, inside)
    answer = asked(check, pid)
    assert (answer.status, words in answer.reason) == (status, True), answer


def test_a_user_that_may_not_is_told_from_a_cgroup_that_denies() -> None:
    def told(said: str) -> str:
        shut = f"shut\t/dev/rknpu\tsh: 1: cannot open ./dev/rknpu: {said}"
        lines = f"container\t7\t/docker/abc\ntree\n{shut}\n{containers.ENDED}\n"
        host: Any = FakeHost({"leaders": lines})
        return ask(HARDWARE_CHECKS["container.may-open-devnode"], replace(question("vendor"), host=host)).reason

    assert (
        told("Permission denied") == "container abc: /dev/rknpu cannot be opened: its user may not (Permission denied)"
    )
    assert "its device cgroup denies it (Operation not permitted)" in told("Operation not permitted")


def test_without_a_container_it_is_skipped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(containers, "NODES", "nodes() { echo /dev/no-such-device; }")
    for check in CHECKS:
        answer = asked(check)
        assert (answer.status, "no container maps an NPU" in answer.reason) == (SKIP, True), answer


def test_a_node_that_cannot_look_is_inconclusive() -> None:
    host: Any = FakeHost({})
    answer = ask(HARDWARE_CHECKS["container.has-devnode"], replace(question("vendor"), host=host))
    assert (answer.status, "could not be looked into" in answer.reason) == (UNKNOWN, True), answer


def test_a_container_that_does_not_run_is_inconclusive() -> None:
    answer = asked("container.has-devnode", "no-such-container")
    assert (answer.status, "no running container no-such-container" in answer.reason) == (UNKNOWN, True), answer
