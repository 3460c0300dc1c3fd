"""A brand's view: its addresses, its series, what it says, and that nothing in it is markup."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from fastapi import FastAPI

from alerts.incident import AnyEvent, Level, Opened
from dashboards.console.routes.brand import nearest
from dashboards.console.wording import brand_address
from detectors.observation import BucketState
from detectors.reading import Lane, Rule
from detectors.severity import Severity
from tests.unit.dashboards.console.pages import Document, Fixed, get, page_app
from tests.unit.dashboards.shelved import HOUR, MINUTE, T0, Shelved, bucket

END = 26 * 60
NOW = T0 + END * MINUTE
NAMES = (
    "Alpha Air",
    "a/b",
    "a",
    "a/series.json",
    "..",
    ".",
    "=..",
    "x?range=1h#top",
    "100 %41",
    "<img src=x onerror=alert(1)>",
    'O\'Hare "quoted"',
    "\u6f22\u5b57 \u0627\u0644\u062e\u062f\u0645\u0629",
)
PARTS = ("", "/series.json", "/talk", "/numbers", f"/why?at={NOW - HOUR}")


@pytest.fixture
def shelved(tmp_path: Path) -> Iterator[Shelved]:
    made = Shelved(tmp_path)
    for number, brand in enumerate(NAMES):
        made.keep(*(bucket(minute, number, 0, brand=brand) for minute in range(END - 480, END, 5)))
    made.close_up_to(END)
    yield made
    made.done()


@pytest.fixture
def app(shelved: Shelved, tmp_path: Path) -> FastAPI:
    del shelved
    return page_app(tmp_path, Fixed(NOW))


def series(app: FastAPI, brand: str, asked: str = "range=6h") -> Any:  # noqa: ANN401  # JSON
    answer = get(app, f"{brand_address(brand)}/series.json?{asked}")
    assert answer.status_code == 200
    return json.loads(answer.content)


# -- addresses -------------------------------------------------------------------------------


@pytest.mark.parametrize("brand", NAMES)
def test_any_name_has_an_address_of_its_own(app: FastAPI, brand: str) -> None:
    for part in PARTS:
        answer = get(app, brand_address(brand) + part)
        assert answer.status_code == 200, part
        if part == "/series.json":
            assert json.loads(answer.content)["brand"] == brand
        else:
            document = Document(answer.text)
            assert " ".join(brand.split()) in document.text
            assert document.inline() == []


@pytest.mark.parametrize("brand", NAMES)
def test_what_a_brands_view_asks_for_is_about_the_same_brand(app: FastAPI, brand: str) -> None:
    document = Document(get(app, f"{brand_address(brand)}?range=6h").text)
    asked = [
        value
        for _, attributes in document.elements
        for name, value in attributes.items()
        if name in {"hx-get", "data-series", "data-why"}
    ]
    assert len(asked) == 5
    for address in asked:
        segment = urlsplit(address).path.split("/")[2]
        assert unquote(segment.removeprefix("=")) == brand


def test_no_address_is_climbed_out_of_by_a_browser() -> None:
    for brand in NAMES:
        segments = urlsplit(brand_address(brand)).path.split("/")
        assert not {".", "..", "%2e", "%2E%2E"} & set(segments[2:])


@pytest.mark.parametrize("path", ["/brands/Alpha%20Air/invented", "/brands/", "/brands/a/b"])
def test_what_is_not_there_is_not_found(app: FastAPI, path: str) -> None:
    assert get(app, path).status_code == 404


def test_a_name_mistyped_leads_to_those_like_it(app: FastAPI) -> None:
    answer = get(app, "/brands/alpha%20ari")
    assert answer.status_code == 404
    document = Document(answer.text)
    assert "No brand is called alpha ari" in document.text
    assert brand_address("Alpha Air") in {each.get("href") for each in document.all("a")}


def test_a_missing_hostile_name_is_text(app: FastAPI) -> None:
    answer = get(app, "/brands/%3Cscript%3Ealert(1)%3C%2Fscript%3E")
    assert answer.status_code == 404
    assert Document(answer.text).inline() == []
    assert "<script>alert(1)</script>" in Document(answer.text).text


def test_the_nearest_names_hold_it_or_are_spelt_alike() -> None:
    known = {"Veloria Air", "Veloria Rail", "Oatelle", "Brixholm Bank"}
    assert nearest("veloria", known) == ["Veloria Air", "Veloria Rail"]
    assert nearest("Oatele", known) == ["Oatelle"]
    assert nearest("zzzz", known) == []
    assert nearest("", known) == []


# -- series ----------------------------------------------------------------------------------


def test_a_series_arrays_have_an_element_a_step(app: FastAPI) -> None:
    found = series(app, "Alpha Air")
    steps = len(found["states"])
    assert steps == 6 * 12
    assert found["end"] - found["start"] == steps * found["step"] == 6 * HOUR
    for name in (
        "mentions", "unique", "voices", "negatives", "scored", "delayed", "late", "expected",
        "low", "high", "usual_negatives",
    ):  # fmt: skip
        assert len(found[name]) == steps, name


def test_a_series_tells_unknown_from_zero(app: FastAPI, shelved: Shelved) -> None:
    shelved.keep(bucket(END, state=BucketState.UNKNOWN, count=30, brand="a"))
    shelved.keep(bucket(END + 30, 3, 3, brand="a", state=BucketState.BLIND))
    shelved.close_up_to(END + 60)
    asked = f"from={NOW - 10 * MINUTE}&to={NOW + 60 * MINUTE}"
    found = series(app, "a", asked)
    assert found["states"] == "k" * 10 + "u" * 30 + "b" + "k" * 29
    assert found["voices"][10:40] == [None] * 30
    assert found["voices"][40] == 3
    assert found["voices"][41] == 0


def test_the_share_has_steps_in_which_enough_are_judged(app: FastAPI) -> None:
    found = series(app, NAMES[-1], "range=24h")
    shares = found["shares"]
    assert shares["step"] > found["step"]
    assert shares["step"] % found["step"] == 0
    assert len(shares["share"]) >= 24


def test_incidents_lie_on_the_time_line_with_their_addresses(
    app: FastAPI, shelved: Shelved
) -> None:
    events: tuple[AnyEvent, ...] = (
        Opened(
            at=NOW - HOUR,
            id="a/b:negative_surge:<b>",
            brand="a/b",
            rule=Rule.NEGATIVE_SURGE,
            severity=Severity.CRITICAL,
            event_time=NOW - HOUR,
            opened_at=NOW - HOUR,
            level=Level(NOW - HOUR, Lane.FAST_15, 31.0, 4.0, 50, 40, 0.8, 0.2, "31 in 15 min"),
        ),
    )
    with shelved.incidents.write() as work:
        work.record(None, events)
    (mark,) = series(app, "a/b")["incidents"]
    assert mark["address"] == "/incidents/a%2Fb%3Anegative_surge%3A%3Cb%3E"
    assert mark["opened_at"] == NOW - HOUR
    assert mark["ended_at"] is None
    assert series(app, "a")["incidents"] == []


def test_a_series_that_has_not_changed_is_not_sent_again(app: FastAPI, shelved: Shelved) -> None:
    address = f"/brands/a/series.json?from={NOW - HOUR}&to={NOW}"
    first = get(app, address)
    again = get(app, address, {"If-None-Match": f'"other", {first.headers["etag"]}'})
    assert (again.status_code, again.content) == (304, b"")
    assert first.headers["cache-control"] == "private, no-cache"
    shelved.buckets.take([bucket(END - 2, 9, 9, brand="a")], shelved.buckets.offset + 1)
    app.state.page.look()
    changed = get(app, address, {"If-None-Match": first.headers["etag"]})
    assert changed.status_code == 200
    assert changed.headers["etag"] != first.headers["etag"]


def test_lanes_are_sent_when_asked_for(app: FastAPI) -> None:
    assert series(app, "a")["lanes"] == {}
    plain, asked = (get(app, f"/brands/a/series.json?range=1h{more}") for more in ("", "&lanes=1"))
    assert plain.status_code == asked.status_code == 200


@pytest.mark.parametrize(
    "asked", ["range=1y", "from=x&to=y", "from=99999999999999999999", "from=2026-13-45", "to=5"]
)
def test_a_range_that_cannot_be_read_is_the_usual_one(app: FastAPI, asked: str) -> None:
    found = series(app, "a", asked)
    assert found["end"] - found["start"] == 24 * HOUR


def test_a_range_is_never_longer_than_can_be_drawn(app: FastAPI) -> None:
    assert len(series(app, "a", f"from=946684800000&to={NOW}")["states"]) < 1000


# -- words -----------------------------------------------------------------------------------


def test_the_view_says_what_the_charts_show(app: FastAPI, shelved: Shelved) -> None:
    shelved.keep(bucket(END - 60, 80, 70, brand="a"))
    document = Document(get(app, "/brands/a?range=6h").text)
    assert "222 voices." in document.text  # 71 steps of 2, and 80
    assert "70 negative voices, usually about " in document.text
    assert "80 (usually " in document.text
    assert "5 min above the usual" in document.text


def test_the_numbers_are_a_table_with_a_row_a_step(app: FastAPI) -> None:
    document = Document(get(app, "/brands/a/numbers?range=6h", {"HX-Request": "true"}).text)
    assert len(document.all("tr")) == 1 + 72
    assert document.all("html") == []


def test_why_names_the_minute_and_what_was_in_it(app: FastAPI) -> None:
    text = Document(get(app, f"/brands/Alpha%20Air/why?at={NOW - 65 * MINUTE}").text).text
    assert "did not page" in text
    before = Document(get(app, f"/brands/a/why?at={T0 - HOUR}").text).text
    assert "Nothing is known of this time" in before


@pytest.mark.parametrize("asked", ["", "?at=soon", "?at=-5"])
def test_why_says_what_it_has_to_be_asked(app: FastAPI, asked: str) -> None:
    answer = get(app, f"/brands/a/why{asked}")
    assert answer.status_code == 400
    assert "Say for which instant" in Document(answer.text).text


def test_the_whole_is_small_and_packed(app: FastAPI) -> None:
    answer = get(app, "/brands/a", {"Accept-Encoding": "gzip"})
    assert answer.headers["content-encoding"] == "gzip"
    assert int(answer.headers["content-length"]) < 6_000
