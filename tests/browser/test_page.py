"""The live page in a real browser: every view, every size, light and dark, keyboard alone."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route, ViewportSize, expect

from alerts.incident import State
from alerts.store import open_store
from dashboards.console.wording import brand_address, incident_address
from tests.browser.directories import settings_of
from tests.browser.markup import strange_markup
from tests.browser.serving import Served, a_page
from tests.browser.tab import DESK, PHONE, WALL, Tab, a_tab

LIGHT_ENOUGH = 150_000
"""Bytes of a first visit, compressed, as they come over the wire."""
LOOKS = [(PHONE, "light"), (PHONE, "dark"), (DESK, "light"), (WALL, "dark")]


@pytest.fixture(scope="module")
def directory(busy: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A day of 300 brands of which some are in trouble; ours to write in."""
    return Path(shutil.copytree(busy, tmp_path_factory.mktemp("page") / "data"))


@pytest.fixture(scope="module")
def served(directory: Path) -> Iterator[Served]:
    with a_page(directory, settings_of()) as page:
        yield page


@pytest.fixture(scope="module")
def in_trouble(directory: Path) -> tuple[str, str]:
    """A brand with an open incident, and the incident's id."""
    store = open_store(f"sqlite:///{directory / 'incidents.db'}")
    with store.read() as view:
        incident = view.incidents(only_open=True)[0]
    store.close()
    return incident.brand, incident.id


@pytest.fixture(scope="module")
def views(in_trouble: tuple[str, str]) -> dict[str, str]:
    brand, incident_id = in_trouble
    return {
        "situation": "/",
        "brand": brand_address(brand),
        "a week of a brand": f"{brand_address(brand)}?range=7d",
        "incidents": "/incidents",
        "incident": incident_address(incident_id),
        "opening one by hand": "/incidents/new",
        "health": "/health",
    }


@pytest.fixture(scope="module", params=LOOKS, ids=lambda look: f"{look[0]['width']}-{look[1]}")
def looking(request: pytest.FixtureRequest, browser: Browser, served: Served) -> Iterator[Tab]:
    viewport, scheme = request.param
    with a_tab(browser, served.url, viewport, scheme=scheme) as tab:
        yield tab


@pytest.fixture
def tab(browser: Browser, served: Served) -> Iterator[Tab]:
    with a_tab(browser, served.url) as opened:
        yield opened


@pytest.mark.parametrize(
    "name",
    ["situation", "brand", "a week of a brand", "incidents", "incident",
     "opening one by hand", "health"],
)  # fmt: skip
def test_every_view_fits_and_is_accessible(looking: Tab, views: dict[str, str], name: str) -> None:
    page = looking.go(views[name])
    page.wait_for_timeout(200)
    assert not looking.overflow(), "closed"
    page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
    page.wait_for_timeout(200)
    assert not looking.overflow(), "with everything opened"
    assert not strange_markup(page)
    assert not looking.axe()
    looking.must_be_clean()


def test_a_first_visit_is_light(browser: Browser, served: Served, views: dict[str, str]) -> None:
    for name, path in views.items():
        with a_tab(browser, served.url) as tab:
            received: list[int] = []

            def finished(event: dict[str, Any], into: list[int] = received) -> None:
                into.append(event["encodedDataLength"])

            session = tab.page.context.new_cdp_session(tab.page)
            session.send("Network.enable")
            session.on("Network.loadingFinished", finished)
            tab.go(path)
            tab.page.wait_for_timeout(500)
            assert sum(received) < LIGHT_ENOUGH, f"{name}: {received}"
            tab.must_be_clean()


def test_charts_are_drawn_and_have_text_and_numbers_beside(tab: Tab, views: dict[str, str]) -> None:
    page = tab.go(views["brand"])
    expect(page.locator(".uplot canvas").first).to_be_visible()
    drawn = page.evaluate(
        "[...document.querySelectorAll('.uplot canvas')].filter((canvas) => canvas.getContext('2d')"
        ".getImageData(0, 0, canvas.width, canvas.height).data.some((value) => value))"
        ".length"
    )
    assert drawn >= 2
    for figure in page.locator("figure.chart:visible").all():
        assert len(figure.locator("p").first.inner_text()) > 20  # says what the chart shows
    page.get_by_text("The numbers of the charts").click()
    rows = page.locator("#numbers table tbody tr")
    expect(rows.nth(10)).to_be_visible()
    assert page.locator("#numbers table th[scope=col]").count() >= 3
    tab.must_be_clean()


def test_times_are_those_of_the_viewers_zone(tab: Tab) -> None:
    page = tab.go("/")
    element = page.locator(".situation time[datetime]").first
    utc = element.get_attribute("datetime") or ""
    hours, minutes = int(utc[11:13]), utc[14:16]
    expect(element).to_contain_text(f"{(hours + 1) % 24:02}:{minutes}")  # Amsterdam, in March


