"""What is written to the incident store in one transaction: signals applied, intents planned."""

from alerts.command import Refusal
from alerts.incident import Incident
from alerts.lifecycle import decide
from alerts.notification import Delivered
from alerts.policy import Policy
from alerts.store import View, Work
from alerts.timers import due, next_due
from detectors.signal import Signal

Scenes = list[tuple[Incident, Delivered]]
"""Incidents about which something may have to be said, with what the outbox holds of each."""

KEPT_IN_SIGHT = 3_600_000
"""Milliseconds a resolved incident is still looked at: a page under way may yet be confirmed."""


def scenes_of(view: View) -> Scenes:
    """Return what has to be looked at."""
    return [(incident, view.entries(incident.id)) for incident in view.watched()]


def apply_signal(work: Work, signal: Signal, now: int, policy: Policy) -> None:
    """Record what a signal leads to; a repeat leads to nothing."""
    if not work.mark_applied(signal):
        return
    latest = work.latest(signal.brand, signal.rule)
    decided = decide(latest, signal, now, policy.lifecycle)
    if isinstance(decided, Refusal):  # a signal is never refused
        raise TypeError(decided.message)
    work.record(latest, decided)


def anything_to_write(scenes: Scenes, now: int, policy: Policy) -> bool:
    """Tell whether `write_due` would write something."""
    return any(
        _out_of_sight(incident, now) or due(incident, entries, now, policy)
        for incident, entries in scenes
    )


def write_due(work: Work, scenes: Scenes, now: int, policy: Policy) -> bool:
    """Write what is due at `now` to the outbox; True when there was something."""
    wrote = False
    for incident, entries in scenes:
        for each in due(incident, entries, now, policy):
            wrote |= work.plan(each, now)
        if _out_of_sight(incident, now):
            work.unwatch(incident.id)
    return wrote


def due_after(scenes: Scenes, after: int, policy: Policy) -> dict[str, int]:
    """Return the first instant behind `after` at which each incident has something to say."""
    found = {
        incident.id: next_due(incident, entries, after, policy) for incident, entries in scenes
    }
    return {name: at for name, at in found.items() if at is not None}


def look_again_at(scenes: Scenes, after: int, policy: Policy) -> int | None:
    """Return when `anything_to_write` may become true by the passing of time alone."""
    leaving = (_in_sight_until(incident) for incident, _ in scenes)
    return least(*due_after(scenes, after, policy).values(), *leaving)


def least(*instants: int | None) -> int | None:
    """Return the earliest instant of those that there are."""
    return min((each for each in instants if each is not None), default=None)


def _in_sight_until(incident: Incident) -> int | None:
    return None if incident.resolved_at is None else incident.resolved_at + KEPT_IN_SIGHT


def _out_of_sight(incident: Incident, now: int) -> bool:
    until = _in_sight_until(incident)
    return until is not None and until <= now
