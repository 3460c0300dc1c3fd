"""How far each stage of the road on Kafka has come: plain values, worked out from what was seen.

Pure: what was seen at the brokers is handed in (pipeline.kafka.lag sees it).
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum

import msgspec


class Step(StrEnum):
    """A reader of a topic on the road, as metrics and `lag` call it."""

    FOLD = "fold"
    SIGNALS = "signals"
    JUDGED = "judged"
    REJECTED = "rejected"


class Owner(msgspec.Struct, frozen=True):
    """A member of a consumer group, as the broker knows it."""

    member: str
    host: str


class Sample(msgspec.Struct, frozen=True):
    """The first unread records of a partition: how many were looked at, and what is in them.

    `oldest_at`: when the first of them was appended. `brands`: mentions by brand; where the
    record does not tell them apart, all stand under the empty name.
    """

    records: int = 0
    oldest_at: int | None = None
    brands: dict[str, int] = {}


NOTHING = Sample()


class Seen(msgspec.Struct, frozen=True):
    """One partition as the brokers tell it.

    `begin`: first offset still kept; `end`: the next to be written; `committed`: the next its
    group would read, `folded`: the last its row says is folded (None: no such word).
    `time`: how far the partition's time is, where there is a row.
    """

    partition: int
    begin: int
    end: int
    committed: int | None = None
    folded: int | None = None
    time: int | None = None
    owner: Owner | None = None

    @property
    def position(self) -> int:
        """The first offset not applied: the newer of row and group, whichever says more."""
        row = -1 if self.folded is None else self.folded + 1
        return max(self.begin, self.committed or 0, row)

    @property
    def expired(self) -> int:
        """Records that retention took before they were read."""
        row = 0 if self.folded is None else self.folded + 1
        known = max(self.committed or 0, row)
        return max(0, self.begin - known) if known else 0

    @property
    def records(self) -> int:
        """Records that wait."""
        return max(0, self.end - self.position)


class PartitionLag(msgspec.Struct, frozen=True):
    """How far one partition is behind; `mentions` of None: these records are not read into."""

    partition: int
    position: int
    end: int
    records: int
    mentions: int | None
    estimated: bool
    oldest_at: int | None
    expired: int
    time: int | None
    owner: Owner | None

    def waited(self, now: int) -> int:
        """Milliseconds that the oldest unread record has waited; 0 when there is none."""
        return 0 if self.oldest_at is None else max(0, now - self.oldest_at)


class StepLag(msgspec.Struct, frozen=True):
    """How far one reader is behind, over all partitions."""

    step: Step
    topic: str
    group: str
    members: int
    partitions: list[PartitionLag]
    alone: bool = False
    """Whether one member reads all of it without the group sharing it out."""

    @property
    def records(self) -> int:
        """Records that wait."""
        return sum(each.records for each in self.partitions)

    @property
    def mentions(self) -> int | None:
        """Mentions that wait; None where records are not read into."""
        counts = [each.mentions for each in self.partitions]
        return None if None in counts else sum(each or 0 for each in counts)

    @property
    def estimated(self) -> bool:
        """Whether mentions are reckoned from a sample."""
        return any(each.estimated for each in self.partitions)

    @property
    def size(self) -> int:
        """What a limit is held against: mentions, or records where these are not read into."""
        return self.records if self.mentions is None else self.mentions

    @property
    def unowned(self) -> list[int]:
        """Partitions nobody works on, where the group shares them out."""
        if self.alone and self.members:
            return []
        return [each.partition for each in self.partitions if each.owner is None]

    def waited(self, now: int) -> int:
        """Milliseconds that the oldest unread record of all has waited."""
        return max((each.waited(now) for each in self.partitions), default=0)


class BrandLag(msgspec.Struct, frozen=True):
    """The mentions of one brand that wait to be folded."""

    brand: str
    partition: int
    mentions: int
    estimated: bool


class Lag(msgspec.Struct, frozen=True):
    """The whole road at an instant."""

    now: int
    steps: list[StepLag]
    brands: list[BrandLag]

    def above(self, limit: int) -> list[StepLag]:
        """The readers with more waiting than the limit."""
        return [step for step in self.steps if step.size > limit]


def partition_lags(
    seen: Sequence[Seen], samples: Mapping[int, Sample], *, read_into: bool
) -> list[PartitionLag]:
    """How far each partition is behind; `read_into`: a sample's mentions stand for all of it."""
    return [
        _partition(each, samples.get(each.partition, NOTHING), read_into=read_into)
        for each in sorted(seen, key=lambda one: one.partition)
    ]


def brand_lags(seen: Sequence[Seen], samples: Mapping[int, Sample]) -> list[BrandLag]:
    """The mentions that wait by brand, most first; reckoned where not all was looked at."""
    found = []
    for each in seen:
        sample = samples.get(each.partition, NOTHING)
        part = _part(each, sample)
        found += [
            BrandLag(brand, each.partition, round(count * part), part > 1)
            for brand, count in sample.brands.items()
        ]
    return sorted(found, key=lambda one: (-one.mentions, one.brand))


def _partition(seen: Seen, sample: Sample, *, read_into: bool) -> PartitionLag:
    part = _part(seen, sample)
    mentions = round(sum(sample.brands.values()) * part) if read_into else None
    return PartitionLag(
        seen.partition,
        seen.position,
        seen.end,
        seen.records,
        mentions,
        read_into and part > 1,
        sample.oldest_at if seen.records else None,
        seen.expired,
        seen.time,
        seen.owner,
    )


def _part(seen: Seen, sample: Sample) -> float:
    """How many times the sample is contained in what waits."""
    return max(1.0, seen.records / sample.records) if sample.records else 1.0
