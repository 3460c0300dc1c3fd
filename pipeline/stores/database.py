"""mentions.db: judged mentions, buckets and what was rejected, and how far their readers are.

The same tables in a SQLite file and in PostgreSQL.
"""

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from pipeline.errors import LogMismatch, LogUnavailable
from pipeline.stores.dialect import Dialect
from pipeline.stores.feeds import Feeds, Position
from pipeline.stores.place import Place, place_of
from pipeline.stores.sql import Sql, open_sql

SCHEMA_VERSION = 2


def _tables(dialect: Dialect) -> tuple[str, ...]:
    number, small, counted = dialect.number, dialect.small, dialect.counted
    octets, by_key = dialect.octets, dialect.by_key
    return (
        f"CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL){by_key}",
        f"CREATE TABLE brands (id {counted}, name TEXT NOT NULL UNIQUE)",
        f"""CREATE TABLE mentions (
  seq {counted}, brand INTEGER NOT NULL, event_time {number} NOT NULL,
  key {number} NOT NULL, label {small} NOT NULL, flags {small} NOT NULL, body {octets} NOT NULL)""",
        "CREATE INDEX mentions_by_time ON mentions (brand, event_time)"
        if by_key
        else "CREATE INDEX mentions_by_time ON mentions (brand, event_time, seq)",
        "CREATE INDEX mentions_by_key ON mentions (key)",
        f"""CREATE TABLE buckets (
  brand INTEGER NOT NULL, start {number} NOT NULL, length {number} NOT NULL,
  count {number} NOT NULL, body {octets} NOT NULL, PRIMARY KEY (brand, start)){by_key}""",
    )


def _added(dialect: Dialect) -> tuple[str, ...]:
    """Give what is new since the first version; older files get it when opened for writing."""
    number, counted = dialect.number, dialect.counted
    octets, by_key = dialect.octets, dialect.by_key
    return (
        (
            "CREATE INDEX IF NOT EXISTS mentions_late ON mentions (brand, event_time) "
            f"WHERE {late(dialect)}"
        ),
        f"""CREATE TABLE IF NOT EXISTS feeds (
  log TEXT NOT NULL, partition INTEGER NOT NULL, "offset" {number} NOT NULL,
  origin {number} NOT NULL, time {number}, PRIMARY KEY (log, partition)){by_key}""",
        f"""CREATE TABLE IF NOT EXISTS rejected (
  id TEXT PRIMARY KEY, at {number} NOT NULL, reason TEXT NOT NULL, origin TEXT NOT NULL,
  detail TEXT NOT NULL, source TEXT NOT NULL, raw {octets} NOT NULL, replayed TEXT,
  topic TEXT NOT NULL, partition INTEGER NOT NULL, "offset" {number} NOT NULL){by_key}""",
        "CREATE INDEX IF NOT EXISTS rejected_by_time ON rejected (at)",
        f"""CREATE TABLE IF NOT EXISTS settings_changes (
  {"" if by_key else f"number {counted}, "}at {number} NOT NULL, version TEXT NOT NULL,
  what TEXT NOT NULL, document TEXT NOT NULL)""",
    )


def late(dialect: Dialect) -> str:
    """The condition of the index of late mentions; it stands in queries word for word."""
    return f"(flags & 8){dialect.is_set}" if dialect.is_set else "flags & 8"


def open_database(place: Path | Place, *, read_only: bool = False, durable: bool = True) -> Sql:
    """Open mentions.db or the database, made when missing; several programs may write, briefly."""
    db = open_sql(place_of(place), read_only=read_only, durable=durable)
    try:
        with db.told():
            made = db.has_table("meta")
            ready = made and _check_version(db) == SCHEMA_VERSION
        if read_only:
            _check_made(db, made=made)
        if not read_only and (not ready or not db.dialect.alone):
            with db.transaction():
                if db.dialect.alone:
                    db.execute(db.dialect.alone)
                _make(db)
    except BaseException:
        db.close()
        raise
    return db


def _check_made(db: Sql, *, made: bool) -> None:
    if not made:
        raise LogUnavailable(
            f"{db.where} has no tables of mentions and buckets yet: start what fills them "
            "(`crisis-monitor run` or `crisis-monitor alerter`), or name the right place"
        )


