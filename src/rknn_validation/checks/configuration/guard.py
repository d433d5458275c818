"""What happens on machines without this NPU: refused, or left exactly as they were."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from rknn_validation.checks.configuration.registry import ALL_STACKS, CONFIGURATION_CHECKS
from rknn_validation.checks.findings import evidence_of
from rknn_validation.checks.model import Answer, Evidence, failed, inconclusive, passed, skipped
from rknn_validation.facts.difference import Change, baseline, changes
from rknn_validation.facts.library.packages import STORE_PATH, is_runtime, is_toolkit
from rknn_validation.facts.model import FOREIGN_BOARD, FOREIGN_SYSTEM, RK3588_BOARD, Facts, configuration_of
from rknn_validation.facts.text.conditions import starts_on
from rknn_validation.facts.text.unitfile import last, text_of
from rknn_validation.nix.configuration import Configuration, Evaluation, Package, Unit
from rknn_validation.npu.boards import BOARDS, Board
from rknn_validation.npu.kernels import looks_like_vendor_kernel


def refusal(evaluation: Evaluation, before: Configuration) -> Evidence | None:
    """Why a configuration would be refused, if it would."""
    if evaluation.configuration is None:
        error = evaluation.error
        return Evidence("nix", error.message if error else "no configuration")
    known = {one.message for one in before.assertions if not one.holds}
    broken = (one for one in evaluation.configuration.assertions if not one.holds and one.message not in known)
    first = next(broken, None)
    if first:
        return Evidence("assertions", first.message or "(no message)")
    known = {one.message for one in before.failures}
    failed_first = next((one for one in evaluation.configuration.failures if one.message not in known), None)
    return Evidence("nix", failed_first.message) if failed_first and failed_first.kind == "subject" else None


@CONFIGURATION_CHECKS.check(
    "guard.refuses-other-architectures",
    stage="guard",
    title="on x86_64-linux it is refused or does nothing",
    remedy="Add an assertion (pkgs.stdenv.hostPlatform.isAarch64), and meta.platforms of aarch64-linux to packages.",
)
def refuses_other_architectures(facts: Facts) -> Answer:
    """Otherwise an x86 machine gets AArch64 libraries and nobody is told."""
    evaluation = facts.perturbations.get(FOREIGN_SYSTEM)
    if evaluation is None:
        return skipped("not evaluated for another architecture")
    if all(board.is_rk3588 for board in facts.scenario.identities()):
        return skipped("the scenario is for RK3588 boards alone: no other machine gets it")
    if evaluation.error and evaluation.error.kind != "subject":
        return inconclusive(
            "how it behaves on x86_64-linux could not be evaluated", Evidence("nix", evaluation.error.message)
        )
    before = configuration_of(
        facts.perturbations.get(f"{FOREIGN_SYSTEM}-baseline"), "an x86_64-linux machine without the subject"
    )
    refused = refusal(evaluation, before)
    if refused:
        return passed("refused on x86_64-linux", refused)
    assert evaluation.configuration is not None
    brought = list(_machine_code(evaluation.configuration, before))
    unsupported = [package for package in brought if package.platforms and "x86_64-linux" not in package.platforms]
    if unsupported:
        shown = Evidence(unsupported[0].name, f"meta.platforms = {', '.join(unsupported[0].platforms)}")
        return passed("nixpkgs refuses its packages on x86_64-linux", shown)
    paths = [
        Evidence("LD_LIBRARY_PATH", value)
        for name, value in evaluation.configuration.variables.items()
        if name == "LD_LIBRARY_PATH" and before.variables.get(name) != value and STORE_PATH.search(value)
    ]
    if brought or paths:
        shown_packages = (Evidence("package", package.name) for package in brought)
        return failed("an x86_64-linux machine gets it without a word", *shown_packages, *paths)
    return passed("nothing of it reaches an x86_64-linux machine")


def _machine_code(after: Configuration, before: Configuration) -> Iterator[Package]:
    # A driver is compiled for the kernel at hand, whatever that is, and loaded by nobody where it has no device.
    known = {package.out_path for package in (*before.packages(), *after.kernel.extra_packages)}
    for package in after.packages():
        if package.out_path not in known and (is_runtime(package) or is_toolkit(package) or "rknpu" in package.name):
            yield package


@CONFIGURATION_CHECKS.check(
    "guard.leaves-other-boards-alone",
    stage="guard",
    title="a board that is not an RK3588 stays unharmed",
    remedy="Contribute nothing where hardware.deviceTree.name names another board, and give every unit "
    "ConditionFirmware=|device-tree-compatible(rockchip,rk3588); let udev load the driver, not boot.kernelModules.",
    stacks=ALL_STACKS,
    boards=("other",),
)
def leaves_others_alone(facts: Facts) -> Answer:
    """A role shared by a mixed fleet must not force a driver, swap the kernel or leave failed units elsewhere."""
    evaluation = facts.perturbations.get(FOREIGN_BOARD)
    if evaluation is None:
        return skipped("not evaluated for another board")
    before = baseline(facts)
    if evaluation.error and evaluation.error.kind != "subject":
        return inconclusive(
            "how it behaves on another board could not be evaluated", Evidence("nix", evaluation.error.message)
        )
    refused = refusal(evaluation, before)
    if refused:
        return passed("refused where hardware.deviceTree.name names another board", refused)
    boards = [board for board in facts.scenario.identities() if not board.is_rk3588] or [BOARDS["raspberrypi-4-b"]]
    assert evaluation.configuration is not None
    harm = [one for board in boards for one in harms(evaluation.configuration, before, board)]
    if harm:
        return failed(f"it harms {', '.join(board.name for board in boards)}", *dict.fromkeys(harm))
    said = (Evidence("warnings", text) for text in evaluation.configuration.warnings if text not in before.warnings)
    return passed("nothing is forced, no unit can fail there", *said)


def harms(after: Configuration, before: Configuration, board: Board) -> Iterator[Evidence]:
    """What a configuration does to a board that has no such NPU."""
    for option, names, known in (
        ("boot.kernelModules", after.kernel.modules, before.kernel.modules),
        ("boot.initrd.kernelModules", after.kernel.initrd_modules, before.kernel.initrd_modules),
    ):
        for name in names:
            if name not in known:
                yield Evidence(option, f"{name} is forced: systemd-modules-load fails where the kernel has none")
    swapped = (after.kernel.pname, after.kernel.version) != (before.kernel.pname, before.kernel.version)
    # Another mainline kernel drives any of these boards; Rockchip's own drives Rockchip's.
    source = after.kernel.package.source if after.kernel.package else None
    named = (after.kernel.pname, after.kernel.version, *(source.urls if source else ()))
    if swapped and looks_like_vendor_kernel(*named):
        yield Evidence(
            "boot.kernelPackages", f"{after.kernel.pname} {after.kernel.version} replaces the board's own kernel"
        )
    if after.device_tree.name and before.device_tree.name and after.device_tree.name != before.device_tree.name:
        yield Evidence("hardware.deviceTree.name", f"{after.device_tree.name} replaces the board's own")
    for name, unit in after.units.items():
        if before.units.get(name) != unit and name.endswith(".service") and unit.enabled:
            why = _may_fail(unit, board) or _lacks_what_it_requires(unit, after.units, board)
            if why and name not in before.units:
                yield Evidence(name, why)
    for name, text in after.activation_scripts.items():
        if before.activation_scripts.get(name) != text and _loads_module(text):
            yield Evidence(f"system.activationScripts.{name}", "loads the driver whatever the board")


_GUARDED = re.compile(r"device-tree|devicetree|\[\s+!?\s*-[ecrdf]\s+/(dev|sys|proc)|\|\|\s*(true|:|exit 0)")
_REFUSES = re.compile(r"/bin/(?:grep|test|\[)\b.*(?:device-?tree|/proc/|/sys/|/dev/)")


def _may_fail(unit: Unit, board: Board) -> str | None:
    if starts_on(unit, board) is False or unit.sections.get("Service", {}).get("ExecCondition"):
        return None
    if not (unit.wanted_by or unit.required_by):
        return None
    for value in unit.sections.get("Service", {}).get("ExecStartPre", ()):
        if not value.startswith("-") and _REFUSES.search(value) and starts_on(unit, board) is True:
            return "its ExecStartPre fails where the board is another: a failed unit (ExecCondition would skip it)"
    if _GUARDED.search(text_of(unit)):
        return None
    if _loads_module(text_of(unit)) and not _ignores_failure(unit):
        return "loads the driver without a condition on the board: a failed unit where the kernel has none"
    waits = starts_on(unit, board) is None
    if (
        last(unit, "Type") != "oneshot"
        and not waits
        and re.search(r"rknn|rknpu|rkllm|npu", text_of(unit), re.IGNORECASE)
    ):
        return "uses the NPU without a condition on the board: a failed unit where there is none"
    return None


def _lacks_what_it_requires(unit: Unit, units: Mapping[str, Unit], board: Board) -> str | None:
    """A unit that is skipped is no failure: what requires it starts without it."""
    if (
        not (unit.wanted_by or unit.required_by)
        or starts_on(unit, board) is not True
        or last(unit, "Type") == "oneshot"
    ):
        return None
    names = [word for value in unit.sections.get("Unit", {}).get("Requires", ()) for word in value.split()]
    skipped_ones = [name for name in names if name in units and starts_on(units[name], board) is False]
    return f"starts there although {skipped_ones[0]}, which it requires, is skipped" if skipped_ones else None


def _loads_module(text: str) -> bool:
    return bool(re.search(r"\b(modprobe|insmod)\s+(?!-r)", text)) and not _GUARDED.search(text)


def _ignores_failure(unit: Unit) -> bool:
    return all(value.startswith("-") for value in unit.sections.get("Service", {}).get("ExecStart", ()))


@CONFIGURATION_CHECKS.check(
    "guard.serves-the-board",
    stage="guard",
    title="the guard lets an RK3588 board in",
    remedy="The device trees are named rockchip/rk3588-….dtb and rockchip/rk3588s-….dtb: match rk3588 in either.",
)
def serves_the_board(facts: Facts) -> Answer:
    """Where the configuration names the Orange Pi 5 Plus's device tree, the module must do its work."""
    evaluation = facts.perturbations.get(RK3588_BOARD)
    if evaluation is None:
        return skipped("not evaluated for a named board")
    if evaluation.error and evaluation.error.kind != "subject":
        return inconclusive(
            "how it behaves on a named board could not be evaluated", Evidence("nix", evaluation.error.message)
        )
    before = baseline(facts)
    refused = refusal(evaluation, before)
    if refused:
        return failed("it refuses the Orange Pi 5 Plus by its device tree's name", refused)
    assert evaluation.configuration is not None
    there = _without_name(evaluation.configuration, before)
    usual = _without_name(facts.configuration, before)
    if usual and not there:
        return failed("on the Orange Pi 5 Plus, named as such, it contributes nothing", *_warned(evaluation))
    return (
        passed(f"{len(there)} options differ on the Orange Pi 5 Plus", evidence_of(there[:5], "changes"))
        if there
        else (skipped("the subject has no effect anywhere; see evaluation.has-an-effect"))
    )


def _without_name(after: Configuration, before: Configuration) -> list[Change]:
    ignored = {"hardware.deviceTree.name", "warnings"}
    return [one for one in changes(after, before) if one.name not in ignored and one.field != "warnings"]


def _warned(evaluation: Evaluation) -> list[Evidence]:
    return [
        Evidence("warnings", text) for text in (evaluation.configuration.warnings if evaluation.configuration else ())
    ]
