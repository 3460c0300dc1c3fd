"""Reading topics without belonging to a group: nothing moves by being looked at."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from types import TracebackType
from typing import Any, Final, Self

import msgspec

from pipeline.clock import stopwatch
from pipeline.errors import BrokerUnavailable, TopicProblem
from pipeline.kafka import require_kafka
from pipeline.kafka.connection import Connection, translated

PATIENCE: Final = 10.0
"""Seconds without a single record after which the brokers count as away."""
_POLL: Final = 200
_AT_ONCE: Final = 1_000
_PARTITION_BYTES: Final = 1_048_576


class Bounds(msgspec.Struct, frozen=True):
    """The first offset still kept, and the one the next record will get."""

    begin: int
    end: int


class Kept(msgspec.Struct, frozen=True):
    """One record as it stands in a partition; `value` of None deletes its key."""

    partition: int
    offset: int
    at: int
    key: bytes | None
    value: bytes | None


class Looker:
    """One reader of any topic, used by one thread; errors are of pipeline.errors."""

    def __init__(self, connection: Connection, *, patience: float = PATIENCE) -> None:
        require_kafka()
        from kafka import TopicPartition  # noqa: PLC0415  # not in every install

        self._connection = connection
        self._patience = patience
        self._at: Callable[[str, int], Any] = TopicPartition
        self._consumer = self._made()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let the brokers go."""
        self._consumer.close(timeout_ms=1_000)

    def _made(self) -> Any:  # noqa: ANN401  # the client has no types
        from kafka import KafkaConsumer  # noqa: PLC0415  # as above
        from kafka.errors import KafkaTimeoutError  # noqa: PLC0415  # as above

        with translated(f"Kafka at {self._connection.where}"):
            try:
                return KafkaConsumer(
                    **self._connection.clients(),
                    group_id=None,
                    enable_auto_commit=False,
                    auto_offset_reset="earliest",
                    max_partition_fetch_bytes=_PARTITION_BYTES,
                    max_poll_records=_AT_ONCE,
                )
            except KafkaTimeoutError as error:
                raise BrokerUnavailable(self._connection.no_answer()) from error

    def has(self, topic: str) -> bool:
        """Whether there is such a topic."""
        with translated(f"the topic {topic}"):
            return topic in self._consumer.topics()

    def bounds(self, topic: str) -> dict[int, Bounds]:
        """What each partition of a topic holds; raises TopicProblem where there is none."""
        with translated(f"the topic {topic}"):
            found = self._consumer.partitions_for_topic(topic)
            if not found:
                raise TopicProblem(f"the topic {topic} is not there: crisis-monitor kafka setup")
            places = [self._at(topic, partition) for partition in sorted(found)]
            begins = self._consumer.beginning_offsets(places)
            ends = self._consumer.end_offsets(places)
        return {place.partition: Bounds(begins[place], ends[place]) for place in places}

    def records(
        self, topic: str, spans: Mapping[int, Bounds], *, most: int | None = None
    ) -> Iterator[Kept]:
        """Give what stands in these spans, at most `most` records of each partition.

        In a partition's own order, partitions mixed. Raises BrokerUnavailable when nothing comes
        for as long as the patience lasts.
        """
        left = {partition: span for partition, span in spans.items() if span.begin < span.end}
        given = dict.fromkeys(left, 0)
        if not left:
            return
        self._begin(topic, left)
        heard = stopwatch()
        while left:
            found, positions = self._poll(topic, left)
            for record in found:
                partition = record.partition
                if record.offset < left[partition].end and given[partition] != most:
                    given[partition] += 1
                    yield record
            now = stopwatch()
            heard = now if found else heard
            done = [each for each in left if positions[each] >= left[each].end]
            done += [each for each in left if given[each] == most and each not in done]
            for partition in done:
                del left[partition]
                self._consumer.pause(self._at(topic, partition))
            if left and now - heard > self._patience:
                raise BrokerUnavailable(
                    f"the topic {topic}: nothing came for {self._patience:g} s from "
                    f"{self._connection.where}; is the broker of partition {min(left)} away?"
                )

    def _begin(self, topic: str, spans: Mapping[int, Bounds]) -> None:
        """Turn to these spans with a new client: an old one keeps what came for a paused one."""
        places = {self._at(topic, partition): span for partition, span in spans.items()}
        self.close()
        self._consumer = self._made()
        with translated(f"the topic {topic}"):
            self._consumer.assign(list(places))
            for place, span in places.items():
                self._consumer.seek(place, span.begin)

    def _poll(self, topic: str, partitions: Iterable[int]) -> tuple[list[Kept], dict[int, int]]:
        """Return what came, and where each partition is now."""
        with translated(f"the topic {topic}"):
            found = self._consumer.poll(timeout_ms=_POLL)
            positions = {
                partition: self._consumer.position(self._at(topic, partition))
                for partition in partitions
            }
        records = [
            Kept(place.partition, record.offset, record.timestamp, record.key, record.value)
            for place, came in found.items()
            for record in came
        ]
        return records, positions
