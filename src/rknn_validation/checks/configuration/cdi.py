"""Do container device interface specifications hand the NPU to containers?"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from rknn_validation.checks.configuration.conditions import never_there
from rknn_validation.checks.configuration.registry import CONFIGURATION_CHECKS
from rknn_validation.checks.model import Answer, Evidence, failed, passed, skipped
from rknn_validation.facts.difference import baseline
from rknn_validation.facts.model import Facts
from rknn_validation.facts.text.nixtext import subject_files

_PLACE = re.compile(r"cdi/[^/]+\.(?:json|yaml)")
_KIND = re.compile(r"[A-Za-z0-9](?:[\w.-]*[A-Za-z0-9])?/[A-Za-z](?:[\w.-]*[A-Za-z0-9])?")
_NEEDS_STORE = re.compile(r"/run/opengl-driver\b|/libteflon\.so")


@CONFIGURATION_CHECKS.check(
    "units.cdi-brings-the-npu",
    stage="units",
    title="CDI specifications are read, and bring a device that exists and all that its library needs",
    remedy='Write /etc/cdi/NAME.json with kind = "vendor.example/class", the node of the stack (/dev/accel/accel0, '
    "/dev/dri/…, /dev/rknpu) and, beside libteflon.so or /run/opengl-driver, mounts of the store paths behind it.",
)
def cdi_brings_the_npu(facts: Facts) -> Answer:
    """Runtimes read *.json and *.yaml of /etc/cdi and /var/run/cdi, and refuse a file that is no specification."""
    found = dict(_specifications(facts))
    if not found:
        return skipped("the subject writes no CDI specification that can be read before a build")
    wrong = [
        Evidence(f"environment.etc.{path}", why) for path, given in found.items() for why in _wrong(facts, path, given)
    ]
    if wrong:
        return failed("containers that ask for the device do not get a working NPU", *wrong)
    return passed(", ".join(f"/etc/{path}" for path in found))


def _specifications(facts: Facts) -> Iterator[tuple[str, Mapping[str, Any]]]:
    before = baseline(facts).etc
    for path, file in facts.configuration.etc.items():
        if path not in before and file.text and "cdiVersion" in file.text:
            try:
                given = yaml.safe_load(file.text)
            except yaml.YAMLError:
                continue
            if isinstance(given, dict) and "cdiVersion" in given:
                yield path, given


def _wrong(facts: Facts, path: str, given: Mapping[str, Any]) -> Iterator[str]:
    if not _PLACE.fullmatch(path) and not _is_named(facts, f"/etc/{posixpath.dirname(path)}"):
        yield "container runtimes read *.json and *.yaml directly in /etc/cdi, and nothing below or beside it"
    kind = given.get("kind")
    if not isinstance(kind, str) or not _KIND.fullmatch(kind):
        yield f"kind {kind!r} is not VENDOR/CLASS: the runtime refuses the file"
    devices = given.get("devices")
    if not isinstance(devices, list) or not devices:
        yield "it has no devices: the runtime refuses the file"
        return
    edits = [given.get("containerEdits"), *(one.get("containerEdits") for one in devices if isinstance(one, dict))]
    nodes = [one.get("hostPath") or one.get("path") for one in _entries(edits, "deviceNodes")]
    for node in nodes:
        if isinstance(node, str) and never_there(facts, node):
            yield f"there is no {node}: the container is not started"
    mounted = [str(one.get("hostPath")) for one in _entries(edits, "mounts")]
    yield from _unreachable(mounted)
    if any(one.startswith("/run/opengl-driver") for one in mounted) and not facts.configuration.graphics_enabled:
        yield "there is no /run/opengl-driver to mount while hardware.graphics.enable is false"


def _unreachable(mounted: list[str]) -> Iterator[str]:
    """Libraries of Mesa that are mounted without what they need from the store."""
    needing = [path for path in mounted if _NEEDS_STORE.search(path)]
    store = [path for path in mounted if re.match(r"/nix(?:/store)?(?:/|$)", path) and path not in needing]
    if needing and not store:
        yield f"{needing[0]} needs libraries of /nix/store, of which the container sees nothing else"


def _entries(edits: list[Any], key: str) -> Iterator[Mapping[str, Any]]:
    for one in edits:
        inner = one.get(key) if isinstance(one, dict) else None
        yield from (entry for entry in (inner if isinstance(inner, list) else ()) if isinstance(entry, dict))


def _is_named(facts: Facts, folder: str) -> bool:
    """Whether the machine's own settings name the folder, as cdi_spec_dirs of a runtime does."""
    configuration = facts.configuration
    texts = [file.text or "" for file in configuration.etc.values()]
    texts += [f"{unit.script}\n{unit.sections}" for unit in configuration.units.values()]
    texts += [file.text for file in subject_files(facts.subject)]
    return any(re.search(rf"{re.escape(folder)}(?![\w./-])", text) for text in texts)
