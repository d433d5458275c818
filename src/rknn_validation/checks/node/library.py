"""The runtime library: found by C programs in shells and services, and that of the running system."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence

from rknn_validation.checks.model import Answer, Evidence, failed, inconclusive, passed, skipped
from rknn_validation.checks.node.client import LOGIN_SHELL, NO_PROGRAM, NOBODY, client, program
from rknn_validation.checks.node.registry import HARDWARE_CHECKS, NODE_CHECKS, NodeUnderTest, Ran, absent
from rknn_validation.facts.nix.configuration import Configuration, Unit
from rknn_validation.npu.stacks import LD_LIBRARY_PATH, MAINLINE, PYTHON_RUNTIME_PATHS
from rknn_validation.subject.expects import services

NO_CLIENT = NO_PROGRAM.format("load the library")
TEFLON = "/run/opengl-driver/lib/libteflon.so"
ELF = b"\x7fELF".decode()


def loads(node: NodeUnderTest, words: tuple[str, ...], library: str, prepare: str = "") -> Ran:
    """A login shell of an unprivileged user starts the client, which loads the library by name."""
    return node.run(f"{LOGIN_SHELL} %s", f"{prepare} exec {shlex.join((*words, 'load', library))}".strip())


def loaded_path(ran: Ran) -> str | None:
    """Where the client found the library, None where it did not."""
    return next((line.removeprefix("loaded ") for line in ran.lines if line.startswith("loaded /")), None)


def _each(words: Sequence[str]) -> str:
    """A placeholder for each word of a command."""
    return " ".join("%s" for _ in words)


@NODE_CHECKS.check(
    "library.login-shell-finds-runtime",
    "A C program in a login shell finds librknnrt.so",
    remedy="Add the runtime's lib directory to environment.sessionVariables.LD_LIBRARY_PATH (as a list).",
    stacks=("vendor",),
)
def login_shell(node: NodeUnderTest) -> Answer:
    """The C client, or Python in its place, started by an unprivileged login shell with a clean environment."""
    words = program(node)
    if words is None:
        return skipped(NO_CLIENT)
    ran = loads(node, words, "librknnrt.so")
    path = loaded_path(ran)
    shell = node.run(f"{LOGIN_SHELL} %s", f'echo "LD_LIBRARY_PATH=${LD_LIBRARY_PATH}"')
    expects = node.expectation.scenario.expects
    if path is None and expects is not None and "c" not in expects and not _is_led(node.expectation.configuration):
        return skipped("no setting makes C programs in a login shell find librknnrt.so, and it is not expected")
    if path is None:
        return failed("a C program in a login shell does not find librknnrt.so", ran.evidence, shell.evidence)
    if not path.startswith("/nix/store/"):
        return failed(f"librknnrt.so comes from {path}, not from the store", ran.evidence, shell.evidence)
    return passed(f"found {path}", ran.evidence, shell.evidence)


def _is_led(configuration: Configuration) -> bool:
    """Whether the configuration sets the library path of login shells."""
    told = LD_LIBRARY_PATH in {*configuration.variables, *configuration.session_variables}
    return told or any(LD_LIBRARY_PATH in text for text in configuration.shell_init.values())


@NODE_CHECKS.check(
    "library.service-finds-runtime",
    "A C program in a service finds librknnrt.so",
    remedy="Set environment.LD_LIBRARY_PATH of the unit, or systemd.globalEnvironment: services read no profile.",
    stacks=("vendor",),
)
def service(node: NodeUnderTest) -> Answer:
    """The client in a transient service with the environment of a unit that the configuration gives the runtime."""
    words = program(node)
    if words is None:
        return skipped(NO_CLIENT)
    configuration = node.expectation.configuration
    unit, way = _way(configuration, services(node.expectation.scenario.expects))
    if way is None:
        ran = node.run(f"systemd-run --quiet --collect --wait --pipe {_each(words)} load librknnrt.so", *words)
        if loaded_path(ran):
            return passed("found without any setting", ran.evidence)
        what = "the configuration gives the runtime to no service: no unit sets LD_LIBRARY_PATH"
        return absent(node, "service", what, ran.evidence)
    properties = [f"--property=Environment={item}" for item in way]
    if unit is not None:
        for key in ("EnvironmentFile", "User", "DynamicUser", "SupplementaryGroups", "ProtectSystem", "PrivateUsers"):
            values = unit.sections.get("Service", {}).get(key, ())
            properties += [f"--property={key}={value}" for value in values]
    shown = node.run("systemctl show --property=Environment %s", unit.name) if unit else None
    command = f"systemd-run --quiet --collect --wait --pipe {_each(properties)} {_each(words)} load librknnrt.so"
    ran = node.run(command, *properties, *words)
    evidence = (ran.evidence, *((shown.evidence,) if shown else ()))
    path = loaded_path(ran)
    whose = unit.name if unit else "systemd.globalEnvironment"
    if path is None:
        return failed(f"a C program with the environment of {whose} does not find librknnrt.so", *evidence)
    if shown is not None and not all(item.partition("=")[2] in shown.stdout for item in way):
        return failed(f"systemd does not know the environment {whose} was given", *evidence)
    return passed(f"with the environment of {whose}, found {path}", *evidence)


def _way(configuration: Configuration, expected: Sequence[str]) -> tuple[Unit | None, tuple[str, ...] | None]:
    """The unit (or None for every unit) that carries the runtime, and its settings; (None, None) where none does.

    Services that are expected to use the NPU come first, by name.
    """
    first = {f"{name}.service" for name in expected}
    for unit in sorted(configuration.units.values(), key=lambda unit: (unit.name not in first, unit.name)):
        if LD_LIBRARY_PATH in unit.environment and unit.name.endswith(".service"):
            return unit, (f"{LD_LIBRARY_PATH}={unit.environment[LD_LIBRARY_PATH]}",)
    if LD_LIBRARY_PATH in configuration.global_environment:
        return None, (f"{LD_LIBRARY_PATH}={configuration.global_environment[LD_LIBRARY_PATH]}",)
    for unit in configuration.units.values():
        if unit.sections.get("Service", {}).get("EnvironmentFile"):
            return unit, ()
    return None, None


@NODE_CHECKS.check(
    "library.not-from-working-directory",
    "No library is loaded from the working directory",
    remedy="Remove empty elements from LD_LIBRARY_PATH: write it as a list, or as "
    "${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}.",
    stacks=("vendor",),
)
def not_from_working_directory(node: NodeUnderTest) -> Answer:
    """A planted librknnrt.so lies in the working directory of a login shell and of a service."""
    words = program(node)
    if words is None:
        return skipped(NO_CLIENT)
    source = node.run(
        "readlink -e /proc/self/exe /run/current-system/sw/lib/librknnrt.so; ls -d /nix/store/*/lib/librknnrt.so"
    )
    runtime = next((line for line in source.lines if line.endswith("librknnrt.so")), None)
    if runtime is None:
        return skipped("there is no librknnrt.so on the node to plant a copy of: see library.login-shell-finds-runtime")
    planted = node.run(
        "directory=$(mktemp -d) && chmod 0755 $directory && cp %s $directory/librknnrt.so && echo $directory", runtime
    )
    if planted.rc:
        return inconclusive("a library could not be planted", planted.evidence)
    directory = planted.stdout.strip()
    asked = [loads(node, words, "librknnrt.so", f"cd {shlex.quote(directory)} &&")]
    _, way = _way(node.expectation.configuration, ())
    setting = [f"--property=Environment={item}" for item in way or ()]
    command = (
        f"systemd-run --quiet --collect --wait --pipe --property=WorkingDirectory=%s {_each(setting)} {_each(words)}"
    )
    asked.append(node.run(f"{command} load librknnrt.so", directory, *setting, *words))
    node.run("rm -r %s", directory)
    evidence = tuple(ran.evidence for ran in asked)
    for ran in asked:
        if (loaded_path(ran) or "").startswith(directory):
            return failed("a library planted in the working directory is loaded", *evidence)
    return passed("the planted library is not loaded", *evidence)


@NODE_CHECKS.check(
    "library.readable",
    "Every user can read the runtime library",
    remedy="Install the library with mode 0644 below the package's lib directory.",
    stacks=("vendor",),
)
def readable(node: NodeUnderTest) -> Answer:
    """Read by a user that is nobody; and what is read is an ELF file."""
    ran = node.run("ls -d /run/current-system/sw/lib/librknnrt.so /usr/lib/librknnrt.so")
    if not ran.lines:
        return skipped(
            "librknnrt.so is in neither the system profile nor /usr/lib: see library.login-shell-finds-runtime"
        )
    evidence: list[Evidence] = []
    for path in ran.lines:
        read = node.run(f"{NOBODY} --clear-groups head -c 4 %s", path)
        real = node.run("readlink -e %s", path).stdout.strip()
        evidence += [Evidence(f"{path} -> {real}", repr(read.stdout or read.stderr))]
        if read.rc:
            return failed(f"only root can read {path}" if real else f"{path} leads nowhere", *evidence)
        if read.stdout != ELF:
            return failed(f"{path} is not an ELF file", *evidence)
    return passed(f"{', '.join(ran.lines)}: readable by everybody, ELF", *evidence)


@NODE_CHECKS.check(
    "library.teflon-loads",
    "Mesa's Teflon delegate can be loaded from /run/opengl-driver/lib",
    remedy="Set hardware.graphics.enable = true with Mesa 25.3 or later.",
    stacks=("mainline",),
)
def teflon(node: NodeUnderTest) -> Answer:
    """The client loads Mesa's delegate from /run/opengl-driver/lib, as an unprivileged user."""
    words = program(node)
    if words is None:
        return skipped(NO_CLIENT)
    ran = loads(node, words, TEFLON)
    path = loaded_path(ran)
    if path is None:
        driver = node.run("ls -l /run/opengl-driver /run/opengl-driver/lib/")
        return failed(f"{TEFLON} cannot be loaded", ran.evidence, driver.evidence)
    return passed(f"found {path}", ran.evidence)


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
    "library.loaded-from-running-system",
    "The loader uses the library of the running system",
    remedy="Log in again after a switch; remove what puts another librknnrt.so into LD_LIBRARY_PATH.",
)
def loader_takes_the_systems(node: NodeUnderTest) -> Answer:
    """Loaded by name in a login shell (C client or Python), followed to its file, looked up in the system's closure."""
    ran = _loaded(node)
    if ran is None:
        return skipped("neither the C client nor python3 is on the node to load the library with")
    path = loaded_path(ran)
    if path is None:
        return failed(f"the loader does not find {_name(node)}", ran.evidence)
    return _of_the_system(node, path, ran.evidence)


