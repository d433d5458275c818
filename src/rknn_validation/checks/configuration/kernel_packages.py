"""Kernels and kernel modules as the subject builds them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from rknn_validation.checks.configuration.registry import check
from rknn_validation.checks.findings import Finding, Fine, Problem
from rknn_validation.facts.kernel.recipes import kernelless, misplaced, modules, settings
from rknn_validation.facts.model import Facts
from rknn_validation.facts.recipes.recipes import Recipe

NO_MODULE = "the subject builds no kernel module"


def _each(facts: Facts, wrong: Callable[[Recipe], Iterator[str]]) -> Iterator[Finding]:
    for one in modules(facts):
        yield from (Problem(one.where, what) for what in wrong(one))
        yield Fine(one.where)


@check(
    "kernel-module.installs-where-modprobe-looks",
    stage="kernel",
    title="Modules are installed below lib/modules/<kernel version>",
    remedy="Use install -Dm644 rknpu.ko $out/lib/modules/${kernel.modDirVersion}/extra/rknpu.ko.",
    good="below lib/modules",
    nothing=NO_MODULE,
    stacks=("vendor",),
)
def installs_where_modprobe_looks(facts: Facts) -> Iterator[Finding]:
    """NixOS merges lib/modules of kernel and packages; what lies elsewhere is not found by modprobe."""
    yield from _each(facts, misplaced)


@check(
    "kernel-module.knows-its-kernel",
    stage="kernel",
    title="Modules are built against the kernel they are given",
    remedy="Set makeFlags to kernel.makeFlags and KDIR=${kernel.dev}/lib/modules/${kernel.modDirVersion}/build.",
    good="built against a given kernel",
    nothing=NO_MODULE,
    stacks=("vendor",),
)
def knows_its_kernel(facts: Facts) -> Iterator[Finding]:
    """A Makefile left to itself asks uname for the builder's kernel, whose headers the sandbox does not have."""
    yield from _each(facts, kernelless)


@check(
    "kernel-package.config-is-understood",
    stage="kernel",
    title="Kernel configuration is written the way nixpkgs reads it",
    remedy="In extraConfig write `SYMBOL y` (no CONFIG_, no =), in structuredExtraConfig SYMBOL = lib.kernel.yes;.",
    good="kernel configuration is readable",
    nothing="the subject's files configure no kernel",
)
def config_is_understood(facts: Facts) -> Iterator[Finding]:
    """nixpkgs' generator fails on, or silently drops, what it cannot read."""
    for one in settings(facts):
        yield from (Problem(one.where, what, shown) for what, shown in one.misread)
        yield Fine(one.where)
