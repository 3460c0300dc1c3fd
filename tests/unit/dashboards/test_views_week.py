"""The views over a made-up week that came down the whole road."""

import os
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from alerts.policy import Policy
from dashboards.views.books import Books, Shelf
from dashboards.views.brand import read_talk
from dashboards.views.progress import Closed
from dashboards.views.series import read_series
from dashboards.views.situation import SituationView, Standing
from detectors.reading import Reason, Rule
from pipeline.alerting import Recorder, make_alerting
from pipeline.composition import EngineOptions, make_engine, note_settings
from pipeline.judging.privacy import redact
from pipeline.log import LogKind
from pipeline.road import Road, Stores
from pipeline.settings import Settings, load
from pipeline.sources.scenario.episodes import DAY, HOUR, MINUTE, EpisodeKind
from pipeline.sources.scenario.scenario import Scenario
from pipeline.status import read_status
from pipeline.stores.samples import MentionSamples
from pipeline.wire import encode

DAYS = 4


def settings_of(scenario: Scenario) -> Settings:
    brands = [
        {
            "name": brand.name,
            "aliases": list(brand.aliases),
            "handles": list(brand.handles),
            "own_accounts": list(brand.own_accounts),
            "exclusions": list(brand.exclusions),
            "languages": list(brand.languages),
            "zone": brand.zone,
        }
        for brand in scenario.brands
    ]
    receivers = [{"name": "on-call", "kind": "console"}]
    return load(Path(os.devnull), {"brands": brands, "receivers": receivers})


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    return Scenario(7, days=DAYS)


