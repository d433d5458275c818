"""What bash itself says of a script."""

from __future__ import annotations

import functools
import shutil
import subprocess


@functools.lru_cache(maxsize=1024)
def syntax_error(script: str, seconds: float = 10) -> str | None:
    """What bash says about a script it cannot parse; None where it parses, or where there is no bash."""
    bash = shutil.which("bash")
    if bash is None:
        return None
    command = [bash, "--norc", "-n"]
    done = subprocess.run(command, input=script, capture_output=True, text=True, timeout=seconds, check=False)
    return None if done.returncode == 0 else done.stderr.replace(bash, "bash").strip()
