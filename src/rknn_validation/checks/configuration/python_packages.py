"""rknn-toolkit-lite2 as a Python package: with what it imports, next to a runtime of the same release."""

from __future__ import annotations

from collections.abc import Iterator

from rknn_validation.checks.configuration.registry import check
from rknn_validation.checks.findings import Finding, Fine, Problem
from rknn_validation.facts.library.runtimes import runtimes
from rknn_validation.facts.library.toolkits import environments, lacking, release, toolkits, wrong_imports
from rknn_validation.facts.model import Facts

NOTHING = "the subject packages no Python toolkit"


@check(
    "python.dependencies-are-there",
    stage="packages",
    title="The toolkit brings what it imports",
    remedy="Set dependencies = [ numpy psutil ruamel-yaml ].",
    nothing=NOTHING,
    stacks=("vendor",),
)
def dependencies_are_there(facts: Facts) -> Iterator[Finding]:
    """The wheel requires numpy, psutil and ruamel.yaml; nixpkgs' build checks that, and import fails without."""
    for one in toolkits(facts):
        yield from (Problem(one.where, what) for what in lacking(one))
        yield Fine(one.where)


@check(
    "python.import-check-names-the-package",
    stage="packages",
    title="pythonImportsCheck names what the wheel contains",
    remedy='Set pythonImportsCheck to [ "rknnlite.api" ].',
    nothing=NOTHING,
    stacks=("vendor",),
)
def import_check_names_the_package(facts: Facts) -> Iterator[Finding]:
    """rknn-toolkit-lite2 installs the package rknnlite and nothing else; a check for another name fails the build."""
    for one in toolkits(facts):
        yield from (Problem(one.where, what) for what in wrong_imports(one))
        yield Fine(one.where)


@check(
    "python.toolkit-and-runtime-agree",
    stage="packages",
    title="Toolkit and runtime are of one release",
    remedy="Take librknnrt.so and rknn-toolkit-lite2 from the same release of rknn-toolkit2.",
    nothing="not both are installed",
    stacks=("vendor",),
)
def toolkit_and_runtime_agree(facts: Facts) -> Iterator[Finding]:
    """A runtime older than the toolkit (or the model made for it) answers `Invalid RKNN model version`."""
    # What is merely written in some file may be of another release: only what is installed has to agree.
    ours = [one for one in toolkits(facts) if one.package and release(one)]
    theirs = [one for one in runtimes(facts) if one.package and release(one)]
    if not (ours and theirs):
        # A link and a service name their packages without installing them; where there is one of each, it is these.
        every = [one for one in toolkits(facts) if release(one)], [one for one in runtimes(facts) if release(one)]
        if all(len({release(one) for one in found}) == 1 for found in every):
            ours, theirs = every
    for toolkit in ours:
        if theirs and all(release(one) != release(toolkit) for one in theirs):
            versions = f"toolkit {toolkit.text('version')} and runtime {theirs[0].text('version')}"
            yield Problem(toolkit.where, f"{versions} are of different releases", theirs[0].where)
        yield from (Fine(f"{toolkit.where} with {other.where}") for other in theirs)


@check(
    "python.environment-is-of-one-version",
    stage="packages",
    title="What withPackages combines is built for its interpreter",
    remedy="Take interpreter and packages from one set: python312.withPackages (ps: [ (ps.callPackage ./x.nix { }) ]).",
    nothing="the subject installs no Python environment for the NPU",
    stacks=("vendor",),
)
def environment_is_of_one_version(facts: Facts) -> Iterator[Finding]:
    """withPackages leaves out what was built for another interpreter: `No module named 'rknnlite'`."""
    for env in environments(facts):
        for name, python in env.strangers:
            yield Problem(env.name, f"{name} is for Python {python}; the environment is Python {env.python}")
        yield Fine(env.name)
