"""A host of a flake is evaluated with the nixpkgs that its flake locks."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from rknn_validation.common.deadline import Deadline
from rknn_validation.facts.gather import Evaluator
from rknn_validation.facts.nix import nixpkgs
from rknn_validation.facts.nix.nixpkgs import STANDIN
from rknn_validation.facts.nix.request import Request
from rknn_validation.subject.references import HostReference
from rknn_validation.subject.validation import Subject

pytestmark = pytest.mark.integration

HOST = """{
  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-26.05";
  outputs = { nixpkgs, ... }: {
    nixosConfigurations.opi = nixpkgs.lib.nixosSystem {
      modules = [ { nixpkgs.hostPlatform = "aarch64-linux"; networking.hostName = "opi"; } ];
    };
  };
}
"""


@pytest.mark.parametrize(("needs", "served"), [("2.18", "nixpkgs 26.05"), ("99.0", "stand-in")])
def test_a_host_uses_its_own_nixpkgs_unless_nix_is_too_old_for_it(
    needs: str, served: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nixpkgs, "version", lambda deadline: (2, 26, 3))
    own = tmp_path / "own"
    shutil.copytree(STANDIN, own)
    (own / "lib" / ".version").write_text("26.05")
    (own / "lib" / "minfeatures.nix").write_text(f'"{needs}"')
    original = {"type": "github", "owner": "NixOS", "repo": "nixpkgs", "ref": "nixos-26.05"}
    node = {"locked": {"type": "path", "path": str(own)}, "original": original}
    nodes = {"root": {"inputs": {"nixpkgs": "nixpkgs"}}, "nixpkgs": node}
    (tmp_path / "flake.lock").write_text(json.dumps({"nodes": nodes, "root": "root", "version": 7}))
    (tmp_path / "flake.nix").write_text(HOST)
    evaluator = Evaluator(None, Deadline.after(60, "the host"), offline=True)
    name = str(tmp_path)
    subject = Subject(tmp_path, host=HostReference("opi", ("nixosConfigurations", "opi"), flake=name))
    evaluation = evaluator.evaluate({"opi": Request(subject)})["opi"]
    assert evaluation.error is None
    assert evaluation.nixpkgs.startswith(served)
    assert evaluator.shared.common is False
    assert evaluator.shared.own[name].reason.startswith(
        "locked by its flake" if served != "stand-in" else f"nixpkgs 26.05 ({own})"
    )
