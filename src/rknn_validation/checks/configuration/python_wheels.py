"""The toolkit's wheel: it exists, it is for the interpreter it is built with, it is installed as a wheel."""

from __future__ import annotations

from collections.abc import Iterator

from rknn_validation.checks.configuration.python_packages import NOTHING
from rknn_validation.checks.configuration.registry import check
from rknn_validation.checks.findings import Finding, Fine, Problem
from rknn_validation.facts.library.toolkits import toolkits
from rknn_validation.facts.library.wheels import not_as_wheel, unfit, unpublished
from rknn_validation.facts.model import Facts
from rknn_validation.npu import versions


@check(
    "python.wheel-fits-the-interpreter",
    stage="packages",
    title="The wheel is for the Python it is built with",
    remedy="Use the wheel of that interpreter, or python312.pkgs.callPackage (wheels exist for CPython 3.7 to 3.12).",
    nothing=NOTHING,
    stacks=("vendor",),
)
def wheel_fits_the_interpreter(facts: Facts) -> Iterator[Finding]:
    """Extension modules of another CPython are not found: `No module named 'rknnlite.api.…'`."""
    for one in toolkits(facts):
        if what := unfit(facts, one):
            yield Problem(one.where, what)
        yield Fine(one.where)


@check(
    "python.wheel-exists",
    stage="packages",
    title="There is such a wheel",
    remedy="Give fetchPypi pname rknn_toolkit_lite2, version 2.3.2, format wheel, cp312 as dist, python and abi, and "
    f"platform {versions.WHEEL_PLATFORM}.",
    nothing=NOTHING,
    stacks=("vendor",),
)
def wheel_exists(facts: Facts) -> Iterator[Finding]:
    """The index has wheels of 2.3.0, 2.3.2 and 2.5.0 for CPython 3.7 to 3.12, aarch64 Linux; no source archive."""
    for one in toolkits(facts):
        yield from (Problem(one.where, what) for what in unpublished(one))
        yield Fine(one.where)


@check(
    "python.wheel-is-installed-as-one",
    stage="packages",
    title='A wheel is built with format = "wheel"',
    remedy='Set format = "wheel" in buildPythonPackage and remove pyproject and build-system.',
    nothing=NOTHING,
    stacks=("vendor",),
)
def wheel_is_installed_as_one(facts: Facts) -> Iterator[Finding]:
    """Any other format unpacks a source tree and looks for setup.py or pyproject.toml."""
    for one in toolkits(facts):
        yield from (Problem(one.where, what) for what in not_as_wheel(one))
        yield Fine(one.where)
