"""A data directory whose buckets, closed time and incidents a test says itself."""

from collections.abc import Iterable
from pathlib import Path

from alerts.store import IncidentStore, open_store
from dashboards.views.books import Books
from detectors.observation import BucketState, Observation
from detectors.usual import Usual
from pipeline.folding.listening import ListeningState
from pipeline.folding.records import PartitionRow
from pipeline.log import LogKind, SqliteLog
from pipeline.stores import BucketTable, MentionStore
from pipeline.wire import VERSION, BucketRecord, pack_usual

MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
T0 = 1_772_323_200_000  # Sunday 1 March 2026, 00:00 UTC
ASIDE = 1
"""A partition the log does not have."""
USUAL = Usual(2.0, 3.0, 0.5, 2.0, 0.25, 40.0, 2 * DAY)


def bucket(
    minute: int,
    voices: int = 0,
    negatives: int = 0,
    *,
    brand: str = "B",
    state: BucketState = BucketState.KNOWN,
    count: int = 1,
    usual: Usual | None = USUAL,
    delayed: int = 0,
) -> BucketRecord:
    """A minute's record: every voice is judged and is one mention in the forum."""
    seen = Observation(
        mentions=voices,
        unique=voices,
        voices=voices,
        negative=negatives,
        negative_unique=negatives,
        negative_voices=negatives,
        scored_voices=voices,
        delayed=delayed,
        by_channel={"forum": voices} if voices else {},
        by_language={"en": voices} if voices else {},
        by_kind={"post": voices} if voices else {},
    )
    return BucketRecord(
        VERSION,
        brand,
        T0 + minute * MINUTE,
        MINUTE,
        count,
        state,
        seen,
        [],
        () if usual is None else pack_usual(usual),
    )


class Shelved:
    """The stores of a directory, written by the test and read through `books`."""

    def __init__(self, directory: Path) -> None:
        self.log = SqliteLog.open(directory, LogKind.CLOCK, durable=False)
        self.buckets = BucketTable(directory, durable=False)
        self.mentions = MentionStore(directory, durable=False)
        self.incidents: IncidentStore = open_store(
            f"sqlite:///{directory / 'incidents.db'}", durable=False
        )
        self._kept = 0
        self.books = Books(directory, self.incidents)

    def keep(self, *records: BucketRecord) -> None:
        """Keep closed buckets, without moving how far the log was read."""
        self._kept += 1
        self.buckets.take(records, self._kept, partition=ASIDE)

    def close_up_to(self, minute: int, unread: Iterable[BucketRecord] = ()) -> None:
        """Say that detection has closed every bucket before this minute."""
        closed = T0 + minute * MINUTE
        row = PartitionRow(1, closed + MINUTE, closed + MINUTE, closed, {}, [], ListeningState())
        with self.log.transaction():
            self.log.commit_fold(0, row, [], [], 0, unread, [])

    def done(self) -> None:
        """Close everything."""
        self.books.close()
        self.incidents.close()
        self.mentions.close()
        self.buckets.close()
        self.log.close()
