"""The device trees that boards are emulated with: the identity, and the NPU's nodes."""

from __future__ import annotations

from operator import attrgetter

import pytest

from rknn_validation.common.errors import HarnessError
from rknn_validation.machine.identity import Identity, overlay
from rknn_validation.npu.boards import BOARDS, PC, Board
from rknn_validation.npu.stacks import MAINLINE, VENDOR, Stack

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(("stack", "nodes"), [(VENDOR, 1), (MAINLINE, 3), (None, 0)])
def test_only_rk3588_boards_get_npu_nodes(stack: Stack | None, nodes: int) -> None:
    """One vendor node, three mainline nodes with their MMUs, none without a stack and none on any other board."""
    for board in filter(attrgetter("can_be_emulated"), BOARDS.values()):
        text = overlay(Identity(board, stack))
        assert text.count("npu@") == (nodes if board.is_rk3588 else 0)
        assert text.count("iommu@") == (3 if board.is_rk3588 and stack is MAINLINE else 0)
        assert "model = " in text


def test_a_name_cannot_break_out_of_its_string() -> None:
    """Board names become device-tree source; quotes are escaped, and what is not printable is refused."""
    assert r'model = "a\"; status = \"off";' in overlay(Identity(Board("x", 'a"; status = "off', ("x",), ""), None))
    with pytest.raises(HarnessError, match="device tree"):
        overlay(Identity(Board("x", "a\nb", ("x",), ""), None))


def test_a_machine_without_a_device_tree_is_refused() -> None:
    with pytest.raises(HarnessError, match="cannot be emulated"):
        overlay(Identity(PC, None))
