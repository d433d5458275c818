"""Configurations made by hand: one that works for each stack, to take away from and to break."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from rknn_validation.facts.model import Facts
from rknn_validation.facts.nix.configuration import (
    Account,
    Configuration,
    DeviceTree,
    EtcFile,
    Evaluation,
    Kernel,
    Package,
    RulesFile,
    Source,
    Unit,
)
from rknn_validation.subject.validation import Scenario, Subject

CONDITION = ("|device-tree-compatible(rockchip,rk3588)", "|device-tree-compatible(rockchip,rk3588s)")
NOT_HERE = ("!device-tree-compatible(rockchip,rk3588)", "!device-tree-compatible(rockchip,rk3588s)")


def store(name: str, seed: str = "1") -> str:
    """A store path of that name."""
    return f"/nix/store/{seed * 32}-{name}"


def package(name: str, pname: str | None = None, *, seed: str = "1", **more: Any) -> Package:
    """A package with nothing in it but what is given."""
    fields: dict[str, Any] = {
        "version": None, "out_path": store(name, seed), "system": "aarch64-linux", "builder": "mkDerivation",
        "source": None, "licenses": (), "platforms": ("aarch64-linux",), "broken": False, "main_program": None,
        "python": None, "inputs": {}, "members": (), "files": {}, "phases": {}, "attrs": {}, "position": None,
        "origin": "subject",
    }  # fmt: skip
    return Package(name=name, pname=pname or name, **{**fields, **more})


KMOD = package("kmod-31", "kmod", origin="nixpkgs")
COREUTILS = package("coreutils-9.7", "coreutils", origin="nixpkgs")
RUNTIME = package(
    "rknn-runtime-2.3.2",
    "rknn-runtime",
    phases={"installPhase": "runHook preInstall\ninstall -D -m 0644 $src $out/lib/librknnrt.so\nrunHook postInstall\n"},
)
TOOLKIT = package(
    "python3.12-rknn-toolkit-lite2-2.3.2",
    "rknn-toolkit-lite2",
    builder="buildPythonPackage",
    python="3.12",
    source=Source("fetchPypi", (), "sha256-x", {"python": "cp312", "abi": "cp312"}),
    inputs={
        "propagatedBuildInputs": ("python3.12-numpy-2.2.6", "python3.12-psutil-7.0.0", "python3.12-ruamel-yaml-0.18.10")
    },
)
PYTHON = package("python3-3.12.11-env", builder="buildEnv", members=(TOOLKIT,))
DRIVER = package("rknpu-0.9.8-6.12.30", "rknpu")
MESA = package("mesa-25.3.0", "mesa", version="25.3.0", origin="nixpkgs")


def unit(name: str, *, script: str = "", stop_script: str = "", **more: Any) -> Unit:
    """A service wanted by multi-user.target; `condition` and `service` are settings of its sections."""
    condition = more.pop("condition", ())
    service = {key: (value,) for key, value in more.pop("service", {"Type": "oneshot"}).items()}
    fields: dict[str, Any] = {
        "enabled": True, "wanted_by": ("multi-user.target",), "required_by": (), "environment": {}, "path": (),
        "restart_triggers": (),
    }  # fmt: skip
    sections = {"Unit": {"Description": (name,), "ConditionFirmware": condition}, "Service": service}
    return Unit(name=name, sections=sections, script=script, stop_script=stop_script, **{**fields, **more})


def units(*all_of: Unit) -> dict[str, Unit]:
    """Units by name."""
    return {one.name: one for one in all_of}


def kernel(version: str = "6.12.30", **more: Any) -> Kernel:
    """Mainline's kernel of that version, nothing added."""
    fields: dict[str, Any] = {
        "pname": "linux", "config": {}, "modules": (), "initrd_modules": (),
        "initrd_available_modules": (), "blacklisted": (), "extra_packages": (), "modprobe_config": "", "params": (),
        "patches": (),
    }  # fmt: skip
    fields["package"] = package(f"linux-{version}", more.get("pname", "linux"), origin="nixpkgs")
    return Kernel(version=version, **{**fields, **more})


def configuration(**more: Any) -> Configuration:
    """A system without any NPU support."""
    fields: dict[str, Any] = {
        "system": "aarch64-linux", "assertions": (), "warnings": (), "options": (), "udev_rules": (),
        "udev_extra_rules": "", "udev_packages": (), "variables": {}, "session_variables": {},
        "global_environment": {}, "shell_init": {}, "etc": {}, "system_packages": (),
        "paths_to_link": ("/bin", "/lib"), "graphics_packages": (), "graphics_enabled": False, "units": {},
        "tmpfiles": (), "activation_scripts": {}, "kernel": kernel(),
        "device_tree": DeviceTree(enable=True, name=None, filter=None, overlays=()), "firmware": (), "users": {},
        "groups": {}, "ld_so_conf": (), "nix_ld_libraries": (), "raw": {},
    }  # fmt: skip
    return Configuration(**{**fields, **_changes(**more)})


