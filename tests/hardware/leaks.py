"""Looks for a secret where it must not be."""

from __future__ import annotations

from pathlib import Path


def processes_with(secret: str) -> list[str]:
    """Processes that have it among their arguments or in their environment."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            for name in ("cmdline", "environ"):
                try:
                    told = (entry / name).read_bytes()
                except OSError:
                    continue  # ended meanwhile, or not ours to read
                if secret.encode() in told:
                    found.append(f"{entry}/{name}")
    return found


def files_with(secret: str, *directories: Path) -> list[str]:
    """Files below these directories that hold it."""
    paths = (path for directory in directories for path in directory.rglob("*") if path.is_file())
    return [str(path) for path in paths if secret.encode() in path.read_bytes()]
