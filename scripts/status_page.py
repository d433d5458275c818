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
from dataclasses import asdict, dataclass, field
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
    EMULATION: "An [emulated board](emulated-board.md): systemd, udev and the loader are real, and so are mainline's "
    "driver and delegate, on a [model of the NPU](emulated-npu.md). The vendor's driver and runtime are simulated.",
    SILICON: "A real board whose NPU computed.",
}
"""Weakest first."""

PARTS = {
    "Packages": ("packages", "lint"),
    "Module": ("evaluation", "options", "units", "tmpfiles", "expects"),
    "Kernel and driver": ("kernel", "driver"),
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
    "Containers": ("container",),
    "Kubernetes": ("offer", "ready", "pod", "disrupt", "released"),
}
"""Parts that checks ask about, by the prefixes of their ids."""

EMULATED = {
    "Kernel and driver": "Loading the driver (the vendor's is a simulated one)",
    "Runtime library": "Finding the runtime library (the vendor's is a stub)",
    "Python API": "Loading the runtime by the Python API (a stub)",
}
"""What checks of a part ask about on an emulated board, where something else is in the part's place."""

TESTS = {
    "tests/unit/nix/test_hybrid.py": ("Module", HYBRID),
    "tests/unit/test_flake.py": ("Hosts of the fleet", STAND_IN),
    "tests/unit/fleet/test_roll_out.py": ("Fleet roll-out", OWN_TESTS),
    "tests/hardware": ("Checking nodes over SSH", OWN_TESTS),
    "tests/nixos-vm/fleet": ("Checking nodes over SSH", EMULATION),
    "tests/unit/node/test_nixos_tests.py": ("NixOS tests, their machines", STAND_IN),
    "tests/nixos-vm/test_testscripts.py": ("NixOS tests, their scripts", EMULATION),
    "tests/kubernetes": ("Kubernetes", OWN_TESTS),
    "tests/nixos-vm/test_nixos_guest.py": ("NixOS guests, by an image of NixOS layout", EMULATION),
}
"""Parts that tests run, by where the tests are."""

WITHOUT_RUNS = ("NixOS tests, in the NixOS test driver", "Building with Nix", "Kubernetes")
"""Parts that no run on a machine without the real nixpkgs can show, or that are planned."""

TEMPLATE = """\
# What is proven

You want to know how far to trust each part of this project. `scripts/status_page.py` generates this page from the
results of runs, which are recorded in `docs/status.json`. It claims nothing that no run has shown.
{silicon}
| part | proven by | what ran |
|---|---|---|
{parts}

Numbers count checks (per scenario and board) or tests; skipped ones are not counted. Nothing of a part is proven while
a run found something wrong. Days of the runs: {days}.

| means | what it shows |
|---|---|
{means}

## What stood in on emulated boards

{stood_in}

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


@dataclass(frozen=True)
class Answer:
    """One verdict or test: which part it speaks of, by which means, how it ended, and what stood in."""

    part: str
    means: str
    status: str
    stand_ins: tuple[str, ...] = ()


@dataclass
class Record:
    """What runs have shown: counts of statuses by part and means, and what stood in by means."""

    parts: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)
    stood_in: dict[str, list[str]] = field(default_factory=dict)

    def add(self, started: str, found: Iterable[Answer]) -> None:
        """Let a run's answers replace the earlier ones of the same part and means."""
        counts: dict[tuple[str, str], Counter[str]] = {}
        stood_in: dict[str, set[str]] = {}
        for one in found:
            counts.setdefault((one.part, one.means), Counter())[one.status] += 1
            stood_in.setdefault(one.means, set()).update(one.stand_ins)
        for (part, means), statuses in counts.items():
            if statuses["pass"] + statuses["fail"] + statuses["inconclusive"]:
                self.parts.setdefault(part, {})[means] = {"on": started[:10], **statuses}
        self.stood_in |= {means: sorted(names) for means, names in stood_in.items() if names}


