"""What Nix says when it refuses to go on, in words for the person who has to act on it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from rknn_validation.facts.nix.shapes import wanted
from rknn_validation.subject.validation import Subject


@dataclass(frozen=True)
class Refusal:
    """`kind` as EvaluationError has it, and what to say in front of Nix's own words."""

    kind: str
    words: str


_KNOWN = (
    (
        r"path '/nix/store/[^']*\.drv' is not valid|allow-import-from-derivation",
        Refusal(
            "unknown",
            "it imports what a derivation makes, which had to be built first: say --allow-import-from-derivation",
        ),
    ),
    (
        r"access to (?:absolute )?path '(?P<one>[^']+)' is forbidden in (?:restricted|pure)",
        Refusal("subject", "it reads {one}, which lies outside of the flake: pure evaluation refuses that"),
    ),
    (
        r"access to URI '(?P<one>[^']+)' is forbidden in (?:restricted|pure)",
        Refusal("subject", "it fetches {one} without a hash: pure evaluation refuses that"),
    ),
    (
        r"Neither nixpkgs\.hostPlatform nor the legacy option nixpkgs\.system has been set|"
        r"option [`']nixpkgs\.hostPlatform' (?:is used but not defined|was accessed but has no value)",
        Refusal("subject", 'the host names no platform: set nixpkgs.hostPlatform = "aarch64-linux"'),
    ),
    (
        r"(?P<one>\S+) is not here: the flake's input",
        Refusal("unknown", "an input of the flake is not on this machine"),
    ),
    (
        r"Read-only file system|(?:creating|opening) (?:directory|file|lock file) '/nix[^']*': Permission denied",
        Refusal("unknown", "Nix cannot write its store: run it as a user that may, or with a daemon"),
    ),
    (r"No space left on device", Refusal("unknown", "the disk is full")),
)


def refusal(message: str, subject: Subject) -> Refusal | None:
    """What is known about an error; None where Nix's own words have to do."""
    asked = _wants(message, subject)
    if asked is not None:
        return asked
    for pattern, known in _KNOWN:
        found = re.search(pattern, message)
        if found:
            return Refusal(known.kind, known.words.format(**found.groupdict()))
    return None


def _wants(message: str, subject: Subject) -> Refusal | None:
    """A module that wants an argument which NixOS does not give it, and the subject neither."""
    found = re.search(
        r"attribute '(?P<a>[^']+)' missing|does not carry (?P<b>[\w'-]+)|wants `(?P<c>[^`]+)`|"
        r"called without required argument '(?P<d>[^']+)'",
        message,
    )
    name = next(filter(None, found.groups()), "") if found else ""
    if not name or name in subject.special_args or subject.host is not None:
        return None
    if not (found and found["c"]) and not any(name in wanted(file) for file in subject.files):
        return None
    example = f"{{flake: .#{name}}}" if name in ("inputs", "self") else "…"
    return Refusal(
        "unknown",
        f"the module wants the argument {name}, which NixOS does not give: give it in the subject file, "
        f"specialArgs: {{{name}: {example}}} (plain data, {{file: a/file.nix}} or {{flake: .#attribute}})",
    )
