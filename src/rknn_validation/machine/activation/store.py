"""Lays packages under their store paths, and merges them into the system profile."""

from __future__ import annotations

import re
from collections.abc import Iterable

from rknn_validation.facts.nix.configuration import Package
from rknn_validation.machine.activation.layout import BASE, STORE, Layout
from rknn_validation.machine.activation.phases import Placed, in_output, placed
from rknn_validation.machine.activation.python import is_toolkit, lay_environment, lay_interpreter, lay_library
from rknn_validation.machine.standins import (
    CLIENT,
    LOADER_LIBRARIES,
    TFLITE_PYTHON,
    TFLITE_SCRIPT,
    base_programs,
    programs_of,
)

_STORE_PATH = re.compile(r"/nix/store/[0-9a-z]{32}-[0-9A-Za-z+._?=-]+")
_SBIN = re.compile(
    r"modprobe|depmod|insmod|rmmod|modinfo|blkid|swapon|swapoff|runuser|chroot|zramctl|useradd|groupadd|usermod|groupmod"
    r"|chpasswd|ip|tc|bridge|sysctl"
)
_DATA = re.compile(r"-(glibc-locales|tzdata|firmware|linux-firmware|graphics-drivers|iana-etc)\b")
"""What NixOS itself mentions everywhere, and nothing here reads."""
_LIBRARIES = ("librknnrt.so", "libteflon.so")


def lay_base(layout: Layout) -> None:
    """What every installation has: Debian's programs and C library under store paths, and the C client."""
    for program in base_programs():
        _link_program(layout, BASE, program)
    layout.stand_in("programs of nixpkgs: Debian's of the same name, under store paths")
    layout.link("/usr/bin/sh", "bash")  # the one program NixOS has in /bin, and it is bash there
    for library in ("libc.so.6", "libm.so.6", "libdl.so.2", "libpthread.so.0", "librt.so.1", "libgcc_s.so.1"):
        layout.link(f"{LOADER_LIBRARIES}/{library}", f"/usr/lib/aarch64-linux-gnu/{library}")
    layout.script(TFLITE_PYTHON, TFLITE_SCRIPT)  # on every board, so that no switch takes it away
    layout.data(CLIENT, layout.guest.programs.client, 0o555)
    layout.stand_in("C client: built with -z nodefaultlib, so that only LD_LIBRARY_PATH and its rpath count")


def lay_package(layout: Layout, package: Package) -> None:
    """One package and all it is composed of."""
    root = package.out_path
    if not root.startswith(f"{STORE}/") or root in layout.entries or layout.below(root):
        return
    if package.broken:
        layout.note(f"{package.name} is marked broken: not installed")
        return
    if set(package.files) == {package.name}:  # writeText and writeShellScript: the store path is the file
        text = package.files[package.name]
        layout.text(root, text, 0o555 if text.startswith("#!") else 0o444)
        return
    for path, text in package.files.items():
        mode = 0o555 if path.lstrip("/").startswith(("bin/", "sbin/")) or text.startswith("#!") else 0o444
        layout.text(f"{root}/{path.lstrip('/')}", text, mode)
    for member in package.members:
        lay_package(layout, member)
    if lay_environment(layout, package):
        return
    if is_toolkit(package):
        lay_library(layout, package)
    for member in package.members:
        merge(layout, root, member.out_path, ("/",))
    for library in _LIBRARIES:
        _lay_library(layout, package, library)
    if not layout.below(root) and not _lay_programs(layout, root):
        layout.directory(root)
        if package.origin != "nixpkgs" and root not in layout.driver_packages:
            layout.note(f"{package.name} is installed empty: only a build can tell what is in it")


def _lay_library(layout: Layout, package: Package, library: str) -> None:
    places = placed(package.phases, library)
    if library == "libteflon.so":
        content, mesa = layout.guest.teflon()
        what = f"Debian's, of Mesa {mesa}"
    else:
        content, what = layout.guest.programs.librknnrt, "a stub that computes nothing"
    if not places and not package.phases and not package.members:
        places = _by_name(package, library)
    elif not places and not package.members and library == "librknnrt.so" and _named_runtime(package):
        layout.note(f"{package.name} does not install {library}: none of its phases puts it into the output")
    for place in places:
        path = f"{package.out_path}/{place.path}"
        target = place.target
        if target is not None and in_output(target) is not None:
            layout.link(path, f"{package.out_path}/{in_output(target)}")
        elif target is not None and not target.startswith(("$", "/")):
            layout.link(path, target)
        else:
            layout.data(path, content, 0o555 if place.executable else 0o444)
            layout.stand_in(f"{library}: {what}, in place of {package.name}'s")
        if place.assumed:
            layout.note(f"{package.name}: {place.assumed}")


def _named_runtime(package: Package) -> bool:
    name = package.pname or package.name
    return not is_toolkit(package) and bool(re.search(r"rknn.*(runtime|rt\b|api)|librknn|rknpu2", name))


def _by_name(package: Package, library: str) -> tuple[Placed, ...]:
    """Where only the name tells: a runtime package without phases, Mesa from 25.3 on."""
    if library == "librknnrt.so" and _named_runtime(package):
        return (Placed("lib/librknnrt.so", assumed="taken to bring lib/librknnrt.so, by its name"),)
    version = tuple(int(part) for part in re.findall(r"\d+", package.version or "")[:2])
    if library == "libteflon.so" and (package.pname or package.name).split("-")[0] == "mesa" and version >= (25, 3):
        return (Placed("lib/libteflon.so", assumed="taken to bring lib/libteflon.so, as nixpkgs' Mesa does from 25.3"),)
    return ()


def _lay_programs(layout: Layout, root: str) -> bool:
    name = root.removeprefix(f"{STORE}/").partition("-")[2]
    if lay_interpreter(layout, root, name):
        return True
    programs = programs_of(name)
    if programs is None:
        return False
    for program in programs:
        _link_program(layout, root, program)
    layout.link(f"{root}/sbin", "bin")
    return True


def _link_program(layout: Layout, root: str, program: str) -> None:
    layout.link(f"{root}/bin/{program}", f"/usr/{'sbin' if _SBIN.fullmatch(program) else 'bin'}/{program}")


def merge(layout: Layout, profile: str, root: str, wanted: Iterable[str]) -> None:
    """Link what lies below the `wanted` directories ("/bin", "/lib", "/") of a store path into a profile."""
    prefixes = tuple(f"{root}{directory.rstrip('/')}/" for directory in wanted)
    for path in layout.below(root):
        if path.startswith(prefixes):
            layout.link(profile + path.removeprefix(root), path)


def lay_mentioned(layout: Layout) -> None:
    """Store paths that are mentioned but not installed yet: known programs, or a note."""
    known = {"/".join(path.split("/")[:4]) for path in layout.entries if path.startswith(f"{STORE}/")}
    for root in sorted(set(_STORE_PATH.findall(layout.mentioned())) - known):
        if not _lay_programs(layout, root) and not _DATA.search(root):
            layout.note(f"{root} is mentioned, but only a build can tell what is in it: not installed")
