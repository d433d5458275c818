"""Deploys the fleet node by node, asks each whether its NPU works, and stops at the first that says no.

    roll_out.py deploy HOST [nixos-rebuild's own options]
    roll_out.py verify HOST [pytest's own options]
    roll_out.py roll-out [HOST ...]
    roll_out.py roll-back HOST [SYSTEM]

Hosts are the files of nixos/hosts, and are reached as root by the names ssh knows them by. Needs nixos-rebuild, ssh
and pytest on PATH; the justfile sees to that. Exit status: 0, 1 where a node failed, 2 where nothing was begun.
"""

from __future__ import annotations

import argparse
import os
import shlex
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PROFILE = "/nix/var/nix/profiles/system"
SSH = ("ssh", "-o", "BatchMode=yes", "-o", "ConnectTimeout=10", "-o", "ServerAliveInterval=15")

MINUTE = 60.0
DEPLOYING, VERIFYING, ASKING = 180 * MINUTE, 60 * MINUTE, 2 * MINUTE
"""Deadlines in seconds: a build may take hours, a question over SSH may not."""

CHANGED_BELOW_US = """
for part in kernel kernel-modules dtbs; do
  booted=$(readlink -f /run/booted-system/$part) now=$(readlink -f /run/current-system/$part)
  [ -e "$booted" ] || booted=none
  [ -e "$now" ] || now=none
  [ "$booted" = "$now" ] || echo "$part"
done
cmp -s /run/booted-system/kernel-params /run/current-system/kernel-params || echo kernel-params
"""
"""What only a reboot brings into effect: drivers and device trees among it, so acceptance would ask the old ones."""


class Refused(Exception):
    """Nothing was begun, for this reason."""


class Failed(Exception):
    """A node did not do what was asked of it."""


def run(command: Sequence[str], seconds: float, *, capture: bool = False) -> str:
    """Run a program to its end, its output shown or returned. Raises Failed on failure and past the deadline."""
    try:
        done = subprocess.run(command, text=True, timeout=seconds, stdout=subprocess.PIPE if capture else None)
    except subprocess.TimeoutExpired as problem:
        raise Failed(f"no end of `{shlex.join(command)}` after {seconds:g} s") from problem
    except FileNotFoundError as problem:
        raise Failed(f"{command[0]} is not on PATH; enter `nix develop`, or run ./setup.sh") from problem
    if done.returncode != 0:
        raise Failed(f"exit status {done.returncode} of `{shlex.join(command)}`")
    return (done.stdout or "").strip()


def on(host: str, *command: str, seconds: float = ASKING) -> str:
    """What a command on a node answers."""
    return run([*SSH, f"root@{host}", shlex.join(command)], seconds, capture=True)


def deploy(host: str, options: Sequence[str] = ()) -> None:
    """Build a host's system, copy it there and switch to it."""
    require_key()
    run(["nixos-rebuild", "switch", "--flake", f"{ROOT}#{host}", "--target-host", f"root@{host}", *options], DEPLOYING)


def verify(host: str, options: Sequence[str] = ()) -> None:
    """Acceptance. pytest's status 5, nothing was asked, is a failure as any other."""
    run(["pytest", "--hardware", "--node", host, "-m", "hardware", *options], VERIFYING)


def restart_where_needed(host: str, seconds: float) -> None:
    """Reboot a node whose running kernel is not the deployed one, and wait until it answers again."""
    changed = on(host, "sh", "-c", CHANGED_BELOW_US).split()
    if not changed:
        return
    print(f"{host}: rebooting into a new {', '.join(changed)}", flush=True)
    before = on(host, "cat", "/proc/sys/kernel/random/boot_id")
    end = time.monotonic() + seconds
    subprocess.run([*SSH, f"root@{host}", "systemctl reboot"], timeout=ASKING)  # the link goes down with the node
    while time.monotonic() < end:
        try:
            if on(host, "cat", "/proc/sys/kernel/random/boot_id") != before:
                return
        except Failed:
            pass
        time.sleep(min(2.0, max(0.0, end - time.monotonic())))
    raise Failed(f"it did not come back from a reboot within {seconds:g} s")


