"""Where the topics of the road end: each record applied once, to the store that it is for."""

import threading
from collections.abc import Callable, Sequence
from typing import Generic, Protocol, TypeVar

from alerts.alerter import Alerter
from alerts.feed import FeedRecord, TimePassed
from alerts.store import IncidentStore
from pipeline.metrics.registry import Metrics, Stage
from pipeline.stores.buckets import BucketTable
from pipeline.stores.mentions import MentionStore
from pipeline.stores.rejected import RejectedStore
from pipeline.wire import (
    BucketRecord,
    DeadLetter,
    JudgedEnvelope,
    SignalRecord,
    SignalsEnvelope,
    TimeRecord,
)

Record = TypeVar("Record", contravariant=True)  # noqa: PLC0105  # as it reads
Decoded = TypeVar("Decoded")


class Sink(Protocol[Record]):
    """What a topic is read into; used by the thread of its reader alone.

    How far it has read is kept with what it read, in one transaction, so it never lies.
    """

    def behind(self, partition: int) -> int:
        """The offset of a partition's last record applied, -1 where there is none."""
        ...

    def take(self, partition: int, records: Sequence[tuple[int, Record]], read_to: int) -> None:
        """Apply records with their offsets, all behind `behind`, and note that all were read.

        `read_to` is the offset read up to, also where the last are missing here because nobody
        could read them.
        """
        ...


class IncidentSink:
    """Signals and time into the incident store.

    `turn` is held while the alerter is used; `check` raises where the log is not of the kind it
    is read as, before anybody is told anything.
    """

    def __init__(  # noqa: PLR0913  # what applying a signal touches, each replaceable
        self,
        alerter: Alerter,
        store: IncidentStore,
        read_now: Callable[[], int],
        turn: threading.Lock,
        *,
        event_mode: bool,
        check: Callable[[], None] = lambda: None,
    ) -> None:
        self._check = check
        self._alerter = alerter
        self._store = store
        self._read_now = read_now
        self._turn = turn
        self._event_mode = event_mode

    def behind(self, partition: int) -> int:
        """By the clock what is on disk; in event mode what is held in memory counts, too."""
        if self._event_mode:
            with self._turn:
                return self._alerter.wanted_behind(partition)
        with self._store.read() as view:
            return view.position(partition).offset

    def take(
        self, partition: int, records: Sequence[tuple[int, SignalsEnvelope]], read_to: int
    ) -> None:
        """Apply signals; buckets are of no concern here."""
        self._check()
        found: list[tuple[int, FeedRecord]] = []
        for offset, envelope in records:
            for record in envelope.records:
                match record:
                    case SignalRecord(signal=signal):
                        found.append((offset, signal))
                    case TimeRecord(time=time):
                        found.append((offset, TimePassed(time)))
        with self._turn:
            self._alerter.apply(found, self._read_now(), partition=partition, read_to=read_to)


class BucketSink:
    """Closed buckets into their table."""

    def __init__(self, table: BucketTable) -> None:
        self._table = table

    def behind(self, partition: int) -> int:
        """What the table has read."""
        return self._table.position(partition).offset

    def take(
        self, partition: int, records: Sequence[tuple[int, SignalsEnvelope]], read_to: int
    ) -> None:
        """Keep buckets; of one said twice the last."""
        said = [record for _, envelope in records for record in envelope.records]
        times = [record.time for record in said if isinstance(record, TimeRecord)]
        self._table.check_in_place()
        self._table.take(
            {
                (record.brand, record.start): record
                for record in said
                if isinstance(record, BucketRecord)
            }.values(),
            read_to,
            partition=partition,
            origin=max((envelope.origin for _, envelope in records), default=-1),
            time=max(times, default=None),
        )


class MentionSink:
    """Judged mentions into their store."""

    def __init__(self, store: MentionStore, metrics: Metrics) -> None:
        self._store = store
        self._metrics = metrics

    def behind(self, partition: int) -> int:
        """What the store has read."""
        return self._store.position(partition).offset

    def take(
        self, partition: int, records: Sequence[tuple[int, JudgedEnvelope]], read_to: int
    ) -> None:
        """Keep mentions; those of an envelope that was said before are passed over."""
        self._store.check_in_place()
        kept = self._store.take([envelope for _, envelope in records], read_to, partition=partition)
        self._metrics.passed(Stage.STORED, kept)


class RejectedSink:
    """Dead letters into their table."""

    def __init__(self, store: RejectedStore) -> None:
        self._store = store

    def behind(self, partition: int) -> int:
        """What the table has read."""
        return self._store.position(partition).offset

    def take(self, partition: int, records: Sequence[tuple[int, DeadLetter]], read_to: int) -> None:
        """Keep what is new."""
        self._store.check_in_place()
        self._store.take([letter for _, letter in records], read_to, partition=partition)


class Feed(Generic[Decoded]):
    """A topic, how its records are read, and what they are read into."""

    def __init__(
        self, name: str, topic: str, decode: Callable[[bytes], Decoded], *sinks: Sink[Decoded]
    ) -> None:
        self.name = name
        self.topic = topic
        self.decode = decode
        self.sinks = sinks
