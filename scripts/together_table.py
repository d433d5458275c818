"""Writes docs/what-goes-together.md: which releases of driver, runtime, toolkit and models go together.

python scripts/together_table.py          write it
python scripts/together_table.py --check  exit 1 where it is out of date
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "src")]

from rknn_validation.npu import together  # noqa: E402
from rknn_validation.npu.together import version_text  # noqa: E402
from rknn_validation.npu.versions import RUNTIME_HASHES, TOOLKIT_LITE_WHEELS, version_numbers  # noqa: E402

PAGE = ROOT / "docs" / "what-goes-together.md"
HEAD = """# What goes together

You want to know which driver, runtime, toolkit and model belong together on the vendor stack. In short: driver 0.9.8,
and `librknnrt.so`, `rknn-toolkit-lite2` and the converter `rknn-toolkit2` of **one release, patch level included**
(2.3.0 is not 2.3.2). The checks and the diagnosis use these tables.

`ran` means an emulated board with the real runtime; everything else was told in the named thread (`owner/repo#n`) and
not tried here. What is in no row is not known.

`scripts/together_table.py` generates this page from `src/rknn_validation/npu/together.py`.
"""


def table(*rows: Iterable[str]) -> str:
    """Rows as Markdown, the first as heading."""
    lines = ["| " + " | ".join(cells) + " |" for cells in rows]
    return "\n".join((lines[0], "|" + "---|" * lines[0].count(" | ") + "---|", *lines[1:]))


def page() -> str:
    """The whole text."""
    drivers = table(
        ("from release", "does not work below driver", "warns below driver", "source"),
        *(
            (f"`{one.runtime}` {version_text(one.since)}", known(one.fails), known(one.warns), one.source)
            for one in together.LEAST_DRIVERS
        ),
    )  # fmt: skip
    broken = table(
        ("driver", "what happens", "source"),
        *((version_text(one.driver), one.what, one.source) for one in together.BROKEN_DRIVERS),
    )
    models = table(("model made by toolkit", "runtime", "what happens", "source"), *together.MODELS)
    toolkits = table(
        ("`rknn-toolkit-lite2`", "Python", "`librknnrt.so` of the same release"),
        *((release, ", ".join(wheels), runtime(release)) for release, wheels in TOOLKIT_LITE_WHEELS.items()),
    )
    return f"""{HEAD}
## Driver and runtime

{drivers}

## Drivers that fit no runtime

{broken}

## Toolkit and runtime

{toolkits}

## Model and runtime

{models}
"""


def known(version: together.Version | None) -> str:
    """A version, or that it is not known."""
    return version_text(version) if version else "not known"


def runtime(release: str) -> str:
    """What is known of the runtime that goes with a toolkit."""
    unpublished = together.UNPUBLISHED_RUNTIMES.get(version_numbers(release) or ())
    return f"not published: {unpublished}" if unpublished else f"sha256 `{RUNTIME_HASHES[release]}`"


def main() -> int:
    """Write the page, or compare it."""
    if "--check" not in sys.argv:
        PAGE.write_text(page(), encoding="utf-8")
        return 0
    if PAGE.exists() and PAGE.read_text(encoding="utf-8") == page():
        return 0
    print(f"{PAGE.name} is out of date: run python scripts/together_table.py", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
