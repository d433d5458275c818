"""Every node check fails on a node that deserves it, and says why."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import handmade
import pytest
from bench import Bench

from rknn_validation.checks.model import Status
from rknn_validation.checks.node import NODE_CHECKS
from rknn_validation.facts.nix.configuration import Configuration
from rknn_validation.machine.base import SYSTEMD_RULES
from rknn_validation.machine.tree import tar
from rknn_validation.npu.stacks import VENDOR

pytestmark = pytest.mark.vm

Damage = Callable[[Bench], object]
FINDS = handmade.store("rknn-runtime-2.3.2") + "/lib"


def sh(command: str) -> Damage:
    """Damage done by hand on the node."""
    return lambda bench: bench.sh(command)


def to(configuration: Configuration, *, trigger: bool = True) -> Damage:
    """A configuration that is wrong in this one way; without `trigger`, udev's rules have not reached devices yet."""

    def change(bench: Bench) -> None:
        bench.switch(configuration)
        if trigger:
            bench.sh("udevadm trigger --action=add --settle")

    return change


def without(*names: str) -> dict[str, handmade.Unit]:
    """The good vendor configuration's units without these."""
    return {name: unit for name, unit in handmade.vendor().units.items() if name not in names}


def with_script(script: str) -> Configuration:
    """A vendor configuration whose link is made by another script."""
    return handmade.vendor(units={**without(), "npu-runtime-link.service": handmade.unit(
        "npu-runtime-link.service", path=(handmade.COREUTILS,), script=script)})  # fmt: skip


def activated(configuration: Configuration) -> Damage:
    """As after a boot: what activation says is in the kernel's log."""

    def boot(bench: Bench) -> None:
        bench.switch(configuration)
        bench.sh("/nix/var/nix/profiles/system/init")

    return boot


def both(*damages: Damage) -> Damage:
    """One after the other."""
    return lambda bench: [damage(bench) for damage in damages]


def takes_away(path: str) -> str:
    return f"rm {path}; udevadm control --reload"


RULES = "/etc/udev/rules.d/60-npu.rules"
NO_RULE = sh(f"{takes_away(RULES)}; chown root:root /dev/rknpu; chmod 600 /dev/rknpu")
EMPTY = replace(handmade.RUNTIME, out_path=handmade.store("empty", "2"), phases={"installPhase": ":"})
NO_DRIVER = sh("rmmod rknpu && rm /lib/modules/*/updates/rknpu.ko && depmod")
BARE_PYTHON = (handmade.RUNTIME, handmade.TOOLKIT)
OTHER_WHEEL = replace(handmade.TOOLKIT, source=handmade.Source("fetchurl", ("x-cp310-cp310-y.whl",), None))
NO_NUMPY = replace(handmade.TOOLKIT, inputs={"propagatedBuildInputs": ("psutil", "ruamel-yaml")})
COPIED = sh(f"cp --remove-destination {FINDS}/librknnrt.so /usr/lib")
NOWHERE = "ln -sfn /nix/store/gone/lib/librknnrt.so /usr/lib/librknnrt.so"
PROFILE_PATH = f'export LD_LIBRARY_PATH="$LD_LIBRARY_PATH:{FINDS}"\n'

