"""Do the device-tree overlays reach this board, and do they describe the stack's NPU?"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterator
from pathlib import Path

from rknn_validation.checks.configuration.registry import CONFIGURATION_CHECKS
from rknn_validation.checks.model import Answer, Evidence, failed, passed, skipped
from rknn_validation.facts.difference import baseline
from rknn_validation.facts.kernel.source import tree as kernel_tree
from rknn_validation.facts.model import Facts
from rknn_validation.nix.configuration import DeviceTreeOverlay
from rknn_validation.npu import kernels
from rknn_validation.npu.boards import RK3588_COMPATIBLES, Board
from rknn_validation.npu.stacks import STACKS


def own_overlays(facts: Facts) -> tuple[DeviceTreeOverlay, ...]:
    """The overlays the subject adds."""
    known = baseline(facts).device_tree.overlays
    return tuple(one for one in facts.configuration.device_tree.overlays if one not in known)


def text_of(overlay: DeviceTreeOverlay) -> str | None:
    """An overlay's source without comments, fragments written as the nodes they change.

    None where it is compiled already or made by a build.
    """
    text = overlay.text
    if text is None and overlay.file and overlay.file.endswith((".dts", ".dtso")):
        path = Path(overlay.file)
        text = path.read_text(errors="replace") if path.is_file() else None
    if text is None:
        return None
    return _without_fragments(re.sub(r"/\*.*?\*/|//[^\n]*", " ", text, flags=re.DOTALL))


_FRAGMENT = re.compile(
    r"\bfragment(?:@\w+|\w*)\s*\{\s*target(?:\s*=\s*<\s*(?P<label>&\w+)\s*>|-path\s*=\s*\"(?P<path>[^\"]*)\")\s*;\s*"
    r"__overlay__\s*(?P<body>\{(?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*\})\s*;\s*\}\s*;"
)


def _without_fragments(text: str) -> str:
    """dtc makes `&label { … };` into a fragment; older overlays spell the fragments out."""
    return _FRAGMENT.sub(lambda found: f"{found['label'] or '&{' + found['path'] + '}'} {found['body']};", text)


@CONFIGURATION_CHECKS.check(
    "device-tree.overlays-compile",
    stage="device-tree",
    title="every overlay is the source of an overlay",
    remedy="Begin with /dts-v1/; and /plugin/; and close every brace and statement.",
)
def overlays_compile(facts: Facts) -> Answer:
    """dtc compiles overlays when the system is built; without /plugin/ no label of the board can be named."""
    overlays = [(one, text) for one in own_overlays(facts) if (text := text_of(one)) is not None]
    wrong = [Evidence(one.name, why) for one, text in overlays if (why := _misshape(text))]
    if wrong:
        return failed("the overlay does not compile", *wrong)
    return passed(f"{len(overlays)} overlays") if overlays else skipped("the subject adds no overlay source")


def _misshape(text: str) -> str | None:
    if not re.search(r"/dts-v1/\s*;", text):
        return "/dts-v1/; is missing"
    if not re.search(r"/plugin/\s*;", text):
        return "/plugin/; is missing"
    code = re.sub(r'"(\\.|[^"\\])*"', '""', text)
    if code.count("{") != code.count("}"):
        return "braces do not match"
    bare = re.search(r"(?<=\n)\s*([\w,#-]+\s*=\s*[^;{}\n]*[^;,{}\s])\s*\n\s*([\w,#-]+\s*=|\})", code)
    return f"a semicolon is missing after: {bare[1].strip()}" if bare else None


@CONFIGURATION_CHECKS.check(
    "device-tree.overlays-apply-to-this-board",
    stage="device-tree",
    title="overlays apply to the scenario's boards",
    remedy='Give the overlay compatible = "rockchip,rk3588"; and no filter, or one that is part of the DTB\'s path '
    "(rk3588): a filter is plain text there, not a pattern.",
)
def overlays_apply(facts: Facts) -> Answer:
    """NixOS skips an overlay whose compatible shares nothing with the DTB's, and says so only in the build log."""
    overlays = own_overlays(facts)
    boards = [board for board in facts.scenario.identities() if board.is_rk3588]
    wrong = [Evidence(one.name, why) for one in overlays for why in _skipped_by_all(one, facts, boards)]
    if wrong:
        return failed("the overlay is applied to no device tree of these boards", *wrong)
    npus = {one.name: _compatibles(text) or set() for one in overlays if (text := text_of(one)) and _is_about_npu(text)}
    # A tree that is named is the one booted, whatever the board.
    booted = facts.configuration.device_tree.name
    asked = [board for board in boards if booted in (None, board.dtb)]
    left = [board for board in asked if not any(one & set(board.compatible) for one in npus.values())]
    # One overlay for each SoC is fine, as long as every board is somebody's.
    if npus and left and all(text_of(one) for one in overlays):
        return failed(
            f"no overlay of the NPU is applied to the device tree of {', '.join(board.name for board in left)}",
            *(Evidence(name, f"compatible = {', '.join(sorted(one))}") for name, one in npus.items()),
            *(Evidence(board.name, ", ".join(board.compatible)) for board in left),
        )
    return passed(f"{len(overlays)} overlays apply") if overlays else skipped("the subject adds no overlay")


def _skipped_by_all(overlay: DeviceTreeOverlay, facts: Facts, boards: list[Board]) -> Iterator[str]:
    """Why an overlay reaches none of the boards, nor any other with the NPU."""
    trees = [board.dtb for board in boards]
    if overlay.filter and not any(
        overlay.filter in one for one in (facts.configuration.device_tree.name or "", *trees)
    ):
        yield f'filter "{overlay.filter}" is in none of {", ".join(trees)}'
    text = text_of(overlay)
    if text is None or _misshape(text):
        return
    found = _compatibles(text)
    if found is None:
        yield "its root has no compatible"
    elif not found & (RK3588_COMPATIBLES | {name for board in boards for name in board.compatible}):
        yield f"compatible = {', '.join(sorted(found))}"


