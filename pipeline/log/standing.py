"""How a log stands: what waits in it, what its writers said last; read beside a running engine."""

import sqlite3
from pathlib import Path

import msgspec

from pipeline.errors import LogCorrupt
from pipeline.folding.records import PartitionRow
from pipeline.log.database import translated
from pipeline.wire import Tick, WireError, decode_mentions

MOST_LOOKED_AT = 30_000
"""Records from the end among which ticks are looked for."""
MOST_COUNTED = 100_000
"""Records counted one by one; more are only known to be more."""

_decoder = msgspec.msgpack.Decoder(PartitionRow)


class Waiting(msgspec.Struct, frozen=True):
    """What stands behind an offset: records, mentions in them, when the oldest was appended."""

    records: int = 0
    mentions: int = 0
    oldest_at: int | None = None


class LogStanding:
    """One log's own account of itself; reads little, whatever the log's length."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._db = connection
        self._path = path

    def partition(self) -> PartitionRow | None:
        """The partition's row as last committed; None before the first checkpoint."""
        with translated(self._path):
            row = self._db.execute("SELECT body FROM partition").fetchone()
        if row is None:
            return None
        try:
            return _decoder.decode(row[0])
        except msgspec.DecodeError as error:
            raise LogCorrupt(
                f"{self._path}: the partition's row cannot be read ({error}); it was written by "
                "another version of this program"
            ) from error

    def unfolded(self) -> Waiting:
        """What is in the log and not folded yet."""
        with translated(self._path):
            end, folded = self._db.execute(
                "SELECT (SELECT coalesce(max(offset), 0) FROM mentions), "
                "(SELECT coalesce(max(folded), 0) FROM partition)"
            ).fetchone()
            if end <= folded:
                return Waiting()
            mentions, oldest = self._db.execute(
                "SELECT coalesce(sum(size), 0), (SELECT at FROM mentions WHERE offset > ? AND "
                "size > 0 ORDER BY offset LIMIT 1) FROM mentions WHERE offset > ?",
                (folded, folded),
            ).fetchone()
        return Waiting(end - folded, mentions, oldest)

    def signals_behind(self, offset: int, kinds: tuple[int, ...]) -> int:
        """How many records of these kinds a reader of the signals log has yet to read.

        At most `MOST_COUNTED`.
        """
        marks = ",".join("?" * len(kinds))
        with translated(self._path):
            (count,) = self._db.execute(
                "SELECT count(*) FROM (SELECT 1 FROM signals WHERE offset > ? "  # noqa: S608  # marks only
                f"AND kind IN ({marks}) LIMIT ?)",
                (offset, *kinds, MOST_COUNTED),
            ).fetchone()
        return int(count)

    def judged_behind(self, offset: int) -> int:
        """How many envelopes of judged mentions the mention store has yet to read."""
        with translated(self._path):
            (end,) = self._db.execute("SELECT coalesce(max(offset), 0) FROM judged").fetchone()
        return max(0, int(end) - offset)

    def ticks(self, since: int, most: int = 5_000) -> list[Tick]:
        """The writers' last ticks of after an instant, newest first; at most `most`.

        Looked for among the last `MOST_LOOKED_AT` records.
        """
        found: list[Tick] = []
        with translated(self._path):
            rows = self._db.execute(
                "SELECT body FROM mentions WHERE size = 0 AND offset > "
                "(SELECT coalesce(max(offset), 0) FROM mentions) - ? ORDER BY offset DESC LIMIT ?",
                (MOST_LOOKED_AT, most),
            )
            for (body,) in rows:
                try:
                    record = decode_mentions(body)
                except WireError:
                    continue
                if isinstance(record, Tick):
                    if record.time <= since:
                        break
                    found.append(record)
        return found
