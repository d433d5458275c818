"""What an installation lays out, without a machine."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import handmade
import pytest

from rknn_validation.common.deadline import Deadline
from rknn_validation.facts.nix.configuration import Account, Configuration, DeviceTree, DeviceTreeOverlay, Mount
from rknn_validation.machine.activation import Guest, Installation, install, layout
from rknn_validation.machine.activation.phases import placed
from rknn_validation.machine.image import Image
from rknn_validation.machine.standins import Programs
from rknn_validation.machine.tree import File, Link, Tree, tar
from rknn_validation.npu.stacks import MAINLINE, VENDOR

pytestmark = pytest.mark.unit

GUEST = Guest(
    "6.1.0",
    lambda names: {f"/usr/lib/modules/6.1.0/updates/{name}.ko": File(b"\x7fELF") for name in names},
    Programs(b"\x7fELFrt", b"\x7fELF"),
    lambda: (b"\x7fELFtf", "26.1.6"),
)
SW = "/nix/store/00000000000000000000000000000000-nixos-system/sw"


def lay(configuration: Configuration) -> Installation:
    installation = install(handmade.facts(configuration), GUEST)
    tar(installation.tree)  # every path can really be laid
    return installation


def text(installation: Installation, path: str) -> str:
    entry = installation.tree[path]
    assert isinstance(entry, File)
    return entry.data.decode()


def test_the_runtime_is_where_its_phases_put_it_and_in_the_profile() -> None:
    tree = lay(handmade.vendor()).tree
    path = f"{handmade.RUNTIME.out_path}/lib/librknnrt.so"
    assert tree[path] == File(b"\x7fELFrt", 0o444)
    assert tree[f"{SW}/lib/librknnrt.so"] == Link(path)


@pytest.mark.parametrize(
    ("phase", "where", "executable"),
    [
        ("install -D -m 0644 $src $out/lib/librknnrt.so", ["lib/librknnrt.so"], False),
        ("install -Dm755 librknnrt.so -t $out/lib", ["lib/librknnrt.so"], True),
        ("install -Dt ${out}/lib aarch64/librknnrt.so", ["lib/librknnrt.so"], True),
        ("mkdir -p $out/lib && cp runtime/aarch64/librknnrt.so $out/lib/", ["lib/librknnrt.so"], False),
        ('mkdir -p "$out/lib"\ncp -v *.so "$out/lib"', ["lib/librknnrt.so"], False),
        ("cp librknnrt.so \\\n  $out/lib64/librknnrt.so", ["lib64/librknnrt.so"], False),
        ("mkdir -p $out\ncp -r lib $out/", ["lib/librknnrt.so"], False),
        ("cp -r aarch64/* $out/lib", ["lib/librknnrt.so"], False),
        ("cp librknnrt.so $out/lib; chmod 755 $out/lib/librknnrt.so", ["lib/librknnrt.so"], True),
        ("cp a/librknnrt.so $out/librknnrt.so.2\nln -s x $out/librknnrt.so", ["librknnrt.so.2", "librknnrt.so"], False),
        ("mkdir -p $out/lib", [], False),
        ("install -d $out/lib/librknnrt.so", [], False),
        ("cp librknnrt.so $dev/lib/", [], False),
        ("# cp librknnrt.so $out/lib/", [], False),
        ("cp librknnrt.so $out/lib/\nrm $out/lib/librknnrt.so", [], False),
        ("cp README.md $out/lib/", [], False),
        ("", [], False),
    ],
)  # fmt: skip
def test_phases_tell_where_a_library_goes(phase: str, where: list[str], executable: bool) -> None:
    places = placed({"installPhase": phase}, "librknnrt.so")
    assert [place.path for place in places] == where
    assert all(place.executable is executable for place in places)


def test_a_package_that_installs_no_runtime_brings_none() -> None:
    empty = replace(handmade.RUNTIME, phases={"installPhase": "mkdir -p $out"})
    installation = lay(handmade.vendor(empty))
    assert not any(path.endswith("librknnrt.so") for path in installation.tree)
    assert any("does not install librknnrt.so" in note for note in installation.notes)


def test_a_broken_package_is_not_laid() -> None:
    installation = lay(handmade.vendor(replace(handmade.RUNTIME, broken=True)))
    assert not any(path.startswith(handmade.RUNTIME.out_path) for path in installation.tree)


def test_an_environment_imports_the_wheel_and_a_bare_library_does_not() -> None:
    tree = lay(handmade.vendor()).tree
    assert tree[f"{SW}/bin/python3"] == Link(f"{handmade.PYTHON.out_path}/bin/python3")
    assert f"{handmade.PYTHON.out_path}/lib/python3.11/site-packages/rknnlite" in tree
    bare = lay(handmade.vendor(system_packages=(handmade.RUNTIME, handmade.TOOLKIT))).tree
    assert f"{SW}/bin/python3" not in bare


@pytest.mark.parametrize(
    "toolkit",
    [
        replace(handmade.TOOLKIT, source=handmade.Source("fetchurl", ("x-cp310-cp310-y.whl",), None)),
        replace(handmade.TOOLKIT, inputs={"propagatedBuildInputs": ("python3.12-psutil-7.0.0",)}),
    ],
    ids=["wheel for another Python", "numpy not propagated"],
)
def test_what_an_environment_lacks_is_said(toolkit: Any) -> None:
    python = replace(handmade.PYTHON, members=(toolkit,))
    installation = lay(handmade.vendor(system_packages=(handmade.RUNTIME, python)))
    laid = {path.rsplit("/", 1)[1] for path in installation.tree if path.startswith(f"{python.out_path}/lib/")}
    assert laid < {"rknnlite", "numpy", "psutil", "ruamel"}
    assert any("wheel" in note or "numpy" in note for note in installation.notes)


def test_units_have_their_scripts_environment_and_links() -> None:
    installation = lay(handmade.vendor(global_environment={"EVERYWHERE": "yes"}))
    text_of = text(installation, "/etc/systemd/system/npu-runtime-link.service")
    assert 'Environment="EVERYWHERE=yes"' in text_of
    assert f"PATH={handmade.COREUTILS.out_path}/bin:" in text_of
    start = next(line.split("=", 1)[1].strip() for line in text_of.splitlines() if line.startswith("ExecStart="))
    assert "ln -sfn" in text(installation, start)
    assert isinstance(installation.tree[f"{handmade.COREUTILS.out_path}/bin/ln"], Link)
    wants = "/etc/systemd/system/multi-user.target.wants"
    assert installation.tree[f"{wants}/npu-driver.service"] == Link("../npu-driver.service")
    assert f"{wants}/npu-worker.service" not in installation.tree
    worker = text(installation, "/etc/systemd/system/npu-worker.service")
    assert f'Environment="LD_LIBRARY_PATH={handmade.RUNTIME.out_path}/lib"' in worker


def test_a_unit_of_the_guest_becomes_a_drop_in_and_one_of_the_baseline_is_left_out() -> None:
    udevd = handmade.unit("systemd-udevd.service", environment={"A": "b"}, wanted_by=())
    configuration = handmade.configuration(units=handmade.units(udevd, handmade.GUARD))
    tree = lay(configuration).tree
    assert "/etc/systemd/system/systemd-udevd.service.d/overrides.conf" in tree
    assert "/etc/systemd/system/systemd-udevd.service" not in tree
    same = install(handmade.facts(configuration, configuration), GUEST).tree
    assert "/etc/systemd/system/npu-guard.service" not in same


def test_a_disabled_unit_is_masked() -> None:
    off = replace(handmade.GUARD, enabled=False)
    assert lay(handmade.configuration(units=handmade.units(off))).tree[f"/etc/systemd/system/{off.name}"] == Link(
        "/dev/null"
    )


@pytest.mark.parametrize(
    ("configuration", "modules", "npu"),
    [
        (handmade.vendor(), {"rknpu"}, VENDOR),
        (handmade.vendor(kernel=handmade.kernel()), set(), None),
        (handmade.mainline(), {"rocket"}, MAINLINE),
        (handmade.mainline(kernel=handmade.kernel("6.17.9")), set(), None),
        (handmade.vendor(kernel=handmade.kernel("6.1.115", pname="linux-rockchip")), {"rknpu"}, VENDOR),
        (handmade.vendor(kernel=handmade.kernel("6.1.0-rkr7", config={"ROCKCHIP_RKNPU": "n"})), set(), VENDOR),
        (handmade.mainline(kernel=handmade.kernel("6.18.1", config={"DRM_ACCEL": "n"})), set(), None),
    ],
)
def test_drivers_are_there_only_where_something_brings_them(
    configuration: Configuration, modules: set[str], npu: object
) -> None:
    installation = lay(configuration)
    laid = {path.rsplit("/", 1)[1] for path in installation.tree if path.startswith("/usr/lib/modules/6.1.0/")}
    assert laid == {f"{name}.ko" for name in modules}
    assert installation.npu is npu


def test_a_module_of_the_initial_ramdisk_is_forced_as_well() -> None:
    installation = lay(handmade.vendor(kernel=handmade.kernel(initrd_modules=("rknpu", "nvme"))))
    assert text(installation, "/etc/modules-load.d/nixos.conf") == "rknpu\n"


def test_a_named_device_tree_is_the_kernels_and_overlays_change_it() -> None:
    named = DeviceTree(True, "rockchip/rk3588-orangepi-5-plus.dtb", None, ())
    assert lay(handmade.vendor(device_tree=named)).npu is None
    assert lay(handmade.mainline(device_tree=named)).npu is MAINLINE
    text = '&{/npu@fdab0000} { compatible = "rockchip,rk3588-rknpu"; };'
    overlay = DeviceTreeOverlay("npu", text, None, None)
    assert lay(handmade.vendor(device_tree=replace(named, overlays=(overlay,)))).npu is VENDOR


def test_rules_keep_their_names_and_extra_rules_come_last() -> None:
    tree = lay(handmade.vendor(udev_extra_rules='KERNEL=="x", MODE="0600"\n')).tree
    assert {path.rsplit("/", 1)[1] for path in tree if path.startswith("/etc/udev/rules.d/")} == {
        "60-npu.rules",
        "99-local.rules",
    }


def test_rules_only_a_build_can_tell_are_named() -> None:
    unknown = (replace(handmade.rules("")[0], text=None),)
    assert any("60-npu.rules" in note for note in lay(handmade.vendor(udev_rules=unknown)).notes)


def test_lib_is_not_usr_lib() -> None:
    line = "L+ /lib/librknnrt.so - - - - /nix/store/x/lib/librknnrt.so"
    installation = lay(handmade.vendor(tmpfiles=(line,)))
    laid = text(installation, "/etc/tmpfiles.d/00-nixos.conf")
    assert laid == "L+ /nixos-lib/librknnrt.so - - - - /nix/store/x/lib/librknnrt.so\n"


def test_activation_snippets_run_with_nixos_path_and_in_order() -> None:
    snippets = {"b": "ln -s a b", "a": "echo first", "etc": "never"}
    script = text(lay(handmade.configuration(activation_scripts=snippets)), f"{SW.removesuffix('/sw')}/activate")
    assert script.index("echo first") < script.index("ln -s a b")
    assert "never" not in script


def test_users_and_groups_are_added() -> None:
    account = handmade.Account("camera", ("render", "nowhere"), True)
    installation = lay(
        handmade.configuration(users={"camera": account}, groups={"npu": handmade.Account("npu", (), True)})
    )
    group = text(installation, "/etc/group")
    assert "npu:x:" in group
    assert "render:x:303:npu-user,camera" in group
    assert any("nowhere" in note for note in installation.notes)


def test_a_persons_packages_a_mount_and_what_runs_late_are_laid() -> None:
    library = f"{handmade.RUNTIME.out_path}/lib/librknnrt.so"
    where = "/usr/lib/librknnrt.so"
    bob = Account("bob", ("render",), is_system=False, packages=(handmade.RUNTIME,))
    configuration = replace(
        handmade.vendor(activation_scripts={"b": "echo second"}),
        users={"bob": bob},
        mounts=(Mount("fileSystems", where, library, "none", ("bind",), starts=True),),
        post_boot_commands="echo third",
    )
    found = lay(configuration)
    assert found.tree["/etc/profiles/per-user/bob/lib/librknnrt.so"] == Link(library)
    assert found.tree[where] == Link(library)
    assert any("in place of a bind mount" in one for one in found.stand_ins)
    script = next(text(found, path) for path in found.tree if path.endswith("/activate"))
    assert script.index("echo second") < script.index("echo third")


def test_a_store_path_nothing_explains_is_noted() -> None:
    unit = handmade.unit("x.service", service={"ExecStart": f"{handmade.store('mystery-1.0')}/bin/x"})
    installation = lay(handmade.configuration(units=handmade.units(unit)))
    assert any("mystery-1.0" in note for note in installation.notes)


def test_graphics_drivers_are_linked() -> None:
    tree = lay(handmade.mainline()).tree
    drivers = "/nix/store/00000000000000000000000000000000-graphics-drivers"
    assert tree[f"{drivers}/lib/libteflon.so"] == Link(f"{handmade.MESA.out_path}/lib/libteflon.so")
    old = replace(handmade.MESA, version="25.2.9")
    assert f"{drivers}/lib/libteflon.so" not in lay(handmade.mainline(graphics_packages=(old,))).tree
    own = handmade.store("graphics-drivers")
    line = f"L+ /run/opengl-driver - - - - {own}"
    assert f"{own}/lib/libteflon.so" in lay(handmade.mainline(tmpfiles=(line,))).tree


def test_the_same_configuration_gives_the_same_tree() -> None:
    assert lay(handmade.vendor()) == lay(handmade.vendor())


def test_modules_are_laid_out_long_after_the_image_was_built(monkeypatch: pytest.MonkeyPatch) -> None:
    def tree(image: Image, names: tuple[str, ...], deadline: Deadline) -> Tree:
        assert deadline.remaining() > 0  # raises where it has passed
        return {f"/{name}": File(b"") for name in names}

    monkeypatch.setattr(layout, "module_tree", tree)
    monkeypatch.setattr(layout, "build", lambda deadline: GUEST.programs)
    image = Image(Path("/nowhere"), "digest", "6.1.0", Path("/nowhere"))
    guest = Guest.of(image, Deadline.after(0, "the board's image"))
    assert guest.modules(("rknpu",)) == {"/rknpu": File(b"")}
