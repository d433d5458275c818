"""Run levels 2 and 3: the real runner on this machine, with stand-ins for the node's modules and /sys."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fakehost import LocalHost, Result
from test_hardware_checks import question
from test_inference_on_a_node import api, node  # noqa: F401 - a fixture

from rknn_validation.checks.model import Answer, Status
from rknn_validation.checks.node import HARDWARE_CHECKS, ask, sustained
from rknn_validation.checks.questions import hardware_questions
from rknn_validation.subject.inference import Inference, Model
from rknn_validation.subject.validation import load

pytestmark = pytest.mark.integration

PASS, FAIL, SKIP, UNKNOWN = Status.PASS, Status.FAIL, Status.SKIP, Status.INCONCLUSIVE
LEVELS = {check.id: check for check in HARDWARE_CHECKS.all() if check.level > 1}
DEVFREQ = "class/devfreq/fdab0000.npu"


class Host(LocalHost):
    """This machine, but for the version of a driver that it does not have."""

    def __init__(self, version: str = "0.9.8") -> None:
        self.version = version

    def run(self, command: str, *args: str) -> Any:
        """The driver's file is the only one that is asked for by this name."""
        if "rknpu/version" in command:
            said = f"/sys/kernel/debug/rknpu/version=RKNPU driver: v{self.version}\n" if self.version else ""
            return Result(command, 0, said, "")
        return super().run(command, *args)


@pytest.fixture
def board(node: Path, monkeypatch: pytest.MonkeyPatch) -> Path:  # noqa: F811
    """A node whose NPU runs at its stock frequency."""
    monkeypatch.setattr(sustained, "SYS", str(node / "sys"))
    monkeypatch.setattr(sustained, "PLACE", str(node / "node"))
    monkeypatch.setattr(sustained, "RUN_SECONDS", 0.2)
    monkeypatch.setattr(sustained, "POLL_SECONDS", 1)
    for name, text in {
        f"{DEVFREQ}/cur_freq": "1000000000\n",
        f"{DEVFREQ}/max_freq": "1000000000\n",
        f"{DEVFREQ}/governor": "rknpu_ondemand\n",
        "kernel/debug/rknpu/load": "NPU load:  Core0: 40%, Core1:  0%, Core2:  0%,\n",
        "class/thermal/thermal_zone6/type": "npu-thermal\n",
        "class/thermal/thermal_zone6/temp": "46230\n",
        "kernel/debug/dma_buf/bufinfo": "Total 12 objects, 4096 bytes\n",
    }.items():
        path = node / "sys" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    program(node, "")
    return node


def program(board: Path, before_each_run: str, setup: str = "") -> None:
    """An API with runs long enough to be timed: something happens before each; init_runtime() keeps the cores."""
    text = api(board).replace(
        "def init_runtime(self):",
        f"def init_runtime(self, core_mask=0):\n        self.cores = core_mask; self.n = 0{setup}",
    )
    text = text.replace("        time.sleep(0)", f"        self.n += 1; time.sleep(0.005){before_each_run}")
    (board / "modules/rknnlite/api.py").write_text(text)


def asked(board: Path, check: str, version: str = "0.9.8", soak: float = 0.6, **more: Any) -> Answer:
    model = Inference(
        Model(file=board / "model.rknn"), board / "input.npy", board / "golden.npy", python=str(board / "python3")
    )
    host: Any = Host(version)
    whole = question("vendor", inference=replace(model, **more), soak_seconds=soak)
    return ask(HARDWARE_CHECKS[check], replace(whole, host=host))


@pytest.mark.parametrize("check", LEVELS)
def test_a_healthy_board_passes(board: Path, check: str) -> None:
    answer = asked(board, check, reference_milliseconds=50.0)
    assert answer.status is PASS, answer


def clock(name: str, text: str) -> Callable[[Path], None]:
    return lambda board: (board / "sys" / DEVFREQ / name).write_text(text)


