"""How far detection is, as every view asks it; and an embedded engine's, told by its log."""

from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import msgspec

from pipeline.errors import PipelineError
from pipeline.log import LogKind, SqliteLog
from pipeline.log.sqlite import BUCKET
from pipeline.placing import partition_of
from pipeline.wire import BucketRecord, decode_signals

if TYPE_CHECKING:
    from dashboards.views.books import Books
    from pipeline.folding.brand import BrandRow

UNREAD = -1
"""Where a store stands that cannot be read."""


class Reached(msgspec.Struct, frozen=True):
    """Three numbers that grow with what is closed, stored and folded; `UNREAD` where unknown.

    `unread` says of each store that cannot be read what is wrong with it.
    """

    buckets: int
    mentions: int
    folded: int
    unread: tuple[str, ...] = ()


class Closed(msgspec.Struct, frozen=True):
    """Up to where the bucket table is whole, by partition of the log; one for all brands: [it].

    None where nothing was folded yet. Read it before the buckets: they may only grow.

    >>> Closed((120_000,)).of("Acme"), Closed((120_000, 60_000)).everywhere, Closed(()).everywhere
    (120000, 60000, None)
    """

    partitions: tuple[int | None, ...]

    def of(self, brand: str) -> int | None:
        """The end of the last bucket of a brand that is in the table, or left out."""
        if not self.partitions:
            return None
        return self.partitions[partition_of(brand, len(self.partitions))]

    @property
    def everywhere(self) -> int | None:
        """The same for every brand: the least of the partitions'."""
        known = [each for each in self.partitions if each is not None]
        return min(known) if known and len(known) == len(self.partitions) else None


class Behind(msgspec.Struct, frozen=True):
    """Detection has come to `since` and no further; `where` names partitions, empty: in all."""

    since: int
    where: str = ""


class Progress(Protocol):
    """What a view asks of detection; PipelineError where it cannot be told."""

    @property
    def event_mode(self) -> bool:
        """Whether the mentions move time here, not the clock."""

    @property
    def time(self) -> int | None:
        """How far detection is in every partition; None before the first tick of one."""

    def behind(self, instant: int) -> Behind | None:
        """Tell where detection has not come to an instant, and since when; None: nowhere."""

    def closed(self) -> Closed:
        """Up to where the bucket table is whole."""

    def reached(self) -> Reached:
        """Tell how far the stores have come; cheap, and no error for what they can do without."""

    def mentions_wait(self) -> bool:
        """Whether judged mentions are known to be on their way into the mention store."""

    def learnt(self) -> "dict[str, BrandRow] | None":
        """What was learnt of each brand; None where it does not lie with the stores."""

    def close(self) -> None:
        """Let connections go."""


class LogProgress:
    """An embedded engine's progress, as its log.db tells it; PipelineError where it cannot."""

    def __init__(self, directory: Path, books: "Books") -> None:
        self.log = SqliteLog.read(directory)
        self._books = books

    @property
    def event_mode(self) -> bool:
        """As `Progress` says."""
        return self.log.kind is LogKind.EVENT

    @property
    def time(self) -> int | None:
        """As `Progress` says."""
        return self.log.time

    def behind(self, instant: int) -> Behind | None:
        """As `Progress` says."""
        time = self.time
        return None if time is None or time >= instant else Behind(time)

    def closed(self) -> Closed:
        """As `Progress` says: one partition for all brands."""
        closed = self.log.closed_up_to
        unread = self.log.signals(self._books.buckets.offset, 1, (BUCKET,))
        if closed is not None and unread:
            record = decode_signals(unread[0][1])
            if isinstance(record, BucketRecord):
                closed = min(closed, record.start)
        return Closed((closed,))

    def reached(self) -> Reached:
        """As `Progress` says; raises PipelineError for the log alone."""
        folded = self.log.folded_offset
        try:
            return Reached(self._books.buckets.offset, self._books.mentions.offset, folded)
        except PipelineError as problem:
            return Reached(UNREAD, UNREAD, folded, (str(problem),))

    def mentions_wait(self) -> bool:
        """As `Progress` says."""
        return self._books.mentions.offset < self.log.judged_end

    def learnt(self) -> "dict[str, BrandRow] | None":
        """As the fold's rows hold it; none before the first checkpoint."""
        rows = self.log.fold_rows()
        return {} if rows is None else {row.brand: row for row, _ in rows.brands}

    def close(self) -> None:
        """As `Progress` says."""
        self.log.close()
