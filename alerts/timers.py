"""What must be said now, what still holds of what was written, and when to look again.

Reminders are computed, not scheduled: all three answers follow from the incident, the ledger and
`now`, so a shell that slept too long, crashed or was told twice says the same things. `delivered`
is what the ledger holds about this incident; whatever `due` returns must be written to it before
asking again.
"""

from collections.abc import Iterator
from itertools import count, islice
from typing import TYPE_CHECKING

from alerts import clocks, routing
from alerts.claims import Claim, claims, doubt_since, ladder, reminder
from alerts.incident import Audience, Incident, State
from alerts.notification import (
    Cause,
    Delivered,
    Due,
    Entry,
    Notification,
    Outcome,
    Part,
    Reason,
    snapshot,
)

if TYPE_CHECKING:
    from alerts.policy import Policy

Key = tuple[str, Reason, int]


def due(incident: Incident, delivered: Delivered, now: int, policy: "Policy") -> tuple[Due, ...]:
    """Return what must be said now, and what must be recorded as skipped.

    At most one message a receiver: what falls due together, or within `merge_within`, is said in
    one. Asking again after writing the answer to the ledger returns nothing.
    """
    handled = _handled(delivered)
    said = {(reason, sequence) for _, reason, sequence in handled}
    skipped: list[Due] = []
    wanted: dict[str, list[Part]] = {}
    for claim in claims(incident, now, policy):
        part = claim.part
        if part.at > now:  # known only later: a log's signals stand before the dues they follow
            continue
        if claim.skipped:
            if (part.reason, part.sequence) not in said:
                skipped += [
                    Due(_notification(incident, name, (part,), delivered, now), Cause.LATER_STAGE)
                    for name in claim.receivers
                ]
            continue
        if claim.once and (part.reason, part.sequence) in said:
            continue
        for name in claim.receivers:
            fresh = (name, part.reason, part.sequence) not in handled
            if fresh and _concerns(claim, name, delivered):
                wanted.setdefault(name, []).append(part)
    soon = _soon(incident, now, policy)
    for name, parts in wanted.items():
        parts.extend(
            part
            for part, names in soon
            if name in names and (name, part.reason, part.sequence) not in handled
        )
    return (
        *skipped,
        *(
            Due(_notification(incident, name, tuple(parts), delivered, now))
            for name, parts in wanted.items()
        ),
    )


def next_due(incident: Incident, delivered: Delivered, now: int, policy: "Policy") -> int | None:
    """Return the first instant after now at which `due` will have something to say, if any.

    Holds while nothing is added to the incident or the ledger; ask again when something is.
    """
    for at in sorted(set(_moments(incident, now, policy))):
        if due(incident, delivered, at, policy):
            return at
    return None


def still_true(notification: Notification, incident: Incident, now: int, policy: "Policy") -> bool:
    """Whether anything an intent says still holds of the incident as it now is."""
    return bool(true_parts(notification, incident, now, policy))


def true_parts(
    notification: Notification, incident: Incident, now: int, policy: "Policy"
) -> tuple[Part, ...]:
    """Return what an intent says that still holds, in its order."""
    parts = notification.parts
    at = max(now, *(part.at for part in parts if part.at <= now + policy.merge_within), now)
    standing = {
        (claim.part.reason, claim.part.sequence)
        for moment in {now, at}
        for claim in claims(incident, moment, policy)
        if claim.stands
    }
    return tuple(part for part in parts if (part.reason, part.sequence) in standing)


def untrue_because(
    notification: Notification, incident: Incident, now: int, policy: "Policy"
) -> Cause | None:
    """Return why an intent is superseded, or None while something it says still holds."""
    if still_true(notification, incident, now, policy):
        return None
    return _cause(notification.parts[0], incident)


