"""The names of the topics, and what each is to be like."""

from typing import Final

import msgspec

from pipeline.settings.durations import DAY, HOUR, MINUTE
from pipeline.settings.sections.kafka import KafkaSection

LARGEST_RECORD: Final = 2 * 1024 * 1024
"""Bytes of the largest record: an envelope of 512 KB and what judging adds, a dead letter whole."""
SEGMENT: Final = 256 * 1024 * 1024
SMALL_SEGMENT: Final = 16 * 1024 * 1024
"""Bytes of a changelog's segment: only closed ones are compacted, and recovery reads the rest."""
DIRTY: Final = 0.1
"""Part of a changelog that may be superseded before it is compacted."""
TOMBSTONES: Final = HOUR
"""Milliseconds a deletion stays for a recovery that is under way."""


class Topics:
    """The names of topics and groups under one prefix."""

    __slots__ = ("prefix",)

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix

    @property
    def mentions(self) -> str:
        """Envelopes and ticks."""
        return f"{self.prefix}.mentions"

    @property
    def signals(self) -> str:
        """What a checkpoint says: buckets, signals, time."""
        return f"{self.prefix}.signals"

    @property
    def judged(self) -> str:
        """Mentions as folded."""
        return f"{self.prefix}.judged"

    @property
    def rejected(self) -> str:
        """Dead letters."""
        return f"{self.prefix}.rejected"

    @property
    def worker_group(self) -> str:
        """The workers' consumer group, and their app's id."""
        return f"{self.prefix}.worker"

    def alerter_group(self, topic: str) -> str:
        """Return the alerters' consumer group of a topic: each topic has one of its own.

        Members of one group that read different topics can be left without a share for good.

        >>> Topics("p").alerter_group("p.judged")
        'p.alerter.judged'
        """
        return f"{self.prefix}.alerter.{topic.removeprefix(self.prefix + '.')}"

    @property
    def alerter_groups(self) -> tuple[str, ...]:
        """Every group of the alerters."""
        read = (self.signals, self.judged, self.rejected)
        return tuple(self.alerter_group(topic) for topic in read)

    @property
    def changelog(self) -> str:
        """The rows of the workers."""
        return f"{self.worker_group}-rows-changelog"

    def all(self) -> tuple[str, ...]:
        """Return the name of every topic.

        >>> Topics("p").all()
        ('p.mentions', 'p.signals', 'p.judged', 'p.rejected', 'p.worker-rows-changelog')
        """
        return self.mentions, self.signals, self.judged, self.rejected, self.changelog


class TopicPlan(msgspec.Struct, frozen=True):
    """What one topic is to be like; of what `config` does not name nothing is wanted."""

    name: str
    partitions: int
    replication: int
    config: dict[str, str]


def wanted(section: KafkaSection) -> list[TopicPlan]:
    """Return the plan of every topic, mentions first."""
    topics = Topics(section.prefix)
    everywhere = {
        "max.message.bytes": str(LARGEST_RECORD),
        "message.timestamp.type": "LogAppendTime",
        "min.insync.replicas": str(section.min_insync),
    }
    kept = everywhere | {
        "cleanup.policy": "delete",
        "retention.ms": str(section.retention),
        "retention.bytes": "-1",
        "segment.bytes": str(SEGMENT),
        "segment.ms": str(_segment(section.retention)),
    }
    compacted = everywhere | {
        "cleanup.policy": "compact",
        "segment.bytes": str(SMALL_SEGMENT),
        "segment.ms": str(HOUR),
        "min.cleanable.dirty.ratio": str(DIRTY),
        "min.compaction.lag.ms": "0",
        "delete.retention.ms": str(TOMBSTONES),
    }
    configs = {topics.changelog: compacted}
    return [
        TopicPlan(name, section.partitions, section.replication, configs.get(name, kept))
        for name in topics.all()
    ]


def _segment(retention: int) -> int:
    """Milliseconds of a segment: what is too old goes at most an eighth of the retention late."""
    return max(10 * MINUTE, min(DAY, retention // 8))
