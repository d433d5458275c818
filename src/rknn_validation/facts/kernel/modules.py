"""Kernel modules that the subject adds, loads, or keeps from loading."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from rknn_validation.facts.contribution import contribution
from rknn_validation.facts.model import Facts, derived
from rknn_validation.facts.nix.configuration import Kernel, Package
from rknn_validation.facts.text.shell import commands

_VERSION = re.compile(r"(?:/linux-|lib/modules/|-)(\d+\.\d+(?:\.\d+)?(?:-rc\d+)?)(?=[-/\s]|$)")


@derived
def own_module_packages(facts: Facts) -> tuple[Package, ...]:
    """The packages of kernel modules that the subject adds."""
    known = {package.out_path for package in facts.without.kernel.extra_packages}
    return tuple(one for one in facts.configuration.kernel.extra_packages if one.out_path not in known)


def kernel_versions_named(package: Package) -> frozenset[str]:
    """The kernel versions that a package of modules names: in its version, its attributes, its paths."""
    stated = [str(value) for value in (*package.attrs.values(), *package.phases.values()) if isinstance(value, str)]
    texts = (package.version or "", *stated, *(path for paths in package.inputs.values() for path in paths))
    return frozenset(version for text in texts for version in _VERSION.findall(text))


_BLACKLISTS = frozenset({"module_blacklist", "modprobe.blacklist", "rd.driver.blacklist"})
_COMMANDS = frozenset({"alias", "blacklist", "install", "remove", "options", "softdep", "include", "config", "weakdep"})
_ARGUMENTS = {"blacklist": 1, "options": 1, "include": 1, "config": 1}


@dataclass(frozen=True)
class ModuleMention:
    """A module as something names it: `where`, and the `module` itself."""

    where: str
    module: str


@dataclass(frozen=True)
class ModprobeLine:
    """A line of modprobe's configuration: its `words`, and whether modprobe understands it."""

    text: str

    @property
    def words(self) -> tuple[str, ...]:
        """The words of the line."""
        return tuple(self.text.split())

    @property
    def is_understood(self) -> bool:
        """Whether it is a command of modprobe.d(5) with as many arguments as it needs."""
        command, *arguments = self.words
        return command in _COMMANDS and len(arguments) >= _ARGUMENTS.get(command, 2)

    @property
    def module(self) -> str:
        """The module that the line is about, "" where it is about none."""
        return self.words[1] if len(self.words) > 1 and self.words[0] in {"options", "blacklist", "softdep"} else ""

    def blocks(self, module: str) -> bool:
        """Whether it keeps a module from loading."""
        if self.words[:2] == ("blacklist", module):
            return True
        program = self.words[2].rsplit("/", 1)[-1] if len(self.words) > 2 else ""
        return self.words[:2] == ("install", module) and program in {"true", "false", ":"}


@derived
def forced_modules(facts: Facts) -> tuple[ModuleMention, ...]:
    """Every kernel module the subject has loaded at boot on any hardware."""
    return (
        *_added(facts, "boot.kernelModules", lambda kernel: kernel.modules),
        *_added(facts, "boot.initrd.kernelModules", lambda kernel: kernel.initrd_modules),
    )


@derived
def initrd_modules(facts: Facts) -> tuple[ModuleMention, ...]:
    """Every kernel module the subject has put into the initrd, loaded there or not."""
    return (
        *_added(facts, "boot.initrd.availableKernelModules", lambda kernel: kernel.initrd_available_modules),
        *_added(facts, "boot.initrd.kernelModules", lambda kernel: kernel.initrd_modules),
    )


def _added(facts: Facts, option: str, modules: Callable[[Kernel], tuple[str, ...]]) -> Iterator[ModuleMention]:
    known = modules(facts.without.kernel)
    return (ModuleMention(option, name) for name in modules(facts.configuration.kernel) if name not in known)


@derived
def modprobed_modules(facts: Facts) -> tuple[ModuleMention, ...]:
    """What the subject's units and activation scripts load by modprobe."""
    return tuple(ModuleMention(where, name) for where, text in _scripts(facts) for name in modules_loaded_by(text))


def modules_loaded_by(text: str) -> Iterator[str]:
    """The modules that a script loads."""
    for command in commands(text):
        if command.program == "modprobe" and not {"-r", "--remove"} & set(command.options):
            # With -a every word is a module; without, what follows the first are its parameters.
            every = bool({"-a", "--all"} & set(command.options))
            yield from command.arguments if every else command.arguments[:1]
        elif command.program == "insmod":
            yield from (re.sub(r"\.ko(\.\w+)?$", "", one.rsplit("/", 1)[-1]) for one in command.arguments[:1])


def _scripts(facts: Facts) -> Iterator[tuple[str, str]]:
    ours = contribution(facts)
    yield from ours.root_scripts.items()
    for name, unit in ours.units.items():
        lines = (
            value.lstrip("@-:+!|")
            for key, values in unit.sections.get("Service", {}).items()
            if key.startswith("Exec")
            for value in values
        )
        for text in dict.fromkeys((unit.script, unit.stop_script, *unit.scripts.values(), *lines)):
            yield name, text


@derived
def modprobe_lines(facts: Facts) -> tuple[ModprobeLine, ...]:
    """The lines of modprobe's configuration that the subject adds, continued ones joined."""
    before = facts.without.kernel.modprobe_config.splitlines()
    text = facts.configuration.kernel.modprobe_config.replace("\\\n", " ")
    added = (line.strip() for line in text.splitlines() if line not in before)
    return tuple(ModprobeLine(" ".join(line.split())) for line in added if line and not line.startswith("#"))


@derived
def blocked_modules(facts: Facts) -> tuple[ModuleMention, ...]:
    """(where, module) of what the configuration keeps from loading, by whatever means."""
    kernel = facts.configuration.kernel
    found = [ModuleMention("boot.blacklistedKernelModules", name) for name in kernel.blacklisted]
    for param in kernel.params:
        name, _, value = param.partition("=")
        if name in _BLACKLISTS:
            found += [ModuleMention(f"boot.kernelParams: {param}", module) for module in value.split(",")]
    etc = facts.configuration.etc.values()
    files = {f"/etc/{one.path}": one.text or "" for one in etc if one.path.startswith("modprobe.d/")}
    # NixOS writes the option's text to one of these files.
    for where, text in {**files, "boot.extraModprobeConfig": kernel.modprobe_config}.items():
        for line in text.splitlines():
            one = ModprobeLine(line.strip())
            if len(one.words) > 1 and one.blocks(one.words[1]):
                found.append(ModuleMention(f"{where}: {one.text}", one.words[1]))
    return tuple({named.module: named for named in found}.values())