def _cause(part: Part, incident: Incident) -> Cause:  # noqa: PLR0911  # one line a cause
    reason = part.reason
    if not incident.is_open:
        return Cause.RESOLVED
    if reason in {Reason.RESOLVED, Reason.HEARS_AGAIN}:
        return Cause.REOPENED
    if reason is Reason.CALM:
        return Cause.NOT_CALM
    if reason is Reason.CANNOT_TELL:
        return Cause.HEARD_AGAIN
    if reason.audience is not None:
        return _reminder_cause(part, incident, reason.audience)
    if incident.state is State.ACKNOWLEDGED:
        return Cause.ACKNOWLEDGED
    if incident.calm_at is not None:
        return Cause.CALM
    if reason in {Reason.PAGE_RAISED, Reason.ATTENTION}:
        return Cause.RAISED_FURTHER
    if part.at < incident.live_since:
        return Cause.REOPENED
    return Cause.LATER_STAGE


def _reminder_cause(part: Part, incident: Incident, audience: Audience) -> Cause:
    last = incident.updates(audience).last_at
    if part.at < incident.live_since:
        return Cause.REOPENED
    number = clocks.number(incident, audience)
    if number in {part.sequence, part.sequence // clocks.STAGES}:
        return Cause.LATER_STAGE
    return Cause.UPDATED if last is not None else Cause.MOVED


def _handled(delivered: Delivered) -> set[Key]:
    """Every key that is in the ledger, also as a part of a message that was not superseded."""
    keys: set[Key] = set()
    for entry in delivered:
        told = entry.notification
        parts = told.parts[:1] if entry.outcome is Outcome.SUPERSEDED else told.parts
        keys.update((told.receiver, part.reason, part.sequence) for part in parts)
    return keys


def _concerns(claim: Claim, receiver: str, delivered: Delivered) -> bool:
    if not claim.after:
        return True
    return any(
        part.reason in claim.after and claim.after_sequence in {None, part.sequence}
        for entry in delivered
        if entry.outcome is Outcome.DELIVERED and entry.notification.receiver == receiver
        for part in entry.notification.parts
    )


def _soon(
    incident: Incident, now: int, policy: "Policy"
) -> tuple[tuple[Part, tuple[str, ...]], ...]:
    """Return what will be owed so soon that whoever is told something now hears it along.

    So a reminder that comes late, just before its next stage, stands for both. Never ahead by
    more than a sixth of the cadence, so that clocks of seconds keep ticking.
    """
    found = []
    for audience in Audience:
        for part, every, names in _next_stages(incident, audience, now, policy):
            if part.at - now <= min(policy.merge_within, every // 6):
                found.append((part, names))
            break
    return tuple(found)


def _next_stages(
    incident: Incident, audience: Audience, now: int, policy: "Policy"
) -> Iterator[tuple[Part, int, tuple[str, ...]]]:
    """Yield an audience's stages after now, without end: the part, c, who hears it."""
    due_at = clocks.owed_at(incident, audience, policy)
    if due_at is None:
        return
    every = clocks.interval(incident, audience, policy, due_at)
    for stage in count(clocks.stage_of(due_at, every, now) + 1):
        part = reminder(incident, audience, due_at, every, stage)
        yield part, every, routing.reminded(incident, stage, policy)


def _moments(incident: Incident, now: int, policy: "Policy") -> Iterator[int]:
    """Yield every instant after now at which something new can fall due."""
    if not incident.is_open:
        return
    yield from (at for at in ladder(incident, policy) if at > now)
    for audience in Audience:
        stages = _next_stages(incident, audience, now, policy)
        yield from (part.at for part, _, _ in islice(stages, 3))
    doubt = doubt_since(incident)
    if doubt is not None and doubt[1] + policy.doubt_after > now:
        yield doubt[1] + policy.doubt_after


def _notification(
    incident: Incident, receiver: str, parts: tuple[Part, ...], delivered: Delivered, now: int
) -> Notification:
    first = parts[0]
    last = _last_told(receiver, delivered)
    return Notification(
        incident=incident.id,
        receiver=receiver,
        reason=first.reason,
        sequence=first.sequence,
        at=first.at,
        made_at=now,
        since=first.since,
        now_true=snapshot(incident),
        also=parts[1:],
        before=None if last is None else last.notification.now_true,
        before_at=None if last is None else last.closed_at,
    )


def _last_told(receiver: str, delivered: Delivered) -> Entry | None:
    told = [
        entry
        for entry in delivered
        if entry.outcome is Outcome.DELIVERED and entry.notification.receiver == receiver
    ]
    return max(told, key=lambda entry: entry.closed_at or 0, default=None)
