"""What happens on machines without this NPU: refused, or left exactly as they were."""

from __future__ import annotations

from collections.abc import Iterator

from rknn_validation.checks.configuration.registry import ALL_STACKS, check
from rknn_validation.checks.findings import Aside, Finding, Fine, Problem
from rknn_validation.facts.difference import Change, changes
from rknn_validation.facts.harm import harms, library_paths, machine_code, refusal, seen_as
from rknn_validation.facts.model import FOREIGN_BOARD, FOREIGN_SYSTEM, FOREIGN_SYSTEM_BASELINE, RK3588_BOARD, Facts
from rknn_validation.npu.about import about_npu
from rknn_validation.npu.boards import FOREIGN, board_of_dtb


@check(
    "guard.refuses-other-architectures",
    stage="guard",
    title="on x86_64-linux it is refused or does nothing",
    remedy="Add an assertion (pkgs.stdenv.hostPlatform.isAarch64), and meta.platforms of aarch64-linux to packages.",
    good="an x86_64-linux machine does not get it",
    needs=(FOREIGN_SYSTEM, FOREIGN_SYSTEM_BASELINE),
)
def refuses_other_architectures(facts: Facts) -> Iterator[Finding]:
    """Otherwise an x86 machine gets AArch64 libraries and nobody is told."""
    if all(board.is_rk3588 for board in facts.scenario.identities()):
        yield Aside("the scenario is for RK3588 boards alone: no other machine gets it")
        return
    there = seen_as(facts, FOREIGN_SYSTEM, FOREIGN_SYSTEM_BASELINE)
    if refused := refusal(there):
        yield Fine("refused on x86_64-linux", refused)
        return
    brought = tuple(machine_code(there))
    unsupported = [one for one in brought if one.platforms and "x86_64-linux" not in one.platforms]
    if unsupported:
        yield Fine("nixpkgs refuses it", f"{unsupported[0].name}: {', '.join(unsupported[0].platforms)}")
        return
    what = "an x86_64-linux machine gets it without a word"
    yield from (Problem("package", what, one.name) for one in brought)
    yield from (Problem("LD_LIBRARY_PATH", what, one) for one in library_paths(there.configuration, there.without))
    yield Fine("nothing of it reaches an x86_64-linux machine")


@check(
    "guard.leaves-other-boards-alone",
    stage="guard",
    title="a board that is not an RK3588 stays unharmed",
    remedy="Contribute nothing where hardware.deviceTree.name names another board, and give every unit "
    "ConditionFirmware=|device-tree-compatible(rockchip,rk3588); let udev load the driver, not boot.kernelModules.",
    good="nothing is forced, no unit can fail there",
    needs=(FOREIGN_BOARD,),
    stacks=ALL_STACKS,
    boards=("other",),
)
def leaves_others_alone(facts: Facts) -> Iterator[Finding]:
    """A role shared by a mixed fleet must not force a driver, swap the kernel or leave failed units elsewhere."""
    there = seen_as(facts, FOREIGN_BOARD)
    if refused := refusal(there):
        yield Fine("refused where hardware.deviceTree.name names another board", refused)
        return
    for board in [one for one in facts.scenario.identities() if not one.is_rk3588] or [FOREIGN]:
        for one in harms(there, board):
            yield Problem(one.where, f"it harms {board.name}: {one.what}")
        yield Fine(board.name)


@check(
    "guard.serves-the-board",
    stage="guard",
    title="the guard lets an RK3588 board in",
    remedy="The device trees are named rockchip/rk3588-….dtb and rockchip/rk3588s-….dtb: match rk3588 in either.",
    good="where the board's tree is named, the subject does its work",
    nothing="the subject has no effect anywhere; see evaluation.has-an-effect",
    needs=(RK3588_BOARD,),
)
def serves_the_board(facts: Facts) -> Iterator[Finding]:
    """Where the configuration names the board's device tree, the module must do its work."""
    there = seen_as(facts, RK3588_BOARD)
    own = facts.configuration.device_tree.name
    named = board_of_dtb(own) if own else None
    if named is not None and not named.is_rk3588 and own == facts.without.device_tree.name:
        yield Aside(f"the scenario names the device tree of {named.name}")
        return
    refused = refusal(there)
    if _names_firmly(facts):
        for board in facts.scenario.identities():
            if board.is_rk3588 and board.dtb and named and board.dtb != own:
                what = f"it has {board.name} boot the device tree of {named.name}"
                yield Problem("hardware.deviceTree.name", what, own or "")
                return
    if refused and not refusal(facts):
        yield Problem("hardware.deviceTree.name", "it refuses an RK3588 board by its device tree's name", refused)
        return
    if refused:
        return
    usual, done = _contributed(facts), _contributed(there)
    if usual and not done:
        warned = "\n".join(one for one in there.configuration.warnings if one not in there.without.warnings)
        yield Problem("hardware.deviceTree.name", "on an RK3588 board, named as such, it contributes nothing", warned)
    yield from (Fine(one.name, one.after) for one in done)


def _names_firmly(facts: Facts) -> bool:
    """Whether the subject names a device tree in a way that no board can name its own beside."""
    name = facts.configuration.device_tree.name
    if not name or name == facts.without.device_tree.name or FOREIGN_BOARD not in facts.perturbations:
        return False
    refused = refusal(seen_as(facts, FOREIGN_BOARD))
    return "hardware.deviceTree.name" in refused and "conflicting" in refused


def _contributed(there: Facts) -> list[Change]:
    """What the subject contributes for the NPU; all of it where nothing of it speaks of the NPU."""
    ignored = {"hardware.deviceTree.name", "warnings"}
    every = changes(there.configuration, there.without)
    found = [one for one in every if one.name not in ignored and one.field not in {"warnings", "raw", "etc"}]
    return [one for one in found if about_npu(f"{one.name} {one.after}")] or found
