"""The program's metrics, bound once and cheap to call; what they are called: metric_catalogue."""

from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from math import nan
from threading import Lock

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics
from prometheus_client.exposition import choose_encoder

from alerts.incident import State
from detectors.severity import Severity
from pipeline.clock import Clock
from pipeline.metrics import catalogue
from pipeline.metrics.catalogue import Metric
from pipeline.metrics.labels import Bounded

MOST_BRANDS = 50
MOST_NAMES = 50
"""Sources, consumers, kinds of receivers: what is configured and few."""
MOST_PARTITIONS = 256


class Stage(StrEnum):
    """Where on its way a mention is counted."""

    WRITTEN = "written"
    FOLDED = "folded"
    STORED = "stored"


class RowKind(StrEnum):
    """What a checkpoint writes."""

    BRAND = "brand"
    CHUNK = "chunk"
    PARTITION = "partition"


_TURN_SECONDS = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0)
_ROW_BYTES = (256, 1_024, 2_048, 4_096, 6_144, 8_192, 16_384, 65_536, 262_144)


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
        self._brand_label = Bounded(most_brands, brands)
        self._source_label = Bounded(MOST_NAMES)
        self._consumer_label = Bounded(MOST_NAMES)
        self._receiver_label = Bounded(MOST_NAMES)
        self._partition_label = Bounded(MOST_PARTITIONS)
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
        self._watermark_shown = False
        self._delivered: dict[str, int] = {}
        self._gauges: dict[str, Gauge] = {}
        self._counters: dict[str, Counter] = {}
        self._histograms: dict[str, Histogram] = {}

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

    def watermark(self, instant: int | None) -> None:
        """Say up to when detection is done; not for an event log, whose time is not ours.

        None: nothing is detected here now, as in a worker without a partition.
        """
        with self._lock:
            if not self._watermark_shown:
                self._watermark_shown = True
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

    # -- the road on Kafka: shown from the first time they are told on ---------------------

    def partition_lag(
        self, consumer: str, partition: int, records: int, oldest_at: int | None
    ) -> None:
        """Say how far a partition is behind, and an instant no unread record is older than.

        The age grows by itself until it is told again; None with nothing unread is an age of 0.
        """
        labels = (self._consumer_label(consumer), self._partition_label(str(partition)))
        self._late_gauge(catalogue.PARTITION_LAG).labels(*labels).set(records)
        seconds = self._late_gauge(catalogue.PARTITION_LAG_SECONDS).labels(*labels)
        if records and oldest_at is not None:
            seconds.set_function(lambda: max(0.0, self._age(oldest_at)))
        else:
            seconds.set_function(lambda: 0.0)

    def partition_gone(self, consumer: str, partition: int) -> None:
        """Show a partition's lag no more: another process works on it now."""
        labels = (self._consumer_label(consumer), self._partition_label(str(partition)))
        for metric in (catalogue.PARTITION_LAG, catalogue.PARTITION_LAG_SECONDS):
            gauge = self._late_gauge(metric)
            gauge.labels(*labels)
            gauge.remove(*labels)

    def partitions_owned(self, consumer: str, partitions: int) -> None:
        """Say how many partitions this process works on."""
        label = self._consumer_label(consumer)
        self._late_gauge(catalogue.PARTITIONS_OWNED).labels(label).set(partitions)

    def partitions_unowned(self, consumer: str, partitions: int) -> None:
        """Say how many partitions nobody works on, as the brokers see it."""
        label = self._consumer_label(consumer)
        self._late_gauge(catalogue.PARTITIONS_UNOWNED).labels(label).set(partitions)

    def rebalanced(self) -> None:
        """Count a change of this process's share."""
        self._late_counter(catalogue.REBALANCES).inc()

    def recovery_took(self, seconds: float) -> None:
        """Take note of one partition's recovery."""
        self._late_histogram(catalogue.RECOVERY_SECONDS).observe(seconds)

    def checkpoint_took(self, seconds: float) -> None:
        """Take note of one confirmed checkpoint."""
        self._late_histogram(catalogue.CHECKPOINT_SECONDS).observe(seconds)

    def checkpoint_failed(self) -> None:
        """Count a checkpoint that was given up."""
        self._late_counter(catalogue.CHECKPOINTS_FAILED).inc()

    def row_written(self, row: RowKind, size: int) -> None:
        """Take note of the size of a row or chunk, in bytes."""
        self._late_histogram(catalogue.ROW_BYTES).labels(row).observe(size)

    def replayed(self, records: int) -> None:
        """Count records recognised as folded before."""
        self._late_counter(catalogue.REPLAYED).inc(records)

    def offset_gap(self) -> None:
        """Count records of a topic that were gone before they were read."""
        self._late_counter(catalogue.OFFSET_GAPS).inc()

    def dead_letter(self, reason: str) -> None:
        """Count a record that could not be folded; `reason` is a RejectedReason."""
        self._late_counter(catalogue.DEAD_LETTERS).labels(reason).inc()

    def unconfirmed(self, mentions: int) -> None:
        """Say how many mentions wait for the brokers to confirm them."""
        self._late_gauge(catalogue.UNCONFIRMED).set(mentions)

    def leader_when(self, leads: Callable[[], bool]) -> None:
        """Ask `leads` whenever somebody looks."""
        self._late_gauge(catalogue.LEADER).set_function(lambda: float(leads()))

    def exposition(self, accept: str = "") -> tuple[bytes, str]:
        """Return what Prometheus reads, and its content type; `accept` is what it asked for."""
        encode, content_type = choose_encoder(accept)
        return encode(self._registry), content_type

    def _watermark_age(self) -> float:
        return nan if self._watermark is None else self._age(self._watermark)

    def _age(self, instant: int) -> float:
        return (self._clock.now() - instant) / 1000

    def _late_gauge(self, metric: Metric) -> Gauge:
        with self._lock:
            if metric.name not in self._gauges:
                self._gauges[metric.name] = self._gauge(metric)
            return self._gauges[metric.name]

    def _late_counter(self, metric: Metric) -> Counter:
        with self._lock:
            if metric.name not in self._counters:
                self._counters[metric.name] = self._counter(metric)
            return self._counters[metric.name]

    def _late_histogram(self, metric: Metric) -> Histogram:
        with self._lock:
            if metric.name not in self._histograms:
                self._histograms[metric.name] = self._histogram(metric)
            return self._histograms[metric.name]

    def _counter(self, metric: Metric) -> Counter:
        return Counter(metric.name, metric.help, metric.labels, registry=self._registry)

    def _gauge(self, metric: Metric) -> Gauge:
        return Gauge(metric.name, metric.help, metric.labels, registry=self._registry)

    def _histogram(self, metric: Metric) -> Histogram:
        return Histogram(
            metric.name,
            metric.help,
            metric.labels,
            registry=self._registry,
            buckets=_ROW_BYTES if metric.unit == "bytes" else _TURN_SECONDS,
        )
