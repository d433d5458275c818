"""Hosts of flakes and files, as they are deployed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from flakes import Judge, written

from rknn_validation.checks.configuration import CONFIGURATION_CHECKS, ask
from rknn_validation.checks.model import Status
from rknn_validation.common.errors import HarnessError
from rknn_validation.facts.gather import Evaluator
from rknn_validation.facts.model import BASELINE, OFF
from rknn_validation.facts.nix.evaluate import require_attribute
from rknn_validation.subject.hosts import Host
from rknn_validation.subject.references import HostReference

pytestmark = pytest.mark.unit


def test_every_host_of_a_flake_is_evaluated_with_its_inputs_and_special_arguments(fleet: Path, judge: Judge) -> None:
    found = judge(str(fleet))
    assert set(found) == {"opi", "rock", "pc"}
    opi = found["opi"].configuration
    assert opi.users["alice"].groups == ("wheel", "render")
    assert any(package.name == "note" for package in opi.system_packages)
    assert opi.etc["secret"].source == str(fleet / "secrets/token")


def test_board_and_stack_are_detected_from_the_configuration(fleet: Path, judge: Judge) -> None:
    scenarios = {name: one.scenario for name, one in judge(str(fleet)).items()}
    assert {name: (one.boards, one.stack) for name, one in scenarios.items()} == {
        "opi": (("orangepi-5-plus",), "mainline"),
        "rock": (("rock-5b",), "mainline"),
        "pc": (("generic-x86_64",), "none"),
    }
    assert "boot.kernelModules has rocket" in scenarios["opi"].reasons[1]
    assert "x86_64-linux" in scenarios["pc"].reasons[0]


def test_only_what_a_missing_input_would_set_is_unknown(fleet: Path, judge: Judge) -> None:
    found = judge(str(fleet))
    assert found["opi"].configuration.not_here == ()
    (lost,) = found["rock"].configuration.not_here
    assert lost == "nixosModules.rock-5b of boards (github:somebody/boards)"
    assert not found["rock"].configuration.warnings


@pytest.mark.parametrize("path", ["nixos/board.nix", "common/cpu"])
@pytest.mark.parametrize("written_as", ['"${inputs.boards}/PATH"', '(inputs.boards + "/PATH")'])
def test_an_imported_file_of_a_missing_input_is_unknown(fleet: Path, judge: Judge, path: str, written_as: str) -> None:
    rock = fleet / "hosts" / "rock.nix"
    rock.write_text(rock.read_text().replace("inputs.boards.nixosModules.rock-5b", written_as.replace("PATH", path)))
    found = judge(f"{fleet}#rock")["rock"]
    assert "rocket" in found.configuration.kernel.modules
    (lost,) = found.configuration.not_here
    assert lost == f"{path} of boards (github:somebody/boards)"


def test_the_baseline_of_a_host_is_an_empty_nixos_of_its_platform(fleet: Path, judge: Judge) -> None:
    found = judge(str(fleet))
    assert found["pc"].without.system == "x86_64-linux"
    assert "alice" not in found["opi"].without.users
    assert OFF not in found["opi"].perturbations
    assert found["opi"].missing(BASELINE) == ""


def test_a_host_with_an_option_is_also_evaluated_switched_off(fleet: Path, judge: Judge) -> None:
    found = judge(f"{fleet}#opi", option="npu")
    off = found["opi"].perturbations[OFF].configuration
    assert off is not None
    assert "rocket" in found["opi"].configuration.kernel.modules
    assert "rocket" not in off.kernel.modules
    assert "alice" in off.users


@pytest.mark.parametrize(
    ("setting", "status"),
    [
        ("npu.enable = true;", Status.PASS),
        (
            'npu.enable = true; environment.sessionVariables.LD_LIBRARY_PATH = "/opt/rknn";',
            Status.INCONCLUSIVE,
        ),
        ("npu.enable = lib.mkForce false;", Status.FAIL),
    ],
    ids=["sound", "something stays", "changes nothing"],
)
def test_a_host_switched_off_is_compared_with_itself(fleet: Path, judge: Judge, setting: str, status: Status) -> None:
    opi = fleet / "hosts" / "opi.nix"
    text = opi.read_text().replace("user, pkgs, ...", "user, pkgs, lib, ...")
    opi.write_text(text.replace("npu.enable = true;", setting))
    facts = judge(f"{fleet}#opi", option="npu")["opi"]
    answer = ask(CONFIGURATION_CHECKS["disabled.no-effect"], facts)
    assert answer.status is status, answer


def test_a_misspelt_host_is_an_error_that_names_the_nearest(fleet: Path, judge: Judge) -> None:
    with pytest.raises(HarnessError, match="did you mean rock"):
        judge(f"{fleet}#rok")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{ outputs = _: { x = 1; }; }", "has no nixosConfigurations; it has x"),
        ('{ outputs = _: { nixosConfigurations = throw "not today"; }; }', "not today"),
        ("{ outputs = ", "syntax error"),
        ("{ outputs = _: { nixosConfigurations = { }; }; }", "has no hosts"),
        ("{ inputs.nixpkgs.url = 3; outputs = _: { }; }", "nixosConfigurations"),
    ],
)
def test_a_flake_without_hosts_is_an_error(tmp_path: Path, judge: Judge, text: str, said: str) -> None:
    written(tmp_path / "flake", {"flake.nix": text})
    with pytest.raises(HarnessError, match=said):
        judge(str(tmp_path / "flake"))


@pytest.mark.parametrize("place", ["nowhere", "github:somebody/fleet"])
def test_a_missing_flake_is_an_error(judge: Judge, tmp_path: Path, place: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(HarnessError, match="flake"):
        judge(place if ":" in place else str(tmp_path / place))


@pytest.mark.parametrize(
    ("host", "kind", "said"),
    [
        ('throw "not today"', "subject", "not today"),
        ("nixpkgs.lib.nixosSystem { modules = [ { } ]; }", "subject", "has no platform"),
        (
            'nixpkgs.lib.nixosSystem { modules = [ ({ pkgs, ... }: { nixpkgs.hostPlatform = "aarch64-linux"; '
            'environment.variables.X = import (pkgs.writeText "x.nix" "1"); }) ]; }',
            "unknown",
            "--allow-import-from-derivation",
        ),
        (
            'nixpkgs.lib.nixosSystem { modules = [ { nixpkgs.hostPlatform = "aarch64-linux"; '
            "environment.variables.X = builtins.readFile /etc/hostname; } ]; }",
            "subject",
            "a path outside the flake",
        ),
        ("3", "subject", "is no NixOS configuration"),
    ],
)
def test_a_host_that_fails_does_not_affect_the_others(
    bad: Callable[[str], str], judge: Judge, host: str, kind: str, said: str
) -> None:
    found = judge(bad(host))
    assert found["good"].evaluation.error is None
    error = found["bad"].evaluation.error
    if error is None:  # a value that throws leaves the others
        (error,) = found["bad"].configuration.failures
    assert error.kind == kind
    assert said in f"{error.meaning}\n{error.message}"


def test_hosts_do_not_see_environment_variables(
    bad: Callable[[str], str], judge: Judge, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RKNN_SECRET", "seen")
    host = (
        'nixpkgs.lib.nixosSystem { modules = [ { nixpkgs.hostPlatform = "aarch64-linux"; '
        'environment.variables.X = "<${builtins.getEnv "RKNN_SECRET"}>"; } ]; }'
    )
    assert judge(bad(host))["bad"].configuration.variables["X"] == "<>"


EVALUATED = """
    let nixos = modules: import <nixpkgs/nixos/lib/eval-config.nix> { system = null; inherit modules; };
    in { nodes.opi01 = nixos [ { nixpkgs.hostPlatform = "aarch64-linux"; boot.kernelModules = [ "rocket" ]; } ]; }
