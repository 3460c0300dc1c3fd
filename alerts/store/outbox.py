"""The outbox and the ledger: intent before a call, outcome after it."""

from collections.abc import Iterable

import msgspec
import sqlalchemy as sa

from alerts.notification import Notification, Outcome
from alerts.notifiers.answer import Answer, Result
from alerts.store.rows import Attempt, Planned
from alerts.store.schema import attempts, outbox

_decoder = msgspec.json.Decoder(Notification)
_encoder = msgspec.json.Encoder()


def add(  # noqa: PLR0913  # the columns of a row
    connection: sa.Connection,
    notification: Notification,
    *,
    outcome: Outcome,
    next_attempt_at: int | None,
    closed_at: int | None,
    detail: str,
) -> bool:
    """Write an intent, unless one of the same dedup key is there already (then False)."""
    found = connection.execute(
        sa.select(outbox.c.id).where(outbox.c.dedup_key == notification.key)
    ).first()
    if found is not None:
        return False
    connection.execute(
        outbox.insert().values(
            dedup_key=notification.key,
            incident_id=notification.incident,
            receiver=notification.receiver,
            reason=str(notification.reason),
            sequence=notification.sequence,
            at=notification.at,
            state=str(outcome),
            attempts=0,
            next_attempt_at=next_attempt_at,
            closed_at=closed_at,
            detail=detail,
            body=_encoder.encode(notification),
        )
    )
    return True


_of_incident = (
    sa.select(outbox).where(outbox.c.incident_id == sa.bindparam("incident")).order_by(outbox.c.id)
)
_first_waiting = (
    sa.select(outbox)
    .where(
        outbox.c.state == str(Outcome.WAITING), outbox.c.next_attempt_at <= sa.bindparam("until")
    )
    .order_by(outbox.c.next_attempt_at, outbox.c.id)
    .limit(1)
)
_next_attempt = sa.select(sa.func.min(outbox.c.next_attempt_at)).where(
    outbox.c.state == str(Outcome.WAITING)
)


_waiting = sa.select(sa.func.count()).where(outbox.c.state == str(Outcome.WAITING))
_last_change = (
    2 * sa.func.coalesce(sa.select(sa.func.max(outbox.c.id)).scalar_subquery(), 0)
    - _waiting.select_from(outbox).scalar_subquery()
    + 2 * sa.func.coalesce(sa.select(sa.func.max(attempts.c.id)).scalar_subquery(), 0)
    - sa.select(sa.func.count())
    .where(
        attempts.c.id == sa.select(sa.func.max(attempts.c.id)).scalar_subquery(),
        attempts.c.finished_at.is_(None),
    )
    .select_from(attempts)
    .scalar_subquery()
)


def last_change(connection: sa.Connection) -> int:
    """Return a number that grows with every intent, attempt and outcome."""
    found: int | None = connection.execute(sa.select(_last_change)).scalar()
    return found or 0


def of_incident(connection: sa.Connection, incident_id: str) -> list[Planned]:
    """Return every row of an incident, in the order they were intended."""
    return _rows(connection.execute(_of_incident, {"incident": incident_id}))


def first_waiting(connection: sa.Connection, until: int) -> Planned | None:
    """Return the row whose attempt is due first, of those due by `until`."""
    rows = _rows(connection.execute(_first_waiting, {"until": until}))
    return rows[0] if rows else None


def listed(
    connection: sa.Connection,
    *,
    incident_id: str | None = None,
    outcome: Outcome | None = None,
    limit: int,
) -> list[Planned]:
    """Return the newest rows that fit, newest first."""
    query = sa.select(outbox).order_by(outbox.c.id.desc()).limit(limit)
    if incident_id is not None:
        query = query.where(outbox.c.incident_id == incident_id)
    if outcome is not None:
        query = query.where(outbox.c.state == str(outcome))
    return _rows(connection.execute(query))


def waiting(
    connection: sa.Connection,
    *,
    receiver: str | None = None,
    until: int | None = None,
    limit: int | None = None,
) -> list[Planned]:
    """Return the rows to be sent, by the time of their next attempt."""
    query = (
        sa.select(outbox)
        .where(outbox.c.state == str(Outcome.WAITING))
        .order_by(outbox.c.next_attempt_at, outbox.c.id)
    )
    if receiver is not None:
        query = query.where(outbox.c.receiver == receiver)
    if until is not None:
        query = query.where(outbox.c.next_attempt_at <= until)
    if limit is not None:
        query = query.limit(limit)
    return _rows(connection.execute(query))


