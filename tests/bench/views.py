"""What it costs to read what the page shows: the situation of many brands, one brand over time.

Buckets are made up and written straight into the table: a dense brand says something every minute.
Figures are CPU time of this process, with the bands' memory emptied before each series.

    python -m tests.bench.views --brands 300,5000
"""

import argparse
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

from alerts.policy import Policy
from alerts.store import open_store
from dashboards.views import bands
from dashboards.views.books import Books, Shelf
from dashboards.views.brand import read_talk
from dashboards.views.series import read_series
from dashboards.views.situation import SituationView
from detectors.observation import BucketState, Observation
from detectors.reading import Lane, Reading, Reason, Rule
from detectors.usual import Usual
from pipeline.folding.listening import ListeningState
from pipeline.folding.records import PartitionRow
from pipeline.log import LogKind, SqliteLog
from pipeline.stores import BucketTable
from pipeline.wire import VERSION, BucketRecord, pack_reading, pack_usual
from tests.bench.figure import Figure, Watch, say, show

MINUTE = 60_000
DAY = 24 * 60 * MINUTE
T0 = 1_772_323_200_000
DENSITY = {300: 0.5, 5_000: 0.05}
"""How many of a brand's minutes hold a bucket: many brands are small ones."""
READINGS = [
    pack_reading(
        Reading(
            Rule.NEGATIVE_SURGE, lane, 12.3, 5.7, 20, 1.2, 0.45, 0.67, 0.9, 7.0, 0, Reason.BELOW_Z
        )
    )
    for lane in (Lane.FAST_5, Lane.FAST_15, Lane.FAST_60, Lane.SLOW, Lane.VOLUME)
]


class Desk:
    """A data directory whose buckets are said to be closed up to some instant."""

    def __init__(self, directory: Path) -> None:
        self.log = SqliteLog.open(directory, LogKind.CLOCK, durable=False)
        self.table = BucketTable(directory, durable=False)
        open_store(f"sqlite:///{directory / 'incidents.db'}", durable=False).close()
        self.shelf = Shelf(directory)

    def close_up_to(self, closed: int) -> None:
        """Say that every bucket before this is closed."""
        row = PartitionRow(1, closed, closed, closed, {}, [], ListeningState())
        with self.log.transaction():
            self.log.commit_fold(1, row, [], [], 0, [], [])

    def done(self) -> None:
        """Close everything."""
        self.shelf.close()
        self.table.close()
        self.log.close()


def record(chance: Random, brand: str, start: int) -> BucketRecord:
    """A minute in which up to nine people say something."""
    voices = chance.randint(1, 9)
    negative = chance.randint(0, voices)
    seen = Observation(
        voices, voices, voices, negative, negative, negative, voices, 0, 0, 0, 100 * voices,
        {"microblog": voices, "forum": 1}, {"en": voices, "nl": 1}, {"post": voices, "reply": 1},
        {"hook": negative},
    )  # fmt: skip
    usual = Usual(
        chance.uniform(3, 6), 3.3, chance.uniform(0.5, 1.5), 2.1, chance.uniform(0.15, 0.25), 37.0,
        10 * DAY,
    )  # fmt: skip
    return BucketRecord(
        VERSION, brand, start, MINUTE, 1, BucketState.KNOWN, seen, READINGS, pack_usual(usual)
    )


def timed(name: str, note: str, work: Callable[[], object], times: int = 1) -> Figure:
    """The least CPU time of some runs, in ms."""
    spent = []
    for _ in range(times):
        bands.count_band.cache_clear()
        bands.share_band.cache_clear()
        with Watch() as watch:
            work()
        spent.append(watch.spent.cpu)
    return Figure(name, min(spent) * 1000, "ms", note=note)


def situation(desk: Desk, number: int) -> Iterator[Figure]:
    """The first look at so many brands, and one a minute later."""
    chance = Random(1)  # made-up buckets, no secret
    density = DENSITY.get(number, 0.1)
    brands = [f"Brand {each}" for each in range(number)]
    for brand in brands:
        minutes = [each for each in range(1_440) if chance.random() < density]
        desk.table.take((record(chance, brand, T0 + each * MINUTE) for each in minutes), 1)
    desk.close_up_to(T0 + DAY)
    view = SituationView(Policy(), DAY, brands)
    with desk.shelf.open() as books:
        note = f"a day each, {density:.0%} of minutes"
        yield timed(f"situation of {number:,}, first", note, lambda: view.read(books, T0 + DAY))
        yield timed(
            f"situation of {number:,}, nothing new", note, lambda: view.read(books, T0 + DAY)
        )
        now = T0 + DAY
        said = [record(chance, brand, now) for brand in brands if chance.random() < density]
        desk.table.take(said, 1)
        desk.close_up_to(now + MINUTE)
        yield timed(
            f"situation of {number:,}, a minute on", note, lambda: view.read(books, now + MINUTE)
        )


def over_time(desk: Desk) -> Iterator[Figure]:
    """One dense brand over 24 hours, 7 days and 30 days."""
    chance = Random(2)  # as above
    end = T0 + 30 * DAY
    minutes = range(T0, end, MINUTE)
    desk.table.take((record(chance, "Dense", each) for each in minutes), 1)
    desk.close_up_to(end)
    with desk.shelf.open() as books:
        for days in (1, 7, 30):
            yield from _over(books, days, end)


def _over(books: Books, days: int, end: int) -> Iterator[Figure]:
    start = end - days * DAY
    note = f"{days * 1_440:,} buckets"
    yield timed(f"series, {days} d", note, lambda: read_series(books, "Dense", start, end), 3)
    yield timed(
        f"series with lanes, {days} d",
        note,
        lambda: read_series(books, "Dense", start, end, lanes=True),
        3,
    )
    yield timed(f"talk, {days} d", note, lambda: read_talk(books, "Dense", start, end), 3)


def measured(numbers: list[int]) -> list[Figure]:
    """All figures."""
    figures: list[Figure] = []
    for number in [*numbers, 0]:
        say(f"views: {number:,} brands" if number else "views: one brand over time")
        with tempfile.TemporaryDirectory(prefix="crisis-monitor-bench-") as folder:
            desk = Desk(Path(folder))
            figures += situation(desk, number) if number else over_time(desk)
            desk.done()
    return figures


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.views", description=__doc__)
    parser.add_argument("--brands", default="300,5000", help="numbers of brands, with commas")
    parser.add_argument("--format", choices=["text", "json"], default="text")
    options = parser.parse_args()
    numbers = [int(each) for each in options.brands.split(",")]
    show(measured(numbers), as_json=options.format == "json")


if __name__ == "__main__":
    main()
