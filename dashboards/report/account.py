"""Everything there is to tell about one incident, gathered from the stores."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from alerts.facts import has_mentions
from alerts.incident import Acknowledged, AnyEvent, Incident, Level, Levelled, Opened, Updated
from alerts.lifecycle import fold
from alerts.notification import Outcome
from alerts.rendering import Rendered, render
from alerts.samples import Driver, Sample, Samples
from detectors.reading import Lane, Rule
from pipeline.stores.drivers import read_drivers
from pipeline.stores.samples import MentionSamples

if TYPE_CHECKING:
    from alerts.policy import Policy
    from alerts.store import Attempt, Planned
    from dashboards.views.books import Books

MANY = 1_000_000
HOUR = 60 * 60_000
LOOK_BACK = {Lane.SLOW: 4 * HOUR}
"""Negatives of so long before the opening belong to it (else an hour): the lane had seen them."""
SAMPLES = 6


class Said(msgspec.Struct, frozen=True):
    """One notification: the outbox row, its ledger, and what the receiver read.

    `read` is the message of the incident as it stood when it was decided; None where the history
    does not reach back to it.
    """

    row: "Planned"
    attempts: "tuple[Attempt, ...]"
    read: Rendered | None


class Course(msgspec.Struct, frozen=True):
    """How long people and machine took, in ms; None where it never came to that.

    `to_notice` from the opening to our opening the incident, `to_page` from there to the first
    confirmed page, `to_acknowledge` and `to_update` from there to the first of each, `to_resolve`
    from the opening to the end.
    """

    to_notice: int
    to_page: int | None
    to_acknowledge: int | None
    to_update: int | None
    to_resolve: int | None


class Account(msgspec.Struct, frozen=True):
    """One incident, whole: `events` are all of them, `peak` the highest level.

    `until` is the end of the evidence: its end, or how far the log is. `samples` are masked.
    """

    incident: Incident
    events: tuple[AnyEvent, ...]
    said: tuple[Said, ...]
    course: Course
    peak: Level
    until: int
    drivers: tuple[Driver, ...]
    samples: tuple[Sample, ...]
    channels: tuple[tuple[str, int], ...]
    languages: tuple[tuple[str, int], ...]

    @property
    def levels(self) -> tuple[Levelled, ...]:
        """How high it stood, again and again."""
        return tuple(event for event in self.events if isinstance(event, Levelled))

    @property
    def told(self) -> tuple[AnyEvent, ...]:
        """What happened but for that."""
        return tuple(event for event in self.events if not isinstance(event, Levelled))


def read_account(
    books: "Books", incident_id: str, now: int, policy: "Policy", *, whole: bool = True
) -> Account | None:
    """Gather one incident; None where there is none of this id.

    `now` is people's time (ms). Without `whole` no message is rendered but the first page's.
    """
    with books.incidents.read() as view:
        incident = view.incident(incident_id)
        if incident is None:
            return None
        events = tuple(view.events(incident.id))
        rows = view.notifications(incident_id=incident.id, limit=MANY)[::-1]
        ledgers = [tuple(view.attempts(row.id)) if whole else () for row in rows]
    until = _until(incident, books, now)
    samples = _samples(books, incident)
    return Account(
        incident,
        events,
        tuple(_said(incident, events, rows, ledgers, policy, samples, whole=whole)),
        _course(incident, events, rows),
        max(
            (each.level for each in events if hasattr(each, "level")),
            key=_height,
            default=incident.level,
        ),
        until,
        _drivers(books, incident, until),
        samples.samples,
        samples.channels,
        samples.languages,
    )


def _height(level: Level) -> tuple[float, float]:
    return level.fold, level.observed


def _until(incident: Incident, books: "Books", now: int) -> int:
    if incident.resolved_at is not None:
        return max(incident.resolved_at, incident.opened_at)
    return max(incident.opened_at, incident.level.event_time, min(now, books.progress.time or now))


class _AllHere(msgspec.Struct, frozen=True):
    """Nothing is waited for: the mention store was just seen to hold what there is."""

    judged_end: int = 0


def _samples(books: "Books", incident: Incident) -> Samples:
    if not has_mentions(incident):
        return Samples()
    if books.progress.mentions_wait():
        return Samples()
    reader = MentionSamples(_AllHere(), books.mentions)
    around = incident.opening.event_time
    return reader.samples(incident.brand, incident.rule, around, SAMPLES) or Samples()


def _drivers(books: "Books", incident: Incident, until: int) -> tuple[Driver, ...]:
    if not has_mentions(incident) and incident.rule is not Rule.MANUAL:
        return ()
    end = incident.calm_at or until
    start = incident.opened_at - LOOK_BACK.get(incident.opening.lane or Lane.FAST_60, HOUR)
    return read_drivers(books.mentions, incident.brand, start, max(end, start + 1))


def _said(  # noqa: PLR0913, PLR0917  # what a message is rendered from
    incident: Incident,
    events: tuple[AnyEvent, ...],
    rows: "Sequence[Planned]",
    ledgers: "Sequence[tuple[Attempt, ...]]",
    policy: "Policy",
    samples: Samples,
    *,
    whole: bool,
) -> list[Said]:
    found = []
    for number, (row, ledger) in enumerate(zip(rows, ledgers, strict=True)):
        notification = row.notification
        rendered = None
        if whole or number == 0:
            then = _then(incident, events, notification.made_at)
            if then is not None:
                about = samples if has_mentions(incident) else None
                rendered = render(notification, then, notification.made_at, policy, about)
        found.append(Said(row, ledger, rendered))
    return found


def _then(incident: Incident, events: Sequence[AnyEvent], at: int) -> Incident | None:
    """The incident as it was known at an instant of now."""
    known = [event for event in events if event.at <= at]
    if len(known) == len(events):
        return incident
    return fold(known) if known else None


def _course(incident: Incident, events: Sequence[AnyEvent], rows: "Sequence[Planned]") -> Course:
    noticed = incident.noticed_at
    paged = [
        row.notification.at if row.closed_at is None else row.closed_at
        for row in rows
        if row.outcome is Outcome.DELIVERED and row.notification.reason.is_page
    ]
    return Course(
        incident.late_by,
        max(0, min(paged) - noticed) if paged else None,
        _first(events, Acknowledged, noticed),
        _first(events, Updated, noticed),
        None if incident.resolved_at is None else max(0, incident.resolved_at - incident.opened_at),
    )


def _first(events: Sequence[AnyEvent], kind: type[AnyEvent], since: int) -> int | None:
    found = [event.at for event in events if isinstance(event, kind)]
    return max(0, found[0] - since) if found else None


def began(events: Sequence[AnyEvent]) -> Opened | None:
    """The opening, where there was one."""
    return next((event for event in events if isinstance(event, Opened)), None)
