"""A notification and its attempts, as documents for programs and as rows for people."""

from collections.abc import Sequence

from alerts.store import Attempt, Planned
from pipeline.commands.output import rfc3339

HEADINGS = ("due", "incident", "receiver", "reason", "outcome", "attempts", "closed", "detail")


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


def notification_row(row: Planned) -> tuple[str, ...]:
    """Give the cells of `HEADINGS`."""
    notification = row.notification
    waits = "" if row.next_attempt_at is None else f"again at {rfc3339(row.next_attempt_at)}"
    return (
        rfc3339(notification.at) or "",
        notification.incident,
        notification.receiver,
        ", ".join(notification.reasons),
        row.outcome,
        str(row.attempts),
        rfc3339(row.closed_at) or waits,
        row.detail,
    )
