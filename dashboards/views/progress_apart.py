"""How far detection is where it works apart: told by the positions of those who fill the stores."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

import msgspec

from dashboards.views.progress import UNREAD, Behind, Closed, Reached
from pipeline.errors import PipelineError
from pipeline.log import LogKind
from pipeline.stores.feeds import JUDGED, REJECTED, SIGNALS, Position

if TYPE_CHECKING:
    from dashboards.views.books import Books
    from pipeline.folding.brand import BrandRow
    from pipeline.settings import Settings


NUMBERED = 6
"""Partitions named in one sentence."""


class Road(msgspec.Struct, frozen=True):
    """What has to be known of the road beside which the stores stand.

    `partitions` is how many its topics have, 0: as many as were ever heard of. `bucket` and
    `lateness` are ms.
    """

    kind: LogKind
    partitions: int
    bucket: int
    lateness: int

    @classmethod
    def of(cls, settings: "Settings") -> "Road":
        """The road of these settings."""
        kafka, detection = settings.kafka, settings.detection()
        lateness = 0 if kafka.time is LogKind.EVENT else detection.allowed_lateness
        partitions = kafka.partitions if kafka.configured else 0
        return cls(kafka.time, partitions, detection.bucket, lateness)

    def closed(self, time: int | None) -> int | None:
        """The end of the last bucket that is closed when time has come so far."""
        if time is None:
            return None
        end = time - self.lateness
        return end - end % self.bucket


def numbered(partitions: Iterable[int]) -> str:
    """Name partitions as a person would, some of many.

    >>> numbered([2]), numbered([0, 3]), numbered(range(9))
    ('partition 2', 'partitions 0, 3', 'partitions 0, 1, 2, 3, 4, 5 and 3 more')
    """
    numbers = [str(each) for each in sorted(partitions)]
    more = f" and {len(numbers) - NUMBERED} more" if len(numbers) > NUMBERED else ""
    return f"partition{'s' * (len(numbers) > 1)} {', '.join(numbers[:NUMBERED])}{more}"


class ProgressApart:
    """The progress of workers elsewhere; each partition goes on by itself.

    A partition's buckets and its time are kept in one transaction, so what is closed is whole.
    """

    def __init__(self, road: Road, books: "Books") -> None:
        self.road = road
        self._books = books

    @property
    def event_mode(self) -> bool:
        """As `Progress` says."""
        return self.road.kind is LogKind.EVENT

    def positions(self) -> dict[int, Position]:
        """How far the signals of every partition were kept; one not heard of yet has no time."""
        found = self._books.buckets.feeds.positions(SIGNALS)
        count = self.road.partitions or max(found, default=-1) + 1
        return {number: Position() for number in range(count)} | found

    @property
    def time(self) -> int | None:
        """As `Progress` says: the least of the partitions'."""
        times = [each.time for each in self.positions().values()]
        known = [each for each in times if each is not None]
        return min(known) if known and len(known) == len(times) else None

    def behind(self, instant: int) -> Behind | None:
        """As `Progress` says."""
        positions = self.positions()
        stand = {
            number: each.time
            for number, each in positions.items()
            if each.time is not None and each.time < instant
        }
        if not stand:
            return None
        if len(stand) == len(positions):
            return Behind(max(stand.values()))
        return Behind(min(stand.values()), f"{numbered(stand)} of {len(positions)}")

    def closed(self) -> Closed:
        """As `Progress` says."""
        positions = self.positions()
        ends = tuple(self.road.closed(positions[number].time) for number in sorted(positions))
        if self.road.partitions and len(ends) > self.road.partitions:
            return Closed((Closed(ends).everywhere,))  # nobody knows whose partition is which
        return Closed(ends)

    def reached(self) -> Reached:
        """As `Progress` says; never an error."""
        try:
            signals = self.positions().values()
            judged = self._books.mentions.feeds.positions(JUDGED).values()
        except PipelineError as problem:
            return Reached(UNREAD, UNREAD, UNREAD, (str(problem),))
        return Reached(
            sum(closed // self.road.bucket for closed in map(self._end, signals) if closed),
            sum(each.offset + 1 for each in judged),
            sum(each.offset + 1 for each in signals),
        )

    def _end(self, position: Position) -> int | None:
        return self.road.closed(position.time)

    def mentions_wait(self) -> bool:
        """As `Progress` says: what waits in the topics is not known to the stores."""
        return False

    def learnt(self) -> "dict[str, BrandRow] | None":
        """As `Progress` says: the workers have it, not the stores."""
        return None

    def read_up_to(self) -> dict[str, dict[int, Position]]:
        """How far the mention store and the dead letters were read, by log and partition."""
        feeds = self._books.mentions.feeds
        return {log: feeds.positions(log) for log in (JUDGED, REJECTED)}

    def close(self) -> None:
        """As `Progress` says: it has no connections of its own."""
