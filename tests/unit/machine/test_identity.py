"""The identities that boards are emulated with are those of the real boards' device trees."""

from __future__ import annotations

import pytest

from rknn_validation.errors import HarnessError
from rknn_validation.machine.dtb import Recorded, recorded
from rknn_validation.machine.identity import Identity, overlay
from rknn_validation.npu.boards import BOARDS, Board
from rknn_validation.npu.stacks import MAINLINE, VENDOR, Stack

pytestmark = pytest.mark.unit


@pytest.mark.parametrize("entry", recorded(), ids=lambda entry: f"{entry.board}-{entry.package.split('_')[0]}")
def test_boards_say_what_their_device_trees_say(entry: Recorded) -> None:
    """Compatible strings in their order, and the model, as kernel packages ship them."""
    board = BOARDS[entry.board]
    assert (board.compatible, board.model) == (entry.compatible, entry.model)
    assert entry.dtb.endswith(board.dtb)


def test_every_board_with_a_device_tree_is_recorded() -> None:
    """A board added without looking at its device tree is noticed."""
    assert {entry.board for entry in recorded()} == {board.name for board in BOARDS.values() if board.dtb}


def test_mainline_nodes_are_those_of_linux_7() -> None:
    """Same names, same compatible, on the boards that have them; and Linux 6.12 has none."""
    for entry in recorded():
        if not BOARDS[entry.board].is_rk3588 or "6.12" in entry.package:
            assert entry.npu == ()
            continue
        names = tuple(f"npu@{address:x}" for address in MAINLINE.node_addresses)
        assert tuple(node.name for node in entry.npu) == names
        assert {(node.compatible, node.status) for node in entry.npu} == {((MAINLINE.node_compatible,), "okay")}


@pytest.mark.parametrize(("stack", "nodes"), [(VENDOR, 1), (MAINLINE, 3), (None, 0)])
def test_only_rk3588_boards_get_npu_nodes(stack: Stack | None, nodes: int) -> None:
    """One vendor node, three mainline nodes, none without a stack and none on any other board."""
    for board in BOARDS.values():
        text = overlay(Identity(board, stack))
        assert text.count("npu@") == (nodes if board.is_rk3588 else 0)
        assert f'model = "{board.model}";' in text


def test_a_name_cannot_break_out_of_its_string() -> None:
    """Board names become device-tree source; quotes are refused."""
    with pytest.raises(HarnessError, match="device tree"):
        overlay(Identity(Board("x", 'a"; status = "disabled', ("x",), ""), None))
