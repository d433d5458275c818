"""What the stand-in lacks is left open, and takes nothing else with it; what the subject got wrong stays its own."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from workers import Kept

from rknn_validation.common.deadline import Deadline
from rknn_validation.facts.nix.configuration import Configuration, Evaluation
from rknn_validation.facts.nix.evaluate import evaluate
from rknn_validation.facts.nix.failure import explain
from rknn_validation.facts.nix.gaps import is_opaque
from rknn_validation.facts.nix.request import Request
from rknn_validation.subject.validation import Subject

pytestmark = pytest.mark.unit

HEAD = "{ config, lib, pkgs, modulesPath, ... }:\nlet cfg = config.services.app; in\n"
OPTIONS = 'options.services.app.enable = lib.mkEnableOption "x";'
# What a module says -> what of it is not modelled.
LEFT_OPEN = {
    "services.player.enable = true;": ("services.player",),
    "services.a.enable = true; services.b.settings.x = lib.mkForce [ 1 ];": ("services.a", "services.b"),
    "services.tool.enable = lib.mkDefault (!config.services.other.enable);": ("services.tool",),
    "environment.etc.x.text = config.services.player.dataDir;": ("services.player.dataDir",),
    "networking.firewall.allowedTCPPorts = [ config.services.player.port ];": (),
    'systemd.services.x.serviceConfig.ExecStart = "${config.services.player.package}/bin/x";': (
        "services.player.package",
    ),
    "systemd.services.x.serviceConfig.User = config.services.player.user;": ("services.player.user",),
    "environment.etc = lib.mkIf config.services.player.openFirewall { x.text = toString 1; };": (
        "services.player.openFirewall (taken for false)",
    ),
    "environment.etc.x.text = toString (map (one: one) config.services.player.instances);": (
        "services.player.instances",
    ),
    "environment.etc.x.text = toString (1 + config.services.player.port);": ("services.player.port",),
    "environment.systemPackages = with pkgs; [ surely-not-here vim ];": ("pkgs.surely-not-here",),
    "environment.systemPackages = [ pkgs.someSet.inner.package ];": ("pkgs.someSet.inner.package",),
    "environment.systemPackages = [ (pkgs.python3.withPackages (of: with of; [ surely-not-here ])) ];": (
        "pkgs.python3Packages.surely-not-here",
    ),
    "environment.systemPackages = [ (pkgs.hello-again.overrideAttrs (old: { x = old.y; })) ];": ("pkgs.hello-again",),
    "environment.etc.x.source = pkgs.callPackage ({ surely-not-here }: surely-not-here) { };": (
        "pkgs.surely-not-here",
    ),
    "boot.kernelPackages = pkgs.linuxKernel.packages.linux_of_nobody;": ("pkgs.linuxKernel.packages.linux_of_nobody",),
    "boot.extraModulePackages = with config.boot.kernelPackages; [ surely-not-here ];": (
        "boot.kernelPackages.surely-not-here",
    ),
    "users.users.me = { isNormalUser = true; extraGroups = [ config.services.player.group ]; };": (
        "services.player.group",
    ),
}
# What is the subject's own mistake, though something foreign stands beside it.
THE_SUBJECTS = {
    "services.player.enable = true; services.app.enabel = true;": "services.app.enabel",
    "services.player.enable = true; environment.systemPackage = [ ];": "environment.systemPackage",
    "services.player.enable = true; services.opensh.enable = true;": "services.opensh",
    "services.player.enable = true; networking.hostName = 5;": "networking.hostName",
    "surely.not-nixos = true;": "surely",
    "environment.etc.x.text = cfg.nothing;": "attribute 'nothing' missing",
    "environment.systemPackages = [ pkgs.surely-not-here pkgs.librknnrt-extra ];": "librknnrt-extra",
}
PROFILE = "${modulesPath}/installer/sd-card/sd-image-aarch64.nix"


@pytest.fixture(scope="module")
def found(kept: Kept, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Evaluation]:
    """Each module, evaluated alone."""

    def ask(body: str) -> Evaluation:
        folder = tmp_path_factory.mktemp("subject")
        module = folder / "module.nix"
        imports = f'imports = [ "{PROFILE}" ];' if body == PROFILE else ""
        content = "" if imports else body
        module.write_text(
            f'{HEAD}{{\n{imports}\n{OPTIONS}\nconfig = {{ {content} boot.kernelModules = [ "own" ]; }};\n}}\n'
        )
        request = Request(Subject(folder, module, ("services", "app")), {"enable": True})
        return evaluate({"": request}, nixpkgs=None, deadline=Deadline.after(200, "a module"))[""]

    def make() -> dict[str, Evaluation]:
        bodies = [*LEFT_OPEN, *THE_SUBJECTS, PROFILE]
        with ThreadPoolExecutor(max_workers=2) as pool:
            return dict(zip(bodies, pool.map(ask, bodies), strict=True))

    return kept("left open", make, Path(__file__))


def configuration(one: Evaluation) -> Configuration:
    assert one.configuration is not None, one.error
    assert one.configuration.failures == ()
    return one.configuration


@pytest.mark.parametrize("body", LEFT_OPEN)
def test_an_option_nixos_may_have_is_unknown(found: dict[str, Evaluation], body: str) -> None:
    assert "own" in configuration(found[body]).kernel.modules
    assert set(found[body].not_modelled) >= set(LEFT_OPEN[body])


@pytest.mark.parametrize("body", THE_SUBJECTS)
def test_errors_of_the_subject_stay_errors(found: dict[str, Evaluation], body: str) -> None:
    error = found[body].error
    assert error is not None and error.kind == "subject"
    assert THE_SUBJECTS[body] in error.message


def test_a_nixpkgs_profile_is_unknown(found: dict[str, Evaluation]) -> None:
    assert "own" in configuration(found[PROFILE]).kernel.modules
    assert found[PROFILE].not_modelled == ("the module nixos/modules/installer/sd-card/sd-image-aarch64.nix",)


def test_values_made_of_unknown_values_are_marked(found: dict[str, Evaluation]) -> None:
    body = "systemd.services.x.serviceConfig.User = config.services.player.user;"
    unit = configuration(found[body]).units["x.service"]
    assert all(map(is_opaque, unit.sections["Service"]["User"]))
    kernel = configuration(found["boot.kernelPackages = pkgs.linuxKernel.packages.linux_of_nobody;"]).kernel
    assert is_opaque(kernel.version)
    assert not is_opaque("/nix/store/506c83z7a6f1zzbfa1d1c62013a7c077-hello") and not is_opaque(None)


def test_definitions_of_unknown_options_can_be_read_back(tmp_path: Path) -> None:
    module = tmp_path / "module.nix"
    module.write_text(
        HEAD
        + """{
          services.player.settings = { a = lib.mkDefault 1; b = lib.mkIf false 2; list = [ 1 ]; };
          imports = [ { services.player.settings = { a = 3; list = [ 2 ]; }; } ];
          environment.etc.x.text = builtins.toJSON config.services.player.settings;
        }"""
    )
    request = Request(Subject(tmp_path, module, ()))
    one = evaluate({"": request}, nixpkgs=None, deadline=Deadline.after(100, "it"))[""]
    text = configuration(one).etc["x"].text or ""
    assert ('"a":3' in text and '"list":[2,1]' in text) or '"list":[1,2]' in text


def test_a_missing_module_argument_is_named(tmp_path: Path) -> None:
    module = tmp_path / "module.nix"
    module.write_text("{ config, inputs, ... }: { imports = [ inputs.other.nixosModules.default ]; }")
    one = evaluate({"": Request(Subject(tmp_path, module, ()))}, nixpkgs=None, deadline=Deadline.after(60, "it"))[""]
    assert one.error is not None and one.error.kind == "unknown"
    assert "needs the argument inputs" in one.error.meaning


NEWER = """error:
       … while evaluating the attribute 'value'
         at /subject/module.nix:9:7:
            8|   config = {
            9|       value = 1;
             |       ^
       … while calling the 'head' builtin
       (stack trace truncated; use '--show-trace' to show the full, detailed trace)

       error: attribute 'nothing' missing
       at /subject/module.nix:12:30:
           11|
           12|   x = cfg.nothing;
             |       ^
"""


def test_the_error_of_a_newer_nix_is_read_after_its_trace() -> None:
    error = explain(NEWER, Subject(Path("/subject"), Path("/subject/module.nix"), ("services", "app")), standin=False)
    assert error.message.startswith("attribute 'nothing' missing")
    assert error.kind == "subject"
    assert error.position == "/subject/module.nix:9:7"
