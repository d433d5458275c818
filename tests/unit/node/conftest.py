"""The configurations made by hand are shared with the tests on emulated boards."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "nixos-vm"))
