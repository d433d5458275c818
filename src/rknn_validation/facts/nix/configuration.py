"""Configuration: what a scenario evaluates to, typed.

Every field is what NixOS itself would use, after merging; nothing here is judged yet.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from rknn_validation.facts.nix.gaps import Gaps

Json = Any
"""A value as JSON has it (None, bool, int, float, str, list, dict)."""


@dataclass(frozen=True)
class Source:
    """Where a package's source comes from: `fetcher` is the nixpkgs function (`fetchurl`, `fetchPypi`, ...)."""

    fetcher: str
    urls: tuple[str, ...]
    hash: str | None
    attrs: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True)
class License:
    """One entry of `meta.license`; `free` is None where the licence does not say."""

    name: str
    free: bool | None
    redistributable: bool | None


@dataclass(frozen=True)
class Package:
    """A derivation as a configuration mentions it.

    `files` maps paths inside the output to text known at evaluation (writeTextDir and friends).
    `members` are the packages it was composed of (buildEnv paths, withPackages).
    `phases` maps `installPhase` etc. to their shell text; `attrs` holds the remaining simple attributes.
    `origin` is "subject" (its expression lies under the subject's directory), "nixpkgs" or "unknown".
    """

    name: str
    pname: str | None
    version: str | None
    out_path: str
    system: str | None
    builder: str
    source: Source | None
    licenses: tuple[License, ...]
    platforms: tuple[str, ...]
    broken: bool
    main_program: str | None
    python: str | None
    inputs: Mapping[str, tuple[str, ...]]
    members: tuple[Package, ...]
    files: Mapping[str, str]
    phases: Mapping[str, str]
    attrs: Mapping[str, Json]
    position: str | None
    origin: str

    def walk(self) -> tuple[Package, ...]:
        """This package and all it was composed of, depth first."""
        return (self, *(inner for member in self.members for inner in member.walk()))


@dataclass(frozen=True)
class KernelPatch:
    """An entry of `boot.kernelPatches`: `config` maps symbols (without CONFIG_) to "y"/"m"/"n"/text.

    `source` is the patch's path, or the addresses it is fetched from.
    """

    name: str
    has_patch: bool
    config: Mapping[str, str]
    source: str = ""


@dataclass(frozen=True)
class KernelMaking:
    """How a kernel is made. `release` is its modDirVersion, `patches` are all it is built with.

    With `is_generated` nixpkgs' generator makes the .config: `settings` are its values of the symbols around the NPU,
    `base` the defconfig it starts from, `auto_modules` whether it makes a module of everything not mentioned.
    Otherwise `file` is the path of a whole .config (or the derivation that makes it), `text` what it says where that
    is known.
    """

    release: str
    is_generated: bool
    file: str | None
    text: str | None
    settings: Mapping[str, str]
    auto_modules: bool
    base: str
    patches: tuple[KernelPatch, ...]


@dataclass(frozen=True)
class Kernel:
    """The kernel side of a configuration (`boot.*`). `version` is that of `boot.kernelPackages.kernel`."""

    version: str
    pname: str
    package: Package | None
    config: Mapping[str, str]
    modules: tuple[str, ...]
    initrd_modules: tuple[str, ...]
    initrd_available_modules: tuple[str, ...]
    blacklisted: tuple[str, ...]
    extra_packages: tuple[Package, ...]
    modprobe_config: str
    params: tuple[str, ...]
    patches: tuple[KernelPatch, ...]
    making: KernelMaking | None = None


@dataclass(frozen=True)
class Account:
    """A user or group: `groups` are a user's extra groups, `group` is its own; `members` are a group's.

    `packages` are those of a user's own profile, home-manager's among them where that is evaluated.
    """

    name: str
    groups: tuple[str, ...]
    is_system: bool
    gid: int | None = None
    group: str = ""
    members: tuple[str, ...] = ()
    packages: tuple[Package, ...] = ()


@dataclass(frozen=True)
class Mount:
    """What is mounted from `what` on `where`; `option` is the one that says so, `kind` the file system's type.

    `starts`: something mounts it by itself. An automount names no source: the mount of the same place does.
    """

    option: str
    where: str
    what: str
    kind: str
    options: tuple[str, ...]
    starts: bool


__all__ = [
    "Account",
    "Json",
    "Kernel",
    "KernelMaking",
    "KernelPatch",
    "License",
    "Mount",
    "Package",
    "Source",
]  # their readers find them here too


@dataclass(frozen=True)
class Assertion:
    """An entry of `assertions`: `holds` is False where NixOS would refuse to build."""

    holds: bool
    message: str


@dataclass(frozen=True)
class RulesFile:
    """A udev rules file as it lands in `/etc/udev/rules.d`. `text` is None when only a build can tell."""

    name: str
    text: str | None
    origin: str


@dataclass(frozen=True)
class Unit:
    """A systemd unit after NixOS's translation.

    `sections` maps section -> key -> values, as the unit file would have them; `environment` is kept apart.
    `scripts` are the texts NixOS makes executables of, by the option that holds them (`script`, `preStart`, ...).
    """

    name: str
    enabled: bool
    wanted_by: tuple[str, ...]
    required_by: tuple[str, ...]
    sections: Mapping[str, Mapping[str, tuple[str, ...]]]
    environment: Mapping[str, str]
    path: tuple[Package, ...]
    script: str
    stop_script: str
    restart_triggers: tuple[str, ...]
    scripts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class EtcFile:
    """A file below `/etc`. `text` is None when only a build can tell; `source` is the store path then."""

    path: str
    text: str | None
    source: str | None
    mode: str
    user: str
    group: str


