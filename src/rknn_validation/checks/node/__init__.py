"""Checks asked of a node through a testinfra Host (tiers `vm` and `hardware`). One file per topic."""
