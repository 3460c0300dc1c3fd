"""What a signal of the fold does to the newest incident of its brand and rule."""

from typing import TYPE_CHECKING

from alerts.asked import incident_id
from alerts.incident import (
    BY_CALM,
    AnyEvent,
    Calmed,
    Ended,
    Incident,
    Level,
    Levelled,
    Missed,
    Opened,
    Reopened,
    Returned,
    SeverityRaised,
)
from detectors.signal import Signal, SignalKind

if TYPE_CHECKING:
    from alerts.policy import LifecycleSettings

Events = tuple[AnyEvent, ...]
SPEAKS_UP = frozenset({SignalKind.OPENED, SignalKind.LEVEL, SignalKind.RETURNED})


def decide_signal(
    incident: Incident | None, signal: Signal, now: int, settings: "LifecycleSettings"
) -> Events:
    """Return what a signal leads to; nothing for one at or below the last applied.

    A signal applies to the open incident; to a resolved one where that is still its matter; else
    it opens a new one if it is young enough.
    """
    if incident is None:
        return _anew(signal, now, settings)
    if (signal.surge, signal.seq) <= (incident.surge, incident.seq):
        return ()
    if incident.is_open:
        return _while_open(incident, signal, now)
    if signal.surge == incident.surge:
        return _after_resolution(incident, signal, now, settings)
    if _reopens_by_opening(incident, signal, settings):
        return _reopened(incident, signal, now, "a new surge opened")
    return _anew(signal, now, settings)


def level_of(signal: Signal) -> Level:
    """Return the numbers of a signal."""
    return Level(
        event_time=signal.bucket_end,
        lane=signal.lane,
        observed=signal.observed,
        expected=signal.expected,
        mentions=signal.mentions,
        voices=signal.voices,
        share=signal.share,
        usual_share=signal.usual_share,
        reason=signal.reason,
        still_learning=signal.still_learning,
    )


def _anew(signal: Signal, now: int, settings: "LifecycleSettings") -> Events:
    if signal.kind is SignalKind.ENDED:
        return (_missed(signal, incident_id(signal.brand, signal.rule, signal.opened_at), now),)
    young = now - signal.bucket_end < settings.max_signal_age
    if signal.kind not in SPEAKS_UP or not young:
        return ()
    return (
        Opened(
            at=now,
            id=incident_id(signal.brand, signal.rule, signal.opened_at),
            brand=signal.brand,
            rule=signal.rule,
            severity=signal.severity,
            event_time=signal.bucket_end,
            opened_at=signal.opened_at,
            level=level_of(signal),
            surge=signal.surge,
            seq=signal.seq,
            unheard=signal.unheard,
            unheard_since=signal.unheard_since,
        ),
    )


def _missed(signal: Signal, name: str, now: int) -> Missed:
    return Missed(
        at=now,
        id=name,
        brand=signal.brand,
        rule=signal.rule,
        severity=signal.severity,
        event_time=signal.bucket_end,
        opened_at=signal.opened_at,
        level=level_of(signal),
        surge=signal.surge,
        seq=signal.seq,
    )


def _while_open(incident: Incident, signal: Signal, now: int) -> Events:
    at, surge, seq = signal.bucket_end, signal.surge, signal.seq
    match signal.kind:
        case SignalKind.ENDED:
            untouched = not incident.reopened and not incident.acknowledgements
            if at <= incident.noticed_at and untouched:
                return (_missed(signal, incident.id, now),)
            return (Ended(at=now, event_time=at, surge=surge, seq=seq),)
        case SignalKind.CALM:
            return (Calmed(at=now, event_time=at, surge=surge, seq=seq),)
        case _:
            return (
                *_calm_undone(incident, signal, now),
                _levelled(signal, now),
                *_raised(incident, signal, now),
            )


def _calm_undone(incident: Incident, signal: Signal, now: int) -> Events:
    if incident.calm_at is None or signal.kind is SignalKind.LEVEL:
        return ()
    return (Returned(at=now, event_time=signal.bucket_end, surge=signal.surge, seq=signal.seq),)


def _levelled(signal: Signal, now: int) -> Levelled:
    return Levelled(
        at=now,
        event_time=signal.bucket_end,
        level=level_of(signal),
        surge=signal.surge,
        seq=signal.seq,
        unheard=signal.unheard,
        unheard_since=signal.unheard_since,
    )


def _raised(incident: Incident, signal: Signal, now: int) -> Events:
    if signal.severity.rank <= incident.severity.rank:
        return ()
    return (
        SeverityRaised(
            at=now, event_time=signal.bucket_end, severity=signal.severity, reason=signal.reason
        ),
    )


def _after_resolution(
    incident: Incident, signal: Signal, now: int, settings: "LifecycleSettings"
) -> Events:
    """Judge the surge that lasted when a person resolved its incident."""
    if incident.ended:
        return ()
    at, surge, seq = signal.bucket_end, signal.surge, signal.seq
    match signal.kind:
        case SignalKind.ENDED:
            return (Ended(at=now, event_time=at, surge=surge, seq=seq),)
        case SignalKind.CALM:
            return (Calmed(at=now, event_time=at, surge=surge, seq=seq),)
        case SignalKind.RETURNED if incident.calm_at is not None:
            return _reopened(incident, signal, now, "it came back after calm")
        case _:
            reason = _still_worse(incident, signal, settings)
            return _reopened(incident, signal, now, reason) if reason else ()


def _still_worse(incident: Incident, signal: Signal, settings: "LifecycleSettings") -> str:
    before = incident.at_resolution
    if incident.calm_at is not None or before is None or incident.resolved_at is None:
        return ""
    now_level = level_of(signal)
    limit = 1 + settings.excess
    if now_level.lane is before.lane:
        exceeds = now_level.observed > limit * before.observed
    else:
        exceeds = now_level.fold > limit * before.fold
    if exceeds:
        return "it grew by more than half since"
    if signal.bucket_end >= incident.resolved_at + settings.outlasts:
        return "it went on since"
    return ""


def _reopens_by_opening(incident: Incident, signal: Signal, settings: "LifecycleSettings") -> bool:
    return (
        signal.kind in SPEAKS_UP
        and not incident.missed
        and incident.resolved_from is not None
        and signal.bucket_end - incident.resolved_from < settings.reopen_window
    )


def _reopened(incident: Incident, signal: Signal, now: int, reason: str) -> Events:
    return (
        Reopened(
            at=now,
            event_time=signal.bucket_end,
            reason=reason,
            resolved_by=incident.resolved_by or BY_CALM,
            level=level_of(signal),
            surge=signal.surge,
            seq=signal.seq,
            unheard=signal.unheard,
            unheard_since=signal.unheard_since,
        ),
        *_raised(incident, signal, now),
    )
