"""Do containers that are for the NPU get it?"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from itertools import pairwise

from rknn_validation.checks.configuration.registry import CONFIGURATION_CHECKS
from rknn_validation.checks.configuration.units import services
from rknn_validation.checks.model import Answer, Evidence, failed, passed, skipped
from rknn_validation.facts.model import Facts

_IMAGE = re.compile(r"^[\w.-]+(?:[:/][\w.@:/-]+)+$")
_FOR_NPU = re.compile(r"(?<![a-z])rk(?:35\d\d\w?)?(?![a-z0-9])|rknn|rknpu|rkllm|rkllama|rockchip", re.IGNORECASE)
_VARIANTS = {"immich-app/immich-machine-learning": "rknn", "blakeblackshear/frigate": "rk"}
"""Images that come with the NPU's libraries in a variant of this tag's suffix, and without them in all others."""
_NODE = re.compile(r"^/dev(?:/(?:dri|rknpu)\b.*)?(?::|/?$)")
_UNMASKED = re.compile(r"systempaths=unconfined|unmask=(?:ALL|\S*/sys/firmware)|/proc/device-tree|/sys/firmware")


@CONFIGURATION_CHECKS.check(
    "units.containers-get-the-npu",
    stage="units",
    title="a container for the NPU gets the device and sees which board it runs on",
    remedy='Give it extraOptions = [ "--device=/dev/dri" "--security-opt=systempaths=unconfined" ] '
    "(--device=/dev/rknpu with a driver built for DMA heaps).",
    stacks=("vendor",),
)
def containers_get_it(facts: Facts) -> Answer:
    """Podman and Docker hide devices, and /sys/firmware with it, where /proc/device-tree leads."""
    ours = {name: run for name, unit in services(facts).items() for run in _runs(unit.script)}
    meant = {name: words for name, words in ours.items() if any(_FOR_NPU.search(image) for image in _images(words))}
    wrong = [Evidence(name, why) for name, words in meant.items() for why in _kept_out(words)]
    wrong += [Evidence(name, why) for name, words in ours.items() for why in _without_libraries(words)]
    if wrong:
        return failed("the container's programs cannot use the NPU", *wrong)
    return passed(", ".join(meant)) if meant else skipped("the subject runs no container for the NPU")


def _without_libraries(words: tuple[str, ...]) -> Iterator[str]:
    """A container that is let in to the NPU, of an image without its libraries."""
    let_in = bool(_UNMASKED.search(" ".join(words))) or any(word.startswith("MACHINE_LEARNING_RKNN") for word in words)
    for image in _images(words) if let_in else ():
        name, _, tag = image.partition("@")[0].rpartition(":")
        for known, suffix in _VARIANTS.items():
            if name.endswith(known) and not re.search(rf"(?:^|-){suffix}(?:-|$)", tag):
                yield f"{image} has no library for the NPU; the tags that have end in -{suffix}"


def _runs(script: str) -> Iterator[tuple[str, ...]]:
    """The words of every `podman run` and `docker run`."""
    for line in script.replace("\\\n", " ").splitlines():
        if re.search(r"\b(?:podman|docker)\s+run\b", line):
            try:
                yield tuple(shlex.split(line))
            except ValueError:
                continue


def _images(words: tuple[str, ...]) -> Iterator[str]:
    """Words that may be the image's name: neither options nor what belongs to those, as far as can be told."""
    valued = ("-v", "-p", "-e", "--name", "-u", "-w", "--volume", "--publish", "--env", "--device", "--security-opt")
    for before, word in pairwise(words):
        if _IMAGE.match(word) and not word.startswith(("-", "/")) and before not in valued:
            yield word


def _kept_out(words: tuple[str, ...]) -> Iterator[str]:
    text = " ".join(words)
    if "--privileged" in words or "--privileged=true" in words or "--runtime" in text or "--annotation" in text:
        return
    given = list(_values(words, "--device")) + [value for name in ("-v", "--volume") for value in _values(words, name)]
    # What is named without /dev is a CDI device, which may bring anything.
    if any(not value.startswith("/") for value in _values(words, "--device")):
        return
    if not any(_NODE.match(value) for value in given):
        yield f"it is given no device of the NPU: {text}"
    elif not _UNMASKED.search(text):
        yield f"/proc/device-tree is masked, so the runtime does not know the chip: {text}"


def _values(words: tuple[str, ...], option: str) -> Iterator[str]:
    for at, word in enumerate(words):
        if word == option and at + 1 < len(words):
            yield words[at + 1]
        elif word.startswith(f"{option}="):
            yield word.partition("=")[2]
