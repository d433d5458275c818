"""NixOS guests: a directory with a host's own kernel, initrd and closure, which `nixos/guest.nix` builds.

`read` takes a directory, `build` has Nix make one, `NixosGuests` knows which guest serves which scenario of a run.
"""

from __future__ import annotations

import hashlib
import json
import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rknn_validation.common.cache import Cache, Progress
from rknn_validation.common.deadline import Deadline
from rknn_validation.common.errors import HarnessError, MachineError, MissingToolError
from rknn_validation.common.process import output, run, tool
from rknn_validation.npu.stacks import STACKS, Stack
from rknn_validation.subject.validation import GuestHost, Scenario, Subject, Validation

FORMAT = 1
ABOUT = "guest.json"
DEVICE_TREE = "board.dtb"
FILES = ("kernel", "initrd", "root.erofs", "cmdline")
HINT = "build it with `pytest -m vm --guest nixos`, or `nix build` one of the flake's packages guest-HOST"

_MAGIC = {"kernel": (56, b"ARM\x64", "an arm64 kernel Image"), "root.erofs": (1024, b"\xe2\xe1\xf5\xe0", "erofs")}
"""File -> where its magic number is, the number, what it means."""

EXPRESSION = Path(__file__).parent / "nixos" / "build.nix"
NIX_HINT = "install Nix (https://nixos.org/download), or give a guest that is built already with --guest-image DIR"
BUILD_HINT = "run it by hand to see all of it; an aarch64 host is built on one, with a remote builder, or by emulation"
LINES = 15


@dataclass(frozen=True)
class NixosGuest:
    """A guest that was built. `scenario` is the scenario whose settings were added to the host's own, None for none.

    `release` is the kernel's (`uname -r`), `init` the program stage 1 hands over to. `changes` is what is not the
    host's own configuration, `stand_ins` what stands in for the real thing. `digest` names the content.
    """

    directory: Path
    digest: str
    host: str
    version: str
    release: str
    init: str
    scenario: str | None
    changes: tuple[str, ...]
    stand_ins: tuple[str, ...]
    command_line: str

    @property
    def name(self) -> str:
        """For reports: `NixOS 26.05 of host opi01`."""
        return f"NixOS {self.version} of host {self.host}"

    @property
    def kernel(self) -> Path:
        """The host's kernel, as QEMU boots it."""
        return self.directory / "kernel"

    @property
    def initrd(self) -> Path:
        """The host's initial ramdisk."""
        return self.directory / "initrd"

    @property
    def rootfs(self) -> Path:
        """The erofs file system that is mounted on /nix/store."""
        return self.directory / "root.erofs"

    def stand_ins_for_reports(self) -> tuple[str, ...]:
        """Which guest answered, and in what it is not the host itself."""
        changes = (f"{self.name}, changed: {change}" for change in self.changes)
        return (f"guest: {self.name}", *changes, *self.stand_ins)

    @property
    def has_device_tree(self) -> bool:
        """Whether the host's own device tree is here; where it names none, the boot firmware's counts."""
        return (self.directory / DEVICE_TREE).is_file()

    def described(self, deadline: Deadline) -> Stack | None:
        """The stack whose NPU nodes the host's own device tree has enabled, None for neither."""
        path = self.directory / DEVICE_TREE
        source = output(["dtc", "-q", "-I", "dtb", "-O", "dts", path], deadline).decode(errors="replace")
        for stack in STACKS.values():
            for node in re.findall(r"npu@[0-9a-f]+ \{([^{}]*)", source):
                if f'"{stack.node_compatible}"' in node and not re.search(r'status = "(disabled|fail)', node):
                    return stack
        return None


def read(directory: Path) -> NixosGuest:
    """The guest in a directory. Raises HarnessError naming the file that is missing or not what it should be."""
    real = directory.resolve()
    about = _about(real / ABOUT)
    for name in FILES:
        if not (real / name).is_file():
            raise _unusable(real, expected=f"the files {', '.join((*FILES, ABOUT))}", seen=f"no {name}")
    for name, (offset, magic, meaning) in _MAGIC.items():
        with (real / name).open("rb") as file:
            file.seek(offset)
            if file.read(len(magic)) != magic:
                raise _unusable(real, expected=f"{name}: {meaning}", seen="another kind of file, or a torn one")
    command_line = (real / "cmdline").read_text(encoding="utf-8").strip()
    return NixosGuest(
        directory=real,
        digest=_digest(real),
        host=_text(real, about, "host"),
        version=_text(real, about, "nixos"),
        release=_text(real, about, "kernel"),
        init=_text(real, about, "init"),
        scenario=_text(real, about, "scenario") if about.get("scenario") is not None else None,
        changes=_texts(real, about, "changes"),
        stand_ins=_texts(real, about, "standIns"),
        command_line=command_line,
    )


def _about(path: Path) -> Mapping[str, Any]:
    try:
        about = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, ValueError) as problem:
        raise _unusable(path.parent, expected=f"{ABOUT}, a JSON object", seen=str(problem)) from problem
    if not isinstance(about, dict) or about.get("format") != FORMAT:
        seen = about.get("format", "nothing") if isinstance(about, dict) else type(about).__name__
        raise _unusable(path.parent, expected=f"{ABOUT}: format {FORMAT}", seen=f"format {seen}")
    if about.get("system") != "aarch64-linux":
        raise _unusable(path.parent, expected=f"{ABOUT}: system aarch64-linux", seen=f"{about.get('system')}")
    return about


