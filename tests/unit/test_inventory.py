"""`nodes:`: what is read, what a pattern stands for, and what never gets as far as ssh's arguments."""

from __future__ import annotations

from pathlib import Path

import pytest

from rknn_validation.common.errors import HarnessError, SubjectFileError
from rknn_validation.subject.inventory import Node, expand, read_inventory, require_files, select

pytestmark = pytest.mark.unit

GOOD = """\
nodes:
  opi0[1-3]:
    host: opi0[1-3].internal
    user: alice
    port: 2222
    identity: keys/id
    jump: admin@gate.internal:22
    ssh_config: ssh_config
    board: orangepi-5-plus
    scenario: vendor
    groups: [npu, rack1]
    sudo: ask
    service_user: inference
  rpi01: {host: "fe80::1%eth0", board: raspberrypi-4-b, scenario: vendor, groups: [rack1]}
"""


def read(directory: Path, text: str) -> dict[str, Node]:
    path = directory / "nodes.yaml"
    path.write_text(text)
    return read_inventory(path, ("vendor", "mainline"))


def test_a_complete_inventory_is_read(tmp_path: Path) -> None:
    nodes = read(tmp_path, GOOD)
    assert list(nodes) == ["opi01", "opi02", "opi03", "rpi01"]
    opi = nodes["opi02"]
    assert (opi.host, opi.user, opi.port, opi.sudo) == ("opi02.internal", "alice", 2222, "ask")
    assert (opi.identity, opi.ssh_config) == (tmp_path / "keys/id", tmp_path / "ssh_config")
    assert (opi.jump, opi.groups, opi.service_user) == ("admin@gate.internal:22", ("npu", "rack1"), "inference")
    assert opi.where == f"{tmp_path / 'nodes.yaml'}:3: nodes.opi0[1-3]"
    assert (opi.guarded, nodes["rpi01"].guarded) == (False, True)
    assert (nodes["rpi01"].user, nodes["rpi01"].sudo) == (None, "none")


def test_users_other_than_root_use_sudo(tmp_path: Path) -> None:
    text = "nodes:\n  a: {host: a, user: alice, board: orangepi-5-plus, scenario: vendor}\n"
    assert read(tmp_path, text)["a"].sudo == "passwordless"


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ("opi01", ["opi01"]),
        ("opi[8-10]", ["opi8", "opi9", "opi10"]),
        ("opi[08-10].lan", ["opi08.lan", "opi09.lan", "opi10.lan"]),
        ("r[1-2]n[1,3]", ["r1n1", "r1n3", "r2n1", "r2n3"]),
    ],
)
def test_patterns(pattern: str, words: list[str]) -> None:
    assert expand(pattern) == words


@pytest.mark.parametrize("pattern", ["opi[3-1]", "opi[", "opi]", "opi[a-b]", "opi[1-9999]", "opi[]", "a[1-99]b[1-99]"])
def test_a_wrong_pattern_is_refused(pattern: str) -> None:
    with pytest.raises(ValueError):
        expand(pattern)


