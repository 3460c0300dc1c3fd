"""The three databases: whole, writable, not from the future, and none of their work left undone."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from alerts.notification import Outcome, Reason
from alerts.times import rfc3339, span
from pipeline.checkup.line import Line, fail, ok, warn
from pipeline.errors import PipelineError
from pipeline.log import LogKind, SqliteLog
from pipeline.log.database import connect
from pipeline.settings.text import visible

FILES = ("log.db", "incidents.db", "mentions.db")
READ_THROUGH_UP_TO = 64 * 1024 * 1024
"""A larger file is not read from end to end: that would take long and fill the cache."""
CLOCK_TOLERANCE = 60_000
SILENT_FOR = 120_000
WAITING_FOR = 600_000
FAR_BEHIND = 100_000
FAILED_TIMES = 3
"""A page that failed so often is told at once, however short it waits."""
_PAGES = (Reason.PAGE, Reason.PAGE_RAISED, Reason.PAGE_REOPENED, Reason.ESCALATION)
_LATE = "SELECT count(*), min(at) FROM outbox WHERE state = ? AND at < ?"
"""By when it was due: the time of the next attempt moves on with every failure."""
_FAILING = f"""
    SELECT o.receiver, count(*), (
        SELECT last.detail FROM attempts AS last
        WHERE last.outbox_id = o.id AND last.finished_at IS NOT NULL
        ORDER BY last.number DESC LIMIT 1
    )
    FROM outbox AS o JOIN attempts AS a ON a.outbox_id = o.id AND a.finished_at IS NOT NULL
    WHERE o.state = '{Outcome.WAITING}' AND o.reason IN ({", ".join(f"'{r}'" for r in _PAGES)})
    GROUP BY o.id HAVING count(*) >= ? ORDER BY max(a.finished_at) DESC
"""  # noqa: S608  # of our own words alone


def check_databases(directory: Path, now: int, *, running: bool) -> Iterator[Line]:
    """Look at every database that is there; none is made, upgraded or locked."""
    for name in FILES:
        path = directory / name
        if path.exists():
            yield _database(path, running=running)
    if (directory / "log.db").exists():
        yield from _log(directory, now, running=running)
    if (directory / "incidents.db").exists():
        yield from _outbox(directory / "incidents.db", now)


def _database(path: Path, *, running: bool) -> Line:
    if not os.access(path, os.R_OK | os.W_OK):
        return fail(path.name, "may not be read and written", "change its owner or mode")
    try:
        with closing(connect(path, read_only=True)) as connection:
            large = path.stat().st_size > READ_THROUGH_UP_TO
            found = [] if large else connection.execute("PRAGMA quick_check(1)").fetchall()
        if not running:
            _lock(path)
    except PipelineError as problem:
        return _told(path.name, problem)
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
        yield _told("log", problem)
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
            count, oldest = connection.execute(
                _LATE, (str(Outcome.WAITING), now - WAITING_FOR)
            ).fetchone()
            failing = connection.execute(_FAILING, (FAILED_TIMES,)).fetchall()
    except PipelineError as problem:
        yield _told("messages", problem)
        return
    except sqlite3.Error:
        yield fail(
            "messages",
            "the incident store has no outbox",
            "restore a backup, or move incidents.db away to begin anew",
        )
        return
    if failing:
        receiver, tried, detail = failing[0]
        pages = "a page fails" if len(failing) == 1 else f"{len(failing)} pages fail"
        yield fail(
            "messages",
            f"{pages}, the last tried {tried} times for {visible(receiver)}: "
            f"{visible(detail, 200) or 'no answer'}",
            "mend the receiver; `crisis-monitor notifications list` shows every message",
        )
    if count:
        yield fail(
            "messages",
            f"{count} wait longer than {span(WAITING_FOR)}, the oldest since {rfc3339(oldest)}",
            "`crisis-monitor notifications list` says why",
        )
    elif not failing:
        yield ok("messages", "none is stuck")


def _told(subject: str, problem: Exception) -> Line:
    """Pass on a problem of ours, which says itself how to mend it."""
    return fail(subject, visible(problem, 400), "see what is said there")