DESERVED: list[tuple[str, str, str, Damage, str]] = [
    # id of the damage, set-up, check, damage, what the reason says
    ("a unit fails", "vendor", "units.none-failed", sh("! systemd-run --quiet --wait --unit=bad false"), "bad.service"),
    ("degraded", "vendor", "units.system-running", sh("! systemd-run --quiet --wait --unit=bad false"), "degraded"),
    ("a service that cannot start", "vendor", "units.none-failed",
     to(with_script("cp --no-clobber nothing /usr/lib/librknnrt.so")), "npu-runtime-link"),
    ("a snippet fails", "vendor", "units.activation-clean",
     activated(handmade.vendor(activation_scripts={"npu": "ln -s a /proc/b\n"})), "'npu' failed"),
    ("a snippet writes into the store", "vendor", "units.activation-clean",
     activated(handmade.vendor(activation_scripts={"npu": f"ln -sf x {FINDS}/y\n"})), "'npu' failed"),
    ("a snippet calls what is not on its PATH", "disabled", "units.activation-clean",
     activated(handmade.configuration(activation_scripts={"npu": "modprobe rknpu\n"})), "'npu' failed"),

    ("unloaded", "vendor", "kernel.driver-loaded", sh("rmmod rknpu"), "nothing loaded it"),
    ("no driver in the kernel", "vendor", "kernel.driver-loaded",
     NO_DRIVER, "has no driver rknpu"),
    ("unloaded", "mainline", "kernel.driver-loaded", sh("rmmod rocket"), "nothing loaded it"),
    ("unbound", "vendor", "kernel.driver-bound",
     sh("echo fdab0000.npu >/sys/bus/platform/drivers/RKNPU/unbind"), "0 of 1"),
    ("one core lost", "mainline", "kernel.driver-bound",
     sh("echo fdad0000.npu >/sys/bus/platform/drivers/rocket/unbind"), "2 of 3"),
    ("power domain", "vendor", "kernel.log-healthy",
     sh("echo \"RKNPU fdab0000.npu: failed to get ack on domain 'npu'\" >/dev/kmsg"), "failed to get ack"),
    ("timeout", "mainline", "kernel.log-healthy",
     sh("echo 'rocket fdab0000.npu: NPU job timed out' >/dev/kmsg"), "timed out"),

    ("unloaded", "vendor", "device.present", sh("rmmod rknpu"), "nothing loaded it"),
    ("no driver in the kernel", "vendor", "device.present",
     NO_DRIVER, "has no driver rknpu"),
    ("unbound", "mainline", "device.present",
     sh("cd /sys/bus/platform/drivers/rocket; for n in *.npu; do echo $n >unbind; done"), "bound to nothing"),
    ("the other stack's device tree", "mainline", "device.present", lambda bench: wrong_stack(bench), "another NPU"),
    ("a link to a render node", "vendor", "device.is-the-drivers",
     sh("mkdir -p /dev/dri; mv /dev/rknpu /dev/dri/renderD129; ln -s dri/renderD129 /dev/rknpu"), "symbolic link"),
    ("a file", "vendor", "device.is-the-drivers", sh("rm /dev/rknpu; echo >/dev/rknpu"), "regular file"),
    ("another major", "vendor", "device.is-the-drivers", sh("rm /dev/rknpu; mknod /dev/rknpu c 226 129"), "major 226"),
    ("nothing behind it", "vendor", "device.opens", sh("rm /dev/rknpu; mknod /dev/rknpu c 10 252"), "cannot open"),
    ("nothing behind it", "mainline", "device.opens",
     sh("rm /dev/accel/accel0; mknod /dev/accel/accel0 c 261 5"), "cannot open"),
    ("another driver", "vendor", "device.driver-answers", sh("rm /dev/rknpu; mknod /dev/rknpu c 10 229"),
     "does not answer"),

    ("changed by hand", "vendor", "access.matches-configuration", sh("chmod 640 /dev/rknpu"), "render 0640"),
    ("no rule", "vendor", "access.matches-configuration", to(handmade.vendor(udev_rules=())), "no rule"),
    ("a rule that matches nothing", "mainline", "access.matches-configuration",
     to(handmade.mainline(udev_rules=handmade.rules('KERNEL=="rknpu", GROUP="render", MODE="0660"\n'))), "no rule"),
    ("overridden by a script", "vendor", "access.matches-configuration",
     both(to(handmade.vendor(activation_scripts={"npu": "chmod 0666 /dev/rknpu\n"}), trigger=False)), "0666"),
    ("root's alone", "vendor", "access.group-can-open", sh("chown root:root /dev/rknpu"), "group root"),
    ("read-only", "vendor", "access.group-can-open", sh("chmod 640 /dev/rknpu"), "cannot open"),
    ("0600", "mainline", "access.group-can-open", sh("chmod 600 /dev/accel/accel0"), "cannot open"),
    ("0666", "vendor", "access.closed-to-others",
     to(handmade.vendor(udev_rules=handmade.rules('KERNEL=="rknpu", GROUP="render", MODE="0666"\n'))), "everybody"),
    ("0666", "mainline", "access.closed-to-others",
     to(handmade.mainline(udev_rules=handmade.rules('SUBSYSTEM=="accel", GROUP="users", MODE="0666"\n'))),
     "everybody"),

    ("a group nobody declared", "vendor", "udev.rules-accepted",
     to(handmade.vendor(udev_rules=handmade.rules('KERNEL=="rknpu", GROUP="npu", MODE="0660"\n'))), "npu"),
    ("a key that does not exist", "vendor", "udev.rules-accepted",
     to(handmade.vendor(udev_rules=handmade.rules('KERNAL=="rknpu", MODE="0660"\n'))), "KERNAL"),
    ("no rule", "vendor", "udev.rule-applies", sh(takes_away(RULES)), "no rule"),
    ("not triggered", "vendor", "udev.rule-applies",
     both(NO_RULE, to(handmade.vendor(udev_rules=handmade.rules(handmade.VENDOR_RULES, "61-npu.rules")),
                      trigger=False)), "never saw"),
    ("only on add, by a script", "vendor", "udev.survives-replug",
     both(sh(takes_away(RULES)), sh("chown root:render /dev/rknpu; chmod 660 /dev/rknpu")), "came back as root:root"),
    ("no rule at all", "mainline", "udev.survives-replug",
     both(sh(f"rm {SYSTEMD_RULES}; {takes_away(RULES)}"),
          sh("chown root:root /dev/accel/accel0; chmod 600 /dev/accel/accel0")), "no service"),
    ("by a script", "vendor", "udev.restores-access", sh(takes_away(RULES)), "udev makes it root:root"),
    ("only when removed", "mainline", "udev.restores-access",
     to(handmade.mainline(udev_rules=handmade.rules('ACTION=="remove", SUBSYSTEM=="accel", MODE="0660"\n')),
        trigger=False), "udev makes it root:render 0666"),

    ("no variable", "vendor", "library.login-shell-finds-runtime", to(handmade.vendor(set_environment="", variables={},
     session_variables={})), "does not find"),
    ("the link alone", "vendor", "library.login-shell-finds-runtime",
     to(handmade.vendor(set_environment='export LD_LIBRARY_PATH="/nix/store/gone/lib"\n')), "does not find"),
    ("/usr/lib on the path", "vendor", "library.login-shell-finds-runtime", both(to(handmade.vendor(
     set_environment='export LD_LIBRARY_PATH="/usr/lib"\n')), COPIED), "not from the store"),
    ("a package without it", "vendor", "library.login-shell-finds-runtime",
     to(handmade.vendor(EMPTY)),
     "does not find"),
    ("a path that is gone", "vendor", "library.service-finds-runtime", to(handmade.vendor(units=handmade.units(
     replace(handmade.worker(), environment={"LD_LIBRARY_PATH": "/nix/store/gone/lib"})))), "does not find"),
    ("a global path that is gone", "vendor", "library.service-finds-runtime",
     to(handmade.vendor(units={}, global_environment={"LD_LIBRARY_PATH": "/nix/store/gone"})), "globalEnvironment"),
    ("an empty element", "vendor", "library.not-from-working-directory",
     to(handmade.vendor(set_environment=PROFILE_PATH)), "planted"),
    ("an empty element in a unit", "vendor", "library.not-from-working-directory", to(handmade.vendor(
     units=handmade.units(replace(handmade.worker(), environment={"LD_LIBRARY_PATH": f":{FINDS}"})))), "planted"),
    ("mode 0600", "vendor", "library.readable",
     sh(f"mount -o remount,bind,rw /nix/store; chmod 600 {FINDS}/librknnrt.so"), "only root"),
    ("a link to nowhere", "vendor", "library.readable", sh(NOWHERE), "leads nowhere"),
    ("a Git LFS pointer", "vendor", "library.readable",
     sh("rm /usr/lib/librknnrt.so; echo 'version https://git-lfs' >/usr/lib/librknnrt.so"), "not an ELF"),
    ("no graphics drivers", "mainline", "library.teflon-loads",
     to(handmade.mainline(graphics_enabled=False, tmpfiles=("R /run/opengl-driver",))), "cannot be loaded"),
    ("an old Mesa", "mainline", "library.teflon-loads", to(handmade.mainline(graphics_packages=(replace(
     handmade.MESA, version="25.2.1", out_path=handmade.store("mesa-25.2.1", "5")),))), "cannot be loaded"),

    ("no link", "vendor", "python.runtime-in-place", to(handmade.vendor(units=without("npu-runtime-link.service"))),
     "none of its paths"),
    ("a link to nowhere", "vendor", "python.runtime-in-place", sh(NOWHERE), "none of its paths"),
    ("a copy", "vendor", "python.runtime-in-place",
     COPIED, "not in the store"),
    ("/lib", "vendor", "python.runtime-in-place", to(handmade.vendor(units=without("npu-runtime-link.service"),
     tmpfiles=(f"L+ /lib/librknnrt.so - - - - {FINDS}/librknnrt.so",))), "none of its paths"),
    ("no link", "vendor", "python.works-as-root", to(handmade.vendor(units=without("npu-runtime-link.service"))),
     "no runtime for the Python API"),
    ("a bare library", "vendor", "python.works-as-root", to(handmade.vendor(system_packages=BARE_PYTHON)),
     "no python3"),
    ("a wheel for another Python", "vendor", "python.works-as-root", to(handmade.vendor(system_packages=(
     handmade.RUNTIME, replace(handmade.PYTHON, members=(OTHER_WHEEL,), out_path=handmade.store("python3-env", "3"))))),
     "cannot import rknnlite"),
    ("no numpy", "vendor", "python.works-as-root", to(handmade.vendor(system_packages=(handmade.RUNTIME,
     replace(handmade.PYTHON, members=(NO_NUMPY,), out_path=handmade.store("python3-env", "4"))))), "numpy"),
    ("a torn library", "vendor", "python.works-as-root",
     sh("rm /usr/lib/librknnrt.so; head -c 30 /bin/ls >/usr/lib/librknnrt.so"), "truncated"),
    ("not a Rockchip board", "vendor", "python.works-as-root",
     sh("echo virt >/run/virt; mount --bind /run/virt /proc/device-tree/compatible"), "Rockchip board"),
    ("mode 0600", "vendor", "python.works-as-service-user",
     sh(f"cp --remove-destination {FINDS}/librknnrt.so /usr/lib && chmod 600 /usr/lib/librknnrt.so"), "init_runtime"),
    ("no link", "vendor", "python.works-as-service-user", sh("rm /usr/lib/librknnrt.so"),
     "no runtime for the Python API"),

    ("forced", "guarded", "guard.no-driver-forced",
     to(handmade.vendor(kernel=handmade.kernel(modules=("rknpu",)))), "rknpu is loaded"),
    ("loaded", "guarded", "guard.no-driver-forced", sh("modprobe rknpu"), "rknpu is loaded"),
    ("linked by tmpfiles", "guarded", "guard.no-runtime-linked", to(handmade.vendor(
     tmpfiles=(f"L+ /usr/lib/librknnrt.so - - - - {FINDS}/librknnrt.so",))), "librknnrt.so"),
    ("a link to nowhere", "guarded", "guard.no-runtime-linked", sh(NOWHERE), "librknnrt.so"),
    ("every misc device", "guarded", "guard.devices-untouched",
     to(handmade.vendor(udev_rules=handmade.rules('SUBSYSTEM=="misc", GROUP="render", MODE="0660"\n'))), "render"),
    ("opened to everybody", "guarded", "guard.devices-untouched",
     to(handmade.vendor(udev_rules=handmade.rules('SUBSYSTEM=="misc", MODE="0666"\n'))), "666"),
    ("a node made up", "guarded", "guard.devices-untouched", sh("mknod /dev/rknpu c 10 252"), "/dev/rknpu"),
    ("no guard", "guarded", "guard.reason-in-journal", lambda bench: silent(bench), "does not say"),
    ("an unguarded unit", "guarded", "units.none-failed", to(handmade.vendor(units=handmade.units(
     replace(handmade.driver_unit("no-such-driver"), sections={**handmade.driver_unit("no-such-driver").sections,
                                                               "Unit": {}})))), "npu-driver"),

    ("a rule left", "disabled", "disabled.no-rules",
     to(handmade.configuration(udev_rules=handmade.rules(handmade.VENDOR_RULES))), "rule is left"),
    ("a link left by tmpfiles", "disabled", "disabled.no-link", both(
     to(handmade.configuration(tmpfiles=(f"L+ /usr/lib/librknnrt.so - - - - {FINDS}/librknnrt.so",))),
     to(handmade.configuration())), "link is left"),
    ("a variable left", "disabled", "disabled.no-variable",
     to(handmade.configuration(set_environment=f'export LD_LIBRARY_PATH="{FINDS}"\n')), "variable is left"),
    ("a variable left with PAM", "disabled", "disabled.no-variable",
     to(handmade.configuration(session_variables={"LD_LIBRARY_PATH": FINDS})), "variable is left"),
    ("a unit left", "disabled", "disabled.no-units",
     to(handmade.configuration(units=handmade.units(handmade.driver_unit("rknpu")))), "unit is left"),
    ("a runtime left", "disabled", "disabled.no-packages",
     to(handmade.configuration(system_packages=(handmade.RUNTIME,))), "in the system profile"),
    ("Python left", "disabled", "disabled.no-packages",
     to(handmade.configuration(system_packages=(handmade.PYTHON,))), "still imports"),
    ("a module forced", "disabled", "disabled.no-driver",
     to(handmade.configuration(kernel=handmade.kernel(modules=("rknpu",)))), "still configured"),
]  # fmt: skip


