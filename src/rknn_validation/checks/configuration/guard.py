"""Machines without the NPU, and the disabled module: refused, or unchanged."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rknn_validation.checks.configuration.options import name_in, own_options
from rknn_validation.checks.configuration.registry import check
from rknn_validation.checks.findings import Aside, Finding, Fine, Problem, Unsure
from rknn_validation.checks.model import ALL_STACKS
from rknn_validation.facts.contribution import Change, changes
from rknn_validation.facts.devnodes import devnode_exists
from rknn_validation.facts.model import (
    BASELINE,
    FOREIGN_BOARD,
    FOREIGN_SYSTEM,
    FOREIGN_SYSTEM_BASELINE,
    OFF,
    RK3588_BOARD,
    Facts,
    configuration_of,
)
from rknn_validation.facts.nix.configuration import Configuration, Json, Unit
from rknn_validation.facts.nix.gaps import is_opaque
from rknn_validation.facts.npurelated import npu_units
from rknn_validation.facts.otherboards import (
    aarch64_packages,
    harms,
    library_paths,
    npu_support,
    perturbed,
    why_refused,
)
from rknn_validation.facts.text.units import UnitCondition, conditions, starts_on
from rknn_validation.npu.about import about_npu
from rknn_validation.npu.boards import FOREIGN, board_of_dtb
from rknn_validation.npu.stacks import STACKS


@check(
    "guard.other-architectures-refused",
    "On x86_64-linux the subject is refused or has no effect",
    remedy='Add an assertion (pkgs.stdenv.hostPlatform.isAarch64), and set meta.platforms = [ "aarch64-linux" ] on '
    "packages.",
    needs=(FOREIGN_SYSTEM, FOREIGN_SYSTEM_BASELINE),
)
def refuses_other_architectures(facts: Facts) -> Iterator[Finding]:
    """Otherwise an x86 machine gets AArch64 libraries without an error."""
    if all(board.is_rk3588 for board in facts.scenario.identities()):
        yield Aside("the scenario is only for RK3588 boards: no other machine gets it")
        return
    there = perturbed(facts, FOREIGN_SYSTEM, FOREIGN_SYSTEM_BASELINE)
    if refused := why_refused(there):
        yield Fine("refused on x86_64-linux", refused)
        return
    brought = tuple(aarch64_packages(there))
    unsupported = [one for one in brought if one.platforms and "x86_64-linux" not in one.platforms]
    if unsupported:
        yield Fine("nixpkgs refuses it", f"{unsupported[0].name}: {', '.join(unsupported[0].platforms)}")
        return
    what = "an x86_64-linux machine gets it without an error"
    yield from (Problem("package", what, one.name) for one in brought)
    yield from (Problem("LD_LIBRARY_PATH", what, one) for one in library_paths(there.configuration, there.without))
    yield Fine("nothing of it reaches an x86_64-linux machine")


@check(
    "guard.other-boards-unharmed",
    "Boards other than RK3588 are not harmed",
    remedy="Contribute nothing where hardware.deviceTree.name names another board, add "
    "ConditionFirmware=|device-tree-compatible(rockchip,rk3588) to every unit, and let udev load the driver instead "
    "of boot.kernelModules.",
    needs=(FOREIGN_BOARD,),
    stacks=ALL_STACKS,
    boards=("other",),
)
def leaves_others_alone(facts: Facts) -> Iterator[Finding]:
    """A configuration shared by a mixed fleet must not force a driver, change the kernel or cause failed units."""
    there = perturbed(facts, FOREIGN_BOARD)
    if refused := why_refused(there):
        yield Fine("refused where hardware.deviceTree.name names another board", refused)
        return
    for board in [one for one in facts.scenario.identities() if not one.is_rk3588] or [FOREIGN]:
        for one in harms(there, board):
            yield Problem(one.where, f"it harms {board.name}: {one.what}")
        yield Fine(board.name)


@check(
    "guard.rk3588-accepted",
    "The guard accepts RK3588 boards",
    remedy="Match rk3588 in the device-tree name: trees are named rockchip/rk3588-….dtb and rockchip/rk3588s-….dtb.",
    nothing="the subject has no effect on any board; see evaluation.has-effect",
    needs=(RK3588_BOARD,),
)
def serves_the_board(facts: Facts) -> Iterator[Finding]:
    """Where the configuration names the board's device tree, the module must take effect."""
    there = perturbed(facts, RK3588_BOARD)
    own = facts.configuration.device_tree.name
    named = board_of_dtb(own) if own else None
    if named is not None and not named.is_rk3588 and own == facts.without.device_tree.name:
        yield Aside(f"the scenario names the device tree of {named.name}")
        return
    refused = why_refused(there)
    if _names_firmly(facts):
        for board in facts.scenario.identities():
            if board.is_rk3588 and board.dtb and named and board.dtb != own:
                what = f"it makes {board.name} boot the device tree of {named.name}"
                yield Problem("hardware.deviceTree.name", what, own or "")
                return
    if refused and not why_refused(facts):
        yield Problem("hardware.deviceTree.name", "it refuses the device tree of an RK3588 board", refused)
        return
    if refused:
        return
    usual, done = _contributed(facts), _contributed(there)
    if usual and not done:
        warned = "\n".join(one for one in there.configuration.warnings if one not in there.without.warnings)
        yield Problem(
            "hardware.deviceTree.name", "it has no effect on a board whose device tree is named as an RK3588", warned
        )
    yield from (Fine(one.name, one.after) for one in done)


