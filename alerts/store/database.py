"""How the store's database is reached: short transactions, several writers."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError
from sqlalchemy.pool import StaticPool

from alerts.errors import StoreCorrupt, StoreGone, StoreUnavailable
from alerts.file_place import FilePlace
from alerts.store.migrate import is_up_to_date, migrate
from alerts.store.postgres import make_engine, problem_of, where_of

BUSY_TIMEOUT = 10_000
"""Milliseconds a writer waits for another one's short transaction."""

_WRITERS = 0x63726973
"""PostgreSQL's number for the lock that writers of all processes take in turn."""


_READING: dict[bool, dict[str, object]] = {
    True: {"only_reads": True},
    False: {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True},
}
"""What a reading connection is told, by whether it is SQLite's: one view, and no lock."""


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
        except (ArgumentError, ValueError):
            raise StoreUnavailable(
                "the incident store's address is no database URL: write sqlite:///PATH/incidents.db"
                " or postgresql://USER:PASSWORD@HOST/NAME"
            ) from None
        if self._url.get_backend_name() not in {"sqlite", "postgresql"}:
            raise StoreUnavailable(
                "the incident store can be in SQLite or PostgreSQL alone: write "
                "sqlite:///PATH/incidents.db or postgresql://USER:PASSWORD@HOST/NAME"
            )
        in_memory = self._url.database in {None, "", ":memory:"}
        is_sqlite = self._is_sqlite = self._url.get_backend_name() == "sqlite"
        self._reading = _READING[is_sqlite]
        if not is_sqlite:
            self.where = where_of(self._url)
            self._engine = make_engine(self._url)
        elif in_memory:
            self._engine = sa.create_engine(
                self._url, poolclass=StaticPool, connect_args={"check_same_thread": False}
            )
        else:
            self._engine = sa.create_engine(self._url)
        if is_sqlite:
            self.where = "sqlite://" if in_memory else str(Path(str(self._url.database)))
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
            if not self._is_sqlite:
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_WRITERS)))
            yield connection

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """One consistent view that blocks no writer; never of a file that is gone."""
        self.check_in_place()
        with self._told(), self._engine.connect() as connection:
            connection = connection.execution_options(**self._reading)  # noqa: PLW2901  # the same connection, told what for
            with connection.begin():
                yield connection

    def close(self) -> None:
        """Let every connection go."""
        self._engine.dispose()

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except DBAPIError as error:
            problem = None if self._is_sqlite else problem_of(self.where, error)
            if problem is not None:
                raise problem from None
            self._tell_of_sqlite(error)
            raise

    def _tell_of_sqlite(self, error: DBAPIError) -> None:
        if isinstance(error, OperationalError):
            raise StoreUnavailable(
                f"the incident store {self.where} cannot be used now: {error.orig}. Look for a "
                "full disk, a missing folder, its permissions, or another program that holds it"
            ) from error
        if type(error.orig) is sqlite3.DatabaseError:
            raise StoreCorrupt(
                f"the incident store {self.where} is damaged or is no database: "
                f"{error.orig}. Restore a copy of it, or move it away to begin anew"
            ) from error


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