@pytest.fixture(scope="module")
def directory(scenario: Scenario, tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("views")
    settings = settings_of(scenario)
    engine = make_engine(made, settings, EngineOptions(LogKind.EVENT, durable=False))
    stores = Stores(made, durable=False)
    note_settings(engine, settings, 0, durable=False)
    alerting = make_alerting(
        made,
        settings,
        engine.log,
        MentionSamples(engine.log, stores.mentions),
        {"on-call": Recorder()},
        read_now=None,
        durable=False,
    )
    road = Road(engine, stores=stores, alerting=alerting, at_once=200)
    road.travel(scenario.read(), source="scenario", at=lambda: 0)
    alerting.close()
    stores.close()
    engine.log.close()
    return made


@pytest.fixture(scope="module")
def books(directory: Path) -> Iterator[Books]:
    shelf = Shelf(directory)
    with shelf.open() as lent:
        yield lent
    shelf.close()


def test_what_a_view_sums_is_what_the_fold_counted(
    books: Books, scenario: Scenario, directory: Path
) -> None:
    counted = read_status(directory, 0).brands
    start, end = scenario.start - DAY, scenario.end + DAY
    assert set(counted) == {brand.name for brand in scenario.brands}
    for brand, totals in counted.items():
        talk = read_talk(books, brand, start, end)
        assert (talk.mentions, talk.unique, talk.voices, talk.own) == (
            totals.mentions,
            totals.unique,
            totals.voices,
            totals.own,
        )
        assert sum(count for _, count in talk.channels) == talk.mentions
        assert sum(count for _, count in talk.kinds) == talk.mentions
        series = read_series(books, brand, start, end, points=100_000)
        assert series.step == MINUTE
        assert sum(each or 0 for each in series.mentions) == totals.mentions
        assert sum(each or 0 for each in series.voices) == totals.voices


def test_a_crisis_stands_out_of_both_bands_and_is_marked(books: Books, scenario: Scenario) -> None:
    (crisis,) = [each for each in scenario.truth if each.kind is EpisodeKind.FAILURE]
    series = read_series(books, crisis.brand, scenario.start, scenario.end, points=400)
    assert series.step == 15 * MINUTE
    height = [
        index
        for index, time in enumerate(series.times)
        if crisis.start + 40 * MINUTE <= time < crisis.start + 80 * MINUTE
    ]
    for index in height:
        voices, share = series.voices[index], series.share[index]
        assert voices is not None
        assert share is not None
        assert voices > (series.high[index] or 0)
        assert share > (series.share_high[index] or 1)
    marks = [each for each in series.incidents if each.rule is Rule.NEGATIVE_SURGE]
    assert any(crisis.start < each.opened_at < crisis.end for each in marks)


def test_bands_hold_what_is_usual(books: Books, scenario: Scenario) -> None:
    """From the second day on and outside of episodes, about 95 of 100 steps."""
    within = steps = low_share = shares = 0
    for brand in books.brands():
        busy = [(each.start, each.end + 2 * HOUR) for each in scenario.truth if each.peak]
        series = read_series(books, brand, scenario.start + 2 * DAY, scenario.end, points=300)
        for index, time in enumerate(series.times):
            voices, high = series.voices[index], series.high[index]
            if voices is None or high is None or any(a <= time < b for a, b in busy):
                continue
            steps += 1
            within += voices <= high
            share, most = series.share[index], series.share_high[index]
            if share is not None and most is not None:
                shares += 1
                low_share += share <= most
    assert steps > 500
    assert within / steps > 0.9
    assert low_share / shares > 0.93


def test_a_lane_hits_where_the_incident_opened(books: Books, scenario: Scenario) -> None:
    (crisis,) = [each for each in scenario.truth if each.kind is EpisodeKind.FAILURE]
    found = read_series(books, crisis.brand, crisis.start, crisis.end, lanes=True, points=1_000)
    opening = min(each.opened_at for each in found.incidents if each.rule is Rule.NEGATIVE_SURGE)
    index = found.times.index(opening - MINUTE)  # the bucket that ended then
    hits = [lane for lane in found.lanes.values() if lane.reason[index] is Reason.HIT]
    assert hits
    for lane in hits:
        score, threshold = lane.score[index], lane.threshold[index]
        assert score is not None
        assert threshold is not None
        assert score >= threshold


class _Then(Books):
    """The same stores, as far as detection had come at an instant."""

    then: int

    def closed(self) -> Closed:
        return Closed((self.then,))


def test_the_situation_grows_with_the_week_and_its_memory_agrees(
    directory: Path, books: Books, scenario: Scenario
) -> None:
    then = _Then(directory, books.incidents)
    often = SituationView(Policy(), DAY, books.brands())
    standings = set()
    for hours in (1, 5, 6, 20, 30, 31, 32, 60, 61, 90, 95):
        then.then = scenario.start + hours * HOUR + (hours % 7) * MINUTE
        situation = often.read(then, then.then)
        assert situation == SituationView(Policy(), DAY, books.brands()).read(then, then.then)
        standings |= {row.standing for row in situation.rows}
    assert {Standing.LEARNING, Standing.USUAL} <= standings
    then.close()


def test_samples_and_drivers_are_of_the_range_and_masked(books: Books, scenario: Scenario) -> None:
    (crisis,) = [each for each in scenario.truth if each.kind is EpisodeKind.FAILURE]
    talk = read_talk(books, crisis.brand, crisis.start, crisis.end)
    assert talk.drivers
    assert talk.samples
    assert talk.negatives > 0.4 * talk.scored
    for sample in talk.samples:
        assert crisis.start <= sample.event_time < crisis.end
        assert redact(sample.text, handles=True) == sample.text
    empty = read_talk(books, "nobody", crisis.start, crisis.end)
    assert (empty.mentions, empty.channels, empty.drivers, empty.samples) == (0, (), (), ())


def test_every_bucket_written_is_small_and_the_table_is_in_order(books: Books) -> None:
    sizes = []
    for brand in books.brands():
        records = books.buckets.between(brand, 0, 1 << 60)
        assert all(a.start < b.start for a, b in pairwise(records))
        sizes += [len(encode(each)) for each in records]
    assert len(sizes) > 1_000
    assert max(sizes) <= 400
