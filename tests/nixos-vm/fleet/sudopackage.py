"""The real sudo for a board: Debian's package, which the boards' image does without."""

from __future__ import annotations

import io
import shutil
import tarfile
from pathlib import Path

from sshboard import SshBoard

from rknn_validation.common.cache import Cache, EntryKind, Wanted
from rknn_validation.common.deadline import Deadline
from rknn_validation.common.process import output
from rknn_validation.machine.packages import Apt

WANTED = Wanted("sudo", "bookworm-arm64-1", "sudo for an emulated board", 100 * 1024**2, EntryKind.DOWNLOADS)
# Where NixOS has it, whose programs lie in no /usr/bin: in a file system of its own, for /run lets nobody become root.
# The board's PAM has no configuration at all: what a package's own scripts would write, they never did.
INSTALL = """\
set -e
tar --extract --keep-directory-symlink --file=- --directory=/
mkdir -p /run/wrappers
mount -t tmpfs -o mode=755 wrappers /run/wrappers
install -D -m 4755 /usr/bin/sudo /run/wrappers/bin/sudo
rm /usr/bin/sudo
printf '%s required pam_unix.so\\n' auth account >/etc/pam.d/sudo
printf '%s\\n' 'Defaults use_pty' 'root ALL=(ALL) ALL' 'operator ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers
chmod 0440 /etc/sudoers
echo 'operator:x:2000:65534::/run/operator:/bin/bash' >>/etc/passwd
echo 'operator:*:19000:0:99999:7:::' >>/etc/shadow
mkdir -p /run/operator
echo 'echo Welcome' >/run/operator/.bashrc
"""


def archive(cache: Cache, deadline: Deadline) -> Path:
    """The package's files in a tar archive, fetched once."""

    def build(path: Path) -> None:
        apt = Apt(path / "apt")
        apt.prepare(deadline)
        apt.download(["sudo"], path / "deb", deadline)
        (package,) = (path / "deb").iterdir()
        whole = io.BytesIO(output(["dpkg-deb", "--fsys-tarfile", str(package)], deadline))
        with tarfile.open(fileobj=whole) as files, tarfile.open(path / "sudo.tar", "w") as kept:
            for member in files:
                if not member.name.startswith("./usr/share/"):
                    kept.addfile(member, files.extractfile(member) if member.isfile() else None)
        shutil.rmtree(path / "apt")

    return cache.entry(WANTED, build, deadline, print) / "sudo.tar"


def install(board: SshBoard, files: Path, deadline: Deadline) -> None:
    """Put it on a board, with a user `operator` whom it lets run everything."""
    done = board.machine.run(INSTALL, stdin=files.read_bytes(), deadline=deadline)
    assert done.rc == 0, done.stderr.decode()
