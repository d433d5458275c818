"""The HTML report in a headless Chromium: it is drawn, reacts to mouse and keyboard, and reports no errors."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fastjsonschema
import pytest
from browser import Browser, browsing
from test_plugin import judged, subject
from test_report_page import HOSTILE, SCHEMA, fleet, report, verdict

from rknn_validation.checks.model import Evidence, Status
from rknn_validation.common.deadline import Deadline
from rknn_validation.report.collect import Collection

pytestmark = pytest.mark.integration

SHOWN = HOSTILE.replace("\udcff", "?")
VERDICTS = (
    verdict("udev.rule", Status.FAIL, reason=HOSTILE, evidence=(Evidence("udevadm", HOSTILE),), scenario="first"),
    verdict("udev.rule", Status.PASS, scenario="second", started=1.8e9, seconds=2.0),
    verdict("udev.mode", Status.INCONCLUSIVE, scenario="second", started=1.8e9 + 2, attachments={"log": "Booting"}),
    verdict("udev.name", Status.SKIP, scenario="second"),
    verdict("device.opens", Status.FAIL, tier="vm", board="orangepi-5-plus"),
)
CAUSE = {
    "cause": f"cause {HOSTILE}",
    "fix": "a fix",
    "certainty": "certain",
    "tier": "unit",
    "source": "owner/repo#1",
    "explains": ["udev.rule"],
    "evidence": [{"source": "dmesg", "output": HOSTILE}],
}
DIAGNOSES = [{**CAUSE, "where": "first"}, {**CAUSE, "where": "second"}, {**CAUSE, "cause": "another", "where": "third"}]

# Texts whose contrast with their background is below the 4.5 that WCAG 2 requires.
WEAK = r"""(() => {
  const rgb = (text) => text.match(/[\d.]+/g).map(Number);
  const linear = (v) => (v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4);
  const light = (text) => {
    const [r, g, b] = rgb(text).map((v) => linear(v / 255));
    return .2126 * r + .7152 * g + .0722 * b;
  };
  const ground = (one) => {
    const color = getComputedStyle(one).backgroundColor;
    return rgb(color)[3] !== 0 ? color : one.parentElement ? ground(one.parentElement) : "rgb(255, 255, 255)";
  };
  const contrast = (one) => {
    const pair = [light(getComputedStyle(one).color), light(ground(one))];
    return (Math.max(...pair) + .05) / (Math.min(...pair) + .05);
  };
  const own = (one) => [...one.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
  return [...document.querySelectorAll("body *")]
    .filter((one) => own(one) && one.checkVisibility() && !one.matches("script, noscript, .none"))
    .map((one) => [one.className || one.tagName, contrast(one)]).filter(([, ratio]) => ratio < 4.5);
})()"""


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with browsing(tmp_path_factory.mktemp("profile"), Deadline.after(150, "the browser")) as opened:
        yield opened


@pytest.fixture
def browser(chromium: Browser) -> Iterator[Browser]:
    """A desktop window. The page must neither report an error nor request anything, whatever a test does."""
    chromium.errors.clear()
    chromium.requests.clear()
    chromium.size(1280, 900)
    chromium.scheme("light")
    yield chromium
    assert chromium.errors == []
    assert {url.partition("#")[0].rsplit("/", 1)[-1] for url in chromium.requests} == {"index.html"}


@dataclasses.dataclass(frozen=True)
class FakeDiagnosis:
    """A diagnosis as reports see it."""

    data: dict[str, Any]

    def to_json(self) -> dict[str, Any]:
        return self.data


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(Collection, "diagnoses", lambda self: tuple(map(FakeDiagnosis, DIAGNOSES)))
    earlier = [dataclasses.replace(one, status=Status.PASS) for one in VERDICTS]
    report(tmp_path, *earlier)
    return report(tmp_path, *VERDICTS)


def count(browser: Browser, selector: str) -> Any:
    return browser.js(f"document.querySelectorAll({json.dumps(selector)}).length")


def content(browser: Browser, selector: str) -> Any:
    return browser.js(f"document.querySelector({json.dumps(selector)})?.innerText")


def style(browser: Browser, selector: str, name: str) -> Any:
    return browser.js(f"getComputedStyle(document.querySelector({json.dumps(selector)})).{name}")


def test_every_verdict_has_a_cell_and_every_status_a_mark(browser: Browser, page: Path) -> None:
    browser.open(page)
    assert count(browser, "table") == 2
    assert count(browser, ".cell") == len(VERDICTS)
    marks = {status: content(browser, f".cell.{status}") for status in ("pass", "fail", "skip", "inconclusive")}
    assert len(set(marks.values())) == 4
    assert count(browser, "th[scope=col]") == 5
    assert count(browser, "th[scope=row]") == 6
    assert browser.js("document.querySelector('.cell.inconclusive').ariaLabel") == (
        "inconclusive, broke: udev.mode on second"
    )
    # As visible as a failure: a background of its own.
    assert style(browser, ".cell.inconclusive", "backgroundColor") != style(browser, ".cell.pass", "backgroundColor")


def test_a_click_opens_the_evidence_as_text(browser: Browser, page: Path) -> None:
    browser.open(page)
    browser.click(".cell.fail")
    assert browser.js("document.querySelector('#detail pre').textContent") == SHOWN
    assert browser.js("document.querySelector('#detail .reason').textContent") == SHOWN
    assert "was pass" in content(browser, "#detail .before")
    assert "cause </script>" in content(browser, "#detail .cause")
    assert browser.js("window.broken ?? null") is None
    assert count(browser, "img") == 0
    browser.click("#detail .close")
    assert browser.js("document.querySelector('#detail').hidden")


def test_the_keyboard_reaches_and_opens_every_cell(browser: Browser, page: Path) -> None:
    browser.open(page)
    assert count(browser, '#matrix table button[tabindex="0"]') == 2
    browser.js("document.querySelector('#matrix button[tabindex=\"0\"]').focus()")
    browser.key("ArrowRight")
    browser.key("ArrowDown")
    assert browser.js("document.activeElement.ariaLabel") == "inconclusive, broke: udev.mode on second"
    browser.key("Enter", "\r")
    assert browser.js("document.activeElement.id") == "detail-title"
    assert "udev.mode" in content(browser, "#detail-title")
    assert content(browser, "#detail .attachment summary") == "log"
    browser.key("Escape")
    assert browser.js("document.activeElement.ariaLabel") == "inconclusive, broke: udev.mode on second"


def test_status_and_words_filter(browser: Browser, page: Path) -> None:
    browser.open(page)
    browser.click('[data-filter="inconclusive"]')
    assert content(browser, "#shown") == f"1 of {len(VERDICTS)}"
    assert count(browser, ".cell:not(.dim)") == 1
    assert count(browser, ".finding") == 1
    browser.click('[data-filter="inconclusive"]')
    browser.js("document.querySelector('#words').focus()")
    browser.call("Input.insertText", text="UDEVADM first")
    browser.js("new Promise((done) => setTimeout(done, 200))")
    assert content(browser, "#shown") == f"1 of {len(VERDICTS)}"
    assert content(browser, ".finding code") == "udev.rule"


def test_changes_and_causes_are_shown(browser: Browser, page: Path) -> None:
    browser.open(page)
    assert content(browser, "#changes .broke summary") == "3 broke"
    assert content(browser, "#changes .changed summary") == "1 changed otherwise"
    assert count(browser, ".diagnosis") == 2
    assert "first, second" in content(browser, ".diagnosis")
    assert "a fix" in content(browser, ".diagnosis")
    assert "explains 1 verdict" in content(browser, ".diagnosis")
    browser.click("#changes .broke button.link")
    assert "udev.rule" in content(browser, "#detail-title")


def test_the_address_leads_to_the_open_verdict(browser: Browser, page: Path) -> None:
    browser.open(page)
    browser.click(".cell.inconclusive")
    address = browser.js("location.href")
    browser.open(page)
    assert browser.js("document.querySelector('#detail').hidden")
    browser.js(f"location.href = {json.dumps(address)}; new Promise((done) => setTimeout(done, 50))")
    assert "udev.mode" in content(browser, "#detail-title")


def test_light_dark_and_print(browser: Browser, page: Path) -> None:
    grounds = {}
    for scheme in ("light", "dark"):
        browser.scheme(scheme)
        browser.open(page)
        grounds[scheme] = style(browser, "body", "backgroundColor")
    assert grounds["light"] != grounds["dark"]
    browser.click("#theme")
    assert (content(browser, "#theme"), style(browser, "body", "backgroundColor")) == ("theme: light", grounds["light"])
    browser.click("#theme")
    assert style(browser, "body", "backgroundColor") == grounds["dark"]
    browser.click("#theme")
    printed = browser.call("Page.printToPDF", printBackground=True)
    assert len(printed["data"]) > 5000
    assert style(browser, "body", "backgroundColor") == grounds["dark"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_has_contrast(browser: Browser, page: Path, scheme: str) -> None:
    browser.scheme(scheme)
    browser.open(page)
    browser.click(".cell.fail")
    assert browser.js(WEAK) == []


def test_a_phone_shows_all_without_sideways_scrolling(browser: Browser, page: Path) -> None:
    browser.size(390, 844)
    browser.open(page)
    assert browser.js("document.documentElement.scrollWidth") <= 390
    browser.click(".cell.inconclusive")
    assert browser.js("document.querySelector('#detail').getBoundingClientRect().width") <= 390


def test_a_fleet_of_100_nodes_is_drawn_in_time(browser: Browser, tmp_path: Path) -> None:
    browser.open(report(tmp_path, *fleet(100, 60)))
    assert count(browser, "th.column") == 100
    assert count(browser, ".cell") == 6000
    assert browser.js("(() => { const began = performance.now(); draw(); return performance.now() - began; })()") < 5000
    assert browser.js("document.querySelector('#timeline details').open = true") is True
    browser.js("new Promise((done) => setTimeout(done, 50))")
    assert count(browser, ".lane:not(.axis)") == 100


def test_a_real_run_is_compared_and_shown(browser: Browser, tmp_path: Path) -> None:
    """Two runs of a subject, as its users start them."""
    subject(tmp_path)
    first = judged(tmp_path, "-k", "off-evaluation")
    assert first.returncode == 0, first.stdout
    assert "since " not in first.stdout
    (tmp_path / "module.nix").write_text("{ lib, ... }: { options = [ ;\n")
    second = judged(tmp_path, "-k", "off-evaluation")
    assert second.returncode == 1, second.stdout
    assert " broke: " in second.stdout
    results = json.loads((tmp_path / "report" / "results.json").read_text())
    fastjsonschema.validate(SCHEMA, results)
    browser.open(tmp_path / "report" / "index.html")
    assert count(browser, ".cell") == len(results["verdicts"])
    assert "broke" in content(browser, "#changes")
