"""`validation.yaml`: what is read, and what a person is told when it is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from rknn_validation.common.errors import SubjectFileError
from rknn_validation.subject.validation import load

pytestmark = pytest.mark.unit

GOOD = """\
subject:
  module: module.nix
  option: services.npu
  overlays: [overlay.nix]
scenarios:
  vendor:
    stack: vendor
    settings: {enable: true, level: 3}
    boards: [orangepi-5-plus, raspberrypi-4-b]
nodes:
  opi01: {host: opi01.example, board: orangepi-5-plus, scenario: vendor}
"""


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    for name in ("module.nix", "overlay.nix"):
        (tmp_path / name).write_text("{ }\n")
    return tmp_path


def written(directory: Path, text: str) -> Path:
    path = directory / "validation.yaml"
    path.write_text(text)
    return path


def test_a_complete_subject_file_is_read(directory: Path) -> None:
    validation = load(written(directory, GOOD))
    assert validation.subject.option == ("services", "npu")
    assert validation.subject.module == directory / "module.nix"
    assert validation.subject.overlays == (directory / "overlay.nix",)
    scenario = validation.scenarios["vendor"]
    assert scenario.settings == {"enable": True, "level": 3}
    assert [board.is_rk3588 for board in scenario.identities()] == [True, False]
    assert validation.nodes["opi01"].host == "opi01.example"


BAD = {
    "unknown key": ("option: services.npu", "option: services.npu\n  modul: x", 4, "subject.modul", "module"),
    "missing key": ("    stack: vendor\n", "", 7, "scenarios.vendor.stack", "missing"),
    "settings go nowhere": ("  option: services.npu\n", "", 7, "scenarios.vendor.settings", "subject.option"),
    "wrong type": ("[overlay.nix]", "overlay.nix", 4, "subject.overlays", "a list"),
    "missing file": ("module: module.nix", "module: nowhere.nix", 2, "subject.module", "nowhere.nix"),
    "unknown stack": ("stack: vendor", "stack: vendr", 7, "scenarios.vendor.stack", "vendor"),
    "unknown board": ("raspberrypi-4-b", "raspberypi-4-b", 9, "scenarios.vendor.boards", "raspberrypi-4-b"),
    "settings are no mapping": ("{enable: true, level: 3}", "yes", 8, "scenarios.vendor.settings", "a mapping"),
    "a key given twice": (
        "    stack: vendor",
        "    stack: vendor\n    stack: vendor",
        8,
        "scenarios.vendor.stack",
        "once",
    ),
    "a board given twice": ("raspberrypi-4-b", "orangepi-5-plus", 9, "scenarios.vendor.boards", "once"),
    "node of no scenario": ("scenario: vendor", "scenario: vender", 11, "nodes.opi01.scenario", "vendor"),
    "a broken option path": ("services.npu", "services..npu", 3, "subject.option", "dotted"),
    "empty file": (GOOD, "", 1, "top level", "empty"),
    "a list": (GOOD, "- 1", 1, "top level", "mapping"),
    "not YAML": ("subject:", "subject: [", 3, "not YAML", "valid YAML"),
    "an unknown tag": ("level: 3", "level: !!python/object:os.system 3", 8, "scenarios.vendor.settings", "plain YAML"),
}


@pytest.mark.parametrize("name", BAD)
def test_an_error_names_file_line_key_and_what_is_expected(name: str, directory: Path) -> None:
    old, new, line, key, word = BAD[name]
    assert old in GOOD
    path = written(directory, GOOD.replace(old, new, 1))
    with pytest.raises(SubjectFileError) as caught:
        load(path)
    text = str(caught.value)
    assert text.startswith(f"{path}:{line}"), text
    assert key in text
    assert word in text
    assert "expected" in text


def test_a_missing_subject_file_is_an_error_with_a_remedy(tmp_path: Path) -> None:
    with pytest.raises(SubjectFileError, match="--subject"):
        load(tmp_path / "validation.yaml")


def test_a_subject_without_scenarios_is_an_error(directory: Path) -> None:
    with pytest.raises(SubjectFileError, match="at least one scenario"):
        load(written(directory, GOOD.split("scenarios:")[0] + "scenarios: {}\n"))


def test_guests_are_hosts_of_flakes(directory: Path) -> None:
    (directory / "flake.nix").write_text("{ }\n")
    path = written(directory, GOOD + "guests:\n  vendor: .#opi01\n")
    guest = load(path).guests["vendor"]
    assert (guest.flake, guest.host) == (str(directory), "opi01")
    path = written(directory, GOOD + "guests:\n  vendor: github:someone/fleet#opi01\n")
    assert load(path).guests["vendor"].flake == "github:someone/fleet"
    assert load(written(directory, GOOD)).guests == {}


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("guests:\n  vendro: .#opi01\n", "vendor"),
        ("guests:\n  vendor: opi01\n", "FLAKE#HOST"),
        ("guests:\n  vendor: .#\n", "FLAKE#HOST"),
        ("guests:\n  vendor: ./nowhere#opi01\n", "flake.nix"),
        ("guests:\n  vendor: [opi01]\n", "a string"),
    ],
)
def test_an_error_in_guests_names_its_line(directory: Path, text: str, word: str) -> None:
    with pytest.raises(SubjectFileError) as caught:
        load(written(directory, GOOD + text))
    line = len(GOOD.splitlines()) + 2
    assert caught.value.message.startswith(f"{directory / 'validation.yaml'}:{line}: guests.")
    assert word in str(caught.value)


WITH_EXPECTS = GOOD.replace("    stack: vendor\n", "    stack: vendor\n    expects: [python]\n")


def expects(directory: Path, text: str) -> tuple[str, ...] | None:
    return load(written(directory, WITH_EXPECTS.replace("[python]", text))).scenarios["vendor"].expects


def test_expects_is_read_and_none_differs_from_empty(directory: Path) -> None:
    every = expects(directory, '[python, c, "service:frigate", devnode, inference]')
    assert every == ("python", "c", "service:frigate", "devnode", "inference")
    assert expects(directory, "[]") == ()
    assert load(written(directory, GOOD)).scenarios["vendor"].expects is None


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("[pyhton]", "did you mean 'python'?"),
        ("[c, devnod]", "did you mean 'devnode'?"),
        ("[Inference]", "did you mean 'inference'?"),
        ('["services:frigate"]', "did you mean 'service:frigate'?"),
        ('["service:"]', "did you mean 'service:NAME'?"),
        ("[python, python]", "'python' twice"),
        ("[3]", "a list of words"),
        ("python", "a list of words"),
    ],
)
def test_a_misspelt_expectation_names_its_line_and_the_nearest_word(directory: Path, text: str, hint: str) -> None:
    with pytest.raises(SubjectFileError) as caught:
        expects(directory, text)
    assert "validation.yaml:8: scenarios.vendor.expects" in str(caught.value)
    assert hint in str(caught.value)


def test_a_scenario_without_a_stack_expects_nothing(directory: Path) -> None:
    text = WITH_EXPECTS.replace("stack: vendor\n", "stack: none\n")
    with pytest.raises(SubjectFileError, match="stack: none"):
        load(written(directory, text))


def test_hosts_have_expectations(directory: Path) -> None:
    (directory / "flake.nix").write_text("{ outputs = _: { }; }\n")
    text = "hosts:\n  opi01: {flake: ., board: orangepi-5-plus, stack: vendor, expects: [python, devnode]}\n"
    assert load(written(directory, text)).hosts["opi01"].expects == ("python", "devnode")
    with pytest.raises(SubjectFileError, match=r"hosts\.opi01\.expects"):
        load(written(directory, text.replace("devnode", "devnod")))
