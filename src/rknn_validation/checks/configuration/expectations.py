"""What a scenario or host expects to work, compared with what its configuration provides.

An unmet expectation fails, whatever else is skipped. Nothing is judged twice: a failure of another check counts against
the expectations that depend on it.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping

from rknn_validation.checks.configuration.registry import EXPECTS, applicable, ask, check
from rknn_validation.checks.findings import Aside, Finding, Fine, Problem, Unsure
from rknn_validation.checks.model import LINT, Answer, Check, Evidence, Status
from rknn_validation.facts.library.clients import (
    LibraryAccess,
    c_clients,
    promised_python,
    python_clients,
    service_client,
)
from rknn_validation.facts.model import Facts, derived
from rknn_validation.subject.expects import services

_BESIDE = frozenset(
    [
        "access.services-in-device-group",
        "access.users-in-device-group",
        "access.not-world-writable",
        "access.no-privileged-groups",
        "access.standard-group-ids-unchanged",
        "access.security-settings-unchanged",
        "access.options-take-effect",
        "udev.rules-match-only-npu",
        "units.services-find-runtime",
    ]
)
"""Failures that do not keep clients from opening the devnode or finding the library."""
_LOADABLE = frozenset(["packages.runtime-in-lib", "packages.runtime-finds-libstdcxx"])
"""Whether the runtime library can be loaded at all."""
_OF_PYTHON = _LOADABLE | frozenset(
    [
        "packages.toolkit-has-dependencies",
        "packages.toolkit-import-check",
        "packages.toolkit-matches-runtime",
        "packages.python-environment-single-version",
        "packages.wheel-matches-interpreter",
        "packages.wheel-exists",
        "packages.wheel-format",
    ]
)
"""Whether Python programs can use the runtime, beside the checks of the stage python."""


@derived
def _answers(facts: Facts) -> Mapping[Check[Facts], Answer]:
    """The answers of all other checks about the NPU."""
    asked = (one for one in applicable(facts) if one.stage != EXPECTS and one.group != LINT)
    return {one: ask(one, facts) for one in asked}


def _spoilt(facts: Facts, concerns: Callable[[Check[Facts], Evidence], bool]) -> Iterator[Finding]:
    """Failures and doubts of other checks about what an expectation depends on."""
    for one, answer in _answers(facts).items():
        if answer.status not in (Status.FAIL, Status.INCONCLUSIVE) or one.id in _BESIDE:
            continue
        kind = Problem if answer.status is Status.FAIL else Unsure
        for seen in answer.evidence or (Evidence("", ""),):
            if concerns(one, seen):
                yield kind(one.id, answer.reason, f"{seen.source}: {seen.output}")


def _of_ways(ways: LibraryAccess) -> Iterator[Finding]:
    """One certain way is enough; without it, a possible way is a doubt; without any, the lack is a problem."""
    yield from (Fine(where, seen) for where, seen in ways.sure)
    if not ways.sure:
        yield from (Unsure(where, why) for where, why in ways.doubtful)
    if not ways.sure and not ways.doubtful:
        yield Problem(ways.where, ways.lack)


def _nowhere(facts: Facts) -> Iterator[Finding]:
    """Why a host can meet no expectation: it has no stack, or is not an RK3588."""
    scenario = facts.scenario
    if scenario.expects and scenario.stack == "none":
        yield Problem("expects", "no NPU stack is configured here", "\n".join(scenario.reasons))
    elif scenario.expects and not _is_rk3588(facts):
        yield Problem("expects", f"none of these boards has the NPU: {', '.join(scenario.boards)}")


def _is_expected(facts: Facts, word: str) -> bool:
    return word in (facts.scenario.expects or ())


def _is_rk3588(facts: Facts) -> bool:
    return any(board.is_rk3588 for board in facts.scenario.identities())


Find = Callable[[Facts], Iterator[Finding]]


def expectation(id: str, title: str, *, remedy: str, what: str) -> Callable[[Find], Find]:
    """Declare the decorated function as the check of an expectation, which a host may be unable to meet at all."""

    def declare(find: Find) -> Find:
        @functools.wraps(find)
        def findings(facts: Facts) -> Iterator[Finding]:
            yield from list(_nowhere(facts)) or find(facts)

        nothing = f"{what} is not expected here, and nothing provides it"
        return check(id, title, remedy=remedy, nothing=nothing, everywhere=True)(findings)

    return declare


def _answered(facts: Facts, id: str) -> Answer | None:
    return next((answer for one, answer in _answers(facts).items() if one.id == id), None)


@expectation(
    "expects.python",
    "Python programs can use the NPU as expected",
    remedy="Install an interpreter with the Python API and its link (vendor), or a TFLite interpreter and Mesa "
    "(mainline); or remove python from expects.",
    what="Python",
)
def python(facts: Facts) -> Iterator[Finding]:
    """`expects: [python]`, or an option about Python that the scenario enables."""
    promise = promised_python(facts) if facts.scenario.expects is None and _is_rk3588(facts) else ""
    ways = python_clients(facts)
    if promise and not ways.sure and not ways.doubtful and not ways.partial:
        yield Problem(promise, f"the scenario enables it, but {ways.lack}")
    elif _is_expected(facts, "python"):
        yield from _python(facts)
    elif ways.sure or ways.partial or ways.doubtful:
        yield Aside("Python is not expected here; the checks python.* judge what is provided")


def _python(facts: Facts) -> Iterator[Finding]:
    yield from _of_ways(python_clients(facts))
    yield from _spoilt(facts, lambda one, _: one.stage == "python" or one.id in _OF_PYTHON)
    if facts.scenario.stack == "mainline":
        yield from _library(facts)


@expectation(
    "expects.c",
    "C programs find the NPU's library as expected",
    remedy='Set environment.sessionVariables.LD_LIBRARY_PATH = [ "${runtime}/lib" ], wrap the programs or patch '
    "their rpath (vendor); set hardware.graphics.enable = true (mainline); or remove c from expects.",
    what="a C program",
)
def c(facts: Facts) -> Iterator[Finding]:
    """`expects: [c]`: the loader finds the library, by any means."""
    yield from _c(facts) if _is_expected(facts, "c") else ()


def _c(facts: Facts) -> Iterator[Finding]:
    if facts.scenario.stack == "mainline":
        yield from _library(facts)
    else:
        yield from _of_ways(c_clients(facts))
    yield from _spoilt(facts, lambda one, _: one.stage == "library" or one.id in _LOADABLE)


def _library(facts: Facts) -> Iterator[Finding]:
    """Mainline: whether the delegate is where programs look."""
    found = _answered(facts, "library.teflon-is-found")
    if found is not None and found.status is Status.PASS:
        yield Fine("libteflon.so", found.reason)
    elif found is None or found.status is Status.SKIP:
        yield Problem("hardware.graphics.enable", "libteflon.so is not in a directory where programs look")


@expectation(
    "expects.service",
    "Expected services can use the NPU",
    remedy='Declare and start the service, let it open the devnode (SupplementaryGroups = [ "render" ]) and give it '
    "the library (environment.LD_LIBRARY_PATH); or correct its name in expects.",
    what="a service",
)
def service(facts: Facts) -> Iterator[Finding]:
    """`expects: ["service:NAME"]`."""
    for name in services(facts.scenario.expects):
        yield from _service(facts, name)


def _service(facts: Facts, name: str) -> Iterator[Finding]:
    found = service_client(facts, name)
    yield from (Problem(where, why) for where, why in found.problems)
    if not found.problems:
        yield from _of_ways(found.library)
    for unit in found.units:
        yield from _spoilt(facts, lambda _, seen, unit=unit: _names(seen.source, unit))  # type: ignore[misc]


def _names(source: str, unit: str) -> bool:
    """Whether a check's evidence is about this unit."""
    return source.split(" ")[0].rstrip(":") == unit


