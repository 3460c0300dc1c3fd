"""One connection to a store's database, the same to its users on SQLite and on PostgreSQL.

Statements carry `?` marks and say what both understand (`ON CONFLICT`, quoted "offset"); what the
two spell differently is a `Dialect`.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Protocol

from alerts.file_place import FilePlace
from pipeline.errors import LogGone
from pipeline.log.database import check_filled, connect, transaction, translated
from pipeline.stores.dialect import SQLITE, Dialect, Row, Rows
from pipeline.stores.place import Place


class Sql(Protocol):
    """One connection; not to be used by two threads at one time.

    Errors are of pipeline.errors inside `told()` and the two kinds of transaction.
    """

    where: str
    """The place, for messages."""
    dialect: Dialect

    def execute(self, statement: str, values: Sequence[object] = ..., /) -> Rows:
        """Run one statement."""
        ...

    def executemany(self, statement: str, rows: Iterable[Sequence[object]], /) -> object:
        """Run one statement for every row."""
        ...

    def append(self, table: str, columns: Sequence[str], rows: list[Row]) -> None:
        """Write rows the fastest way there is, inside a transaction.

        Bytes in the last column, whole numbers in the others, None in none.
        """
        ...

    def transaction(self) -> AbstractContextManager[None]:
        """All or nothing; an error leaves the database as it was."""
        ...

    def snapshot(self) -> AbstractContextManager[None]:
        """Every query inside sees the same instant; nothing may be written."""
        ...

    def told(self) -> AbstractContextManager[None]:
        """Turn the database's errors into ours."""
        ...

    def has_table(self, name: str) -> bool:
        """Whether there is such a table."""
        ...

    def check_in_place(self) -> None:
        """Raise LogGone when the database is no longer the one that was opened."""
        ...

    def close(self) -> None:
        """Let the connection go."""
        ...


class SqliteFile:
    """A connection to mentions.db; implements `Sql`."""

    dialect = SQLITE

    def __init__(self, path: Path, *, read_only: bool = False, durable: bool = True) -> None:
        self.path = path
        self.where = str(path)
        self._db = connect(path, read_only=read_only, durable=durable)
        self._place = FilePlace(path)
        self.execute = self._db.execute
        self.executemany = self._db.executemany
        self.close = self._db.close
        if read_only:
            try:
                check_filled(path, self._db)
            except BaseException:
                self._db.close()
                raise

    def append(self, table: str, columns: Sequence[str], rows: list[Row]) -> None:
        """Write rows."""
        marks = ", ".join("?" * len(columns))
        self._db.executemany(
            f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})",  # noqa: S608  # our own names
            rows,
        )

    def transaction(self) -> AbstractContextManager[None]:
        """All or nothing."""
        return transaction(self._db, self.path)

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """One instant for all queries inside."""
        with self.told():
            self._db.execute("BEGIN")
            try:
                yield
            finally:
                self._db.execute("ROLLBACK")

    def told(self) -> AbstractContextManager[None]:
        """Turn SQLite's errors into ours."""
        return translated(self.path)

    def has_table(self, name: str) -> bool:
        """Whether there is such a table."""
        found = self._db.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (name,)).fetchone()
        return found is not None

    def check_in_place(self) -> None:
        """Raise LogGone when the file is no longer the one that was opened."""
        if not self._place.is_kept():
            raise LogGone(
                f"{self.path} was removed or replaced while the monitor worked on it: no text and "
                "no number is kept any more. Put the file back or restore a backup, and start "
                "again; incidents and messages go on meanwhile"
            )


def open_sql(place: Place, *, read_only: bool = False, durable: bool = True) -> Sql:
    """Connect to where mentions and buckets are; a folder's file is made when missing.

    Raises an EnvironmentProblem that says how to mend it.
    """
    if place.is_sqlite:
        return SqliteFile(place.directory / "mentions.db", read_only=read_only, durable=durable)
    from pipeline.stores.postgres import Postgres  # noqa: PLC0415  # only where it is used

    return Postgres(place, read_only=read_only)
