"""Checks: questions asked of facts (configuration) and of nodes (node)."""