def facts(judged: Configuration, baseline: Configuration | None = None, stack: str = "none") -> Facts:
    """Facts of a configuration, and of the machine without the subject where that is given."""
    subject = Subject(Path("/nowhere"), None, ())
    scenario = Scenario("handmade", stack, {}, ())
    return Facts(subject, scenario, _evaluation(judged), _evaluation(baseline))


def _evaluation(configuration: Configuration | None) -> Evaluation:
    return Evaluation("handmade", configuration, None, "stand-in")


def _changes(set_environment: str | None = None, **more: Any) -> dict[str, Any]:
    """Fields of a configuration; `set_environment` is the text of that file below `/etc`."""
    if set_environment is None:
        return more
    file = EtcFile("set-environment", set_environment, None, "symlink", "+0", "+0")
    return {**more, "etc": {**more.get("etc", {}), file.path: file}}


def driver_unit(module: str) -> Unit:
    """Loads the driver where the device tree is an RK3588's."""
    start = f"{KMOD.out_path}/bin/modprobe {module}"
    service = {"Type": "oneshot", "RemainAfterExit": "true", "ExecStart": start}
    return unit("npu-driver.service", condition=CONDITION, service=service)


def link_unit(runtime: Package = RUNTIME) -> Unit:
    """Links the runtime where the Python API looks for it, and takes the link away again."""
    return unit(
        "npu-runtime-link.service",
        condition=CONDITION,
        service={"Type": "oneshot", "RemainAfterExit": "true"},
        path=(COREUTILS,),
        script=f"mkdir -p /usr/lib\nln -sfn {runtime.out_path}/lib/librknnrt.so /usr/lib/librknnrt.so\n",
        stop_script="rm -f /usr/lib/librknnrt.so\n",
    )


GUARD = unit(
    "npu-guard.service",
    condition=NOT_HERE,
    script="echo \"npu: $(tr -d '\\0' </proc/device-tree/model) is not an RK3588 board; nothing is done\"\n",
)


def worker(runtime: Package = RUNTIME) -> Unit:
    """A service that uses the NPU and is not started."""
    return unit(
        "npu-worker.service",
        wanted_by=(),
        environment={"LD_LIBRARY_PATH": f"{runtime.out_path}/lib"},
        service={"ExecStart": f"{COREUTILS.out_path}/bin/sleep infinity", "SupplementaryGroups": "render"},
    )


def rules(text: str, name: str = "60-npu.rules") -> tuple[RulesFile, ...]:
    """One rules file."""
    return (RulesFile(name, text, "npu-rules"),)


VENDOR_RULES = """\
SUBSYSTEM=="misc", KERNEL=="rknpu*", GROUP="render", MODE="0660"
SUBSYSTEM=="drm", KERNEL=="renderD*", DRIVERS=="RKNPU", GROUP="render", MODE="0660"
"""
MAINLINE_RULES = 'SUBSYSTEM=="accel", KERNEL=="accel*", KERNELS=="rknn", GROUP="render", MODE="0660"\n'


def vendor(runtime: Package = RUNTIME, **more: Any) -> Configuration:
    """A vendor stack that works."""
    path = f"{runtime.out_path}/lib"
    good = configuration(
        udev_rules=rules(VENDOR_RULES),
        variables={"LD_LIBRARY_PATH": path},
        session_variables={"LD_LIBRARY_PATH": path},
        set_environment=f'export LD_LIBRARY_PATH="{path}"\n',
        system_packages=(runtime, PYTHON),
        units=units(driver_unit("rknpu"), link_unit(runtime), GUARD, worker(runtime)),
        kernel=kernel(extra_packages=(DRIVER,)),
        groups={"render": Account("render", (), True)},
    )
    return replace(good, **_changes(**more))


def mainline(**more: Any) -> Configuration:
    """A mainline stack that works."""
    good = configuration(
        udev_rules=rules(MAINLINE_RULES),
        graphics_enabled=True,
        graphics_packages=(MESA,),
        units=units(driver_unit("rocket"), GUARD),
        kernel=kernel("6.18.2"),
    )
    return replace(good, **_changes(**more))
