"""What a scenario or host says has to work there, held against what its configuration brings.

An expectation that is not met fails, whatever else is skipped. Nothing is judged a second time here: what other checks
found wrong stands for the expectation it spoils."""

from __future__ import annotations

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

NOBODY = "nobody expects {} here, and nothing brings it"

_BESIDE = frozenset(
    [
        "access.services-are-in-the-node-s-group",
        "access.people-are-in-the-node-s-group",
        "access.npu-is-not-world-writable",
        "access.grants-no-more-than-the-npu",
        "access.standard-groups-keep-their-ids",
        "access.machine-keeps-its-defences",
        "access.options-reach-the-node",
        "udev.rules-touch-the-npu-only",
        "library.services-find-the-runtime",
    ]
)
"""What is wrong all the same, and leaves the devnode to be opened and the library to be found."""
_LOADABLE = frozenset(["library.lies-where-programs-look", "library.finds-its-own-libraries"])


@derived
def _answers(facts: Facts) -> Mapping[Check[Facts], Answer]:
    """What every other check about the NPU says of these facts."""
    asked = (one for one in applicable(facts) if not one.id.startswith(f"{EXPECTS}.") and one.group != LINT)
    return {one: ask(one, facts) for one in asked}


def _spoilt(facts: Facts, concerns: Callable[[Check[Facts], Evidence], bool]) -> Iterator[Finding]:
    """What other checks found wrong, or could not tell, of what an expectation needs."""
    for one, answer in _answers(facts).items():
        if answer.status not in (Status.FAIL, Status.INCONCLUSIVE) or one.id in _BESIDE:
            continue
        kind = Problem if answer.status is Status.FAIL else Unsure
        for seen in answer.evidence or (Evidence("", ""),):
            if concerns(one, seen):
                yield kind(one.id, answer.reason, f"{seen.source}: {seen.output}")


def _of_ways(ways: LibraryAccess) -> Iterator[Finding]:
    """One way is enough; where none is sure, one that may be is a doubt; where there is none at all, the lack."""
    yield from (Fine(where, seen) for where, seen in ways.sure)
    if not ways.sure:
        yield from (Unsure(where, why) for where, why in ways.doubtful)
    if not ways.sure and not ways.doubtful:
        yield Problem(ways.where, ways.lack)


def _nowhere(facts: Facts) -> Iterator[Finding]:
    """Why nothing can be expected of a host at all: it brings up no stack, or is no RK3588."""
    scenario = facts.scenario
    if scenario.expects and scenario.stack == "none":
        yield Problem("expects", "no NPU stack is brought up here", "\n".join(scenario.told))
    elif scenario.expects and not _is_rk3588(facts):
        yield Problem("expects", f"no board of these has the NPU: {', '.join(scenario.boards)}")


def _is_rk3588(facts: Facts) -> bool:
    return any(board.is_rk3588 for board in facts.scenario.identities())


def _answered(facts: Facts, id: str) -> Answer | None:
    return next((answer for one, answer in _answers(facts).items() if one.id == id), None)


@check(
    "expects.python",
    "Python programs can use the NPU as expected",
    remedy="Install an interpreter with the Python API and its link (vendor), or a TFLite interpreter and Mesa "
    "(mainline); or remove python from expects.",
    nothing=NOBODY.format("Python"),
    everywhere=True,
)
def python(facts: Facts) -> Iterator[Finding]:
    """`expects: [python]`, or an option about Python that the scenario itself switches on."""
    if nowhere := list(_nowhere(facts)):
        yield from nowhere
        return
    expects = facts.scenario.expects
    promise = promised_python(facts) if expects is None and _is_rk3588(facts) else ""
    ways = python_clients(facts)
    if promise and not ways.sure and not ways.doubtful and not ways.partial:
        yield Problem(promise, f"the scenario switches it on, and {ways.lack}")
    elif expects is not None and "python" in expects:
        yield from _python(facts)
    elif ways.sure or ways.partial or ways.doubtful:
        yield Aside("nobody says that Python is expected here; what is brought of it is judged by the checks python.*")


def _python(facts: Facts) -> Iterator[Finding]:
    yield from _of_ways(python_clients(facts))
    yield from _spoilt(facts, lambda one, _: one.id.startswith("python.") or one.id in _LOADABLE)
    if facts.scenario.stack == "mainline":
        yield from _library(facts)


