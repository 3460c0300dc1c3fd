"""What page.js promises to every view, on a page as small as can be."""

import itertools
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jinja2
import pytest
from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse
from playwright.sync_api import Browser, expect

from dashboards.console.app import build_page
from dashboards.console.page import page_of
from pipeline.clock import SystemClock
from pipeline.presenting import PageParts
from pipeline.services.server import HttpServer
from tests.browser.directories import fill_busy, settings_of
from tests.browser.tab import Tab, a_tab

SMALL = """
{% extends "fragment.html" if fragment else "page.html" %}
{% block refresh %} hx-get="{{ address }}" hx-swap="innerMorph"
 hx-trigger="changed:buckets from:body, changed:mentions from:body"
{% endblock %}
{% block main %}
<h1>Small</h1>
<p id="count">{{ count }}</p>
<time id="when" datetime="2026-03-01T10:30:00Z">10:30 UTC</time>
<details id="more"><summary>More</summary><p>{{ count }} more</p></details>
<form id="note" method="post"><label>By <input name="by"></label>
<label>Text <textarea name="text">{{ count }}</textarea></label></form>
<table><tbody>{% for n in range(3) %}<tr data-row><td><a href="/row/{{ n }}">{{ n }}</a></td></tr>
{% endfor %}</tbody></table>
<label>Find <input type="search" id="q"></label>
{% endblock %}
"""


class Small:
    """The small page's server; `asked` counts how often it was asked for."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.asked = 0
        router = APIRouter()
        counter = itertools.count(1)

        @router.get("/small")
        def small(request: Request) -> HTMLResponse:
            self.asked += 1
            return page_of(request).render(request, "small.html", count=next(counter))

        app = build_page(PageParts(directory, settings_of(), SystemClock()), [router])
        page = app.state.page
        loaders: Any = [page._templates.loader, jinja2.DictLoader({"small.html": SMALL})]
        page._templates.loader = jinja2.ChoiceLoader(loaders)
        self.server = HttpServer(app, "127.0.0.1", 0)
        self.server.start()

    def change(self) -> None:
        """Move the table of buckets on, as a consumer does."""
        database = sqlite3.connect(self.directory / "mentions.db", timeout=10)
        with database:
            database.execute("UPDATE feeds SET offset = offset + 1")
        database.close()


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Small]:
    directory = tmp_path_factory.mktemp("small")
    fill_busy(directory, brands=2, hours=2)
    found = Small(directory)
    yield found
    found.server.stop(1.0)


@pytest.fixture
def tab(browser: Browser, small: Small) -> Iterator[Tab]:
    with a_tab(browser, small.server.url) as opened:
        opened.go("/small")
        opened.page.locator("#as-of time").wait_for()
        yield opened


def test_a_change_refreshes_once_and_takes_nothing_away(tab: Tab, small: Small) -> None:
    page = tab.page
    expect(page.locator("#when")).to_have_text("Sun 01 Mar, 11:30")  # Amsterdam
    page.locator("#more summary").click()
    page.get_by_label("Text").fill("half a sentence")
    page.get_by_label("By").fill("ann")
    page.evaluate("window.__small = document.querySelector('#count')")
    before, shown = small.asked, page.locator("#count").inner_text()
    small.change()
    expect(page.locator("#count")).not_to_have_text(shown)
    page.wait_for_timeout(600)
    assert small.asked == before + 1  # buckets and mentions moved: asked for once
    assert page.evaluate("window.__small === document.querySelector('#count')")  # morphed
    expect(page.locator("#more p")).to_be_visible()
    expect(page.get_by_label("Text")).to_have_value("half a sentence")
    expect(page.get_by_label("By")).to_have_value("ann")
    expect(page.locator("#when")).to_have_text("Sun 01 Mar, 11:30")
    assert page.locator("#when").get_attribute("title") == "2026-03-01 10:30:00 UTC"
    tab.must_be_clean()
    page.reload()
    expect(page.get_by_label("By")).to_have_value("ann")  # remembered


def test_a_hidden_tab_asks_for_nothing_and_catches_up_on_return(tab: Tab, small: Small) -> None:
    page = tab.page
    hide = """(hidden) => {
      Object.defineProperty(document, "hidden", {configurable: true, get: () => hidden});
      document.dispatchEvent(new Event("visibilitychange"));
    }"""
    page.evaluate(hide, arg=True)
    before, shown = small.asked, page.locator("#count").inner_text()
    small.change()
    page.wait_for_timeout(1_200)
    assert small.asked == before
    page.evaluate(hide, arg=False)
    expect(page.locator("#count")).not_to_have_text(shown)
    assert small.asked == before + 1
    tab.must_be_clean()


def test_keys_lead_through_the_page(tab: Tab) -> None:
    page = tab.page
    focused = "document.activeElement.textContent || document.activeElement.id"
    seen = []
    for key in "jjkjjj/":
        page.keyboard.press(key)
        seen.append(page.evaluate(focused))
    assert seen == ["0", "1", "0", "1", "2", "2", "q"]
    page.keyboard.type("?g")
    expect(page.locator("#q")).to_have_value("?g")  # what is typed is no command
    page.locator("#count").click()
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("?")
    expect(page.locator("#shortcuts")).to_be_visible()
    assert not tab.axe()
    page.keyboard.press("Escape")
    expect(page.locator("#shortcuts")).to_be_hidden()
    tab.must_be_clean()
    page.keyboard.press("g")
    page.keyboard.press("i")
    page.wait_for_url("**/incidents")


def test_a_session_that_ended_leads_to_signing_in_and_back(browser: Browser, small: Small) -> None:
    settings = settings_of(page={"token": "a-token-of-some-length"})
    app = build_page(PageParts(small.directory, settings, SystemClock()))
    server = HttpServer(app, "127.0.0.1", 0)
    server.start()
    try:
        with a_tab(browser, server.url) as tab:
            page = tab.page
            page.goto(f"{server.url}/incidents?open=1")
            page.get_by_label("Token").fill("wrong")
            tab.server_away = True  # a 401 is written in the console, too
            page.keyboard.press("Enter")
            expect(page.get_by_role("alert")).to_contain_text("not the token")
            assert not tab.axe()
            page.get_by_label("Token").fill("a-token-of-some-length")
            page.keyboard.press("Enter")
            page.wait_for_url("**/incidents?open=1")
            page.locator("#as-of time").wait_for()
            page.context.clear_cookies()
            app.state.watcher.close_streams()  # as a restart would
            page.wait_for_url("**/login?next=%2Fincidents%3Fopen%3D1", timeout=20_000)
            tab.must_be_clean()
    finally:
        server.stop(1.0)
