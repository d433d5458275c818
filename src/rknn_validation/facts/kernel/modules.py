"""Packages of out-of-tree kernel modules."""

from __future__ import annotations

import re

from rknn_validation.facts.model import Facts, derived
from rknn_validation.facts.nix.configuration import Package

_VERSION = re.compile(r"(?:/linux-|lib/modules/|-)(\d+\.\d+(?:\.\d+)?(?:-rc\d+)?)(?=[-/\s]|$)")


@derived
def own_packages(facts: Facts) -> tuple[Package, ...]:
    """The packages of kernel modules that the subject adds."""
    known = {package.out_path for package in facts.without.kernel.extra_packages}
    return tuple(one for one in facts.configuration.kernel.extra_packages if one.out_path not in known)


def versions_named(package: Package) -> frozenset[str]:
    """The kernel versions that a package of modules names: in its version, its attributes, its paths."""
    stated = [str(value) for value in (*package.attrs.values(), *package.phases.values()) if isinstance(value, str)]
    texts = (package.version or "", *stated, *(path for paths in package.inputs.values() for path in paths))
    return frozenset(version for text in texts for version in _VERSION.findall(text))
