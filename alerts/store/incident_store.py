"""The store as its users see it: views to read, and work that is kept whole or not at all."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import Self

import sqlalchemy as sa

from alerts.incident import AnyEvent, Incident, Missed, Opened
from alerts.lifecycle import fold
from alerts.notification import Due, Entry, Outcome
from alerts.notifiers.answer import Answer
from alerts.store import feed, incidents, outbox
from alerts.store.database import Database
from alerts.store.rows import Attempt, FeedPosition, Planned
from detectors.signal import Signal


class View:
    """What the store holds at one instant."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def incident(self, incident_id: str) -> Incident | None:
        """Return the incident of this id."""
        return incidents.one(self._connection, incident_id)

    def latest(self, brand: str, rule: str) -> Incident | None:
        """Return the open incident of a brand and rule, else the one that opened last."""
        return incidents.latest(self._connection, brand, rule)

    def incidents(
        self,
        *,
        only_open: bool = False,
        brand: str | None = None,
        severity: str | None = None,
        before: tuple[int, str] | None = None,
        limit: int | None = None,
    ) -> list[Incident]:
        """Return incidents, the last opened first; `before`: those behind one's opening and id."""
        return incidents.listed(
            self._connection,
            only_open=only_open,
            brand=brand,
            severity=severity,
            before=before,
            limit=limit,
        )

    def incident_ids(self) -> list[str]:
        """Return every incident's id."""
        return incidents.ids(self._connection)

    def events(self, incident_id: str) -> list[AnyEvent]:
        """Return everything that happened to an incident, in order."""
        return incidents.events_of(self._connection, incident_id)

    def last_event(self) -> int:
        """Return the number of the newest event of all: it changes with every change."""
        return incidents.last_event(self._connection)

    def last_attempt(self) -> int:
        """Return a number that grows with every intent, attempt and outcome of the outbox."""
        return outbox.last_change(self._connection)

    def watched(self) -> list[Incident]:
        """Return the incidents about which something may still have to be said."""
        return incidents.watched(self._connection)

    def planned(self, incident_id: str) -> list[Planned]:
        """Return every outbox row of an incident, in the order they were intended."""
        return outbox.of_incident(self._connection, incident_id)

    def entries(self, incident_id: str) -> tuple[Entry, ...]:
        """Return the same rows as the timers read them."""
        return tuple(row.entry for row in self.planned(incident_id))

    def notifications(
        self,
        *,
        incident_id: str | None = None,
        outcome: Outcome | None = None,
        limit: int = 100,
    ) -> list[Planned]:
        """Return the newest outbox rows, newest first."""
        return outbox.listed(
            self._connection, incident_id=incident_id, outcome=outcome, limit=limit
        )

    def notification(self, row_id: int) -> Planned | None:
        """Return one outbox row."""
        return outbox.one(self._connection, row_id)

    def waiting(
        self, *, receiver: str | None = None, until: int | None = None, limit: int | None = None
    ) -> list[Planned]:
        """Return the rows to be sent, the earliest next attempt first."""
        return outbox.waiting(self._connection, receiver=receiver, until=until, limit=limit)

    def first_waiting(self, until: int) -> Planned | None:
        """Return the row whose attempt is due first, of those due by `until`."""
        return outbox.first_waiting(self._connection, until)

    def next_attempt_at(self, receiver: str | None = None) -> int | None:
        """Return the instant of the earliest attempt to come."""
        return outbox.next_attempt_at(self._connection, receiver)

    def attempts(self, row_id: int) -> list[Attempt]:
        """Return the ledger of one outbox row."""
        return outbox.ledger(self._connection, row_id)

    def attempts_of(self, incident_id: str) -> dict[int, list[Attempt]]:
        """Return the ledgers of an incident's outbox rows, by row."""
        return outbox.ledgers(self._connection, incident_id)

    def delivery_counts(self) -> dict[tuple[str, Outcome], int]:
        """Return how many outbox rows each receiver has of each outcome."""
        return outbox.counts(self._connection)

    def failed_attempts(self, limit: int) -> list[tuple[str, Attempt]]:
        """Return the last attempts that did not deliver, with their receivers, newest first."""
        return outbox.failed(self._connection, limit)

    def position(self, partition: int) -> FeedPosition:
        """Return how far a partition of the signals log was applied."""
        return feed.position(self._connection, partition)

    def last_time(self) -> int | None:
        """Return the greatest time that passed in the signals log."""
        return feed.last_time(self._connection)


