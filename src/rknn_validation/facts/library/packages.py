"""Which packages contain the NPU's libraries: the vendor's runtime, its Python API, Mesa's Teflon."""

from __future__ import annotations

import re

from rknn_validation.facts.contribution import contribution
from rknn_validation.facts.model import Facts, derived
from rknn_validation.facts.nix.configuration import Package

STORE_PATH = re.compile(r"(?P<root>/nix/store/(?:[0-9a-z]{32}-)?(?P<name>[^/\s:\"']+))(?P<rest>/[^\s:\"']*)?")
_RUNTIME = re.compile(
    r"librknn|rknn-?_?rt|rknn-?_?runtime|rknpu2?-?_?(runtime|rt|lib)|rknn-?_?api|rknn-libs?|^rknn$|^rknpu2$", re.I
)
_TOOLKIT = re.compile(r"rknn-?_?toolkit|rknn-?_?lite", re.I)
_LIBRARY = re.compile(r"librknnrt\.so|librknn_runtime\.so")
_MESA = re.compile(r"mesa|mesa[-_](?:teflon|git|npu|rocket)|(?:lib)?teflon")


def is_toolkit(package: Package) -> bool:
    """Whether a package is the vendor's Python API."""
    return bool(_TOOLKIT.search(package.pname or package.name)) and not package.members


def is_runtime(package: Package) -> bool:
    """Whether a package carries the vendor's runtime library, by its name or by what its build says."""
    if is_toolkit(package):
        return False
    return bool(_RUNTIME.search(package.pname or package.name)) or any(
        _LIBRARY.search(text) for text in (*package.files, *package.phases.values())
    )


def is_mesa(package: Package) -> bool:
    """Whether a package carries Mesa's Teflon."""
    return bool(_MESA.fullmatch(package.pname or package.name))


def contains_runtime(package: Package) -> bool:
    """Whether a package is the runtime, or is composed with it."""
    return any(map(is_runtime, package.walk()))


def runtime_packages(facts: Facts) -> tuple[Package, ...]:
    """The runtime packages the subject brings onto the machine."""
    return tuple(package for package in contribution(facts).packages if is_runtime(package))


def toolkit_packages(facts: Facts) -> tuple[Package, ...]:
    """The Python API's packages the subject brings onto the machine."""
    return tuple(package for package in contribution(facts).packages if is_toolkit(package))


def user_packages_option(user: str) -> str:
    """The option of a user's own packages."""
    return f"users.users.{user}.packages"


@derived
def profiles(facts: Facts) -> tuple[tuple[str, Package], ...]:
    """(option, package) of what is on the PATH of everybody's login shell, and of single users'."""
    configuration = facts.configuration
    found = [("environment.systemPackages", package) for package in configuration.system_packages]
    for name, user in configuration.users.items():
        found += [(user_packages_option(name), package) for package in user.packages]
    return tuple(found)


@derived
def installed_packages(facts: Facts) -> tuple[Package, ...]:
    """What environment.systemPackages holds, composed packages unfolded."""
    return tuple(inner for package in facts.configuration.system_packages for inner in package.walk())


@derived
def packages_by_path(facts: Facts) -> dict[str, Package]:
    """Every package of the configuration by its store path."""
    return {package.out_path: package for package in facts.configuration.packages()}


def build_text(package: Package) -> str:
    """All that is known of how a package is made, as text."""
    return "\n".join((*package.phases.values(), *package.files.values()))
