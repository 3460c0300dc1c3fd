"""What the store tells about itself, as values."""

import msgspec

from alerts.notification import Entry, Notification, Outcome
from alerts.notifiers.answer import Result


class Planned(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the outbox: a notification that was intended, and what became of it.

    `next_attempt_at` is None once the row is closed at `closed_at`; `detail` says in a sentence
    how it ended or why it waits. `attempts` counts the calls begun.
    """

    id: int
    notification: Notification
    outcome: Outcome
    attempts: int
    next_attempt_at: int | None
    closed_at: int | None
    detail: str

    @property
    def entry(self) -> Entry:
        """The row as the timers read it."""
        return Entry(self.notification, self.outcome, self.closed_at)


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the ledger. `finished_at` is None where the process died during the call."""

    number: int
    started_at: int
    finished_at: int | None
    result: Result | None
    detail: str


class FeedPosition(msgspec.Struct, frozen=True):
    """How far one partition of the signals log was applied.

    `offset` is the last record applied (-1: none), `time` the last time that passed. `told_until`
    matters where the log's time is `now`: the instant up to which all that fell due was intended.
    """

    offset: int = -1
    time: int | None = None
    told_until: int | None = None
