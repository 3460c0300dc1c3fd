"""What a history would have led to under another setting, from the log that a run of it left."""

import tempfile
from collections.abc import Callable
from pathlib import Path

from alerts.samples import NoSamples
from pipeline.alerting import make_alerting, recorders
from pipeline.backtest import WEEK, AtSensitivity, incidents_and_pages
from pipeline.composition import EngineOptions, make_engine
from pipeline.log import LogKind, SqliteLog
from pipeline.scorers import ScorerName
from pipeline.settings import Settings
from pipeline.wire import Envelope, WireError, decode_mentions
from pipeline.writing import Appended

AT_ONCE = 64
"""Records copied before they are folded: at most some 13,000 mentions."""


def fold_again(  # noqa: PLR0913  # what the first run was told
    databases: Path,
    settings: Settings,
    *,
    span: int,
    zone: str = "UTC",
    scorer: ScorerName = ScorerName.VADER,
    moved: Callable[[int], None] = lambda _: None,
) -> AtSensitivity:
    """Fold an event log's mentions again under these settings; the log itself is only read.

    Guarantees what a run over the same files with these settings would give, as long as the
    brands are the same: mentions were matched when they were written. `span` is the time between
    first and last mention in ms; `moved` is told the mentions of each step.
    """
    with tempfile.TemporaryDirectory(prefix="crisis-monitor-refold-") as temporary:
        directory = Path(temporary)
        first = SqliteLog.read(databases)
        try:
            options = EngineOptions(LogKind.EVENT, scorer, zone, durable=False, any_brand=True)
            engine = make_engine(directory, settings, options)
            alerting = make_alerting(
                directory,
                settings,
                engine.log,
                NoSamples(),
                recorders(settings.policy()),
                read_now=None,
                durable=False,
            )
            try:
                after = 0
                while found := first.records(after, AT_ONCE):
                    after = found[-1][0]
                    sizes = [_mentions(body) for _, body in found]
                    with engine.log.transaction():
                        engine.log.append(
                            [
                                Appended(body, size)
                                for (_, body), size in zip(found, sizes, strict=True)
                            ],
                            0,
                        )
                    engine.fold_all()
                    alerting.step(engine.fold.time or 0)
                    moved(sum(sizes))
                incidents, pages = incidents_and_pages(alerting.store)
            finally:
                alerting.close()
                engine.log.close()
        finally:
            first.close()
    per_week = round(pages * WEEK / span, 2) if span else 0.0
    return AtSensitivity(settings.detection().sensitivity, incidents, pages, per_week)


def _mentions(body: bytes) -> int:
    try:
        record = decode_mentions(body)
    except WireError:
        return 0
    return len(record.entries) if isinstance(record, Envelope) else 0
