"""The site builds strictly and loads nothing from elsewhere; links of the repository's own pages lead somewhere."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from rknn_validation.checks.cluster import CLUSTER_CHECKS
from rknn_validation.checks.configuration import CONFIGURATION_CHECKS
from rknn_validation.checks.node import HARDWARE_CHECKS, NODE_CHECKS
from rknn_validation.checks.node.transition import TRANSITION_CHECKS

ROOT = Path(__file__).resolve().parents[2]
DOCS = sorted((ROOT / "docs").glob("*.md"))
BESIDE = [ROOT / "README.md", ROOT / "CONTRIBUTING.md"]
"""Pages that are not part of the site, so that its builder does not see their links."""


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


@pytest.mark.unit
@pytest.mark.parametrize("page", BESIDE, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    assert missing(page, page.read_text(encoding="utf-8")) == []


@pytest.mark.unit
def test_a_link_to_nowhere_is_seen() -> None:
    text = "[a](no-such-file.md) [b](README.md#no-such-heading) [c](README.md) [d](https://example.org/)"
    assert missing(ROOT / "README.md", text) == ["no-such-file.md", "README.md#no-such-heading"]


def checks_named(text: str) -> Iterator[str]:
    """What a page calls a check: `topic.name` in the style of ids. Topics with a star name all of a topic's."""
    topics = "|".join(sorted({one.partition(".")[0] for one in known()}))
    yield from re.findall(rf"`((?:{topics})\.(?!nix`)[a-z0-9*-]+)`", text)


def known() -> set[str]:
    """The id of every check."""
    registries = (CONFIGURATION_CHECKS, NODE_CHECKS, HARDWARE_CHECKS, TRANSITION_CHECKS, CLUSTER_CHECKS)
    return {check.id for registry in registries for check in registry.all()}


# Options of the module, and outputs of its flake, that look like ids of checks.
NO_CHECKS = {
    "packages.aarch64-linux",
    "python.enable",
    "driver.package",
    "driver.enable",
    "runtime.enable",
    "runtime.package",
}


@pytest.mark.unit
@pytest.mark.parametrize("page", [*BESIDE, *DOCS], ids=lambda page: page.name)
def test_checks_that_are_named_exist(page: Path) -> None:
    named = set(checks_named(page.read_text(encoding="utf-8"))) - NO_CHECKS
    topics = {f"{one.partition('.')[0]}.*" for one in known()}
    assert sorted(named - known() - topics) == []


@pytest.mark.unit
def test_a_check_that_does_not_exist_is_seen() -> None:
    text = "`udev.no-such-check`, `udev.*`, `python.enable`, `options.nix`, `environment.variables`"
    assert list(checks_named(text)) == ["udev.no-such-check", "udev.*", "python.enable"]


@pytest.mark.integration
def test_the_example_fails_as_its_page_says(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "rknn_validation", "-m", "unit", "--subject", "docs/example/validation.yaml"]
    command += ["--report", str(tmp_path), "-p", "no:cacheprovider"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 1, done.stdout + done.stderr
    verdicts = json.loads((tmp_path / "results.json").read_text())["verdicts"]
    failed = {one["check"] for one in verdicts if one["status"] == "fail"}
    page = (ROOT / "docs" / "first-verdict.md").read_text(encoding="utf-8")
    assert set(checks_named(page)) == failed
    assert [one["check"] for one in verdicts if one["status"] == "inconclusive"] == []
    module = (ROOT / "docs" / "example" / "npu.nix").read_text(encoding="utf-8")
    shown = re.search(r"```nix\n(.*?)```", page, flags=re.DOTALL)
    assert shown and textwrap.indent(shown[1], "    ") in module


def build(root: Path, site: Path) -> subprocess.CompletedProcess[str]:
    """`make docs`, into a folder of its own."""
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(site)]
    # Without it, every build prints a page about the future of MkDocs.
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    return subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, timeout=120, check=False)


@pytest.mark.integration
def test_the_site_builds_and_loads_nothing_from_elsewhere(tmp_path: Path) -> None:
    done = build(ROOT, tmp_path)
    assert done.returncode == 0, done.stderr
    pages = list(tmp_path.rglob("*.html"))
    assert len(pages) >= len(DOCS)
    loads = r"""<(?:script|img|iframe|source)[^>]*\bsrc="?https?:[^>]*>|<link[^>]*\bhref="?https?:[^>]*>"""
    assert {found for page in pages for found in re.findall(loads, page.read_text(encoding="utf-8"))} == set()


@pytest.mark.integration
@pytest.mark.parametrize(
    ("where", "text", "said"),
    [
        ("stacks.md", "[lost](no-such-page.md)", "no-such-page.md"),
        ("stacks.md", "[lost](kernels.md#no-such-heading)", "no-such-heading"),
        ("orphan.md", "# A page that no menu has", "orphan.md"),
    ],
)
def test_a_page_that_is_lost_fails_the_build(tmp_path: Path, where: str, text: str, said: str) -> None:
    shutil.copy(ROOT / "mkdocs.yml", tmp_path)
    shutil.copytree(ROOT / "docs", tmp_path / "docs")
    with (tmp_path / "docs" / where).open("a", encoding="utf-8") as page:
        page.write(f"\n{text}\n")
    done = build(tmp_path, tmp_path / "site")
    assert done.returncode != 0
    assert said in done.stderr
