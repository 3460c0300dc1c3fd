"""The program's metrics, bound once and cheap to call; what they are called: metric_catalogue."""

from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from threading import Lock

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics
from prometheus_client.exposition import choose_encoder

from alerts.incident import State
from detectors.severity import Severity
from pipeline import metric_catalogue as catalogue
from pipeline.clock import Clock
from pipeline.metric_catalogue import Metric

OTHER = "other"
"""The label value of everything beyond a label's bound."""

MOST_BRANDS = 50
MOST_NAMES = 50
"""Sources, consumers, kinds of receivers: what is configured and few."""


class Stage(StrEnum):
    """Where on its way a mention is counted."""

    WRITTEN = "written"
    FOLDED = "folded"
    STORED = "stored"


_TURN_SECONDS = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0)


class _Bounded:
    """Lets the first `most` values of a label through; all others are `other`. Thread-safe."""

    def __init__(self, most: int, first: Iterable[str] = ()) -> None:
        self._most = most
        self._known: dict[str, str] = {}
        self._lock = Lock()
        for value in first:
            self(value)

    def __call__(self, value: str) -> str:
        if value in self._known:
            return value
        with self._lock:
            if len(self._known) < self._most:
                self._known[value] = value
            return self._known.get(value, OTHER)


class BrandMetrics:
    """One brand's counters, bound once."""

    __slots__ = ("_mentions", "_negatives", "_repeated", "_unscored", "_voices")

    def __init__(
        self,
        mentions: Counter,
        negatives: Counter,
        voices: Counter,
        unscored: Counter,
        repeated: Counter,
    ) -> None:
        self._mentions = mentions
        self._negatives = negatives
        self._voices = voices
        self._unscored = unscored
        self._repeated = repeated

    def counted(
        self,
        *,
        mentions: int = 0,
        negatives: int = 0,
        voices: int = 0,
        unscored: int = 0,
        repeated: int = 0,
    ) -> None:
        """Add what was counted since the last call; about a microsecond for each that is not 0."""
        for counter, number in (
            (self._mentions, mentions),
            (self._negatives, negatives),
            (self._voices, voices),
            (self._unscored, unscored),
            (self._repeated, repeated),
        ):
            if number:
                counter.inc(number)


