"""The three databases: whole, writable, not from the future, and none of their work left undone."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from alerts.times import rfc3339, span
from pipeline.checkup.line import Line, fail, ok, warn
from pipeline.checkup.outbox import check_outbox
from pipeline.errors import PipelineError
from pipeline.log import LogKind, SqliteLog
from pipeline.log.database import connect
from pipeline.settings.text import visible

FILES = ("log.db", "incidents.db", "mentions.db")
READ_THROUGH_UP_TO = 64 * 1024 * 1024
"""A larger file is not read from end to end: that would take long and fill the cache."""
CLOCK_TOLERANCE = 60_000
SILENT_FOR = 120_000
FAR_BEHIND = 100_000


def check_databases(directory: Path, now: int, *, running: bool) -> Iterator[Line]:
    """Look at every database that is there; none is made, upgraded or locked."""
    for name in FILES:
        path = directory / name
        if path.exists():
            yield check_file(path, running=running)
    if (directory / "log.db").exists():
        yield from _log(directory, now, running=running)
    if (directory / "incidents.db").exists():
        yield from _outbox(directory / "incidents.db", now)


def check_file(path: Path, *, running: bool) -> Line:
    """Look at one file: whole, readable, writable, and nobody sits on it."""
    if not os.access(path, os.R_OK | os.W_OK):
        return fail(path.name, "may not be read and written", "change its owner or mode")
    try:
        with closing(connect(path, read_only=True)) as connection:
            large = path.stat().st_size > READ_THROUGH_UP_TO
            found = [] if large else connection.execute("PRAGMA quick_check(1)").fetchall()
        if not running:
            _lock(path)
    except PipelineError as problem:
        return told(path.name, problem)
    except (OSError, sqlite3.Error) as problem:
        return fail(path.name, f"cannot be used: {visible(problem)}", "restore a backup")
    if found and found[0][0] != "ok":
        return fail(
            path.name,
            f"is damaged: {visible(found[0][0])}",
            "keep the file and restore a backup, or move it away to begin anew",
        )
    size = f"{path.stat().st_size / 1024**2:.1f} MiB"
    return ok(path.name, f"{size}, not read through" if large else f"{size}, whole")


def _lock(path: Path) -> None:
    """Take the write lock for an instant: nobody sits on it, and the file is not read-only."""
    with closing(sqlite3.connect(path, timeout=2, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("ROLLBACK")


def _log(directory: Path, now: int, *, running: bool) -> Iterator[Line]:
    try:
        with closing(SqliteLog.read(directory)) as log:
            kind = log.kind
            rows = log.fold_rows()
            folded = rows.folded if rows else 0
            time = rows.partition.time if rows and rows.partition else None
            behind = log.mentions_behind(folded)
    except PipelineError as problem:
        yield told("log", problem)
        return
    if behind > FAR_BEHIND:
        yield warn(
            "backlog",
            f"{behind} mentions wait to be folded",
            "let the engine catch up: `crisis-monitor status` shows how far it is",
        )
    if kind is LogKind.EVENT:
        yield ok("log's time", "that of the mentions (an event log)")
    elif time is None:
        yield ok("log's time", "none yet")
    elif time > now + CLOCK_TOLERANCE:
        yield fail(
            "log's time",
            f"the log is at {rfc3339(time)}, {span(time - now)} ahead of this machine's clock",
            "set the clock (NTP); until it has passed the log's time nothing new is noticed",
        )
    elif running and now - time > SILENT_FOR:
        yield fail(
            "log's time",
            f"an engine runs, but the log stands still since {span(now - time)}",
            "look at the engine's log; restart it",
        )
    else:
        yield ok("log's time", f"{rfc3339(time)} ({span(now - time)} ago)")


def _outbox(path: Path, now: int) -> Iterator[Line]:
    try:
        with closing(connect(path, read_only=True)) as connection:
            yield from check_outbox(connection.execute, now)
    except PipelineError as problem:
        yield told("messages", problem)
    except sqlite3.Error:
        yield fail(
            "messages",
            "the incident store has no outbox",
            "restore a backup, or move incidents.db away to begin anew",
        )


def told(subject: str, problem: Exception) -> Line:
    """Pass on a problem of ours, which says itself how to mend it."""
    return fail(subject, visible(problem, 400), "see what is said there")
