"""pytest: what the installed package adds to every run. It loads the plugin where it is asked for, and does no more.

Whoever runs the tests of another project in the same environment gets none of the options, fixtures and hooks.
"""

from __future__ import annotations

import copy
from collections.abc import Generator, Sequence
from contextlib import suppress
from pathlib import Path

import pytest

PLUGIN = "rknn_validation.pytestplugin.plugin"
SUITES = Path(__file__).resolve().parents[1] / "suites"
SUITES_NAME = "rknn_validation.suites"
"""What `pytest --pyargs` calls SUITES."""
SUBJECT_FILE = "validation.yaml"
ONLY_A_SUBJECT = pytest.StashKey[bool]()
"""Set where nothing but a subject file speaks for the plugin, which then waits until a test asks about it."""


def pytest_addoption(pluginmanager: pytest.PytestPluginManager) -> None:
    """Load the plugin before pytest looks for test paths, for it takes the values of unknown options for some.

    Not for options alone: a conftest file, none of which is read yet, may have one of the same name.
    """
    config = pluginmanager.get_plugin("pytestconfig")
    assert isinstance(config, pytest.Config)
    directory, words = config.invocation_params.dir, config.invocation_params.args
    if settings_of_checkout(directory) or names_suites(
        [word for word in map(str, words) if word[:1] != "-"], directory
    ):
        load(pluginmanager)


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests(
    early_config: pytest.Config, parser: pytest.Parser, args: list[str]
) -> Generator[None]:
    """Load the plugin if its suites, one of its options or a subject file are there.

    Conftest files come first: an option that one of them has defined is theirs.
    """
    yield
    manager = early_config.pluginmanager
    if manager.has_plugin(PLUGIN):
        return
    options, unknown = parser.parse_known_and_unknown_args(args, namespace=copy.copy(early_config.option))
    paths: Sequence[str] = options.file_or_dir or early_config.getini("testpaths")
    if names_suites(paths, early_config.invocation_params.dir) or names_options(unknown):
        load(manager)
    elif subject_file(early_config) is not None:
        early_config.stash[ONLY_A_SUBJECT] = True
        with suppress(pytest.UsageError):
            load(manager)


def load(manager: pytest.PytestPluginManager) -> None:
    """Load the plugin. Raises UsageError where somebody else has an option of the same name."""
    try:
        manager.import_plugin(PLUGIN)
    except ValueError as clash:
        manager.unregister(name=PLUGIN)
        hint = "run rknn-validate, which loads no other plugins"
        raise pytest.UsageError(f"rknn-validation cannot add its options: {clash}\n  hint: {hint}") from clash


def settings_of_checkout(directory: Path) -> Path | None:
    """pytest's settings of this project, where the directory is a checkout of it."""
    settings = directory / "pyproject.toml"
    named = settings.is_file() and 'name = "rknn-validation"' in settings.read_text(encoding="utf-8")
    return settings if named else None


def names_suites(paths: Sequence[str], base: Path) -> bool:
    """Whether one of these test paths is a suite, or the folder of them all."""
    return any(path_of(path, base).is_relative_to(SUITES) for path in paths)


def path_of(argument: str, base: Path) -> Path:
    """Where a test path leads: a file or folder, or a suite by its name in Python."""
    name = argument.partition("::")[0]
    if name != SUITES_NAME and not name.startswith(f"{SUITES_NAME}."):
        return (base / name).resolve()
    path = SUITES.joinpath(*name.split(".")[2:])
    return path if path.is_dir() else path.with_suffix(".py")


def names_options(unknown: Sequence[str]) -> bool:
    """Whether one of these words, which nobody else knows, is an option of ours."""
    words = {word.partition("=")[0] for word in unknown if word.startswith("-")}
    if not words:
        return False
    from rknn_validation.pytestplugin.options import names

    return not words.isdisjoint(names())


def subject_file(config: pytest.Config) -> Path | None:
    """The subject file where pytest was started, or at the root of its tests. One of another kind is none."""
    for directory in (config.invocation_params.dir, config.rootpath):
        path = directory / SUBJECT_FILE
        if path.is_file():
            from rknn_validation.subject.validation import looks_like_one

            return path if looks_like_one(path) else None
    return None
