"""What the topics are to be like, and how what is found differs from it."""

from enum import StrEnum
from typing import Final

import msgspec

from pipeline.settings.durations import DAY, HOUR, MINUTE, SECOND, format_duration
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
SETUP_COMMAND: Final = "crisis-monitor kafka setup"
"""What makes and changes what may be made and changed by a program."""


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

    @property
    def alerter_group(self) -> str:
        """The alerters' consumer group."""
        return f"{self.prefix}.alerter"

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


class FoundTopic(msgspec.Struct, frozen=True):
    """What one topic is like; `config` is empty where it may not be read."""

    name: str
    partitions: int
    replication: int
    config: dict[str, str]


class What(StrEnum):
    """In what a topic differs."""

    MISSING = "missing"
    PARTITIONS = "partitions"
    REPLICATION = "replication"
    SETTING = "setting"


class Mending(StrEnum):
    """Who can mend a difference."""

    SETUP = "setup"
    SHORTEN = "shorten"
    PERSON = "person"


class Difference(msgspec.Struct, frozen=True):
    """One thing in which a topic is not as wanted; `mend` is what to do."""

    topic: str
    what: What
    key: str
    wanted: str
    found: str
    mending: Mending
    mend: str

    @property
    def stops(self) -> bool:
        """Whether nothing may be started like this: the result would be wrong or lost."""
        return self.what in {What.MISSING, What.PARTITIONS} or self.key == "cleanup.policy"


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


def compare(plan: TopicPlan, found: FoundTopic | None) -> list[Difference]:
    """Return in what a topic is not as planned; nothing when all is well."""
    if found is None:
        return [
            Difference(
                plan.name,
                What.MISSING,
                "",
                f"{plan.partitions} partitions",
                "no such topic",
                Mending.SETUP,
                SETUP_COMMAND,
            )
        ]
    return [*_shape(plan, found), *_settings(plan, found)]


def _shape(plan: TopicPlan, found: FoundTopic) -> list[Difference]:
    differences = []
    if found.partitions != plan.partitions:
        differences.append(
            Difference(
                plan.name,
                What.PARTITIONS,
                "",
                str(plan.partitions),
                str(found.partitions),
                Mending.PERSON,
                f"set kafka.partitions = {found.partitions}, as the topic has them: with another "
                "number brands would lose their history. To change the number begin anew: another "
                "kafka.prefix, crisis-monitor kafka setup, then replay what is to be kept",
            )
        )
    if found.replication != plan.replication:
        differences.append(
            Difference(
                plan.name,
                What.REPLICATION,
                "",
                str(plan.replication),
                str(found.replication),
                Mending.PERSON,
                f"set kafka.replication = {found.replication}, or move the copies with Kafka's "
                "kafka-reassign-partitions.sh",
            )
        )
    return differences


def _settings(plan: TopicPlan, found: FoundTopic) -> list[Difference]:
    differences = []
    for key, value in plan.config.items():
        there = found.config.get(key)
        if there is None or _same(value, there):
            continue
        mending, mend = Mending.SETUP, SETUP_COMMAND
        if key == "min.insync.replicas" and int(value) > found.replication:
            mending = Mending.PERSON
            mend = (
                f"set kafka.min_insync to at most {found.replication}, the copies there are: "
                "with more nothing could be written"
            )
        elif key in {"retention.ms", "retention.bytes"} and _shorter(value, there):
            mending = Mending.SHORTEN
            mend = (
                "crisis-monitor kafka setup --shorten, which lets the broker delete what is older;"
                " or set kafka.retention as it is there"
            )
        differences.append(
            Difference(
                plan.name,
                What.SETTING,
                key,
                _shown(key, value),
                _shown(key, there),
                mending,
                mend,
            )
        )
    return differences


def _segment(retention: int) -> int:
    """Milliseconds of a segment: what is too old goes at most an eighth of the retention late."""
    return max(10 * MINUTE, min(DAY, retention // 8))


def _same(one: str, other: str) -> bool:
    """Whether two values of a setting mean the same; lists in any order."""
    try:
        return float(one) == float(other)
    except ValueError:
        return set(one.split(",")) == set(other.split(","))


def _shorter(value: str, there: str) -> bool:
    """Whether a retention is less than the one there; -1 is for ever."""
    return value != "-1" and (there == "-1" or int(value) < int(there))


def _shown(key: str, value: str) -> str:
    if key.endswith(".ms") and value.isdecimal() and not int(value) % SECOND:
        return f"{format_duration(int(value))} ({value})"
    return value
