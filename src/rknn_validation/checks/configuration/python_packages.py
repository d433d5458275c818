"""rknn-toolkit-lite2 as a Python package: with what it imports, next to a runtime of the same release."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from rknn_validation.checks.configuration.libraries_in_packages import runtimes
from rknn_validation.checks.configuration.registry import CONFIGURATION_CHECKS
from rknn_validation.checks.findings import Problem, judged
from rknn_validation.checks.model import Answer
from rknn_validation.facts.difference import part
from rknn_validation.facts.model import Facts
from rknn_validation.facts.recipes.recipes import Recipe, recipes
from rknn_validation.facts.recipes.values import UNKNOWN
from rknn_validation.facts.recipes.vendor import is_toolkit
from rknn_validation.npu import versions

NOTHING = "the subject packages no Python toolkit"


def toolkits(facts: Facts) -> tuple[Recipe, ...]:
    """The recipes of rknn-toolkit-lite2."""
    return tuple(one for one in recipes(facts) if is_toolkit(one))


def judge_toolkits(facts: Facts, find: Callable[[Recipe], Iterator[str]], good: str) -> Answer:
    """Ask something of every recipe of the toolkit."""
    found = [Problem(one.where, what) for one in toolkits(facts) for what in find(one)]
    return judged(found, (one.where for one in toolkits(facts)), good=good, nothing=NOTHING)


@CONFIGURATION_CHECKS.check(
    "python.dependencies-are-there",
    stage="packages",
    title="The toolkit brings what it imports",
    remedy="Set dependencies = [ numpy psutil ruamel-yaml ].",
    stacks=("vendor",),
)
def dependencies_are_there(facts: Facts) -> Answer:
    """The wheel requires numpy, psutil and ruamel.yaml; nixpkgs' build checks that, and import fails without."""
    return judge_toolkits(facts, _lacking, "numpy, psutil and ruamel.yaml are dependencies")


def _lacking(recipe: Recipe) -> Iterator[str]:
    if not recipe.is_python:
        return
    given = [recipe.attrs.get(name) for name in ("dependencies", "propagatedBuildInputs")]
    words = recipe.words("dependencies", "propagatedBuildInputs")
    if UNKNOWN in given or "?" in words or any(isinstance(one, str) for one in given):
        return
    have = {_canonical(word) for word in (*words, *recipe.words("pythonRemoveDeps"))}
    if any(re.match(r"numpy|opencv|scipy|pandas|torch|onnxruntime", name) for name in have):
        have.add("numpy")
    missing = [name for name in versions.TOOLKIT_LITE_DEPENDENCIES if _canonical(name) not in have]
    if not missing:
        return
    elsewhere = {_canonical(word) for word in recipe.words("buildInputs", "nativeBuildInputs", "build-system")}
    if all(_canonical(name) in elsewhere for name in missing):
        yield f"{', '.join(missing)}: build inputs do not reach the interpreter; they belong in dependencies"
    else:
        yield f"{', '.join(missing)} missing from dependencies: the wheel requires them"


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name.rsplit(".", 1)[-1] if not name.startswith("ruamel.") else name).lower()


@CONFIGURATION_CHECKS.check(
    "python.import-check-names-the-package",
    stage="packages",
    title="pythonImportsCheck names what the wheel contains",
    remedy='Set pythonImportsCheck to [ "rknnlite.api" ].',
    stacks=("vendor",),
)
def import_check_names_the_package(facts: Facts) -> Answer:
    """rknn-toolkit-lite2 installs the package rknnlite and nothing else; a check for another name fails the build."""
    return judge_toolkits(facts, _wrong_imports, "the import check names rknnlite")


def _wrong_imports(recipe: Recipe) -> Iterator[str]:
    for name in recipe.words("pythonImportsCheck"):
        if name != "?" and name.split(".")[0] not in (versions.TOOLKIT_LITE_PACKAGE, "numpy", "psutil", "ruamel"):
            yield f"the wheel has no module {name}; it installs {versions.TOOLKIT_LITE_PACKAGE}"


@CONFIGURATION_CHECKS.check(
    "python.toolkit-and-runtime-agree",
    stage="packages",
    title="Toolkit and runtime are of one release",
    remedy="Take librknnrt.so and rknn-toolkit-lite2 from the same release of rknn-toolkit2.",
    stacks=("vendor",),
)
def toolkit_and_runtime_agree(facts: Facts) -> Answer:
    """A runtime older than the toolkit (or the model made for it) answers `Invalid RKNN model version`."""
    # What is merely written in some file may be of another release: only what is installed has to agree.
    ours = [one for one in toolkits(facts) if one.package and _release(one)]
    theirs = [one for one in runtimes(facts) if one.package and _release(one)]
    if not (ours and theirs):
        # A link and a service name their packages without installing them; where there is one of each, it is these.
        every = [one for one in toolkits(facts) if _release(one)], [one for one in runtimes(facts) if _release(one)]
        if all(len({_release(one) for one in found}) == 1 for found in every):
            ours, theirs = every
    found = []
    for toolkit in ours:
        if theirs and all(_release(one) != _release(toolkit) for one in theirs):
            what = (
                f"toolkit {toolkit.text('version')} and runtime {theirs[0].text('version')} are of different releases"
            )
            found.append(Problem(toolkit.where, what, theirs[0].where))
    looked_at = (f"{one.where} with {other.where}" for one in ours for other in theirs)
    return judged(found, looked_at, good="toolkit and runtime agree", nothing="not both are installed")


def _release(recipe: Recipe) -> tuple[int, ...] | None:
    numbers = versions.version_numbers(recipe.text("version") or "")
    return numbers[:2] if numbers else None


@CONFIGURATION_CHECKS.check(
    "python.environment-is-of-one-version",
    stage="packages",
    title="What withPackages combines is built for its interpreter",
    remedy="Take interpreter and packages from one set: python312.withPackages (ps: [ (ps.callPackage ./x.nix { }) ]).",
    stacks=("vendor",),
)
def environment_is_of_one_version(facts: Facts) -> Answer:
    """withPackages leaves out what was built for another interpreter: `No module named 'rknnlite'`."""
    environments = [one for one in part(facts).packages if one.python and one.members]
    found = [
        Problem(env.name, f"{one.name} is for Python {one.python}; the environment is Python {env.python}")
        for env in environments
        for one in env.members
        if one.python and _minor(one.python) != _minor(env.python or "")
    ]
    nothing = "the subject installs no Python environment"
    return judged(found, (one.name for one in environments), good="one Python each", nothing=nothing)


def _minor(version: str) -> str:
    return ".".join(version.split(".")[:2])