WRONG: dict[str, tuple[str, Callable[[Path], None], Status, str, dict[str, Any]]] = {
    "core 1 computes something else": (
        "inference.every-core",
        lambda board: program(board, "\n        if self.cores == 2: self.scale = 3"),
        FAIL,
        "core 1: the output is off",
        {},
    ),
    "core 2 takes no jobs": (
        "inference.every-core",
        lambda board: program(board, "\n        if self.cores == 4: raise RuntimeError('failed to submit!')"),
        FAIL,
        "core 2: the model does not run: RuntimeError: failed to submit!",
        {},
    ),
    "another output each time": (
        "inference.every-core",
        lambda board: program(board, "\n        self.scale = 2 + self.n % 2 / 1000"),
        FAIL,
        "different outputs for one input",
        {},
    ),
    "the CPU computes": (
        "inference.every-core",
        lambda board: (board / "model.rknn").write_text("6"),
        FAIL,
        "no interrupt",
        {},
    ),
    "a driver that hangs": (
        "inference.every-core",
        lambda board: None,
        SKIP,
        "see driver.fits-runtime",
        {"version": "0.9.2"},
    ),
    "the second client gets nothing": (
        "inference.two-clients",
        lambda board: program(
            board,
            "",
            f"\n        try: os.open('{board}/one', os.O_CREAT | os.O_EXCL)\n        except OSError: os.abort()",
        ),
        UNKNOWN,
        "1 of 2 clients did not run to their end",
        {},
    ),
    "two clients get another output": (
        "inference.two-clients",
        lambda board: program(board, "\n        self.scale = 2 + self.n % 2 / 1000"),
        FAIL,
        "different outputs",
        {},
    ),
    "a driver that two clients crash": (
        "inference.two-clients",
        lambda board: None,
        SKIP,
        "it was not tried",
        {"version": "0.9.6"},
    ),
    "a driver without a version": ("inference.two-clients", lambda board: None, SKIP, "no version", {"version": ""}),
    "300 MHz": (
        "power.frequency-under-load",
        clock("cur_freq", "300000000\n"),
        FAIL,
        "300 MHz while the model runs, governor rknpu_ondemand, max_freq 1000 MHz, 46 °C; this SoC's NPU runs at 1000",
        {},
    ),
    "1100 MHz": ("power.frequency-under-load", clock("cur_freq", "1100000000\n"), FAIL, "overclocked", {}),
    "no frequency": (
        "power.frequency-under-load",
        lambda board: (board / "sys" / DEVFREQ / "cur_freq").unlink(),
        SKIP,
        "no devfreq",
        {},
    ),
    "slow": (
        "inference.latency",
        lambda board: program(board, "\n        time.sleep(0.02)"),
        FAIL,
        "the reference is 4 ms: more than 1.25 times as slow",
        {"reference_milliseconds": 4.0},
    ),
    "without a reference": ("inference.latency", lambda board: None, SKIP, "no reference_milliseconds", {}),
    "files are left open": (
        "inference.soak",
        lambda board: program(
            board, "\n        time.sleep(0.01); self.kept = [*getattr(self, 'kept', []), open('/dev/null')]"
        ),
        FAIL,
        "open files, ",
        {},
    ),
    "memory grows": (
        "inference.soak",
        lambda board: program(
            board, "\n        time.sleep(0.01); self.kept = [*getattr(self, 'kept', []), b'x' * 2**20]"
        ),
        FAIL,
        "kB of memory",
        {},
    ),
    "buffers grow": (
        "inference.soak",
        lambda board: program(
            board, f"\n        open('{board}/sys/kernel/debug/dma_buf/bufinfo', 'w').write(f'Total {{self.n}} objects')"
        ),
        FAIL,
        "buffers of the kernel",
        {},
    ),
    "it gets slower": (
        "inference.soak",
        lambda board: program(board, "\n        time.sleep(0.002 if self.n < 40 else 0.03)"),
        FAIL,
        "ms at first, 46 °C at most",
        {},
    ),
    "it dies": (
        "inference.soak",
        lambda board: program(board, "\n        if self.n > 5: os.abort()"),
        UNKNOWN,
        "did not run to its end",
        {},
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_told(board: Path, name: str) -> None:
    check, change, status, words, more = WRONG[name]
    change(board)
    answer = asked(board, check, **more)
    assert (answer.status, words in answer.reason) == (status, True), answer


def test_every_check_of_these_levels_fails_in_some_case() -> None:
    assert {check for check, _, status, _, _ in WRONG.values() if status is FAIL} == set(LEVELS)


def test_a_soak_ends_if_nobody_waits_for_it(board: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(board, f"\n        os.utime('{board}/node/soak.beat', (0, 0))")
    answer = asked(board, "inference.soak", soak=60.0)
    assert (answer.status, "of 60 s" in answer.reason) == (UNKNOWN, True), answer


def test_no_model_is_run_if_none_is_meant(board: Path) -> None:
    for check in LEVELS.values():
        assert "no model is to be run" in ask(check, question("vendor")).reason


def test_a_level_asks_its_own_questions_and_those_below(tmp_path: Path) -> None:
    (tmp_path / "module.nix").write_text("{ }\n")
    (tmp_path / "validation.yaml").write_text(
        "subject: {module: module.nix}\nscenarios: {vendor: {stack: vendor}}\n"
        "nodes: {opi01: {host: opi01, board: orangepi-5-plus, scenario: vendor}}\n"
    )
    subject = load(tmp_path / "validation.yaml")
    counts = [len(hardware_questions(replace(subject, level=level))) for level in (1, 2, 3)]
    assert counts[1] - counts[0] == 4 and counts[2] - counts[1] == 1