def roll_back(host: str, system: str | None = None) -> None:
    """Return a node to a system it had: the one named, or the generation before its current one."""
    change = ["--set", system] if system else ["--rollback"]
    on(host, "nix-env", "--profile", PROFILE, *change)
    on(host, f"{PROFILE}/bin/switch-to-configuration", "switch", seconds=10 * MINUTE)


def roll_out(hosts: Sequence[str], reboot_seconds: float) -> None:
    """Deploy and verify one node after the other. Raises Failed at the first that fails; the rest stay as they are."""
    require_key()
    for number, host in enumerate(hosts):
        print(f"== {host} ({number + 1} of {len(hosts)})", flush=True)
        before = None
        try:
            before = on(host, "readlink", "-f", "/run/current-system")
            deploy(host)
            restart_where_needed(host, reboot_seconds)
            verify(host)
        except (Failed, KeyboardInterrupt) as problem:
            print(report(hosts, number, str(problem) or "interrupted", before), file=sys.stderr, flush=True)
            raise Failed(f"{host}: the roll-out stopped here") from problem
        print(f"{host}: accepted (before: {before})", flush=True)


def report(hosts: Sequence[str], number: int, problem: str, before: str | None) -> str:
    """What an operator has to know when a roll-out stops."""
    host = hosts[number]
    lines = [f"\n{host}: {problem}", f"accepted so far: {' '.join(hosts[:number]) or 'none'}"]
    lines.append(f"not touched: {' '.join(hosts[number + 1 :]) or 'none'}")
    if before is None:
        lines.append(f"{host} was not touched either: it could not be asked which system it runs")
    else:
        lines.append(f"return it to the system it had:  just roll-back {host} {before}")
        lines.append(f"  and reboot it, if its kernel or device tree was changed:  ssh root@{host} systemctl reboot")
        lines.append("  a node that SSH no longer reaches: choose the previous generation in its boot menu")
    lines.append(f"go on when it is mended:  just roll-out {' '.join(hosts[number:])}")
    return "\n".join(lines)


def known() -> list[str]:
    """The hosts of the fleet, by name."""
    return sorted(path.stem for path in (ROOT / "nixos" / "hosts").glob("*.nix") if path.stem != "default")


def require_key() -> None:
    """Refuse to deploy a system nobody can log in to any more."""
    path = Path(os.environ.get("RKNN_AUTHORIZED_KEYS", ROOT / "nixos" / "hosts" / "authorized_keys"))
    lines = path.read_text(encoding="utf-8").splitlines()
    if not any(line.strip() and not line.lstrip().startswith("#") for line in lines):
        raise Refused(f"{path} has no public key: after the switch nobody could log in. Add yours, one a line")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command. Returns its exit status."""
    parser = argparse.ArgumentParser(description="Deploy the fleet, node by node.", allow_abbrev=False)
    parser.add_argument("--reboot-deadline", type=float, default=10 * MINUTE, metavar="SECONDS")
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("deploy", "verify", "roll-back"):
        commands.add_parser(name).add_argument("host")
    commands.choices["roll-back"].add_argument("system", nargs="?")
    commands.add_parser("roll-out").add_argument("hosts", nargs="*")
    given, options = parser.parse_known_args(arguments)
    if options and given.command not in ("deploy", "verify"):
        parser.error(f"unknown: {' '.join(options)}")
    hosts = (given.hosts or known()) if given.command == "roll-out" else [given.host]
    try:
        unknown = [host for host in hosts if host not in known()]
        if unknown:
            raise Refused(f"no such host: {' '.join(unknown)}; nixos/hosts has {' '.join(known())}")
        if given.command == "deploy":
            deploy(given.host, options)
        elif given.command == "verify":
            verify(given.host, options)
        elif given.command == "roll-back":
            roll_back(given.host, given.system)
        else:
            roll_out(hosts, given.reboot_deadline)
    except Refused as problem:
        print(f"refused: {problem}", file=sys.stderr)
        return 2
    except Failed as problem:
        print(f"failed: {problem}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
