"""What an emulated board is made of: Debian packages by the host's own apt sources, and the vendor's wheel.

apt runs as an ordinary user with a private state: its own list of (no) installed packages, its own
architecture, and whatever sources, proxies, credentials and keys the host is configured with.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rknn_validation.common.deadline import Deadline
from rknn_validation.common.errors import MachineError
from rknn_validation.common.process import output

NEWER = "trixie"
"""The release the kernel and the mainline stack come from, its backports first: mirrors are the host's own."""
KERNEL = "linux-image-arm64"
HEADERS = "linux-headers-arm64"
KERNEL_SOURCE = r"linux-source-\d\S*"
TEFLON = "mesa-teflon-delegate"
NEWER_ROOT = ("libc6", TEFLON)
"""Laid over the rest of the root file system with all they depend on: Mesa's delegate wants the newer C library."""
CXX_LIBRARY = "libstdc++6"
"""Kept beside what needs it: NixOS has it in no directory that a loader searches by itself."""
ROCKET = "drivers/accel/rocket"
"""The mainline driver in the kernel's source; Debian does not build it."""

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


@dataclass(frozen=True)
class Wheel:
    """A cp311 aarch64 wheel on the Python package index, where files never change."""

    name: str
    version: str
    platform: str
    sha256: str


TOOLKIT = Wheel(
    "rknn-toolkit-lite2",
    "2.3.2",
    "manylinux_2_17_aarch64",
    "bda74f1179e15fccb8726054a24898982522784b65bb340b20146955d254e800",
)
LITERT = Wheel(
    "ai-edge-litert",
    "2.3.0",
    "manylinux_2_27_aarch64",
    "853fc608f96da87bd5f3458465dfb9abbf18d5ae6b94eceacead407146f175ae",
)
"""Google's TensorFlow Lite interpreter."""
WHEELS = (TOOLKIT, LITERT)

KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"

LAYOUT = 4
"""Raised when `fetch` puts things elsewhere, so that older fetched packages are not mistaken for them."""

NETWORK_HINT = (
    "the first run fetches what the board is made of: check the network and the apt sources; later runs need neither"
)


@dataclass
class Apt:
    """A private apt for the guest's architecture, living in `state`.

    With `suites`, these of Debian's are its sources, from the mirror `source`; without, the host's own sources.
    `complaint` is what it said when the package lists could not all be fetched. That is no error yet: a source of the
    host's that has nothing to do with the board may be out of order.
    """

    state: Path
    suites: tuple[str, ...] = ()
    source: str = ""
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
        settings = self._settings(native)
        if self.suites:
            lines = (f"deb [signed-by={KEYRING}] {self.source} {suite} main\n" for suite in self.suites)
            (self.state / "sources.list").write_text("".join(lines))
            settings += [f'Dir::Etc::sourcelist "{self.state / "sources.list"}";', 'Dir::Etc::sourceparts "/dev/null";']
            settings += [f'APT::Default-Release "{self.suites[-1]}";']
        (self.state / "apt.conf").write_text("\n".join([*kept, *settings]) + "\n")
        try:
            self.run("apt-get", ["update"], deadline)
        except MachineError as problem:
            self.complaint = problem.seen

    def mirror(self, deadline: Deadline) -> str:
        """The first mirror of Debian among the sources. Raises MachineError where there is none."""
        told = self.run("apt-get", ["indextargets", "--format", "$(ORIGIN) $(LABEL) $(REPO_URI)"], deadline)
        mirrors = [line.split()[2] for line in told.splitlines() if line.startswith("Debian Debian ")]
        if not mirrors:
            raise MachineError(
                "the host's apt sources name no mirror of Debian",
                expected="one, to fetch a newer kernel and Mesa from",
                seen=self.complaint or told.strip() or "no package lists",
                hint="the harness builds its board from Debian packages",
            )
        return mirrors[0]

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
    asked = [LAYOUT, NEWER, KERNEL, HEADERS, ROOTFS, NEWER_ROOT, sorted(UNUSED), [wheel.sha256 for wheel in WHEELS]]
    return hashlib.sha256(json.dumps(asked).encode()).hexdigest()


