"""How far each log was read into the stores, by partition."""

import sqlite3
from collections.abc import Iterable

import msgspec

from pipeline.stores.sql import Sql

SIGNALS, JUDGED, REJECTED = "signals", "judged", "rejected"
_OF_BEFORE = """(SELECT log, 0 AS partition, "offset", -1 AS origin, NULL AS time FROM offsets)"""
"""Where files of version 1 say it; they are brought over when next opened for writing."""


class Position(msgspec.Struct, frozen=True):
    """How far one partition of a log was applied.

    `offset`: the last record applied, -1: none. `origin`: how far what was applied had come in
    the partition of the mentions log, -1: not known. `time`: the last time that passed (ms).
    """

    offset: int = -1
    origin: int = -1
    time: int | None = None

    def past(self, offset: int, origin: int, time: int | None) -> "Position":
        """The later of both in each: a position never goes back."""
        times = [each for each in (self.time, time) if each is not None]
        return Position(
            max(self.offset, offset), max(self.origin, origin), max(times) if times else None
        )


class Feeds:
    """The positions of all readers, kept beside what they read."""

    def __init__(self, db: Sql) -> None:
        self._db = db

    def position(self, log: str, partition: int = 0) -> Position:
        """How far a partition was applied."""
        return self.positions(log).get(partition, Position())

    def positions(self, log: str) -> dict[int, Position]:
        """Every partition of a log that was ever read, and how far."""
        with self._db.told():
            try:
                rows = self._rows("feeds", log)
            except sqlite3.OperationalError as error:
                if "no such table" not in str(error):
                    raise
                rows = self._rows(_OF_BEFORE, log)
        return {
            partition: Position(offset, origin, time) for partition, offset, origin, time in rows
        }

    def _rows(self, table: str, log: str) -> list[tuple[int, int, int, int | None]]:
        found: list[tuple[int, int, int, int | None]] = self._db.execute(
            f'SELECT partition, "offset", origin, time FROM {table} AS kept '  # noqa: S608  # our own names
            "WHERE log = ? ORDER BY partition",
            (log,),
        ).fetchall()
        return found

    def held(self, log: str, partition: int) -> Position:
        """How far a partition was applied; nobody else moves it until this transaction ends."""
        self._db.execute(
            "INSERT INTO feeds VALUES (?, ?, -1, -1, NULL) ON CONFLICT (log, partition) DO NOTHING",
            (log, partition),
        )
        offset, origin, time = self._db.execute(
            'SELECT "offset", origin, time FROM feeds WHERE log = ? AND partition = ?'  # noqa: S608  # our own words
            + self._db.dialect.locked,
            (log, partition),
        ).fetchone()
        return Position(offset, origin, time)

    def move(self, log: str, partition: int, reached: Position) -> None:
        """Write how far a partition held was applied."""
        self._db.execute(
            'UPDATE feeds SET "offset" = ?, origin = ?, time = ? WHERE log = ? AND partition = ?',
            (reached.offset, reached.origin, reached.time, log, partition),
        )


def closed_up_to(
    positions: dict[int, Position], partitions: Iterable[int], *, length: int, lateness: int
) -> int | None:
    """Up to where the buckets of all these partitions are whole, given those of `signals`.

    A bucket closes when time passes its end plus the allowed lateness. None while one of the
    partitions has no time yet.

    >>> kept = {0: Position(5, 9, 190_000), 1: Position(7, 9, 130_000)}
    >>> closed_up_to(kept, [0, 1], length=60_000, lateness=60_000)
    60000
    >>> closed_up_to(kept, [0, 1, 2], length=60_000, lateness=60_000)
    """
    times = [positions.get(partition, Position()).time for partition in partitions]
    known = [time for time in times if time is not None]
    if len(known) < len(times) or not known:
        return None
    closed = min(known) - lateness
    return closed - closed % length