def _names_firmly(facts: Facts) -> bool:
    """Whether the subject sets a device tree so that a board cannot set its own."""
    name = facts.configuration.device_tree.name
    if not name or name == facts.without.device_tree.name or FOREIGN_BOARD not in facts.perturbations:
        return False
    refused = why_refused(perturbed(facts, FOREIGN_BOARD))
    return "hardware.deviceTree.name" in refused and "conflicting" in refused


def _contributed(there: Facts) -> list[Change]:
    """What the subject contributes for the NPU, or all of it where nothing mentions the NPU."""
    ignored = {"hardware.deviceTree.name", "warnings"}
    every = changes(there.configuration, there.without)
    found = [one for one in every if one.name not in ignored and one.field not in {"warnings", "raw", "etc"}]
    return [one for one in found if about_npu(f"{one.name} {one.after}")] or found


@check(
    "guard.nothing-on-other-boards",
    "Machines without the NPU get nothing of it",
    remedy="Import or enable NPU support only on RK3588 hosts, not in a module that every host shares.",
    needs=(BASELINE,),
    stacks=ALL_STACKS,
    boards=("other",),
)
def reaches_no_other_board(facts: Facts) -> Iterator[Finding]:
    """Drivers, failing units and unusable libraries on such machines are found long after a deployment."""
    boards = facts.scenario.identities()
    if any(board.is_rk3588 for board in boards):
        yield Aside("the configuration is also for RK3588 boards: see guard.other-boards-unharmed")
        return
    for board in boards:
        if board.has_rockchip_npu:
            yield Aside(f"{board.name} has another NPU by Rockchip, which is not judged here")
            continue
        found = tuple(npu_support(facts, board))
        for one in found:
            yield Problem(one.where, f"{board.name}, which has no such NPU, gets {one.what}", one.seen)
        if not found:
            yield Fine(board.name)


@check(
    "units.conditions-valid",
    "Unit conditions are valid",
    remedy="Write ConditionFirmware=device-tree-compatible(rockchip,rk3588), ConditionArchitecture=arm64, or "
    "ConditionPathExists= with an absolute path (systemd.unit(5)).",
    nothing="the subject's units have no conditions",
    everywhere=True,
)
def readable(facts: Facts) -> Iterator[Finding]:
    """With a value that systemd cannot read, the condition fails everywhere or is ignored."""
    for name, unit in npu_units(facts).items():
        for one in conditions(unit):
            if one.unreadable:
                yield Problem(f"{name} {one.key}", f"{one.value}: {one.unreadable}")
            else:
                yield Fine(f"{name} {one.key}", one.value)


@check(
    "guard.units-start-on-rk3588",
    "Unit conditions hold on every RK3588 board of the scenario",
    remedy="Use the strings of /proc/device-tree/compatible: |device-tree-compatible(rockchip,rk3588) and "
    "|device-tree-compatible(rockchip,rk3588s).",
    nothing="no unit of the subject has a condition",
)
def units_start(facts: Facts) -> Iterator[Finding]:
    """A condition that never holds disables the NPU on its own boards, and the skipped unit looks like success."""
    for name, unit in npu_units(facts).items():
        asked = list(conditions(unit))
        if not asked:
            continue
        shut = _shut_on(facts, unit, asked)
        # A unit with the opposite condition may only report why there is no NPU.
        meant = not any(one.negated for one in asked) or _works(unit) or _opens(unit)
        texts = "; ".join(f"{one.key}={'!' if one.negated else ''}{one.value}" for one in asked)
        if shut and meant:
            yield Problem(name, f"the unit is skipped on {', '.join(shut)}, which it is for", texts)
        else:
            yield Fine(name, texts)


def _shut_on(facts: Facts, unit: Unit, asked: list[UnitCondition]) -> list[str]:
    """The RK3588 boards of the scenario on which the unit is never started."""
    boards = [board for board in facts.scenario.identities() if board.is_rk3588]
    shut = [board.name for board in boards if starts_on(unit, board) is False]
    all_required = not any(one.triggering for one in asked)
    missing = any(devnode_exists(facts, one.value) is False and not one.negated for one in asked)
    # A service that opens the stack's node starts only where that node is missing.
    node = STACKS[facts.scenario.stack].device
    against = any(one.value == node and one.kind == "PathExists" and one.negated for one in asked) and _opens(unit)
    return shut or ([board.name for board in boards] if all_required and (missing or against) else [])


