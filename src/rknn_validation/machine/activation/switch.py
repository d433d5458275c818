"""`nixos-rebuild switch` on a running board: from one installation to another without a reboot."""

from __future__ import annotations

import shlex
from typing import Protocol

from rknn_validation.deadline import Deadline
from rknn_validation.errors import MachineError
from rknn_validation.machine.activation.boot import ACTIVATE
from rknn_validation.machine.activation.environment import GRAPHICS
from rknn_validation.machine.activation.layout import SYSTEM, Installation
from rknn_validation.machine.activation.units import UNITS
from rknn_validation.machine.tree import Entry, Tree, tar

_SECONDS = 180.0

_SCRIPT = """\
set -u
export PATH=/usr/sbin:/usr/bin
new=$(mktemp -d /run/switch.XXXXXX)
cat > "$new/tree.tar"
stop=({stop}) gone=({gone}) restart=({restart})
if [ "${{#stop[@]}}" -gt 0 ]; then systemctl stop "${{stop[@]}}"; fi
running=()
for unit in "${{restart[@]}}"; do
  systemctl is-active --quiet "$unit" && running+=("$unit")
done
if [ "${{#running[@]}}" -gt 0 ]; then systemctl stop "${{running[@]}}"; fi
mount -o remount,bind,rw /nix/store
if [ "${{#gone[@]}}" -gt 0 ]; then rm -f -- "${{gone[@]}}"; fi
tar -xp --unlink-first --keep-directory-symlink -f "$new/tree.tar" -C / || exit 99
mount -o remount,bind,ro /nix/store
rm -r "$new"
{activate}
systemctl daemon-reload
if [ -e /etc/tmpfiles.d/00-nixos.conf ]; then systemd-tmpfiles --create --remove --exclude-prefix=/dev; fi
udevadm control --reload
{trigger}
if [ "${{#running[@]}}" -gt 0 ]; then systemctl start "${{running[@]}}"; fi
systemctl start multi-user.target
exit 0
"""


class Runs(Protocol):
    """The part of a machine that is needed here."""

    def run(self, command: str, *, stdin: bytes = b"", deadline: Deadline | None = None) -> Completed:
        """Run a command."""


class Completed(Protocol):
    """What a command gave."""

    @property
    def rc(self) -> int:
        """Exit status."""

    @property
    def stdout(self) -> bytes:
        """Standard output."""

    @property
    def stderr(self) -> bytes:
        """Standard error."""


def switch(
    machine: Runs,
    old: Installation | None,
    new: Installation,
    *,
    deadline: Deadline | None = None,
    trigger: bool = True,
    modules: bool = False,
) -> str:
    """Do on a running machine what `nixos-rebuild switch` does; returns what was said meanwhile.

    Units that go are stopped by their old definition, changed ones are restarted, `/etc` is replaced, nothing below
    `/nix/store` goes, tmpfiles rules that go take nothing with them. `trigger` re-applies udev rules to devices that
    are there already (NixOS itself leaves that to the next boot). Kernel modules change at the next boot only, unless
    `modules`. Raises MachineError where the files cannot be laid.
    """
    before = old.tree if old else {}
    after = new.tree if modules else {path: entry for path, entry in new.tree.items() if not _is_module(path)}
    changed = {path: entry for path, entry in after.items() if before.get(path) != entry}
    old_units = set(old.units) if old else set()
    stop = sorted(old_units - set(new.units))
    restart = sorted(unit for unit in old_units & set(new.units) if _unit(before, unit) != _unit(new.tree, unit))
    # The profiles stand in for store paths that would be others after the switch; nothing else below the store goes.
    made_up = ("/etc/", f"{SYSTEM}/", f"{GRAPHICS}/")
    gone = sorted(path for path in set(before) - set(new.tree) if path.startswith(made_up))
    script = _SCRIPT.format(
        stop=shlex.join(stop),
        restart=shlex.join(restart),
        gone=shlex.join(gone),
        activate=ACTIVATE,
        trigger="udevadm trigger --action=add --settle" if trigger else "",
    )
    patience = deadline or Deadline.after(_SECONDS, "the switch to another configuration")
    done = machine.run(script, stdin=tar(changed), deadline=patience)
    said = (done.stdout + done.stderr).decode(errors="replace")
    if done.rc:
        raise MachineError("the switch to another configuration broke off", expected="exit status 0", seen=said)
    return said


def _is_module(path: str) -> bool:
    return path.startswith(("/usr/lib/modules/", "/lib/modules/"))


def _unit(tree: Tree, name: str) -> Entry | None:
    return tree.get(f"{UNITS}/{name}")
