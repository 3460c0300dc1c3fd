"""How the store's database is reached: short transactions, several writers."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.exc import ArgumentError, DatabaseError, OperationalError
from sqlalchemy.pool import StaticPool

from alerts.errors import StoreCorrupt, StoreGone, StoreUnavailable
from alerts.file_place import FilePlace
from alerts.store.migrate import is_up_to_date, migrate

BUSY_TIMEOUT = 10_000
"""Milliseconds a writer waits for another one's short transaction."""

_WRITERS = 0x63726973
"""PostgreSQL's number for the lock that writers of all processes take in turn."""


class Database:
    """One SQL database, up to date once constructed; safe to use from several threads.

    `durable` waits for the disk at every commit; a backtest, whose result nobody needs after a
    power cut, does without. `sqlite://` keeps everything in memory, for one thread.
    """

    def __init__(self, url: str, *, durable: bool = True) -> None:
        self._turn = threading.Lock()
        self._place: FilePlace | None = None
        try:
            self._url = sa.make_url(url)
        except ArgumentError as error:
            raise StoreUnavailable(
                "the incident store's address is no database URL: write sqlite:///PATH/incidents.db"
            ) from error
        in_memory = self._url.database in {None, "", ":memory:"}
        is_sqlite = self._url.get_backend_name() == "sqlite"
        self.where = self._url.render_as_string(hide_password=True)
        if is_sqlite and in_memory:
            self._engine = sa.create_engine(
                self._url, poolclass=StaticPool, connect_args={"check_same_thread": False}
            )
        else:
            self._engine = sa.create_engine(self._url)
        if is_sqlite:
            if not in_memory:
                self.where = str(Path(str(self._url.database)))
            _behave(self._engine, durable=durable)
        try:
            with self.read() as connection:
                ready = is_up_to_date(connection)
            if not ready:
                with self.write() as connection:
                    migrate(connection, self.where)
        except BaseException:
            self._engine.dispose()
            raise
        if is_sqlite and not in_memory:
            self._place = FilePlace(Path(str(self._url.database)))

    def check_in_place(self) -> None:
        """Raise StoreGone when the file is no longer the one that was opened."""
        if self._place is not None and not self._place.is_kept():
            raise StoreGone(
                f"{self.where} was removed or replaced while the monitor worked on it: nothing is "
                "kept in it any more. Put the file back or restore a backup, start again, and "
                "repeat what people did since"
            )

    @contextmanager
    def write(self) -> Iterator[sa.Connection]:
        """One transaction that no other writer overlaps: all of it is kept, or nothing.

        Raises StoreGone rather than write where nobody will ever read.
        """
        # Threads of one process take turns here; SQLite's own waiting sleeps and is unfair.
        self.check_in_place()
        with self._turn, self._told(), self._engine.begin() as connection:
            if self._engine.dialect.name == "postgresql":
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_WRITERS)))
            yield connection

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """One consistent view that blocks no writer; never of a file that is gone."""
        self.check_in_place()
        with self._told(), self._engine.connect() as connection:
            connection = connection.execution_options(only_reads=True)  # noqa: PLW2901  # the same connection, told what for
            with connection.begin():
                yield connection

    def close(self) -> None:
        """Let every connection go."""
        self._engine.dispose()

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except OperationalError as error:
            raise StoreUnavailable(
                f"the incident store {self.where} cannot be used now: {error.orig}. Look for a "
                "full disk, a missing folder, its permissions, or another program that holds it"
            ) from error
        except DatabaseError as error:
            if isinstance(error.orig, sqlite3.DatabaseError) and type(error.orig) is (
                sqlite3.DatabaseError
            ):
                raise StoreCorrupt(
                    f"the incident store {self.where} is damaged or is no database: "
                    f"{error.orig}. Restore a copy of it, or move it away to begin anew"
                ) from error
            raise


def _behave(engine: sa.Engine, *, durable: bool) -> None:
    """Have SQLite open its transactions where we say, and wait instead of failing."""

    @sa.event.listens_for(engine, "connect")
    def _connected(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None
        for pragma in (
            f"busy_timeout={BUSY_TIMEOUT}",
            "journal_mode=WAL",
            f"synchronous={'FULL' if durable else 'OFF'}",
            "foreign_keys=ON",
        ):
            connection.execute(f"PRAGMA {pragma}")

    @sa.event.listens_for(engine, "begin")
    def _begun(connection: sa.Connection) -> None:
        only_reads = connection.get_execution_options().get("only_reads", False)
        connection.exec_driver_sql("BEGIN" if only_reads else "BEGIN IMMEDIATE")
