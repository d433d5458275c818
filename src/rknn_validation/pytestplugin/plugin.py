"""pytest: options, fixtures and hooks. What they do lives in the rooms below; nothing is decided here."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Generator, Mapping
from typing import Any

import pytest

from rknn_validation.checks.model import Answer, Status
from rknn_validation.checks.questions import (
    Question,
    cluster_questions,
    configuration_questions,
    hardware_questions,
    node_questions,
    transition_questions,
)
from rknn_validation.common.errors import HarnessError
from rknn_validation.facts.model import Facts
from rknn_validation.npu.formerly import with_current_ids
from rknn_validation.pytestplugin import cluster, emulation, judging
from rknn_validation.pytestplugin import hardware as hardwareplugin
from rknn_validation.pytestplugin.entry import ONLY_A_SUBJECT, SUBJECT_FILE, settings_of_checkout
from rknn_validation.pytestplugin.options import GROUPS
from rknn_validation.pytestplugin.progress import say
from rknn_validation.pytestplugin.reporter import Reporter
from rknn_validation.report import files
from rknn_validation.report.collect import PROPERTY, Collection, verdict_in
from rknn_validation.subject.validation import Validation

VALIDATION = pytest.StashKey[Validation]()
QUESTIONS = {
    "configuration_question": configuration_questions,
    "node_question": node_questions,
    "transition_question": transition_questions,
    "hardware_question": hardware_questions,
    "cluster_question": cluster_questions,
}
MARKERS = (
    "unit: evaluates configurations; starts nothing but Nix",
    "vm: asks emulated boards",
    "hardware: asks real nodes; runs only with --hardware",
    "kubernetes: asks a live cluster; runs only with --kubernetes",
    "verdict: judges the subject",
)


class Inconclusive(Exception):
    """A check applies but could not tell. Fails the run; never counts as pass."""


def pytest_addoption(parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager) -> None:
    """The harness's options, and the modules that hold the rest of the plugin."""
    for title, options in GROUPS.items():
        options(parser.getgroup(f"rknn-validation: {title}").addoption)
    for module in (judging, hardwareplugin, cluster, emulation):
        pluginmanager.register(module, module.__name__)


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> None:
    """Start again with this repository's settings where pytest has missed them.

    Before it knows our options, pytest takes their values for test paths, and looks for its settings beside
    a subject that lies elsewhere.
    """
    own = settings_of_checkout(config.invocation_params.dir)
    if own is None or config.inipath == own or config.option.inifilename:
        return
    capture = config.pluginmanager.getplugin("capturemanager")
    if capture is not None:
        capture.stop_global_capturing()
    os.execv(sys.executable, [sys.executable, "-m", "pytest", "-c", str(own), *config.invocation_params.args])


def pytest_configure(config: pytest.Config) -> None:
    """Start, unless a subject file is all there is: then a test has to ask about it first."""
    for marker in MARKERS:
        config.addinivalue_line("markers", marker)
    # Ids of checks that were renamed may still be in the settings of earlier releases.
    config.option.keyword = with_current_ids(config.option.keyword)
    config.option.deselect = [with_current_ids(one) for one in config.option.deselect or ()]
    if not config.stash.get(ONLY_A_SUBJECT, False):
        start(config)


def start(config: pytest.Config) -> None:
    """Read what is judged; a malformed subject file or an unknown host is a usage error, before anything runs."""
    if config.getoption("--guest-image") and config.getoption("--guest") != "nixos":
        raise pytest.UsageError("--guest-image DIR: expected --guest nixos beside it")
    try:
        config.stash[judging.JUDGED] = judging.judged(config)
        whole = cluster.chosen(config, config.stash[judging.JUDGED].validation)
        config.stash[VALIDATION] = hardwareplugin.chosen(config, whole)
        if hasattr(config, "workerinput") or config.option.collectonly:
            return
        collection = Collection(config.getoption("--report") or config.rootpath / "report")
        collection.start()
    except HarnessError as error:
        raise pytest.UsageError(str(error)) from error
    reporter = Reporter(collection, config.stash[VALIDATION])
    config.pluginmanager.register(reporter, "rknn-validation-reporter")


