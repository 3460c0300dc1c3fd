"""The situation as it is sent: what it says, what it finds, and that a name is never markup."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI

from alerts.incident import Acknowledged, AnyEvent, Level, Opened
from dashboards.console.routes.situation import row_id
from detectors.observation import BucketState
from detectors.reading import Lane, Rule
from detectors.severity import Severity
from tests.unit.dashboards.console.pages import Document, Fixed, get, page_app
from tests.unit.dashboards.shelved import MINUTE, T0, Shelved, bucket

END = 26 * 60
HOSTILE = "<script>alert(1)</script>\" onclick='x' {{7*7}}"
BRANDS = ("Alpha", "Beta Bank", "Gamma", HOSTILE)


def opened(brand: str, severity: Severity) -> Opened:
    return Opened(
        at=T0 + (END - 30) * MINUTE,
        id=f"{brand}:negative_surge:x",
        brand=brand,
        rule=Rule.NEGATIVE_SURGE,
        severity=severity,
        event_time=T0 + (END - 30) * MINUTE,
        opened_at=T0 + (END - 31) * MINUTE,
        level=Level(T0, Lane.FAST_15, 31.0, 4.0, 50, 40, 0.8, 0.2, "31 in 15 min"),
    )


def record(shelved: Shelved, *events: AnyEvent) -> None:
    with shelved.incidents.write() as work:
        work.record(None, events)


@pytest.fixture
def shelved(tmp_path: Path) -> Iterator[Shelved]:
    made = Shelved(tmp_path)
    for brand in BRANDS:
        made.keep(*(bucket(minute, 2, 1, brand=brand) for minute in range(END - 480, END, 5)))
    made.keep(bucket(END - 1, 40, 30, brand="Beta Bank"))
    made.close_up_to(END)
    yield made
    made.done()


@pytest.fixture
def app(shelved: Shelved, tmp_path: Path) -> FastAPI:
    del shelved
    return page_app(tmp_path, Fixed(T0 + END * MINUTE))


def rows(document: Document) -> list[str]:
    return [each["id"] for each in document.all("tr") if "data-row" in each]


def test_one_sentence_says_it_all(app: FastAPI, shelved: Shelved) -> None:
    record(
        shelved,
        opened("Beta Bank", Severity.WARNING),
        Acknowledged(at=T0 + (END - 20) * MINUTE, by="ann"),
    )
    document = Document(get(app, "/").text)
    assert "1 crisis: Beta Bank, warning since " in document.text
    assert "ann has it. 3 brands as usual." in document.text
    assert rows(document)[0] == row_id("Beta Bank")


def test_nobody_has_it_is_said_aloud(app: FastAPI, shelved: Shelved) -> None:
    record(shelved, opened("Alpha", Severity.CRITICAL))
    document = Document(get(app, "/").text)
    assert "nobody has it yet" in document.text
    assert "badge badge-critical" in {each.get("class") for each in document.all("span")}


def test_a_quiet_day_is_said_to_be_one(app: FastAPI) -> None:
    assert "No crisis. 4 brands as usual." in Document(get(app, "/").text).text


def test_voices_and_share_stand_beside_what_is_usual(app: FastAPI) -> None:
    text = Document(get(app, "/?q=beta").text).text
    assert "64 usually " in text  # 12 steps of 2 voices, and 40
    assert "66 % usually " in text  # 42 of 64


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("q=BETA", ["Beta Bank"]),
        ("q=bank+beta", ["Beta Bank"]),
        ("q=%3Cscript", [HOSTILE]),
        ("q=nothing", []),
        ("standing=usual&q=gamma", ["Gamma"]),
        ("standing=critical", []),
        ("standing=invented&sort=brand&q=a", [HOSTILE, "Alpha", "Beta Bank", "Gamma"]),
        ("sort=voices&q=b", ["Beta Bank"]),
        ("sort=invented&q=gam", ["Gamma"]),
    ],
)
def test_the_address_says_which_brands_are_shown(
    app: FastAPI, asked: str, found: list[str]
) -> None:
    document = Document(get(app, f"/?{asked}").text)
    assert rows(document) == [row_id(brand) for brand in found]


def test_the_order_by_voices_begins_with_the_most(app: FastAPI) -> None:
    assert rows(Document(get(app, "/?sort=voices").text))[0] == row_id("Beta Bank")


def test_a_name_is_never_markup(app: FastAPI, shelved: Shelved) -> None:
    record(shelved, opened(HOSTILE, Severity.WARNING))
    for path in ("/", "/?q=%22%3E%3Cscript%3Ealert(1)%3C/script%3E"):
        document = Document(get(app, path).text)
        assert document.inline() == []
    assert HOSTILE in Document(get(app, "/").text).text


def test_a_refresh_asks_for_the_same_and_gets_what_stands_in_main(app: FastAPI) -> None:
    document = Document(get(app, "/?q=beta&sort=voices", {"HX-Request": "true"}).text)
    assert document.all("html") == document.all("main") == []
    asked = [each["hx-get"] for each in document.all("div") if each.get("id") == "refresh"]
    assert asked == ["/?q=beta&sort=voices"]


def test_a_source_that_is_silent_is_named(app: FastAPI, shelved: Shelved) -> None:
    blind = opened("source:boards <b>", Severity.WARNING)
    record(
        shelved,
        Opened(
            **{name: getattr(blind, name) for name in blind.__struct_fields__}
            | {"rule": Rule.BLINDNESS}
        ),
    )
    shelved.keep(bucket(END - 1, 1, state=BucketState.BLIND, brand="Gamma"))
    assert "Source boards <b> silent against its rhythm" in Document(get(app, "/").text).text


def test_where_nothing_was_heard_it_is_said_what_comes(tmp_path: Path) -> None:
    made = Shelved(tmp_path)
    try:
        document = Document(get(page_app(tmp_path, Fixed(T0)), "/").text)
    finally:
        made.done()
    assert "Nothing was heard of any brand yet" in document.text
    assert document.all("table") == []


def test_a_brand_of_the_configuration_stands_there_before_anything_is_said(tmp_path: Path) -> None:
    made = Shelved(tmp_path)
    try:
        app = page_app(tmp_path, Fixed(T0), brands=[{"name": "Delta", "aliases": ["Delta"]}])
        document = Document(get(app, "/").text)
    finally:
        made.done()
    assert rows(document) == [row_id("Delta")]
    assert "1 brand still being learnt" in document.text
    assert [each["value"] for each in document.all("progress")] == ["0"]
