"""What an emulated board is made of: Debian packages by the host's own apt sources, and the vendor's wheel.

apt runs as an ordinary user with a private state: its own list of (no) installed packages, its own
architecture, and whatever sources, proxies, credentials and keys the host is configured with.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rknn_validation.common.deadline import Deadline
from rknn_validation.common.errors import MachineError
from rknn_validation.common.process import output

KERNEL = "linux-image-arm64"
HEADERS = "linux-headers-arm64"

ROOTFS = (
    *("systemd", "systemd-sysv", "udev", "dbus", "kmod", "bash", "coreutils", "util-linux", "mount", "login", "passwd"),
    *("procps", "findutils", "grep", "sed", "tar", "gzip", "hostname", "libc-bin", "libpam-modules", "openssh-server"),
    *("diffutils", "debianutils", "bsdutils", "ncurses-base", "iproute2", "acl"),
    *("python3", "python3-numpy", "python3-psutil", "python3-ruamel.yaml"),
)
"""Asked for by name; apt adds what they depend on (without recommendations)."""

UNUSED = frozenset(
    (
        *("perl", "perl-base", "perl-modules-5.36", "libperl5.36", "libgdbm6", "libgdbm-compat4"),
        *("libnumber-compare-perl", "libtext-glob-perl", "libfile-find-rule-perl", "usrmerge", "adduser", "debconf"),
        *("ucf", "sensible-utils", "runit-helper", "lsb-base", "init-system-helpers", "dpkg", "media-types"),
    )
)
"""Dependencies that only maintainer scripts need, which never run here."""

WHEEL = "rknn-toolkit-lite2"
WHEEL_VERSION = "2.3.2"
WHEEL_SHA256 = "bda74f1179e15fccb8726054a24898982522784b65bb340b20146955d254e800"
"""The cp311 aarch64 wheel on the Python package index; files there never change."""

LAYOUT = 1
"""Raised when `fetch` puts things elsewhere, so that older fetched packages are not mistaken for them."""

NETWORK_HINT = (
    "the first run fetches what the board is made of: check the network and the apt sources; later runs need neither"
)


@dataclass
class Apt:
    """A private apt for the guest's architecture, living in `state`.

    `complaint` is what it said when the package lists could not all be fetched. That is no error yet: a source of
    the host's that has nothing to do with the board may be out of order.
    """

    state: Path
    complaint: str = ""

    def prepare(self, deadline: Deadline) -> None:
        """Write its configuration from the host's, and fetch the package lists."""
        for directory in ("lists/partial", "archives/partial"):
            (self.state / directory).mkdir(parents=True)
        (self.state / "status").touch()
        dump = output(["apt-config", "dump"], deadline).decode()
        # Hooks belong to the host's own package management; everything else of its configuration is wanted.
        kept = [line for line in dump.splitlines() if not re.match(r"(\S*-Invoke|APT::Architectures?\b|DPkg::)", line)]
        native = output(["dpkg", "--print-architecture"], deadline).decode().strip()
        (self.state / "apt.conf").write_text("\n".join([*kept, *self._settings(native)]) + "\n")
        try:
            self.run("apt-get", ["update"], deadline)
        except MachineError as problem:
            self.complaint = problem.seen

    def _settings(self, native: str) -> list[str]:
        architectures = " ".join(f'"{name}";' for name in dict.fromkeys(("arm64", native)))
        values = {
            "APT::Architecture": "arm64",
            "Dir::Etc::parts": "/dev/null",
            "Dir::Etc::main": "/dev/null",
            "Dir::Etc::preferences": "/dev/null",
            "Dir::Etc::preferencesparts": "/dev/null",
            "Dir::State": str(self.state),
            "Dir::State::lists": str(self.state / "lists"),
            "Dir::State::status": str(self.state / "status"),
            "Dir::State::extended_states": str(self.state / "extended_states"),
            "Dir::Cache": str(self.state),
            "Dir::Cache::archives": str(self.state / "archives"),
            "Dir::Cache::pkgcache": "pkgcache.bin",
            "Dir::Cache::srcpkgcache": "srcpkgcache.bin",
            "Dir::Log": str(self.state),
            "Debug::NoLocking": "true",
            "APT::Sandbox::User": "",
            "Acquire::Languages": "none",
            "Acquire::Retries": "2",
            "Acquire::http::Timeout": "20",
            "Acquire::https::Timeout": "20",
            "APT::Install-Recommends": "false",
            "APT::Update::Error-Mode": "any",
        }
        return [f"APT::Architectures {{ {architectures} }};", *(f'{key} "{value}";' for key, value in values.items())]

    def run(self, program: str, arguments: Sequence[str], deadline: Deadline, cwd: Path | None = None) -> str:
        """Output of an apt program under the private configuration."""
        environment = {"APT_CONFIG": str(self.state / "apt.conf")}
        return output([program, *arguments], deadline, env=environment, cwd=cwd).decode()

    def closure(self, names: Sequence[str], deadline: Deadline) -> list[str]:
        """The packages that installing `names` on an empty system would bring, as apt names them."""
        try:
            plan = self.run("apt-get", ["install", "--simulate", "--quiet", *names], deadline)
        except MachineError as problem:
            if self.complaint:
                raise _unfetched("the package lists", self.complaint) from problem
            raise MachineError(
                "the host's apt sources do not offer what the board is made of",
                expected=f"arm64 packages: {', '.join(names)}",
                seen=problem.seen,
                hint="the harness builds its board from Debian 12 (bookworm) sources",
            ) from problem
        return re.findall(r"^Inst (\S+)", plan, re.MULTILINE)

    def depends(self, name: str, pattern: str, deadline: Deadline) -> str:
        """The one dependency of a package whose name matches."""
        text = self.run("apt-cache", ["depends", "--no-recommends", "--no-suggests", name], deadline)
        found = re.findall(rf"^\s*Depends: ({pattern})$", text, re.MULTILINE)
        if len(found) != 1:
            raise MachineError(f"{name} has no single {pattern}", expected="one such dependency", seen=text.strip())
        return str(found[0])

    def download(self, names: Sequence[str], target: Path, deadline: Deadline) -> None:
        """Fetch packages into `target`; apt verifies them against the signed lists."""
        target.mkdir(parents=True, exist_ok=True)
        try:
            self.run("apt-get", ["download", "--quiet", *names], deadline, cwd=target)
        except MachineError as problem:
            raise _unfetched("the packages", problem.seen) from problem


