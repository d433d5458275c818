"""Generated documents are what their scripts would write today."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.integration

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"


@pytest.mark.parametrize(
    "name",
    [
        *("command_reference", "diagnosis_table", "findings_pages", "node_checks_table", "options_reference"),
        *("status_page", "subject_schema", "subjects_table", "together_table"),
    ],
)
def test_the_document_is_up_to_date(name: str) -> None:
    command = [sys.executable, SCRIPTS / f"{name}.py", "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
