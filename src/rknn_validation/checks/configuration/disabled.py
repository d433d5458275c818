"""Switched off, the module is as good as not imported."""

from __future__ import annotations

from collections.abc import Iterator

from rknn_validation.checks.configuration.options import name_in, own_options
from rknn_validation.checks.configuration.registry import ALL_STACKS, check
from rknn_validation.checks.findings import Aside, Finding, Fine, Problem, Unsure
from rknn_validation.facts.difference import baseline, changes
from rknn_validation.facts.harm import seen_as
from rknn_validation.facts.model import OFF, Facts, configuration_of
from rknn_validation.facts.nix.configuration import Configuration, Json
from rknn_validation.facts.nix.missing import is_opaque
from rknn_validation.facts.reaches import reaching


@check(
    "disabled.contributes-nothing",
    stage="disabled",
    title="switched off, it changes nothing",
    remedy="Put everything the module sets below config = lib.mkIf cfg.enable { … }.",
    good="switched off, nothing of it is left",
    stacks=ALL_STACKS,
    boards=("rk3588", "other"),
)
def contributes_nothing(facts: Facts) -> Iterator[Finding]:
    """Every machine that imports the module pays for what stands outside its mkIf.

    What no machine notices may stand there: options, overlays that only add packages, rules for nixpkgs, assertions
    that hold, warnings. A module without a switch cannot be switched off.
    """
    off = _switched_off(facts)
    if not isinstance(off, Configuration):
        yield off
        return
    if facts.subject.host is not None:
        yield from _of_a_host(facts, off)
        return
    found = changes(off, baseline(facts))
    for change in found:
        yield Problem(change.name, "switched off, it still changes the machine", str(change))
    for name, value in _defined_outside(facts).items() if not found else ():
        yield Problem(name, "switched off, it still changes the machine", f"{name} = {value!r}")
    yield Fine("switched off")


def _of_a_host(facts: Facts, off: Configuration) -> Iterator[Finding]:
    """Of a whole machine nobody knows what it would be without the module: only what the option changes is seen."""
    switched = changes(facts.configuration, off)
    if not switched:
        option = ".".join(facts.subject.option)
        yield Problem(f"{option}.enable", "forced to false, it changes nothing: the host is the same")
    for board in facts.scenario.identities():
        for one in reaching(seen_as(facts, OFF), board):
            yield Unsure(one.where, f"switched off, {one.what} stays; the host itself may have asked for it", one.seen)
    yield Fine("switched off", f"{len(switched)} differences")


_COMPARED = (
    *("environment.etc", "environment.pathsToLink", "environment.sessionVariables", "environment.systemPackages"),
    *("environment.variables", "services.udev", "hardware.deviceTree", "hardware.firmware", "hardware.graphics"),
    *("boot.kernel", "boot.extraModulePackages", "boot.initrd", "boot.blacklistedKernelModules"),
    *("systemd.services", "systemd.sockets", "systemd.targets", "systemd.timers", "systemd.paths", "systemd.tmpfiles"),
    *("system.activationScripts", "users.users", "users.groups", "programs.nix-ld"),
)
"""Options whose values are compared whole: what a definition of theirs comes to is known already."""
_UNNOTICED = ("_module", "assertions", "documentation", "lib", "meta", "nixpkgs", "system.build", "warnings")
"""Options that change no machine; what is asserted and does not hold is compared as well."""


def _defined_outside(facts: Facts) -> dict[str, Json]:
    """What the module defines although it is switched off, of options that are not compared whole."""
    given = facts.effects.switched_off if facts.effects else {}
    known = (*_COMPARED, *_UNNOTICED)
    return {
        name: value
        for name, value in given.items()
        if not is_opaque(str(value)) and not any(name == one or name.startswith(f"{one}.") for one in known)
    }


def _switched_off(facts: Facts) -> Configuration | Finding:
    """The machine with the subject switched off, or why there is none to look at."""
    switch = next((one for one in own_options(facts) if name_in(facts, one) == "enable"), None)
    if facts.scenario.settings.get("enable") is False:
        return facts.configuration
    if OFF in facts.perturbations:
        evaluation = facts.perturbations[OFF]
        if evaluation.error and evaluation.error.kind == "subject":
            return Problem("switched off", f"it does not evaluate: {evaluation.error.message}")
        if evaluation.error:
            return Unsure("switched off", f"it could not be evaluated: {evaluation.error.message}")
        return configuration_of(evaluation, "the scenario switched off")
    if switch is None:
        return Aside("the subject has no switch: it is off where it is not imported")
    # Without settings it may still be switched on by a former name of its options.
    touched = facts.scenario.settings or (facts.scenario.config and facts.scenario.stack != "none")
    if not touched and switch.default is False:
        return facts.configuration
    return Aside("not evaluated switched off")
