"""Security settings and policies of the machine, which an NPU module has no reason to change.

These checks judge what a module defines. A machine's own configuration, which declares no options, may set them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from rknn_validation.checks.configuration.options import own_options
from rknn_validation.checks.configuration.registry import check
from rknn_validation.checks.findings import Aside, Finding, Fine, Problem, Unsure
from rknn_validation.facts.model import EFFECTS, Facts
from rknn_validation.facts.nix.configuration import Json
from rknn_validation.facts.nix.effects import Effects

_OWNERS = Aside("the subject declares no options: a machine's own configuration may change these settings")
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
    (r"security\.(?:apparmor|polkit|audit|auditd)\.enable", _is_false, "a security service is disabled"),
    (r"networking\.(?:firewall|nftables)\.enable", _is_false, "the firewall is disabled"),
    (r"security\.(?:sudo|sudo-rs|doas)\.wheelNeedsPassword", _is_false, "sudo asks for no password"),
    (r"security\.(?:sudo|sudo-rs|doas)\.extraRules", _without_password, "sudo asks for no password"),
    (r"security\.wrappers\.[^.]+\.setuid", lambda value: value is True, "a program runs as root for every user"),
    (r"boot\.kernelParams", _risky, "a kernel protection is disabled"),
)


@check(
    "access.security-settings-unchanged",
    "Security settings are unchanged",
    remedy="Remove the definition: a driver, a udev rule and a library do not need it.",
    needs=(EFFECTS,),
    everywhere=True,
)
def security_settings_unchanged(facts: Facts) -> Iterator[Finding]:
    """The NPU needs no change of sandbox, firewall, mitigations or sudo."""
    effects = facts.effects or Effects()
    if not own_options(facts):
        yield _OWNERS
        return
    for path, value in effects.definitions.items():
        why = next((why for name, bad, why in _DEFENCES if re.fullmatch(name, path) and bad(value)), "")
        if why:
            yield Problem(path, f"it makes the machine less secure, and the NPU does not need it: {why}", repr(value))
    yield from _not_seen(effects, "nix.", "security.", "networking.firewall", "boot.kernelParams")
    yield Fine("definitions", f"{len(effects.definitions)} options are set")


_POLICIES = ("allowUnfree", "allowBroken", "allowInsecure", "allowUnsupportedSystem", "permittedInsecurePackages")


@check(
    "evaluation.nixpkgs-policy-unchanged",
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
            what = "it relaxes the policy for every package of the machine, not only for its own"
            yield Problem(path, what, repr(effects.definitions[path]))
    for name in effects.lets_everything_in:
        what = "its predicate accepts an unrelated package, so it allows every package of the machine"
        yield Problem(f"nixpkgs.config.{name}", what)
    yield from _not_seen(effects, "nixpkgs.config")
    yield Fine("nixpkgs.config")


def _not_seen(effects: Effects, *prefixes: str) -> Iterator[Finding]:
    if effects.unknown:
        yield Unsure("definitions", "the module's definitions could not be evaluated", effects.unknown)
    for path in effects.unevaluated:
        if path.startswith(prefixes):
            yield Unsure(path, "its value could not be evaluated")