"""


@pytest.mark.parametrize(
    "text",
    [
        EVALUATED,
        f"{{ extra ? 1 }}: {EVALUATED}",
        '{ nodes.opi01 = { nixpkgs.hostPlatform = "aarch64-linux"; boot.kernelModules = [ "rocket" ]; }; }',
        '{ nodes.opi01 = { ... }: { nixpkgs.hostPlatform = "aarch64-linux"; boot.kernelModules = [ "rocket" ]; }; }',
    ],
    ids=["evaluated", "function", "module", "module function"],
)
def test_a_host_in_a_file_without_a_flake(tmp_path: Path, judge: Judge, text: str) -> None:
    written(tmp_path, {"default.nix": text})
    host = Host("opi01", HostReference("opi01", ("nodes", "opi01"), file=tmp_path / "default.nix"))
    found = judge(host)["opi01"]
    assert "rocket" in found.configuration.kernel.modules
    assert found.scenario.stack == "mainline"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{ nodes.opi01 = { }; }", "did you mean opi01"),
        ("{ nodes = 3; }", "an attribute set"),
        ("{ secret }: { nodes.opi02 = { }; }", "a function that requires secret"),
    ],
)
def test_a_missing_attribute_of_a_file_is_an_error_that_names_the_others(
    tmp_path: Path, evaluator: Evaluator, text: str, said: str
) -> None:
    written(tmp_path, {"default.nix": text})
    with pytest.raises(HarnessError, match=said):
        require_attribute(tmp_path / "default.nix", ("nodes", "opi02"), nixpkgs=None, deadline=evaluator.deadline)


HELPED = """
    {{
      inputs = {{ nixpkgs.url = "github:NixOS/nixpkgs"; helper.url = "github:{repository}"; }};
      outputs = inputs@{{ self, nixpkgs, helper, ... }}: {outputs};
    }}
