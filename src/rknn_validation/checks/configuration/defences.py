"""Does the machine keep its defences? An NPU needs none of them gone."""

from __future__ import annotations

import re

from rknn_validation.checks.configuration.registry import ALL_STACKS, CONFIGURATION_CHECKS
from rknn_validation.checks.model import Answer, Evidence, failed, passed
from rknn_validation.facts.difference import baseline
from rknn_validation.facts.model import Facts
from rknn_validation.facts.text.nixtext import subject_files

_TEXT = (
    (
        r"\b(?:nix\.settings\.|nix\.)?(?:sandbox|useSandbox)\s*=\s*(?:lib\.)?(?:mk\w+\s+)?false\b",
        "builds run without a sandbox",
    ),
    (
        r"\bsecurity\.(?:apparmor|polkit|audit)\.enable\s*=\s*(?:lib\.)?(?:mkForce\s+)?false\b",
        "a defence is switched off",
    ),
    (r"\bnetworking\.firewall\.enable\s*=\s*(?:lib\.)?(?:mk\w+\s+)?false\b", "the firewall is switched off"),
    (r"\bwheelNeedsPassword\s*=\s*(?:lib\.)?(?:mk\w+\s+)?false\b", "sudo asks for no password"),
    (r"\bsetuid\s*=\s*true\b", "a program runs as root for everybody"),
)
_PARAMETERS = re.compile(
    r"mitigations=off|lockdown=none|module\.sig_enforce=0|nokaslr|selinux=0|apparmor=0|init_on_alloc=0"
)


@CONFIGURATION_CHECKS.check(
    "access.machine-keeps-its-defences",
    stage="access",
    title="no defence of the machine is switched off",
    remedy="Remove the line: a driver, a udev rule and a library need none of it.",
    stacks=ALL_STACKS,
    boards=("rk3588", "other"),
)
def keeps_defences(facts: Facts) -> Answer:
    """Sandbox, firewall, mitigations, sudo's password: none has to do with an NPU."""
    before = baseline(facts).kernel.params
    found = [
        Evidence("boot.kernelParams", parameter)
        for parameter in facts.configuration.kernel.params
        if parameter not in before and _PARAMETERS.fullmatch(parameter)
    ]
    for file in subject_files(facts.subject):
        for pattern, why in _TEXT:
            found += [Evidence(where, f"{line}\n    {why}") for where, line in file.find(pattern)]
    if found:
        return failed("the machine is less safe with the subject, for no use to the NPU", *found)
    return passed("none is touched")
