"""What runs first: activation scripts, users and groups, the system profile."""

from __future__ import annotations

import re
from itertools import chain, count

from rknn_validation.facts.nix.configuration import Configuration
from rknn_validation.machine.accounts import GROUPS, USERS, account_files
from rknn_validation.machine.activation.environment import rootless
from rknn_validation.machine.activation.layout import STORE, SYSTEM, Layout
from rknn_validation.machine.activation.units import UNITS
from rknn_validation.npu.about import about_npu

ACTIVATE = f"{SYSTEM}/activate"
_PROGRAMS = ("coreutils", "gnugrep", "findutils", "getent", "shadow", "hostname", "util-linux")
_EVERY_SYSTEMS = re.compile(
    r"agetty|binfmt|binsh|create-directories|domain|etc|groups|hashes|hostname|ldso|modprobe|nix|nix-channel|resolvconf"
    r"|specialfs|stage1|stage2|stdio|udevd|usrbinenv|users|var|wrappers"
)

_UNIT = f"""\
[Unit]
Description=NixOS activation (stage 2, which NixOS runs before systemd)
DefaultDependencies=no
Before=sysinit.target local-fs-pre.target systemd-udevd.service systemd-sysusers.service systemd-modules-load.service
Before=systemd-tmpfiles-setup-dev.service systemd-tmpfiles-setup.service systemd-udev-trigger.service

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart={SYSTEM}/init
"""

# Stage 2 writes the output of activation to the kernel's log, and goes on if it fails.
_INIT = f"""\
#!/bin/bash
{ACTIVATE} 2>&1 | while read -r line; do echo "stage-2-init: $line" | tee /dev/kmsg; done
"""

_SCRIPT = """\
#!/bin/bash
# Debian's own programs for what NixOS does by itself, then the snippets with the PATH NixOS gives them.
export PATH=/usr/sbin:/usr/bin
mkdir -p /run/wrappers/bin /nix/var/nix/profiles /nix/var/nix/gcroots
ln -sfn {system} /nix/var/nix/profiles/system
mountpoint -q /nix/store || {{ mount --bind /nix/store /nix/store && mount -o remount,bind,ro /nix/store; }}
[ -e /run/booted-system ] || ln -sfn {system} /run/booted-system
export PATH=/empty:{path}
_status=0
trap '_status=1 _localstatus=$?' ERR
umask 0022
systemConfig={system}
{snippets}
/bin/ln -sfn {system} /run/current-system
exit $_status
"""

_SNIPPET = """\
#### Activation script snippet {name}:
_localstatus=0
{text}

if (( _localstatus > 0 )); then
  printf "Activation script snippet '%s' failed (%s)\\n" '{name}' "$_localstatus"
fi
"""


def lay_activation(
    layout: Layout, configuration: Configuration, baseline: Configuration | None, *, whole: bool = False
) -> None:
    """The activation script, the unit that runs it at boot, and the accounts it makes.

    Of a `whole` machine's snippets those that speak of the NPU.
    """
    _lay_accounts(layout, configuration)
    known = _boot_scripts(baseline) if baseline else {}
    snippets = "\n".join(
        _SNIPPET.format(name=name, text=rootless(text))
        for name, text in _boot_scripts(configuration).items()
        if text.strip()
        and not _EVERY_SYSTEMS.fullmatch(name)
        and known.get(name) != text
        and (not whole or about_npu(f"{name} {text}"))
    )
    roots = [f"{STORE}/{'0' * 32}-{name}" for name in _PROGRAMS]
    layout.script(
        ACTIVATE,
        _SCRIPT.format(
            system=SYSTEM,
            path=":".join(f"{root}/bin:{root}/sbin" for root in roots),
            snippets=snippets,
        ),
    )
    layout.script(f"{SYSTEM}/init", _INIT)
    layout.text(f"{UNITS}/nixos-activation.service", _UNIT)
    layout.link(f"{UNITS}/sysinit.target.wants/nixos-activation.service", "../nixos-activation.service")
    layout.stand_in("activation: run by a unit before udevd, where NixOS runs it before systemd")


def _boot_scripts(configuration: Configuration) -> dict[str, str]:
    """The activation snippets by name, and last what NixOS runs after them at every boot."""
    snippets = dict(sorted(configuration.activation_scripts.items()))
    return {**snippets, "boot.postBootCommands": configuration.post_boot_commands}


def _lay_accounts(layout: Layout, configuration: Configuration) -> None:
    """The configuration's users and groups beside those the board has."""
    groups = dict(GROUPS)
    free = chain(range(899, 400, -1), count(40000))
    for name, group in sorted(configuration.groups.items()):
        if _is_name(name) and name not in groups:
            groups[name] = (group.gid if group.gid is not None else next(free), ())
    users = dict(USERS)
    for name, account in sorted(configuration.users.items()):
        if not _is_name(name) or name.startswith("nixbld"):
            continue
        if name not in users:
            own = account.group if account.group in groups else "nogroup" if account.is_system else "users"
            users[name] = (next(free), own, "/var/empty", "/bin/bash")
        for wanted in account.groups:
            if wanted not in groups:
                layout.note(f"user {name} is to be in group {wanted}, which is not declared")
            elif name not in groups[wanted][1]:
                number, members = groups[wanted]
                groups[wanted] = (number, (*members, name))
    layout.entries.update(account_files(users, groups))


def _is_name(name: str) -> bool:
    return bool(re.fullmatch(r"[a-z_][a-z0-9_-]{0,30}", name))