def _make(db: Sql) -> None:
    """Make the tables, or give those of before what is new; inside a transaction."""
    if not db.has_table("meta"):
        for statement in _tables(db.dialect):
            db.execute(statement)
        db.execute("INSERT INTO meta VALUES ('version', ?)", (str(SCHEMA_VERSION),))
    _check_version(db)
    for statement in _added(db.dialect):
        db.execute(statement)
    if db.has_table("offsets"):
        db.execute('INSERT INTO feeds SELECT log, 0, "offset", -1, NULL FROM offsets')
        db.execute("DROP TABLE offsets")
    db.execute("UPDATE meta SET value = ? WHERE key = 'version'", (str(SCHEMA_VERSION),))


def _check_version(db: Sql) -> int:
    (version,) = db.execute("SELECT value FROM meta WHERE key = 'version'").fetchone()
    if int(version) > SCHEMA_VERSION:
        raise LogMismatch(f"{db.where} was made by a newer version of this program: upgrade it")
    return int(version)


class BrandNumbers:
    """Small numbers for brands' names, so that rows stay short."""

    def __init__(self, db: Sql) -> None:
        self._db = db
        self._numbers: dict[str, int] = {}

    def number_all(self, names: Iterable[str]) -> None:
        """Give every brand a number; inside a transaction.

        In the order of their names, so that two writers never wait for one another in a ring.
        """
        for name in sorted(set(names)):
            self.number(name)

    def number(self, name: str) -> int:
        """The brand's number, made when it has none; inside a transaction."""
        known = self.find(name)
        if known is None:
            self._db.execute(
                "INSERT INTO brands (name) VALUES (?) ON CONFLICT (name) DO NOTHING", (name,)
            )
            known = self.find(name)
            if known is None:
                raise LogMismatch(f"the brand {name!r} has no number")
        return known

    def forget(self) -> None:
        """Forget what a rolled-back transaction may have undone."""
        self._numbers = {}

    def find(self, name: str) -> int | None:
        """The brand's number, None for a brand never met."""
        known = self._numbers.get(name)
        if known is None:
            row = self._db.execute("SELECT id FROM brands WHERE name = ?", (name,)).fetchone()
            if row is None:
                return None
            known = self._numbers[name] = int(row[0])
        return known


class LogReader:
    """A table that one log is read into; how far it was read moves with what was read.

    However often, and by however many processes, a partition is read: each record is applied
    once. Whoever comes second with a record finds it applied and leaves it.
    """

    LOG = ""
    """The log it reads."""

    def __init__(
        self, place: Path | Place, *, read_only: bool = False, durable: bool = True
    ) -> None:
        self._db = open_database(place, read_only=read_only, durable=durable)
        self.where = self._db.where
        self.feeds = Feeds(self._db)
        self._brands = BrandNumbers(self._db)

    def close(self) -> None:
        """Let the connection go."""
        self._db.close()

    @property
    def offset(self) -> int:
        """Up to where its log has been read, where it has one partition; 0: nothing yet."""
        return max(0, self.position().offset)

    def position(self, partition: int = 0) -> Position:
        """How far one partition of its log was applied."""
        return self.feeds.position(self.LOG, partition)

    def positions(self) -> dict[int, Position]:
        """Every partition of its log that was ever read, and how far."""
        return self.feeds.positions(self.LOG)

    def check_in_place(self) -> None:
        """Raise LogGone when the database is no longer the one that was opened."""
        self._db.check_in_place()

    def check_belongs(self, end: int, partition: int = 0) -> None:
        """Raise LogMismatch when it has read further than its log's end."""
        if self.position(partition).offset > end:
            raise LogMismatch(
                f"{self.where} has read further than the {self.LOG} log reaches, so it belongs to "
                "another log; bring both back from one backup, or move it away to begin anew"
            )

    def snapshot(self) -> AbstractContextManager[None]:
        """Let every query inside see the same instant."""
        return self._db.snapshot()

    def brands(self) -> list[str]:
        """Every brand that has a bucket or a mention."""
        with self._db.told():
            return sorted(name for (name,) in self._db.execute("SELECT name FROM brands"))

    @contextmanager
    def _applying(
        self, partition: int, offset: int, origin: int, time: int | None
    ) -> Iterator[Position]:
        """Keep what is written inside and the position in one transaction, or nothing.

        Gives how far the partition was applied before.
        """
        self.check_in_place()
        try:
            with self._db.transaction():
                before = self.feeds.held(self.LOG, partition)
                yield before
                reached = before.past(offset, origin, time)
                if reached != before:
                    self.feeds.move(self.LOG, partition, reached)
        except BaseException:
            self._brands.forget()
            raise