def _name(node: NodeUnderTest) -> str:
    stack = node.expectation.brought_up
    return TEFLON if stack is MAINLINE else stack.library


def _loaded(node: NodeUnderTest) -> Ran | None:
    path = client(node)
    if path is not None:
        return loads(node, (path,), _name(node))
    if node.run(f"{LOGIN_SHELL} %s", "command -v python3").rc:
        return None
    return node.run(f"{LOGIN_SHELL} %s", f"exec python3 -c {shlex.quote(_LOAD)} {_name(node)}")


@HARDWARE_CHECKS.check(
    "library.link-is-current",
    "The link for the Python API points into the running system",
    remedy="Create the link in a unit that every switch restarts; remove links made by hand.",
    stacks=("vendor",),
)
def link_is_current(node: NodeUnderTest) -> Answer:
    """Each of the API's hard-coded paths that exists, followed to its file: no older generation's, not a copy."""
    ran = node.run("readlink -e " + " ".join("%s" for _ in PYTHON_RUNTIME_PATHS), *PYTHON_RUNTIME_PATHS)
    if not ran.lines:
        return skipped("none of the Python API's paths leads anywhere: see python.runtime-in-place")
    return _of_the_system(node, ran.lines[0], ran.evidence)


def _of_the_system(node: NodeUnderTest, path: str, seen: Evidence) -> Answer:
    found = _STORE.match(path)
    if found is None:
        return failed(f"{path} is not in the store", seen)
    inside = node.run(_IN_CLOSURE, found[1])
    if inside.rc not in (0, 1):
        return inconclusive("nix-store does not tell what the running system consists of", seen, inside.evidence)
    if inside.rc == 1:
        return failed(f"{path} is not of the running system: a stale generation's", seen, inside.evidence)
    whole = node.run("nix-store --verify-path %s", found[1])
    if "was modified" in whole.stderr:
        return failed(f"{found[1]} is not what was built: its hash differs", seen, whole.evidence)
    if whole.rc:
        return inconclusive(f"nix-store cannot verify {found[1]}", seen, whole.evidence)
    return passed(f"{path} is of the running system, and as it was built", seen, inside.evidence, whole.evidence)
