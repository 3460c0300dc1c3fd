"""What is to be said to one receiver, its key, and what became of it.

A notification is an intent: it is written before sending and its outcome after. It holds no text
of a mention; samples are looked up when it is rendered.
"""

from enum import StrEnum

import msgspec

from alerts.incident import Audience, Incident, State
from detectors.reading import Lane
from detectors.severity import Severity


class Reason(StrEnum):
    """Why somebody is told; it reaches message, log and metric label."""

    PAGE = "page"
    PAGE_RAISED = "page_raised"
    PAGE_REOPENED = "page_reopened"
    ESCALATION = "escalation"
    NOBODY_ANSWERED = "nobody_answered"
    INTERNAL_UPDATE_DUE = "internal_update_due"
    INTERNAL_UPDATE_OVERDUE = "internal_update_overdue"
    PUBLIC_UPDATE_DUE = "public_update_due"
    PUBLIC_UPDATE_OVERDUE = "public_update_overdue"
    CALM = "calm"
    RETURNED = "returned"
    CANNOT_TELL = "cannot_tell"
    RESOLVED = "resolved"
    BLIND = "blind"
    HEARS_AGAIN = "hears_again"
    ATTENTION = "attention"

    @property
    def is_page(self) -> bool:
        """Whether it is the first word of an opening, a reopening or a rise."""
        return self in {Reason.PAGE, Reason.PAGE_RAISED, Reason.PAGE_REOPENED}

    @property
    def audience(self) -> Audience | None:
        """The audience whose update it asks for, if it asks for one."""
        if self in {Reason.INTERNAL_UPDATE_DUE, Reason.INTERNAL_UPDATE_OVERDUE}:
            return Audience.INTERNAL
        if self in {Reason.PUBLIC_UPDATE_DUE, Reason.PUBLIC_UPDATE_OVERDUE}:
            return Audience.PUBLIC
        return None


class Outcome(StrEnum):
    """What became of an intent.

    `waiting`: written, not yet confirmed (also between attempts). `delivered`: the other side
    confirmed. `refused`: it never will take it. `superseded`: no longer true before it was sent.
    `skipped`: its time passed while nobody could send it, a later one says what is true.
    """

    WAITING = "waiting"
    DELIVERED = "delivered"
    REFUSED = "refused"
    SUPERSEDED = "superseded"
    SKIPPED = "skipped"

    @property
    def is_closed(self) -> bool:
        """Whether nothing more will be tried."""
        return self is not Outcome.WAITING


class Cause(StrEnum):
    """Why an intent was superseded or skipped."""

    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"
    REOPENED = "reopened"
    UPDATED = "updated"
    CALM = "calm"
    NOT_CALM = "not_calm"
    HEARD_AGAIN = "heard_again"
    RAISED_FURTHER = "raised_further"
    MOVED = "moved"
    LATER_STAGE = "later_stage"
    ANSWERED = "answered"
    NO_RECEIVER = "no_receiver"


class Snapshot(msgspec.Struct, frozen=True):
    """What was true when something was said: the ground for "what changed since"."""

    state: State
    severity: Severity
    event_time: int
    lane: Lane | None
    observed: float
    expected: float
    share: float
    usual_share: float
    calm_at: int | None


class Part(msgspec.Struct, frozen=True):
    """One thing said: its reason, its sequence number, and the instant it was due (now).

    `since` is what it counts from: the due time D of a reminder, the start of calm or of doubt.
    """

    reason: Reason
    sequence: int
    at: int
    since: int


class Notification(msgspec.Struct, frozen=True, kw_only=True):
    """One message to one receiver about one incident.

    `at` is the planned due time, `made_at` when it was decided (both now). `since` as in `Part`.
    `also` are further things the same message says. `now_true` is the incident when it was
    decided, `before` what was true when the receiver was last told (at `before_at`, now).
    """

    incident: str
    receiver: str
    reason: Reason
    sequence: int
    at: int
    made_at: int
    since: int
    now_true: Snapshot
    also: tuple[Part, ...] = ()
    before: Snapshot | None = None
    before_at: int | None = None

    @property
    def key(self) -> str:
        """The dedup key, the same for every attempt: `incident:receiver:reason:sequence`."""
        return f"{self.incident}:{self.receiver}:{self.reason}:{self.sequence}"

    @property
    def parts(self) -> tuple[Part, ...]:
        """Everything it says, the first thing first."""
        return (Part(self.reason, self.sequence, self.at, self.since), *self.also)

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """The reasons of its parts."""
        return (self.reason, *(part.reason for part in self.also))


class Entry(msgspec.Struct, frozen=True):
    """One intent as the ledger has it: `closed_at` is when its outcome came (now)."""

    notification: Notification
    outcome: Outcome = Outcome.WAITING
    closed_at: int | None = None


Delivered = tuple[Entry, ...]
"""Every intent about one incident, in the order they were written."""


class Due(msgspec.Struct, frozen=True):
    """What is to be written to the outbox now.

    `skipped` None: send it. Else record it as skipped for this cause and send nothing.
    """

    notification: Notification
    skipped: Cause | None = None


def snapshot(incident: Incident) -> Snapshot:
    """Return what is true of an incident now."""
    level = incident.level
    return Snapshot(
        state=incident.state,
        severity=incident.severity,
        event_time=level.event_time,
        lane=level.lane,
        observed=level.observed,
        expected=level.expected,
        share=level.share,
        usual_share=level.usual_share,
        calm_at=incident.calm_at,
    )
