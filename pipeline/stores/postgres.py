"""A connection to PostgreSQL that comes back when it was lost; the rest of what stores ask of SQL.

Outside a transaction every statement is its own. Nothing raised here holds the address, whose
password may be in it.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from alerts.store.postgres_text import take_any_text
from pipeline.errors import EnvironmentProblem, LogUnavailable
from pipeline.stores.dialect import POSTGRES, Row, Rows
from pipeline.stores.place import Place
from pipeline.stores.postgres_problems import explain, refused

if TYPE_CHECKING:
    import psycopg

CONNECT_SECONDS = 10
READ_ONLY = "25006"
WAIT_MS = 10_000
"""Milliseconds to wait for another's short transaction."""
_FIND_TABLE = """
  SELECT 1 FROM pg_class WHERE relname = ? AND relkind IN ('r', 'p') AND relnamespace IN
    (SELECT oid FROM pg_namespace WHERE nspname = ANY (current_schemas(false)))"""
"""Asked of the catalogue as a table: to_regclass may remember that there was none."""
_ASKED: dict[str, str | int] = {
    "application_name": "crisis-monitor",
    "connect_timeout": CONNECT_SECONDS,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,
}
"""What is asked of a connection where its address says nothing else: a dead one is noticed."""


class Postgres:
    """One connection; implements `pipeline.stores.sql.Sql`.

    Raises LogUnavailable where the database is away: nothing was half-written, and the next
    transaction connects again.
    """

    dialect = POSTGRES

    def __init__(self, place: Place, *, read_only: bool = False) -> None:
        self.where = place.where
        self._place = place
        self._read_only = read_only
        self._inside = False
        self._types: dict[tuple[str, ...], list[int]] = {}
        self._db: psycopg.Connection[tuple[Any, ...]] | None = None
        self._connected()

    # -- the connection --------------------------------------------------------------------

    def _connected(self) -> "psycopg.Connection[tuple[Any, ...]]":
        db = self._db
        if db is not None and not db.closed:
            return db
        if self._inside:  # what follows would stand outside the transaction that was lost
            raise LogUnavailable(f"{self.where}: the connection was lost; it is tried again")
        try:
            import psycopg  # noqa: PLC0415  # only where PostgreSQL is used
        except ImportError:
            raise EnvironmentProblem(
                "the stores are to be in PostgreSQL, and its driver is not installed: "
                "pip install 'crisis-monitor[postgres]'"
            ) from None
        try:
            db = psycopg.connect(_conninfo(self._place.address()), autocommit=True)
            _check_server(self.where, db)
            take_any_text(db)
            db.execute(f"SET lock_timeout = {WAIT_MS}")
            db.execute("SET client_min_messages = warning")
            db.execute(f"SET idle_in_transaction_session_timeout = {12 * WAIT_MS}")
            if self._read_only:
                db.execute("SET default_transaction_read_only = on")
        except psycopg.Error as error:
            problem = refused(self.where, error)
            if db is not None:
                db.close()
        else:
            self._db = db
            return db
        raise problem

    def _run(self, statement: str, values: Sequence[object]) -> "psycopg.Cursor[tuple[Any, ...]]":
        """Run a statement as PostgreSQL spells it; a connection lost before is made anew once."""
        import psycopg  # noqa: PLC0415

        again = not self._inside
        while True:
            db = self._connected()
            try:
                return db.execute(statement, values, binary=True)
            except psycopg.Error as error:
                if error.sqlstate == READ_ONLY and not self._read_only:
                    db.close()  # the next one may find the primary
                lost = db.closed and error.sqlstate != READ_ONLY
                if not (lost and again):
                    problem = explain(self.where, error)
                    break
                again = False
        raise problem

    # -- what stores ask -------------------------------------------------------------------

    def execute(self, statement: str, values: Sequence[object] = (), /) -> Rows:
        """Run one statement with `?` marks."""
        return self._run(spelt(statement), values)

    def executemany(self, statement: str, rows: Iterable[Sequence[object]], /) -> object:
        """Run one statement for every row, without waiting for each; in a transaction."""
        import psycopg  # noqa: PLC0415

        problem: Exception
        rows = list(rows)
        if not rows:
            return None
        try:
            with self._connected().cursor(binary=True) as cursor:
                cursor.executemany(spelt(statement), rows)
        except psycopg.Error as error:
            problem = explain(self.where, error)
        else:
            return None
        raise problem

    def append(self, table: str, columns: Sequence[str], rows: list[Row]) -> None:
        """Write rows by COPY in its binary form; bytes last, whole numbers before."""
        import psycopg  # noqa: PLC0415

        problem: Exception
        names = ", ".join(columns)
        try:
            types = self._types_of(table, columns)
            with (
                self._connected().cursor() as cursor,
                cursor.copy(f"COPY {table} ({names}) FROM STDIN (FORMAT BINARY)") as copy,
            ):
                copy.set_types(types)
                write = copy.write_row
                for row in rows:
                    write(row)
        except psycopg.Error as error:
            problem = explain(self.where, error)
        else:
            return
        raise problem

    def _types_of(self, table: str, columns: Sequence[str]) -> list[int]:
        """PostgreSQL's numbers of the columns' types."""
        known = self._types.get((table, *columns))
        if known is None:
            found = dict(
                self.execute(
                    "SELECT attname, atttypid::bigint FROM pg_attribute "
                    "WHERE attrelid = to_regclass(?)",
                    (table,),
                ).fetchall()
            )
            known = self._types[table, *columns] = [int(found[name]) for name in columns]
        return known

    def transaction(self) -> AbstractContextManager[None]:
        """All or nothing; an error leaves the database as it was."""
        return self._within("BEGIN")

    def snapshot(self) -> AbstractContextManager[None]:
        """One instant for all queries inside."""
        return self._within("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")

    @contextmanager
    def _within(self, begin: str) -> Iterator[None]:
        self._run(begin, ())
        self._inside = True
        try:
            yield
            self._commit()
        except BaseException:
            self._roll_back()
            raise
        finally:
            self._inside = False

    def _commit(self) -> None:
        if self._run("COMMIT", ()).statusmessage != "COMMIT":
            raise LogUnavailable(f"{self.where}: the transaction was not kept; try again")

    def _roll_back(self) -> None:
        import psycopg  # noqa: PLC0415

        db = self._db
        if db is None or db.closed:
            return
        try:
            db.execute("ROLLBACK")
        except psycopg.Error:
            db.close()  # the server does it

    def told(self) -> AbstractContextManager[None]:
        """Do nothing: every statement already raises our errors."""
        return nullcontext()

    def has_table(self, name: str) -> bool:
        """Whether there is such a table."""
        return self.execute(_FIND_TABLE, (name,)).fetchone() is not None

    def check_in_place(self) -> None:
        """Do nothing: a database is found by its address, not by a file."""

    def close(self) -> None:
        """Let the connection go."""
        if self._db is not None:
            self._db.close()


@lru_cache(maxsize=512)
def spelt(statement: str) -> str:
    """Return a statement with `?` marks as psycopg wants it.

    >>> spelt("SELECT 5 % 2 FROM brands WHERE name = ?")
    'SELECT 5 %% 2 FROM brands WHERE name = %s'
    """
    return statement.replace("%", "%%").replace("?", "%s")


def _check_server(where: str, db: "psycopg.Connection[tuple[Any, ...]]") -> None:
    encoding = db.info.parameter_status("server_encoding")
    if encoding != "UTF8":
        db.close()
        raise EnvironmentProblem(
            f"{where} keeps texts in {encoding}, which has not every character: make another "
            "database with `createdb --encoding UTF8 --template template0 NAME`"
        )


def _conninfo(address: str) -> str:
    from psycopg.conninfo import conninfo_to_dict, make_conninfo  # noqa: PLC0415

    given = {key: value for key, value in conninfo_to_dict(address).items() if value is not None}
    return make_conninfo("", **{**_ASKED, **given, "client_encoding": "UTF8"})