def next_attempt_at(connection: sa.Connection, receiver: str | None = None) -> int | None:
    """Return the instant of the earliest attempt to come, None when nothing waits."""
    query = _next_attempt
    if receiver is not None:
        query = query.where(outbox.c.receiver == receiver)
    found: int | None = connection.execute(query).scalar()
    return found


def one(connection: sa.Connection, row_id: int) -> Planned | None:
    """Return the row of this id."""
    rows = _rows(connection.execute(sa.select(outbox).where(outbox.c.id == row_id)))
    return rows[0] if rows else None


def close(connection: sa.Connection, row_id: int, outcome: Outcome, at: int, detail: str) -> None:
    """End a row; only a waiting one, so that what was delivered stays delivered."""
    connection.execute(
        outbox.update()
        .where(outbox.c.id == row_id, outbox.c.state == str(Outcome.WAITING))
        .values(state=str(outcome), closed_at=at, next_attempt_at=None, detail=detail)
    )


def put_off(connection: sa.Connection, row_id: int, until: int, detail: str) -> None:
    """Let a waiting row wait longer."""
    connection.execute(
        outbox.update()
        .where(outbox.c.id == row_id, outbox.c.state == str(Outcome.WAITING))
        .values(next_attempt_at=until, detail=detail)
    )


def begin_attempt(connection: sa.Connection, row_id: int, at: int) -> int:
    """Write that a call is about to be made; its number, counted from 1."""
    number: int = connection.execute(
        sa.select(outbox.c.attempts + 1).where(outbox.c.id == row_id)
    ).scalar_one()
    connection.execute(outbox.update().where(outbox.c.id == row_id).values(attempts=number))
    connection.execute(
        attempts.insert().values(outbox_id=row_id, number=number, started_at=at, detail="")
    )
    return number


def finish_attempt(
    connection: sa.Connection, row_id: int, number: int, at: int, answer: Answer
) -> None:
    """Write how a call ended."""
    connection.execute(
        attempts.update()
        .where(attempts.c.outbox_id == row_id, attempts.c.number == number)
        .values(finished_at=at, result=str(answer.result), detail=answer.detail)
    )


def ledger(connection: sa.Connection, row_id: int) -> list[Attempt]:
    """Every attempt of one row, in order."""
    found = connection.execute(
        sa.select(attempts).where(attempts.c.outbox_id == row_id).order_by(attempts.c.number)
    )
    return [_attempt(row) for row in found]


def ledgers(connection: sa.Connection, incident_id: str) -> dict[int, list[Attempt]]:
    """Every attempt at an incident's rows, by row, in order."""
    found = connection.execute(
        sa.select(attempts)
        .join(outbox, outbox.c.id == attempts.c.outbox_id)
        .where(outbox.c.incident_id == incident_id)
        .order_by(attempts.c.outbox_id, attempts.c.number)
    )
    by_row: dict[int, list[Attempt]] = {}
    for row in found:
        by_row.setdefault(row.outbox_id, []).append(_attempt(row))
    return by_row


def counts(connection: sa.Connection) -> dict[tuple[str, Outcome], int]:
    """How many rows each receiver has of each outcome."""
    found = connection.execute(
        sa.select(outbox.c.receiver, outbox.c.state, sa.func.count()).group_by(
            outbox.c.receiver, outbox.c.state
        )
    )
    return {(receiver, Outcome(state)): count for receiver, state, count in found}


def failed(connection: sa.Connection, limit: int) -> list[tuple[str, Attempt]]:
    """The last attempts that ended without delivery, newest first."""
    found = connection.execute(
        sa.select(attempts, outbox.c.receiver)
        .join(outbox, outbox.c.id == attempts.c.outbox_id)
        .where(attempts.c.result.is_not(None), attempts.c.result != str(Result.DELIVERED))
        .order_by(attempts.c.id.desc())
        .limit(limit)
    )
    return [(row.receiver, _attempt(row)) for row in found]


def _attempt(row: sa.Row[*tuple[object, ...]]) -> Attempt:
    return Attempt(
        number=row.number,
        started_at=row.started_at,
        finished_at=row.finished_at,
        result=None if row.result is None else Result(row.result),
        detail=row.detail,
    )


def _rows(found: Iterable[sa.Row[*tuple[object, ...]]]) -> list[Planned]:
    return [
        Planned(
            id=row.id,
            notification=_decoder.decode(row.body),
            outcome=Outcome(row.state),
            attempts=row.attempts,
            next_attempt_at=row.next_attempt_at,
            closed_at=row.closed_at,
            detail=row.detail,
        )
        for row in found
    ]
