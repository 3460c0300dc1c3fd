"""Copies of the workers' rows, to fold again from: a topic of their own, kept as long as mentions.

A snapshot of a partition is its changelog as of one moment, key by key, and an end that says how
many there are: without it, it is as if it were not there. Taken from outside, it costs the
workers nothing and recovery never reads it.
"""

from typing import Final

import msgspec

from pipeline.brand_standing import last_partition
from pipeline.kafka.changelog import read_changelog
from pipeline.kafka.confirmed_writes import ConfirmedWrites
from pipeline.kafka.connection import Connection
from pipeline.kafka.looking import Looker
from pipeline.kafka.setup import setup
from pipeline.kafka.topics import TopicPlan, Topics, wanted
from pipeline.settings.sections.kafka import KafkaSection

_END: Final = b"end"


class Snapshot(msgspec.Struct, frozen=True):
    """One partition's rows as they were; `time` is the partition's then, in ms."""

    partition: int
    time: int
    checkpoint: int
    keys: int
    found: dict[bytes, bytes] = {}


def snapshots_topic(section: KafkaSection) -> str:
    """The topic's name."""
    return f"{section.prefix}.snapshots"


def snapshots_plan(section: KafkaSection) -> TopicPlan:
    """What the topic is to be like: as the mentions topic."""
    mentions = Topics(section.prefix).mentions
    (like,) = [plan for plan in wanted(section) if plan.name == mentions]
    return msgspec.structs.replace(like, name=snapshots_topic(section))


def take_snapshots(
    connection: Connection, section: KafkaSection, writes: ConfirmedWrites
) -> list[Snapshot]:
    """Copy every partition's rows; the topic is made where it is missing.

    Returns what was taken, without the rows. A partition that never ticked has none. Raises
    ChangelogError where a partition's row cannot be read, and what the brokers say.
    """
    setup(connection, [snapshots_plan(section)], create=True)
    taken = []
    with Looker(connection) as looker:
        for partition in range(section.partitions):
            found = read_changelog(looker, Topics(section.prefix).changelog, partition).found
            last = last_partition(found)
            if last is None or last[1].row.time is None:
                continue
            snapshot = Snapshot(partition, last[1].row.time, last[1].c, len(found))
            head = b"%d.%d|" % (snapshot.time, snapshot.checkpoint)
            records = [(head + key, value) for key, value in found.items()]
            records.append((head + _END, b"%d" % len(found)))
            writes.send(snapshots_topic(section), partition, records)
            taken.append(snapshot)
    return taken


def find_snapshot(
    looker: Looker, section: KafkaSection, partition: int, since: int
) -> Snapshot | None:
    """The last whole snapshot of a partition taken at or before a time; None where there is none.

    Reads all that is kept of the partition's snapshots, and holds two in memory.
    """
    topic = snapshots_topic(section)
    if not looker.has(topic):
        return None
    bounds = looker.bounds(topic)
    begun: dict[bytes, dict[bytes, bytes]] = {}
    best: Snapshot | None = None
    spans = {partition: bounds[partition]} if partition in bounds else {}
    for record in looker.records(topic, spans):
        head, bar, key = (record.key or b"").partition(b"|")
        if not bar or record.value is None:
            continue
        time, _, checkpoint = head.partition(b".")
        if int(time) > since:
            continue
        if key != _END:
            begun.setdefault(head, {})[key] = record.value
            continue
        found = begun.pop(head, {})
        if len(found) == int(record.value) and (best is None or int(time) >= best.time):
            best = Snapshot(partition, int(time), int(checkpoint), len(found), found)
    return best
