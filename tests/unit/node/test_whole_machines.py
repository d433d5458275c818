"""A whole machine's configuration laid for an emulated board: what has to do with the NPU, and nothing in its way."""

from __future__ import annotations

import time

import handmade
import pytest
from test_activation import GUEST, SW, text
from wholemachine import OURS, server

from rknn_validation.machine.activation import Installation, install
from rknn_validation.machine.tree import tar

pytestmark = pytest.mark.unit

UNITS = "/etc/systemd/system"


def lay() -> Installation:
    installation = install(handmade.facts(server(), handmade.configuration()), GUEST, only=OURS)
    tar(installation.tree)
    return installation


def test_only_what_has_to_do_with_the_npu_starts_and_the_rest_is_told() -> None:
    installation = lay()
    started = {
        path.rsplit("/", 1)[1] for path in installation.tree if path.startswith(f"{UNITS}/multi-user.target.wants")
    }
    assert started == {"npu-driver.service", "npu-runtime-link.service", "npu-guard.service", "camera.service"}
    stands = text(installation, f"{UNITS}/nginx.service")
    assert "ConditionPathExists=" in stands
    assert "/nix/store" not in stands
    assert f"{UNITS}/systemd-networkd.service.d/overrides.conf" not in installation.tree
    told = next(one for one in installation.stand_ins if "not started" in one)
    assert "and 2" in told or "more" in told


def test_files_rules_and_scripts_of_others_are_left_out() -> None:
    installation = lay()
    etc = {path for path in installation.tree if path.startswith("/etc/")}
    assert "/etc/cdi/npu.json" in etc
    assert not etc & {"/etc/nginx/nginx.conf", "/etc/sysctl.d/60-nixos.conf", "/etc/X11"}
    assert text(installation, "/etc/tmpfiles.d/00-nixos.conf") == "d /run/npu 0755 root\n"
    activate = text(installation, f"{SW.removesuffix('/sw')}/activate")
    assert "echo npu" in activate
    assert "age" not in activate.replace("message", "")
    assert any("strange" in note for note in installation.notes)
    assert any("/etc/npu.d/more" in note for note in installation.notes)


def test_accounts_of_a_large_machine_have_numbers_of_their_own() -> None:
    passwd = text(lay(), "/etc/passwd").splitlines()
    numbers = [line.split(":")[2] for line in passwd]
    assert len(numbers) == len(set(numbers)) > 600
    assert next(line for line in passwd if line.startswith("postgres:")).split(":")[3] == "71"


def test_it_takes_no_time() -> None:
    started = time.process_time()
    lay()
    assert time.process_time() - started < 10


def test_of_a_module_everything_is_laid() -> None:
    installation = install(handmade.facts(server(), handmade.configuration()), GUEST)
    assert f"{UNITS}/multi-user.target.wants/nginx.service" in installation.tree
