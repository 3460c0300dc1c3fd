"""The stores of one place, opened for reading: what every view is a function of."""

import queue
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from alerts.errors import AlertsError
from alerts.file_place import FilePlace
from alerts.store import IncidentStore, open_store
from dashboards.views.progress import UNREAD, Closed, LogProgress, Progress
from dashboards.views.progress_apart import ProgressApart, Road
from pipeline.errors import LogUnavailable
from pipeline.log.rejections import Rejections
from pipeline.stores import BucketTable, MentionStore
from pipeline.stores.changes import ChangeTable
from pipeline.stores.place import Place, place_of
from pipeline.stores.rejected import RejectedStore
from pipeline.stores.sql import open_sql

if TYPE_CHECKING:
    from pipeline.settings import Settings

POOLED = 8
"""Sets of connections kept open between readers."""


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

    Without a road the place is an embedded engine's folder, with its log.db; with one it is what
    others fill from that road, and nothing but the stores is asked.

    Each store is opened where it is first asked for, and PipelineError or AlertsError raised
    there: one that is damaged takes no other with it. `unread` says, after `marks`, which stores
    could not be read and how to mend them.
    """

    def __init__(
        self,
        place: Path | Place,
        incidents: IncidentStore | Callable[[], IncidentStore],
        road: Road | None = None,
    ) -> None:
        self.place = place_of(place)
        self.road = road
        self._incidents = incidents
        self._files = [FilePlace(self.place.directory / name) for name in self._file_names()]
        self.unread: tuple[str, ...] = ()

    def _file_names(self) -> tuple[str, ...]:
        if self.road is None:
            return "log.db", "mentions.db"
        return ("mentions.db",) if self.place.is_sqlite else ()

    @property
    def incidents(self) -> IncidentStore:
        """The incident store."""
        return self._incidents() if callable(self._incidents) else self._incidents

    @cached_property
    def progress(self) -> Progress:
        """How far detection is."""
        if self.road is None:
            return LogProgress(self.place.directory, self)
        return ProgressApart(self.road, self)

    @cached_property
    def buckets(self) -> BucketTable:
        """The closed buckets, in mentions.db."""
        return BucketTable(self.place, read_only=True)

    @cached_property
    def mentions(self) -> MentionStore:
        """The judged mentions, in mentions.db."""
        return MentionStore(self.place, read_only=True)

    @cached_property
    def changes(self) -> ChangeTable:
        """The changes of the settings, in mentions.db."""
        return ChangeTable(self.place, read_only=True)

    @cached_property
    def dead_letters(self) -> RejectedStore:
        """What was rejected anywhere on a road apart, in mentions.db."""
        return RejectedStore(self.place, read_only=True)

    @property
    def rejections(self) -> Rejections | RejectedStore:
        """What was rejected, from the engine's log or from the dead letters."""
        if isinstance(self.progress, LogProgress):
            return self.progress.log.rejections
        return self.dead_letters

    @cached_property
    def event_mode(self) -> bool:
        """Whether the mentions move time here, not the clock."""
        return self.progress.event_mode

    @property
    def is_in_place(self) -> bool:
        """Whether the files are still those that were there at the beginning."""
        return all(place.is_kept() for place in self._files)

    def now(self, clock_now: int) -> int:
        """Tell the people's time here: an event log's own, else the clock's."""
        if self.event_mode:
            with self.incidents.read() as view:
                reached = view.last_time()
            if reached is not None:
                return reached
        return clock_now

    def database_size(self) -> int:
        """Tell how many bytes a database of PostgreSQL takes, with its indexes."""
        with closing(open_sql(self.place, read_only=True)) as sql, sql.told():
            (size,) = sql.execute("SELECT pg_database_size(current_database())").fetchone()
        return int(size)

    def brands(self) -> list[str]:
        """Every brand of which something was kept, by name."""
        return self.buckets.brands()

    def marks(self) -> Marks:
        """Tell how far the stores have come; cheap.

        Raises PipelineError where the log cannot be read, or none of the stores beside a road.
        """
        reached = self.progress.reached()
        events = outbox = UNREAD
        unread = list(reached.unread)
        try:
            with self.incidents.read() as view:
                events, outbox = view.last_event(), view.last_attempt()
        except AlertsError as problem:
            unread.append(str(problem))
        self.unread = tuple(unread)
        if reached.folded == events == UNREAD:
            raise LogUnavailable("; ".join(dict.fromkeys(unread)))
        return Marks(reached.buckets, reached.mentions, events, outbox, reached.folded)

    def closed_up_to(self, brand: str | None = None) -> int | None:
        """Up to where the bucket table is whole, of one brand or of every one; see `closed`."""
        closed = self.closed()
        return closed.everywhere if brand is None else closed.of(brand)

    def closed(self) -> Closed:
        """Up to where the bucket table is whole. Read it before the buckets: they may only grow."""
        return self.progress.closed()

    def close(self) -> None:
        """Let the connections go; the incident store belongs to the shelf."""
        for name in ("dead_letters", "changes", "mentions", "buckets", "progress"):
            opened = self.__dict__.pop(name, None)
            if opened is not None:
                opened.close()


class Shelf:
    """Hands `Books` of one place out and takes them back; thread-safe.

    A store that is missing or damaged is told of by the Books, where it is asked for.
    """

    def __init__(self, place: Path | Place, road: Road | None = None) -> None:
        self.place = place_of(place)
        self._road = road
        self._incidents: IncidentStore | None = None
        self._free: queue.SimpleQueue[Books] = queue.SimpleQueue()

    @property
    def incidents(self) -> IncidentStore:
        """The incident store, for reading and for what people do."""
        if self._incidents is None:
            self._incidents = open_store(self.place.incidents_url)
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
        return Books(self.place, lambda: self.incidents, self._road)

    def close(self) -> None:
        """Let everything go."""
        while not self._free.empty():
            self._free.get_nowait().close()
        if self._incidents is not None:
            self._incidents.close()
            self._incidents = None


def shelf_of(place: Path | Place, settings: "Settings") -> Shelf:
    """The shelf of a place as these settings have it filled.

    Where Kafka is configured, or there is no log.db, the stores alone are asked.
    """
    found = place_of(place)
    embedded = found.is_sqlite and not settings.kafka.configured
    if embedded and (found.directory / "log.db").exists():
        return Shelf(found)
    return Shelf(found, Road.of(settings))
