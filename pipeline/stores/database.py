"""mentions.db: judged mentions and the bucket table, and how far their readers have read."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alerts.file_place import FilePlace
from pipeline.errors import LogGone, LogMismatch
from pipeline.log.database import check_filled, connect, transaction, translated

SCHEMA_VERSION = 1
_SCHEMA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE offsets (log TEXT PRIMARY KEY, offset INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE brands (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE mentions (
  seq INTEGER PRIMARY KEY, brand INTEGER NOT NULL, event_time INTEGER NOT NULL,
  key INTEGER NOT NULL, label INTEGER NOT NULL, flags INTEGER NOT NULL, body BLOB NOT NULL);
CREATE INDEX mentions_by_time ON mentions (brand, event_time);
CREATE INDEX mentions_by_key ON mentions (key);
CREATE TABLE buckets (
  brand INTEGER NOT NULL, start INTEGER NOT NULL, length INTEGER NOT NULL,
  count INTEGER NOT NULL, body BLOB NOT NULL, PRIMARY KEY (brand, start)) WITHOUT ROWID;
"""


_ADDED = (
    "CREATE INDEX IF NOT EXISTS mentions_late ON mentions (brand, event_time) WHERE flags & 8",
    """CREATE TABLE IF NOT EXISTS settings_changes (
  at INTEGER NOT NULL, version TEXT NOT NULL, what TEXT NOT NULL, document TEXT NOT NULL)""",
)
"""What older files are given when next opened for writing; older programs do not mind it."""


def open_database(
    directory: Path, *, read_only: bool = False, durable: bool = True
) -> sqlite3.Connection:
    """Open mentions.db, made when missing; several programs may write, each briefly."""
    path = directory / "mentions.db"
    connection = connect(path, read_only=read_only, durable=durable)
    try:
        if read_only:
            check_filled(path, connection)
        else:
            with transaction(connection, path):
                if not connection.execute(
                    "SELECT 1 FROM sqlite_master WHERE name = 'meta'"
                ).fetchone():
                    for statement in _SCHEMA.split(";\n"):
                        connection.execute(statement)
                    connection.execute(
                        "INSERT INTO meta VALUES ('version', ?)", (str(SCHEMA_VERSION),)
                    )
                for statement in _ADDED:
                    connection.execute(statement)
        with translated(path):
            _check_version(path, connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _check_version(path: Path, connection: sqlite3.Connection) -> None:
    (version,) = connection.execute("SELECT value FROM meta WHERE key = 'version'").fetchone()
    if int(version) > SCHEMA_VERSION:
        raise LogMismatch(f"{path} was made by a newer version of this program: upgrade it")


class BrandNumbers:
    """Small numbers for brands' names, so that rows stay short."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection
        self._numbers: dict[str, int] = {}

    def number(self, name: str) -> int:
        """The brand's number, made when it has none; inside a transaction."""
        known = self._numbers.get(name)
        if known is None:
            self._db.execute("INSERT OR IGNORE INTO brands (name) VALUES (?)", (name,))
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
    """A table of mentions.db that one log is read into; its offset moves with what was read."""

    LOG = ""
    """The log it reads."""

    def __init__(self, directory: Path, *, read_only: bool = False, durable: bool = True) -> None:
        self.path = directory / "mentions.db"
        self._db = open_database(directory, read_only=read_only, durable=durable)
        self._place = FilePlace(self.path)
        self._brands = BrandNumbers(self._db)

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    @property
    def offset(self) -> int:
        """Up to where its log has been read."""
        with translated(self.path):
            row = self._db.execute(
                "SELECT offset FROM offsets WHERE log = ?", (self.LOG,)
            ).fetchone()
        return int(row[0]) if row else 0

    def check_in_place(self) -> None:
        """Raise LogGone when the file is no longer the one that was opened."""
        if not self._place.is_kept():
            raise LogGone(
                f"{self.path} was removed or replaced while the monitor worked on it: no text and "
                "no number is kept any more. Put the file back or restore a backup, and start "
                "again; incidents and messages go on meanwhile"
            )

    def check_belongs(self, end: int) -> None:
        """Raise LogMismatch when it has read further than its log's end."""
        if self.offset > end:
            raise LogMismatch(
                f"{self.path} has read further than the {self.LOG} log reaches, so it belongs to "
                "another log; bring both back from one backup, or move it away to begin anew"
            )

    def brands(self) -> list[str]:
        """Every brand that has a bucket or a mention."""
        with translated(self.path):
            return [name for (name,) in self._db.execute("SELECT name FROM brands ORDER BY name")]

    @contextmanager
    def _reading_up_to(self, offset: int) -> Iterator[None]:
        """Keep what is written inside and the offset in one transaction, or nothing."""
        self.check_in_place()
        try:
            with transaction(self._db, self.path):
                yield
                self._db.execute("INSERT OR REPLACE INTO offsets VALUES (?, ?)", (self.LOG, offset))
        except BaseException:
            self._brands.forget()
            raise
