"""What stands in the partitions of a mentions topic, as tests compare it."""

from collections.abc import Sequence

from pipeline.kafka.connection import Connection
from pipeline.kafka.looking import Looker
from pipeline.resuming import OwnRecord
from pipeline.wire import NotingEnvelope, Tick, decode_with_notes


def read_partitions(connection: Connection, topic: str) -> list[list[OwnRecord]]:
    """Every record of each partition, in its order."""
    with Looker(connection) as looker:
        bounds = looker.bounds(topic)
        found: list[list[OwnRecord]] = [[] for _ in bounds]
        for record in looker.records(topic, bounds):
            found[record.partition].append(decode_with_notes(record.value or b""))
    return found


def flat(records: Sequence[OwnRecord]) -> list[object]:
    """What is counted, in its order: ticks with their sums, and each entry."""
    out: list[object] = []
    for record in records:
        if isinstance(record, Tick):
            out.append(record)
        else:
            out += [(entry.brand, entry.mention, entry.first) for entry in record.entries]
    return out


def ids(records: Sequence[OwnRecord]) -> list[str]:
    """The ids of the mentions, in their order."""
    return [
        entry.mention.id
        for record in records
        if isinstance(record, NotingEnvelope)
        for entry in record.entries
    ]