BAD: dict[str, tuple[str, str, int, str, str]] = {
    "an option for a host": ("opi0[1-3].internal", "-oProxyCommand=id", 3, "host", "option"),
    "a shell's words for a host": ("opi0[1-3].internal", "'$(id)'", 3, "host", "host name"),
    "a token of ssh's for a host": ("opi0[1-3].internal", "'%h'", 3, "host", "host name"),
    "a user with a space": ("user: alice", "user: 'alice -oX'", 4, "user", "user's name"),
    "an option for a user": ("user: alice", "user: -alice", 4, "user", "user's name"),
    "a port that is none": ("port: 2222", "port: 99999", 5, "port", "65535"),
    "a port in words": ("port: 2222", "port: ssh", 5, "port", "whole number"),
    "an option for a jump host": ("admin@gate.internal:22", "-Jx", 7, "jump", "jump host"),
    "a shell's words for a jump host": ("admin@gate.internal:22", "'a;id'", 7, "jump", "jump host"),
    "more names than hosts": ("host: opi0[1-3]", "host: opi0[1-2]", 3, "host", "one host for each name"),
    "a node given twice": ("  rpi01:", "  opi03:", 14, "opi03", "once"),
    "an unknown scenario": ("scenario: vendor\n    g", "scenario: vendr\n    g", 10, "scenario", "vendor"),
    "an unknown key": ("service_user:", "servis_user:", 13, "servis_user", "service_user"),
    "an NPU where there is none": ("groups: [rack1]", "expectation: npu", 14, "expectation", "guarded"),
    "a pattern that never ends": ("opi0[1-3]:\n", '"opi0[1-3":\n', 3, "opi0[1-3", "pattern"),
    "groups that are no list": ("[npu, rack1]", "npu", 11, "groups", "a list"),
    "sudo of another kind": ("sudo: ask", "sudo: always", 12, "sudo", "passwordless"),
    "a machine given twice": (
        "fe80::1%eth0",
        'opi02.internal", port: 2222, jump: "admin@gate.internal:22", ssh_config: "ssh_config',
        14,
        "rpi01.host",
        "which opi02 uses too",
    ),
    "a range that runs backwards": ("opi0[1-3]:\n", "opi0[3-1]:\n", 3, "opi0[3-1]", "write [1-3]"),
    "a range of nothing": ("opi0[1-3]:\n", "opi0[]:\n", 3, "opi0[]", "not a range"),
    "an unknown board": (
        "board: raspberrypi-4-b",
        "board: raspberrypi4b",
        14,
        "board",
        "did you mean 'raspberrypi-4-b'",
    ),
    "an unknown expectation": ("groups: [rack1]", "expectation: guard", 14, "expectation", "did you mean 'guarded'"),
    "an address for a whole entry": (
        GOOD[GOOD.index("  rpi01:") :],
        "  rpi01: rpi01.internal\n",
        14,
        "rpi01",
        "{host: ",
    ),
    "nodes in a list": (GOOD, "nodes:\n  - {host: a}\n", 2, "nodes", "{host: "),
    "no nodes": (GOOD, "nodes:\n", 1, "nodes", "{host: "),
    "brackets without quotes": (GOOD, "nodes:\n  a[1-2]: {host: a[1-2]}\n", 2, "not YAML", "quote"),
    "an empty file": (GOOD, "", 1, "top level", "--inventory FILE"),
    "a subject in an inventory": ("nodes:", "subject: {}\nnodes:", 1, "subject", "nodes"),
}


@pytest.mark.parametrize("name", BAD)
def test_an_error_in_an_inventory_names_file_line_key_and_remedy(name: str, tmp_path: Path) -> None:
    old, new, line, key, word = BAD[name]
    assert old in GOOD
    with pytest.raises(SubjectFileError) as caught:
        read(tmp_path, GOOD.replace(old, new, 1))
    text = str(caught.value)
    assert text.startswith(f"{tmp_path / 'nodes.yaml'}:{line}: "), text
    assert key in text and word in text and "expected" in text, text


def test_a_missing_inventory_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SubjectFileError, match=r"none\.yaml: cannot be read(?s:.*)--inventory FILE"):
        read_inventory(tmp_path / "none.yaml", ("vendor",))


def test_one_address_may_lead_to_several_machines(tmp_path: Path) -> None:
    entry = "{host: 127.0.0.1, board: orangepi-5-plus, scenario: vendor"
    text = f"nodes:\n  a: {entry}}}\n  b: {entry}, port: 2222}}\n  c: {entry}, jump: gate}}\n"
    assert list(read(tmp_path, text)) == ["a", "b", "c"]


def test_selection(tmp_path: Path) -> None:
    nodes = read(tmp_path, GOOD)
    assert [node.name for node in select(nodes, [], [])] == list(nodes)
    assert [node.name for node in select(nodes, ["opi02"], [])] == ["opi02"]
    assert [node.name for node in select(nodes, ["rpi01"], ["npu"])] == list(nodes)
    for names, groups, known in ((["opi9"], [], "opi01, opi02, opi03, rpi01"), ([], ["npus"], "npu, rack1")):
        with pytest.raises(HarnessError) as caught:
            select(nodes, names, groups)
        assert known in caught.value.expected
        assert caught.value.hint.startswith("did you mean")


def test_key_files_are_required_only_to_ask_nodes(tmp_path: Path) -> None:
    nodes = read(tmp_path, GOOD).values()
    with pytest.raises(HarnessError, match=r"nodes\.opi0\[1-3\]\.identity"):
        require_files(nodes)
    (tmp_path / "keys").mkdir()
    for name in ("keys/id", "ssh_config"):
        (tmp_path / name).touch()
    require_files(nodes)
