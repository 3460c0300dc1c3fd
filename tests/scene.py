"""A stage for the people's side: driven time, made-up signals, receivers that take notes."""

import threading
from collections.abc import Iterable, Mapping, Sequence

import msgspec
from msgspec.structs import replace

from alerts.alerter import Alerter
from alerts.backoff import DeliverySettings
from alerts.couriers import Couriers
from alerts.delivery import Delivery
from alerts.feed import FeedRecord, TimePassed
from alerts.notifiers.answer import Answer, Result
from alerts.notifiers.protocol import Message, Notifier
from alerts.policy import Cadence, Policy, Receiver, UpdateClocks
from alerts.samples import NoSamples, SampleSource
from alerts.store import IncidentStore
from detectors.reading import Lane, Rule
from detectors.severity import Severity
from detectors.signal import Signal, SignalKind

SECOND = 1_000
MINUTE = 60_000
HOUR = 60 * MINUTE
START = 1_790_000_040_000
"""A whole minute in September 2026."""

FAST = UpdateClocks(
    critical_internal=Cadence(15 * SECOND, 20 * SECOND, 120 * SECOND, 60 * SECOND),
    warning_internal=Cadence(60 * SECOND, 60 * SECOND),
    critical_public=Cadence(45 * SECOND, 60 * SECOND),
)
"""The shipped cadences with a second for each minute."""


def signal(  # noqa: PLR0917
    at: int,
    seq: int = 1,
    kind: SignalKind = SignalKind.OPENED,
    severity: Severity = Severity.CRITICAL,
    surge: int = 1,
    brand: str = "Acme",
    opened_at: int | None = None,
) -> Signal:
    return Signal(
        brand=brand,
        rule=Rule.NEGATIVE_SURGE,
        surge=surge,
        seq=seq,
        kind=kind,
        bucket_end=at,
        opened_at=at if opened_at is None else opened_at,
        lane=Lane.FAST_15,
        observed=60.0,
        expected=4.0,
        mentions=90,
        voices=70,
        share=0.86,
        usual_share=0.3,
        severity=severity,
        reason="15 times the usual in 15 min",
    )


class Feed:
    """A signals log in memory."""

    def __init__(self, records: Iterable[FeedRecord] = ()) -> None:
        self.records = list(records)

    def add(self, *records: FeedRecord) -> None:
        self.records.extend(records)

    def read(self, after: int, limit: int) -> list[tuple[int, FeedRecord]]:
        start = after + 1
        return list(enumerate(self.records[start : start + limit], start=start))


class DrivenClock:
    """Time that passes only when told."""

    def __init__(self, now: int = START) -> None:
        self._now = now

    def now(self) -> int:
        return self._now

    def pass_(self, span: int) -> int:
        self._now += span
        return self._now

    def set(self, now: int) -> None:
        self._now = now


class Said(msgspec.Struct, frozen=True):
    at: int
    reason: str
    key: str
    headline: str


class Recorder:
    """A notifier that notes; answers what it is told to, else delivered."""

    def __init__(self, answers: Sequence[Answer] = ()) -> None:
        self.said: list[Said] = []
        self.answers = list(answers)
        self.turn = threading.Lock()

    def deliver(self, message: Message, *, key: str) -> Answer:
        with self.turn:
            self.said.append(Said(message.at, message.reason, key, message.headline))
            if self.answers:
                return self.answers.pop(0)
            return Answer(Result.DELIVERED, "noted")

    def close(self) -> None:
        return

    def told(self) -> list[tuple[int, str]]:
        """Seconds since START and reason of each call."""
        return [((said.at - START) // SECOND, said.reason) for said in self.said]


POLICY = Policy(
    receivers=(Receiver("oncall"),),
    steps=(("oncall",),),
    acknowledge_within=5 * SECOND,
    rounds=2,
    merge_within=0,
    clocks=FAST,
)
QUICK = DeliverySettings(
    attempts_in_series=2,
    series_first_wait=10,
    series_longest_wait=50,
    first_pause=2 * SECOND,
    longest_pause=8 * SECOND,
    jitter=0.0,
    sample_wait=0,
)


def deliveries(
    store: IncidentStore,
    notifiers: Mapping[str, Notifier],
    policy: Policy = POLICY,
    settings: DeliverySettings = QUICK,
    samples: SampleSource | None = None,
    *,
    waits: bool = False,
) -> Delivery:
    return Delivery(
        store, policy, notifiers, samples or NoSamples(), settings, waits_for_samples=waits
    )


def event_alerter(
    store: IncidentStore,
    notifier: Notifier,
    policy: Policy = POLICY,
    settings: DeliverySettings = QUICK,
) -> Alerter:
    return Alerter(store, policy, deliveries(store, {"oncall": notifier}, policy, settings))


def clock_alerter(
    store: IncidentStore,
    notifiers: Mapping[str, Notifier],
    clock: DrivenClock,
    policy: Policy = POLICY,
    settings: DeliverySettings = QUICK,
) -> tuple[Alerter, Couriers]:
    delivery = deliveries(store, notifiers, policy, settings)
    couriers = Couriers(store, delivery, notifiers, clock.now)
    return Alerter(store, policy, delivery, couriers=couriers), couriers


def ticks(start: int, end: int, step: int = SECOND) -> list[TimePassed]:
    """Times from start to end, both included."""
    return [TimePassed(at) for at in range(start, end + 1, step)]


def with_receivers(policy: Policy, *names: str) -> Policy:
    return replace(
        policy,
        receivers=tuple(Receiver(name) for name in names),
        steps=tuple((name,) for name in names),
    )