def recipe() -> str:
    """A hash of what is asked for (not of the versions the sources will answer with)."""
    asked = [LAYOUT, KERNEL, HEADERS, ROOTFS, sorted(UNUSED), WHEEL, WHEEL_SHA256]
    return hashlib.sha256(json.dumps(asked).encode()).hexdigest()


def fetch(target: Path, deadline: Deadline) -> None:
    """Everything the board needs from the network, into `target`: `root/`, `kernel/`, `kbuild/` and `wheel/`."""
    apt = Apt(target / "apt")
    apt.prepare(deadline)
    apt.download([name for name in apt.closure(ROOTFS, deadline) if name not in UNUSED], target / "root", deadline)
    image = apt.depends(KERNEL, r"linux-image-\S+", deadline)
    headers = apt.depends(HEADERS, r"linux-headers-\S+", deadline)
    common = apt.depends(headers, r"linux-headers-\S+-common", deadline)
    # The build tools run here, so they are of this machine's architecture.
    kbuild = apt.depends(headers, r"linux-kbuild-\S+", deadline)
    native = output(["dpkg", "--print-architecture"], deadline).decode().strip()
    apt.download([image], target / "kernel", deadline)
    apt.download([headers, common, f"{kbuild.split(':')[0]}:{native}"], target / "kbuild", deadline)
    fetch_wheel(target / "wheel", deadline)


def fetch_wheel(target: Path, deadline: Deadline) -> None:
    """The vendor's wheel for Python 3.11 on aarch64, its content pinned."""
    platform = ("--platform", "manylinux_2_17_aarch64", "--python-version", "311", "--implementation", "cp")
    options = ("--quiet", "--no-deps", "--only-binary=:all:", *platform, "--abi", "cp311", "--dest", str(target))
    try:
        output([sys.executable, "-m", "pip", "download", *options, f"{WHEEL}=={WHEEL_VERSION}"], deadline)
    except MachineError as problem:
        raise _unfetched(f"the wheel {WHEEL} {WHEEL_VERSION}", problem.seen) from problem
    for path in target.iterdir():
        seen = hashlib.sha256(path.read_bytes()).hexdigest()
        if seen != WHEEL_SHA256:
            raise MachineError(f"{path.name} is not the pinned file", expected=f"sha256 {WHEEL_SHA256}", seen=seen)


def _unfetched(what: str, seen: str) -> MachineError:
    return MachineError(
        f"{what} for the emulated board could not be fetched",
        expected="an answer from the configured package sources",
        seen=seen,
        hint=NETWORK_HINT,
    )


def unpack(deb: Path, root: Path, deadline: Deadline, exclude: Sequence[str] = ()) -> None:
    """Unpack a Debian package below `root`, without running any of its scripts."""
    # Not `dpkg-deb --extract`, which replaces the links of a merged /usr by directories.
    archive = output(["dpkg-deb", "--fsys-tarfile", deb], deadline)
    keep = ("--extract", "--preserve-permissions", "--no-same-owner", "--keep-directory-symlink")
    output(["tar", *keep, *(f"--exclude={name}" for name in exclude), "--directory", root], deadline, stdin=archive)
