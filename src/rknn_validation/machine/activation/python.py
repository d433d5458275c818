"""Python environments: the guest's Python 3.11 with the vendor's real wheel, where the configuration composes one."""

from __future__ import annotations

import re

from rknn_validation.facts.nix.configuration import Package
from rknn_validation.machine.activation.layout import Layout

WHEEL = "/usr/lib/rknn-toolkit-lite2/rknnlite"
"""The vendor's wheel as the image holds it, off Python's path."""
_DEBIAN = "/usr/lib/python3/dist-packages"
_DEPENDENCIES = {"numpy": ("numpy",), "psutil": ("psutil",), "ruamel": ("ruamel",)}
_SITE = "lib/python3.11/site-packages"
_PYTHON = "/usr/bin/python3.11"


def is_toolkit(package: Package) -> bool:
    """Whether a package is the vendor's Python API itself (and not an environment made with it)."""
    name = package.pname or package.name
    return bool(re.search(r"rknn[-_]?toolkit[-_]?lite|rknnlite", name)) and not package.members


def lay_library(layout: Layout, package: Package) -> None:
    """The bare library: importable only by an interpreter composed with it, as on NixOS."""
    layout.link(f"{package.out_path}/{_SITE}/rknnlite", WHEEL)
    layout.stand_in("rknn-toolkit-lite2: the vendor's own wheel, for CPython 3.11 in place of the configuration's")


def lay_interpreter(layout: Layout, root: str, name: str) -> bool:
    """A plain `python3` of nixpkgs, which imports nothing but the standard library; False where `name` is none."""
    match = re.match(r"python3?-(3\.\d+)[\d.rcab]*$", name)
    if not match:
        return False
    _lay_python(layout, root, match[1], "")
    return True


def lay_environment(layout: Layout, package: Package) -> bool:
    """A Python environment (`python3.withPackages`); False where the package is none."""
    if not package.members or not re.match(r"python3?-[\d.]+(-env)?$|python3-.*env", package.name):
        return False
    root = package.out_path
    toolkits = [member for member in package.walk() if is_toolkit(member)]
    version = re.search(r"3\.\d+", package.name)
    wanted = version[0] if version else "3"
    for toolkit in toolkits:
        tag = _wheel_tag(toolkit)
        if tag and version and tag != f"cp{version[0].replace('.', '')}":
            layout.note(f"{toolkit.name} is a {tag} wheel in a Python {version[0]}: not importable")
            continue
        layout.link(f"{root}/{_SITE}/rknnlite", WHEEL)
        layout.stand_in("rknn-toolkit-lite2: the vendor's own wheel, for CPython 3.11 in place of the configuration's")
    for name, modules in _DEPENDENCIES.items():
        if _brings(package, toolkits, name):
            for module in modules:
                layout.link(f"{root}/{_SITE}/{module}", f"{_DEBIAN}/{module}")
        elif toolkits:
            layout.note(f"{package.name} does not bring {name}, which rknn-toolkit-lite2 imports")
    _lay_python(layout, root, wanted, f"{root}/{_SITE}")
    return True


def _lay_python(layout: Layout, root: str, version: str, site: str) -> None:
    path = f"{site}${{PYTHONPATH:+:$PYTHONPATH}}" if site else "${PYTHONPATH-}"
    # -S keeps Debian's own packages out: an interpreter of nixpkgs sees only what it was composed with.
    text = f'#!/bin/sh\nPYTHONPATH="{path}" exec {_PYTHON} -S "$@"\n'
    layout.text(f"{root}/bin/python3", text, 0o555)
    for name in ("python", f"python{version}"):
        layout.link(f"{root}/bin/{name}", "python3")
    layout.stand_in(f"Python: Debian's 3.11 in place of nixpkgs' {version}")


def _wheel_tag(toolkit: Package) -> str | None:
    source = toolkit.source
    texts = [*(source.urls if source else ()), *(str(value) for value in (source.attrs if source else {}).values())]
    for text in texts:
        match = re.search(r"\bcp3\d+\b|(?<=-)cp3\d+", text)
        if match:
            return match[0]
    return None


def _brings(environment: Package, toolkits: list[Package], name: str) -> bool:
    """Whether a dependency is composed in, or among the toolkit's inputs (all are, where inputs are not known)."""
    if any(name in member.name for member in environment.walk()[1:]):
        return True
    for toolkit in toolkits:
        inputs = [one for kind, names in toolkit.inputs.items() if _propagates(kind) for one in names]
        if not toolkit.inputs or any(name in one for one in inputs):
            return True
    return False


def _propagates(kind: str) -> bool:
    return "propagated" in kind or "dependencies" in kind.lower() or kind == "requiredPythonModules"
