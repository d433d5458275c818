"""Evaluation with Nix: requests, the stand-in for nixpkgs, flakes and their inputs, and reading Nix files."""
