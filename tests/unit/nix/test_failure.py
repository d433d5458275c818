"""Whose fault a missing name is: what the stand-in made may lack what the real nixpkgs has."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from workers import Kept

from rknn_validation.common.deadline import Deadline
from rknn_validation.facts.nix.evaluate import evaluate
from rknn_validation.facts.nix.request import Request
from rknn_validation.subject.validation import Subject

pytestmark = pytest.mark.unit

HEAD = "{ config, lib, pkgs, ... }:\nlet\n  cfg = config.services.npu;\nin\n"
OPTIONS = """
  options.services.npu = {
    enable = lib.mkEnableOption "x";
    package = lib.mkOption { type = lib.types.package; default = pkgs.hello; };
    models = lib.mkOption { type = lib.types.attrsOf lib.types.anything; default = { a.path = "/x"; }; };
  };
"""
ETC = "environment.etc.x.text = toString"

THE_SUBJECTS = {
    "an option of its own": f"{ETC} cfg.nothing;",
    "a variable of nobody": f"{ETC} nothing;",
    "a set it wrote": f"{ETC} (let own = {{ a = 1; }}; in own.b);",
    "a set it inherits from": f"{ETC} (let inherit ({{ a = 1; }}) b; in b);",
    "a member of its own option": f"{ETC} (lib.mapAttrsToList (_: model: model.nothing) cfg.models);",
    "a function of the library": f"{ETC} (lib.noSuchFunction 1);",
    "the library as a scope": f"{ETC} (with lib; noSuchFunction 1);",
    "a licence": f"{ETC} (with lib; licenses.unfreeRedistributible.shortName);",
    "a package only the subject could bring": "environment.systemPackages = [ pkgs.librknnrt-extra ];",
    "an argument only the subject could bring": (
        "environment.systemPackages = [ (pkgs.callPackage ({ stdenv, rknn-headers }: rknn-headers) { }) ];"
    ),
}
UNKNOWN = {
    "a package": "environment.systemPackages = [ pkgs.surely-no-such ];",
    "an attribute of a package": f"{ETC} pkgs.hello.surelyNotHere;",
    "an attribute of the package in an option": f"{ETC} cfg.package.surelyNotHere;",
    "an attribute of a kernel": f"{ETC} config.boot.kernelPackages.kernel.surelyNotHere;",
    "an attribute of what is overridden": (
        "environment.systemPackages = [ (pkgs.hello.overrideAttrs (old: { x = old.surelyNotHere; })) ];"
    ),
    "the package set as a scope": "environment.systemPackages = with pkgs; [ surely-no-such ];",
    "an argument of a package": (
        "environment.systemPackages = [ (pkgs.callPackage ({ stdenv, surely-no-such }: surely-no-such) { }) ];"
    ),
    "an attribute of a package it made": f"{ETC} (let own = pkgs.callPackage ({{ hello }}: hello) {{ }}; in own.nope);",
}


@pytest.fixture(scope="module")
def kinds(kept: Kept, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The kind of error of each module, or what is not modelled of it, by its title."""
    return kept("kinds of failure", lambda: _evaluated(tmp_path_factory), Path(__file__))


def _evaluated(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    requests = {}
    for title, body in {**THE_SUBJECTS, **UNKNOWN}.items():
        folder = tmp_path_factory.mktemp("subject")
        module = folder / "module.nix"
        module.write_text(f"{HEAD}{{{OPTIONS}  config = lib.mkIf cfg.enable {{\n    {body}\n  }};\n}}\n")
        subject = Subject(root=folder, module=module, option=("services", "npu"), overlays=(), imports=())
        requests[title] = Request(subject, {"enable": True})
    deadline = Deadline.after(200, "the modules")

    def alone(title: str) -> str:
        # All of them fail: together, each would take the others with it.
        (one,) = evaluate({title: requests[title]}, nixpkgs=None, deadline=deadline).values()
        return "unknown" if one.not_modelled and one.error is None else _kind(one.error, one.configuration)

    with ThreadPoolExecutor(max_workers=2) as pool:
        return dict(zip(requests, pool.map(alone, requests), strict=True))


def _kind(error: object, configuration: object) -> str:
    first = error or next(iter(getattr(configuration, "failures", ())), None)
    return str(getattr(first, "kind", "none"))


@pytest.mark.parametrize("title", THE_SUBJECTS)
def test_errors_of_the_subject_are_its_failures(title: str, kinds: dict[str, str]) -> None:
    assert kinds[title] == "subject"


@pytest.mark.parametrize("title", UNKNOWN)
def test_names_missing_in_the_stand_in_are_unknown(title: str, kinds: dict[str, str]) -> None:
    assert kinds[title] == "unknown"


def test_an_error_in_a_missing_file_is_explained_too(tmp_path: Path) -> None:
    from rknn_validation.facts.nix.origins import of_attribute

    assert of_attribute(tmp_path / "none.nix", 1, "x").kind == "other"
