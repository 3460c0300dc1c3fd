"""Opening a SQLite file safely, and saying in plain words what is wrong with it."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipeline.errors import LogCorrupt, LogUnavailable, PipelineError

BUSY_MS = 10_000


def connect(path: Path, *, read_only: bool = False, durable: bool = True) -> sqlite3.Connection:
    """Open (or make) a database in WAL mode; every commit is on disk when `durable`.

    Raises LogUnavailable or LogCorrupt with the file's name and how to mend it.
    """
    with translated(path):
        if read_only:
            if not path.exists():
                raise LogUnavailable(
                    f"there is no {path.name} in the folder {path.parent}: name the right folder "
                    "with --data DIR or start `crisis-monitor run`, which makes one"
                )
            connection = sqlite3.connect(
                f"file:{_quoted(path)}?mode=ro",
                uri=True,
                timeout=BUSY_MS / 1000,
                isolation_level=None,
                check_same_thread=False,
            )
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            connection = sqlite3.connect(
                path, timeout=BUSY_MS / 1000, isolation_level=None, check_same_thread=False
            )
        try:
            if not read_only:
                connection.execute("PRAGMA journal_mode=WAL")
                connection.execute(f"PRAGMA synchronous={'FULL' if durable else 'OFF'}")
                connection.execute("PRAGMA cache_size=-65536")
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        except BaseException:
            connection.close()
            raise
    return connection


def check_filled(path: Path, connection: sqlite3.Connection) -> None:
    """Raise LogUnavailable where a database to be read has no table at all."""
    with translated(path):
        (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if not tables:
        raise LogUnavailable(
            f"{path} is empty, or was copied without the file {path.name}-wal beside it: copy both "
            "while nothing writes, or name the right folder with --data DIR"
        )


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Turn SQLite's errors into ours."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        raise explain(path, error) from error
    except OSError as error:
        raise LogUnavailable(f"{path}: {error.strerror or error}") from error


def explain(path: Path, error: sqlite3.DatabaseError) -> PipelineError:
    """What a SQLite error means for the person who runs this."""
    text = str(error)
    if "full" in text:
        return LogUnavailable(
            f"{path}: the disk is full; nothing was half-written. Make room, then start again"
        )
    if "locked" in text or "busy" in text:
        return LogUnavailable(
            f"{path}: another program holds the database for more than "
            f"{BUSY_MS // 1000} s; close it (a database browser, a backup), then start again"
        )
    if "malformed" in text or "not a database" in text or "corrupt" in text:
        return LogCorrupt(
            f"{path}: the database is damaged ({text}). Keep the file, restore a backup, or move "
            "it away to begin anew"
        )
    if "unable to open" in text or "readonly" in text:
        return LogUnavailable(
            f"{path}: cannot be opened ({text}); check that it may be read and written"
        )
    return LogUnavailable(f"{path}: {text}")


@contextmanager
def transaction(connection: sqlite3.Connection, path: Path) -> Iterator[None]:
    """All or nothing; an error leaves the database as it was."""
    with translated(path):
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise


def _quoted(path: Path) -> str:
    return str(path).replace("%", "%25").replace("?", "%3f").replace("#", "%23")
