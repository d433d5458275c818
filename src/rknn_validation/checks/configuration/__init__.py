"""Checks asked of an evaluated configuration (tier `unit`). One file per topic."""
