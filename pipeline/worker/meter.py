"""What the workers tell whoever counts."""

from typing import Protocol

from pipeline.brand_fold import Totals
from pipeline.fold import Fold
from pipeline.metrics import Metrics, RowKind, Stage


class WorkerMeter(Protocol):
    """Counts what one process's partitions do; every call is cheap."""

    def folded(self, mentions: int, seconds: float) -> None:
        """So many mentions were folded in one turn."""

    def checkpoint(self, seconds: float) -> None:
        """A checkpoint was confirmed."""

    def checkpoint_failed(self) -> None:
        """A checkpoint was given up; it is made anew."""

    def row(self, kind: RowKind, size: int) -> None:
        """A row of so many bytes was written."""

    def recovered(self, seconds: float) -> None:
        """A partition's state was read from the changelog."""

    def replayed(self, records: int) -> None:
        """Records came that were folded before."""

    def gap(self) -> None:
        """Records are missing, and nothing explains it."""

    def dead_letter(self, reason: str) -> None:
        """A record could not be folded."""

    def began(self, partition: int, fold: Fold) -> None:
        """A partition's fold begins with what others counted."""

    def tell(self, partition: int, fold: Fold) -> None:
        """Pass a partition's sums on; about a microsecond a brand."""

    def gone(self, partition: int) -> None:
        """A partition is somebody else's now."""


class MetricsMeter:
    """Tells the program's metrics: differences of the folds' sums."""

    def __init__(self, metrics: Metrics, *, event_mode: bool) -> None:
        self._metrics = metrics
        self._event_mode = event_mode
        self._told: dict[int, dict[str, Totals]] = {}
        self._late: dict[int, dict[str, int]] = {}
        self._times: dict[int, int] = {}

    def folded(self, mentions: int, seconds: float) -> None:
        """Count mentions folded, and the time of the turn."""
        if mentions:
            self._metrics.passed(Stage.FOLDED, mentions)
        self._metrics.fold_took(seconds)

    def checkpoint(self, seconds: float) -> None:
        """Note how long a checkpoint took."""
        self._metrics.checkpoint_took(seconds)

    def checkpoint_failed(self) -> None:
        """Count one that was given up."""
        self._metrics.checkpoint_failed()

    def row(self, kind: RowKind, size: int) -> None:
        """Note the size of a row."""
        self._metrics.row_written(kind, size)

    def recovered(self, seconds: float) -> None:
        """Note how long a recovery took."""
        self._metrics.recovery_took(seconds)

    def replayed(self, records: int) -> None:
        """Count records recognised as folded before."""
        self._metrics.replayed(records)

    def gap(self) -> None:
        """Count a gap."""
        self._metrics.offset_gap()

    def dead_letter(self, reason: str) -> None:
        """Count a record that could not be folded."""
        self._metrics.dead_letter(reason)

    def began(self, partition: int, fold: Fold) -> None:
        """What a fold was recovered with was counted by whoever folded it."""
        self._told[partition] = {name: _copy(each.totals) for name, each in fold.brands.items()}
        self._late[partition] = dict(fold.late)

    def tell(self, partition: int, fold: Fold) -> None:
        """Pass on what was counted since the last call."""
        told = self._told.setdefault(partition, {})
        for name, brand in fold.brands.items():
            after = brand.totals
            before = told.get(name) or Totals()
            if after == before:
                continue
            self._metrics.brand(name).counted(
                mentions=max(0, after.mentions - before.mentions),
                negatives=max(0, after.negative - before.negative),
                voices=max(0, after.voices - before.voices),
                unscored=max(0, after.unscored - before.unscored),
                repeated=max(0, after.repeated - before.repeated),
            )
            told[name] = _copy(after)
        late = self._late.setdefault(partition, {})
        for source, count in fold.late.items():
            if count > late.get(source, 0):
                self._metrics.late(source, count - late.get(source, 0))
            late[source] = count
        if fold.time is not None and not self._event_mode:
            self._times[partition] = fold.time
            self._metrics.watermark(min(self._times.values()))
            for source, hearing in fold.hearing().items():
                self._metrics.delivered(source, hearing.delivered_up_to)

    def gone(self, partition: int) -> None:
        """Forget a partition."""
        self._told.pop(partition, None)
        self._late.pop(partition, None)
        self._times.pop(partition, None)


def _copy(totals: Totals) -> Totals:
    return Totals(*(getattr(totals, name) for name in totals.__struct_fields__))
