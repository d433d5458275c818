"""The reader of udev rules against udev(7), and what rules do to the devices of a board."""

from __future__ import annotations

import pytest

from rknn_validation.facts.text.udevdevices import (
    MAINLINE_ACCEL,
    OTHER_DEVICES,
    VENDOR_MISC,
    VENDOR_RENDER,
    Device,
)
from rknn_validation.facts.text.udevrules import parse
from rknn_validation.facts.text.udevrun import Match, in_order, matches, run

pytestmark = pytest.mark.unit

GPU = OTHER_DEVICES[0]


@pytest.mark.parametrize(
    "text",
    [
        'SUBSYSTEM=="misc", KERNEL=="rknpu", GROUP="render", MODE="0660"',
        'SUBSYSTEM=="drm" KERNEL=="renderD*" MODE="660"',  # commas may be missing
        'KERNEL=="rknpu", MODE="0660",',
        'KERNEL == "rknpu", SYMLINK += "npu"',
        'ENV{DEVTYPE}=="drm_minor", ATTRS{idVendor}=="1d6b", TAG+="uaccess", TAG-="seat"',
        'ACTION!="add|change", GOTO="end"\nKERNEL=="rknpu", MODE:="0660"\nLABEL="end"',
        '# a comment\n\nKERNEL=="rknpu", \\\n  # inside\n  MODE="0660"',
        'IMPORT{builtin}="path_id", PROGRAM="/nix/store/x/bin/id $name", RESULT=="1?", RUN{builtin}+="kmod load x"',
        'KERNEL=="a", NAME=e"x\\x20y", MODE="%c{1}"',
        'CONST{arch}=="arm64", TEST{0600}=="uevent", SYSCTL{kernel/x}="1", OPTIONS+="static_node=rknpu"',
    ],
)
def test_readable(text: str) -> None:
    assert not parse("70-npu.rules", text).complaints


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('KERNEL="rknpu", MODE="0660"', "can only be matched"),
        ('KERNEL==rknpu, MODE="0660"', "not in double quotes"),
        ('KERNEL=="rknpu, MODE="0660"', "quote is missing"),
        ('KERNEL=="rknpu", MODE=="0660"', "can only be assigned"),
        ('KERNEL=="rknpu", MODE="rw-rw----"', "not an octal number"),
        ('KERNEL=="rknpu", MODE="0680"', "not an octal number"),
        ('KERNEL=="rknpu", PERMISSIONS="0660"', "not a key"),
        ('kernel=="rknpu", MODE="0660"', "not a key"),
        ('ATTRS=="x", MODE="0660"', "needs an attribute"),
        ('KERNEL{x}=="rknpu", MODE="0660"', "takes no attribute"),
        ('KERNEL=="rknpu", GOTO="end"', "no LABEL"),
        ('LABEL="end"\nKERNEL=="rknpu", GOTO="end"', "no LABEL"),
        ('KERNEL=~"rknpu", MODE="0660"', "not in double quotes"),
        ('KERNEL=="rknpu", GROUP=""', "GROUP is empty"),
        ("just words", "not a KEY"),
        ('KERNEL=="rknpu", \\', "backslash"),
    ],
)
def test_unreadable(text: str, why: str) -> None:
    complaints = parse("70-npu.rules", text).complaints
    assert [why in one.why for one in complaints] == [True], complaints


def test_complaint_names_the_line() -> None:
    (complaint,) = parse("70-npu.rules", '# one\nKERNEL=="a", \\\n  MODE="0660"\n\nKERNEL="b"\n').complaints
    assert complaint.line == 5