"""
HOST = """nixpkgs.lib.nixosSystem { modules = [
    { nixpkgs.hostPlatform = "aarch64-linux"; boot.kernelModules = [ "rocket" ]; }
]; }"""


@pytest.mark.parametrize(
    ("repository", "outputs"),
    [
        (
            "numtide/flake-utils",
            f"helper.lib.eachDefaultSystem (system: {{ packages.x = 1; }}) // {{ nixosConfigurations.opi = {HOST}; }}",
        ),
        (
            "hercules-ci/flake-parts",
            "helper.lib.mkFlake { inherit inputs; } ({ inputs, withSystem, ... }: { "
            'systems = [ "aarch64-linux" ]; perSystem = { pkgs, ... }: { packages.x = pkgs.hello; }; '
            f"imports = [ {{ flake.nixosConfigurations.opi = {HOST}; }} ]; }})",
        ),
        (
            "hercules-ci/flake-parts",
            "helper.lib.mkFlake { inherit inputs; } { "
            'systems = [ "aarch64-linux" ]; perSystem = { pkgs, ... }: { packages.x = pkgs.hello; }; flake = { '
            "nixosConfigurations.opi = nixpkgs.lib.nixosSystem { modules = [ { nixpkgs.hostPlatform = "
            '"aarch64-linux"; boot.kernelModules = [ "rocket" ]; environment.systemPackages = '
            "[ self.packages.aarch64-linux.x ]; } ]; }; }; }",
        ),
    ],
    ids=["flake-utils", "flake-parts", "flake-parts with packages"],
)
def test_a_flake_that_uses_a_flake_library_is_judged_offline(
    tmp_path: Path, judge: Judge, repository: str, outputs: str
) -> None:
    written(tmp_path / "flake", {"flake.nix": HELPED.format(repository=repository, outputs=outputs)})
    found = judge(str(tmp_path / "flake"))["opi"]
    assert found.evaluation.error is None, found.evaluation.error
    assert "rocket" in found.configuration.kernel.modules
    assert found.configuration.not_here == ()
