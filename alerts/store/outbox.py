"""The outbox and the ledger: intent before a call, outcome after it."""

from collections.abc import Iterable, Sequence

import sqlalchemy as sa

from alerts.notifiers.outcome import Outcome, Result
from alerts.store.rows import Attempt, OutboxState, Planned
from alerts.store.schema import attempts, outbox


def add(connection: sa.Connection, row: Planned) -> bool:
    """Write an intent, unless one of the same dedup key is there already (then False)."""
    found = connection.execute(
        sa.select(outbox.c.id).where(outbox.c.dedup_key == row.dedup_key)
    ).first()
    if found is not None:
        return False
    connection.execute(
        outbox.insert().values(
            dedup_key=row.dedup_key,
            incident_id=row.incident_id,
            receiver=row.receiver,
            reason=row.reason,
            sequence=row.sequence,
            at=row.at,
            state=str(row.state),
            attempts=0,
            next_attempt_at=row.next_attempt_at,
            closed_at=row.closed_at,
            outcome=row.outcome,
            body=row.body,
        )
    )
    return True


def of_incidents(connection: sa.Connection, incident_ids: Sequence[str]) -> list[Planned]:
    """Every row of these incidents, in the order they were intended."""
    return _rows(
        connection.execute(
            sa.select(outbox).where(outbox.c.incident_id.in_(incident_ids)).order_by(outbox.c.id)
        )
    )


def listed(
    connection: sa.Connection,
    *,
    incident_id: str | None = None,
    state: OutboxState | None = None,
    limit: int,
) -> list[Planned]:
    """The newest rows that fit, newest first."""
    query = sa.select(outbox).order_by(outbox.c.id.desc()).limit(limit)
    if incident_id is not None:
        query = query.where(outbox.c.incident_id == incident_id)
    if state is not None:
        query = query.where(outbox.c.state == str(state))
    return _rows(connection.execute(query))


def pending(
    connection: sa.Connection, *, receiver: str | None = None, until: int | None = None
) -> list[Planned]:
    """The rows to be sent, by the time of their next attempt."""
    query = (
        sa.select(outbox)
        .where(outbox.c.state == str(OutboxState.PENDING))
        .order_by(outbox.c.next_attempt_at, outbox.c.id)
    )
    if receiver is not None:
        query = query.where(outbox.c.receiver == receiver)
    if until is not None:
        query = query.where(outbox.c.next_attempt_at <= until)
    return _rows(connection.execute(query))


def next_attempt_at(connection: sa.Connection, receiver: str | None = None) -> int | None:
    """The instant of the earliest attempt to come, None when nothing waits."""
    query = sa.select(sa.func.min(outbox.c.next_attempt_at)).where(
        outbox.c.state == str(OutboxState.PENDING)
    )
    if receiver is not None:
        query = query.where(outbox.c.receiver == receiver)
    found: int | None = connection.execute(query).scalar()
    return found


def one(connection: sa.Connection, row_id: int) -> Planned | None:
    """The row of this id."""
    rows = _rows(connection.execute(sa.select(outbox).where(outbox.c.id == row_id)))
    return rows[0] if rows else None


def close(
    connection: sa.Connection, row_id: int, state: OutboxState, at: int, outcome: str
) -> None:
    """End a row; only a pending one, so that what was delivered stays delivered."""
    connection.execute(
        outbox.update()
        .where(outbox.c.id == row_id, outbox.c.state == str(OutboxState.PENDING))
        .values(state=str(state), closed_at=at, next_attempt_at=None, outcome=outcome)
    )


def put_off(connection: sa.Connection, row_id: int, until: int, outcome: str) -> None:
    """Let a pending row wait."""
    connection.execute(
        outbox.update()
        .where(outbox.c.id == row_id, outbox.c.state == str(OutboxState.PENDING))
        .values(next_attempt_at=until, outcome=outcome)
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
    connection: sa.Connection, row_id: int, number: int, at: int, outcome: Outcome
) -> None:
    """Write how a call ended."""
    connection.execute(
        attempts.update()
        .where(attempts.c.outbox_id == row_id, attempts.c.number == number)
        .values(finished_at=at, result=str(outcome.result), detail=outcome.detail)
    )


def ledger(connection: sa.Connection, row_id: int) -> list[Attempt]:
    """Every attempt of one row, in order."""
    found = connection.execute(
        sa.select(attempts).where(attempts.c.outbox_id == row_id).order_by(attempts.c.number)
    )
    return [
        Attempt(
            number=row.number,
            started_at=row.started_at,
            finished_at=row.finished_at,
            result=None if row.result is None else Result(row.result),
            detail=row.detail,
        )
        for row in found
    ]


def _rows(found: Iterable[sa.Row[tuple[object, ...]]]) -> list[Planned]:
    return [
        Planned(**{**row._asdict(), "state": OutboxState(row.state)})  # noqa: SLF001  # the documented way to a dictionary
        for row in found
    ]
