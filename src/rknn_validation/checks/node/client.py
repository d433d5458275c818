"""Programs that stand for clients of the NPU on a node: the C client, or a Python."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass

from rknn_validation.checks.node.registry import NodeUnderTest
from rknn_validation.facts.nix.configuration import Configuration, Unit
from rknn_validation.machine.activation.python import is_toolkit
from rknn_validation.machine.standins import CLIENT
from rknn_validation.subject.expects import services
from rknn_validation.subject.validation import Scenario

CLIENTS = (CLIENT, "/run/rknn-validation/npu-client")
"""Paths of the C client (machine/guest/npu_client.c): on emulated boards, and where it is copied to on real ones."""

NOBODY = "setpriv --reuid=65534 --regid=65534 --no-new-privs --inh-caps=-all"
"""Runs the command that follows as user nobody; add `--clear-groups` or `--groups`."""

LOGIN_SHELL = (
    "env -i HOME=/var/empty USER=nobody LOGNAME=nobody $(command -v setpriv) --reuid=65534 --regid=65534"
    " --clear-groups $(command -v bash) -lc"
)
"""Runs the next word in a login shell of an unprivileged user with a clean environment."""


def client(node: NodeUnderTest) -> str | None:
    """The C client's path on the node, None where it has none."""
    return next((path for path in CLIENTS if node.run("test -x %s", path).rc == 0), None)


NO_PROGRAM = "neither the C client nor a python3 of the store is on the node, and one of them has to {}"
"""The reason of a skip; the check adds what it needs them for."""

# As the C client (machine/guest/npu_client.c), word for word in what it prints. systemd-run and testinfra read `$` and
# the per cent sign their own way, so there is none.
PYTHON = """\
import ctypes, fcntl, os, struct, sys
class Map(ctypes.Structure):
    _fields_ = [("address", ctypes.c_void_p), ("name", ctypes.c_char_p)]
what, name = sys.argv[1:]
try:
    if what == "load":
        found = ctypes.POINTER(Map)()
        handle = ctypes.c_void_p(ctypes.CDLL(name)._handle)
        ctypes.CDLL(None).dlinfo(handle, 2, ctypes.byref(found))
        print("loaded", os.path.realpath(os.fsdecode(found.contents.name)))
        sys.exit()
    device = os.open(name, os.O_RDWR | os.O_CLOEXEC)
    number = os.fstat(device).st_rdev
    major = os.major(number)
except OSError as problem:
    sys.exit(str(problem))
print("opened {} ({}:{})".format(name, major, os.minor(number)))
try:
    answer = fcntl.ioctl(device, 0xc0087200 if major == 10 else 0xc0086440, struct.pack("II", 1, 0))
    rest, last = divmod(struct.unpack("II", answer)[1], 100)
    print("driver version {}.{}.{}".format(*divmod(rest, 100), last))
except OSError as problem:
    print("ioctl ACTION:", problem.strerror)
"""
_WHICH = "exec python3 -c 'import os; print(os.path.realpath(\"/proc/self/exe\"))'"


def program(node: NodeUnderTest) -> tuple[str, ...] | None:
    """The command of the C client or else of a Python that does the same; None without either.

    Past wrappers, which may set what is to be found out; and of the store alone: another Python's loader has default
    directories, where it finds what no program of NixOS does.
    """
    path = client(node)
    if path is not None:
        return (path,)
    ran = node.run(f"{LOGIN_SHELL} %s", _WHICH)
    interpreter = ran.stdout.strip()
    return (interpreter, "-I", "-c", PYTHON) if ran.rc == 0 and interpreter.startswith("/nix/store/") else None


_INTERPRETER = re.compile(r"/nix/store/[^\s/]+/bin/python[\d.]*(?=\s|$)")
_KEPT = (
    "EnvironmentFile",
    "User",
    "Group",
    "DynamicUser",
    "SupplementaryGroups",
    "RootDirectory",
    "BindPaths",
    "BindReadOnlyPaths",
    "TemporaryFileSystem",
    "InaccessiblePaths",
    "PrivateDevices",
    "PrivateUsers",
    "DevicePolicy",
    "DeviceAllow",
    "ProtectSystem",
    "ProtectHome",
)
"""Settings of a service that decide what its Python finds and can open."""


@dataclass(frozen=True)
class Client:
    """A Python: its name for people (`whom`), its command (`words`), and whether it is known to have the API."""

    whom: str
    words: tuple[str, ...]
    known: bool = True


def owners(configuration: Configuration) -> tuple[str, ...]:
    """The users who have the API in their own packages; none where every user has it."""
    everybodys = any(is_toolkit(inner) for package in configuration.system_packages for inner in package.walk())
    if everybodys:
        return ()
    return tuple(
        name
        for name, user in sorted(configuration.users.items())
        if any(is_toolkit(inner) for package in user.packages for inner in package.walk())
    )


def _with_api(configuration: Configuration) -> frozenset[str]:
    """The store paths that contain the API."""
    every = configuration.packages()
    return frozenset(one.out_path for one in every if any(map(is_toolkit, one.walk())))


def of_owner(name: str) -> Client:
    """The python3 of a user's own login shell."""
    who = shlex.quote(name)
    shell = f"env -i HOME=/tmp USER={who} LOGNAME={who} $(command -v setpriv) --reuid={who} --regid=$(id -g {who})"
    return Client(name, (f"{shell} --init-groups $(command -v bash) -lc",))


def of_services(scenario: Scenario, configuration: Configuration) -> Iterator[tuple[Client, tuple[str, ...]]]:
    """(client, arguments) of expected services that start a Python by its path, with the settings of their units."""
    for name in services(scenario.expects):
        unit = configuration.units.get(f"{name}.service")
        found = _INTERPRETER.search(_started(unit)) if unit else None
        if unit is None or found is None:
            continue
        settings = [f"--setenv={key}={value}" for key, value in unit.environment.items()]
        for key in ("Environment", *_KEPT):
            settings += [f"--property={key}={value}" for value in unit.sections.get("Service", {}).get(key, ())]
        words = ("systemd-run --quiet --collect --wait --pipe", *("%s" for _ in settings), "%s -c")
        known = found[0].partition("/bin/")[0] in _with_api(configuration)
        yield Client(unit.name, words, known), (*settings, found[0])


def _started(unit: Unit) -> str:
    return "\n".join((*unit.sections.get("Service", {}).get("ExecStart", ()), unit.script))
