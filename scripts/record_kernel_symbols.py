"""Records which Kconfig symbols of the NPU's neighbourhood mainline releases have.

    python scripts/record_kernel_symbols.py 6.1.176=TREE 6.12.107=TREE ... > mainline_symbols.json   (below npu/)

TREE is an unpacked kernel source (`apt-get download linux-source-6.12` brings one); only its Kconfig files are read.
Recorded is every symbol whose name belongs to one of the families below, complete for these families.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "src"))

from rknn_validation.npu.symbols import FAMILY  # noqa: E402

_CONFIG = re.compile(r"^\s*(?:menu)?config\s+([A-Z0-9_]+)\s*$")
_KIND = re.compile(r"^\s+(?:def_)?(bool|tristate|int|hex|string)\b")


def symbols(tree: Path) -> dict[str, str]:
    """Symbol -> bool | tristate | int | hex | string, of every symbol of the families in a kernel tree."""
    found: dict[str, str] = {}
    for path in sorted(tree.rglob("Kconfig*")):
        if path.is_file() and not any(part in ("Documentation", "tests") for part in path.relative_to(tree).parts):
            name = ""
            for line in path.read_text(errors="replace").splitlines():
                if config := _CONFIG.match(line):
                    name = config[1]
                elif name and FAMILY.search(name) and (kind := _KIND.match(line)):
                    found.setdefault(name, kind[1])
                    name = ""
    return found


def main() -> int:
    """Print the record."""
    trees = dict(one.split("=", 1) for one in sys.argv[1:])
    if not trees:
        print(__doc__, file=sys.stderr)
        return 2
    seen = {release: symbols(Path(tree)) for release, tree in trees.items()}
    names = sorted({name for each in seen.values() for name in each})
    record = {
        "releases": list(trees),
        "symbols": {
            name: {
                "kind": next(each[name] for each in reversed(seen.values()) if name in each),
                "in": [release for release, each in seen.items() if name in each],
            }
            for name in names
        },
    }
    lines = [f'    "{name}": {json.dumps(entry)}' for name, entry in record["symbols"].items()]  # type: ignore[union-attr]
    print(f'{{\n  "releases": {json.dumps(record["releases"])},\n  "symbols": {{\n' + ",\n".join(lines) + "\n  }\n}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