def _text(directory: Path, about: Mapping[str, Any], key: str) -> str:
    value = about.get(key)
    if not isinstance(value, str) or not value:
        raise _unusable(directory, expected=f"{ABOUT}: {key}, a string", seen=repr(value))
    if key == "init" and not re.fullmatch(r"/nix/store/[^/\s]+/\S+", value):
        raise _unusable(directory, expected=f"{ABOUT}: init, a path below /nix/store", seen=value)
    return value


def _texts(directory: Path, about: Mapping[str, Any], key: str) -> tuple[str, ...]:
    value = about.get(key)
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise _unusable(directory, expected=f"{ABOUT}: {key}, a list of strings", seen=repr(value))
    return tuple(value)


def _digest(directory: Path) -> str:
    """Of size, times and inode rather than of gigabytes: whatever changes a file changes these."""
    parts: list[object] = [str(directory)]
    for name in (*FILES, ABOUT):
        state = (directory / name).stat()
        parts.append((name, state.st_size, state.st_mtime_ns, state.st_ctime_ns, state.st_ino))
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _unusable(directory: Path, *, expected: str, seen: str) -> MachineError:
    return MachineError(f"{directory} is no NixOS guest", expected=expected, seen=seen, hint=HINT)


def build(
    subject: Subject, scenario: Scenario, host: GuestHost, root: Path, deadline: Deadline, progress: Progress
) -> NixosGuest:
    """Build and read the guest; `root` is where the link goes that keeps Nix from collecting it.

    Raises MissingToolError without Nix, MachineError when Nix refuses, DeadlineExceeded.
    """
    try:
        program = tool("nix", NIX_HINT)
    except MissingToolError as missing:
        raise HarnessError(
            f"the NixOS guest of {host.host} cannot be built", expected="Nix", seen=missing.seen, hint=NIX_HINT
        ) from missing
    request = json.dumps(
        {
            "scenario": scenario.name,
            "option": list(subject.option),
            "settings": dict(scenario.settings),
            "config": dict(scenario.config),
        },
        sort_keys=True,
    )
    key = hashlib.sha256(f"{host.flake}\0{host.host}\0{request}".encode()).hexdigest()[:16]
    link = root / f"{host.host}-{scenario.name}-{key}"
    link.parent.mkdir(parents=True, exist_ok=True)
    command = [
        *(program, "--extra-experimental-features", "nix-command flakes"),
        *("build", "--impure", "--file", str(EXPRESSION), "--out-link", str(link)),
        *("--argstr", "flake", host.flake, "--argstr", "host", host.host, "--argstr", "request", request),
    ]
    progress(f"building the NixOS guest of {host.host} for scenario {scenario.name} with Nix")
    done = run(command, deadline=deadline)
    if done.returncode:
        said = "\n".join(line for line in done.stderr.strip().splitlines()[-LINES:])
        raise MachineError(
            f"the NixOS guest of {host.host} for scenario {scenario.name} could not be built",
            expected=f"exit status 0 of {shlex.join(command)}",
            seen=f"exit status {done.returncode}: {said or 'no message'}",
            hint=BUILD_HINT,
        )
    return read(link)


class NixosGuests:
    """The NixOS guests of a run.

    `given` are `DIR` or `SCENARIO=DIR`. Where none is given every scenario's guest is built, each once and within
    `seconds`.
    """

    def __init__(
        self, validation: Validation, given: Sequence[str], cache: Cache, seconds: float, progress: Progress
    ) -> None:
        self.validation = validation
        self.given = tuple(given)
        self.cache = cache
        self.seconds = seconds
        self.progress = progress
        self._known: dict[str, NixosGuest | HarnessError] = {}

    def of(self, scenario: Scenario) -> NixosGuest:
        """The guest of a scenario. Raises HarnessError; what failed once is not tried again."""
        if scenario.name not in self._known:
            try:
                self._known[scenario.name] = self._given(scenario) if self.given else self._built(scenario)
            except HarnessError as problem:
                self._known[scenario.name] = problem
        found = self._known[scenario.name]
        if isinstance(found, HarnessError):
            raise found
        return found

    def _given(self, scenario: Scenario) -> NixosGuest:
        offered = []
        for word in self.given:
            name, _, path = word.rpartition("=")
            guest = read(Path(path))
            carried = name or guest.scenario or self._only_scenario_of(guest.host)
            if carried == scenario.name:
                return guest
            offered.append(f"{word}: {f'scenario {carried}' if carried else f'host {guest.host} as it is'}")
        raise HarnessError(
            f"no NixOS guest for scenario {scenario.name}",
            expected=f"--guest-image {scenario.name}=DIR",
            seen="; ".join(offered),
            hint="name the scenario before the directory, or ask this one only with -k",
        )

    def _only_scenario_of(self, host: str) -> str | None:
        """A host as it is carries a scenario only where there is no doubt which."""
        names = [name for name, guest in self.validation.guests.items() if guest.host == host]
        return names[0] if len(names) == 1 else None

    def _built(self, scenario: Scenario) -> NixosGuest:
        host = self.validation.guests.get(scenario.name)
        if host is None:
            raise HarnessError(
                f"no NixOS guest for scenario {scenario.name}",
                expected=f"guests.{scenario.name}: FLAKE#HOST in {self.validation.path}",
                seen="no such key",
                hint="name the host this scenario is meant for, or ask with --guest debian",
            )
        deadline = Deadline.after(self.seconds, f"Nix to build the guest of {host.host}")
        return build(
            self.validation.subject_of(scenario.name),
            scenario,
            host,
            self.cache.root / "guests",
            deadline,
            self.progress,
        )
