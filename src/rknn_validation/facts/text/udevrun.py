"""What a set of rules does to a device: udevd's matching, with "maybe" where evaluation cannot decide."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import IntEnum

from rknn_validation.facts.text.udevdevices import Device, Parent
from rknn_validation.facts.text.udevrules import Rule, Token

DEFAULTS_FILE = "50-udev-default.rules"
"""systemd's own rules; whatever an earlier file gave a node they speak of, these overwrite."""


_PATHS_FILE = "60-drm.rules"
"""systemd's rules that give DRM nodes their ID_PATH."""


class Match(IntEnum):
    """Whether a rule applies. MAYBE: it asks for something only the running machine knows."""

    NO = 0
    MAYBE = 1
    YES = 2


@dataclass(frozen=True)
class Setting:
    """A value and the rule that gave it; `match` says whether it certainly did."""

    value: str
    rule: Rule
    match: Match


@dataclass
class Outcome:
    """What became of one device. `owner`, `group`, `mode` are the last settings; None where no rule set any."""

    device: Device
    owner: Setting | None = None
    group: Setting | None = None
    mode: Setting | None = None
    symlinks: list[Setting] = field(default_factory=list)
    tags: list[Setting] = field(default_factory=list)
    rules: list[tuple[Rule, Match]] = field(default_factory=list)

    @property
    def mode_bits(self) -> int:
        """The permission bits the node ends with: udevd gives 0660 where a rule names a group but no mode."""
        if self.mode and re.fullmatch(r"[0-7]+", self.mode.value):
            return int(self.mode.value, 8)
        if self.group and self.device.mode == 0o600:
            return 0o660
        return self.device.mode

    @property
    def is_tagged(self) -> bool:
        """Whether the users logged in at the machine may open the node."""
        return any(tag.value == "uaccess" for tag in self.tags)

    @property
    def gives_access(self) -> bool:
        """Whether some rule sets who may open the node."""
        return bool(self.owner or self.group or self.mode or self.is_tagged)


def run(rules: Sequence[Rule], device: Device, action: str = "add") -> Outcome:
    """Apply rules, already in the order udevd reads them, to one device."""
    outcome = Outcome(device)
    final: set[str] = set()
    skip_to: tuple[str, str] | None = None
    limit, limit_until = Match.YES, ("", "")
    defaults_passed = False
    for rule in rules:
        if not defaults_passed and rule.file > DEFAULTS_FILE:
            defaults_passed = True
            _apply_defaults(outcome)
        labels = {(rule.file, token.value) for token in rule.tokens if token.key == "LABEL"}
        if skip_to and (skip_to in labels or rule.file != skip_to[0]):
            skip_to = None
        if limit_until in labels or rule.file != limit_until[0]:
            limit = Match.YES
        if skip_to:
            continue
        match = min(limit, matches(rule, device, action))
        if match is Match.NO:
            continue
        jump = next((token.value for token in rule.tokens if token.key == "GOTO"), None)
        if jump is not None and match is Match.YES:
            skip_to = (rule.file, jump)
        elif jump is not None:
            limit, limit_until = Match.MAYBE, (rule.file, jump)
        _apply(outcome, rule, match, final)
    if not defaults_passed:
        _apply_defaults(outcome)
    return outcome


def _apply_defaults(outcome: Outcome) -> None:
    if outcome.device.has_defaults:
        outcome.group = None
        # Card nodes are given a group alone.
        outcome.mode = outcome.mode if outcome.device.kernel.startswith("card") else None


def _apply(outcome: Outcome, rule: Rule, match: Match, final: set[str]) -> None:
    outcome.rules.append((rule, match))
    for token in rule.tokens:
        if token.is_match or token.key in final:
            continue
        setting = Setting(token.value, rule, match)
        if token.key == "OWNER":
            outcome.owner = setting
        elif token.key == "GROUP":
            outcome.group = setting
        elif token.key == "MODE":
            outcome.mode = setting
        elif token.key == "SYMLINK" and token.operator != "-=":
            outcome.symlinks += [Setting(link, rule, match) for link in token.value.split()]
        elif token.key == "TAG" and token.operator != "-=":
            outcome.tags.append(setting)
        if token.operator == ":=":
            final.add(token.key)


_PARENT_KEYS = {"KERNELS", "SUBSYSTEMS", "DRIVERS", "ATTRS", "TAGS"}


def matches(rule: Rule, device: Device, action: str = "add") -> Match:
    """Whether the rule applies to the device. All of KERNELS, SUBSYSTEMS, DRIVERS and ATTRS must fit one parent."""
    asked = [token for token in rule.tokens if token.is_match]
    own = [_own(token, device, action, rule.file) for token in asked if token.key not in _PARENT_KEYS]
    upward = [token for token in asked if token.key in _PARENT_KEYS]
    result = min(own, default=Match.YES)
    if upward and result is not Match.NO:
        chain = (Parent(device.kernel, device.subsystem, device.driver), *device.parents)
        result = min(result, max(min(_of_parent(token, parent) for token in upward) for parent in chain))
    return result


def _own(token: Token, device: Device, action: str, file: str) -> Match:
    known = {
        "ACTION": action,
        "KERNEL": device.kernel,
        "SUBSYSTEM": device.subsystem,
        "DRIVER": device.driver,
        "DEVPATH": device.devpath,
    }
    if token.key in known:
        return _compare(token, known[token.key])
    if token.key == "ENV" and token.attribute in {"SUBSYSTEM", "DEVTYPE", "DEVNAME", "ACTION"}:
        return _compare(token, device.env.get(token.attribute, action if token.attribute == "ACTION" else ""))
    if token.key == "ENV" and token.attribute == "ID_PATH" and device.subsystem == "drm":
        return _compare(token, f"platform-{device.parents[0].kernel}" if file > _PATHS_FILE else "")
    if token.key == "CONST" and token.attribute == "arch":
        return _compare(token, "arm64")
    return Match.MAYBE


def _of_parent(token: Token, parent: Parent) -> Match:
    known = {"KERNELS": parent.kernel, "SUBSYSTEMS": parent.subsystem, "DRIVERS": parent.driver}
    return _compare(token, known[token.key]) if token.key in known else Match.MAYBE


def _compare(token: Token, value: str) -> Match:
    if "$" in token.value or "%" in token.value:
        return Match.MAYBE
    hit = any(fnmatch.fnmatchcase(value, pattern.replace("[^", "[!")) for pattern in token.value.split("|"))
    return Match.YES if hit == (token.operator == "==") else Match.NO


def why_not(rule: Rule, device: Device) -> tuple[Token, ...]:
    """The matches of a rule that this device does not meet, each alone."""
    chain = (Parent(device.kernel, device.subsystem, device.driver), *device.parents)
    missed = []
    for token in rule.tokens:
        if not token.is_match:
            continue
        if token.key in _PARENT_KEYS:
            met = max(_of_parent(token, parent) for parent in chain)
        else:
            met = _own(token, device, "add", rule.file)
        if met is Match.NO:
            missed.append(token)
    return tuple(missed)


def in_order(rules: Iterable[Rule]) -> list[Rule]:
    """Rules in the order udevd reads them: by file name, then by line."""
    return sorted(rules, key=lambda rule: (rule.file, rule.line))
