"""A crisis as the person on call lives it on the page: it comes, is dealt with, and is over."""

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from alerts.incident import (
    Acknowledged,
    Assigned,
    Audience,
    Noted,
    Opened,
    Resolved,
    State,
    Updated,
    Verdict,
)
from alerts.store import open_store
from detectors.severity import Severity
from tests.browser.live import BRAND, CRISIS_AT, MINUTE, Live, crisis
from tests.browser.tab import PHONE, Tab, a_tab


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    running = Live(tmp_path_factory.mktemp("live"))
    running.start()
    try:
        yield running
    finally:
        running.stop()


@pytest.fixture
def tab(browser: Browser, live: Live) -> Iterator[Tab]:
    with a_tab(browser, live.url, PHONE) as opened:
        yield opened


def test_a_crisis_from_its_first_sign_to_its_end(tab: Tab, live: Live) -> None:
    said = crisis()
    live.feed(itertools.takewhile(lambda each: each.event_time < CRISIS_AT, said))
    page = tab.go("/")
    expect(page.locator("#situation")).to_contain_text(BRAND)
    row = page.locator("#situation tr.is-critical, #situation tr.is-warning")
    expect(row).to_have_count(0)
    page.evaluate("window.__kept = true")

    live.feed(itertools.takewhile(lambda e: e.event_time < CRISIS_AT + 90 * MINUTE, said))
    expect(row).to_contain_text(BRAND, timeout=20_000)  # it came by itself
    assert page.evaluate("window.__kept")

    row.locator("a[href^='/incidents/']").click()
    page.wait_for_url("**/incidents/*")
    incident_id = page.evaluate("decodeURIComponent(location.pathname.split('/incidents/')[1])")
    page.locator("#acknowledge input[name=by]").fill("Ann")
    page.get_by_role("button", name="Acknowledge").click()
    expect(page.locator(".notice-well")).to_be_visible()

    _an_empty_update_is_refused(tab)
    _updates_a_note_and_an_owner(page)
    page.locator("#resolve > summary").click()
    page.locator("#resolve").get_by_label("a real crisis").check()
    page.locator("#resolve").get_by_role("button").click()
    expect(page.locator("#incident-head")).to_contain_text("esolved")
    tab.must_be_clean()
    _the_ledger_agrees(live.data, incident_id)


def _an_empty_update_is_refused(tab: Tab) -> None:
    tab.refusals = True
    update = tab.page.locator("#update")
    update.locator("textarea").fill("   ")
    update.locator("input[name=by]").fill("Ann")
    update.get_by_role("button").click()
    problem = tab.page.locator("#update-text-problem")
    expect(problem).to_contain_text("empty")
    typed = tab.page.locator("#update-text")
    assert "update-text-problem" in (typed.get_attribute("aria-describedby") or "")
    field, message = typed.bounding_box(), problem.bounding_box()
    assert field is not None
    assert message is not None
    assert 0 <= message["y"] - (field["y"] + field["height"]) < 40  # right below its field
    assert not tab.axe()
    assert not tab.overflow()
    tab.refusals = False


def _updates_a_note_and_an_owner(page: Page) -> None:
    update = page.locator("#update")
    update.locator("textarea").fill("Cause found: the booking system. Next word in half an hour.")
    update.get_by_label("30 min").check()
    update.get_by_role("button", name="Record the update").click()
    expect(page.locator("main")).to_contain_text("Cause found")
    update.get_by_role("radio", name="Public").check()
    update.locator("textarea").fill("We know of the trouble and are working on it.")
    update.locator("input[name=link]").fill("https://status.example/1")
    update.get_by_role("button", name="Record the update").click()
    expect(page.locator("main")).to_contain_text("We know of the trouble")
    page.locator("#note > summary").click()
    page.locator("#note textarea").fill("the supplier called")
    page.get_by_role("button", name="Keep the note").click()
    expect(page.locator("main")).to_contain_text("the supplier called")
    page.locator("#assign > summary").click()
    page.locator("#assign input[name=to]").fill("Bob")
    page.get_by_role("button", name="Give it").click()
    expect(page.locator("#incident-head")).to_contain_text("Bob")


def _the_ledger_agrees(data: Path, incident_id: str) -> None:
    store = open_store(f"sqlite:///{data / 'incidents.db'}")
    with store.read() as view:
        incident = view.incident(incident_id)
        events = view.events(incident_id)
        said = view.notifications(incident_id=incident_id, limit=1_000)
    store.close()
    assert incident is not None
    assert (incident.brand, incident.state, incident.verdict, incident.owner) == (
        BRAND, State.RESOLVED, Verdict.REAL, "Bob",
    )  # fmt: skip
    assert incident.severity is not Severity.INFO
    done = [each for each in events if getattr(each, "by", "")]
    assert [type(each) for each in done] == [
        Acknowledged, Updated, Updated, Noted, Assigned, Resolved,
    ]  # fmt: skip
    assert {each.by for each in done} == {"Ann"}
    assert isinstance(events[0], Opened)
    first, second = (each for each in done if isinstance(each, Updated))
    assert (first.audience, second.audience) == (Audience.INTERNAL, Audience.PUBLIC)
    assert first.promised == first.at + 30 * MINUTE
    assert second.link == "https://status.example/1"
    assert [row for row in said if row.notification.reason.is_page]


def test_the_service_is_restarted_under_an_open_page(tab: Tab, live: Live) -> None:
    page = tab.go("/incidents")
    tab.server_away = True
    live.stop()
    expect(page.locator("#stale")).to_be_visible(timeout=10_000)
    live.start()
    expect(page.locator("#stale")).to_be_hidden(timeout=30_000)
    tab.must_be_clean()
