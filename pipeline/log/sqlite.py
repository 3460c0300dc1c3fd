"""The three logs with the fold's rows: log.db, written by the engine alone."""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from alerts.file_place import FilePlace
from pipeline.errors import LogCorrupt, LogGone, LogMismatch
from pipeline.folding.brand import BrandRow
from pipeline.folding.records import PartitionRow
from pipeline.folding.windows import Chunk
from pipeline.log.database import check_filled, connect, transaction, translated
from pipeline.log.kind import LogKind
from pipeline.log.rejections import Rejections
from pipeline.log.standing import LogStanding
from pipeline.wire import BucketRecord, JudgedEnvelope, SignalsRecord, TimeRecord, encode
from pipeline.writing import Appended

SCHEMA_VERSION = 1
REQUESTS_KEPT = 24 * 60 * 60_000
BUCKET, SIGNAL, TIME = 1, 2, 3
"""Kinds of the signals log's records, so that a reader can leave buckets out."""

_SCHEMA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE mentions (
  offset INTEGER PRIMARY KEY, at INTEGER NOT NULL, size INTEGER NOT NULL, body BLOB NOT NULL);
CREATE TABLE signals (offset INTEGER PRIMARY KEY, kind INTEGER NOT NULL, body BLOB NOT NULL);
CREATE TABLE judged (offset INTEGER PRIMARY KEY, body BLOB NOT NULL);
CREATE TABLE rows (brand TEXT PRIMARY KEY, body BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE chunks (
  id INTEGER PRIMARY KEY, brand TEXT NOT NULL, bucket INTEGER NOT NULL, digests BLOB NOT NULL);
CREATE INDEX chunks_by_bucket ON chunks (bucket);
CREATE TABLE partition (id INTEGER PRIMARY KEY, folded INTEGER NOT NULL, body BLOB NOT NULL);
CREATE TABLE requests (
  id TEXT PRIMARY KEY, at INTEGER NOT NULL, answer BLOB NOT NULL) WITHOUT ROWID;
CREATE INDEX requests_by_time ON requests (at);
CREATE TABLE rejected (
  id TEXT PRIMARY KEY, at INTEGER NOT NULL, reason TEXT NOT NULL, origin TEXT NOT NULL,
  detail TEXT NOT NULL, source TEXT NOT NULL, raw BLOB NOT NULL, replayed TEXT) WITHOUT ROWID;
CREATE INDEX rejected_by_time ON rejected (at);
"""


class FoldRows(msgspec.Struct, frozen=True):
    """The fold's state as last committed, with the offset it has folded."""

    folded: int
    partition: PartitionRow | None
    brands: list[tuple[BrandRow, list[Chunk]]]


_row_decoder = msgspec.msgpack.Decoder(BrandRow)
_partition_decoder = msgspec.msgpack.Decoder(PartitionRow)


class SqliteLog:
    """Append-only logs with offsets from 1, and the rows that go with a folded offset.

    Every writing method belongs inside `transaction()`. Errors are of pipeline.errors.
    """

    def __init__(self, directory: Path, connection: sqlite3.Connection) -> None:
        self.directory = directory
        self.path = directory / "log.db"
        self._db = connection
        self._place = FilePlace(self.path)
        self.rejections = Rejections(connection, self.path)
        self.standing = LogStanding(connection, self.path)
        self._next = self._end("mentions") + 1
        self._next_signal = self._end("signals") + 1
        self._next_judged = self._end("judged") + 1

    @classmethod
    def open(
        cls, directory: Path, kind: LogKind | None = None, *, durable: bool = True
    ) -> "SqliteLog":
        """Open for writing, made new when missing; mixing kinds raises LogMismatch."""
        path = directory / "log.db"
        connection = connect(path, durable=durable)
        try:
            with transaction(connection, path):
                made = connection.execute(
                    "SELECT 1 FROM sqlite_master WHERE name = 'meta'"
                ).fetchone()
                if made is None:
                    for statement in _SCHEMA.split(";\n"):
                        connection.execute(statement)
                    connection.executemany(
                        "INSERT INTO meta VALUES (?, ?)",
                        [("version", str(SCHEMA_VERSION)), ("kind", kind or LogKind.CLOCK)],
                    )
            _check_version(path, connection)
            log = cls(directory, connection)
        except BaseException:
            connection.close()
            raise
        if kind is not None and log.kind is not kind:
            found = log.kind
            log.close()
            raise LogMismatch(
                f"{path} is a log of {found} time, not of {kind} time, and the two cannot be "
                f"mixed; use --time {found}, or another directory with --data"
            )
        return log

    @classmethod
    def read(cls, directory: Path) -> "SqliteLog":
        """Open for reading, beside a running engine; LogUnavailable when there is none."""
        path = directory / "log.db"
        connection = connect(path, read_only=True)
        try:
            check_filled(path, connection)
            with translated(path):
                _check_version(path, connection)
                return cls(directory, connection)
        except BaseException:
            connection.close()
            raise

    @property
    def kind(self) -> LogKind:
        """Whether the clock or the mentions move time here."""
        return LogKind(self._meta("kind"))

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def check_in_place(self) -> None:
        """Raise LogGone when the file is no longer the one that was opened."""
        if not self._place.is_kept():
            raise LogGone(
                f"{self.path} was removed or replaced while the engine worked on it: what was "
                "accepted since is not safe. Put the file back or restore a backup, start again, "
                "and have the senders repeat what they sent since"
            )

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing, on disk when it ends; an error leaves the log as it was."""
        offsets = (self._next, self._next_signal, self._next_judged)
        try:
            with transaction(self._db, self.path):
                yield
        except BaseException:
            self._next, self._next_signal, self._next_judged = offsets
            raise

    # -- mentions --------------------------------------------------------------------------

    @property
    def end_offset(self) -> int:
        """The offset of the last record, 0 for none."""
        return self._next - 1

    def append(self, records: Iterable[Appended], at: int) -> None:
        """Append records of the mentions log."""
        rows = []
        for record in records:
            rows.append((self._next, at, record.mentions, record.body))
            self._next += 1
        self._db.executemany("INSERT INTO mentions VALUES (?, ?, ?, ?)", rows)

    def records(self, after: int, limit: int) -> list[tuple[int, bytes]]:
        """At most `limit` records behind an offset, in order."""
        with translated(self.path):
            return self._db.execute(
                "SELECT offset, body FROM mentions WHERE offset > ? ORDER BY offset LIMIT ?",
                (after, limit),
            ).fetchall()

    def records_backwards(self) -> Iterator[bytes]:
        """Every record's body from the last to the first."""
        with translated(self.path):
            for (body,) in self._db.execute("SELECT body FROM mentions ORDER BY offset DESC"):
                yield body

    def mentions_behind(self, folded: int) -> int:
        """How many mentions stand behind an offset."""
        with translated(self.path):
            (total,) = self._db.execute(
                "SELECT coalesce(sum(size), 0) FROM mentions WHERE offset > ?", (folded,)
            ).fetchone()
            return int(total)

    # -- requests ----------------------------------------------------------------------

    def answer(self, request_id: str) -> bytes | None:
        """The first answer given to this request, if it came in the last 24 h."""
        with translated(self.path):
            row = self._db.execute(
                "SELECT answer FROM requests WHERE id = ?", (request_id,)
            ).fetchone()
            return row[0] if row else None

    def keep_answer(self, request_id: str, answer: bytes, at: int) -> None:
        """Keep a request's answer beside what it wrote; forget those older than 24 h."""
        self._db.execute("DELETE FROM requests WHERE at < ?", (at - REQUESTS_KEPT,))
        self._db.execute("INSERT INTO requests VALUES (?, ?, ?)", (request_id, at, answer))

    # -- the fold --------------------------------------------------------------------------

    def commit_fold(  # noqa: PLR0913, PLR0917  # one checkpoint: everything that moves together
        self,
        folded: int,
        partition: PartitionRow,
        brands: Iterable[BrandRow],
        chunks: Iterable[tuple[str, Chunk]],
        drop_before: int,
        signals: Iterable[SignalsRecord],
        judged: Iterable[JudgedEnvelope],
    ) -> None:
        """Write outputs, rows and the folded offset: one checkpoint, in the open transaction."""
        db = self._db
        rows = []
        for record in signals:
            kind = (
                BUCKET
                if isinstance(record, BucketRecord)
                else TIME
                if isinstance(record, TimeRecord)
                else SIGNAL
            )
            rows.append((self._next_signal, kind, encode(record)))
            self._next_signal += 1
        db.executemany("INSERT INTO signals VALUES (?, ?, ?)", rows)
        bodies = []
        for envelope in judged:
            bodies.append((self._next_judged, encode(envelope)))
            self._next_judged += 1
        db.executemany("INSERT INTO judged VALUES (?, ?)", bodies)
        db.executemany(
            "INSERT OR REPLACE INTO rows VALUES (?, ?)",
            [(brand.brand, encode(brand)) for brand in brands],
        )
        db.executemany(
            "INSERT INTO chunks (brand, bucket, digests) VALUES (?, ?, ?)",
            [(brand, chunk.bucket, chunk.digests) for brand, chunk in chunks],
        )
        db.execute("DELETE FROM chunks WHERE bucket < ?", (drop_before,))
        db.execute("INSERT OR REPLACE INTO partition VALUES (0, ?, ?)", (folded, encode(partition)))

    @property
    def folded_offset(self) -> int:
        """The offset up to which the log is folded."""
        with translated(self.path):
            row = self._db.execute("SELECT folded FROM partition").fetchone()
            return int(row[0]) if row else 0

    @property
    def time(self) -> int | None:
        """How far detection is, as last committed; None before the first tick."""
        with translated(self.path):
            row = self._db.execute("SELECT body FROM partition").fetchone()
        return _partition_decoder.decode(row[0]).time if row else None

    @property
    def closed_up_to(self) -> int | None:
        """The end of the last bucket closed, as last committed; None before the first tick."""
        with translated(self.path):
            row = self._db.execute("SELECT body FROM partition").fetchone()
        return _partition_decoder.decode(row[0]).next_close if row else None

    def fold_rows(self) -> FoldRows | None:
        """The state as last committed, None for a log never folded."""
        with translated(self.path):
            self._db.execute("BEGIN")
            try:
                found = self._db.execute("SELECT folded, body FROM partition").fetchone()
                if found is None:
                    return None
                chunks: dict[str, list[Chunk]] = {}
                for brand, bucket, digests in self._db.execute(
                    "SELECT brand, bucket, digests FROM chunks ORDER BY id"
                ):
                    chunks.setdefault(brand, []).append(Chunk(bucket, digests))
                rows = self._db.execute("SELECT body FROM rows ORDER BY brand").fetchall()
            finally:
                self._db.execute("COMMIT")
        try:
            partition = _partition_decoder.decode(found[1])
            brands = [_row_decoder.decode(body) for (body,) in rows]
        except msgspec.DecodeError as error:
            raise LogCorrupt(
                f"{self.path}: the fold's rows cannot be read ({error}); they were written by "
                "another version of this program. Start that version, or begin a new directory"
            ) from error
        return FoldRows(found[0], partition, [(row, chunks.get(row.brand, [])) for row in brands])

    # -- readers of the outputs ------------------------------------------------------------

    def signals(
        self, after: int, limit: int, kinds: tuple[int, ...] = (BUCKET, SIGNAL, TIME)
    ) -> list[tuple[int, bytes]]:
        """At most `limit` records of the signals log behind an offset, of these kinds."""
        marks = ",".join("?" * len(kinds))
        with translated(self.path):
            return self._db.execute(
                f"SELECT offset, body FROM signals WHERE offset > ? AND kind IN ({marks}) "  # noqa: S608  # marks only
                "ORDER BY offset LIMIT ?",
                (after, *kinds, limit),
            ).fetchall()

    def judged(self, after: int, limit: int) -> list[tuple[int, bytes]]:
        """At most `limit` envelopes of the judged log behind an offset."""
        with translated(self.path):
            return self._db.execute(
                "SELECT offset, body FROM judged WHERE offset > ? ORDER BY offset LIMIT ?",
                (after, limit),
            ).fetchall()

    @property
    def signals_end(self) -> int:
        """The offset of the last record of the signals log."""
        return self._end("signals")

    @property
    def judged_end(self) -> int:
        """The offset of the last record of the judged log."""
        return self._end("judged")

    def drop_old(self, before: int, signals: int, judged: int) -> int:
        """Drop folded mentions appended before an instant and outputs every reader has read.

        The last record of each log stays, so that offsets never begin again.
        """
        dropped = self._db.execute(
            "DELETE FROM mentions WHERE offset < "
            "(SELECT coalesce(min(offset), 1 << 62) FROM mentions WHERE at >= ?) "
            "AND offset < ? AND offset < ?",
            (before, self.folded_offset, self.end_offset),
        ).rowcount
        self._db.execute(
            "DELETE FROM signals WHERE offset < ? AND offset < ?", (signals, self.signals_end)
        )
        self._db.execute(
            "DELETE FROM judged WHERE offset < ? AND offset < ?", (judged, self.judged_end)
        )
        return dropped

    def _meta(self, key: str) -> str:
        with translated(self.path):
            (value,) = self._db.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
            return str(value)

    def _end(self, table: str) -> int:
        with translated(self.path):
            (end,) = self._db.execute(f"SELECT coalesce(max(offset), 0) FROM {table}").fetchone()  # noqa: S608  # our own table names
            return int(end)


def _check_version(path: Path, connection: sqlite3.Connection) -> None:
    with translated(path):
        row = connection.execute("SELECT value FROM meta WHERE key = 'version'").fetchone()
    if row is None or int(row[0]) > SCHEMA_VERSION:
        raise LogMismatch(f"{path} was made by a newer version of this program: upgrade it")
