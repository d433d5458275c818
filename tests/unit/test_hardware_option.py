"""What --hardware and its companions do before any node is asked: each test runs a pytest of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.integration

ROOT = Path(__file__).resolve().parents[2]
NODES = "src/rknn_validation/suites/test_nodes.py"
INVENTORY_TESTS = "tests/unit/test_inventory.py"
INVENTORY = """\
nodes:
  dead[1-2]: {host: 127.0.0.1, port: 1, board: orangepi-5-plus, scenario: vendor, groups: [npu]}
""".replace("{host: 127.0.0.1", '{host: "dead[1-2].invalid"')


def run(directory: Path, *words: str) -> tuple[int, str]:
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--report", str(directory / "report"), *words]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=200, check=False)
    return done.returncode, done.stdout + done.stderr


@pytest.fixture
def inventory(tmp_path: Path) -> str:
    path = tmp_path / "nodes.yaml"
    path.write_text(INVENTORY)
    return str(path)


@pytest.mark.parametrize(
    "words",
    [
        (NODES,),
        ("-m", "hardware"),
        ("-m", "hardware", "-k", "opi01"),
        (NODES, "-k", "device.present"),
        ("-m", "verdict and not vm", "-n", "2"),
        ("-m", "unit", "--node", "opi01"),
        ("-m", "unit", "--group", "npu"),
        ("-m", "unit", "--inventory", "none.yaml"),
        ("-m", "hardware", "--inventory", "none.yaml", "-k", "opi01"),
    ],
    ids=" ".join,
)
def test_without_a_node_it_is_a_usage_error_with_an_example(tmp_path: Path, words: tuple[str, ...]) -> None:
    (tmp_path / "none.yaml").write_text("nodes: {}\n")
    status, said = run(tmp_path, "--hardware", *(str(tmp_path / word) if "none" in word else word for word in words))
    assert status == pytest.ExitCode.USAGE_ERROR, said
    assert "no node to ask" in said and "opi01: {host: opi01.internal" in said


@pytest.mark.parametrize("workers", [(), ("-n", "2")])
def test_words_that_match_no_question_are_a_usage_error(
    tmp_path: Path, inventory: str, workers: tuple[str, ...]
) -> None:
    words = ("--hardware", "--inventory", inventory, "-m", "hardware", "-k", "opi01", NODES, *workers)
    status, said = run(tmp_path, *words)
    assert status == pytest.ExitCode.USAGE_ERROR, said
    assert "'opi01' matches no question" in said and "dead1-device.present" in said and "dead1, dead2" in said


@pytest.mark.parametrize(
    ("words", "status"),
    [
        (
            ("-m", "unit or vm", "-k", "nothing_of_that_name", INVENTORY_TESTS, NODES),
            pytest.ExitCode.NO_TESTS_COLLECTED,
        ),
        (("-m", "not hardware", "-k", "test_patterns", INVENTORY_TESTS, NODES), pytest.ExitCode.OK),
        (("-k", "test_patterns", INVENTORY_TESTS), pytest.ExitCode.OK),
    ],
    ids=["nothing", "not by -m", "not by path"],
)
def test_who_asks_for_other_tests_alone_needs_no_node(
    tmp_path: Path, words: tuple[str, ...], status: pytest.ExitCode
) -> None:
    found, said = run(tmp_path, "--hardware", *words)
    assert found == status, said


@pytest.mark.parametrize(("option", "known"), [("--node", "dead1, dead2"), ("--group", "npu")])
def test_an_unknown_word_is_a_usage_error_with_the_known_ones(
    tmp_path: Path, inventory: str, option: str, known: str
) -> None:
    status, said = run(tmp_path, "--hardware", "--inventory", inventory, option, "opi9", NODES)
    assert status == pytest.ExitCode.USAGE_ERROR, said
    assert f"one of {known}" in said


def test_nodes_without_hardware_are_a_usage_error(tmp_path: Path, inventory: str) -> None:
    status, said = run(tmp_path, "--inventory", inventory, NODES)
    assert (status, "--hardware beside it" in said) == (pytest.ExitCode.USAGE_ERROR, True), said


def test_other_tiers_run_beside_it_and_no_node_is_asked(tmp_path: Path) -> None:
    status, said = run(tmp_path, "--hardware", "-m", "unit or vm", "tests/unit/test_inventory.py", NODES, "-q")
    assert status == 0, said
    assert "dead" not in said and "INCONCLUSIVE" not in said


def test_questions_are_named_after_node_and_check(tmp_path: Path, inventory: str) -> None:
    words = ("--hardware", "--inventory", inventory, "--node", "dead2", "--collect-only", "-q", NODES)
    status, said = run(tmp_path, *words)
    assert status == 0, said
    assert "test_node[dead2-device.present]" in said and "dead1" not in said


@pytest.mark.parametrize("workers", [(), ("-n", "2")])
def test_unreachable_nodes_are_inconclusive_in_seconds(
    tmp_path: Path, inventory: str, workers: tuple[str, ...]
) -> None:
    status, said = run(tmp_path, "--hardware", "--inventory", inventory, NODES, "-k", "device.present", *workers)
    assert status == pytest.ExitCode.TESTS_FAILED, said
    assert "2 inconclusive" in said and "cannot be resolved" in said


def test_a_run_that_only_skips_is_no_success(tmp_path: Path, inventory: str) -> None:
    status, said = run(tmp_path, "--hardware", "--inventory", inventory, NODES, "-k", "survives-replug")
    assert status == pytest.ExitCode.NO_TESTS_COLLECTED, said
    assert "--disturb" in said
