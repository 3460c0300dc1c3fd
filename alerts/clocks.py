"""When each audience is owed its next update.

An audience has one current due time D. The internal clock starts when somebody acknowledges, the
public one when the incident opens; reopening starts both again, resolving ends them. An update
at U sets D to the promised time or to U + cadence. A rise of severity moves D earlier, never
later. An unmet D stays the only one; its stages are D, D + c/2, D + 2c, then every c.
"""

from typing import TYPE_CHECKING

from alerts.incident import Audience, Incident
from detectors.reading import Rule

if TYPE_CHECKING:
    from alerts.policy import Policy

STAGES = 100_000
"""More stages than one due time ever has; a sequence number is due number * this + stage."""


def started_at(incident: Incident, audience: Audience) -> int | None:
    """Return when an audience's clock started (now); None while it does not run."""
    if not incident.is_open or incident.rule is Rule.BLINDNESS:
        return None
    return incident.acknowledged_at if audience is Audience.INTERNAL else incident.live_since


def owed_at(incident: Incident, audience: Audience, policy: "Policy") -> int | None:
    """Return D, the instant (now) an audience's next update is due; None where none is owed."""
    start = started_at(incident, audience)
    if start is None:
        return None
    given = incident.updates(audience)
    if given.last_at is not None and given.last_at >= start:
        base, due = given.last_at, _after_update(incident, audience, policy, start)
    else:
        base, due = start, _first(incident, audience, policy, start)
    for rise in incident.rises:
        first = policy.clocks.of(rise.severity, audience).first
        if rise.at > base and first is not None:
            due = rise.at + first if due is None else min(due, rise.at + first)
    return due


def _first(incident: Incident, audience: Audience, policy: "Policy", start: int) -> int | None:
    first = policy.clocks.of(incident.severity_at(start), audience).first
    promised = incident.updates(audience).promised
    due = [] if first is None else [start + first]
    if promised is not None and promised > start and _promise_holds(incident, audience):
        due.append(promised)
    return min(due, default=None)


def _promise_holds(incident: Incident, audience: Audience) -> bool:
    """Whether the last promise was made in the incident's present life."""
    last = incident.updates(audience).last_at
    return last is not None and last >= incident.live_since


def _after_update(
    incident: Incident, audience: Audience, policy: "Policy", start: int
) -> int | None:
    given = incident.updates(audience)
    if given.promised is not None or given.last_at is None:
        return given.promised
    cadence = policy.clocks.of(incident.severity_at(given.last_at), audience)
    if not cadence.repeats:
        return None
    return given.last_at + cadence.interval(given.last_at - start)


def number(incident: Incident, audience: Audience) -> int:
    """Return the number of the current due time: it grows with every update and every start."""
    starts = incident.acknowledgements if audience is Audience.INTERNAL else 1 + incident.reopened
    return starts + incident.updates(audience).count


def interval(incident: Incident, audience: Audience, policy: "Policy", due: int) -> int:
    """Return c, the cadence by which an unmet D is said again."""
    start = started_at(incident, audience)
    cadence = policy.clocks.of(incident.severity, audience)
    return max(2, cadence.interval(due - (due if start is None else start)))


def stage_at(due: int, every: int, stage: int) -> int:
    """Return the instant of a stage of an unmet D.

    >>> [stage_at(100, 20, k) for k in range(5)]
    [100, 110, 140, 160, 180]
    """
    if stage == 0:
        return due
    return due + every // 2 if stage == 1 else due + stage * every


def stage_of(due: int, every: int, now: int) -> int:
    """Return the latest stage that has passed; -1 before D.

    >>> [stage_of(100, 20, now) for now in (99, 100, 109, 110, 139, 140, 160)]
    [-1, 0, 0, 1, 1, 2, 3]
    """
    if now < due:
        return -1
    if now < due + 2 * every:
        return int(now >= due + every // 2)
    return min((now - due) // every, STAGES - 1)
