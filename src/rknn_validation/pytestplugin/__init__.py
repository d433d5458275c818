"""pytest: options, fixtures and hooks. Nothing is judged here."""
