"""The incident store's connections to PostgreSQL."""

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from alerts.errors import StoreUnavailable
from alerts.store.postgres_problems import explain, refused
from alerts.store.postgres_text import take_any_text

if TYPE_CHECKING:
    import psycopg

LOCK_MS = 30_000
"""Milliseconds a writer waits for other ones' short transactions."""
_ASKED = {
    "application_name": "crisis-monitor",
    "connect_timeout": "10",
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "20000",
}
"""What is asked of a connection where its address says nothing else: a dead one is noticed."""


def where_of(url: sa.URL) -> str:
    """Name the database, for messages: without the password and what stands behind `?`."""
    plain = sa.URL.create("postgresql", url.username, None, url.host, url.port, url.database)
    return plain.render_as_string()


def make_engine(url: sa.URL) -> sa.Engine:
    """Make connections that notice when theirs was lost, and take any text.

    Raises StoreUnavailable where the driver is not installed.
    """
    asked: dict[str, Any] = {key: value for key, value in _ASKED.items() if key not in url.query}
    try:
        engine = sa.create_engine(
            url.set(drivername="postgresql+psycopg"),
            connect_args=asked | {"client_encoding": "UTF8"},
            pool_pre_ping=True,
            hide_parameters=True,
        )
    except ImportError:
        raise StoreUnavailable(
            "the incident store is to be in PostgreSQL, and its driver is not installed: "
            "pip install 'crisis-monitor[postgres]'"
        ) from None

    @sa.event.listens_for(engine, "connect")
    def _connected(connection: "psycopg.Connection[tuple[object, ...]]", _record: object) -> None:
        take_any_text(connection)
        connection.autocommit = True
        connection.execute(f"SET lock_timeout = {LOCK_MS}")
        connection.execute("SET client_min_messages = warning")
        connection.autocommit = False

    return engine


def problem_of(where: str, error: sa.exc.DBAPIError) -> StoreUnavailable | None:
    """Return the error that says what is wrong, None where it is no problem of the database."""
    import psycopg  # noqa: PLC0415  # only where PostgreSQL is used

    found = error.orig
    if isinstance(found, psycopg.IntegrityError | psycopg.DataError):
        return None
    connecting = error.statement is None and getattr(found, "sqlstate", None) is None
    problem = refused(found) if connecting and found else explain(found or error)
    return StoreUnavailable(f"the incident store {where}: {problem.text}")
