"""What the engine did, as metrics: differences of the fold's sums, a second apart at most."""

from collections.abc import Sequence

from pipeline.clock import stopwatch
from pipeline.embedded import Engine
from pipeline.folding.brand import Totals
from pipeline.intake import Batch
from pipeline.metrics.registry import Metrics, Stage

EVERY = 1.0


class FoldMeter:
    """Belongs to the engine's thread."""

    def __init__(self, engine: Engine, metrics: Metrics, *, event_mode: bool) -> None:
        self._engine = engine
        self._metrics = metrics
        self._event_mode = event_mode
        self._told: dict[str, Totals] = {}
        self._late: dict[str, int] = {}
        self._last = 0.0
        self._untold = True
        self._judged_for = engine.judge.seconds
        for name, brand in engine.fold.brands.items():
            self._told[name] = _copy(brand.totals)

    def appended(self, batches: Sequence[Batch]) -> None:
        """Count what was appended to the log."""
        for batch in batches:
            self._metrics.passed(Stage.WRITTEN, len(batch.mentions))
            for rejected in batch.rejected:
                self._metrics.rejected(batch.source, rejected.reason)

    def folded(self, mentions: int, seconds: float) -> None:
        """Count what one checkpoint folded, and how long that took."""
        self._metrics.passed(Stage.FOLDED, mentions)
        self._metrics.fold_took(seconds)
        judging = self._engine.judge.seconds
        self._metrics.scorer_took(judging - self._judged_for)
        self._judged_for = judging
        self._untold = True

    def tell(self) -> None:
        """Pass the brands' sums and how far time is on, at most once a second."""
        now = stopwatch()
        if not self._untold or now - self._last < EVERY:
            return
        self._last = now
        self._untold = False
        fold = self._engine.fold
        for name, brand in fold.brands.items():
            self._tell_brand(name, brand.totals)
        if not self._event_mode:
            if fold.time is not None:
                self._metrics.watermark(fold.time)
            for source, hearing in fold.hearing().items():
                self._metrics.delivered(source, hearing.delivered_up_to)
        for source, late in fold.late.items():
            self._metrics.late(source, late - self._late.get(source, 0))
            self._late[source] = late
        self._metrics.lag("fold", self._engine.log.end_offset - self._engine.folded, None)

    def _tell_brand(self, name: str, after: Totals) -> None:
        before = self._told.get(name) or Totals()
        if after == before:
            return
        self._metrics.brand(name).counted(
            mentions=after.mentions - before.mentions,
            negatives=after.negative - before.negative,
            voices=after.voices - before.voices,
            unscored=after.unscored - before.unscored,
            repeated=after.repeated - before.repeated,
        )
        self._told[name] = _copy(after)


def _copy(totals: Totals) -> Totals:
    return Totals(*(getattr(totals, name) for name in totals.__struct_fields__))
