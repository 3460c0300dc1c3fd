"""The stores of one data directory, opened for reading: what every view is a function of."""

import queue
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import msgspec

from alerts.store import IncidentStore, open_store
from pipeline.log import LogKind, SqliteLog
from pipeline.log.sqlite import BUCKET
from pipeline.stores import BucketTable, MentionStore
from pipeline.stores.changes import ChangeTable
from pipeline.wire import BucketRecord, decode_signals

POOLED = 8
"""Sets of connections kept open between readers."""


class Marks(msgspec.Struct, frozen=True):
    """How far each store has come: two are equal exactly when there is nothing new to show."""

    buckets: int
    mentions: int
    events: int
    outbox: int
    folded: int


class Books:
    """One reader's connections; not to be shared between threads at one time."""

    def __init__(self, directory: Path, incidents: IncidentStore) -> None:
        self.directory = directory
        self.incidents = incidents
        with ExitStack() as undo:
            self.log = SqliteLog.read(directory)
            undo.callback(self.log.close)
            self.buckets = BucketTable(directory, read_only=True)
            undo.callback(self.buckets.close)
            self.mentions = MentionStore(directory, read_only=True)
            undo.callback(self.mentions.close)
            self.changes = ChangeTable(directory, read_only=True)
            undo.pop_all()
        self.event_mode = self.log.kind is LogKind.EVENT

    def now(self, clock_now: int) -> int:
        """Tell the people's time here: an event log's own, else the clock's."""
        if self.event_mode:
            with self.incidents.read() as view:
                reached = view.last_time()
            if reached is not None:
                return reached
        return clock_now

    def brands(self) -> list[str]:
        """Every brand of which something was kept, by name."""
        return self.buckets.brands()

    def marks(self) -> Marks:
        """Tell how far the stores have come; cheap."""
        with self.incidents.read() as view:
            events, outbox = view.last_event(), view.last_attempt()
        return Marks(
            self.buckets.offset, self.mentions.offset, events, outbox, self.log.folded_offset
        )

    def closed_up_to(self) -> int | None:
        """Up to where the bucket table is whole: the end of the last bucket in it, or left out.

        None before anything was folded. Read it before the buckets: they may only grow.
        """
        closed = self.log.closed_up_to
        unread = self.log.signals(self.buckets.offset, 1, (BUCKET,))
        if closed is not None and unread:
            record = decode_signals(unread[0][1])
            if isinstance(record, BucketRecord):
                return min(closed, record.start)
        return closed

    def close(self) -> None:
        """Let the connections go; the incident store belongs to the shelf."""
        self.changes.close()
        self.mentions.close()
        self.buckets.close()
        self.log.close()


class Shelf:
    """Hands `Books` out and takes them back; thread-safe.

    Raises PipelineError or AlertsError, with how to mend it, where a store is missing.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._incidents: IncidentStore | None = None
        self._free: queue.SimpleQueue[Books] = queue.SimpleQueue()

    @property
    def incidents(self) -> IncidentStore:
        """The incident store, for reading and for what people do."""
        if self._incidents is None:
            self._incidents = open_store(f"sqlite:///{self.directory / 'incidents.db'}")
        return self._incidents

    @contextmanager
    def open(self) -> Iterator[Books]:
        """Lend one set of connections; one that met an error is not used again."""
        try:
            books = self._free.get_nowait()
        except queue.Empty:
            books = Books(self.directory, self.incidents)
        try:
            yield books
        except BaseException:
            books.close()
            raise
        if self._free.qsize() < POOLED:
            self._free.put(books)
        else:
            books.close()

    def close(self) -> None:
        """Let everything go."""
        while not self._free.empty():
            self._free.get_nowait().close()
        if self._incidents is not None:
            self._incidents.close()
            self._incidents = None
