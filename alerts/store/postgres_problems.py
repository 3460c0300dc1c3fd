"""What an error of PostgreSQL means for the person who runs this; never with a password in it."""

import re
from enum import Enum, auto
from typing import NamedTuple

from alerts.plain import one_line


class Kind(Enum):
    """Who has to do something."""

    SETTINGS = auto()
    """Whoever wrote the address."""
    PLACE = auto()
    """Whoever runs the database; trying again helps nothing."""
    AWAY = auto()
    """Perhaps nobody: it may be gone when tried again."""


class Problem(NamedTuple):
    """What is wrong, and how to mend it; the place stands before it in a message."""

    kind: Kind
    text: str


_AWAY = {
    "53100": "the disk of the database is full; nothing was half-written. Make room there",
    "53300": "it has no connection left: raise max_connections, or start fewer processes",
    "55P03": "another program holds the tables for too long: look at pg_stat_activity",
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
_REFUSALS = (
    (
        "password",
        Kind.SETTINGS,
        "it refuses the user or the password: correct storage.database (its variable or its file)",
    ),
    (
        r"no pg_hba\.conf entry",
        Kind.SETTINGS,
        "it lets nobody in from here: add this machine to its pg_hba.conf",
    ),
    (
        r'database ".*" does not exist',
        Kind.PLACE,
        (
            "there is no such database; make it with `createdb --owner USER NAME`, or correct "
            "storage.database"
        ),
    ),
    (
        r'role ".*" does not exist',
        Kind.SETTINGS,
        (
            "there is no such user; make it with `createuser --pwprompt USER`, or correct "
            "storage.database"
        ),
    ),
)
_NO_ADDRESS = Problem(
    Kind.SETTINGS,
    "its address cannot be read: write postgresql://USER:PASSWORD@HOST:5432/NAME (a password's "
    "@ : / # % as %40 %3A %2F %23 %25), behind ? only what libpq knows (sslmode=require)",
)
_PASSWORD = re.compile(r"(password=|://[^:/@\s]*:)[^@\s]*")


def explain(error: BaseException) -> Problem:
    """Say what went wrong with a statement of psycopg."""
    state = getattr(error, "sqlstate", None) or ""
    said = _said(error)
    if state in _FOR_GOOD:
        return Problem(Kind.PLACE, f"{_FOR_GOOD[state]} ({said})")
    if state in _AWAY:
        return Problem(Kind.AWAY, _AWAY[state])
    if not state or state[:2] in {"08", "57"}:
        return Problem(
            Kind.AWAY,
            f"the connection was lost ({said}); nothing was half-written. See that the database "
            "runs and can be reached; it is tried again",
        )
    return Problem(Kind.AWAY, said)


def refused(error: BaseException) -> Problem:
    """Say why psycopg got no connection."""
    state = getattr(error, "sqlstate", None) or ""
    if not state and type(error).__name__ == "ProgrammingError":
        return _NO_ADDRESS  # what it says may hold the password
    if state in _AWAY:
        return explain(error)
    said = _said(error)
    for pattern, kind, text in _REFUSALS:
        if re.search(pattern, said):
            return Problem(kind, text)
    return Problem(
        Kind.AWAY,
        f"it cannot be reached ({said}): see that the database runs, that its address is right "
        "(storage.database) and that nothing stands between",
    )


def _said(error: BaseException) -> str:
    text = _PASSWORD.sub(r"\1***", str(error))
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return one_line(lines[0] if lines else type(error).__name__, 300)
