"""Reads ranges of a partition outside the consumer group: the changelog, and what was missed."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from aiokafka import AIOKafkaConsumer, TopicPartition

AT_ONCE = 2_000
"""Records taken from the client before others get a turn."""
FETCH = 4 * 1024 * 1024


class Range(msgspec.Struct, frozen=True):
    """The offsets of a partition: the first one kept, and the one the next record will get."""

    start: int
    end: int


@asynccontextmanager
async def _reader(
    clients: dict[str, Any], topic: str, partition: int
) -> AsyncIterator[tuple[AIOKafkaConsumer, TopicPartition, Range]]:
    consumer = AIOKafkaConsumer(
        **clients,
        group_id=None,
        enable_auto_commit=False,
        auto_offset_reset="none",
        max_partition_fetch_bytes=FETCH,
        fetch_max_wait_ms=100,
    )
    await consumer.start()
    try:
        place = TopicPartition(topic, partition)
        consumer.assign([place])
        ends = await consumer.end_offsets([place])
        starts = await consumer.beginning_offsets([place])
        yield consumer, place, Range(starts[place], ends[place])
    finally:
        await consumer.stop()


async def read_latest(
    clients: dict[str, Any], topic: str, partition: int
) -> tuple[dict[bytes, bytes], int]:
    """Read a compacted partition up to its end as of now: the last value of each key.

    Returns also how many records were read. Raises KafkaError.
    """
    found: dict[bytes, bytes] = {}
    count = 0
    async with _reader(clients, topic, partition) as (consumer, place, offsets):
        consumer.seek(place, offsets.start)
        at = offsets.start
        while at < offsets.end:
            batches = await consumer.getmany(timeout_ms=200, max_records=AT_ONCE)
            for records in batches.values():
                for record in records:
                    if record.key is None or record.offset >= offsets.end:
                        continue
                    count += 1
                    if record.value is None:
                        found.pop(record.key, None)
                    else:
                        found[record.key] = record.value
            at = await consumer.position(place)
    return found, count


async def read_range(  # noqa: PLR0913, PLR0917  # where, from, to, how many
    clients: dict[str, Any], topic: str, partition: int, first: int, behind: int, most: int
) -> tuple[Range, list[tuple[int, bytes | None]]]:
    """Read at most so many records with first <= offset < behind; also what there is."""
    found: list[tuple[int, bytes | None]] = []
    async with _reader(clients, topic, partition) as (consumer, place, offsets):
        at = max(first, offsets.start)
        behind = min(behind, offsets.end)
        if at < behind:
            consumer.seek(place, at)
        while at < behind and len(found) < most:
            batches = await consumer.getmany(timeout_ms=200, max_records=most - len(found))
            for records in batches.values():
                found.extend(
                    (record.offset, record.value) for record in records if record.offset < behind
                )
            at = await consumer.position(place)
    return offsets, found