def started(config: pytest.Config) -> Validation:
    """The subject of this run, read now if it was not before."""
    if VALIDATION not in config.stash:
        if hasattr(config, "workerinput"):
            raise pytest.UsageError(f"with -n, say what the tests ask about: --subject {SUBJECT_FILE}")
        start(config)
    return config.stash[VALIDATION]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Real nodes are asked only with --hardware, a cluster only with --kubernetes, the harness's own boards only with
    the Debian guest.
    """

    def left_out(item: pytest.Item) -> bool:
        if item.get_closest_marker("verdict"):
            asked = [tier for tier in ("hardware", "kubernetes") if item.get_closest_marker(tier)]
            return any(not config.getoption(f"--{tier}") for tier in asked)
        return item.get_closest_marker("vm") is not None and config.getoption("--guest") == "nixos"

    gone = {item for item in items if left_out(item)}
    if gone:
        config.hook.pytest_deselected(items=[item for item in items if item in gone])
        items[:] = [item for item in items if item not in gone]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test that takes a question is asked every question of its kind."""
    for fixture, questions in QUESTIONS.items():
        if fixture in metafunc.fixturenames:
            asked = questions(started(metafunc.config))
            metafunc.parametrize(fixture, asked, ids=[question.id for question in asked])


@pytest.fixture(scope="session")
def validation(request: pytest.FixtureRequest) -> Validation:
    """The subject file of this run."""
    return started(request.config)


@pytest.fixture(scope="session")
def gathered(request: pytest.FixtureRequest) -> Mapping[str, Facts]:
    """The facts of every scenario and host."""
    started(request.config)
    return request.config.stash[judging.JUDGED].facts()


@pytest.fixture(scope="session")
def progress(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Says one line about what is being waited for."""
    return lambda line: say(request.config, line)


@pytest.fixture
def judge(request: pytest.FixtureRequest) -> Callable[..., None]:
    """`judge(question, answer, stand_ins=..., attachments=...)` records the verdict and ends the test with it."""
    started, since = time.time(), time.monotonic()

    def conclude(question: Question, answer: Answer, **more: Any) -> None:
        verdict = question.verdict(answer, **{"seconds": time.monotonic() - since, "started": started, **more})
        verdict = verdict.unless_ignored(request.config.stash[VALIDATION].ignored)
        request.node.user_properties.append((PROPERTY, verdict.to_json()))
        text = f"{verdict.code} {verdict.reason}\nremedy: {verdict.remedy}\n{files.evidence_text(verdict)}".lstrip()
        if verdict.status is Status.SKIP:
            pytest.skip(verdict.reason)
        if verdict.status is Status.FAIL:
            pytest.fail(text, pytrace=False)
        if verdict.status is Status.INCONCLUSIVE:
            raise Inconclusive(text)

    return conclude


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A question that broke before its answer was judged is inconclusive, with the reason."""
    report = yield
    params = getattr(getattr(item, "callspec", None), "params", {})
    question = next((params[name] for name in QUESTIONS if name in params), None)
    if question is None or call.excinfo is None or verdict_in(item.user_properties) is not None:
        return report
    error = call.excinfo.value
    if not isinstance(error, pytest.skip.Exception | KeyboardInterrupt):
        reason = error.message if isinstance(error, HarnessError) else f"{type(error).__name__}: {error}"
        told = (PROPERTY, question.broken(reason, str(error)).to_json())
        item.user_properties.append(told)
        report.user_properties = [*report.user_properties, told]
        if isinstance(error, HarnessError):
            report.longrepr = str(error)
    return report


def pytest_report_teststatus(report: pytest.TestReport | pytest.CollectReport) -> tuple[str, str, str] | None:
    """`inconclusive` is a word of its own: it fails the run, and is told apart from `failed`."""
    if isinstance(report, pytest.TestReport) and report.failed:
        verdict = verdict_in(report.user_properties)
        if verdict is not None and verdict.status is Status.INCONCLUSIVE:
            return "inconclusive", "I", "INCONCLUSIVE"
    return None
