"""What the workers of a run share is made once, however many ask."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import workers

pytestmark = pytest.mark.unit


def test_it_is_made_once_and_everybody_has_it(tmp_path: Path) -> None:
    made: list[int] = []

    def make() -> dict[str, int]:
        made.append(1)
        return {"made": len(made)}

    with ThreadPoolExecutor(max_workers=4) as pool:
        found = list(pool.map(lambda _: workers.once_in(tmp_path)("thing", make), range(8)))
    assert found == [{"made": 1}] * 8
    assert made == [1]


def test_what_breaks_is_tried_again_by_the_next(tmp_path: Path) -> None:
    once = workers.once_in(tmp_path)
    with pytest.raises(ZeroDivisionError):
        once("thing", lambda: 1 // 0)
    assert once("thing", lambda: 1) == 1
    assert once("another", lambda: 2) == 2
