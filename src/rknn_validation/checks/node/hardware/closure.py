"""The library that is really loaded: of the system that runs now, and as it was built."""

from __future__ import annotations

import re
import shlex

from rknn_validation.checks.model import Answer, Evidence, failed, inconclusive, passed, skipped
from rknn_validation.checks.node.client import LOGIN_SHELL, client
from rknn_validation.checks.node.library import TEFLON, loaded_path, loads
from rknn_validation.checks.node.question import HARDWARE_CHECKS, Question, Ran
from rknn_validation.npu.stacks import MAINLINE, PYTHON_RUNTIME_PATHS

_STORE = re.compile(r"(/nix/store/[0-9a-z]{32}-[^/]+)")
_IN_CLOSURE = """\
requisites=$(nix-store --query --requisites /run/current-system) || exit 9
printf '%%s\\n' "$requisites" | grep -Fx -- %s"""
# As a login shell of an unprivileged user: the loader's own search, then where the file really is.
_LOAD = """\
import ctypes, os, sys
ctypes.CDLL(sys.argv[1])
name = os.path.basename(sys.argv[1])
print("loaded", next(os.path.realpath(line.split()[-1]) for line in open("/proc/self/maps") if name in line))
"""


@HARDWARE_CHECKS.check(
    "library.loader-takes-the-systems",
    stage="library",
    title="does the loader take the library of the running system?",
    remedy="log in anew after a switch; remove what puts another librknnrt.so into LD_LIBRARY_PATH",
)
def loader_takes_the_systems(question: Question) -> Answer:
    """Loaded by name in a login shell (C client or Python), followed to its file, looked up in the system's closure."""
    ran = _loaded(question)
    if ran is None:
        return skipped("neither the C client nor python3 is on the node to load the library with")
    path = loaded_path(ran)
    if path is None:
        return failed(f"the loader does not find {_name(question)}", ran.evidence)
    return _of_the_system(question, path, ran.evidence)


def _name(question: Question) -> str:
    stack = question.expectation.brought_up
    return TEFLON if stack is MAINLINE else stack.library


def _loaded(question: Question) -> Ran | None:
    path = client(question)
    if path is not None:
        return loads(question, (path,), _name(question))
    if question.run(f"{LOGIN_SHELL} %s", "command -v python3").rc:
        return None
    return question.run(f"{LOGIN_SHELL} %s", f"exec python3 -c {shlex.quote(_LOAD)} {_name(question)}")


@HARDWARE_CHECKS.check(
    "library.link-is-current",
    stage="library",
    title="does the link for the Python API lead into the running system?",
    remedy="make the link in a unit that every switch restarts; remove a link made by hand",
    stacks=("vendor",),
)
def link_is_current(question: Question) -> Answer:
    """Each of the API's hard-coded paths that exists, followed to its file: no older generation's, not a copy."""
    ran = question.run("readlink -e " + " ".join("%s" for _ in PYTHON_RUNTIME_PATHS), *PYTHON_RUNTIME_PATHS)
    if not ran.lines:
        return skipped("none of the Python API's paths leads anywhere: see python.runtime-in-place")
    return _of_the_system(question, ran.lines[0], ran.evidence)


def _of_the_system(question: Question, path: str, seen: Evidence) -> Answer:
    found = _STORE.match(path)
    if found is None:
        return failed(f"{path} is not of the store", seen)
    inside = question.run(_IN_CLOSURE, found[1])
    if inside.rc not in (0, 1):
        return inconclusive("nix-store does not tell what the running system consists of", seen, inside.evidence)
    if inside.rc == 1:
        return failed(f"{path} is not of the running system: a stale generation's", seen, inside.evidence)
    whole = question.run("nix-store --verify-path %s", found[1])
    if "was modified" in whole.stderr:
        return failed(f"{found[1]} is not what was built: its hash differs", seen, whole.evidence)
    if whole.rc:
        return inconclusive(f"nix-store cannot verify {found[1]}", seen, whole.evidence)
    return passed(f"{path} is of the running system, and as it was built", seen, inside.evidence, whole.evidence)
