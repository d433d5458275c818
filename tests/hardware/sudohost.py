"""An sshd with the real sudo and users of its own, in a mount namespace: this machine's /etc stays as it is."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from localsshd import Sshd, keygen, running

SECRET = "Tr0ub4dor-and-3"
PASSWORD = f"{SECRET} \"o'x \\$HOME %d ü"
"""Every user's, with what a shell, a format string or an encoding could trip over; SECRET is the part to look for."""
HASHED = "$1$fleet$NNb0ud30SecGtBbps6a110"
"""PASSWORD by the cheapest hash there is, for what a real one costs in time tells nothing here."""
FIRST_UID = 61000
# Each user is a way to meet sudo. Debian's sudoers file says no more than what is here for everybody.
RULES = {
    "free": "free ALL=(ALL) NOPASSWD: ALL",
    "asked": "asked ALL=(ALL) ALL",
    "stranger": "",
    "limited": "limited ALL=(ALL) NOPASSWD: /bin/true",
    "tty": "tty ALL=(ALL) NOPASSWD: ALL\nDefaults:tty requiretty",
    "lectured": "lectured ALL=(ALL) ALL\nDefaults:lectured lecture=always",
    "lectured-free": "lectured-free ALL=(ALL) NOPASSWD: ALL\nDefaults:lectured-free lecture=always",
    "pty": "pty ALL=(ALL) ALL\nDefaults:pty use_pty",
    "pty-free": "pty-free ALL=(ALL) NOPASSWD: ALL\nDefaults:pty-free use_pty",
    "noisy": "noisy ALL=(ALL) NOPASSWD: ALL",
    "slow": "slow ALL=(ALL) ALL",
}
NOISE = "echo 'Welcome to the board'; echo 'You have mail' >&2"
# A second question, or a server that does not answer: PAM takes its time.
SLOW = "auth [success=1 default=ignore] pam_succeed_if.so quiet user != slow\nauth required pam_exec.so /bin/sleep 60\n"
# `exec` must be sshd's, so that whoever ends the process ends sshd.
START = 'set -e; mount --bind "$0" /etc; exec "$@"'


def unavailable() -> str:
    """Why there can be no such server here, nothing where there can."""
    if shutil.which("sudo") is None or not Path("/etc/sudoers").exists():
        return "this machine has no sudo to copy the rules of"
    tried = subprocess.run(["unshare", "--mount", "true"], capture_output=True, text=True, timeout=30, check=False)
    return f"no mount namespace: {tried.stderr.strip()}" if tried.returncode else ""


def lay_out(directory: Path, authorized: str) -> Path:
    """A copy of /etc with the users, for the server alone."""
    etc = directory / "etc"
    subprocess.run(["cp", "-a", "/etc", etc], check=True, timeout=60)
    homes = etc / "homes"
    homes.mkdir()
    with (etc / "passwd").open("a") as users, (etc / "shadow").open("a") as shadow:
        for uid, name in enumerate(RULES, FIRST_UID):
            users.write(f"{name}:x:{uid}:65534::/etc/homes/{name}:/bin/bash\n")
            shadow.write(f"{name}:{HASHED}:19000:0:99999:7:::\n")
            (homes / name).mkdir()
            (homes / f"{name}.keys").write_text(authorized)
    (homes / "noisy" / ".bashrc").write_text(f"{NOISE}\n")
    sudoers = etc / "sudoers"
    sudoers.chmod(0o600)
    sudoers.write_text("Defaults env_reset, !syslog\nroot ALL=(ALL) ALL\n" + "\n".join(RULES.values()) + "\n")
    sudoers.chmod(0o440)
    common = etc / "pam.d" / "common-auth"
    common.write_text(common.read_text().replace("pam_unix.so", "pam_unix.so nodelay"))  # 2 s for each wrong guess
    pam = etc / "pam.d" / "sudo"
    pam.write_text(SLOW + pam.read_text())
    return etc


@contextmanager
def with_sudo(directory: Path, *settings: str) -> Iterator[Sshd]:
    """A server whose users are those of RULES."""
    etc = lay_out(directory, keygen(directory / "id"))
    keys = "AuthorizedKeysFile /etc/homes/%u.keys"
    with running(directory, keys, *settings, under=("unshare", "--mount", "sh", "-c", START, str(etc))) as server:
        yield server
