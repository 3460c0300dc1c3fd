"""The demonstration from its first screen to its last, in a real browser, as a visitor has it."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.markup import strange_markup
from tests.browser.tab import DESK, PHONE, Tab, a_tab

SECONDS = "30"
SOON = 60_000
"""Milliseconds for what takes some minutes of the story."""


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """`crisis-monitor demo` as one types it; where its page is."""
    place = tmp_path_factory.mktemp("demo")
    told = place / "told"
    command = [sys.executable, "-m", "pipeline", "demo", "--port", "0", "--no-open"]
    with told.open("wb") as stream:
        process = subprocess.Popen(
            [*command, "--seconds", SECONDS],
            stdout=stream,
            stderr=stream,
            env=os.environ | {"TMPDIR": str(place)},
        )
    try:
        yield _address(told, process)
        process.send_signal(signal.SIGINT)
        process.wait(30)
        assert sorted(path.name for path in place.iterdir()) == ["told"]  # it removed all of it
        assert "Traceback" not in told.read_text("utf-8")
    finally:
        process.kill()
        process.wait()


def _address(told: Path, process: "subprocess.Popen[bytes]") -> str:
    for _ in range(1_200):
        found = re.search(r"http://127\.0\.0\.1:\d+", told.read_text("utf-8"))
        if found:
            return found[0]
        assert process.poll() is None, told.read_text("utf-8")
        time.sleep(0.05)
    pytest.fail(told.read_text("utf-8"))


@pytest.fixture(scope="module")
def tab(browser: Browser, demo: str) -> Iterator[Tab]:
    with a_tab(browser, demo, DESK) as opened:
        yield opened


def test_it_opens_on_a_week_already_drawn(tab: Tab) -> None:
    page = tab.go("/")
    expect(page.locator("#situation > tbody > tr")).to_have_count(4)
    assert len(page.locator("svg.spark path").nth(1).get_attribute("d") or "") > 100
    page.locator("#demo-pause").click()
    expect(page.locator("#demo-now")).to_contain_text("paused")
    _is_well_made(tab)


def test_a_mention_typed_is_explained(tab: Tab) -> None:
    page = tab.page
    page.locator("#demo-text").fill("@veloria_air <img src=x onerror=window.__pwned=1> awful mess")
    page.get_by_role("button", name="Look", exact=True).click()
    tried = page.locator("#demo-tried")
    expect(tried).to_contain_text("Veloria Air")
    expect(tried).to_contain_text("negative")
    expect(tried).to_contain_text("awful")
    page.locator("#demo-text").fill("   ")
    page.get_by_role("button", name="Look", exact=True).click()
    expect(tried.locator(".field-error")).to_be_visible()
    _is_well_made(tab)


def test_the_first_crisis_rings_and_is_answered(tab: Tab) -> None:
    page = tab.page
    page.locator("#demo-ann").click()  # nobody answers but the visitor
    expect(page.locator("#demo-ann")).to_have_attribute("aria-pressed", "false")
    page.locator("#demo-pause").click()
    page.locator("#demo-skip").click()
    answer = page.get_by_role("link", name="Open and acknowledge")
    expect(answer).to_be_visible(timeout=SOON)
    _is_well_made(tab)
    answer.click()
    page.wait_for_url("**/incidents/*")
    page.locator("#acknowledge input[name=by]").fill("Visitor")
    page.get_by_role("button", name="Acknowledge").click()
    expect(page.locator("#incident-head")).to_contain_text("Visitor")
    tab.must_be_clean()


def test_every_button_has_a_result_or_a_reason(tab: Tab) -> None:
    page = tab.go("/")
    page.locator("#demo-ann").click()
    page.get_by_role("button", name="by 3 accounts").click()
    page.get_by_role("button", name="Silence it").click()
    page.get_by_role("button", name="Kill the engine and restart it").click()
    trials = page.locator("#demo-trials li")
    expect(trials).to_have_count(3)
    for number in range(3):
        expect(trials.nth(number)).not_to_contain_text("Under way.", timeout=SOON)
    expect(page.locator("#demo-now")).not_to_contain_text("killed", timeout=SOON)
    tab.must_be_clean()


def test_on_a_phone(browser: Browser, demo: str) -> None:
    with a_tab(browser, demo, PHONE, scheme="dark") as tab:
        tab.go("/")
        _is_well_made(tab)


def test_it_ends_with_what_it_came_to(tab: Tab) -> None:
    page = tab.go("/")
    page.locator("#demo-controls .choices button").last.click()
    expect(page.locator("#demo-end")).to_be_visible(timeout=3 * SOON)
    expect(page.locator("#demo-end .lede")).to_have_text(
        re.compile(r"[\d,]+ mentions.* paged .*updates? ", re.DOTALL)
    )
    _is_well_made(tab)


def _is_well_made(tab: Tab) -> None:
    page: Page = tab.page
    assert not tab.overflow()
    assert not strange_markup(page)
    assert not tab.axe()
    tab.must_be_clean()
