"""Tells whether the NPU of an RK3588 node works under a given NixOS configuration."""

__version__ = "0.1.0"
