"""One incident as html, md and json, from a directory that the real road filled."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from alerts.command import Acknowledge, Assign, Command, Note, Resolve, Update
from alerts.incident import Audience, Verdict
from alerts.lifecycle import decide
from alerts.store import open_store
from dashboards.report import incident as report_module
from dashboards.report.account import Account, read_account
from dashboards.report.incident import incident_report
from dashboards.views.books import Shelf
from detectors.reading import Rule
from pipeline.backtest import run_backtest
from pipeline.mention import Author, Mention
from pipeline.settings import load
from tests.unit.dashboards.report.parsed import Parsed

MINUTE = 60_000
HOUR = 60 * MINUTE
START = 1_772_409_600_000  # Mon 2 Mar 2026, 00:00 UTC
SETTINGS = load(Path(os.devnull), {"brands": [{"name": "Acme Air", "zone": "America/New_York"}]})
NASTY = "<img src=x onerror=alert(1)> [x](javascript:1) | `a` {{7*7}}"


def mentions() -> Iterator[list[Mention]]:
    """Two calm days, an hour of anger about lost bags, a calm rest."""
    found = []
    for minute in range(0, 3 * 1440, 5):
        text = f"terrible day {minute}" if minute % 40 == 0 else f"we fly at {minute}"
        found.append((minute, text))
    for minute in range(2 * 1440 + 600, 2 * 1440 + 640):
        found += [
            (minute, f"horrible, my suitcase is gone {minute} {n} {NASTY if n % 3 else ''}")
            for n in range(6)
        ]
    found.sort()
    yield [
        Mention(
            id=str(number),
            source="board",
            event_time=START + minute * MINUTE,
            ingested_at=START + minute * MINUTE,
            text=text,
            channel="forum",
            author=Author(str(number), f"@person{number}", "", 0),
            url=f"https://forum.example/{number}",
            language="en",
            brand="Acme Air",
        )
        for number, (minute, text) in enumerate(found)
    ]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("incident")
    report = run_backtest(mentions(), SETTINGS, directory=directory)
    (incident,) = report.incidents
    assert incident.resolved_at is not None
    return directory


@pytest.fixture(scope="module")
def incident_id(data: Path) -> str:
    with open_store(f"sqlite:///{data / 'incidents.db'}") as store, store.read() as view:
        (found,) = [each for each in view.incidents() if each.rule is Rule.NEGATIVE_SURGE]
    return found.id


NOW = START + 3 * 24 * HOUR


def told(data: Path, incident_id: str, form: str, zone: str | None = None) -> str:
    return incident_report(data, incident_id, SETTINGS, form, NOW, zone)


def account(data: Path, incident_id: str) -> Account:
    shelf = Shelf(data)
    with shelf.open() as books:
        found = read_account(books, incident_id, NOW, SETTINGS.policy())
    shelf.close()
    assert found is not None
    return found


def test_json_is_whole_and_stable(data: Path, incident_id: str) -> None:
    got = json.loads(told(data, incident_id, "json"))
    assert set(got) == {
        *("incident", "summary", "as_of", "zone", "course", "peak", "events", "notifications"),
        *("drivers", "samples", "channels", "languages"),
    }
    assert got["incident"]["id"] == incident_id
    assert got["zone"] == "America/New_York"
    assert got["course"]["to_page"] == 0
    assert got["course"]["to_acknowledge"] is None
    assert got["course"]["to_resolve"] > HOUR
    assert got["events"][0]["kind"] == "opened"
    assert got["notifications"][0]["title"].startswith("WARNING Acme Air: ")
    assert got["notifications"][0]["attempts"][0]["result"] == "delivered"
    assert any("suitcase" in driver["phrase"] for driver in got["drivers"][:2]), got["drivers"]
    assert got["samples"]
    assert all(each["url"].startswith("https://forum.example/") for each in got["samples"])
    assert got["peak"]["observed"] >= got["events"][0]["level"]["observed"]


def test_a_page_is_told_as_the_incident_was_then(data: Path, incident_id: str) -> None:
    said = account(data, incident_id).said
    opening, last = said[0].read, said[-1].read
    assert opening is not None
    assert last is not None
    assert opening.title.startswith("WARNING")
    assert "since" in opening.title
    assert "over" in last.title


def test_html_needs_nothing_and_shows_strangers_texts_as_texts(
    data: Path, incident_id: str
) -> None:
    page = Parsed(told(data, incident_id, "html"))
    page.must_be_ours()
    assert "onerror=alert(1)" in page.text
    assert page.text.count("<img src=x") > 2
    assert "Mon" not in page.title
    assert "Wed 4 Mar 2026" in page.title
    assert "EST" in page.text
    assert "Chart of Acme Air" in page.labels[0]
    assert page.tags["svg"] == 1


def test_html_without_matplotlib_says_so(
    data: Path, incident_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report_module, "can_draw", lambda: False)
    page = Parsed(told(data, incident_id, "html"))
    page.must_be_ours()
    assert "matplotlib is not installed" in page.text
    assert page.tags["svg"] == 0


def test_markdown_holds_no_markup_of_strangers(data: Path, incident_id: str) -> None:
    text = told(data, incident_id, "md", "Europe/Berlin")
    tokens = MarkdownIt("commonmark", {"html": True}).enable("table").parse(text)
    kinds = [each.type for token in tokens for each in (token, *(token.children or ()))]
    assert not {"html_inline", "html_block", "image", "fence", "em_open"} & set(kinds)
    links = [
        child.attrs["href"]
        for token in tokens
        for child in token.children or ()
        if child.type == "link_open"
    ]
    assert links
    assert all(str(each).startswith("https://forum.example/") for each in links)
    assert [token.tag for token in tokens if token.type == "heading_open"] == [
        "h1", "h2", "h2", "h2", "h2",
    ]  # fmt: skip
    assert "CET" in text
    assert "Nobody acknowledged it." in text.replace("\\", "")


def test_what_people_did_is_told_with_how_long_it_took(tmp_path: Path) -> None:
    run_backtest(mentions(), SETTINGS, directory=tmp_path)
    with open_store(f"sqlite:///{tmp_path / 'incidents.db'}") as store:
        with store.write() as work:
            opened = work.latest("Acme Air", Rule.NEGATIVE_SURGE)
            assert opened is not None
            events = work.events(opened.id)
        began = opened.noticed_at
    other = tmp_path / "other"
    other.mkdir()
    for name in ("log.db", "mentions.db"):
        (other / name).write_bytes((tmp_path / name).read_bytes())
    steps: list[tuple[int, Command]] = [
        (4, Acknowledge(by="ann")),
        (9, Update(by="ann", audience=Audience.PUBLIC, text=NASTY, link="https://a.example/1")),
        (10, Update(by="ann", audience=Audience.INTERNAL, text="cause found")),
        (11, Assign(by="ann", to="bob <b>")),
        (12, Note(by="bob", text="batch 7")),
        (90, Resolve(by="bob", verdict=Verdict.REAL)),
    ]
    with open_store(f"sqlite:///{other / 'incidents.db'}") as store:
        with store.write() as work:
            work.record(None, events[:1])
        for after, command in steps:
            with store.write() as work:
                latest = work.latest("Acme Air", Rule.NEGATIVE_SURGE)
                decided = decide(latest, command, began + after * MINUTE)
                assert isinstance(decided, tuple)
                work.record(latest, decided)
    got = json.loads(told(other, opened.id, "json"))
    assert got["course"]["to_acknowledge"] == 4 * MINUTE
    assert got["course"]["to_update"] == 9 * MINUTE
    assert got["course"]["to_resolve"] == began - opened.opened_at + 90 * MINUTE
    assert "Acknowledged after 4 min, first update after 9 min." in got["summary"]
    assert "by bob" in got["summary"]
    page = Parsed(told(other, opened.id, "html"))
    page.must_be_ours()
    assert "a real crisis" in page.text
    assert "bob <b>" in page.text
    assert NASTY in page.text
    assert "https://a.example/1" in page.hrefs
    text = told(other, opened.id, "md")
    assert "<https://a.example/1>" in text
    assert "Nothing." in text  # nobody was told: the outbox of this store is empty


def test_an_incident_nobody_knows(data: Path) -> None:
    with pytest.raises(KeyError):
        told(data, "nobody", "json")
