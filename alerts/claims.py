"""Everything that is true of an incident and ought to have been said by now.

A claim says what (its part) and to whom. What is due is what is claimed and not yet in the
ledger; an intent whose claim has gone is superseded. So sending and closing can never disagree.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec

from alerts import clocks, routing
from alerts.incident import BY_CALM, Audience, Incident, State
from alerts.notification import Part, Reason
from detectors.reading import Rule
from detectors.severity import Severity

if TYPE_CHECKING:
    from alerts.policy import Policy

RUNGS = 10_000
"""More rungs than one life's ladder ever has: an escalation's sequence is life * this + rung."""
MOST_SKIPPED = 100
"""How many passed stages of one due time are recorded at most."""
MINUTE = 60_000

REMINDERS = {
    Audience.INTERNAL: (Reason.INTERNAL_UPDATE_DUE, Reason.INTERNAL_UPDATE_OVERDUE),
    Audience.PUBLIC: (Reason.PUBLIC_UPDATE_DUE, Reason.PUBLIC_UPDATE_OVERDUE),
}


class Claim(msgspec.Struct, frozen=True):
    """One thing that is true, who should hear it, and under what condition.

    `after`: a receiver hears it only when told before for one of these reasons (empty: always);
    with `after_sequence`, only when that very one. `once`: those who become receivers later do
    not hear it. `skipped`: its time passed and a later one says what is true, so it is recorded
    and not said; `stands`: one already written may still go out.
    """

    part: Part
    receivers: tuple[str, ...]
    after: tuple[Reason, ...] = ()
    after_sequence: int | None = None
    once: bool = False
    skipped: bool = False
    stands: bool = True


def claims(incident: Incident, now: int, policy: "Policy") -> tuple[Claim, ...]:
    """Return every claim of this instant (now), the most urgent first."""
    if incident.rule is Rule.BLINDNESS:
        return tuple(_blindness(incident, policy))
    if incident.severity is Severity.INFO:
        return tuple(_attention(incident, policy))
    if not incident.is_open:
        return tuple(_closed(incident, policy, Reason.RESOLVED))
    return (
        *_pages(incident, now, policy),
        *_course(incident, now, policy),
        *_reminders(incident, now, policy),
    )


def alert_since(incident: Incident) -> int:
    """Return when the present life became worth a page (now): its start, or a rise from info."""
    start = incident.live_since
    if incident.severity_at(start) is not Severity.INFO:
        return start
    return next((rise.at for rise in incident.rises if rise.at > start), start)


def ladder(incident: Incident, policy: "Policy") -> tuple[int, ...]:
    """Return the instants of the ladder's rungs: 0 the page, the last "nobody answered"."""
    if incident.state is not State.OPEN or incident.calm_at is not None:
        return ()
    base, rungs = alert_since(incident), min(policy.rounds * len(policy.steps), RUNGS - 1)
    return tuple(base + rung * policy.acknowledge_within for rung in range(rungs + 1))


def _pages(incident: Incident, now: int, policy: "Policy") -> Iterator[Claim]:
    if incident.calm_at is not None:
        return
    base = alert_since(incident)
    rises = [(n, rise) for n, rise in enumerate(incident.rises, start=1) if rise.at > base]
    answered = incident.acknowledged_at
    if rises and (answered is None or answered <= rises[-1][1].at):
        count, rise = rises[-1]
        told = routing.owners(incident, policy)
        yield Claim(Part(Reason.PAGE_RAISED, count, rise.at, rise.at), told, once=True)
        for number, earlier in rises[:-1]:
            part = Part(Reason.PAGE_RAISED, number, earlier.at, earlier.at)
            yield Claim(part, told, skipped=True, stands=False)
    rungs = ladder(incident, policy)
    if not rungs:
        return
    first = Reason.PAGE_REOPENED if incident.reopened else Reason.PAGE
    page = Part(first, incident.reopened or 1, base, incident.opened_at)
    yield Claim(page, routing.step(0, policy), once=True)
    yield from _rungs(incident, rungs, sum(at <= now for at in rungs) - 1, policy)


