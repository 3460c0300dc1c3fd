"""The stores of a road apart, filled by hand: what an embedded run left, spread over partitions."""

import shutil
from collections.abc import Iterator
from pathlib import Path

from alerts.store import FeedPosition, open_store
from pipeline.log import SqliteLog
from pipeline.mention import Rejected, RejectedReason
from pipeline.placing import partition_of
from pipeline.stores import BucketTable, MentionStore
from pipeline.stores.place import Place
from pipeline.stores.rejected import RejectedStore
from pipeline.wire import (
    VERSION,
    BucketRecord,
    DeadLetter,
    JudgedEntry,
    JudgedEnvelope,
    decode_judged,
    decode_signals,
)

PARTITIONS = 8
KAFKA = {"bootstrap": ["kafka.example:9092"], "partitions": PARTITIONS, "time": "clock"}


def spread(run: Path, directory: Path, *, behind: dict[int, int] | None = None) -> int:
    """Fill a folder's stores as an alerter would have, from a run's log; return how far time is.

    `behind` says by how many ms detection is behind in a partition: its buckets of since then are
    left out.
    """
    behind = behind or {}
    directory.mkdir(parents=True, exist_ok=True)
    shutil.copy(run / "incidents.db", directory / "incidents.db")
    log = SqliteLog.read(run)
    reached = log.time or 0
    times = {number: reached - behind.get(number, 0) for number in range(PARTITIONS)}
    buckets = BucketTable(directory, durable=False)
    _keep_buckets(log, buckets, times)
    _keep_mentions(log, directory)
    _reject(directory, reached)
    with open_store(Place(directory).incidents_url, durable=False) as store, store.write() as work:
        for number, time in times.items():
            offset = buckets.position(number).offset
            work.advance_feed(number, FeedPosition(offset, time, None))
    buckets.close()
    log.close()
    return reached


def _keep_buckets(log: SqliteLog, table: BucketTable, times: dict[int, int]) -> None:
    kept: dict[int, list[BucketRecord]] = {number: [] for number in times}
    for _, body in log.signals(0, 10_000_000):
        record = decode_signals(body)
        if isinstance(record, BucketRecord):
            number = partition_of(record.brand, PARTITIONS)
            if record.start + record.length * record.count <= times[number]:
                kept[number].append(record)
    for number, records in kept.items():
        table.take(
            records,
            1_000 + 17 * number,
            partition=number,
            origin=40_000 + 900 * number,
            time=times[number],
        )


def _keep_mentions(log: SqliteLog, directory: Path) -> None:
    store = MentionStore(directory, durable=False)
    entries: dict[int, list[JudgedEntry]] = {number: [] for number in range(PARTITIONS)}
    for entry in _judged(log):
        entries[partition_of(entry.brand, PARTITIONS)].append(entry)
    for number, found in entries.items():
        envelope = JudgedEnvelope(VERSION, found, 39_000 + number)
        store.take([envelope], 30_000 + number, partition=number, origin=39_000 + number)
    store.close()


def _judged(log: SqliteLog) -> Iterator[JudgedEntry]:
    for _, body in log.judged(0, 10_000_000):
        yield from decode_judged(body).entries


def _reject(directory: Path, at: int) -> None:
    store = RejectedStore(directory, durable=False)
    letters = [
        DeadLetter(
            VERSION,
            Rejected(
                RejectedReason.NEWER_VERSION,
                "record",
                "written by a newer version: upgrade the workers",
                b"\x93\xa8envelope\x09",
            ),
            at - 40 * 60_000,
            "crisis-monitor.mentions",
            3,
            51_234,
        ),
        DeadLetter(
            VERSION,
            Rejected(
                RejectedReason.UNDATED,
                "http:7f3a:4",
                "event_time is missing: write one with a zone",
                b'{"id": "17", "text": "<b>bag lost</b>"}',
                "http",
            ),
            at - 5 * 60_000,
        ),
    ]
    store.take(letters, 12, partition=3)
    store.close()
