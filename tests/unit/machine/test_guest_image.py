"""NixOS guests: read whole or refused by name, chosen by scenario, built by Nix or not, each error said to a person."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from rknn_validation.common.cache import Cache
from rknn_validation.common.errors import HarnessError
from rknn_validation.machine import boot, qemu
from rknn_validation.machine.identity import Identity
from rknn_validation.machine.nixosguest import NixosGuests, read
from rknn_validation.npu.boards import BOARDS
from rknn_validation.npu.stacks import VENDOR
from rknn_validation.subject.validation import GuestHost, Scenario, Subject, Validation

pytestmark = pytest.mark.unit

INIT = "/nix/store/0123456789abcdfghijklmnpqrsvwxyz-nixos-system-opi01-26.05/init"
ABOUT = {
    "format": 1,
    "host": "opi01",
    "scenario": "vendor",
    "system": "aarch64-linux",
    "nixos": "26.05",
    "kernel": "6.18.4",
    "init": INIT,
    "changes": ["root on tmpfs"],
    "standIns": ["simulated driver"],
}


def make(directory: Path, **about: object) -> Path:
    """A guest with nothing in it but what is looked at."""
    directory.mkdir(parents=True)
    (directory / "kernel").write_bytes(bytes(56) + b"ARM\x64")
    (directory / "root.erofs").write_bytes(bytes(1024) + b"\xe2\xe1\xf5\xe0")
    (directory / "initrd").write_bytes(b"initrd")
    (directory / "cmdline").write_text("console=ttyS2,1500000n8 systemd.mask=k3s.service\n")
    (directory / "guest.json").write_text(json.dumps({**ABOUT, **about}))
    return directory


def test_a_guest_is_read_whole(tmp_path: Path) -> None:
    guest = read(make(tmp_path / "guest"))
    assert guest.name == "NixOS 26.05 of host opi01"
    assert (guest.init, guest.scenario, guest.release) == (INIT, "vendor", "6.18.4")
    told = ("guest: NixOS 26.05 of host opi01", "NixOS 26.05 of host opi01, changed: root on tmpfs", "simulated driver")
    assert guest.stand_ins_for_reports() == told
    assert not guest.has_device_tree


def change(name: str, data: bytes) -> Callable[[Path], None]:
    return lambda directory: (directory / name).write_bytes(data) and None


def lose(name: str) -> Callable[[Path], None]:
    return lambda directory: (directory / name).unlink()


def say(key: str, value: object) -> Callable[[Path], None]:
    return change("guest.json", json.dumps({**ABOUT, key: value}).encode())


BROKEN = {
    "no guest.json": (lose("guest.json"), "guest.json"),
    "guest.json is torn": (change("guest.json", b"{"), "guest.json"),
    "another format": (say("format", 9), "format 9"),
    "another architecture": (say("system", "x86_64-linux"), "x86_64-linux"),
    "no init": (say("init", None), "init"),
    "an init outside the store": (say("init", "/sbin/init"), "/sbin/init"),
    "an init with words behind it": (say("init", f"{INIT} quiet"), "quiet"),
    "changes are no list": (say("changes", "x"), "changes"),
    "no kernel": (lose("kernel"), "no kernel"),
    "a compressed kernel": (change("kernel", b"\x1f\x8b"), "arm64 kernel Image"),
    "no initrd": (lose("initrd"), "no initrd"),
    "another file system": (change("root.erofs", bytes(4096)), "erofs"),
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_malformed_guest_is_refused_by_name(what: str, tmp_path: Path) -> None:
    harm, word = BROKEN[what]
    directory = make(tmp_path / "guest")
    harm(directory)
    with pytest.raises(HarnessError, match="is no NixOS guest") as caught:
        read(directory)
    assert word in str(caught.value)
    assert caught.value.expected and caught.value.seen and caught.value.hint


def test_a_guest_with_other_content_has_another_digest(tmp_path: Path) -> None:
    directory = make(tmp_path / "guest")
    first, again = read(directory).digest, read(directory).digest
    with (directory / "root.erofs").open("ab") as file:
        file.write(b"more")
    assert first == again != read(directory).digest


def test_the_host_s_kernel_parameters_come_first_and_the_board_s_console_last(tmp_path: Path) -> None:
    recipe = boot.nixos(read(make(tmp_path / "guest")), Identity(BOARDS["orangepi-5-plus"], VENDOR))
    words = recipe.command_line.split()
    assert [word for word in words if word.startswith("console=")][-1] == "console=ttyAMA0"
    assert f"init={INIT}" in words
    assert words[-len(qemu.COMMAND_LINE.split()) :] == qemu.COMMAND_LINE.split()


def scenario(name: str) -> Scenario:
    return Scenario(name, "vendor", {"enable": True}, ("orangepi-5-plus",))


def guests(tmp_path: Path, *given: str, **hosts: str) -> NixosGuests:
    subject = Subject(tmp_path, tmp_path / "module.nix", ("hardware", "rknn"))
    scenarios = {name: scenario(name) for name in ("vendor", "off")}
    mapped = {name: GuestHost(str(tmp_path), host) for name, host in hosts.items()}
    validation = Validation(tmp_path / "validation.yaml", subject, scenarios, {}, mapped)
    return NixosGuests(validation, given, Cache(tmp_path / "cache"), 60, lambda line: None)


def test_a_given_guest_serves_the_scenario_it_carries(tmp_path: Path) -> None:
    directory = str(make(tmp_path / "guest"))
    assert guests(tmp_path, directory).of(scenario("vendor")).host == "opi01"
    with pytest.raises(HarnessError, match="no NixOS guest for scenario off") as caught:
        guests(tmp_path, directory).of(scenario("off"))
    assert "scenario vendor" in caught.value.seen
    assert guests(tmp_path, f"off={directory}").of(scenario("off")).host == "opi01"


def test_an_unchanged_host_serves_only_an_unambiguous_scenario(tmp_path: Path) -> None:
    directory = str(make(tmp_path / "guest", scenario=None))
    assert guests(tmp_path, directory, vendor="opi01").of(scenario("vendor")).host == "opi01"
    with pytest.raises(HarnessError, match="no NixOS guest"):
        guests(tmp_path, directory, vendor="opi01", off="opi01").of(scenario("vendor"))


def test_a_scenario_that_no_host_is_named_for_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(HarnessError, match="no NixOS guest for scenario vendor") as caught:
        guests(tmp_path).of(scenario("vendor"))
    assert "guests.vendor" in caught.value.expected


NIX = """\
#!/bin/sh
echo "$@" >>{log}
while [ "$1" != --out-link ]; do shift; done
{end}
"""


@pytest.fixture
def nix(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """`nix(end)` puts a `nix` first on PATH that ends so; the file that keeps what it was called with."""

    def put(end: str) -> Path:
        program = tmp_path / "bin" / "nix"
        program.parent.mkdir()
        program.write_text(NIX.format(log=tmp_path / "log", end=end))
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
        return tmp_path / "log"

    return put


def test_nix_builds_a_scenario_s_guest_once(tmp_path: Path, nix: Callable[[str], Path]) -> None:
    built = make(tmp_path / "built")
    log = nix(f'ln -sfn {built} "$2"')
    asked = guests(tmp_path, vendor="opi01")
    assert asked.of(scenario("vendor")).directory == asked.of(scenario("vendor")).directory == built
    (call,) = log.read_text().splitlines()
    assert "build --impure --file" in call and "--argstr host opi01" in call
    assert '"option": ["hardware", "rknn"]' in call and '"settings": {"enable": true}' in call
    assert any((tmp_path / "cache/guests").iterdir())


def test_a_failed_build_quotes_nix_and_is_not_tried_again(tmp_path: Path, nix: Callable[[str], Path]) -> None:
    log = nix("echo 'error: builder for kernel failed' >&2; exit 1")
    asked = guests(tmp_path, vendor="opi01")
    for _ in range(2):
        with pytest.raises(HarnessError, match="of opi01 for scenario vendor could not be built") as caught:
            asked.of(scenario("vendor"))
    assert "builder for kernel failed" in caught.value.seen
    assert "nix" in caught.value.expected and caught.value.hint
    assert len(log.read_text().splitlines()) == 1


def test_without_nix_the_error_names_a_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(HarnessError, match="cannot be built") as caught:
        guests(tmp_path, vendor="opi01").of(scenario("vendor"))
    assert "--guest-image" in caught.value.hint
