"""`nixos-rebuild switch` on a running board: from one installation to another without a reboot.

What is done, and in which order, is what nixpkgs' switch-to-configuration-ng does: units that go or change are stopped,
the new system's activation runs, systemd reads its units anew, the new system's tmpfiles rules are applied, then units
are reloaded, restarted and started. Nothing re-applies udev rules to devices that are there already.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass

from rknn_validation.common.command import CommandRunner
from rknn_validation.common.deadline import Deadline
from rknn_validation.common.errors import MachineError
from rknn_validation.machine.activation.boot import ACTIVATE
from rknn_validation.machine.activation.layout import SYSTEM, Installation
from rknn_validation.machine.activation.switchplan import Handling, SwitchPlan, plan
from rknn_validation.machine.tree import File, tar

_SECONDS = 180.0
_KNOWN = "/run/switch/known"

_SCRIPT = """\
set -u
export PATH=/usr/sbin:/usr/bin
code=0 running=()
while read -r unit _; do running+=("$unit"); done < <(
  systemctl list-units --all --plain --no-legend --state=active,activating --type=service,socket,timer,path,mount,target
)
# Those of some units that run; of a template, its instances.
among() {{
  found=()
  for one in "${{running[@]}}"; do for unit; do
    instance="${{unit%%@.*}}@*.${{unit##*.}}"
    if [[ $one == "$unit" || ( $unit == *@.* && $one == $instance ) ]]; then found+=("$one"); fi
  done; done
}}
mkdir -p /run/switch
cat > /run/switch/tree.tar
among {stop}; stop=("${{found[@]}}")
among {start}; start=("${{found[@]}}")
among {restart}; restart=("${{found[@]}}")
among {reload}; reload=("${{found[@]}}")
among {skip}; skip=("${{found[@]}}")
among {targets}; start+=("${{found[@]}}")
if [ ${{#stop[@]}} -gt 0 ]; then echo "stopping the following units: ${{stop[*]}}"; systemctl stop "${{stop[@]}}"; fi
if [ ${{#skip[@]}} -gt 0 ]; then echo "NOT restarting the following changed units: ${{skip[*]}}"; fi
mount -o remount,bind,rw /nix/store
# What booted stays what booted: it is kept under another name.
if [ ! -e {booted} ]; then
  cp -a {system} {booted} && ln -sfn {booted} /run/booted-system
fi
declare -A kept
for file in passwd group shadow gshadow; do kept[$file]=$(</etc/$file); done
rm -f -- {gone}
tar -xp --unlink-first --keep-directory-symlink -f /run/switch/tree.tar -C / || exit 99
mount -o remount,bind,ro /nix/store
# Accounts that neither system declares were made by hand, or by a script, and stay.
for file in passwd group shadow gshadow; do
  declare -A known=()
  while IFS=: read -r name _; do known[$name]=1; done < {known}/$file
  while IFS=: read -r name _; do known[$name]=1; done < /etc/$file
  while IFS=: read -r name rest; do
    if [ -z "${{known[$name]:-}}" ]; then echo "$name:$rest" >> /etc/$file; fi
  done <<< "${{kept[$file]}}"
done
rm -r /run/switch
{activate} || code=2
systemctl reset-failed
systemctl daemon-reload
systemd-tmpfiles --create --remove --exclude-prefix=/dev
if [ ${{#reload[@]}} -gt 0 ]; then systemctl reload-or-restart "${{reload[@]}}" || code=4; fi
# A reload makes udevd read changed rules, as a restart does, in a tenth of the time.
{rules}
if [ ${{#restart[@]}} -gt 0 ]; then systemctl restart "${{restart[@]}}" || code=4; fi
systemctl start "${{start[@]}}" || code=4
udevadm settle --timeout=20
failed=$(systemctl --failed --no-legend --plain)
if [ -n "$failed" ]; then
  code=4 names=""
  while read -r unit _; do names="$names $unit"; done <<< "$failed"
  echo "warning: the following units failed:$names"
fi
exit $code
"""
_BROKE_OFF = (99, 126, 127)


@dataclass(frozen=True)
class Switched:
    """The result of a switch: switch-to-configuration's exit status (2: activation failed, 4: a unit) and output."""

    status: int
    said: str


def switch(
    machine: CommandRunner, old: Installation, new: Installation, *, deadline: Deadline | None = None
) -> Switched:
    """Do on a running machine what `nixos-rebuild switch` does. Raises MachineError where the files cannot be laid."""
    work = plan(old, new)
    known = {
        f"{_KNOWN}/{path.rpartition('/')[2]}": File("".join(f"{name}\n" for name in names).encode())
        for path, names in work.accounts.items()
    }
    patience = deadline or Deadline.after(_SECONDS, "the switch to another configuration")
    done = machine.run(_script(work), stdin=tar({**work.files, **known}), deadline=patience)
    said = done.said()
    if done.rc in _BROKE_OFF:
        raise MachineError("the switch to another configuration was aborted", expected="a switch to its end", seen=said)
    return Switched(done.rc, said)


def _script(work: SwitchPlan) -> str:
    return _SCRIPT.format(
        stop=shlex.join(work.handled(Handling.STOP, Handling.STOP_AND_START)),
        start=shlex.join(work.handled(Handling.STOP_AND_START)),
        restart=shlex.join(work.handled(Handling.RESTART)),
        reload=shlex.join(work.handled(Handling.RELOAD)),
        skip=shlex.join(work.handled(Handling.SKIP)),
        targets=shlex.join(work.targets),
        gone=shlex.join(work.gone),
        system=SYSTEM,
        booted=SYSTEM.replace("0" * 32, "1" * 32),
        known=_KNOWN,
        activate=ACTIVATE,
        rules="udevadm control --reload" if work.rules_changed else "",
    )
