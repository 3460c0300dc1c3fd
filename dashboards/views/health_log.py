"""What an engine's own log tells of its health: where it is, what it hears, what still waits."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from alerts.errors import AlertsError
from alerts.plain import one_line
from dashboards.views.books import Books
from dashboards.views.health_story import Detected, Engine, SourceHealth, Stage
from pipeline.errors import PipelineError
from pipeline.folding.records import PartitionRow
from pipeline.log import SqliteLog
from pipeline.log.sqlite import BUCKET, SIGNAL, TIME
from pipeline.log.standing import MOST_COUNTED
from pipeline.sources.http.settings import DEFAULT_SOURCE

if TYPE_CHECKING:
    from pipeline.settings import Settings

HOUR = 60 * 60_000


def detected_in_log(
    books: Books, log: SqliteLog, now: int, settings: "Settings", unread: dict[str, None]
) -> Detected:
    """Read it from the log; `unread` is told which other stores cannot be read, and why."""
    event_mode = books.event_mode
    partition = log.standing.partition()
    engine = engine_of(partition, now, event_mode=event_mode)
    time = engine.time if event_mode or engine.time is None else now
    return Detected(
        engine,
        _sources(log, settings, partition, time),
        tuple(_stages(books, log, engine, now, unread)),
    )


def engine_of(partition: PartitionRow | None, now: int, *, event_mode: bool) -> Engine:
    """Tell where detection is. A log of the mentions' own time never stands: nobody drives it."""
    time = partition.time if partition else None
    stands = None
    if not event_mode and time is not None and now - time > STANDS_AFTER:
        stands = time
    return Engine(
        event_mode,
        time,
        stands,
        0 if event_mode or time is None else max(0, time - now),
        tuple(
            one_line(name, 100)
            for name, writer in (partition.writers if partition else {}).items()
            if writer.catching_up
        ),
    )


STANDS_AFTER = 120_000
"""An engine writes a tick every few seconds; without one for so long it does not work."""


def _sources(
    log: SqliteLog, settings: "Settings", partition: PartitionRow | None, time: int | None
) -> tuple[SourceHealth, ...]:
    accepted: dict[str, int] = {}
    last: dict[str, int] = {}
    for tick in [] if time is None else log.standing.ticks(time - HOUR):
        for name, heard in tick.sources.items():
            accepted[name] = accepted.get(name, 0) + heard.accepted
            if heard.accepted:
                last.setdefault(name, tick.time)
    watches = partition.listening.watches if partition else {}
    configured = [source.name for source in settings.sources] or [DEFAULT_SOURCE]
    found = []
    for name in dict.fromkeys([*configured, *sorted(watches)]):
        watch = watches.get(name)
        heard_to = watch.delivered_up_to if watch is not None and watch.heard else None
        found.append(
            SourceHealth(
                one_line(name, 100),
                name in configured,
                heard_to,
                accepted.get(name, 0),
                last.get(name),
                heard_to if watch is not None and watch.blind else None,
            )
        )
    return tuple(found)


def _stages(
    books: Books, log: SqliteLog, engine: Engine, now: int, unread: dict[str, None]
) -> Iterable[Stage]:
    """Tell of every stage whose store can be read; of the others `unread` is told why not."""
    unfolded = log.standing.unfolded()
    oldest = None if books.event_mode else unfolded.oldest_at
    yield Stage(
        "detection",
        "folds what was accepted",
        unfolded.records,
        more=False,
        behind=None if oldest is None else max(0, now - oldest),
        detail=f"{unfolded.mentions:,} mentions wait" if unfolded.mentions else "",
    )
    for stage in (_mention_stage, _bucket_stage, _people_stage):
        try:
            yield stage(books, log, engine)
        except (PipelineError, AlertsError) as problem:
            unread[str(problem)] = None


def _mention_stage(books: Books, log: SqliteLog, engine: Engine) -> Stage:
    del engine
    behind = log.standing.judged_behind(books.mentions.offset)
    return Stage("mention store", "texts, samples, drivers", behind, more=False, behind=None)


def _bucket_stage(books: Books, log: SqliteLog, engine: Engine) -> Stage:
    del engine
    closed, whole = log.closed_up_to, books.closed_up_to()
    behind = log.standing.signals_behind(books.buckets.offset, (BUCKET,))
    return Stage(
        "bucket table",
        "charts and numbers",
        behind,
        more=behind >= MOST_COUNTED,
        behind=None if closed is None or whole is None else max(0, closed - whole),
    )


def _people_stage(books: Books, log: SqliteLog, engine: Engine) -> Stage:
    with books.incidents.read() as view:
        position, told = view.position(0), view.last_time()
    behind = log.standing.signals_behind(position.offset, (SIGNAL, TIME))
    late = None if engine.time is None or told is None else max(0, engine.time - told)
    return Stage("people", "incidents and messages", behind, behind >= MOST_COUNTED, late)
