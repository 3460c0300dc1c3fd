"""Views of stores that a road apart fills: each partition goes on by itself."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from msgspec.structs import replace

from alerts.policy import Policy
from dashboards.console.app import build_page
from dashboards.console.events import look
from dashboards.console.page import Page
from dashboards.report.incident import incident_report
from dashboards.views.books import UNREAD, shelf_of
from dashboards.views.health import REJECTED_WORDS, read_health
from dashboards.views.health_story import HealthStory
from dashboards.views.progress import Behind, LogProgress
from dashboards.views.progress_apart import ProgressApart, Road
from dashboards.views.series import read_series
from dashboards.views.situation import SituationView, Standing
from detectors.reading import Rule
from pipeline.health import Health
from pipeline.log import LogKind
from pipeline.mention import Rejected, RejectedReason
from pipeline.presenting import PageParts
from pipeline.settings import Settings, load
from pipeline.stores.feeds import SIGNALS, closed_up_to
from pipeline.stores.place import Place
from pipeline.wire import VERSION, DeadLetter
from tests.unit.dashboards.apart import KAFKA, ROAD, ApartStores, brand_in
from tests.unit.dashboards.console.pages import Document, Fixed, get
from tests.unit.dashboards.shelved import DAY, HOUR, MINUTE, T0, Shelved, bucket

NOW = T0 + 5 * HOUR


@pytest.fixture
def apart(tmp_path: Path) -> Iterator[ApartStores]:
    made = ApartStores(Place(tmp_path))
    yield made
    made.done()


def settings(**sections: Any) -> Settings:  # noqa: ANN401  # a document of the configuration
    ann = {"name": "ann", "kind": "webhook", "url_env": "ANNS_HOOK"}
    return load(Path(os.devnull), {"receivers": [ann], "kafka": KAFKA, **sections})


def health(apart: ApartStores, now: int = NOW, **sections: Any) -> HealthStory:  # noqa: ANN401
    return read_health(apart.books, now, settings(**sections), "1.2")


def whats(story: HealthStory) -> list[str]:
    return [problem.what for problem in story.problems]


# -- how far detection is ---------------------------------------------------------------------


def test_detection_is_as_far_as_its_slowest_partition(apart: ApartStores) -> None:
    progress = apart.books.progress
    assert (progress.time, apart.books.closed_up_to()) == (None, None)
    for partition in range(3):
        apart.reach(partition, NOW + partition)
    assert progress.time is None  # of the fourth nobody knows
    apart.reach(3, NOW - 10 * MINUTE)
    assert progress.time == NOW - 10 * MINUTE
    assert apart.books.closed_up_to() == NOW - 11 * MINUTE
    assert apart.books.closed_up_to(brand_in(3)) == NOW - 11 * MINUTE
    assert apart.books.closed_up_to(brand_in(0)) == NOW - MINUTE
    assert apart.books.closed_up_to() == closed_up_to(
        apart.buckets.feeds.positions(SIGNALS), range(4), length=MINUTE, lateness=MINUTE
    )


def test_a_bucket_is_closed_at_its_end_and_lateness(apart: ApartStores) -> None:
    apart.reach_all(T0 + 2 * MINUTE - 1)
    assert apart.books.closed_up_to() == T0
    apart.reach_all(T0 + 2 * MINUTE)
    assert apart.books.closed_up_to() == T0 + MINUTE


def test_in_event_time_nothing_is_waited_for_and_now_is_the_incidents(tmp_path: Path) -> None:
    apart = ApartStores(Place(tmp_path), replace(ROAD, kind=LogKind.EVENT, lateness=0))
    apart.reach_all(T0 + 2 * MINUTE - 1)
    assert apart.books.closed_up_to() == T0 + MINUTE
    assert apart.books.event_mode
    assert apart.books.now(NOW) == NOW
    apart.apply(0, 5, T0 + MINUTE)
    assert apart.books.now(NOW) == T0 + MINUTE
    apart.done()


def test_what_stands_is_named_by_its_partitions(apart: ApartStores) -> None:
    progress = apart.books.progress
    assert progress.behind(NOW) is None
    apart.reach_all(NOW)
    assert progress.behind(NOW) is None
    assert progress.behind(NOW + 1) == Behind(NOW)
    apart.reach(2, NOW + 5)
    apart.reach(0, NOW + 5)
    assert progress.behind(NOW + 1) == Behind(NOW, "partitions 1, 3 of 4")


def test_more_partitions_than_configured_are_all_waited_for(apart: ApartStores) -> None:
    apart.reach_all(NOW)
    apart.reach(7, NOW - HOUR)
    for brand in (None, brand_in(0), brand_in(3)):
        assert apart.books.closed_up_to(brand) == NOW - HOUR - MINUTE


def test_marks_move_when_something_is_closed_stored_or_folded(apart: ApartStores) -> None:
    apart.reach_all(T0 + 3 * MINUTE)
    first = apart.books.marks()
    apart.reach(1, T0 + 3 * MINUTE + 5_000)
    second = apart.books.marks()
    assert second.folded > first.folded
    assert second.buckets == first.buckets
    apart.reach(1, T0 + 4 * MINUTE)
    assert apart.books.marks().buckets > first.buckets
    apart.mentions.take([], 4, partition=2)
    assert apart.books.marks().mentions > second.mentions


def test_which_way_a_place_is_read(tmp_path: Path) -> None:
    embedded, road = load(Path(os.devnull)), settings()
    Shelved(tmp_path).done()
    for place, given, kind in (
        (tmp_path, embedded, LogProgress),
        (tmp_path, road, ProgressApart),
        (tmp_path / "none", embedded, ProgressApart),
    ):
        shelf = shelf_of(place, given)
        with shelf.open() as books:
            assert isinstance(books.progress, kind)
        shelf.close()
    assert Road.of(embedded).partitions == 0
    assert Road.of(settings(kafka={**KAFKA, "time": "event"})).lateness == 0


# -- what is shown -------------------------------------------------------------------------------


def test_a_partition_that_stands_leaves_the_others_brands_alone(apart: ApartStores) -> None:
    names = [brand_in(partition) for partition in range(4)]
    for partition, name in enumerate(names):
        early = bucket(0, 3, brand=name)
        last = bucket(290 if partition != 1 else 200, 3, brand=name)
        apart.reach(partition, NOW - (HOUR if partition == 1 else 0), early, last)
    situation = SituationView(Policy(), DAY, []).read(apart.books, NOW)
    standings = {row.brand: row.standing for row in situation.rows}
    assert standings[names[1]] is Standing.UNKNOWN
    assert {standings[name] for name in names if name != names[1]} == {Standing.USUAL}
    assert situation.as_of == NOW - HOUR - MINUTE
    ahead = read_series(apart.books, names[0], NOW - 2 * HOUR, NOW)
    stood = read_series(apart.books, names[1], NOW - 2 * HOUR, NOW)
    assert (ahead.as_of, stood.as_of) == (NOW - MINUTE, NOW - HOUR - MINUTE)
    assert sum(each is None for each in stood.voices) > sum(each is None for each in ahead.voices)


def test_health_tells_each_partition_and_where_to_look_further(apart: ApartStores) -> None:
    apart.reach_all(NOW - 4_000)
    apart.apply(1, 7, NOW - 4_000)
    apart.mentions.take([], 30, partition=1, origin=9)
    story = health(apart, brands=[{"name": brand_in(1)}])
    assert story.problems == ()
    assert story.apart
    assert story.stages == ()
    found = story.partitions[1]
    assert (found.number, found.behind, found.stands, found.closed_up_to) == (
        1,
        4_000,
        False,
        NOW - 2 * MINUTE,
    )
    assert (found.folded, found.signals, found.judged, found.rejected) == (9, 0, 30, -1)
    assert (found.people, found.people_late) == (7, 0)
    assert found.brands == (brand_in(1),)
    assert [each.brands for each in story.partitions if each.number != 1] == [(), (), ()]
    assert {file.name for file in story.files} == {"incidents.db", "mentions.db"}
    assert story.place == str(apart.place.directory)


def test_health_names_partitions_that_have_not_begun_or_stand(apart: ApartStores) -> None:
    assert whats(health(apart)) == ["Detection has not begun"]
    apart.reach(0, NOW)
    (problem,) = health(apart).problems
    assert problem.what == "Detection has not begun in partitions 1, 2, 3"
    apart.reach_all(NOW)
    apart.reach(0, NOW + 10 * MINUTE)
    (problem,) = health(apart, NOW + 10 * MINUTE, brands=[{"name": brand_in(2)}]).problems
    assert problem.critical
    assert problem.since == NOW
    assert problem.what.startswith(f"Detection stands in partitions 1, 2, 3 ({brand_in(2)})")
    assert "crisis-monitor lag" in problem.do
    apart.reach(0, NOW + 11 * MINUTE)
    (problem, *_) = health(apart, NOW + HOUR).problems
    assert problem.what == "Detection stands: nothing is noticed"


def test_health_tells_of_incidents_that_lag_and_of_a_wrong_clock(apart: ApartStores) -> None:
    apart.reach_all(NOW)
    apart.apply(2, 5, NOW - 5 * MINUTE)
    (problem,) = health(apart).problems
    assert problem.what == "Incidents are 5 min behind detection in partition 2"
    assert "alerter" in problem.do
    apart.apply(2, 6, NOW)
    assert whats(health(apart, NOW - HOUR)) == ["The log is 1 h ahead of this machine's clock"]


def test_a_silent_source_is_told_with_its_incident(apart: ApartStores) -> None:
    apart.reach_all(NOW)
    incident = apart.open("source:boards", NOW - HOUR, Rule.BLINDNESS)
    story = health(apart, sources=[{"name": "web"}])
    assert [(each.name, each.silent_since) for each in story.sources] == [
        ("web", None),
        ("boards", NOW - HOUR),
    ]
    (problem,) = [each for each in story.problems if each.runbook == "blindness"]
    assert problem.incident == incident.id


def test_dead_letters_say_where_they_stood(apart: ApartStores) -> None:
    apart.reach_all(NOW)
    letters = [
        DeadLetter(
            VERSION,
            Rejected(reason, f"line {number}", "detail", b"<b>\xff", "web"),
            NOW - number,
            "t.mentions" if number % 2 else "",
            2 if number % 2 else -1,
            number if number % 2 else -1,
        )
        for number, reason in enumerate(RejectedReason)
    ]
    apart.rejected.take(letters, 3, partition=2)
    story = health(apart)
    assert len(story.rejected) == len(RejectedReason)
    assert [each.place for each in story.rejected_last[:2]] == [
        "",
        "t.mentions partition 2 offset 1",
    ]
    assert story.rejected_last[0].raw == "<b>\\xff"
    assert story.partitions[2].rejected == 3


def test_every_reason_has_words() -> None:
    assert set(REJECTED_WORDS) == set(RejectedReason)


def test_a_broken_mention_store_leaves_incidents_and_says_so(
    apart: ApartStores, tmp_path: Path
) -> None:
    apart.open(brand_in(0), NOW)
    apart.done()
    (tmp_path / "mentions.db").write_bytes(b"not a database at all, but long enough" * 100)
    (tmp_path / "mentions.db-wal").unlink(missing_ok=True)
    page = Page(PageParts(tmp_path, settings(), Fixed(NOW), place=Place(tmp_path)))
    seen = look(page)
    assert (seen.marks.buckets, seen.marks.folded, seen.as_of) == (UNREAD, UNREAD, None)
    assert seen.marks.events > 0
    (said,) = seen.unread
    assert "mentions.db" in said
    with page.shelf.open() as books:
        story = read_health(books, NOW, settings(), "1.2")
        situation = SituationView(Policy(), DAY, []).read(books, NOW)
    assert whats(story)[0].startswith("A store cannot be read")
    assert "Detection has not begun" not in whats(story)
    assert "goes on by itself" in story.problems[0].do
    assert situation.unread
    assert [row.standing for row in situation.rows] == [Standing.WARNING]
    page.close()


# -- the page, and reports -----------------------------------------------------------------------


def test_the_health_page_of_a_road_apart(apart: ApartStores) -> None:
    apart.reach_all(NOW)
    apart.reach(1, NOW + HOUR)
    answer = get(page_app_of(apart, NOW + HOUR), "/health")
    assert answer.status_code == 200
    document = Document(answer.text)
    assert "Detection stands in partitions 0, 2, 3" in document.text
    assert "crisis-monitor lag" in document.text
    assert str(apart.place.directory) in document.text
    scrolling = [each for each in document.all("div") if each.get("class") == "scroll"]
    assert len({each["aria-label"] for each in scrolling}) == len(scrolling) == 3
    assert document.inline() == []


def test_a_page_apart_says_whether_it_is_ready_to_whoever_asks(apart: ApartStores) -> None:
    apart.reach_all(NOW)
    app = page_app_of(apart, NOW, page={"token": "a-long-token-of-some-length"})
    assert get(app, "/").status_code in {303, 401}
    for path, word in (("/healthz", "alive"), ("/readyz", "ready")):
        answer = get(app, path)
        assert (answer.status_code, answer.json()) == (200, {"status": word, "reasons": []})
    health = app.state.page.parts.health
    health.failed("page", "postgresql://me@somewhere/db does not answer")
    answer = get(app, "/readyz")
    assert answer.status_code == 503
    assert "somewhere" not in answer.text
    assert get(app, "/healthz").status_code == 200


def test_an_embedded_page_has_no_such_answers(tmp_path: Path) -> None:
    shelved = Shelved(tmp_path)
    shelved.close_up_to(1)
    app = build_page(PageParts(tmp_path, settings(), Fixed(NOW), Health()))
    assert get(app, "/readyz").status_code == 404
    shelved.done()


def test_an_incident_is_reported_without_a_log(apart: ApartStores) -> None:
    brand = brand_in(1)
    apart.reach_all(NOW)
    apart.reach(1, NOW + MINUTE, bucket(280, 30, 25, brand=brand))
    incident = apart.open(brand, NOW - 10 * MINUTE)
    for form in ("md", "json", "html"):
        text = incident_report(apart.place, incident.id, settings(), form, NOW)
        assert brand in text


def page_app_of(apart: ApartStores, now: int, **sections: Any) -> FastAPI:  # noqa: ANN401
    place = apart.place
    parts = PageParts(place.directory, settings(**sections), Fixed(now), Health(), place)
    return build_page(parts)
