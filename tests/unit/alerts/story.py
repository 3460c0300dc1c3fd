"""What the tests of the people's side are told with: signals, policies, a ledger."""

from collections.abc import Sequence

from alerts.command import Command
from alerts.incident import AnyEvent, Incident
from alerts.lifecycle import decide, fold
from alerts.notification import Delivered, Due, Entry, Notification, Outcome
from alerts.policy import HOUR, MINUTE, Policy, Receiver
from alerts.timers import due, next_due
from detectors.reading import Lane, Rule
from detectors.severity import Severity
from detectors.signal import Signal, SignalKind

T0 = 1_424_613_600_000
"""22 Feb 2015, 14:00 UTC."""

POLICY = Policy(
    receivers=(
        Receiver("ann", zone="America/New_York"),
        Receiver("bob", zone="Europe/Berlin"),
        Receiver("lead"),
        Receiver("ops"),
    ),
    steps=(("ann",), ("bob",)),
    lead=("lead",),
    ops=("ops",),
)


def signal(
    kind: SignalKind = SignalKind.OPENED,
    seq: int = 1,
    *,
    at: int = T0,
    surge: int = 1,
    opened_at: int = T0,
    severity: Severity = Severity.WARNING,
    observed: float = 30.0,
    expected: float = 4.0,
    lane: Lane = Lane.FAST_15,
    rule: Rule = Rule.NEGATIVE_SURGE,
    brand: str = "united",
    unheard_since: int | None = None,
    reason: str = "30 negative voices in 15 min, 7.5 times the usual 4.0",
    still_learning: bool = False,
) -> Signal:
    return Signal(
        brand=brand,
        rule=rule,
        surge=surge,
        seq=seq,
        kind=kind,
        bucket_end=at,
        opened_at=opened_at,
        lane=lane,
        observed=observed,
        expected=expected,
        mentions=60,
        voices=50,
        share=0.6,
        usual_share=0.2,
        severity=severity,
        reason=reason,
        still_learning=still_learning,
        unheard=() if unheard_since is None else ("twitter",),
        unheard_since=unheard_since,
    )


def events(incident: Incident | None, said: Signal | Command, now: int) -> tuple[AnyEvent, ...]:
    decided = decide(incident, said, now)
    assert isinstance(decided, tuple), decided
    return decided


def after(incident: Incident | None, said: Signal | Command, now: int) -> Incident:
    folded = fold(events(incident, said, now), incident)
    assert folded is not None
    return folded


def opened(
    severity: Severity = Severity.WARNING, now: int = T0, rule: Rule = Rule.NEGATIVE_SURGE
) -> Incident:
    return after(None, signal(severity=severity, rule=rule), now)


def kept(dues: Sequence[Due], now: int, outcome: Outcome = Outcome.DELIVERED) -> Delivered:
    return tuple(
        Entry(each.notification, Outcome.SKIPPED if each.skipped else outcome, now) for each in dues
    )


class Said:
    """A shell in small: speaks whenever something is due, until a time, and keeps the ledger."""

    def __init__(self, policy: Policy = POLICY) -> None:
        self.policy = policy
        self.ledger: Delivered = ()
        self.heard: list[tuple[int, Notification]] = []

    def speak(self, incident: Incident, now: int) -> list[Notification]:
        dues = due(incident, self.ledger, now, self.policy)
        self.ledger += kept(dues, now)
        fresh = [each.notification for each in dues if not each.skipped]
        self.heard += [(now, told) for told in fresh]
        return fresh

    def until(self, incident: Incident, now: int, end: int) -> list[tuple[int, Notification]]:
        """Speak at now and at every due time up to `end`; return what was said, and when."""
        before = len(self.heard)
        at: int | None = now
        while at is not None and at <= end:
            self.speak(incident, at)
            at = next_due(incident, self.ledger, at, self.policy)
        return self.heard[before:]


__all__ = ["HOUR", "MINUTE", "POLICY", "T0", "Said", "after", "events", "kept", "opened", "signal"]
