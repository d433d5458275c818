"""Tells whether the NPU of an RK3588 node works under a given NixOS configuration."""

import tomllib
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

try:
    __version__ = version("rknn-validation")
except PackageNotFoundError:  # a checkout that is not installed, as in `nix develop`
    _project = Path(__file__).resolve().parents[2] / "pyproject.toml"
    __version__ = str(tomllib.loads(_project.read_text(encoding="utf-8"))["project"]["version"])
