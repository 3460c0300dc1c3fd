"""4,000 hostile texts in every view and in the reports, looked at by a real browser."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Browser, ViewportSize

from alerts.plain import unpiled
from alerts.times import rfc3339
from dashboards.console.wording import brand_address, incident_address
from dashboards.report.backtest import write_backtest_report
from dashboards.report.incident import incident_report
from dashboards.views.books import Shelf
from pipeline.backtest import run_backtest
from pipeline.judging.scorer import Label
from pipeline.sources.scenario.scenario import START
from pipeline.stores.mentions import MentionFilter
from tests.browser.directories import HOUR, MINUTE, hostile_mentions, hostile_settings
from tests.browser.hostile import BRANDS, COUNT, mark_of
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


@pytest.fixture(scope="module")
def phone(browser: Browser, served: Served) -> Iterator[Tab]:
    with a_tab(browser, served.url, PHONE) as opened:
        yield opened


@pytest.fixture(scope="module")
def desk(browser: Browser, served: Served) -> Iterator[Tab]:
    with a_tab(browser, served.url, DESK) as opened:
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


def test_every_incident_shows_its_texts_as_texts(phone: Tab, incident_ids: list[str]) -> None:
    seen: set[str] = set()
    for incident_id in incident_ids:
        seen |= harmless(phone, incident_address(incident_id))
    assert not EVERY - seen  # each of the 4,000 was a note of some incident


def test_on_a_desk_too(desk: Tab, incident_ids: list[str]) -> None:
    for incident_id in incident_ids[::8]:
        harmless(desk, incident_address(incident_id))
    for brand in BRANDS[::6]:
        harmless(desk, brand_address(brand))


@pytest.mark.parametrize("path", ["/", "/incidents", "/health"])
def test_lists_of_hostile_names(phone: Tab, desk: Tab, path: str) -> None:
    harmless(phone, path)
    harmless(desk, path)


@pytest.mark.parametrize("brand", BRANDS, ids=range(len(BRANDS)))
def test_a_brand_of_any_name_shows_what_is_said_of_it(phone: Tab, brand: str) -> None:
    seen = harmless(phone, f"{brand_address(brand)}?range=7d")
    page = phone.page
    assert page.locator("main h1").inner_text().startswith(unpiled(brand)[:20])
    page.locator("#talk blockquote").first.wait_for()
    page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
    seen = harmless_here(phone, brand)
    assert seen
    harmless(phone, f"{brand_address(brand)}/talk?range=7d")


def test_mentions_of_many_hours_are_shown_as_texts(phone: Tab, hostile: Path) -> None:
    seen: set[str] = set()
    for brand, at in _hours_of_anger(hostile):
        asked = {"from": rfc3339(at - MINUTE)[:16], "to": rfc3339(at + 2 * HOUR)[:16]}
        seen |= harmless(phone, f"{brand_address(brand)}/talk?{urlencode(asked)}")
    assert len(seen) > 400  # of what lists show eight of at a time


def _hours_of_anger(directory: Path) -> Iterator[tuple[str, int]]:
    shelf = Shelf(directory)
    with shelf.open() as books:
        for brand in BRANDS:
            wanted = MentionFilter(brand, label=Label.NEGATIVE)
            found = sorted(
                each.mention.event_time for each in books.mentions.find(wanted, limit=1_000)
            )
            yield from ((brand, at) for at in found[::30])
    shelf.close()


# -- reports ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report of a backtest over everything hostile."""
    pytest.importorskip("matplotlib", reason="the report's charts want matplotlib")
    place = tmp_path_factory.mktemp("report")
    settings = hostile_settings()
    told = run_backtest(iter([hostile_mentions(4)]), settings, directory=place / "kept")
    assert told.incidents
    first, *_ = write_backtest_report(told, place / "kept", settings, "UTC", place / "report")
    return first


def read_as_a_file(browser: Browser, path: Path, viewport: ViewportSize) -> set[str]:
    with a_tab(browser, "file://", viewport) as tab:
        tab.page.goto(path.as_uri())
        assert not tab.page.evaluate("[...document.scripts].length"), "a report needs no script"
        seen = harmless_here(tab, path.name)
        assert not tab.axe()
        assert tab.requests == [path.as_uri()]  # it is one file, and asks for nothing
    return seen


@pytest.mark.parametrize("viewport", [PHONE, DESK], ids=["phone", "desk"])
def test_the_report_of_a_backtest(browser: Browser, report: Path, viewport: ViewportSize) -> None:
    assert read_as_a_file(browser, report, viewport)


def test_the_report_of_an_incident(
    browser: Browser, hostile: Path, incident_ids: list[str], tmp_path: Path
) -> None:
    for number, incident_id in enumerate(incident_ids[::12]):
        path = tmp_path / f"{number}.html"
        path.write_text(
            incident_report(hostile, incident_id, hostile_settings(), "html", START + 48 * HOUR),
            encoding="utf-8",
        )
        assert read_as_a_file(browser, path, PHONE)
