"""Readers of the languages a configuration is written in: udev rules, tmpfiles lines, units, Nix, shell."""
