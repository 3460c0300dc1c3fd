"""4,000 hostile texts in every view and in the reports, looked at by a real browser."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from dashboards.console.wording import incident_address
from dashboards.views.books import Shelf
from tests.browser.directories import hostile_settings
from tests.browser.hostile import COUNT, mark_of
from tests.browser.markup import leaking_text, marks_shown, strange_markup
from tests.browser.serving import Served, a_page
from tests.browser.tab import DESK, PHONE, Tab, a_tab

EVERY = {mark_of(number) for number in range(COUNT)}


@pytest.fixture(scope="module")
def served(hostile: Path) -> Iterator[Served]:
    with a_page(hostile, hostile_settings()) as page:
        yield page


@pytest.fixture(scope="module")
def incident_ids(hostile: Path) -> list[str]:
    shelf = Shelf(hostile)
    with shelf.open() as books, books.incidents.read() as view:
        found = view.incident_ids()
    shelf.close()
    return found


@pytest.fixture(scope="module", params=[PHONE, DESK], ids=["phone", "desk"])
def tab(request: pytest.FixtureRequest, browser: Browser, served: Served) -> Iterator[Tab]:
    with a_tab(browser, served.url, request.param) as opened:
        yield opened


def harmless(tab: Tab, path: str) -> set[str]:
    """Open a view and hold it against all that must not happen; the marks it shows."""
    page = tab.go(path)
    page.wait_for_timeout(50)  # what would run by itself has run
    return harmless_here(tab, path)


def harmless_here(tab: Tab, path: str) -> set[str]:
    assert not strange_markup(tab.page), path
    assert not tab.overflow(), path
    assert not leaking_text(tab.page), path
    tab.must_be_clean()
    return marks_shown(tab.page)


def test_every_incident_shows_its_texts_as_texts(tab: Tab, incident_ids: list[str]) -> None:
    seen: set[str] = set()
    for incident_id in incident_ids:
        seen |= harmless(tab, incident_address(incident_id))
    assert not EVERY - seen  # each of the 4,000 was a note of some incident


@pytest.mark.parametrize("path", ["/", "/incidents", "/health"])
def test_lists_of_hostile_names(tab: Tab, path: str) -> None:
    harmless(tab, path)