def _rungs(
    incident: Incident, rungs: tuple[int, ...], reached: int, policy: "Policy"
) -> Iterator[Claim]:
    """Yield the ladder's latest rung, and those before it that need not be said any more.

    An earlier rung still stands for receivers whom no later one has reached.
    """
    nobody = reached == len(rungs) - 1 and reached > 0
    told: set[str] = set()
    for rung in range(reached, 0, -1):
        if nobody and rung == reached:
            names = routing.everybody(policy)
            part = Part(Reason.NOBODY_ANSWERED, incident.reopened + 1, rungs[rung], rungs[0])
        else:
            names = routing.step(rung, policy)
            sequence = incident.reopened * RUNGS + rung
            part = Part(Reason.ESCALATION, sequence, rungs[rung], rungs[0])
        stands = not told.intersection(names)
        yield Claim(part, names, once=True, skipped=rung < reached, stands=stands)
        told.update(names)


def _course(incident: Incident, now: int, policy: "Policy") -> Iterator[Claim]:
    """Yield calm, its return, and doubt."""
    told = routing.owners(incident, policy)
    if incident.calm_at is not None:
        at = incident.calm_at if incident.calm_noticed_at is None else incident.calm_noticed_at
        yield Claim(Part(Reason.CALM, incident.calms, at, incident.calm_at), told)
    elif incident.returned_noticed_at is not None and incident.returned_at is not None:
        part = Part(
            Reason.RETURNED, incident.calms, incident.returned_noticed_at, incident.returned_at
        )
        heard = routing.known(told + routing.everybody(policy), policy)
        yield Claim(part, heard, (Reason.CALM,), incident.calms)
    doubt = doubt_since(incident)
    if doubt is not None and doubt[1] + policy.doubt_after <= now:
        sequence, since = doubt
        part = Part(Reason.CANNOT_TELL, sequence, since + policy.doubt_after, since)
        yield Claim(part, told)


def doubt_since(incident: Incident) -> tuple[int, int] | None:
    """Return the number of the doubt and since when calm could not be recognised (event time).

    Either a source is missing, or the fold has said nothing since its last signal. A doubt about
    a missing source is counted by spells, the other by the minute of the last signal.
    """
    if not incident.is_open or incident.rule is Rule.MANUAL or incident.ended:
        return None
    if incident.calm_at is None and incident.unheard_since is not None:
        return incident.unheard_spells, incident.unheard_since
    since = max(incident.level.event_time, incident.calm_at or 0)
    return since // MINUTE, since


def _reminders(incident: Incident, now: int, policy: "Policy") -> Iterator[Claim]:
    for audience in Audience:
        due = clocks.owed_at(incident, audience, policy)
        if due is None or now < due:
            continue
        every = clocks.interval(incident, audience, policy, due)
        stage = clocks.stage_of(due, every, now)
        for passed in range(stage, max(-1, stage - MOST_SKIPPED), -1):
            part = reminder(incident, audience, due, every, passed)
            names = routing.reminded(incident, passed, policy)
            late = passed < stage
            yield Claim(part, names, skipped=late, stands=not late)


def reminder(incident: Incident, audience: Audience, due: int, every: int, stage: int) -> Part:
    """Return the part of one stage of an audience's due time."""
    number = clocks.number(incident, audience)
    at = clocks.stage_at(due, every, stage)
    on_time, overdue = REMINDERS[audience]
    if stage == 0:
        return Part(on_time, number, at, due)
    return Part(overdue, number * clocks.STAGES + stage, at, due)


def _blindness(incident: Incident, policy: "Policy") -> Iterator[Claim]:
    ops = routing.known(policy.ops, policy)
    if incident.state is State.OPEN:
        at = incident.live_since
        yield Claim(Part(Reason.BLIND, incident.reopened + 1, at, incident.opened_at), ops)
    yield from _closed(incident, policy, Reason.HEARS_AGAIN)


def _attention(incident: Incident, policy: "Policy") -> Iterator[Claim]:
    if incident.is_open:
        at = incident.live_since
        part = Part(Reason.ATTENTION, incident.reopened + 1, at, incident.opened_at)
        yield Claim(part, routing.known(policy.info, policy))


def _closed(incident: Incident, policy: "Policy", reason: Reason) -> Iterator[Claim]:
    """Yield the end that came by itself, for those who had heard of the beginning."""
    if incident.resolved_by != BY_CALM or incident.resolved_at is None:
        return
    at = incident.resolved_at
    told = tuple(receiver.name for receiver in policy.receivers)
    part = Part(reason, incident.reopened + 1, at, incident.calm_at or at)
    yield Claim(part, told, tuple(Reason))