@dataclass(frozen=True)
class DeviceTreeOverlay:
    """An entry of `hardware.deviceTree.overlays`."""

    name: str
    text: str | None
    file: str | None
    filter: str | None


@dataclass(frozen=True)
class DeviceTree:
    """`hardware.deviceTree.*`; `name` is the DTB the boot loader is told to use, None where unset."""

    enable: bool
    name: str | None
    filter: str | None
    overlays: tuple[DeviceTreeOverlay, ...]


@dataclass(frozen=True)
class OptionDeclaration:
    """An option the subject declares. `path` is dotted; `type` is the type's description.

    `default_fits` is whether the type accepts the default, None where that cannot be told.
    """

    path: str
    type: str
    has_default: bool
    default: Json
    description: str | None
    declared_in: tuple[str, ...]
    is_defined: bool
    read_only: bool
    visible: bool
    default_fits: bool | None = None


@dataclass(frozen=True)
class Configuration:
    """One evaluated scenario.

    `variables` are what `/etc/set-environment` exports (environment.variables and sessionVariables merged,
    lists already joined with ":"); `session_variables` the part PAM sets; `global_environment` is
    systemd's.
    Units of users' own systemd are named "user/x.service". `tmpfiles` has the lines of `tmpfiles_packages` whose text
    is known before a build; `post_boot_commands` is the shell text of boot.postBootCommands.
    `raw` keeps further option values as JSON by dotted path (e.g. "nixpkgs.config").
    `failures` are values a build would need and that do not evaluate: a package that nixpkgs refuses, a text
    that throws. What is left of them here are empty texts and packages of unknown path. `not_here` names what the
    configuration imports of inputs that are not on this machine: what these would set is not known.
    """

    system: str
    assertions: tuple[Assertion, ...]
    warnings: tuple[str, ...]
    options: tuple[OptionDeclaration, ...]
    udev_rules: tuple[RulesFile, ...]
    udev_extra_rules: str
    udev_packages: tuple[Package, ...]
    variables: Mapping[str, str]
    session_variables: Mapping[str, str]
    global_environment: Mapping[str, str]
    shell_init: Mapping[str, str]
    etc: Mapping[str, EtcFile]
    system_packages: tuple[Package, ...]
    paths_to_link: tuple[str, ...]
    graphics_packages: tuple[Package, ...]
    graphics_enabled: bool
    units: Mapping[str, Unit]
    tmpfiles: tuple[str, ...]
    activation_scripts: Mapping[str, str]
    kernel: Kernel
    device_tree: DeviceTree
    firmware: tuple[Package, ...]
    users: Mapping[str, Account]
    groups: Mapping[str, Account]
    ld_so_conf: tuple[str, ...]
    nix_ld_libraries: tuple[Package, ...]
    raw: Mapping[str, Json]
    failures: tuple[EvaluationError, ...] = ()
    not_here: tuple[str, ...] = ()
    mounts: tuple[Mount, ...] = ()
    post_boot_commands: str = ""
    tmpfiles_packages: tuple[Package, ...] = ()

    @property
    def set_environment(self) -> str:
        """The text of `/etc/set-environment`; empty where there is none that can be told without a build."""
        file = self.etc.get("set-environment")
        return (file.text or "") if file else ""

    @property
    def root_scripts(self) -> dict[str, str]:
        """What root's shell runs at every boot outside of units, by the option that says so."""
        found = {f"system.activationScripts.{name}": text for name, text in self.activation_scripts.items()}
        if self.post_boot_commands.strip():
            found["boot.postBootCommands"] = self.post_boot_commands
        return found

    def packages(self) -> tuple[Package, ...]:
        """Every package the configuration brings in, each once by store path, composed ones unfolded."""
        return self._packages

    @cached_property
    def _packages(self) -> tuple[Package, ...]:
        roots = (
            *self.system_packages,
            *self.graphics_packages,
            *self.udev_packages,
            *self.kernel.extra_packages,
            *self.firmware,
            *self.nix_ld_libraries,
            *self.tmpfiles_packages,
            *(package for user in self.users.values() for package in user.packages),
            *(package for unit in self.units.values() for package in unit.path),
        )
        unique = {package.out_path: package for root in roots for package in root.walk()}
        return tuple(unique.values())


@dataclass(frozen=True)
class EvaluationError:
    """Why a scenario has no configuration.

    `kind`: "subject" (the subject is wrong), "unknown" (the stand-in cannot express what it asks for),
    "deadline" (did not terminate). `message` is Nix's own, `position` its `file:line:column` or "". `meaning` says in
    a sentence what to do about it, where that is known.
    """

    kind: str
    message: str
    position: str
    meaning: str = ""


@dataclass(frozen=True)
class Evaluation:
    """The result for one scenario: exactly one of `configuration` and `error` is set.

    `nixpkgs` names what served: "stand-in" or "nixpkgs <version> (<path>)". `not_modelled` are the options, packages
    and modules that the configuration uses and the stand-in does not have: what depends on them is not known
    (`gaps.is_opaque`). `gaps` tells a further evaluation of the same subject.
    """

    name: str
    configuration: Configuration | None
    error: EvaluationError | None
    nixpkgs: str
    traces: tuple[str, ...] = ()
    not_modelled: tuple[str, ...] = ()
    gaps: Gaps = field(default_factory=Gaps, compare=False)
