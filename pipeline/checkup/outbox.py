"""The messages that should have gone out: none waits too long, no page fails."""

from collections.abc import Callable, Iterator
from typing import Any

from alerts.notification import Outcome, Reason
from alerts.times import rfc3339, span
from pipeline.checkup.line import Line, fail, ok
from pipeline.settings.text import visible

WAITING_FOR = 600_000
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


def check_outbox(execute: Callable[..., Any], now: int) -> Iterator[Line]:
    """Look at an incident store's outbox, in SQL that SQLite and PostgreSQL understand."""
    count, oldest = execute(_LATE, (str(Outcome.WAITING), now - WAITING_FOR)).fetchone()
    failing = execute(_FAILING, (FAILED_TIMES,)).fetchall()
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