class Work(View):
    """One transaction's reads and writes; nothing of it is seen by others until it is whole."""

    def record(self, latest: Incident | None, events: Sequence[AnyEvent]) -> Incident | None:
        """Append what was decided about the newest incident, fold it, return that incident.

        Events that begin a new one (`Opened`, `Missed` under another id) leave `latest` alone.
        """
        if not events:
            return latest
        before = None if _begins_anew(latest, events[0]) else latest
        after = fold(events, before)
        if after is not None:
            incidents.append(self._connection, before, events, after)
        return after

    def mark_applied(self, signal: Signal) -> bool:
        """Remember a signal as applied; False when it, or a later one, already was."""
        return feed.mark(self._connection, signal)

    def advance_feed(self, partition: int, reached: FeedPosition) -> None:
        """Remember how far a partition was applied."""
        feed.advance(self._connection, partition, reached)

    def unwatch(self, incident_id: str) -> None:
        """Say that nothing is left to be said of an incident, unless something happens to it."""
        incidents.unwatch(self._connection, incident_id)

    def plan(self, due: Due, now: int) -> bool:
        """Write an intent (or that it is skipped); False when its dedup key was there already."""
        return outbox.add(
            self._connection,
            due.notification,
            outcome=Outcome.WAITING if due.skipped is None else Outcome.SKIPPED,
            next_attempt_at=now if due.skipped is None else None,
            closed_at=None if due.skipped is None else now,
            detail="" if due.skipped is None else str(due.skipped),
        )

    def close(self, row_id: int, outcome: Outcome, at: int, detail: str) -> None:
        """End a waiting row."""
        outbox.close(self._connection, row_id, outcome, at, detail)

    def put_off(self, row_id: int, until: int, detail: str) -> None:
        """Let a waiting row wait longer."""
        outbox.put_off(self._connection, row_id, until, detail)

    def begin_attempt(self, row_id: int, at: int) -> int:
        """Write that a call is about to be made; its number from 1."""
        return outbox.begin_attempt(self._connection, row_id, at)

    def finish_attempt(self, row_id: int, number: int, at: int, answer: Answer) -> None:
        """Write how a call ended."""
        outbox.finish_attempt(self._connection, row_id, number, at, answer)


def _begins_anew(latest: Incident | None, first: AnyEvent) -> bool:
    if isinstance(first, Opened):
        return True
    return isinstance(first, Missed) and (latest is None or latest.id != first.id)


class IncidentStore:
    """An incident store that is up to date; safe to use from several threads and processes.

    Raises an `alerts.errors.AlertsError` that says what is wrong and how to mend it; a
    transaction that raises leaves nothing behind.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    @property
    def where(self) -> str:
        """The place, for messages."""
        return self._database.where

    def check_in_place(self) -> None:
        """Raise StoreGone when the file is no longer the one that was opened."""
        self._database.check_in_place()

    @contextmanager
    def write(self) -> Iterator[Work]:
        """One short transaction that no other writer overlaps."""
        with self._database.write() as connection:
            yield Work(connection)

    @contextmanager
    def read(self) -> Iterator[View]:
        """One consistent view."""
        with self._database.read() as connection:
            yield View(connection)

    def close(self) -> None:
        """Let the database go."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def open_store(url: str, *, durable: bool = True) -> IncidentStore:
    """Open the store at a database URL (`sqlite:///DIR/incidents.db`), made or updated as needed.

    Raises `StoreUnavailable`, `StoreNewer`, `StoreCorrupt` or `MigrationFailed`; the store
    is then as it was.
    """
    return IncidentStore(Database(url, durable=durable))
