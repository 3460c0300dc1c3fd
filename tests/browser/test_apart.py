"""The page of a road apart in a real browser: one partition of eight stands."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from alerts.store import open_store
from dashboards.console.app import build_page
from dashboards.console.wording import brand_address, incident_address
from pipeline.placing import partition_of
from pipeline.presenting import PageParts
from pipeline.services.server import HttpServer
from pipeline.stores.place import Place
from tests.browser.directories import fill_busy, settings_of
from tests.browser.hostile import BRANDS
from tests.browser.markup import strange_markup
from tests.browser.spreading import KAFKA, PARTITIONS, spread
from tests.browser.tab import DESK, PHONE, Tab, a_tab
from tests.unit.dashboards.console.pages import Fixed

MINUTE = 60_000


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, int, str, str]:
    """A folder, how far time is in it, a brand in trouble and its incident."""
    run = tmp_path_factory.mktemp("run")
    fill_busy(run, brands=26, hours=27)
    store = open_store(f"sqlite:///{run / 'incidents.db'}")
    with store.read() as view:
        incident = view.incidents(only_open=True)[0]
    store.close()
    data = tmp_path_factory.mktemp("apart")
    stands = partition_of(incident.brand, PARTITIONS)
    reached = spread(run, data, behind={stands: 20 * MINUTE})
    return data, reached, incident.brand, incident.id


@pytest.fixture(scope="module")
def url(place: tuple[Path, int, str, str]) -> Iterator[str]:
    directory, reached, _, _ = place
    settings = settings_of(
        kafka=KAFKA,
        brands=[{"name": name} for name in BRANDS],
        sources=[{"name": "<b>boards</b>"}, {"name": "http"}],
    )
    parts = PageParts(directory, settings, Fixed(reached + 4_000), place=Place(directory))
    server = HttpServer(build_page(parts), "127.0.0.1", 0)
    server.start()
    yield server.url
    server.stop(0.5)


@pytest.fixture(scope="module", params=[PHONE, DESK], ids=lambda size: str(size["width"]))
def tab(request: pytest.FixtureRequest, browser: Browser, url: str) -> Iterator[Tab]:
    scheme = "dark" if request.param is PHONE else "light"
    with a_tab(browser, url, request.param, scheme=scheme) as opened:
        yield opened


def test_every_view_fits_is_accessible_and_says_what_stands(
    tab: Tab, place: tuple[Path, int, str, str]
) -> None:
    _, _, brand, incident = place
    stands = partition_of(brand, PARTITIONS)
    for path in ("/", "/health", brand_address(brand), incident_address(incident)):
        page = tab.go(path)
        banner = page.locator("#stale")
        expect(banner).to_contain_text(f"Detection stands in partition {stands} of {PARTITIONS}")
        page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
        page.wait_for_timeout(200)
        assert not tab.overflow(), path
        assert not strange_markup(page), path
        assert not tab.axe(), path
    tab.must_be_clean()


def test_an_incident_is_acknowledged_from_the_stores_alone(
    browser: Browser, url: str, place: tuple[Path, int, str, str]
) -> None:
    _, _, _, incident = place
    with a_tab(browser, url, PHONE) as tab:
        page = tab.go(incident_address(incident))
        form = page.locator("#acknowledge")
        form.locator("input[name=by]").fill("ann")
        form.get_by_role("button", name="Acknowledge").click()
        expect(page.get_by_text("paging has stopped").first).to_be_visible()
        tab.must_be_clean()
