# Deploying the fleet. `just` lists the recipes; what they do is in scripts/roll_out.py.
# pytest comes from the environment of `make setup` or `nix develop`, nixos-rebuild and ssh from PATH.

export PATH := justfile_directory() / ".venv/bin" + ":" + env("PATH")

[private]
default:
    @just --list

# Build a host's system, copy it there and switch to it; OPTIONS go to nixos-rebuild
nix-deploy HOST *OPTIONS:
    python3 scripts/roll_out.py deploy {{ quote(HOST) }} {{ OPTIONS }}

# Ask a host whether its NPU works: the acceptance; OPTIONS go to pytest
verify HOST *OPTIONS:
    python3 scripts/roll_out.py verify {{ quote(HOST) }} {{ OPTIONS }}

# Deploy and verify host by host (all without HOSTS); stops at the first that fails and says how to roll back
roll-out *HOSTS:
    python3 scripts/roll_out.py roll-out {{ HOSTS }}

# Return a host to the generation before its current one, or to SYSTEM, a path in its store
roll-back HOST *SYSTEM:
    python3 scripts/roll_out.py roll-back {{ quote(HOST) }} {{ SYSTEM }}

# Evaluate every output and host without network and without nixpkgs
check-offline:
    nix --extra-experimental-features 'nix-command flakes' flake check --offline --no-build --no-write-lock-file --override-input nixpkgs path:{{ justfile_directory() }}/src/rknn_validation/facts/nix/standin