def test_a_brand_is_found_by_typing(tab: Tab, in_trouble: tuple[str, str]) -> None:
    page = tab.go("/")
    expect(page.locator("#situation > tbody > tr:visible")).to_have_count(300)
    page.get_by_label("Find a brand").fill(in_trouble[0][:6])
    expect(page.locator("#situation > tbody > tr:visible").first).to_contain_text(in_trouble[0])
    expect(page.locator("#situation > tbody > tr:visible")).not_to_have_count(300)
    expect(page).to_have_url(re.compile(r"q="))
    tab.must_be_clean()


def focus(page: Page, selector: str, most: int = 80) -> None:
    """Press Tab until what has the focus is meant; each stop must show that it has it."""
    for _ in range(most):
        page.keyboard.press("Tab")
        seen = page.evaluate(
            """(selector) => {
              const element = document.activeElement;
              const style = getComputedStyle(element);
              return [element.matches(selector), element === document.body
                || style.outlineStyle !== "none" || style.boxShadow !== "none"
                || element.matches("input, select, textarea"), element.outerHTML.slice(0, 120)];
            }""",
            selector,
        )
        assert seen[1], f"nothing shows that this has the focus: {seen[2]}"
        if seen[0]:
            return
    pytest.fail(f"{selector} was not reached in {most} stops")


def test_keyboard_alone_reaches_a_brand_its_incident_and_acknowledges(
    tab: Tab, directory: Path
) -> None:
    page = tab.go("/")
    focus(page, "#situation a[href^='/brands/']")
    page.keyboard.press("Enter")
    page.wait_for_url("**/brands/*")
    focus(page, "main a[href^='/incidents/']:not([href^='/incidents/new'])")
    page.keyboard.press("Enter")
    page.wait_for_url("**/incidents/*")
    incident_id = page.evaluate("decodeURIComponent(location.pathname.split('/incidents/')[1])")
    focus(page, "#acknowledge input[name=by]")
    page.keyboard.type("ann")
    focus(page, "#acknowledge button")
    page.keyboard.press("Enter")
    expect(page.locator(".notice-well")).to_be_visible()
    tab.must_be_clean()
    store = open_store(f"sqlite:///{directory / 'incidents.db'}")
    with store.read() as view:
        incident = view.incident(incident_id)
    store.close()
    assert incident is not None
    assert (incident.state, incident.acknowledged_by) == (State.ACKNOWLEDGED, "ann")


def test_a_view_that_fails_is_said_to_be_stale_until_it_is_shown_anew(tab: Tab) -> None:
    page = tab.go("/")
    page.locator("#as-of time").wait_for()
    expect(page.locator("#stale")).to_be_hidden()
    tab.server_away = True  # a failure is written to the console

    def failing(route: Route) -> None:
        if route.request.headers.get("hx-request"):
            route.fulfill(status=500, body="broken")
        else:
            route.continue_()

    change = "htmx.trigger(document.body, 'changed:buckets', {})"
    page.route(re.compile(r"/(\?.*)?$"), failing)
    page.evaluate(change)
    expect(page.locator("#stale")).to_contain_text("answered 500", timeout=10_000)
    expect(page.locator("main h1")).to_be_visible()
    page.unroute_all()
    page.wait_for_timeout(1_500)  # the banner stays although the server is heard
    expect(page.locator("#stale")).to_be_visible()
    page.evaluate(change)
    expect(page.locator("#stale")).to_be_hidden(timeout=10_000)
    tab.must_be_clean()


def test_a_stopped_server_is_said_and_a_started_one_is_found_again(
    tab: Tab, served: Served
) -> None:
    page = tab.go("/")
    page.evaluate("window.__kept = true")
    expect(page.locator("#stale")).to_be_hidden()
    page.locator("#as-of time").wait_for()  # a text to evaluate would break the policy
    tab.server_away = True
    served.stop()
    expect(page.locator("#stale")).to_be_visible(timeout=10_000)
    expect(page.locator("#stale")).to_contain_text(re.compile("stale since", re.IGNORECASE))
    assert not tab.axe()
    served.start()
    expect(page.locator("#stale")).to_be_hidden(timeout=20_000)
    assert page.evaluate("window.__kept")  # without a reload
    tab.must_be_clean()


def test_without_scripts_everything_is_still_there(
    browser: Browser, served: Served, views: dict[str, str]
) -> None:
    context = browser.new_context(java_script_enabled=False, viewport=ViewportSize(**PHONE))
    page = context.new_page()
    for name, path in views.items():
        page.goto(served.url + path)
        expect(page.locator("main h1").first, name).to_be_attached()
    page.goto(served.url + views["brand"])
    page.get_by_text("What is said, by whom and where").click()
    expect(page.locator("main")).to_contain_text("Channels")
    page.goto(served.url + views["incident"])
    page.locator("#note summary").click()
    page.locator("#note textarea").fill("written without a script")
    page.locator("#note input[name=by]").fill("bob")
    page.get_by_role("button", name="Keep the note").click()
    expect(page.locator("main")).to_contain_text("written without a script")
    context.close()
