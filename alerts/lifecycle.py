"""The life of an incident: `decide` holds the rules, `evolve` only folds.

`decide` is given the newest incident of the brand and rule (open or not, None when there never
was one) and answers with events, which may be none, or with a refusal. `evolve` folds one event
and never refuses.
"""

from typing import TYPE_CHECKING

from msgspec.structs import replace

from alerts.asked import decide_command
from alerts.heard import decide_signal
from alerts.incident import (
    BY_CALM,
    Acknowledged,
    AnyEvent,
    Assigned,
    Audience,
    Calmed,
    Ended,
    Incident,
    Levelled,
    Missed,
    Noted,
    Opened,
    Reopened,
    Resolved,
    Returned,
    Rise,
    SeverityRaised,
    State,
    Updated,
    Updates,
)
from alerts.policy import LifecycleSettings
from detectors.signal import Signal

if TYPE_CHECKING:
    from collections.abc import Iterable

    from alerts.command import Command, Refusal

USUAL = LifecycleSettings()


def decide(
    incident: Incident | None,
    said: "Signal | Command",
    now: int,
    settings: LifecycleSettings = USUAL,
) -> "tuple[AnyEvent, ...] | Refusal":
    """Return what follows from a signal or a command, as events, or why it is refused.

    A signal is never refused: one that changes nothing answers with no events, and so does a
    repeat of one already applied. `now` is in milliseconds.
    """
    if isinstance(said, Signal):
        return decide_signal(incident, said, now, settings)
    return decide_command(incident, said, now, settings)


def fold(events: "Iterable[AnyEvent]", incident: Incident | None = None) -> Incident | None:
    """Fold events in their order, from nothing or onto an incident."""
    for event in events:
        incident = evolve(incident, event)
    return incident


def evolve(incident: Incident | None, event: AnyEvent) -> Incident:
    """Fold one event. Nothing is judged here: what was decided is what is.

    An event that names another incident (`Opened`, or `Missed` of another id) begins that one:
    the id of what comes back tells. Raises ValueError for a first event that does not open: such
    a history is damaged.
    """
    if isinstance(event, Opened):
        return _born(event)
    if isinstance(event, Missed) and (incident is None or incident.id != event.id):
        return _born(event)
    if incident is None:
        kind = type(event).__name__
        raise ValueError(f"an incident's history begins with Opened or Missed, not {kind}")
    return _grown(replace(incident, events=incident.events + 1), event)


def _born(event: Opened | Missed) -> Incident:
    incident = Incident(
        id=event.id,
        brand=event.brand,
        rule=event.rule,
        severity=event.severity,
        opening_severity=event.severity,
        opened_at=event.opened_at,
        noticed_at=event.at,
        opened_by=event.by,
        level=event.level,
        opening=event.level,
        surge=event.surge,
        seq=event.seq,
        events=1,
    )
    if isinstance(event, Missed):
        return _over(incident, event)
    return replace(
        incident,
        unheard=event.unheard,
        unheard_since=event.unheard_since,
        unheard_spells=0 if event.unheard_since is None else 1,
    )


def _grown(incident: Incident, event: AnyEvent) -> Incident:
    match event:
        case Levelled() | Reopened():
            return _levelled(incident, event)
        case SeverityRaised():
            rises = (*incident.rises, Rise(event.at, event.severity))
            return replace(incident, severity=event.severity, rises=rises)
        case Calmed() | Returned():
            return _calmed(incident, event)
        case Ended() | Missed():
            return _over(incident, event)
        case _:
            return _handled(incident, event)


def _levelled(incident: Incident, event: Levelled | Reopened) -> Incident:
    began = event.unheard_since is not None and incident.unheard_since is None
    incident = replace(
        incident,
        level=event.level,
        surge=event.surge,
        seq=event.seq,
        unheard=event.unheard,
        unheard_since=event.unheard_since,
        unheard_spells=incident.unheard_spells + began,
    )
    if isinstance(event, Levelled):
        return incident
    return replace(
        incident,
        state=State.OPEN,
        calm_at=None,
        calm_noticed_at=None,
        returned_at=None,
        returned_noticed_at=None,
        ended=False,
        acknowledged_at=None,
        acknowledged_by="",
        resolved_at=None,
        resolved_from=None,
        resolved_by="",
        at_resolution=None,
        last_resolved_by=event.resolved_by,
        reopened=incident.reopened + 1,
        reopened_at=event.at,
        reopened_reason=event.reason,
    )


def _calmed(incident: Incident, event: Calmed | Returned) -> Incident:
    incident = replace(incident, surge=event.surge, seq=event.seq)
    if isinstance(event, Returned):
        return replace(
            incident,
            calm_at=None,
            calm_noticed_at=None,
            returned_at=event.event_time,
            returned_noticed_at=event.at,
        )
    return replace(
        incident,
        calm_at=event.event_time,
        calm_noticed_at=event.at,
        calms=incident.calms + 1,
        unheard=(),
        unheard_since=None,
    )


def _over(incident: Incident, event: Ended | Missed) -> Incident:
    incident = replace(
        incident,
        surge=event.surge,
        seq=event.seq,
        ended=True,
        unheard=(),
        unheard_since=None,
        missed=incident.missed or isinstance(event, Missed),
    )
    if incident.state is State.RESOLVED:
        return incident
    return replace(
        incident,
        state=State.RESOLVED,
        resolved_at=event.at,
        resolved_from=event.event_time,
        resolved_by=BY_CALM,
    )


def _handled(incident: Incident, event: AnyEvent) -> Incident:
    match event:
        case Acknowledged():
            return replace(
                incident,
                state=State.ACKNOWLEDGED,
                acknowledged_at=event.at,
                acknowledged_by=event.by,
                acknowledgements=incident.acknowledgements + 1,
                owner=incident.owner or event.by,
            )
        case Updated():
            given = incident.updates(event.audience)
            given = Updates(given.count + 1, event.at, event.promised)
            if event.audience == Audience.INTERNAL:
                return replace(incident, internal=given)
            return replace(incident, public=given)
        case Resolved():
            return replace(
                incident,
                state=State.RESOLVED,
                resolved_at=event.at,
                resolved_from=event.at,
                resolved_by=event.by,
                verdict=event.verdict,
                at_resolution=incident.level,
            )
        case Assigned():
            return replace(incident, owner=event.to)
        case Noted():
            return replace(incident, notes=incident.notes + 1)
        case _:
            raise ValueError(f"{type(event).__name__} cannot follow an opening")
