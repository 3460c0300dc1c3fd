"""What an error of PostgreSQL means for the person who runs this; never with a password in it."""

import re
from typing import TYPE_CHECKING

from pipeline.errors import EnvironmentProblem, LogUnavailable, PipelineError, SettingsError
from pipeline.settings.text import visible

if TYPE_CHECKING:
    import psycopg

_BY_STATE = {
    "53100": "the disk of the database is full; nothing was half-written. Make room there",
    "53300": "it has no connection left: raise max_connections, or start fewer processes",
    "55P03": "another program holds the tables for more than 10 s: look at pg_stat_activity",
    "40P01": "two writers waited for one another; nothing was half-written, it is tried again",
    "40001": "two writers met; nothing was half-written, it is tried again",
    "25006": "it takes no writes now (a standby, or read-only): name the primary in "
    "storage.database, or wait until it is one",
}
_FOR_GOOD = {
    "42501": "the user may not do this: have the owner GRANT it, or make the user the "
    "database's owner",
    "42P01": "a table is missing: start `crisis-monitor alerter`, which makes it, or restore a "
    "backup",
    "42703": "a column is missing: the tables are not those of this program; restore a backup, or "
    "name another database",
}
_REFUSALS: tuple[tuple[str, type[PipelineError], str], ...] = (
    (
        "password",
        SettingsError,
        "refuses the user or the password: correct storage.database (its variable or its file)",
    ),
    (
        r"no pg_hba\.conf entry",
        SettingsError,
        "lets nobody in from here: add this machine to its pg_hba.conf",
    ),
    (
        r'database ".*" does not exist',
        EnvironmentProblem,
        (
            "cannot be opened: there is no such database; make it with "
            "`createdb --owner USER NAME`, or correct storage.database"
        ),
    ),
    (
        r'role ".*" does not exist',
        SettingsError,
        (
            "knows no such user: make it with `createuser --pwprompt USER`, or correct "
            "storage.database"
        ),
    ),
)
_PASSWORD = re.compile(r"(password=|://[^:/@\s]*:)[^@\s]*")


def explain(where: str, error: "psycopg.Error") -> PipelineError:
    """Say what went wrong with a statement."""
    state = error.sqlstate or ""
    said = _said(error)
    if state in _FOR_GOOD:
        return EnvironmentProblem(f"{where}: {_FOR_GOOD[state]} ({said})")
    if state in _BY_STATE:
        return LogUnavailable(f"{where}: {_BY_STATE[state]}")
    if not state or state[:2] in {"08", "57"}:
        return LogUnavailable(
            f"{where}: the connection was lost ({said}); nothing was half-written. See that the "
            "database runs and can be reached; it is tried again"
        )
    return LogUnavailable(f"{where}: {said}")


def refused(where: str, error: "psycopg.Error") -> PipelineError:
    """Say why there is no connection."""
    if error.sqlstate is None and type(error).__name__ == "ProgrammingError":
        return SettingsError(  # what it says may hold the password
            "storage.database cannot be read as an address: write "
            "postgresql://USER:PASSWORD@HOST:5432/NAME (a password's @ : / # % as %40 %3A %2F "
            "%23 %25), behind ? only what libpq knows (sslmode=require)"
        )
    if (error.sqlstate or "") in _BY_STATE:
        return explain(where, error)
    said = _said(error)
    for pattern, kind, text in _REFUSALS:
        if re.search(pattern, said):
            return kind(f"{where} {text}")
    return LogUnavailable(
        f"{where} cannot be reached ({said}): see that the database runs, that its address is "
        "right (storage.database) and that nothing stands between"
    )


def _said(error: "psycopg.Error") -> str:
    text = _PASSWORD.sub(r"\1***", str(error))
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return visible(lines[0] if lines else type(error).__name__, 300)
