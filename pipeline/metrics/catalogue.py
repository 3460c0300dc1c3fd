"""Every metric of the program: its name, kind, unit, help and labels stand here, and only here.

`python -m pipeline.metrics.catalogue` writes the page docs/metrics.md.
"""

import sys
from enum import StrEnum

import msgspec


class Kind(StrEnum):
    """What Prometheus knows a metric as."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


class Metric(msgspec.Struct, frozen=True):
    """One line of the catalogue; a metric without a unit counts."""

    name: str
    kind: Kind
    help: str
    labels: tuple[str, ...] = ()
    unit: str = ""


PREFIX = "crisis_monitor_"


def _metric(
    name: str, kind: Kind, text: str, labels: tuple[str, ...] = (), unit: str = ""
) -> Metric:
    return Metric(PREFIX + name, kind, text, labels, unit)


MENTIONS = _metric(
    "mentions_total",
    Kind.COUNTER,
    "Mentions counted for a brand, without repeats, late ones and the brand's own posts.",
    ("brand",),
)
NEGATIVES = _metric(
    "negative_mentions_total", Kind.COUNTER, "Those of them judged negative.", ("brand",)
)
VOICES = _metric(
    "voices_total",
    Kind.COUNTER,
    "Those of them whose author and text were new within 60 minutes: what detectors read.",
    ("brand",),
)
UNSCORED = _metric(
    "unscored_mentions_total",
    Kind.COUNTER,
    "Those of them that no scorer serves the language of: counted, never taken for neutral.",
    ("brand",),
)
REPEATED = _metric(
    "repeated_mentions_total",
    Kind.COUNTER,
    "Mentions that came again with an id already counted.",
    ("brand",),
)
LATE = _metric(
    "late_mentions_total",
    Kind.COUNTER,
    "Mentions older than their source may deliver: stored, not counted.",
    ("source",),
)
REJECTED = _metric(
    "rejected_total",
    Kind.COUNTER,
    "Inputs that are no mention, by reason; `rejected list` shows them.",
    ("source", "reason"),
)
STAGE_MENTIONS = _metric(
    "stage_mentions_total",
    Kind.COUNTER,
    "Mentions that passed a stage: written to the log, folded, stored for people.",
    ("stage",),
)
LAG_RECORDS = _metric(
    "lag_records",
    Kind.GAUGE,
    "Records of its log a consumer has not applied yet.",
    ("consumer",),
)
LAG_SECONDS = _metric(
    "lag_seconds",
    Kind.GAUGE,
    "Age of the oldest record a consumer has not applied yet; 0 when there is none.",
    ("consumer",),
    "seconds",
)
WATERMARK_AGE = _metric(
    "watermark_age_seconds",
    Kind.GAUGE,
    "How far the time up to which detection is done lies behind now; absent for an event log.",
    unit="seconds",
)
SOURCE_AGE = _metric(
    "source_delivered_age_seconds",
    Kind.GAUGE,
    "How far the time up to which a source has delivered lies behind now; absent until it has.",
    ("source",),
    "seconds",
)
FOLD_SECONDS = _metric(
    "fold_seconds",
    Kind.HISTOGRAM,
    "Time one turn of the fold took, judging included.",
    unit="seconds",
)
SCORER_SECONDS = _metric(
    "scorer_seconds",
    Kind.HISTOGRAM,
    "Time the scorer took of one turn of the fold.",
    unit="seconds",
)
INCIDENTS = _metric(
    "incidents_open",
    Kind.GAUGE,
    "Incidents not resolved, by severity and by where people stand with them.",
    ("severity", "state"),
)
NOTIFICATIONS = _metric(
    "notifications_total",
    Kind.COUNTER,
    "Notifications by kind of receiver, reason and outcome.",
    ("receiver_kind", "reason", "outcome"),
)
HTTP_REQUESTS = _metric(
    "http_requests_total", Kind.COUNTER, "HTTP requests answered.", ("route", "status")
)
PARTITION_LAG = _metric(
    "partition_lag_records",
    Kind.GAUGE,
    "Records of a partition its consumer has not applied yet; told by whoever works on it.",
    ("consumer", "partition"),
)
PARTITION_LAG_SECONDS = _metric(
    "partition_lag_seconds",
    Kind.GAUGE,
    "Age at most of the oldest record of a partition not applied yet; 0 when there is none.",
    ("consumer", "partition"),
    "seconds",
)
PARTITIONS_OWNED = _metric(
    "partitions_owned",
    Kind.GAUGE,
    "Partitions this process works on; the sum over all processes is the number of partitions.",
    ("consumer",),
)
PARTITIONS_UNOWNED = _metric(
    "partitions_unowned",
    Kind.GAUGE,
    "Partitions that wait for a process to work on them, as an alerter sees it at the brokers.",
    ("consumer",),
)
REBALANCES = _metric(
    "rebalances_total",
    Kind.COUNTER,
    "Times this process was given another share of the partitions.",
)
RECOVERY_SECONDS = _metric(
    "recovery_seconds",
    Kind.HISTOGRAM,
    "Time it took to take a partition up: to read its rows back; 0 where they were kept.",
    unit="seconds",
)
CHECKPOINT_SECONDS = _metric(
    "checkpoint_seconds",
    Kind.HISTOGRAM,
    "Time a checkpoint took until the brokers had confirmed all of it.",
    unit="seconds",
)
CHECKPOINTS_FAILED = _metric(
    "checkpoints_failed_total",
    Kind.COUNTER,
    "Checkpoints that were not confirmed or no longer allowed; what they held is folded again.",
)
ROW_BYTES = _metric(
    "row_bytes",
    Kind.HISTOGRAM,
    "Size of what a checkpoint wrote of the fold's state: brand, chunk, partition.",
    ("row",),
    "bytes",
)
REPLAYED = _metric(
    "replayed_records_total",
    Kind.COUNTER,
    "Records that came again and were recognised as folded before.",
)
OFFSET_GAPS = _metric(
    "offset_gaps_total",
    Kind.COUNTER,
    "Times records of a topic were gone before they were read, whoever reads it: lost.",
)
DEAD_LETTERS = _metric(
    "dead_letters_total",
    Kind.COUNTER,
    "Records that could not be folded, by reason; `rejected list` shows them.",
    ("reason",),
)
UNCONFIRMED = _metric(
    "unconfirmed_mentions",
    Kind.GAUGE,
    "Mentions taken at the door that the brokers have not confirmed yet.",
)
LEADER = _metric(
    "leader",
    Kind.GAUGE,
    "1 in the alerter that pages, 0 in those that stand by; the sum over all is 1.",
)
READY = _metric(
    "ready", Kind.GAUGE, "1 while everything does its work, 0 while `/readyz` names reasons."
)

CATALOGUE = (
    MENTIONS,
    NEGATIVES,
    VOICES,
    UNSCORED,
    REPEATED,
    LATE,
    REJECTED,
    STAGE_MENTIONS,
    LAG_RECORDS,
    LAG_SECONDS,
    WATERMARK_AGE,
    SOURCE_AGE,
    FOLD_SECONDS,
    SCORER_SECONDS,
    INCIDENTS,
    NOTIFICATIONS,
    HTTP_REQUESTS,
    READY,
    PARTITION_LAG,
    PARTITION_LAG_SECONDS,
    PARTITIONS_OWNED,
    PARTITIONS_UNOWNED,
    REBALANCES,
    RECOVERY_SECONDS,
    CHECKPOINT_SECONDS,
    CHECKPOINTS_FAILED,
    ROW_BYTES,
    REPLAYED,
    OFFSET_GAPS,
    DEAD_LETTERS,
    UNCONFIRMED,
    LEADER,
)
"""In the order of the page."""


_HEAD = """\
# Metrics

What `/metrics` shows. Written by `python -m pipeline.metrics.catalogue`; a test holds the two
against each other. Labels are bounded: the first 50 brands, sources, consumers and kinds of
receivers and the first 256 partitions have a value of their own, all others share `other`. What
stands from `partition_lag_records` on is shown by what works with Kafka alone: workers, ingest
processes, alerters.

| metric | kind | labels | unit | what it says |
|---|---|---|---|---|"""


def page() -> str:
    """Return the page about all metrics, in Markdown."""
    lines = [_HEAD]
    lines += [
        f"| `{metric.name}` | {metric.kind} | {_coded(metric.labels)} | {metric.unit or 'count'}"
        f" | {metric.help} |"
        for metric in CATALOGUE
    ]
    return "\n".join(lines) + "\n"


def _coded(labels: tuple[str, ...]) -> str:
    return ", ".join(f"`{label}`" for label in labels)


if __name__ == "__main__":
    sys.stdout.write(page())
