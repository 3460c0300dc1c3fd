"""What a worker's partitions did, as metrics: called by the worker, knows no Kafka."""

from collections.abc import Iterable

import msgspec

from pipeline.clock import stopwatch
from pipeline.folding.brand import Totals
from pipeline.folding.fold import Fold
from pipeline.metrics.registry import Metrics, RowKind, Stage

EVERY = 1.0
"""Seconds between two tellings of a partition's sums."""
CONSUMER = "fold"


class _Told:
    """What one partition has told so far."""

    __slots__ = ("brands", "delivered", "last", "late", "time")

    def __init__(self, fold: Fold) -> None:
        self.brands = {name: _copy(brand.totals) for name, brand in fold.brands.items()}
        self.late = dict(fold.late)
        self.delivered: dict[str, int] = {}
        self.time: int | None = None
        self.last = 0.0


class WorkerMeter:
    """Belongs to the thread (event loop) that folds; every call is cheap.

    Order for a partition: `assigned` (all that are ours now), `recovered`, then `folded`,
    `checkpointed`, `lag`, `tell` as often as it goes on, and `revoked` when it goes.
    """

    def __init__(self, metrics: Metrics, *, event_mode: bool) -> None:
        self._metrics = metrics
        self._event_mode = event_mode
        self._told: dict[int, _Told] = {}
        self._owned: set[int] = set()

    # -- the share -------------------------------------------------------------------------

    def assigned(self, partitions: Iterable[int]) -> None:
        """Count a rebalance: these, and no others, are ours from now on."""
        now_ours = set(partitions)
        for partition in self._owned - now_ours:
            self._drop(partition)
        self._owned = now_ours
        self._metrics.rebalanced()
        self._metrics.partitions_owned(CONSUMER, len(now_ours))

    def revoked(self, partitions: Iterable[int]) -> None:
        """Forget these partitions; what they counted stays counted."""
        for partition in partitions:
            self._drop(partition)
            self._owned.discard(partition)
        self._metrics.partitions_owned(CONSUMER, len(self._owned))

    def recovered(self, partition: int, fold: Fold, seconds: float) -> None:
        """Take note that a partition's rows are read: sums count from here on."""
        self._told[partition] = _Told(fold)
        self._metrics.recovery_took(seconds)

    # -- the work --------------------------------------------------------------------------

    def folded(self, mentions: int, seconds: float, judging: float) -> None:
        """Count the mentions of one turn, the seconds it took, and those the scorer took of it."""
        self._metrics.passed(Stage.FOLDED, mentions)
        self._metrics.fold_took(seconds)
        self._metrics.scorer_took(judging)

    def recognised(self, records: int = 1) -> None:
        """Count records at or below what was folded: they came again and were passed over."""
        self._metrics.replayed(records)

    def gap(self) -> None:
        """Count records that are missing and were not folded."""
        self._metrics.offset_gap()

    def dead_letter(self, reason: str) -> None:
        """Count a record that was put aside; `reason` is a RejectedReason."""
        self._metrics.dead_letter(reason)

    def checkpointed(
        self,
        seconds: float,
        brands: Iterable[int] = (),
        chunks: Iterable[int] = (),
        partition: int = 0,
    ) -> None:
        """Take note of a confirmed checkpoint: how long it took, and the sizes of its values."""
        written = self._metrics.row_written
        self._metrics.checkpoint_took(seconds)
        for size in brands:
            written(RowKind.BRAND, size)
        for size in chunks:
            written(RowKind.CHUNK, size)
        if partition:
            written(RowKind.PARTITION, partition)

    def checkpoint_failed(self) -> None:
        """Count a checkpoint that was not confirmed, or no longer ours to make."""
        self._metrics.checkpoint_failed()

    # -- how far ---------------------------------------------------------------------------

    def lag(self, partition: int, records: int, last_read_at: int | None) -> None:
        """Say what is unread in a partition; its age counts from the last record that was read.

        `last_read_at` is that record's Kafka time in ms: none that is unread is older.
        """
        self._metrics.partition_lag(CONSUMER, partition, records, last_read_at)

    def tell(self, partition: int, fold: Fold) -> None:
        """Pass a partition's sums and its time on, at most once a second."""
        told = self._told.get(partition)
        now = stopwatch()
        if told is None or now - told.last < EVERY:
            return
        told.last = now
        for name, brand in fold.brands.items():
            self._tell_brand(told, name, brand.totals)
        for source, late in fold.late.items():
            if late != told.late.get(source, 0):
                self._metrics.late(source, late - told.late.get(source, 0))
                told.late[source] = late
        if not self._event_mode:
            told.time = fold.time
            told.delivered = {
                source: hearing.delivered_up_to for source, hearing in fold.hearing().items()
            }
            self._tell_time()

    def _tell_brand(self, told: _Told, name: str, after: Totals) -> None:
        before = told.brands.get(name) or Totals()
        if after == before:
            return
        self._metrics.brand(name).counted(
            mentions=after.mentions - before.mentions,
            negatives=after.negative - before.negative,
            voices=after.voices - before.voices,
            unscored=after.unscored - before.unscored,
            repeated=after.repeated - before.repeated,
        )
        told.brands[name] = _copy(after)

    def _tell_time(self) -> None:
        """The least of our partitions: what is done is what all of them have done."""
        times = [told.time for told in self._told.values() if told.time is not None]
        self._metrics.watermark(min(times, default=None))
        delivered: dict[str, int] = {}
        for told in self._told.values():
            for source, up_to in told.delivered.items():
                delivered[source] = min(delivered.get(source, up_to), up_to)
        for source, up_to in delivered.items():
            self._metrics.delivered(source, up_to)

    def _drop(self, partition: int) -> None:
        told = self._told.pop(partition, None)
        self._metrics.partition_gone(CONSUMER, partition)
        if told is not None and not self._event_mode:
            self._tell_time()


def _copy(totals: Totals) -> Totals:
    return msgspec.structs.replace(totals)
