"""What the stores say of the whole where no engine's log is: the road on Kafka."""

import msgspec

from detectors.observation import BucketState
from pipeline.status import BrandCounts
from pipeline.stores import BucketTable, MentionStore
from pipeline.stores.feeds import JUDGED, Position
from pipeline.stores.place import Place
from pipeline.stores.rejected import RejectedStore

DAY = 24 * 60 * 60_000
MOST_BRANDS = 1_000
"""Brands whose buckets are summed up; of more only the number is told."""


class StatusApart(msgspec.Struct, frozen=True):
    """The whole in numbers, as the stores hold it.

    `time` is how far detection is in every partition (ms), None while one has none; `signals`
    and `judged` how far each partition is kept. `brands` are the sums of the day before `time`,
    of at most `MOST_BRANDS`; `brands_known` is how many there are.
    """

    time: int | None
    since: int | None
    signals: dict[int, Position]
    judged: dict[int, Position]
    brands: dict[str, BrandCounts]
    brands_known: int
    late: int
    rejected: int


def read_status_apart(place: Place, partitions: int) -> StatusApart:
    """Read how the stores stand; LogUnavailable where there are none."""
    table = BucketTable(place, read_only=True)
    mentions = MentionStore(place, read_only=True)
    letters = RejectedStore(place, read_only=True)
    try:
        signals = {number: Position() for number in range(partitions)} | table.positions()
        times = [each.time for each in signals.values()]
        known = [each for each in times if each is not None]
        time = min(known) if known and len(known) == len(times) else None
        last = max(known, default=0)
        names = table.brands()
        return StatusApart(
            time,
            last - DAY if known else None,
            signals,
            {number: Position() for number in range(partitions)} | mentions.feeds.positions(JUDGED),
            {name: _sums(table, name, last - DAY, last) for name in names[:MOST_BRANDS]},
            len(names),
            mentions.late(),
            sum(letters.by_reason().values()),
        )
    finally:
        for each in (table, mentions, letters):
            each.close()


def _sums(table: BucketTable, brand: str, start: int, end: int) -> BrandCounts:
    seen = [
        each.observation
        for each in table.figures(brand, start, end)
        if each.state is not BucketState.UNKNOWN
    ]
    return BrandCounts(
        sum(each.mentions for each in seen),
        sum(each.unique for each in seen),
        sum(each.voices for each in seen),
        sum(each.negative for each in seen),
        sum(each.own for each in seen),
    )
