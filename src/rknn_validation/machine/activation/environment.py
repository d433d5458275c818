"""Shells, PAM, udev, tmpfiles and other files below `/etc`, where NixOS puts them."""

from __future__ import annotations

import re
from collections.abc import Mapping

from rknn_validation.facts.nix.configuration import Configuration
from rknn_validation.machine.activation.layout import STORE, Layout
from rknn_validation.machine.tree import File, Link
from rknn_validation.npu.about import about_npu

GRAPHICS = f"{STORE}/{'0' * 32}-graphics-drivers"
_PATH = ":".join((
    "/run/wrappers/bin", "$HOME/.nix-profile/bin", "/etc/profiles/per-user/$USER/bin",
    "/nix/var/nix/profiles/default/bin", "/run/current-system/sw/bin",
))  # fmt: skip

_HOME_OR_USER, _PAMS_OWN = re.compile(r"[$]{?(HOME|USER)}?"), r"@{\1}"

_PROFILE = """\
if [ -n "$__ETC_PROFILE_SOURCED" ]; then return; fi
__ETC_PROFILE_SOURCED=1
export __ETC_PROFILE_DONE=1
if [ -z "$__NIXOS_SET_ENVIRONMENT_DONE" ]; then
    . /etc/set-environment
fi
{shell}
{login}
if [ -n "${{BASH_VERSION:-}}" ]; then . /etc/bashrc; fi
"""
_BASHRC = """\
if [ -n "$__ETC_BASHRC_SOURCED" ]; then return; fi
__ETC_BASHRC_SOURCED=1
if [ -z "$__ETC_PROFILE_DONE" ]; then . /etc/profile; fi
if [ -n "$PS1" ]; then :
{interactive}
fi
"""

# Files of the guest itself, which a NixOS configuration would replace together with everything that reads them.
_GUESTS_OWN = re.compile(
    r"(fstab|passwd|group|shadow|sudoers|hosts|hostname|machine-id|os-release|nsswitch\.conf|mtab|resolv\.conf|static"
    r"|pam\.d/.*|profiles/per-user/.*|ssh/.*|systemd/.*|nix/.*|dbus-1/.*|kernel/.*|udev/rules\.d/?.*|tmpfiles\.d/?.*|set-environment"
    r"|profile|bashrc|bash\.bashrc|modules-load\.d/nixos\.conf|modprobe\.d/nixos\.conf|pam/environment)$"
)


def lay_shells(layout: Layout, configuration: Configuration) -> None:
    """`/etc/set-environment` and who reads it: login shells, interactive bash, PAM sessions."""
    text = configuration.set_environment
    if not text:
        text = "".join(f'export {name}="{value}"\n' for name, value in sorted(configuration.variables.items()))
    if not re.search(r"^\s*export PATH=", text, re.MULTILINE):
        text = f'export PATH="{_PATH}"\n{text}'
    if "__NIXOS_SET_ENVIRONMENT_DONE" not in text:
        text = f"export __NIXOS_SET_ENVIRONMENT_DONE=1\n{text}"
    layout.text("/etc/set-environment", text)
    init = configuration.shell_init
    layout.text("/etc/profile", _PROFILE.format(shell=_init(init, "shell"), login=_init(init, "login")))
    bashrc = _BASHRC.format(interactive=_init(init, "interactive"))
    layout.text("/etc/bashrc", bashrc)
    layout.text("/etc/bash.bashrc", bashrc)
    pam = "".join(
        f'{name} DEFAULT="{_HOME_OR_USER.sub(_PAMS_OWN, value)}"\n'
        for name, value in sorted(configuration.session_variables.items())
    )
    # NixOS names its own file in every PAM service; Debian's services read this one.
    layout.text("/etc/pam/environment", pam)
    layout.text("/etc/security/pam_env.conf", pam)