def of_results(path: Path) -> tuple[str, list[Answer]]:
    """When a run of the subject began, and what it answered."""
    results = json.loads(path.read_text(encoding="utf-8"))
    if not results["finished"] or results["selected"]:
        sys.exit(f"{path}: expected a whole run; this one was interrupted, or of selected checks (-k, --lf)")
    if results["subject"] and Path(results["subject"]) != ROOT / "validation.yaml":
        sys.exit(f"{path}: expected a run of {ROOT / 'validation.yaml'}; this one judged {results['subject']}")
    verdicts = results["verdicts"]
    means = {"vm": EMULATION}
    if any(one["tier"] == "unit" for one in verdicts):
        means["unit"] = _evaluated_with(results["notes"])
    if any(one["tier"] == "hardware" for one in verdicts):
        means["hardware"] = _ran_on(verdicts)
    if any(one["tier"] == "kubernetes" for one in verdicts):
        sys.exit(f"{path}: expected a run without --kubernetes: whether a cluster's boards are real cannot be told yet")
    found = []
    for one in verdicts:
        by = means[one["tier"]]
        part = _part(one["check"]) if results["subject"] else "NixOS tests, in the NixOS test driver"
        part = EMULATED.get(part, part) if by == EMULATION else part
        found.append(Answer(part, by, one["status"], tuple(one["stand_ins"])))
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


def parts() -> list[str]:
    """Every part, in the order of the page."""
    asked = [name for part in PARTS for name in (part, EMULATED.get(part, part))]
    tested = [part for part, _ in TESTS.values()]
    return list(dict.fromkeys([*asked, *tested, *WITHOUT_RUNS]))


def cell(counts: Mapping[str, Any]) -> str:
    """What the runs of one means said of a part."""
    bad = counts.get("fail", 0) + counts.get("inconclusive", 0)
    return f"**{bad} of {bad + counts.get('pass', 0)} not passed**" if bad else f"{counts['pass']} passed"


def strongest(by_means: Mapping[str, Mapping[str, Any]]) -> str:
    """The strongest means of those that ran. Nothing is proven while one of them found something wrong.

    Tests of this project's own code prove no part.
    """
    if any("not passed" in cell(counts) for counts in by_means.values()):
        return "nothing: a run did not pass"
    return next((means for means in reversed(MEANS) if means in by_means and means != OWN_TESTS), "nothing yet")


def text(record: Record) -> str:
    """The whole page."""
    rows = []
    for part in parts():
        by_means = record.parts.get(part, {})
        shown = [f"{means}: {cell(by_means[means])}" for means in MEANS if means in by_means]
        rows.append([part, f"**{strongest(by_means)}**", ", ".join(shown) or "–"])
    ran = [counts for by_means in record.parts.values() for counts in by_means.values()]
    return TEMPLATE.format(
        parts="\n".join(map(_row, rows)),
        means="\n".join(map(_row, MEANS.items())),
        stood_in="\n".join(f"- {name}" for name in record.stood_in.get(EMULATION, [])),
        days=", ".join(sorted({counts["on"] for counts in ran})) or "none",
        silicon="" if any(SILICON in one for one in record.parts.values()) else NO_SILICON,
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
    record = Record(**json.loads(RECORD.read_text(encoding="utf-8"))) if RECORD.exists() else Record()
    for path in given.record:
        record.add(*(of_tests(path) if path.suffix == ".xml" else of_results(path)))
        RECORD.write_text(json.dumps(asdict(record), indent=2, sort_keys=True) + "\n", encoding="utf-8")
    if not given.check:
        PAGE.write_text(text(record), encoding="utf-8")
        return 0
    if PAGE.exists() and PAGE.read_text(encoding="utf-8") == text(record):
        return 0
    print(f"{PAGE.relative_to(ROOT)} is out of date: run {Path(__file__).relative_to(ROOT)}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