@check(
    "expects.c",
    "C programs find the NPU's library as expected",
    remedy='Set environment.sessionVariables.LD_LIBRARY_PATH = [ "${runtime}/lib" ], wrap the programs or patch '
    "their rpath (vendor); set hardware.graphics.enable = true (mainline); or remove c from expects.",
    nothing=NOBODY.format("C programs"),
    everywhere=True,
)
def c(facts: Facts) -> Iterator[Finding]:
    """`expects: [c]`: the loader is told of the library, by whatever means."""
    if nowhere := list(_nowhere(facts)):
        yield from nowhere
        return
    if "c" in (facts.scenario.expects or ()):
        yield from _c(facts)


def _c(facts: Facts) -> Iterator[Finding]:
    if facts.scenario.stack == "mainline":
        yield from _library(facts)
    else:
        yield from _of_ways(c_clients(facts))
    yield from _spoilt(facts, lambda one, _: one.id.startswith("library."))


def _library(facts: Facts) -> Iterator[Finding]:
    """Mainline: whether the delegate is where programs look."""
    found = _answered(facts, "library.teflon-is-where-programs-look")
    if found is not None and found.status is Status.PASS:
        yield Fine("libteflon.so", found.reason)
    elif found is None or found.status is Status.SKIP:
        yield Problem("hardware.graphics.enable", "nothing brings libteflon.so to where programs look")


@check(
    "expects.service",
    "Expected services can use the NPU",
    remedy='Declare and start the service, let it open the devnode (SupplementaryGroups = [ "render" ]) and give it '
    "the library (environment.LD_LIBRARY_PATH); or correct its name in expects.",
    nothing=NOBODY.format("a service"),
    everywhere=True,
)
def service(facts: Facts) -> Iterator[Finding]:
    """`expects: ["service:NAME"]`."""
    if nowhere := list(_nowhere(facts)):
        yield from nowhere
        return
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
    """Whether what a check saw, it saw at this unit."""
    return source.split(" ")[0].rstrip(":") == unit


@check(
    "expects.devnode",
    "The expected devnode exists and users other than root can open it",
    remedy="Fix the checks that the evidence names, or remove devnode from expects.",
    nothing=NOBODY.format("a devnode"),
    everywhere=True,
)
def devnode(facts: Facts) -> Iterator[Finding]:
    """`expects: [devnode]`: no check of kernel, device tree, rules or access is against it."""
    if nowhere := list(_nowhere(facts)):
        yield from nowhere
        return
    if "devnode" in (facts.scenario.expects or ()):
        yield from _devnode(facts)


def _devnode(facts: Facts) -> Iterator[Finding]:
    stages = ("kernel", "device-tree", "udev", "access")
    yield from _spoilt(facts, lambda one, _: one.stage in stages)
    rule = _answered(facts, "udev.npu-node-has-a-rule")
    if rule is not None and rule.status is Status.PASS:
        yield Fine("udev.npu-node-has-a-rule", rule.reason)
    elif rule is not None and rule.status is Status.SKIP and facts.scenario.stack == "mainline":
        yield Fine("systemd's own rules", "accel nodes are of group render")
    elif rule is not None and rule.status is Status.SKIP:
        why = "no rule of the subject: a render node is everybody's then, and /dev/rknpu root's alone"
        yield Unsure("udev.npu-node-has-a-rule", why)


@check(
    "expects.inference",
    "At least one client has everything that inference needs",
    remedy="Fix what the evidence names, or remove inference from expects.",
    nothing=NOBODY.format("an inference"),
    everywhere=True,
)
def inference(facts: Facts) -> Iterator[Finding]:
    """`expects: [inference]`: the devnode, and one client of any kind that has all it needs."""
    if nowhere := list(_nowhere(facts)):
        yield from nowhere
        return
    if "inference" not in (facts.scenario.expects or ()):
        return
    yield from _devnode(facts)
    clients = {"Python": list(_python(facts)), "C programs": list(_c(facts))}
    for name in services(facts.scenario.expects):
        clients[f"{name}.service"] = list(_service(facts, name))
    whole = [name for name, found in clients.items() if not any(isinstance(one, Problem | Unsure) for one in found)]
    if whole:
        yield Fine(", ".join(whole), "all that a client needs")
        return
    doubtful = [name for name, found in clients.items() if not any(isinstance(one, Problem) for one in found)]
    for name in doubtful or clients:
        for one in clients[name]:
            if isinstance(one, Problem) and not doubtful:
                yield Problem(one.where, f"no client can use the NPU; {name}: {one.what}", one.seen)
            elif isinstance(one, Unsure) and doubtful:
                yield Unsure(one.where, f"whether {name} can use the NPU is not known: {one.why}", one.seen)
