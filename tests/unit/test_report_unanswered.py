"""Nodes that could not be asked: one paragraph on the terminal, every check in the files for programs."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from rknn_validation.checks.model import Answer, Evidence, Status, Verdict, failed, inconclusive, passed, skipped
from rknn_validation.checks.node import HARDWARE_CHECKS, NODE_CHECKS
from rknn_validation.common.errors import NodeError
from rknn_validation.npu.codes import with_code
from rknn_validation.report import files, terminal
from rknn_validation.report.collect import Collection

pytestmark = pytest.mark.unit

CHECKS = [check for check in (*NODE_CHECKS.all(), *HARDWARE_CHECKS.all()) if "vendor" in check.stacks]


def refused(node: str) -> Answer:
    """As a run answers for a node that is off."""
    error = NodeError(
        f"{node} cannot be asked: nothing listens at its SSH port",
        expected="an SSH connection to 10.0.0.7",
        seen="ssh: connect to host 10.0.0.7 port 22: Connection refused",
        hint="see port: in the inventory, and sshd on the node",
    )
    return inconclusive(error.message, Evidence("harness", str(error)))


def collected(directory: Path | None, **nodes: dict[str, Answer]) -> Collection:
    """Every check asked of these nodes: passed, but for what is given; "" is what every other check answers."""
    made = Collection(directory, finished=True)
    if directory is not None:
        made.start()
    for node, answers in nodes.items():
        for check in CHECKS:
            answer = answers.get(check.id, answers.get("", passed("well")))
            one = Verdict(
                check.id, check.title, check.stage, "hardware", "vendor", "orangepi-5-plus", answer.status,
                answer.reason, check.remedy, answer.evidence, node=node,
            )  # fmt: skip
            made.add(one)
    return made


def lines(collection: Collection) -> list[str]:
    return [line for line, _ in terminal.render(collection)]


def test_an_unreachable_node_is_one_paragraph(tmp_path: Path) -> None:
    disturbing = {"udev.survives-replug": skipped("only with --disturb")}
    made = collected(tmp_path / "report", opi01={}, opi02={"": refused("opi02")} | disturbing)
    shown = lines(made)
    at = shown.index("???? opi02: nothing could be asked: nothing listens at its SSH port")
    paragraph = shown[at : shown.index("", at)]
    count = len(CHECKS) - 1
    assert paragraph[-1] == f"  inconclusive: {count} checks"
    assert "  remedy: see port: in the inventory, and sshd on the node" in paragraph
    assert any("Connection refused" in line for line in paragraph)
    assert not any(line.startswith(("????", "FAIL")) and "[opi02]" in line for line in shown)
    assert len(shown) < 50
    # The cause comes first, and nothing counts as passed.
    assert next(n for n, line in enumerate(shown) if "no sshd listens at that port" in line) < at
    assert any(f"{count} inconclusive -- the NPU is not shown to work" in line for line in shown)
    files.write(made, {})
    told = json.loads((tmp_path / "report" / "results.json").read_text())
    assert told["summary"]["inconclusive"] == count
    assert len([one for one in told["verdicts"] if one["node"] == "opi02"]) == len(CHECKS)
    root = ElementTree.parse(tmp_path / "report" / "junit.xml").getroot()
    assert len(list(root.iter("error"))) == count


def test_an_unreachable_node_does_not_unfold_the_matrix() -> None:
    bad = {"access.closed-to-others": failed("everybody may use it")}
    shown = lines(collected(None, opi01=bad, opi02={"": refused("opi02")}))
    matrix = shown[: shown.index("likely causes, most upstream first:")]
    assert "hardware: checks by node" in matrix
    (row,) = (line for line in matrix if line.startswith("access.closed-to-others"))
    assert row.split()[1:] == ["FAIL", "????"]
    (row,) = (line for line in matrix if line.startswith("kernel.*"))
    assert row.split()[-2:] == ["pass", "????"]
    assert not any(line.startswith("kernel.driver-bound") for line in matrix)


def test_a_node_lost_during_the_run_keeps_its_earlier_answers() -> None:
    early = {check.id: passed("well") for check in CHECKS[:5]} | {CHECKS[0].id: failed("failed: app.service")}
    error = NodeError("opi02 rebooted while it was asked", expected="boot 1", seen="boot 2", hint="ask again")
    lost = inconclusive(error.message, Evidence("harness", str(error)))
    shown = lines(collected(None, opi02={"": lost} | early))
    assert "???? opi02: nothing more could be asked: opi02 rebooted while it was asked" in shown
    assert any(line.startswith(f"FAIL {with_code(CHECKS[0].id)} [opi02]") for line in shown)
    assert any(line.startswith(f"  inconclusive: {len(CHECKS) - 5} checks (") for line in shown)


def test_a_reason_without_a_known_cause_is_shown_once() -> None:
    seen = Evidence("harness", "scenario vendor does not evaluate\n  hint: mend what the unit tier says")
    shown = lines(collected(None, opi02={"": inconclusive("scenario vendor does not evaluate", seen)}))
    assert "???? opi02: nothing could be asked: scenario vendor does not evaluate" in shown
    assert "  remedy: mend what the unit tier says" in shown
    assert not any(line.startswith("no known cause") for line in shown)


@pytest.mark.parametrize(
    "answers",
    [
        {"device.opens": inconclusive("gave up waiting for sh", Evidence("harness", "gave up waiting for sh"))},
        {
            name: inconclusive("the check itself failed: KeyError: 'x'", Evidence("harness", "KeyError('x')"))
            for name in ("device.opens", "device.is-the-drivers")
        },
        {
            name: inconclusive("nix-store does not tell", Evidence("nix-store -q", "no such command"))
            for name in ("library.link-is-current", "library.loaded-from-running-system")
        },
    ],
    ids=["a late command", "a broken check", "a node that does not know"],
)
def test_other_inconclusive_checks_are_findings_of_their_own(answers: dict[str, Answer]) -> None:
    shown = lines(collected(None, opi01=answers))
    assert all(any(line.startswith(f"???? {with_code(name)} [opi01]") for line in shown) for name in answers)
    assert not any("could be asked" in line for line in shown)
    assert Status.INCONCLUSIVE in {answer.status for answer in answers.values()}


def test_skips_are_counted_by_kind_and_listed_by_reason_on_request() -> None:
    without = skipped("neither the C client nor a python3 of the store is on the node")
    lacks = {"library.login-shell-finds-runtime": without, "library.service-finds-runtime": without}
    made = collected(
        None, opi01={"kernel.driver-bound": skipped("it is asked only with --disturb")}, opi02=lacks, opi03=lacks
    )
    counts = "5 skipped: 4 lacking a program on the node, 1 only asked with --disturb"
    assert f"{counts} (-v lists them)" in lines(made)
    verbose = [line for line, _ in terminal.render(made, verbosity=1)]
    at = verbose.index(f"{counts}:")
    assert verbose[at + 3 : at + 5] == [
        "  - neither the C client nor a python3 of the store is on the node",
        "    library.login-shell-finds-runtime, library.service-finds-runtime [opi02, opi03]",
    ]
    assert not any("skipped" in line for line in lines(collected(None, opi01={})))