@expectation(
    "expects.devnode",
    "The expected devnode exists and users other than root can open it",
    remedy="Fix the checks that the evidence names, or remove devnode from expects.",
    what="a devnode",
)
def devnode(facts: Facts) -> Iterator[Finding]:
    """`expects: [devnode]`: no check of kernel, device tree, rules or access fails."""
    yield from _devnode(facts) if _is_expected(facts, "devnode") else ()


def _devnode(facts: Facts) -> Iterator[Finding]:
    stages = ("kernel", "device-tree", "udev", "access")
    yield from _spoilt(facts, lambda one, _: one.stage in stages)
    rule = _answered(facts, "udev.device-has-rule")
    if rule is not None and rule.status is Status.PASS:
        yield Fine("udev.device-has-rule", rule.reason)
    elif rule is not None and rule.status is Status.SKIP and facts.scenario.stack == "mainline":
        yield Fine("systemd's own rules", "accel nodes are of group render")
    elif rule is not None and rule.status is Status.SKIP:
        why = "the subject has no rule: then everybody can open a render node, and only root /dev/rknpu"
        yield Unsure("udev.device-has-rule", why)


@expectation(
    "expects.inference",
    "At least one client has everything that inference needs",
    remedy="Fix what the evidence names, or remove inference from expects.",
    what="an inference",
)
def inference(facts: Facts) -> Iterator[Finding]:
    """`expects: [inference]`: the devnode, and one client of any kind that has everything it needs."""
    if not _is_expected(facts, "inference"):
        return
    yield from _devnode(facts)
    clients = {"Python": list(_python(facts)), "C programs": list(_c(facts))}
    for name in services(facts.scenario.expects):
        clients[f"{name}.service"] = list(_service(facts, name))
    whole = [name for name, found in clients.items() if not any(isinstance(one, Problem | Unsure) for one in found)]
    if whole:
        yield Fine(", ".join(whole), "everything that a client needs")
        return
    doubtful = [name for name, found in clients.items() if not any(isinstance(one, Problem) for one in found)]
    for name in doubtful or clients:
        for one in clients[name]:
            if isinstance(one, Problem) and not doubtful:
                yield Problem(one.where, f"no client can use the NPU; {name}: {one.what}", one.seen)
            elif isinstance(one, Unsure) and doubtful:
                yield Unsure(one.where, f"it is unknown whether {name} can use the NPU: {one.why}", one.seen)