def _compatibles(text: str) -> set[str] | None:
    """What the overlay's root says it is for."""
    root = re.search(r"/\s*\{\s*(?:[\w,#-]+\s*=\s*[^;]*;\s*)*?compatible\s*=\s*([^;]*);", text)
    return set(re.findall(r'"([^"]*)"', root[1])) if root else None


def _is_about_npu(text: str) -> bool:
    return bool(re.search(r"npu|rknn", text))


@CONFIGURATION_CHECKS.check(
    "device-tree.overlays-are-built",
    stage="device-tree",
    title="device trees are built, so that overlays count",
    remedy="Set hardware.deviceTree.enable = true, and let hardware.deviceTree.filter include the board.",
)
def overlays_built(facts: Facts) -> Answer:
    """With hardware.deviceTree.enable = false, or a filter that drops the board, overlays are never applied."""
    overlays, tree = own_overlays(facts), facts.configuration.device_tree
    if not overlays:
        return skipped("the subject adds no overlay")
    boards = [board for board in facts.scenario.identities() if board.is_rk3588]
    names = [board.dtb.rsplit("/", 1)[-1] for board in boards] + [(tree.name or "").rsplit("/", 1)[-1]]
    if tree.filter and not any(fnmatch.fnmatchcase(name, tree.filter) for name in names):
        return failed(
            "hardware.deviceTree.filter leaves these boards' trees out",
            Evidence("hardware.deviceTree.filter", tree.filter),
            *(Evidence(board.name, board.dtb) for board in boards),
        )
    if not tree.enable:
        return failed(
            "hardware.deviceTree.enable is false: no overlay is applied", Evidence("overlays", overlays[0].name)
        )
    return passed("device trees are built")


@CONFIGURATION_CHECKS.check(
    "device-tree.describes-the-stack-s-npu",
    stage="device-tree",
    title="overlays describe the NPU as the stack's driver expects it",
    remedy="The vendor's driver binds rockchip,rk3588-rknpu (one node), rocket rockchip,rk3588-rknn-core (three).",
)
def describes_the_npu(facts: Facts) -> Answer:
    """Each driver binds its own compatible; with the other stack's the module loads and nothing happens."""
    stack = STACKS[facts.scenario.stack]
    others = {one.node_compatible for one in STACKS.values()} - {stack.node_compatible}
    texts = {one.name: text for one in own_overlays(facts) if (text := text_of(one)) is not None}
    about = {name: text for name, text in texts.items() if _is_about_npu(text)}
    if not about:
        return skipped("no overlay of the subject speaks of the NPU")
    named = {one for text in about.values() for one in re.findall(r'"(rockchip,rk\w+-(?:rk?n|npu)[\w-]*)"', text)}
    if named & others and stack.node_compatible not in named:
        return failed(f"no node is for {stack.module}", *(Evidence(name, ", ".join(sorted(named))) for name in about))
    strange = {one for one in named if re.search("npu|rknn-core", one)} - {s.node_compatible for s in STACKS.values()}
    if strange and stack.node_compatible not in named:
        return failed(
            f"{stack.module} binds {stack.node_compatible}", *(Evidence("compatible", one) for one in sorted(strange))
        )
    off = [name for name, text in about.items() if stack.name == "mainline" and _switches_off(text)]
    if off:
        return failed(
            "the overlay switches the NPU's nodes off", *(Evidence(name, 'status = "disabled"') for name in off)
        )
    return passed(", ".join(sorted(named)) or "nodes by label")


def _switches_off(text: str) -> bool:
    nodes = re.findall(r"&(?:\{[^}]*npu@[^}]*\}|rknn_core_\w+|rknn_mmu_\w+)\s*\{([^}]*)\}", text)
    return bool(nodes) and all("disabled" in node for node in nodes)


@CONFIGURATION_CHECKS.check(
    "device-tree.vendor-driver-can-bind",
    stage="device-tree",
    title="the out-of-tree driver finds a node to bind",
    remedy="Add an overlay that puts npu@fdab0000 with compatible rockchip,rk3588-rknpu into the board's tree and "
    "disables mainline's rknn-core nodes; Rockchip's own kernels ship such trees.",
    stacks=("vendor",),
)
def vendor_driver_can_bind(facts: Facts) -> Answer:
    """Mainline's device trees describe the NPU for rocket: rknpu loads into a stock kernel and binds nothing."""
    kernel, tree = facts.configuration.kernel, facts.configuration.device_tree
    known = {package.out_path for package in baseline(facts).kernel.extra_packages}
    ours = [one for one in kernel.extra_packages if one.out_path not in known and kernels.names_an_npu_module(one.name)]
    if not ours or not kernel_tree(facts).is_mainline:
        return skipped("the device tree comes with the kernel that brings the driver")
    if tree.overlays or facts.scenario.config.get("hardware"):
        return passed(
            "the device tree is changed", *(Evidence("hardware.deviceTree.overlays", one.name) for one in tree.overlays)
        )
    shown = Evidence("boot.extraModulePackages", ", ".join(one.name for one in ours))
    trees = Evidence(
        "boot.kernelPackages.kernel",
        f"{kernel.pname} {kernel.version}, whose device trees have no {STACKS['vendor'].node_compatible}",
    )
    return failed("the module loads and nothing binds: no device tree here has the vendor's node", shown, trees)
