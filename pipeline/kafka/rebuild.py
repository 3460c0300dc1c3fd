"""A brand's state folded again from the mentions topic, compared with the one there, and swapped.

Acts as an owner of the brand's partition with an epoch of its own, as a worker does: outputs
first, then the brand's row and digests, then the partition's row, by which all of it counts at
once. So it wants the workers stopped; one that starts meanwhile recovers the old state or the new
one, whole.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

import msgspec

from pipeline.brand_standing import last_partition
from pipeline.errors import EnvironmentProblem, SettingsError
from pipeline.folding.brand import BrandRow
from pipeline.folding.checkpoint import Standing, recover
from pipeline.folding.fold import Fold
from pipeline.folding.records import FoldSettings, PartitionRow
from pipeline.folding.windows import Chunk
from pipeline.judging.judge import Judge
from pipeline.kafka.changelog import read_changelog
from pipeline.kafka.confirmed_writes import ConfirmedWrites
from pipeline.kafka.connection import Connection
from pipeline.kafka.looking import Bounds, Looker
from pipeline.kafka.snapshots import find_snapshot
from pipeline.kafka.topics import Topics
from pipeline.placing import partition_of
from pipeline.reconciling import Difference, Reconciled, differences, reconcile
from pipeline.settings import Settings
from pipeline.wire import (
    VERSION,
    Envelope,
    SignalRecord,
    SignalsEnvelope,
    WireError,
    decode_mentions,
    encode,
)

OWNER: Final = "state rebuild"
PATIENCE: Final = 4_000


class Source(msgspec.Struct, frozen=True):
    """Where folding began: a snapshot, or the first record kept.

    `whole`: nothing that was ever said of the brand is missing.
    """

    snapshot: int | None
    first: int
    whole: bool


class Rebuilt(msgspec.Struct, frozen=True):
    """What folding again gave; nothing is written yet."""

    brand: str
    partition: int
    source: Source
    records: int
    mentions: int
    unfoldable: int
    folded: int
    differences: list[Difference]
    reconciled: Reconciled
    digests: list[Chunk]
    standing: Standing


class Rebuild:
    """Folds one brand again; used by one thread. Raises errors of pipeline.errors.

    `fold_settings` and `judge` are the workers' own, else the result is another one.
    """

    def __init__(
        self,
        settings: Settings,
        fold_settings: FoldSettings,
        judge: Judge,
        languages: Callable[[str], tuple[str, ...]],
    ) -> None:
        self._section = settings.kafka
        self._topics = Topics(settings.kafka.prefix)
        self._connection = replace(Connection.of(settings.kafka), patience=PATIENCE)
        self._fold_settings = fold_settings
        self._judge = judge
        self._languages = languages

    def check_stopped(self) -> None:
        """Raise EnvironmentProblem while a worker is in its group."""
        group = self._topics.worker_group
        with self._connection.admin() as admin:
            members = admin.describe_groups([group])[group].get("members", ())
        if members:
            raise EnvironmentProblem(
                f"{len(members)} workers are in the group {group}: stop all of them first, and "
                "start them again after this (mentions wait meanwhile, nothing is lost)"
            )

    def look(
        self, brand: str, since: int, moved: Callable[[int], None] = lambda _: None
    ) -> Rebuilt:
        """Fold the brand again from the last snapshot at or before `since`; nothing is written.

        Without a snapshot from the first record kept. `moved` is told each record's number.
        """
        partition = partition_of(brand, self._section.partitions)
        with Looker(self._connection) as looker:
            found = read_changelog(looker, self._topics.changelog, partition).found
            standing = self._recovered(found)
            present = self._present(standing, brand, partition)
            bounds = looker.bounds(self._topics.mentions)[partition]
            snapshot = find_snapshot(looker, self._section, partition, since)
            if snapshot is not None:
                base = recover(snapshot.found, 0, OWNER)
                first = base.folded + 1
                source = Source(snapshot.time, first, whole=bounds.begin <= first)
                fold, old = self._fold(partition, brand, base)
            else:
                first = bounds.begin
                source = Source(None, first, whole=bounds.begin == 0)
                fold, old = self._fold(partition, brand, None)
            counts = _Counts()
            span = Bounds(max(first, bounds.begin), standing.folded + 1)
            for kept in looker.records(self._topics.mentions, {partition: span}):
                counts.take(fold, brand, kept.value or b"")
                moved(kept.offset - span.begin + 1)
        self._check(fold, standing.partition)
        rebuilt = fold.brands.get(brand)
        if rebuilt is None:
            raise SettingsError(
                f"no mention of {brand!r} is kept from there on: nothing to fold again"
            )
        buckets = {chunk.bucket for chunk in (*old, *rebuilt.seen.new_chunks(), *present[1])}
        row = rebuilt.row()
        zone = self._fold_settings.brands.get(brand, self._fold_settings.zone)
        detection = self._fold_settings.detection
        return Rebuilt(
            brand,
            partition,
            source,
            counts.records,
            counts.mentions,
            counts.unfoldable,
            standing.folded,
            differences(present[0], row, detection, zone),
            reconcile(present[0], row, detection, whole=source.whole),
            [rebuilt.seen.whole(bucket) for bucket in sorted(buckets)],
            standing,
        )

    def swap(self, rebuilt: Rebuilt) -> None:
        """Put the rebuilt state in the place of the present one, and say what is to be said."""
        draft = rebuilt.standing.ledger.begin()
        draft.row(rebuilt.reconciled.row)
        horizon = 0
        partition_row = rebuilt.standing.partition
        if partition_row is None:
            raise SettingsError(f"nothing was folded in partition {rebuilt.partition} yet")
        for chunk in rebuilt.digests:
            draft.whole(rebuilt.brand, chunk)
        plan = draft.finish(rebuilt.folded, partition_row, horizon)
        writes = ConfirmedWrites(
            self._connection, self._section.compression, "crisis-monitor-state"
        )
        try:
            signals = [SignalRecord(VERSION, each) for each in rebuilt.reconciled.signals]
            if signals:
                body = encode(SignalsEnvelope(VERSION, list(signals), rebuilt.folded))
                writes.send(self._topics.signals, rebuilt.partition, [(None, body)])
            writes.send(self._topics.changelog, rebuilt.partition, plan.rows)
            writes.send(self._topics.changelog, rebuilt.partition, [plan.last])
        finally:
            writes.close()

    def _recovered(self, found: Mapping[bytes, bytes]) -> Standing:
        last = last_partition(found)
        greatest = 0 if last is None else last[0].epoch.generation
        return recover(found, greatest, OWNER)

    def _present(
        self, standing: Standing, brand: str, partition: int
    ) -> tuple[BrandRow, list[Chunk]]:
        """The row there, brought up to the partition's time, and its digests."""
        fold, chunks = self._fold(partition, brand, standing)
        known = fold.brands.get(brand)
        if standing.partition is None or known is None:
            raise SettingsError(
                f"nothing was folded of {brand!r} yet: there is no state to rebuild"
            )
        return known.row(), chunks

    def _fold(
        self, partition: int, brand: str, standing: Standing | None
    ) -> tuple[Fold, list[Chunk]]:
        given = self._fold_settings
        zone = {brand: given.brands[brand]} if brand in given.brands else {}
        own = msgspec.structs.replace(given, brands=zone, partition=partition)
        rows: list[tuple[BrandRow, list[Chunk]]] = []
        row: PartitionRow | None = None
        if standing is not None:
            row = standing.partition
            rows = [each for each in standing.rows() if each[0].brand == brand]
        return Fold(own, self._judge, self._languages, row, rows), [
            chunk for _, chunks in rows for chunk in chunks
        ]

    @staticmethod
    def _check(fold: Fold, present: PartitionRow | None) -> None:
        row = fold.row()
        if present is None or row.next_close != present.next_close:
            raise EnvironmentProblem(
                f"folded again, buckets are closed up to {row.next_close}, but the partition's "
                f"row says {None if present is None else present.next_close}: too much of the "
                "mentions topic is gone. Name an earlier time for which there is a snapshot"
            )


class _Counts:
    """Folds one brand's part of each record, and counts."""

    def __init__(self) -> None:
        self.records = 0
        self.mentions = 0
        self.unfoldable = 0

    def take(self, fold: Fold, brand: str, raw: bytes) -> None:
        self.records += 1
        try:
            record: Any = decode_mentions(raw)
        except WireError:
            return  # a dead letter, as it was for the workers
        if isinstance(record, Envelope):
            mine = [entry for entry in record.entries if entry.brand == brand]
            self.mentions += len(mine)
            if fold.time is not None:  # before the first tick all brands decide where time begins
                if not mine:
                    return
                record = msgspec.structs.replace(record, entries=mine)
        try:
            fold.apply(record)
        except Exception:  # noqa: BLE001  # a worker puts such a record aside at its second failure
            self.unfoldable += 1
        fold.take()