class Metrics:
    """The program's metrics in a registry of their own; thread-safe, cheap enough for each batch.

    The first `most_brands` brands (those of `brands` first) have a label of their own, all others
    share `other`; so do sources, consumers and kinds of receivers beyond 50. Ages are worked out
    from `clock` when somebody looks, so they grow even if the engine hangs.
    """

    def __init__(
        self, clock: Clock, *, brands: Iterable[str] = (), most_brands: int = MOST_BRANDS
    ) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]  # the library leaves it untyped
        self._clock = clock
        self._registry = CollectorRegistry()
        self._lock = Lock()
        self._brand_label = _Bounded(most_brands, brands)
        self._source_label = _Bounded(MOST_NAMES)
        self._consumer_label = _Bounded(MOST_NAMES)
        self._receiver_label = _Bounded(MOST_NAMES)
        self._mentions = self._counter(catalogue.MENTIONS)
        self._negatives = self._counter(catalogue.NEGATIVES)
        self._voices = self._counter(catalogue.VOICES)
        self._unscored = self._counter(catalogue.UNSCORED)
        self._repeated = self._counter(catalogue.REPEATED)
        self._late = self._counter(catalogue.LATE)
        self._rejected = self._counter(catalogue.REJECTED)
        stages = self._counter(catalogue.STAGE_MENTIONS)
        self._stages = {stage: stages.labels(stage) for stage in Stage}
        self._lag_records = self._gauge(catalogue.LAG_RECORDS)
        self._lag_seconds = self._gauge(catalogue.LAG_SECONDS)
        self._source_age = self._gauge(catalogue.SOURCE_AGE)
        self._fold_seconds = self._histogram(catalogue.FOLD_SECONDS)
        self._scorer_seconds = self._histogram(catalogue.SCORER_SECONDS)
        self._incidents = self._gauge(catalogue.INCIDENTS)
        for severity in Severity:
            for state in (State.OPEN, State.ACKNOWLEDGED):
                self._incidents.labels(severity, state)
        self._notifications = self._counter(catalogue.NOTIFICATIONS)
        self._http_requests = self._counter(catalogue.HTTP_REQUESTS)
        self._ready = self._gauge(catalogue.READY)
        self._brands: dict[str, BrandMetrics] = {}
        self._watermark: int | None = None
        self._delivered: dict[str, int] = {}

    def brand(self, name: str) -> BrandMetrics:
        """Return a brand's counters; keep them, or ask again."""
        label = self._brand_label(name)
        bound = self._brands.get(label)
        if bound is None:
            bound = self._brands[label] = BrandMetrics(
                self._mentions.labels(label),
                self._negatives.labels(label),
                self._voices.labels(label),
                self._unscored.labels(label),
                self._repeated.labels(label),
            )
        return bound

    def passed(self, stage: Stage, mentions: int) -> None:
        """Count mentions that passed a stage."""
        self._stages[stage].inc(mentions)

    def late(self, source: str, mentions: int) -> None:
        """Count late mentions of a source."""
        self._late.labels(self._source_label(source)).inc(mentions)

    def rejected(self, source: str, reason: str, inputs: int = 1) -> None:
        """Count inputs of a source that are no mention; `reason` is a RejectedReason."""
        self._rejected.labels(self._source_label(source), reason).inc(inputs)

    def lag(self, consumer: str, records: int, milliseconds: int | None) -> None:
        """Say how far a consumer is behind: in records, and the age of the oldest of them.

        An age nobody knows (None) is not shown at all, rather than as 0.
        """
        label = self._consumer_label(consumer)
        self._lag_records.labels(label).set(records)
        if milliseconds is not None:
            self._lag_seconds.labels(label).set(milliseconds / 1000)

    def watermark(self, instant: int) -> None:
        """Say up to when detection is done; not for an event log, whose time is not ours."""
        with self._lock:
            if self._watermark is None:
                self._gauge(catalogue.WATERMARK_AGE).set_function(self._watermark_age)
            self._watermark = instant

    def delivered(self, source: str, up_to: int) -> None:
        """Say up to when a source has delivered what it had."""
        label = self._source_label(source)
        with self._lock:
            if label not in self._delivered:
                self._source_age.labels(label).set_function(
                    lambda: self._age(self._delivered[label])
                )
            self._delivered[label] = up_to

    def fold_took(self, seconds: float) -> None:
        """Take note of one turn of the fold."""
        self._fold_seconds.observe(seconds)

    def scorer_took(self, seconds: float) -> None:
        """Take note of the scorer's share of one turn."""
        self._scorer_seconds.observe(seconds)

    def incidents_open(self, counts: Mapping[tuple[Severity, State], int]) -> None:
        """Say how many incidents there are now; what is not named is 0."""
        for severity in Severity:
            for state in (State.OPEN, State.ACKNOWLEDGED):
                self._incidents.labels(severity, state).set(counts.get((severity, state), 0))

    def notified(self, receiver_kind: str, reason: str, outcome: str) -> None:
        """Count a notification; `reason` and `outcome` are enums of alerts.notification."""
        self._notifications.labels(self._receiver_label(receiver_kind), reason, outcome).inc()

    def http_answered(self, route: str, status: int) -> None:
        """Count an answer; `route` is one of the app's own, or `other`."""
        self._http_requests.labels(route, str(status)).inc()

    def ready_when(self, ready: Callable[[], bool]) -> None:
        """Ask `ready` whenever somebody looks."""
        self._ready.set_function(lambda: float(ready()))

    def exposition(self, accept: str = "") -> tuple[bytes, str]:
        """Return what Prometheus reads, and its content type; `accept` is what it asked for."""
        encode, content_type = choose_encoder(accept)
        return encode(self._registry), content_type

    def _watermark_age(self) -> float:
        return 0.0 if self._watermark is None else self._age(self._watermark)

    def _age(self, instant: int) -> float:
        return (self._clock.now() - instant) / 1000

    def _counter(self, metric: Metric) -> Counter:
        return Counter(metric.name, metric.help, metric.labels, registry=self._registry)

    def _gauge(self, metric: Metric) -> Gauge:
        return Gauge(metric.name, metric.help, metric.labels, registry=self._registry)

    def _histogram(self, metric: Metric) -> Histogram:
        return Histogram(
            metric.name, metric.help, metric.labels, registry=self._registry, buckets=_TURN_SECONDS
        )