def wrong_stack(bench: Bench) -> None:
    """Asked for the vendor stack on a node whose device tree is mainline's."""
    bench.switch(handmade.vendor())
    # As the next boot's kernel would have it.
    bench.machine.run("tar -x -C / --keep-directory-symlink", stdin=tar(bench.guest.modules(["rknpu", "rocket"])))
    bench.sh("rmmod rocket; modprobe rknpu")
    bench.setup = replace(bench.setup, stack=VENDOR)


def silent(bench: Bench) -> None:
    """A configuration that says nothing, since the journal began anew."""
    bench.switch(handmade.vendor(units={}))
    bench.sh("journalctl --rotate && journalctl --vacuum-time=1us")


@pytest.mark.parametrize(
    ("setup", "check", "damage", "says"),
    [row[1:] for row in DESERVED],
    ids=[f"{row[2]}: {row[0]} ({row[1]})" for row in DESERVED],
)
def test_a_check_fails_where_it_should(
    bench: Callable[[str], Bench], setup: str, check: str, damage: Damage, says: str
) -> None:
    board = bench(setup)
    damage(board)
    answer = board.ask(check)
    assert answer.status is Status.FAIL, f"{answer.reason}\n{answer.evidence}"
    assert says in answer.reason
    assert answer.evidence


def test_a_system_without_a_service_for_the_runtime_passes(bench: Callable[[str], Bench]) -> None:
    board = bench("vendor")
    board.switch(handmade.vendor(units=without("npu-worker.service")))
    answer = board.ask("library.service-finds-runtime")
    assert answer.status is Status.SKIP
    assert "no service" in answer.reason


def test_a_program_that_only_a_build_can_bring_is_inconclusive(bench: Callable[[str], Bench]) -> None:
    board = bench("disabled")
    start = f"{handmade.store('mystery-1.0')}/bin/mystery"
    unit = handmade.unit("npu.service", service={"ExecStart": start})
    board.switch(handmade.configuration(units=handmade.units(unit)))
    for check in ("units.none-failed", "units.system-running"):
        answer = board.ask(check)
        assert answer.status is Status.INCONCLUSIVE, answer.reason
        assert "npu.service" in answer.reason


def test_no_check_is_left_out() -> None:
    shown = {row[2] for row in DESERVED}
    assert shown == {check.id for check in NODE_CHECKS.all()}
