"""mentions.db: judged mentions and the bucket table, and how far their readers have read."""

import sqlite3
from pathlib import Path

from pipeline.errors import LogMismatch
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


def check_belongs(connection: sqlite3.Connection, path: Path, log: str, end: int) -> None:
    """Raise LogMismatch when more of a log was read into this database than there is of it."""
    if offset_of(connection, log) > end:
        raise LogMismatch(
            f"{path} has read further than the {log} log reaches, so it belongs to another log; "
            "bring both back from one backup, or move it away to begin anew"
        )


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


def offset_of(connection: sqlite3.Connection, log: str) -> int:
    """Up to where a log has been read into this database."""
    row = connection.execute("SELECT offset FROM offsets WHERE log = ?", (log,)).fetchone()
    return int(row[0]) if row else 0


def set_offset(connection: sqlite3.Connection, log: str, offset: int) -> None:
    """Write down up to where a log has been read; in the transaction of what was read."""
    connection.execute("INSERT OR REPLACE INTO offsets VALUES (?, ?)", (log, offset))
