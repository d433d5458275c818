"""Installs an evaluated configuration on an emulated board, the way NixOS activation would lay it out."""

from __future__ import annotations

from collections.abc import Collection

from rknn_validation.facts.model import Facts
from rknn_validation.facts.nix.configuration import Configuration
from rknn_validation.machine.activation.boot import lay_activation
from rknn_validation.machine.activation.environment import graphics_profile, lay_etc, lay_shells, lay_tmpfiles, lay_udev
from rknn_validation.machine.activation.kernel import BOTH, described, driver_packages, lay_kernel
from rknn_validation.machine.activation.layout import BASE, STORE, SYSTEM, Guest, Installation, Layout
from rknn_validation.machine.activation.store import lay_base, lay_mentioned, lay_package, merge
from rknn_validation.machine.activation.switch import Switched, switch
from rknn_validation.machine.activation.units import lay_units
from rknn_validation.npu.about import about_npu

__all__ = ["Guest", "Installation", "Switched", "described", "install", "switch"]

_GUESTS_FOLDERS = frozenset(["/usr", "/usr/lib", "/usr/lib64"])
_LINKED_BY_DEFAULT = ("/bin", "/sbin", "/lib", "/etc/xdg")


def install(facts: Facts, guest: Guest, *, only: Collection[str] | None = None) -> Installation:
    """Lay a configuration out for an emulated board.

    Units, files and scripts that the machine without the subject has too are left to the guest. Nothing is built: what
    only a build could tell is left out and named in `notes`.
    `only` names the units of a whole machine that concern the NPU. Its other units are not started, and only files,
    tmpfiles rules and activation scripts that concern the NPU are installed: the guest has neither the programs nor
    the disks for the rest.
    """
    configuration, baseline = facts.configuration, facts.baseline.configuration
    drivers = (package.out_path for stack in BOTH for package in driver_packages(configuration, stack))
    layout = Layout(guest, frozenset(drivers))
    for package in configuration.packages():
        lay_package(layout, package)
    npu = lay_kernel(layout, facts)
    lay_shells(layout, configuration)
    lay_udev(layout, configuration)
    lay_tmpfiles(layout, configuration, whole=only is not None)
    lay_etc(layout, configuration, baseline, whole=only is not None)
    lay_units(layout, configuration, baseline, only)
    lay_activation(layout, configuration, baseline, whole=only is not None)
    _lay_mounts(layout, configuration, baseline)
    lay_mentioned(layout)
    for package in configuration.system_packages:
        merge(layout, f"{SYSTEM}/sw", package.out_path, configuration.paths_to_link or _LINKED_BY_DEFAULT)
    for name, user in configuration.users.items():
        for package in user.packages:
            merge(layout, f"/etc/profiles/per-user/{name}", package.out_path, _LINKED_BY_DEFAULT)
    for package in configuration.graphics_packages if configuration.graphics_enabled else ():
        merge(layout, graphics_profile(configuration), package.out_path, ("/lib", "/share", "/etc"))
    lay_base(layout)
    merge(layout, f"{SYSTEM}/sw", BASE, ("/bin",))
    tree = {path: layout.entries[path] for path in sorted(layout.entries)}
    return Installation(
        tree,
        tuple(layout.stand_ins),
        tuple(layout.notes),
        npu,
        tuple(sorted(layout.units)),
        layout.kernel,
        layout.drivers,
    )


def _lay_mounts(layout: Layout, configuration: Configuration, baseline: Configuration | None) -> None:
    """Bind mounts of store paths for the NPU, as links: the guest's systemd creates no mount points that are files."""
    known = baseline.mounts if baseline else ()
    started = {one.where for one in configuration.mounts if one.starts}
    for one in configuration.mounts:
        if one in known or one.where not in started or not one.what.startswith(f"{STORE}/"):
            continue
        if "bind" in one.options and about_npu(f"{one.what} {one.where}") and one.where not in _GUESTS_FOLDERS:
            layout.link(one.where, one.what)
            layout.stand_in(f"{one.option}: a link at {one.where} in place of a bind mount")