def fetch(target: Path, deadline: Deadline) -> None:
    """Everything the board needs from the network, into `target`.

    `root/`, `newer/` (laid over it), `cxx/`, `kernel/`, `kbuild/`, `build-libc/` (what kbuild's programs need here),
    `rocket/` (the driver's source) and `wheels/`.
    """
    apt = Apt(target / "apt")
    apt.prepare(deadline)
    apt.download([name for name in apt.closure(ROOTFS, deadline) if name not in UNUSED], target / "root", deadline)
    newer = Apt(target / "newer-apt", (NEWER, f"{NEWER}-backports"), apt.mirror(deadline))
    newer.prepare(deadline)
    newer.download(newer.closure(NEWER_ROOT, deadline), target / "newer", deadline)
    newer.download([CXX_LIBRARY], target / "cxx", deadline)
    _fetch_kernel(newer, target, deadline)
    for wheel in WHEELS:
        fetch_wheel(wheel, target / "wheels", deadline)
    for used in (apt, newer):
        shutil.rmtree(used.state)


def _fetch_kernel(apt: Apt, target: Path, deadline: Deadline) -> None:
    image = apt.depends(KERNEL, r"linux-image-\d\S+", deadline)
    binary = apt.depends(image, r"linux-binary-\S+", deadline)
    modules = apt.depends("linux-modules-arm64", r"linux-modules-\d\S+", deadline)
    headers = apt.depends(HEADERS, r"linux-headers-\d\S+", deadline)
    common = apt.depends(headers, r"linux-headers-\S+-common", deadline)
    # The build tools run here, so they are of this machine's architecture.
    kbuild = apt.depends(headers, r"linux-kbuild-\S+", deadline).split(":")[0]
    native = output(["dpkg", "--print-architecture"], deadline).decode().strip()
    base = apt.depends(binary, r"linux-base-\d\S+", deadline)
    apt.download([base, binary, modules], target / "kernel", deadline)
    apt.download([headers, common, f"{kbuild}:{native}"], target / "kbuild", deadline)
    apt.download([f"libc6:{native}"], target / "build-libc", deadline)
    source = apt.depends("linux-source", KERNEL_SOURCE, deadline)
    apt.download([source], target / "source", deadline)
    _extract_rocket(next((target / "source").glob("*.deb")), target / "rocket", deadline)
    shutil.rmtree(target / "source")


def _extract_rocket(deb: Path, target: Path, deadline: Deadline) -> None:
    """The driver's own directory out of the kernel's source, which is a tar in the package."""
    work = target.parent / "source"
    unpack(deb, work, deadline)
    tarball = next(work.glob("usr/src/*.tar.xz"))
    inside = f"{tarball.name.removesuffix('.tar.xz')}/{ROCKET}"
    target.mkdir()
    strip = f"--strip-components={len(Path(inside).parts)}"
    output(["tar", "--extract", "--xz", "--file", tarball, "--directory", target, strip, inside], deadline)


def fetch_wheel(wheel: Wheel, target: Path, deadline: Deadline) -> None:
    """A wheel for Python 3.11 on aarch64, its content pinned."""
    platform = ("--platform", wheel.platform, "--python-version", "311", "--implementation", "cp")
    options = ("--quiet", "--no-deps", "--only-binary=:all:", *platform, "--abi", "cp311", "--dest", str(target))
    try:
        output([sys.executable, "-m", "pip", "download", *options, f"{wheel.name}=={wheel.version}"], deadline)
    except MachineError as problem:
        raise _unfetched(f"the wheel {wheel.name} {wheel.version}", problem.seen) from problem
    for path in target.glob(f"{wheel.name.replace('-', '_')}-*"):
        seen = hashlib.sha256(path.read_bytes()).hexdigest()
        if seen != wheel.sha256:
            raise MachineError(f"{path.name} is not the pinned file", expected=f"sha256 {wheel.sha256}", seen=seen)


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
