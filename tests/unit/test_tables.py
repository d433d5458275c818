"""What the reader of tests/subjects makes of a table, and what it says of one that is wrong."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import yaml

sys.path.insert(0, str(Path(__file__).parents[1] / "subjects"))
import tables

from rknn_validation.common.errors import SubjectFileError

pytestmark = pytest.mark.unit

ENTRY = "a:\n  defect: It is wrong.\n  check: udev.rules-valid\n"


def read(folder: Path, text: str) -> tables.Subject:
    """The subject `a` of a table with this text."""
    (folder / "topic.yaml").write_text(text)
    return tables.read(folder)["a"]


def test_a_replaced_text_is_the_only_difference(tmp_path: Path) -> None:
    found = read(tmp_path, ENTRY + '  replace:\n    device.nix:\n      KERNEL=="rknpu": KERNEL="rknpu"\n').files()
    good = read(tmp_path, ENTRY).files()
    assert {name for name in found if found[name] != good.get(name)} == {"device.nix"}
    assert found["device.nix"] == good["device.nix"].replace('KERNEL=="rknpu"', 'KERNEL="rknpu"')


def test_further_lines_are_indented_like_the_line_they_stand_in(tmp_path: Path) -> None:
    text = ENTRY + "  replace:\n    library.nix:\n      environment.systemPackages: |\n        a = 1;\n        b\n"
    assert "\n  a = 1;\n  b = [ cfg.package ];" in read(tmp_path, text).files()["library.nix"]


def test_a_part_is_a_nix_expression(tmp_path: Path) -> None:
    found = read(tmp_path, ENTRY + '  good: mainline\n  python: "{ }"\n  write: {extra/a.txt: text}\n').files()
    assert found["python.nix"] == "{ cfg, config, lib, pkgs }:\n{ }"
    assert found["extra/a.txt"] == "text"
    assert "linuxPackages_6_18" in found["driver.nix"] and "rknpu" not in found["device.nix"]


def test_validation_says_what_the_entry_says(tmp_path: Path) -> None:
    text = ENTRY + "  option: null\n  overlays: [overlay.nix]\n  boards: [rock-5b]\n"
    found = yaml.safe_load(read(tmp_path, text).files()["validation.yaml"])
    assert found == {
        "subject": {"module": "module.nix", "overlays": ["overlay.nix"]},
        "scenarios": {"npu": {"stack": "vendor", "settings": {"enable": True}, "boards": ["rock-5b"]}},
    }


def test_only_what_differs_is_written_again(tmp_path: Path) -> None:
    one = read(tmp_path, ENTRY)
    home = one.written(tmp_path / "written").parent
    before = {path: path.stat().st_mtime_ns for path in home.rglob("*.nix")}
    (home / "device.nix").write_text("{ }")
    (home / "stale.nix").write_text("{ }")
    one.written(tmp_path / "written")
    after = {path: path.stat().st_mtime_ns for path in home.rglob("*.nix")}
    assert {path.name for path in before if before[path] != after[path]} == {"device.nix"}
    assert before.keys() == after.keys()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (ENTRY + "  replace: {device.nix: {MODE=: GROUP=}}\n", "topic.yaml:4: a.replace.device.nix.MODE="),
        (ENTRY + "  replace: {devise.nix: {MODE=: GROUP=}}\n", "topic.yaml:4: a.replace.devise.nix.MODE="),
        (ENTRY + "  remove: {device.nix: [nowhere]}\n", "topic.yaml:4: a.remove.device.nix"),
        (ENTRY + "  replace: {device.nix: {KERNEL: }}\n", "topic.yaml:4: a.replace.device.nix.KERNEL"),
        (ENTRY + "  replaces: {}\n", "topic.yaml:4: a.replaces"),
        (ENTRY + "  check: udev.mode\n", "topic.yaml:4: a.check"),
        (ENTRY + "  harmless: It is not.\n", "topic.yaml:2: a"),
        ("a:\n  defect: It is wrong.\n", "topic.yaml:2: a"),
        (ENTRY + ENTRY, "topic.yaml:4: a"),
        (ENTRY + "  good: machines\n", "topic.yaml:4: a.good"),
    ],
)
def test_what_is_wrong_with_a_table_is_said_with_its_place(text: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(SubjectFileError) as caught:
        read(tmp_path, text).files()
    assert said in str(caught.value)


def test_a_name_is_given_once_in_all_tables(tmp_path: Path) -> None:
    (tmp_path / "another.yaml").write_text(ENTRY)
    with pytest.raises(SubjectFileError, match=r"another\.yaml"):
        read(tmp_path, ENTRY)


def test_an_entry_that_is_no_yaml_is_said_with_its_place(tmp_path: Path) -> None:
    with pytest.raises(yaml.YAMLError, match=r"topic\.yaml"):
        read(tmp_path, "a: [\n")
