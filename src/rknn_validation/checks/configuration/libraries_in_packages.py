"""The runtime library inside its package: at the right place, under the right name, able to find libstdc++."""

from __future__ import annotations

from collections.abc import Iterator

from rknn_validation.checks.configuration.registry import check
from rknn_validation.checks.findings import Finding, Fine, Problem
from rknn_validation.facts.library.runtimes import is_helped, misplaced, runtimes, unpatched
from rknn_validation.facts.model import Facts
from rknn_validation.facts.recipes.building import install_script

NOTHING = "the subject packages no runtime library"


@check(
    "library.lies-where-programs-look",
    stage="packages",
    title="The package installs lib/librknnrt.so",
    remedy="Use install -Dm644 $src $out/lib/librknnrt.so.",
    nothing=NOTHING,
    stacks=("vendor",),
)
def lies_where_programs_look(facts: Facts) -> Iterator[Finding]:
    """Linkers, LD_LIBRARY_PATH and the link at /usr/lib all expect <package>/lib/librknnrt.so."""
    for one in runtimes(facts):
        yield from (Problem(one.where, what, install_script(one) or "") for what in misplaced(one))
        yield Fine(one.where, "lib/librknnrt.so")


@check(
    "library.finds-its-own-libraries",
    stage="packages",
    title="The runtime finds libstdc++",
    remedy="nativeBuildInputs = [ autoPatchelfHook ]; buildInputs = [ stdenv.cc.cc.lib ]; and leave fixupPhase on.",
    nothing=NOTHING,
    stacks=("vendor",),
)
def finds_its_own_libraries(facts: Facts) -> Iterator[Finding]:
    """librknnrt.so needs libstdc++.so.6 and libgcc_s.so.1; without an rpath dlopen fails on NixOS."""
    helped = is_helped(facts)
    for one in runtimes(facts):
        if helped:
            yield Fine(one.where, helped)
            continue
        yield from (Problem(one.where, what) for what in unpatched(one))
        yield Fine(one.where, "the library is given an rpath")