def _init(init: Mapping[str, str], kind: str) -> str:
    ends = {"shell": r"(^|\.)shellInit$", "login": "loginShellInit$", "interactive": "interactiveShellInit$"}[kind]
    return "\n".join(text for name, text in sorted(init.items()) if re.search(ends, name))


def lay_udev(layout: Layout, configuration: Configuration) -> None:
    """Rules files under their own names; `services.udev.extraRules` last, as `99-local.rules`."""
    names = {rules.name for rules in configuration.udev_rules}
    for rules in configuration.udev_rules:
        if rules.text is None:
            layout.note(f"udev rules {rules.name} of {rules.origin} are not installed: only a build can tell them")
        elif rules.text:
            layout.text(f"/etc/udev/rules.d/{rules.name}", rules.text)
    if configuration.udev_extra_rules and "99-local.rules" not in names:
        layout.text("/etc/udev/rules.d/99-local.rules", configuration.udev_extra_rules)
    layout.stand_in("udev rules of systemd itself: Debian's 252 and a newer one (render nodes are 0660, on NixOS 0666)")


def lay_tmpfiles(layout: Layout, configuration: Configuration, *, whole: bool = False) -> None:
    """`systemd.tmpfiles.rules`, and the link to graphics drivers that NixOS makes the same way.

    Of a `whole` machine's those about the NPU and the graphics drivers.
    """
    drivers = "/run/opengl-driver"
    wanted = (line for line in configuration.tmpfiles if not whole or about_npu(line) or drivers in line)
    lines = [rootless(line) for line in wanted]
    if configuration.graphics_enabled and graphics_profile(configuration) == GRAPHICS:
        lines.append(f"L+ /run/opengl-driver - - - - {GRAPHICS}")
    if lines:
        layout.text("/etc/tmpfiles.d/00-nixos.conf", "\n".join((*lines, "")))


def graphics_profile(configuration: Configuration) -> str:
    """The store path `/run/opengl-driver` is linked to: as the configuration's own rule says, else a made-up one."""
    for line in configuration.tmpfiles:
        words = line.split()
        if len(words) > 6 and words[1] == "/run/opengl-driver" and words[0].startswith("L"):
            return words[6]
    return GRAPHICS


def rootless(text: str) -> str:
    """The text with `/lib/` led away: Debian merges it into `/usr/lib`, on NixOS the two are different places."""
    return re.sub(r"(?<![\w.}/$)-])/lib(?=/)", "/nixos-lib", text)


def _in_the_way(layout: Layout, path: str) -> bool:
    """Whether a file is where a directory has to be, or a directory where the file has to be."""
    parents = path.split("/")
    above = ("/".join(parents[:end]) for end in range(2, len(parents)))
    return any(isinstance(layout.entries.get(one), File | Link) for one in above) or bool(layout.below(path))


def lay_etc(
    layout: Layout, configuration: Configuration, baseline: Configuration | None, *, whole: bool = False
) -> None:
    """`environment.etc`, without what is the guest's own and what every NixOS has anyway.

    Of a `whole` machine's those that speak of the NPU.
    """
    for name, file in sorted(configuration.etc.items()):
        if _GUESTS_OWN.match(name) or (baseline is not None and baseline.etc.get(name) == file):
            continue
        if whole and not about_npu(f"{name} {file.source} {file.text}"):
            continue
        path = f"/etc/{name}"
        if {"", ".", ".."} & set(name.split("/")) or _in_the_way(layout, path):
            layout.note(f"{path} is not installed: it collides with another path")
            continue
        if file.text is not None:
            mode = int(file.mode, 8) if re.fullmatch(r"[0-7]{3,4}", file.mode) else 0o644
            layout.text(path, file.text, mode)
            if (file.user, file.group) not in (("root", "root"), ("+0", "+0"), ("", ""), ("0", "0")):
                layout.note(f"{path} is installed as root's, not as {file.user}:{file.group}'s")
        elif file.source:
            layout.link(path, file.source)