@pytest.mark.parametrize(
    ("rule", "device", "expected"),
    [
        ('KERNEL=="rknpu*"', VENDOR_MISC, Match.YES),
        ('SUBSYSTEM=="misc", KERNEL=="rknpu"', VENDOR_MISC, Match.YES),
        ('KERNEL=="rknpu", DRIVERS=="RKNPU"', VENDOR_MISC, Match.NO),
        ('KERNEL=="rknn|rknpu"', VENDOR_MISC, Match.YES),
        ('KERNEL!="rknpu"', VENDOR_MISC, Match.NO),
        ('SUBSYSTEM=="drm", KERNEL=="renderD*", DRIVERS=="RKNPU"', VENDOR_RENDER[0], Match.YES),
        ('SUBSYSTEM=="drm", KERNEL=="renderD*", DRIVERS=="rknpu"', VENDOR_RENDER[0], Match.NO),
        ('SUBSYSTEM=="drm", KERNELS=="fdab0000.npu", DRIVERS=="RKNPU"', VENDOR_RENDER[0], Match.YES),
        ('SUBSYSTEM=="drm", KERNELS=="renderD*", DRIVERS=="RKNPU"', VENDOR_RENDER[0], Match.NO),  # one parent must fit
        ('KERNEL=="renderD129"', VENDOR_RENDER[0], Match.NO),
        ('KERNEL=="renderD*"', GPU, Match.YES),
        ('KERNEL=="renderD*", DRIVERS=="RKNPU"', GPU, Match.NO),
        ('SUBSYSTEM=="accel", KERNELS=="rknn"', MAINLINE_ACCEL, Match.YES),
        ('SUBSYSTEM=="accel", DRIVERS=="rocket"', MAINLINE_ACCEL, Match.NO),
        ('SUBSYSTEM=="accel", KERNEL=="accel[0-9]*"', MAINLINE_ACCEL, Match.YES),
        ('SUBSYSTEM=="accel", ATTRS{of_node/name}=="npu"', MAINLINE_ACCEL, Match.MAYBE),
        ('SUBSYSTEM=="accel", PROGRAM="/x"', MAINLINE_ACCEL, Match.MAYBE),
        ('ACTION=="remove", KERNEL=="rknpu"', VENDOR_MISC, Match.NO),
        ('ENV{DEVTYPE}=="drm_minor"', VENDOR_RENDER[0], Match.YES),
    ],
)
def test_matches(rule: str, device: Device, expected: Match) -> None:
    (parsed,) = parse("70-npu.rules", f'{rule}, MODE="0660"').rules
    assert matches(parsed, device) is expected


def outcome(device: Device, **files: str):  # type: ignore[no-untyped-def]
    rules = [rule for name, text in files.items() for rule in parse(f"{name[1:]}-npu.rules", text).rules]
    return run(in_order(rules), device)


def test_the_last_rule_wins() -> None:
    found = outcome(VENDOR_MISC, _60='KERNEL=="rknpu", MODE="0666"', _70='KERNEL=="rknpu", MODE="0660", GROUP="render"')
    assert found.mode_bits == 0o660
    assert found.group is not None and found.group.value == "render"


def test_a_final_assignment_cannot_be_overridden() -> None:
    found = outcome(VENDOR_MISC, _60='KERNEL=="rknpu", MODE:="0600"', _70='KERNEL=="rknpu", MODE="0666"')
    assert found.mode_bits == 0o600


def test_systemds_own_rules_override_earlier_ones_for_render_nodes() -> None:
    rule = 'SUBSYSTEM=="drm", KERNEL=="renderD*", DRIVERS=="RKNPU", MODE="0600"'
    assert outcome(VENDOR_RENDER[0], _10=rule).mode_bits == 0o666
    assert outcome(VENDOR_RENDER[0], _70=rule).mode_bits == 0o600


def test_goto_skips_to_its_label() -> None:
    text = 'SUBSYSTEM=="misc", GOTO="end"\nKERNEL=="rknpu", MODE="0666"\nLABEL="end"\nKERNEL=="rknpu", GROUP="render"'
    found = outcome(VENDOR_MISC, _70=text)
    assert found.mode is None and found.group is not None


def test_a_group_without_a_mode_gives_the_group_access() -> None:
    assert outcome(VENDOR_MISC, _70='KERNEL=="rknpu", GROUP="render"').mode_bits == 0o660


def test_untouched_nodes_keep_their_defaults() -> None:
    assert not outcome(VENDOR_MISC, _70='KERNEL=="fuse", MODE="0666"').gives_access
