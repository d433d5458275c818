"""A testinfra host over an emulated board's command channel."""

from __future__ import annotations

from testinfra.host import Host

from rknn_validation.common.command import CommandRunner, Completed
from rknn_validation.common.deadline import Deadline
from rknn_validation.nodes import backend

SECONDS = 90.0
"""How long one command may take unless told otherwise; the slowest, importing numpy, takes 4 s on an idle host."""


def host(machine: CommandRunner, name: str = "board", seconds: float = SECONDS) -> Host:
    """The machine as a testinfra host. `seconds` bounds each command."""

    def run(command: str) -> Completed:
        return machine.run(command, deadline=Deadline.after(seconds, f"{command!r} on {name}"))

    return backend.host(name, run)
