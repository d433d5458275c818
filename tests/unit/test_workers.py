"""What the workers of a run share is made once, however many ask."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import workers

from rknn_validation.pytestplugin.emulation import once_in

pytestmark = pytest.mark.unit


def test_it_is_made_once_and_everybody_has_it(tmp_path: Path) -> None:
    made: list[int] = []

    def make() -> dict[str, int]:
        made.append(1)
        return {"made": len(made)}

    with ThreadPoolExecutor(max_workers=4) as pool:
        found = list(pool.map(lambda _: once_in(tmp_path)("thing", make), range(8)))
    assert found == [{"made": 1}] * 8
    assert made == [1]


def test_what_breaks_is_tried_again_by_the_next(tmp_path: Path) -> None:
    once = once_in(tmp_path)
    with pytest.raises(ZeroDivisionError):
        once("thing", lambda: 1 // 0)
    assert once("thing", lambda: 1) == 1
    assert once("another", lambda: 2) == 2


def test_what_is_made_of_the_same_files_is_kept(tmp_path: Path) -> None:
    made: list[int] = []

    def make() -> int:
        made.append(1)
        return len(made)

    def run(name: str, *inputs: Path) -> int:
        scratch = tmp_path / name
        scratch.mkdir()
        return workers.kept_in(store, once_in(scratch))("thing", make, *inputs)

    store, subject = tmp_path / "store", tmp_path / "subject"
    for directory in (store, subject):
        directory.mkdir()
    (subject / "module.nix").write_text("{ }")
    assert [run("first", subject), run("second", subject)] == [1, 1]
    (subject / "module.nix").write_text("{ a = 1; }")
    assert run("changed", subject) == 2
    (subject / "more.nix").write_text("{ }")
    assert run("added", subject) == 3
    (kept,) = store.iterdir()
    kept.write_bytes(kept.read_bytes()[:-1])
    assert run("torn", subject) == 4
    assert run("nothing changed", subject) == 4


def test_what_decides_an_evaluation_is_part_of_its_key(monkeypatch: pytest.MonkeyPatch) -> None:
    harness = {path.relative_to(workers.ROOT).as_posix() for path in workers.deciding(())}
    assert {
        "src/rknn_validation/facts/nix/standin/nixos/modules/boot/kernel.nix",
        "src/rknn_validation/facts/nix/expression/extract.nix",
        "src/rknn_validation/facts/nix/decode.py",
        "src/rknn_validation/facts/gather.py",
        "src/rknn_validation/subject/validation.py",
        "src/rknn_validation/npu/boards.py",
    } <= harness
    before = workers.key(())
    monkeypatch.setattr(workers, "_nix", lambda: "nix (Nix) 2.99")
    assert workers.key(()) != before
