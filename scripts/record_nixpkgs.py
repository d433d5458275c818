#!/usr/bin/env python3
"""Records how a real nixpkgs library behaves, for the stand-in to be held to.

    scripts/record_nixpkgs.py --nixpkgs PATH

evaluates every case below tests/unit/nix/cases/ with the library in PATH/lib, and the names that library
offers; both end up in the repository. A difference to what was recorded before is printed.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "tests" / "unit" / "nix")]

import recording  # noqa: E402

from rknn_validation.deadline import Deadline  # noqa: E402
from rknn_validation.nix.names import LIBRARY_NAMES, record_names  # noqa: E402


def main() -> int:
    """Record, and say what changed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--nixpkgs", type=Path, required=True, help="a nixpkgs tree, or one that holds its lib/ alone")
    nixpkgs = parser.parse_args().nixpkgs.resolve()
    if not (nixpkgs / "lib" / "default.nix").is_file():
        parser.error(f"expected a library at {nixpkgs}/lib/default.nix; there is none")
    deadline = Deadline.after(600, "the recorded cases")
    cases = {name: recording.observe(name, nixpkgs, deadline) for name in recording.files()}
    before = json.loads(recording.RECORDED.read_text()) if recording.RECORDED.exists() else {"cases": {}}
    for line in differences(before["cases"], cases):
        print(line)
    version = (nixpkgs / "lib" / ".version").read_text().strip()
    write(recording.RECORDED, {"nixpkgs": version, "cases": cases})
    write(LIBRARY_NAMES, record_names(nixpkgs, deadline))
    print(f"recorded {sum(map(len, cases.values()))} cases from nixpkgs {version}")
    return 0


def differences(before: dict[str, Any], now: dict[str, Any]) -> list[str]:
    """One line per case whose result is new, gone or another."""
    old = {(name, case): result for name, cases in before.items() for case, result in cases.items()}
    new = {(name, case): result for name, cases in now.items() for case, result in cases.items()}
    return [
        f"{name}.{case}: {old.get((name, case), 'new')} -> {new.get((name, case), 'gone')}"
        for name, case in sorted(old.keys() | new.keys())
        if old.get((name, case)) != new.get((name, case))
    ]


def write(path: Path, data: Any) -> None:
    """JSON that diffs well."""
    path.write_text(json.dumps(data, indent=1, sort_keys=True, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    sys.exit(main())
