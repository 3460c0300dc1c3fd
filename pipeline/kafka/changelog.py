"""The workers' rows as they stand in the changelog topic, read from outside."""

from typing import Final

import msgspec

from pipeline.folding.changelog import (
    ChangelogError,
    Epoch,
    PartitionKey,
    StoredPartition,
    decode_key,
    decode_partition,
)
from pipeline.kafka.looking import Bounds, Kept, Looker

_TAILS: Final = (64, 1_024, 8_192)
"""Records from the end among which the partition's row is looked for, as often as need be."""


class Changelog(msgspec.Struct, frozen=True):
    """One partition's changelog: the last value of each key that was not deleted.

    `end`: the offset behind the last record read; `records`: how many were read.
    """

    partition: int
    end: int
    found: dict[bytes, bytes]
    records: int


def last_partition_rows(looker: Looker, topic: str) -> dict[int, tuple[int, int | None]]:
    """Return each partition's folded offset and time, where its row is found near the end.

    Reads little: rows are written at every checkpoint, so a missing one means that nobody folded,
    or that a checkpoint of very many brands is being written just now.
    """
    bounds = looker.bounds(topic)
    found: dict[int, tuple[int, int | None]] = {}
    for tail in _TAILS:
        spans = {
            partition: Bounds(max(each.begin, each.end - tail), each.end)
            for partition, each in bounds.items()
            if partition not in found and each.begin < each.end
        }
        newest: dict[int, tuple[Epoch, StoredPartition]] = {}
        for kept in looker.records(topic, spans):
            told = _partition_row(kept)
            before = newest.get(kept.partition)
            if told is not None and (before is None or _order(told) >= _order(before)):
                newest[kept.partition] = told
        found |= {
            partition: (stored.folded, stored.row.time) for partition, (_, stored) in newest.items()
        }
    return found


def read_changelog(looker: Looker, topic: str, partition: int) -> Changelog:
    """Read all of one partition's changelog: what a worker that recovers would find."""
    bounds = looker.bounds(topic).get(partition, Bounds(0, 0))
    found: dict[bytes, bytes] = {}
    records = 0
    for kept in looker.records(topic, {partition: bounds}):
        records += 1
        if kept.key is None:
            continue
        if kept.value is None:
            found.pop(kept.key, None)
        else:
            found[kept.key] = kept.value
    return Changelog(partition, bounds.end, found, records)


def _partition_row(kept: Kept) -> tuple[Epoch, StoredPartition] | None:
    if kept.key is None or kept.value is None:
        return None
    try:
        key = decode_key(kept.key)
        return (key.epoch, decode_partition(kept.value)) if isinstance(key, PartitionKey) else None
    except ChangelogError:
        return None


def _order(told: tuple[Epoch, StoredPartition]) -> tuple[Epoch, int]:
    return told[0], told[1].c
