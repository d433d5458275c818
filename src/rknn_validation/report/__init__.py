"""Verdicts -> terminal matrix, JUnit XML, JSON."""
