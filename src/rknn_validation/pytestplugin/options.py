"""The options of the harness, once: pytest's are made from them, and so are the command's help and completion."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rknn_validation.checks.node.fleet import AT_ONCE
from rknn_validation.nodes.ssh import Limits
from rknn_validation.npu.boards import BOARDS
from rknn_validation.npu.stacks import STACK_NAMES

IMAGE = "rknn-inference:0.1.0"
Add = Callable[..., Any]
"""`add_argument` of argparse, or `addoption` of pytest, which takes the same words."""


def judging(add: Add) -> None:
    """What to judge, with which nixpkgs, and where reports go."""
    add("--subject", metavar="FILE", type=Path, help="subject file (default: validation.yaml)")
    flake = "judge a host of a flake as it is deployed, or every host of it (repeatable)"
    add("--flake", metavar="FLAKE[#HOST]", action="append", default=[], help=flake)
    add("--file", metavar="FILE", type=Path, help="judge a host of a file that is no flake, with -A")
    add("-A", "--attribute", metavar="PATH", default="", help="which host of --file, such as nodes.opi01")
    add("--board", choices=sorted(BOARDS), metavar="NAME", help="the board of --flake's or --file's host")
    add("--stack", choices=STACK_NAMES, help="the stack it is to bring up (default: what it brings)")
    add("--option", metavar="PATH", default="", help="the option that switches its NPU support on and off")
    add("--nixpkgs", metavar="PATH|FLAKE", help="evaluate with this nixpkgs")
    add("--offline", action="store_true", help="fetch nothing: neither nixpkgs nor inputs of flakes")
    build = "let Nix build what a configuration imports from a derivation"
    add("--allow-import-from-derivation", action="store_true", help=build)
    add("--evaluation-deadline", metavar="SECONDS", type=float, default=120.0, help="default: 120")
    add("--report", metavar="DIR", type=Path, help="where reports go (default: report)")


def emulation(add: Add) -> None:
    """What emulated boards are made of."""
    add("--cache", metavar="DIR", type=Path, help="images and snapshots (default: the user's cache)")
    add("--guest", choices=("debian", "nixos"), default="debian", help="what emulated boards boot")
    image = "a NixOS guest that is built already, with --guest nixos"
    add("--guest-image", metavar="[SCENARIO=]DIR", action="append", default=[], help=image)
    add("--guest-deadline", metavar="SECONDS", type=float, default=7200.0, help="default: 7200")


def hardware(add: Add) -> None:
    """Which real nodes to ask, and how."""
    add("--hardware", action="store_true", help="ask real nodes: `nodes:` of the subject file")
    add("--inventory", metavar="FILE", type=Path, help="ask the `nodes:` of this file instead")
    add("--node", metavar="NAME", action="append", default=[], help="ask this node (repeatable)")
    add("--group", metavar="NAME", action="append", default=[], help="ask the nodes of this group (repeatable)")
    add("--disturb", action="store_true", help="ask also what changes a node for a moment")
    container = "look into this container of the nodes, not into all that map an NPU (repeatable)"
    add("--container", metavar="NAME", action="append", default=[], help=container)
    accept = "trust the key of a node that is not known yet, and remember it"
    add("--accept-new-host-keys", action="store_true", help=accept)
    add("--nodes-at-once", metavar="N", type=int, default=AT_ONCE, help=f"default: {AT_ONCE}")
    level = "1: seconds a node; 2: each core, two clients, under load, some two minutes; 3: a soak (default: 1)"
    add("--level", metavar="1|2|3", type=int, choices=(1, 2, 3), default=1, help=level)
    add("--soak", metavar="DURATION", type=duration, help="how long a soak lasts, such as 90s, 30m, 2h (default: 30m)")
    limits = Limits()
    for name, what, seconds in (
        ("connect", "until a connection stands", limits.connect),
        ("command", "for each command on a node", limits.command),
        ("node", "for all questions to a node", limits.total),
    ):
        text = f"{what} (default: {seconds:g})"
        add(f"--{name}-deadline", metavar="SECONDS", type=float, default=seconds, help=text)


def duration(text: str) -> float:
    """Seconds of `90s`, `30m`, `2h`. Raises ArgumentTypeError for anything else."""
    found = re.fullmatch(r"(\d+)([smh])", text)
    if not found or not int(found[1]):
        raise argparse.ArgumentTypeError(f"{text!r}: expected a duration such as 90s, 30m or 2h")
    return float(found[1]) * {"s": 1, "m": 60, "h": 3600}[found[2]]


def kubernetes(add: Add) -> None:
    """Which cluster to ask, and what may be done to it."""
    add("--kubernetes", action="store_true", help="ask a live cluster: pods are made in a namespace of their own")
    add("--context", metavar="NAME", default="", help="the cluster: a context of the kubeconfig, never guessed")
    add("--disrupt", action="store_true", help="cordon NPU nodes, and kill their driver, for a moment")
    image = f"image of the pods, with python3 and the stack's own libraries (default: {IMAGE})"
    add("--image", metavar="IMAGE", default=IMAGE, help=image)
    patience = "for any one event of the cluster (default: 300)"
    add("--pod-deadline", metavar="SECONDS", type=float, default=300.0, help=patience)
    whole = "for all questions to the cluster (default: 3600)"
    add("--cluster-deadline", metavar="SECONDS", type=float, default=3600.0, help=whole)


GROUPS: dict[str, Callable[[Add], None]] = {
    "judging the NPU support of a NixOS configuration": judging,
    "emulated boards": emulation,
    "asking real nodes over SSH": hardware,
    "asking a Kubernetes cluster": kubernetes,
}


def names() -> frozenset[str]:
    """Every option's names."""
    found: set[str] = set()
    for options in GROUPS.values():
        options(lambda *words, **_: found.update(words))
    return frozenset(found)
