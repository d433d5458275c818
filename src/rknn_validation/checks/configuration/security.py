"""Does the machine keep its defences and its policies? An NPU needs none of them gone.

Judged is what the module defines, whatever is on by default: of a machine's own configuration, which declares no
options, such lines are its owner's to write."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from rknn_validation.checks.configuration.options import own_options
from rknn_validation.checks.configuration.registry import check
from rknn_validation.checks.findings import Aside, Finding, Fine, Problem, Unsure
from rknn_validation.facts.model import EFFECTS, Facts
from rknn_validation.facts.nix.configuration import Json
from rknn_validation.facts.nix.effects import Effects

_OWNERS = Aside("it declares no options: what a machine's own configuration allows is its owner's to say")
_PARAMETER = re.compile(
    r"mitigations=off|lockdown=none|module\.sig_enforce=0|nokaslr|selinux=0|apparmor=0|init_on_alloc=0|nosmep|nosmap"
)


def _is_false(value: Json) -> bool:
    return value is False


def _without_password(value: Json) -> bool:
    return "NOPASSWD" in str(value) and "'ALL'" in str(value)


def _risky(value: Json) -> bool:
    return any(_PARAMETER.fullmatch(str(one)) for one in (value if isinstance(value, list) else ()))


_DEFENCES: tuple[tuple[str, Callable[[Json], bool], str], ...] = (
    (r"nix\.settings\.sandbox|nix\.useSandbox", _is_false, "builds run without a sandbox"),
    (r"security\.(?:apparmor|polkit|audit|auditd)\.enable", _is_false, "a defence is switched off"),
    (r"networking\.(?:firewall|nftables)\.enable", _is_false, "the firewall is switched off"),
    (r"security\.(?:sudo|sudo-rs|doas)\.wheelNeedsPassword", _is_false, "sudo asks for no password"),
    (r"security\.(?:sudo|sudo-rs|doas)\.extraRules", _without_password, "sudo asks for no password"),
    (r"security\.wrappers\.[^.]+\.setuid", lambda value: value is True, "a program runs as root for everybody"),
    (r"boot\.kernelParams", _risky, "a defence of the kernel is switched off"),
)


@check(
    "access.machine-keeps-its-defences",
    "Security settings are unchanged",
    remedy="Remove the definition: a driver, a udev rule and a library do not need it.",
    needs=(EFFECTS,),
    everywhere=True,
)
def keeps_defences(facts: Facts) -> Iterator[Finding]:
    """Sandbox, firewall, mitigations, sudo's password: none has to do with an NPU."""
    effects = facts.effects or Effects()
    if not own_options(facts):
        yield _OWNERS
        return
    for path, value in effects.definitions.items():
        why = next((why for name, bad, why in _DEFENCES if re.fullmatch(name, path) and bad(value)), "")
        if why:
            yield Problem(path, f"the machine is less safe with the subject, for no use to the NPU: {why}", repr(value))
    yield from _not_seen(effects, "nix.", "security.", "networking.firewall", "boot.kernelParams")
    yield Fine("definitions", f"{len(effects.definitions)} options are set")


_POLICIES = ("allowUnfree", "allowBroken", "allowInsecure", "allowUnsupportedSystem", "permittedInsecurePackages")


@check(
    "evaluation.leaves-nixpkgs-policy-alone",
    "The nixpkgs policy of the machine is unchanged",
    remedy="Leave allowUnfree and similar settings to the machine's owner; document "
    "nixpkgs.config.allowUnfreePredicate for these packages.",
    needs=(EFFECTS,),
    boards=("rk3588", "other"),
)
def leaves_policy_alone(facts: Facts) -> Iterator[Finding]:
    """allowUnfree, allowBroken and permitted insecure packages hold for every package of the machine."""
    effects = facts.effects or Effects()
    if not own_options(facts):
        yield _OWNERS
        return
    for name in _POLICIES:
        path = f"nixpkgs.config.{name}"
        if effects.definitions.get(path):
            what = "it loosens a rule for every package of the machine, not for its own"
            yield Problem(path, what, repr(effects.definitions[path]))
    for name in effects.lets_everything_in:
        what = "it lets every package of the machine in, not only its own: so says the predicate of an unrelated one"
        yield Problem(f"nixpkgs.config.{name}", what)
    yield from _not_seen(effects, "nixpkgs.config")
    yield Fine("nixpkgs.config")


def _not_seen(effects: Effects, *prefixes: str) -> Iterator[Finding]:
    if effects.unknown:
        yield Unsure("definitions", "what the module defines could not be evaluated", effects.unknown)
    for path in effects.unevaluated:
        if path.startswith(prefixes):
            yield Unsure(path, "its value could not be evaluated")
