"""How long after the first complaints a page came: `python -m tests.bench.onsets DIR --zone ZONE`.

DIR is what `backtest --keep DIR` left. Complaints begin with the first negative voice of the
unbroken run of half hours before the opening of which each had more negative voices than the
detectors held for usual then (`--times`: so many times as many, or more). Slow crises have no one
beginning, so the figure for 2 stands beside that for 1.
"""

import argparse
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from dashboards.views.books import Books, Shelf
from detectors.reading import Rule
from pipeline.wire import BucketRecord, unpack_usual

HALF_HOUR = 30 * 60_000


def more_than_usual(records: list[BucketRecord], times: float) -> bool:
    """Whether half an hour had so many times the usual negative voices."""
    usual = [found for each in records if (found := unpack_usual(each.usual)) is not None]
    if not usual:
        return False
    expected = 30 * sum(each.negatives for each in usual) / len(usual)
    return negatives(records) >= times * expected


def negatives(records: list[BucketRecord]) -> int:
    return sum(each.observation.negative_voices for each in records)


def onset(books: Books, brand: str, opened: int, times: float) -> tuple[int, int]:
    """When complaints began (ms), and how many negative voices there were up to the opening."""
    start = opened
    while more_than_usual(books.buckets.between(brand, start - HALF_HOUR, start), times):
        start -= HALF_HOUR
    run = books.buckets.between(brand, start, opened)
    first = next((each.start for each in run if each.observation.negative_voices), opened)
    return first, negatives(run)


def lines(directory: Path, zone: ZoneInfo) -> Iterator[str]:
    shelf = Shelf(directory)
    with shelf.open() as books, books.incidents.read() as view:
        for each in reversed(view.incidents()):
            if each.rule is not Rule.NEGATIVE_SURGE:
                continue
            at = each.opened_at
            told = f"{each.brand}, opened {datetime.fromtimestamp(at / 1000, zone):%d %b %H:%M}"
            for times in (1.0, 2.0):
                first, voices = onset(books, each.brand, at, times)
                clock = datetime.fromtimestamp(first / 1000, zone)
                told += (
                    f"; {times:g} x the usual: since {clock:%H:%M}, "
                    f"{(at - first) // 60_000} min and {voices} negative voices before"
                )
            yield told
    shelf.close()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.onsets", description=__doc__)
    parser.add_argument("directory", type=Path, help="what `backtest --keep` left")
    parser.add_argument("--zone", type=ZoneInfo, default=ZoneInfo("UTC"), help="zone of the times")
    options = parser.parse_args()
    for line in lines(options.directory, options.zone):
        print(line)


if __name__ == "__main__":
    main()
