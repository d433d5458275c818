"""Checks of a switch: what a board is like after it, against what a boot of the same system gives."""

from rknn_validation.checks.node.transition import left
from rknn_validation.checks.node.transition.move import TRANSITION_CHECKS, Move
from rknn_validation.checks.node.transition.state import State, look

__all__ = ["TOPICS", "TRANSITION_CHECKS", "Move", "State", "look"]

TOPICS = (left,)
"""Importing a topic declares its checks."""
