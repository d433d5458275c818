"""Documents' links lead somewhere, and every page can be found."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

pytestmark = pytest.mark.unit

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]


def missing(page: Path, text: str) -> list[str]:
    """The links of a page that lead to no file, or to no heading of one."""
    found = []
    for target in re.findall(r"\]\(([^)\s]+)\)", re.sub(r"```.*?```", "", text, flags=re.DOTALL)):
        name, _, heading = target.partition("#")
        if "://" in name:
            continue
        path = (page.parent / name).resolve() if name else page
        if not path.exists() or (heading and heading not in headings(path)):
            found.append(target)
    return found


def headings(path: Path) -> set[str]:
    """A page's headings as links spell them."""
    titles = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    assert missing(page, page.read_text(encoding="utf-8")) == []


def test_a_link_to_nowhere_is_seen() -> None:
    text = "[a](no-such-file.md) [b](README.md#no-such-heading) [c](README.md) [d](https://example.org/)"
    assert missing(ROOT / "README.md", text) == ["no-such-file.md", "README.md#no-such-heading"]


def test_every_page_can_be_found_from_the_readme() -> None:
    seen, waiting = set(), [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        if page not in seen and page.suffix == ".md":
            seen.add(page)
            names = re.findall(r"\]\(([^)#\s]+\.md)", page.read_text(encoding="utf-8"))
            waiting += [(page.parent / name).resolve() for name in names if "://" not in name]
    assert [page.name for page in PAGES if page not in seen] == []
