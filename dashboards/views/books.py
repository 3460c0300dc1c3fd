"""The stores of one data directory, opened for reading: what every view is a function of."""

import queue
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path

import msgspec

from alerts.errors import AlertsError
from alerts.file_place import FilePlace
from alerts.store import IncidentStore, open_store
from pipeline.errors import PipelineError
from pipeline.log import LogKind, SqliteLog
from pipeline.log.sqlite import BUCKET
from pipeline.stores import BucketTable, MentionStore
from pipeline.stores.changes import ChangeTable
from pipeline.wire import BucketRecord, decode_signals

POOLED = 8
"""Sets of connections kept open between readers."""


UNREAD = -1


class Marks(msgspec.Struct, frozen=True):
    """How far each store has come: two are equal exactly when there is nothing new to show.

    A store that cannot be read stands at `UNREAD`.
    """

    buckets: int
    mentions: int
    events: int
    outbox: int
    folded: int


class Books:
    """One reader's connections; not to be shared between threads at one time.

    Each store is opened where it is first asked for, and PipelineError or AlertsError raised
    there: one that is damaged takes no other with it. `unread` says, after `marks`, which stores
    could not be read and how to mend them.
    """

    def __init__(
        self, directory: Path, incidents: IncidentStore | Callable[[], IncidentStore]
    ) -> None:
        self.directory = directory
        self._incidents = incidents
        self._places = [FilePlace(directory / name) for name in ("log.db", "mentions.db")]
        self.unread: tuple[str, ...] = ()

    @property
    def incidents(self) -> IncidentStore:
        """The incident store."""
        return self._incidents() if callable(self._incidents) else self._incidents

    @cached_property
    def log(self) -> SqliteLog:
        """The engine's logs."""
        return SqliteLog.read(self.directory)

    @cached_property
    def buckets(self) -> BucketTable:
        """The closed buckets, in mentions.db."""
        return BucketTable(self.directory, read_only=True)

    @cached_property
    def mentions(self) -> MentionStore:
        """The judged mentions, in mentions.db."""
        return MentionStore(self.directory, read_only=True)

    @cached_property
    def changes(self) -> ChangeTable:
        """The changes of the settings, in mentions.db."""
        return ChangeTable(self.directory, read_only=True)

    @cached_property
    def event_mode(self) -> bool:
        """Whether the mentions move time here, not the clock."""
        return self.log.kind is LogKind.EVENT

    @property
    def is_in_place(self) -> bool:
        """Whether the files are still those that were there at the beginning."""
        return all(place.is_kept() for place in self._places)

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
        """Tell how far the stores have come; cheap. Raises PipelineError for the log alone."""
        folded = self.log.folded_offset
        buckets = mentions = events = outbox = UNREAD
        unread = []
        try:
            buckets, mentions = self.buckets.offset, self.mentions.offset
        except PipelineError as problem:
            unread.append(str(problem))
        try:
            with self.incidents.read() as view:
                events, outbox = view.last_event(), view.last_attempt()
        except AlertsError as problem:
            unread.append(str(problem))
        self.unread = tuple(unread)
        return Marks(buckets, mentions, events, outbox, folded)

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
        for name in ("changes", "mentions", "buckets", "log"):
            opened = self.__dict__.pop(name, None)
            if opened is not None:
                opened.close()


class Shelf:
    """Hands `Books` out and takes them back; thread-safe.

    A store that is missing or damaged is told of by the Books, where it is asked for.
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
        books = self._lent()
        try:
            yield books
        except BaseException:
            books.close()
            raise
        if self._free.qsize() < POOLED:
            self._free.put(books)
        else:
            books.close()

    def _lent(self) -> Books:
        with suppress(queue.Empty):
            while True:
                books = self._free.get_nowait()
                if books.is_in_place:
                    return books
                books.close()
        return Books(self.directory, lambda: self.incidents)

    def close(self) -> None:
        """Let everything go."""
        while not self._free.empty():
            self._free.get_nowait().close()
        if self._incidents is not None:
            self._incidents.close()
            self._incidents = None
