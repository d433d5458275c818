"""Writes docs/status.md: what is proven for each part of the system, and by which means.

python scripts/status_page.py                                      write it from docs/status.json
python scripts/status_page.py --check                              exit 1 where it is out of date
python scripts/status_page.py --record report/results.json         take over a run of this repository's subject first
python scripts/status_page.py --record junit.xml                   the same for `pytest --junitxml` of the tests

A recorded run replaces what an earlier one said of the same parts by the same means; everything else stays. The page
claims what the recorded files show and nothing more: skipped is not passed, and a run counts as silicon only where an
NPU was seen to compute.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import xml.etree.ElementTree as ElementTree
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "status.md"
RECORD = ROOT / "docs" / "status.json"

OWN_TESTS = "own tests"
STAND_IN = "evaluation with the stand-in"
HYBRID = "evaluation with a hybrid nixpkgs"
NIXPKGS = "evaluation with nixpkgs"
EMULATION = "emulation"
SILICON = "silicon"
MEANS = {
    OWN_TESTS: "Tests of this project's own code. The part itself did not run.",
    STAND_IN: "The [stand-in](evaluation.md#the-stand-in-for-nixpkgs) took the place of nixpkgs. Nothing was built.",
    HYBRID: "Nixpkgs' own library, with the stand-in's modules and packages on it. Nothing was built.",
    NIXPKGS: "The real nixpkgs. Nothing was built.",
    EMULATION: "An [emulated board](emulated-board.md): real systemd, udev and loader, simulated drivers.",
    SILICON: "A real board whose NPU computed.",
}
"""Weakest first."""

PARTS = {
    "Packages": ("source", "text", "lint"),
    "Module": ("evaluation", "options", "units", "tmpfiles", "expects"),
    "Kernel and driver": ("kernel", "kernel-module", "kernel-package", "driver"),
    "Device tree": ("device-tree",),
    "udev rules": ("udev",),
    "Device access": ("access", "device"),
    "Runtime library": ("library",),
    "Python API": ("python",),
    "Guard of other machines": ("guard",),
    "Switching off": ("disabled",),
    "Switching between configurations": ("transition",),
    "Board and power": ("identity", "power"),
    "Inference on the NPU": ("inference",),
}
"""Parts that checks ask about, by the prefixes of their ids."""

TESTS = {
    "tests/unit/nix/test_hybrid.py": ("Module", HYBRID),
    "tests/unit/test_flake.py": ("Hosts of the fleet", STAND_IN),
    "tests/unit/fleet/test_roll_out.py": ("Fleet roll-out", OWN_TESTS),
    "tests/hardware": ("Checking nodes over SSH", OWN_TESTS),
    "tests/nixos-vm/fleet": ("Checking nodes over SSH", EMULATION),
    "tests/unit/node/test_nixos_tests.py": ("NixOS tests", STAND_IN),
    "tests/nixos-vm/test_testscripts.py": ("Scripts of the NixOS tests", EMULATION),
    "tests/nixos-vm/test_nixos_guest.py": ("NixOS guests, by an image of NixOS layout", EMULATION),
}
"""Parts that tests run, by where the tests are."""

WITHOUT_RUNS = ("Building with Nix", "Kubernetes")
"""Nothing in this repository can show these yet."""

TEMPLATE = """\
# What is proven

You want to know how far to trust each part of this project. `scripts/status_page.py` generates this page from the
results of runs, which are recorded in `docs/status.json`. It claims nothing that no run has shown.
{silicon}
| part | proven by | what ran |
|---|---|---|
{parts}

Numbers count checks (per scenario and board) or tests that passed; skipped ones are not counted. A part is proven by a
means if everything asked that way passed. Runs recorded: {days}.

| means | what it shows |
|---|---|
{means}

## Record a run

```console
$ make validate && python scripts/status_page.py --record report/results.json
$ make test ARGS='--junitxml report/tests.xml' && python scripts/status_page.py --record report/tests.xml
```

