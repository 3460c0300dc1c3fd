"""A notification and its attempts, as documents for programs and as rows for people."""

from collections.abc import Sequence

from alerts.store import Attempt, Planned
from pipeline.commands.output import rfc3339


def notification_document(row: Planned, attempts: Sequence[Attempt] = ()) -> dict[str, object]:
    """Give the stable JSON form of an outbox row with its ledger."""
    notification = row.notification
    return {
        "dedup_key": notification.key,
        "incident": notification.incident,
        "receiver": notification.receiver,
        "reason": notification.reason,
        "sequence": notification.sequence,
        "also": [part.reason for part in notification.also],
        "at": rfc3339(notification.at),
        "made_at": rfc3339(notification.made_at),
        "outcome": row.outcome,
        "detail": row.detail,
        "closed_at": rfc3339(row.closed_at),
        "next_attempt_at": rfc3339(row.next_attempt_at),
        "attempts": [
            {
                "number": attempt.number,
                "started_at": rfc3339(attempt.started_at),
                "finished_at": rfc3339(attempt.finished_at),
                "result": attempt.result,
                "detail": attempt.detail,
            }
            for attempt in attempts
        ],
    }


def notification_line(row: Planned) -> str:
    """Say in one line when what was due to whom, and what became of it."""
    notification = row.notification
    calls = "" if row.attempts == 1 else f", {row.attempts} attempts"
    when = ""
    if row.closed_at is not None and row.closed_at != notification.at:
        when = f" {rfc3339(row.closed_at)}"
    elif row.next_attempt_at is not None:
        when = f", next attempt {rfc3339(row.next_attempt_at)}"
    why = f": {row.detail}" if row.detail else ""
    return (
        f"{rfc3339(notification.at)}  {', '.join(notification.reasons)} -> "
        f"{notification.receiver}: {row.outcome}{when}{calls}{why}"
    )