def _texts(unit: Unit) -> list[str]:
    """The commands that a service runs."""
    service = unit.sections.get("Service", {})
    return [unit.script, *(value for key, each in service.items() if key.startswith("Exec") for value in each)]


def _works(unit: Unit) -> bool:
    """Whether a unit does something for the NPU, and does not only report about it."""
    return any(re.search(r"modprobe|insmod|\bln\s|librknn|/dev/(rknpu|accel|dri)", text) for text in _texts(unit))


def _opens(unit: Unit) -> bool:
    """Whether a service gets access to the NPU by device or group."""
    service = unit.sections.get("Service", {})
    words = [
        word for key in ("DeviceAllow", "SupplementaryGroups") for one in service.get(key, ()) for word in one.split()
    ]
    return any(word == "render" or word.startswith(("/dev/rknpu", "/dev/accel")) for word in words)


@check(
    "disabled.no-effect",
    "The disabled module has no effect",
    remedy="Put everything the module sets below config = lib.mkIf cfg.enable { … }.",
    everywhere=True,
)
def contributes_nothing(facts: Facts) -> Iterator[Finding]:
    """What stands outside the module's mkIf affects every machine that imports the module.

    Options, overlays that only add packages, nixpkgs settings, warnings and assertions that hold are harmless there.
    A module without an enable option cannot be disabled.
    """
    off = _switched_off(facts)
    if not isinstance(off, Configuration):
        yield off
        return
    if facts.subject.host is not None:
        yield from _of_a_host(facts, off)
        return
    found, what = changes(off, facts.without), "the disabled module still changes the machine"
    for change in found:
        yield Problem(change.name, what, str(change))
    for name, value in _defined_outside(facts).items() if not found else ():
        yield Problem(name, what, f"{name} = {value!r}")
    yield Fine("disabled")


def _of_a_host(facts: Facts, off: Configuration) -> Iterator[Finding]:
    """A host has no configuration without the module to compare with: only the effect of the option is seen."""
    switched = changes(facts.configuration, off)
    if not switched:
        option = ".".join(facts.subject.option)
        yield Problem(f"{option}.enable", "the option has no effect: with false the host is the same")
    for board in facts.scenario.identities():
        for one in npu_support(perturbed(facts, OFF), board):
            yield Unsure(one.where, f"{one.what} remains when disabled; the host itself may configure it", one.seen)
    yield Fine("disabled", f"{len(switched)} differences")


_COMPARED = (
    *("environment.etc", "environment.pathsToLink", "environment.sessionVariables", "environment.systemPackages"),
    *("environment.variables", "services.udev", "hardware.deviceTree", "hardware.firmware", "hardware.graphics"),
    *("boot.kernel", "boot.extraModulePackages", "boot.initrd", "boot.blacklistedKernelModules"),
    *("systemd.services", "systemd.sockets", "systemd.targets", "systemd.timers", "systemd.paths", "systemd.tmpfiles"),
    *("system.activationScripts", "users.users", "users.groups", "programs.nix-ld"),
)
"""Options whose values are compared in full, so that their definitions need no second look."""
_UNNOTICED = ("_module", "assertions", "documentation", "lib", "meta", "nixpkgs", "system.build", "warnings")
"""Options that do not change the machine; failing assertions are compared elsewhere."""


def _defined_outside(facts: Facts) -> dict[str, Json]:
    """What the disabled module still defines, of options that are not compared in full."""
    given = facts.effects.switched_off if facts.effects else {}
    known = (*_COMPARED, *_UNNOTICED)
    return {
        name: value
        for name, value in given.items()
        if not is_opaque(str(value)) and not any(name == one or name.startswith(f"{one}.") for one in known)
    }


def _switched_off(facts: Facts) -> Configuration | Finding:
    """The machine with the subject disabled, or a finding that says why there is none."""
    switch = next((one for one in own_options(facts) if name_in(facts, one) == "enable"), None)
    if facts.scenario.settings.get("enable") is False:
        return facts.configuration
    if OFF in facts.perturbations:
        evaluation = facts.perturbations[OFF]
        if evaluation.error and evaluation.error.kind == "subject":
            return Problem("disabled", f"the disabled module does not evaluate: {evaluation.error.message}")
        if evaluation.error:
            return Unsure("disabled", f"the disabled module could not be evaluated: {evaluation.error.message}")
        return configuration_of(evaluation, "the scenario switched off")
    if switch is None:
        return Aside("the subject has no enable option: it is disabled where it is not imported")
    # Without settings it may still be enabled by a former name of its options.
    touched = facts.scenario.settings or (facts.scenario.config and facts.scenario.stack != "none")
    if not touched and switch.default is False:
        return facts.configuration
    return Aside("not evaluated with the module disabled")