Interrupted runs, runs of selected checks and runs of other subjects are refused. A run of `--hardware` counts as
silicon only if an inference passed and no evidence shows a simulated driver.
"""
NO_SILICON = "\n**Nothing has run on silicon yet.**\n"

SIMULATED = re.compile(r"simulated|qemu|linux,dummy-virt", re.IGNORECASE)

Counts = dict[str, int]
Recorded = dict[str, dict[str, dict[str, Any]]]


@dataclass(frozen=True)
class Answer:
    """One verdict or test: which part it speaks of, by which means, and how it ended."""

    part: str
    means: str
    status: str


def of_results(path: Path) -> tuple[str, list[Answer]]:
    """When a run of the subject began, and what it answered."""
    results = json.loads(path.read_text(encoding="utf-8"))
    if not results["finished"] or results["selected"]:
        sys.exit(f"{path}: expected a whole run; this one was interrupted, or of selected checks (-k, --lf)")
    if results["subject"] and Path(results["subject"]) != ROOT / "validation.yaml":
        sys.exit(f"{path}: expected a run of {ROOT / 'validation.yaml'}; this one judged {results['subject']}")
    unit = _evaluated_with(results["notes"]) if any(one["tier"] == "unit" for one in results["verdicts"]) else ""
    node = _ran_on(results["verdicts"]) if any(one["tier"] == "hardware" for one in results["verdicts"]) else ""
    means = {"unit": unit, "vm": EMULATION, "hardware": node}
    found = [
        Answer(_part(one["check"]) if results["subject"] else "NixOS tests", means[one["tier"]], one["status"])
        for one in results["verdicts"]
    ]
    return results["started"], found


def _part(check: str) -> str:
    topic = check.partition(".")[0]
    for part, topics in PARTS.items():
        if topic in topics:
            return part
    sys.exit(f"{check}: no part of the system has the topic {topic}; add it to PARTS in {Path(__file__).name}")


def _evaluated_with(notes: Iterable[str]) -> str:
    """Which nixpkgs served. A folder given by --nixpkgs may hold anything, and is not taken for the real one."""
    told = [note for note in notes if note.startswith("nixpkgs: ")]
    if any("stand-in" in note for note in told):
        return STAND_IN
    if not told or any(re.search(r"--nixpkgs (?![\w+-]+:)", note) for note in told):
        sys.exit(
            "expected a nixpkgs by this project's pin or by a flake reference; what served in this run is not known"
        )
    return NIXPKGS


def _ran_on(verdicts: Iterable[Mapping[str, Any]]) -> str:
    """Whether real nodes were real: none shows a simulation, and the NPU of one computed."""
    asked = [one for one in verdicts if one["tier"] == "hardware"]
    seen = (evidence["output"] for one in asked for evidence in one["evidence"])
    if any(one["stand_ins"] for one in asked) or any(SIMULATED.search(text) for text in seen):
        return EMULATION
    if any(one["check"].startswith("inference.") and one["status"] == "pass" for one in asked):
        return SILICON
    sys.exit("expected an inference that passed: without one, nothing shows that the nodes of this run are real boards")


def of_tests(path: Path) -> tuple[str, list[Answer]]:
    """When the tests began, and what those that speak of a part answered."""
    suites = ElementTree.parse(path).getroot()
    found = []
    for case in suites.iter("testcase"):
        file = (case.get("classname") or "").replace(".", "/")
        for place, (part, means) in TESTS.items():
            if file == place.removesuffix(".py") or file.startswith(f"{place.removesuffix('.py')}/"):
                with_library = "own_library" in (case.get("name") or "")
                found.append(Answer(part, HYBRID if with_library else means, _status(case)))
    return next(suites.iter("testsuite")).get("timestamp", ""), found


def _status(case: ElementTree.Element) -> str:
    if case.find("skipped") is not None:
        return "skip"
    return "pass" if case.find("failure") is None and case.find("error") is None else "fail"


def recorded_with(recorded: Recorded, started: str, found: Iterable[Answer]) -> Recorded:
    """What is recorded once a run's answers have replaced the earlier ones of the same part and means."""
    counts: dict[tuple[str, str], Counter[str]] = {}
    for one in found:
        counts.setdefault((one.part, one.means), Counter())[one.status] += 1
    new = {part: dict(by_means) for part, by_means in recorded.items()}
    for (part, means), statuses in counts.items():
        if statuses["pass"] + statuses["fail"] + statuses["inconclusive"]:
            new.setdefault(part, {})[means] = {"on": started[:10], **dict(sorted(statuses.items()))}
    return new


def parts() -> list[str]:
    """Every part, in the order of the page."""
    return list(dict.fromkeys([*PARTS, *(part for part, _ in TESTS.values()), *WITHOUT_RUNS]))


def cell(counts: Mapping[str, Any]) -> str:
    """What the runs of one means said of a part."""
    bad = counts.get("fail", 0) + counts.get("inconclusive", 0)
    return f"**{bad} of {bad + counts.get('pass', 0)} not passed**" if bad else f"{counts['pass']} passed"


def strongest(by_means: Mapping[str, Mapping[str, Any]]) -> str:
    """The strongest means by which everything asked has passed. Tests of the code alone prove no part."""
    shown = [means for means in MEANS if means in by_means and "not passed" not in cell(by_means[means])]
    return next((means for means in reversed(shown) if means != OWN_TESTS), "nothing yet")


def text(recorded: Recorded) -> str:
    """The whole page."""
    rows = []
    for part in parts():
        by_means = recorded.get(part, {})
        shown = [f"{means}: {cell(by_means[means])}" for means in MEANS if means in by_means]
        rows.append([part, f"**{strongest(by_means)}**", ", ".join(shown) or "–"])
    days = sorted({counts["on"] for by_means in recorded.values() for counts in by_means.values()})
    return TEMPLATE.format(
        parts="\n".join(map(_row, rows)),
        means="\n".join(_row(one) for one in MEANS.items()),
        days=", ".join(days) or "none",
        silicon="" if any(SILICON in one for one in recorded.values()) else NO_SILICON,
    )


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def main() -> int:
    """Record what is given, then write the page, or say whether it is out of date."""
    asked = argparse.ArgumentParser(description="Writes docs/status.md.")
    asked.add_argument("--check", action="store_true", help="write nothing; exit 1 where the page is out of date")
    asked.add_argument(
        "--record", metavar="FILE", type=Path, action="append", default=[], help="results.json or JUnit XML"
    )
    given = asked.parse_args()
    recorded: Recorded = json.loads(RECORD.read_text(encoding="utf-8")) if RECORD.exists() else {}
    for path in given.record:
        recorded = recorded_with(recorded, *(of_tests(path) if path.suffix == ".xml" else of_results(path)))
        RECORD.write_text(json.dumps(recorded, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    if not given.check:
        PAGE.write_text(text(recorded), encoding="utf-8")
        return 0
    if PAGE.exists() and PAGE.read_text(encoding="utf-8") == text(recorded):
        return 0
    print(f"{PAGE.relative_to(ROOT)} is out of date: run {Path(__file__).relative_to(ROOT)}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
