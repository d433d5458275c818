"""Writes docs/options.md: every option of this repository's module, as the module itself declares it.

python scripts/options_reference.py          write it
python scripts/options_reference.py --check  exit 1 where it is out of date
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "src")]

from rknn_validation.common.deadline import Deadline  # noqa: E402
from rknn_validation.common.process import run, tool  # noqa: E402
from rknn_validation.facts.nix.command import ENVIRONMENT, STANDIN  # noqa: E402

REFERENCE = ROOT / "docs" / "options.md"
HEAD = """# Options of `hardware.rknn`

You want to know what an option does, or its default. [Use the NPU on your nodes](use-the-npu.md) shows how they go
together. `scripts/options_reference.py` generates this page from the module.
"""


def options() -> list[dict[str, Any]]:
    """The declarations, evaluated."""
    command = [tool("nix-instantiate", "run ./setup.sh"), "--eval", "--strict", "--json", "--store", "dummy://"]
    command += ["--argstr", "nixpkgs", str(STANDIN), str(ROOT / "scripts" / "options.nix")]
    done = run(command, deadline=Deadline.after(60, "the options to evaluate"), environment=ENVIRONMENT)
    if done.returncode:
        sys.exit(done.stderr)
    found = json.loads(done.stdout)
    assert isinstance(found, list)
    return found


def nix(value: Any) -> str:
    """A plain value as Nix writes it."""
    if isinstance(value, list):
        return " ".join(["[", *map(nix, value), "]"])
    if isinstance(value, dict):
        return " ".join(["{", *(f"{name} = {nix(one)};" for name, one in value.items()), "}"])
    return json.dumps(value)


def shown(given: dict[str, Any]) -> str:
    """A default or an example: prose as it is, everything else as code."""
    if given.get("_type") == "literalMD":
        return " ".join(given["text"].split())
    return f"`{given['text'] if '_type' in given else nix(given['value'])}`"


def section(option: dict[str, Any]) -> list[str]:
    """One option."""
    lines = [f"## `{option['name']}`", "", option["description"].strip(), "", f"- type: {option['type']}"]
    for name in ("default", "example"):
        if option[name] is not None:
            lines.append(f"- {name}: {shown(option[name])}")
    return [*lines, ""]


def text() -> str:
    """The whole file."""
    lines = [HEAD]
    for option in sorted(options(), key=lambda one: (one["name"] != "hardware.rknn.enable", one["name"])):
        lines += section(option)
    return "\n".join(lines)


def main() -> int:
    """Write the reference, or say whether it is out of date."""
    if "--check" not in sys.argv:
        REFERENCE.write_text(text())
        return 0
    if REFERENCE.is_file() and REFERENCE.read_text() == text():
        return 0
    print(f"{REFERENCE.relative_to(ROOT)} is out of date: run {Path(__file__).relative_to(ROOT)}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
