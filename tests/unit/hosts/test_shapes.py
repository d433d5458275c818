"""Modules, overlays and packages of any shape: files, functions that want something first, attributes of flakes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from flakes import written

from rknn_validation.common.errors import SubjectFileError
from rknn_validation.facts.gather import Evaluator, gather
from rknn_validation.facts.model import Facts
from rknn_validation.subject.validation import load

pytestmark = pytest.mark.unit

MODULE = '{ config, lib, pkgs, ... }: { boot.kernelModules = [ "rocket" ]; }'
SCENARIO = "scenarios: {board: {stack: mainline}}"
PLAIN_FLAKE = 'inputs = { }; outputs = inputs: { marker = "mine"; OUTPUTS };'


def gathered(folder: Path, evaluator: Evaluator, files: Mapping[str, str], subject: str) -> Facts:
    """The facts of a subject that has one scenario."""
    written(folder, {**files, "validation.yaml": f"subject: {subject}\n{SCENARIO}\n"})
    return gather(load(folder / "validation.yaml"), evaluator)["board"]


@pytest.mark.parametrize(
    ("files", "subject"),
    [
        ({"m.nix": MODULE}, "{module: m.nix}"),
        ({"m.nix": '{ boot.kernelModules = [ "rocket" ]; }'}, "{module: m.nix}"),
        ({"m/default.nix": MODULE}, "{module: m}"),
        ({"m.nix": f'{{ word ? "x", ... }}: {MODULE}'}, "{module: m.nix}"),
        ({"m.nix": f"word: let inherit (word) x; in {MODULE}"}, "{module: m.nix, specialArgs: {word: {x: 1}}}"),
        (
            {
                "m.nix": f'{{ self, inputs }}: assert self.marker == "mine"; {MODULE}',
                "flake.nix": f"{{ {PLAIN_FLAKE} }}",
            },
            "{module: m.nix}",
        ),
        (
            {"m.nix": f'inputs: assert inputs.self.marker == "mine"; {MODULE}', "flake.nix": f"{{ {PLAIN_FLAKE} }}"},
            "{module: m.nix}",
        ),
        (
            {
                "m.nix": MODULE,
                "flake.nix": "{ " + PLAIN_FLAKE.replace("OUTPUTS", "nixosModules.npu = ./m.nix;") + " }",
            },
            "{module: .#nixosModules.npu}",
        ),
        (
            {"flake.nix": "{ " + PLAIN_FLAKE.replace("OUTPUTS", f'nixosModules."a.b" = {MODULE};') + " }"},
            "{module: '.#nixosModules.\"a.b\"'}",
        ),
        (
            {"m.nix": "{ extra, ... }: { boot.kernelModules = [ extra.name ]; }"},
            "{module: m.nix, specialArgs: {extra: {name: rocket}}}",
        ),
        (
            {"m.nix": "{ extra, ... }: { boot.kernelModules = [ extra.name ]; }", "e.nix": '{ name = "rocket"; }'},
            "{module: m.nix, specialArgs: {extra: {file: e.nix}}}",
        ),
        (
            {
                "m.nix": "{ inputs, ... }: { boot.kernelModules = [ inputs.self.driver ]; }",
                "flake.nix": "{ " + PLAIN_FLAKE.replace("OUTPUTS", 'driver = "rocket";') + " }",
            },
            "{module: m.nix, specialArgs: {inputs: {flake: .#inputs}}}",
        ),
        (
            {
                "m.nix": "{ self, ... }: { boot.kernelModules = [ self.module ]; }",
                "flake.nix": "{ " + PLAIN_FLAKE.replace("OUTPUTS", 'module = "rocket";') + " }",
            },
            "{module: m.nix, specialArgs: {self: {flake: .}}}",
        ),
    ],
)
def test_modules_of_any_shape_are_accepted(
    tmp_path: Path, evaluator: Evaluator, files: dict[str, str], subject: str
) -> None:
    files = {name: text.replace("OUTPUTS", "") for name, text in files.items()}
    found = gathered(tmp_path, evaluator, files, subject)
    assert found.evaluation.error is None, found.evaluation.error
    assert "rocket" in found.configuration.kernel.modules
    assert "rocket" not in found.without.kernel.modules


@pytest.mark.parametrize(
    "overlay",
    [
        'final: prev: { npu-note = final.writeText "note" ""; }',
        '[ (final: prev: { npu-note = final.writeText "note" ""; }) ]',
        '{ default = final: prev: { npu-note = final.writeText "note" ""; }; }',
        '{ word ? 1 }: final: prev: { npu-note = final.writeText "note" ""; }',
        '_: prev: { npu-note = prev.writeText "note" ""; }',
    ],
)
def test_overlays_of_any_shape_are_accepted_and_their_packages_judged(
    tmp_path: Path, evaluator: Evaluator, overlay: str
) -> None:
    found = gathered(tmp_path, evaluator, {"o.nix": overlay}, "{overlays: [o.nix]}")
    assert found.evaluation.error is None, found.evaluation.error
    assert "note" in [package.name for package in found.configuration.system_packages]
    assert "note" not in [package.name for package in found.without.system_packages]


@pytest.mark.parametrize(
    "package",
    [
        '{ stdenv }: stdenv.mkDerivation { pname = "npu-note"; version = "1"; }',
        'with import <nixpkgs> { }; stdenv.mkDerivation { pname = "npu-note"; version = "1"; }',
        '{ inputs }: { stdenv }: stdenv.mkDerivation { pname = "npu-note"; version = "1"; }',
    ],
    ids=["for callPackage", "of nixpkgs itself", "behind a function"],
)
def test_a_package_can_be_judged_alone(tmp_path: Path, evaluator: Evaluator, package: str) -> None:
    found = gathered(tmp_path, evaluator, {"p.nix": package}, "{packages: [p.nix], specialArgs: {inputs: {}}}")
    assert found.evaluation.error is None, found.evaluation.error
    assert "npu-note-1" in [package.name for package in found.configuration.system_packages]
    assert not found.subject.is_machine


@pytest.mark.parametrize(
    "module",
    [
        "{ inputs, ... }: { environment.systemPackages = [ inputs.npu ]; }",
        "{ inputs ? null, ... }: { environment.systemPackages = [ inputs.npu ]; }",
        "args: { environment.systemPackages = [ args.inputs.npu ]; }",
        "args@{ pkgs, ... }: let inherit (args) inputs; in { environment.systemPackages = [ inputs.npu ]; }",
        "{ inputs }: { pkgs, ... }: { environment.systemPackages = [ inputs.npu ]; }",
    ],
)
def test_a_missing_module_argument_is_reported_with_a_remedy(tmp_path: Path, evaluator: Evaluator, module: str) -> None:
    error = gathered(tmp_path, evaluator, {"m.nix": module}, "{module: m.nix}").evaluation.error
    assert error is not None
    assert error.kind == "unknown"
    assert "specialArgs: {inputs: {flake: .#inputs}}" in error.meaning


def test_an_incomplete_special_argument_is_an_error_of_the_subject(tmp_path: Path, evaluator: Evaluator) -> None:
    module = "{ vars, ... }: { networking.hostName = vars.hostName; }"
    subject = "{module: m.nix, specialArgs: {vars: {hostname: opi01}}}"
    error = gathered(tmp_path, evaluator, {"m.nix": module}, subject).evaluation.error
    assert error is not None
    assert error.kind == "subject"


@pytest.mark.parametrize(
    ("subject", "line"),
    [
        ("{module: nowhere.nix}", "or an attribute of a flake such as .#nixosModules.npu"),
        ("{option: services.npu}", "a module, packages or overlays"),
        ("{module: m.nix, specialArgs: {x: {file: nowhere.nix}}}", "x: nowhere.nix: no such file"),
    ],
)
def test_a_missing_file_of_the_subject_is_an_error(tmp_path: Path, subject: str, line: str) -> None:
    written(tmp_path, {"m.nix": MODULE, "validation.yaml": f"subject: {subject}\n{SCENARIO}\n"})
    with pytest.raises(SubjectFileError, match=line):
        load(tmp_path / "validation.yaml")


def test_a_missing_flake_output_is_an_error_that_lists_the_others(tmp_path: Path, evaluator: Evaluator) -> None:
    flake = "{ outputs = _: { nixosModules.npu = { }; }; }"
    error = gathered(tmp_path, evaluator, {"flake.nix": flake}, "{module: .#nixosModules.nqu}").evaluation.error
    assert error is not None
    assert "has no nixosModules.nqu; it has npu" in error.message
