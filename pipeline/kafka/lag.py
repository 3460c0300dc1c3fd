"""What the brokers know of how far each reader is: ends, positions, owners, what waits.

Works with nobody running: groups keep what they committed, and the workers' rows say what is
folded, which is newer than what a group committed whenever a checkpoint has just been made.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

from pipeline.kafka.changelog import last_partition_rows
from pipeline.kafka.connection import Connection
from pipeline.kafka.looking import Bounds, Kept, Looker
from pipeline.kafka.topics import Topics
from pipeline.standing import Lag, Owner, Sample, Seen, Step, StepLag, brand_lags, partition_lags
from pipeline.wire import Envelope, WireError, decode_judged, decode_mentions

SAMPLE: Final = 200
"""Records of a partition that are read to see whose mentions wait."""


class _Group(msgspec.Struct, frozen=True):
    """A consumer group: who is in it, who works on which partition, what was committed."""

    members: int
    owners: dict[tuple[str, int], Owner]
    committed: dict[tuple[str, int], int]


class Gauge:
    """Measures the lag of the road under one prefix; used by one thread."""

    def __init__(self, connection: Connection, topics: Topics, *, event_mode: bool = False) -> None:
        self._connection = connection
        self._topics = topics
        self._event_mode = event_mode

    def measure(self, now: int, *, sample: int = SAMPLE) -> Lag:
        """Look at all of it once.

        `sample`: records looked into in each partition; with 1 only the oldest's age is known, no
        mentions. Raises BrokerUnavailable, TopicProblem, SettingsError.
        """
        topics = self._topics
        with self._connection.admin() as admin:
            worker = _group(admin, topics.worker_group)
            alerters = [_group(admin, name) for name in topics.alerter_groups]
        committed: dict[tuple[str, int], int] = {}
        for group in alerters:  # a member may tell another topic's positions, too
            for place, offset in group.committed.items():
                committed[place] = max(offset, committed.get(place, 0))
        with Looker(self._connection) as looker:
            rows = last_partition_rows(looker, topics.changelog)
            seen = _seen(looker, topics.mentions, worker, rows)
            samples = _samples(looker, topics.mentions, seen, sample, _brands)
            steps = [
                StepLag(
                    Step.FOLD,
                    topics.mentions,
                    topics.worker_group,
                    worker.members,
                    partition_lags(seen, samples, read_into=sample > 1),
                ),
                *(
                    self._read(looker, step, topic, group, committed, sample)
                    for group, (step, topic) in zip(
                        alerters,
                        (
                            (Step.SIGNALS, topics.signals),
                            (Step.JUDGED, topics.judged),
                            (Step.REJECTED, topics.rejected),
                        ),
                        strict=True,
                    )
                ),
            ]
        return Lag(now, steps, brand_lags(seen, samples) if sample > 1 else [])

    def _read(  # noqa: PLR0913, PLR0917  # one reader's place, its group, what was committed
        self,
        looker: Looker,
        step: Step,
        topic: str,
        group: _Group,
        committed: dict[tuple[str, int], int],
        sample: int,
    ) -> StepLag:
        seen = _seen(looker, topic, msgspec.structs.replace(group, committed=committed), {})
        judged = step is Step.JUDGED
        samples = _samples(looker, topic, seen, sample if judged else 1, _judged)
        return StepLag(
            step,
            topic,
            self._topics.alerter_group(topic),
            group.members,
            partition_lags(seen, samples, read_into=judged and sample > 1),
            self._event_mode and step is Step.SIGNALS,
        )


def _group(admin: Any, name: str) -> _Group:  # noqa: ANN401  # the client has no types
    """Ask for a group; one that never was is empty."""
    told = admin.describe_groups([name])[name]
    owners = {}
    for member in told.get("members", ()):
        assignment = member.get("member_assignment")
        if not isinstance(assignment, Mapping):
            continue
        owner = Owner(member["member_id"], member["client_host"].removeprefix("/"))
        for part in assignment.get("assigned_partitions", ()):
            for partition in part["partitions"]:
                owners[part["topic"], partition] = owner
    offsets = admin.list_group_offsets({name: None}).get(name, {})
    committed = {
        (place.topic, place.partition): each.offset
        for place, each in offsets.items()
        if each.offset >= 0
    }
    return _Group(len(told.get("members", ())), owners, committed)


def _seen(
    looker: Looker,
    topic: str,
    group: _Group,
    rows: Mapping[int, tuple[int, int | None]],
) -> list[Seen]:
    found = []
    for partition, bounds in looker.bounds(topic).items():
        folded, time = rows.get(partition, (None, None))
        found.append(
            Seen(
                partition,
                bounds.begin,
                bounds.end,
                group.committed.get((topic, partition)),
                folded,
                time,
                group.owners.get((topic, partition)),
            )
        )
    return found


def _samples(
    looker: Looker,
    topic: str,
    seen: list[Seen],
    most: int,
    count: Callable[[Kept, dict[str, int]], None],
) -> dict[int, Sample]:
    spans = {each.partition: Bounds(each.position, each.end) for each in seen if each.records}
    records: dict[int, int] = {}
    oldest: dict[int, int] = {}
    brands: dict[int, dict[str, int]] = {}
    for kept in looker.records(topic, spans, most=most):
        partition = kept.partition
        records[partition] = records.get(partition, 0) + 1
        oldest.setdefault(partition, kept.at)
        count(kept, brands.setdefault(partition, {}))
    return {
        partition: Sample(number, oldest[partition], brands[partition])
        for partition, number in records.items()
    }


def _brands(kept: Kept, counts: dict[str, int]) -> None:
    """Count the mentions of a record of the mentions topic by brand."""
    try:
        record = decode_mentions(kept.value or b"")
    except WireError:
        return
    if isinstance(record, Envelope):
        for entry in record.entries:
            counts[entry.brand] = counts.get(entry.brand, 0) + 1


def _judged(kept: Kept, counts: dict[str, int]) -> None:
    try:
        record = decode_judged(kept.value or b"")
    except WireError:
        return
    counts[""] = counts.get("", 0) + len(record.entries)
