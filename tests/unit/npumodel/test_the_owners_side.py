"""What the owner of a board learns of the model of its NPU."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from rknn_validation.common.deadline import Deadline
from rknn_validation.common.errors import MachineError
from rknn_validation.machine.npu import Npu

pytestmark = pytest.mark.integration


def test_a_model_that_crashes_is_a_complaint_with_its_last_words(tmp_path: Path) -> None:
    """So that a check that fails meanwhile is inconclusive, as it is for a job that the model refuses."""
    ours, theirs = socket.socketpair()
    log = tmp_path / "npu.log"
    code = """import socket, sys
line = socket.socket(fileno=int(sys.argv[1]))
line.sendall(b'{"event": "cannot", "text": "DPU_LUT_CFG"}')
line.sendall(b'\\n')
raise OverflowError("too large")"""
    with log.open("wb") as messages:
        command = [sys.executable, "-c", code, str(theirs.fileno())]
        process = subprocess.Popen(command, pass_fds=[theirs.fileno()], stderr=messages)
    theirs.close()
    with Npu(process, ours, log) as npu:
        npu.wait("ended", Deadline.after(20, "the end"))
        refused, ended = npu.complaints()
        with pytest.raises(MachineError, match="OverflowError: too large"):
            npu.wait("state", Deadline.after(20, "an answer"))
    assert refused == "DPU_LUT_CFG"
    assert "OverflowError: too large" in ended
