"""What the store tells about itself, as values."""

from enum import StrEnum

import msgspec

from alerts.notifiers.outcome import Result


class OutboxState(StrEnum):
    """Where an intended notification stands.

    `pending`: to be sent, or being retried. `delivered`: the receiver confirmed. `superseded`:
    no longer true when its turn came. `skipped`: never to be sent, for the reason given (an
    earlier stage after an outage, a missed surge, a silence). `failed`: refused for good.
    """

    PENDING = "pending"
    DELIVERED = "delivered"
    SUPERSEDED = "superseded"
    SKIPPED = "skipped"
    FAILED = "failed"


class Planned(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the outbox: a notification that was intended, and what became of it.

    `at` is when it was due; `next_attempt_at` is None once the row is closed; `outcome` says in a
    sentence how it ended or why it waits. `body` is the intent as the core wrote it (JSON).
    """

    id: int
    dedup_key: str
    incident_id: str
    receiver: str
    reason: str
    sequence: int
    at: int
    state: OutboxState
    attempts: int
    next_attempt_at: int | None
    closed_at: int | None
    outcome: str
    body: bytes


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the ledger. `finished_at` is None where the process died during the call."""

    number: int
    started_at: int
    finished_at: int | None
    result: Result | None
    detail: str


class FeedPosition(msgspec.Struct, frozen=True):
    """How far one partition of the signals log was applied, and the last time it told."""

    offset: int
    time: int | None
