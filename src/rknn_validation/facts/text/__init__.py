"""Readers of the languages in a configuration: udev rules, tmpfiles lines, units, shell."""
