"""How the monitor itself is: what it hears, how far each stage is, what failed, and what to do."""

import shutil
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from alerts.errors import AlertsError
from alerts.incident import Incident
from alerts.notification import Outcome
from alerts.notification import Reason as Why
from alerts.plain import one_line
from alerts.store import Attempt, Planned
from dashboards.views.books import Books
from dashboards.views.health_problems import problems_of
from dashboards.views.health_story import (
    Disk,
    Engine,
    Failure,
    FileSize,
    HealthStory,
    ReceiverHealth,
    RejectedInput,
    SourceHealth,
    Stage,
    WaitingMessage,
)
from dashboards.views.incident_words import REASONS, RESULTS
from detectors.reading import Rule
from pipeline.errors import PipelineError
from pipeline.fold_records import PartitionRow
from pipeline.log.sqlite import BUCKET, SIGNAL, TIME
from pipeline.log.standing import MOST_COUNTED
from pipeline.mention import RejectedReason
from pipeline.settings.text import visible
from pipeline.sources.http.settings import DEFAULT_SOURCE

if TYPE_CHECKING:
    from pipeline.settings import Settings
    from pipeline.stores.changes import SettingsChange

HOUR = 60 * 60_000
DAY = 24 * HOUR
FILES = ("log.db", "incidents.db", "mentions.db")
LAST_REJECTED = 10
LAST_FAILURES = 10
LAST_CHANGES = 10
RAW = 300
"""Characters shown of what was rejected."""
MANY = 1 << 62

_CALLS = {Why.ESCALATION, Why.NOBODY_ANSWERED}
REJECTED_WORDS = {
    RejectedReason.UNDECODABLE: "not readable",
    RejectedReason.NOT_UTF8: "not UTF-8",
    RejectedReason.INVALID: "a field is missing or wrong",
    RejectedReason.OVERSIZED: "too large",
    RejectedReason.UNDATED: "without a time",
    RejectedReason.NAIVE_TIME: "a time without a zone",
    RejectedReason.FUTURE: "of the future",
    RejectedReason.MISDATED: "with an impossible time",
    RejectedReason.NEWER_VERSION: "of a newer version",
}


def read_health(books: Books, now: int, settings: "Settings", version: str) -> HealthStory:
    """Read how everything stands from the stores and the log; never from the engine's memory.

    Only the log must be readable; another store that is not is the first of the problems.
    """
    partition = books.log.standing.partition()
    engine = engine_of(partition, now, event_mode=books.event_mode)
    time = engine.time if books.event_mode or engine.time is None else now
    sources = _sources(books, settings, partition, time)
    unread: dict[str, None] = {}
    stages = tuple(_stages(books, engine, now, unread))
    people = _People()
    try:
        people = _people(books, now)
    except AlertsError as problem:
        unread[str(problem)] = None
    changes: list[SettingsChange] = []
    try:
        changes = books.changes.between(0, MANY)
    except PipelineError as problem:
        unread[str(problem)] = None
    files, disk = sizes(books.directory), disk_of(books.directory)
    rejections = books.log.rejections
    story = HealthStory(
        now=now,
        problems=(),
        engine=engine,
        sources=sources,
        stages=stages,
        rejected=tuple(
            (_rejected_word(reason), count) for reason, count in rejections.by_reason().items()
        ),
        rejected_last=tuple(
            RejectedInput(
                each.id,
                each.at,
                _rejected_word(each.rejected.reason),
                visible(each.rejected.source, 100),
                visible(each.rejected.origin, 200),
                visible(each.rejected.detail, 400),
                visible(each.rejected.raw.decode("utf-8", "backslashreplace"), RAW),
                visible(each.replayed or "", 100),
            )
            for each in rejections.newest(LAST_REJECTED)
        ),
        receivers=_receivers(settings, people.counts),
        waiting=tuple(map(_waiting, people.waiting)),
        refused=tuple(map(_waiting, people.refused)),
        failures=tuple(
            Failure(
                visible(receiver, 100),
                attempt.finished_at or attempt.started_at,
                RESULTS[attempt.result],
                visible(attempt.detail, 300),
            )
            for receiver, attempt in people.failures
        ),
        silent=tuple(people.silent),
        files=files,
        disk=disk,
        retention=(
            ("logs, for replays", settings.storage.log_retention),
            ("texts of mentions", settings.storage.mentions_retention),
            ("counts by the minute, then by the hour", settings.storage.buckets_by_minute),
        ),
        version=version,
        settings_version=settings.version,
        settings_place=settings.place,
        changes=tuple(changes[-LAST_CHANGES:][::-1]),
        unread=tuple(unread),
    )
    found = problems_of(story, 0 if books.event_mode else rejections.since(now - HOUR))
    return replace(story, problems=found)


class _People(msgspec.Struct, frozen=True):
    """What the incident store tells of messages and of silent sources."""

    counts: dict[tuple[str, Outcome], int] = {}
    waiting: list[Planned] = []
    refused: list[Planned] = []
    failures: list[tuple[str, Attempt]] = []
    silent: list[Incident] = []


def _people(books: Books, now: int) -> _People:
    with books.incidents.read() as view:
        return _People(
            view.delivery_counts(),
            view.waiting(limit=20),
            [
                row
                for row in view.notifications(outcome=Outcome.REFUSED, limit=20)
                if (row.closed_at or 0) > now - DAY
            ],
            view.failed_attempts(LAST_FAILURES),
            [
                each
                for each in view.incidents(only_open=True, limit=500)
                if each.rule is Rule.BLINDNESS
            ],
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
    books: Books, settings: "Settings", partition: PartitionRow | None, time: int | None
) -> tuple[SourceHealth, ...]:
    accepted: dict[str, int] = {}
    last: dict[str, int] = {}
    for tick in [] if time is None else books.log.standing.ticks(time - HOUR):
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


def _stages(books: Books, engine: Engine, now: int, unread: dict[str, None]) -> Iterable[Stage]:
    """Tell of every stage whose store can be read; of the others `unread` is told why not."""
    standing = books.log.standing
    unfolded = standing.unfolded()
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
            yield stage(books, engine)
        except (PipelineError, AlertsError) as problem:
            unread[str(problem)] = None


def _mention_stage(books: Books, engine: Engine) -> Stage:
    del engine
    behind = books.log.standing.judged_behind(books.mentions.offset)
    return Stage("mention store", "texts, samples, drivers", behind, more=False, behind=None)


def _bucket_stage(books: Books, engine: Engine) -> Stage:
    del engine
    closed, whole = books.log.closed_up_to, books.closed_up_to()
    behind = books.log.standing.signals_behind(books.buckets.offset, (BUCKET,))
    return Stage(
        "bucket table",
        "charts and numbers",
        behind,
        more=behind >= MOST_COUNTED,
        behind=None if closed is None or whole is None else max(0, closed - whole),
    )


def _people_stage(books: Books, engine: Engine) -> Stage:
    with books.incidents.read() as view:
        position, told = view.position(0), view.last_time()
    behind = books.log.standing.signals_behind(position.offset, (SIGNAL, TIME))
    late = None if engine.time is None or told is None else max(0, engine.time - told)
    return Stage("people", "incidents and messages", behind, behind >= MOST_COUNTED, late)


def _receivers(
    settings: "Settings", counts: dict[tuple[str, Outcome], int]
) -> tuple[ReceiverHealth, ...]:
    kinds = {receiver.name: str(receiver.kind) for receiver in settings.receivers}
    names = dict.fromkeys([*kinds, *sorted(name for name, _ in counts)])
    return tuple(
        ReceiverHealth(
            one_line(name, 100),
            kinds.get(name, "not configured any more"),
            counts.get((name, Outcome.DELIVERED), 0),
            counts.get((name, Outcome.WAITING), 0),
            counts.get((name, Outcome.REFUSED), 0),
        )
        for name in names
    )


def _waiting(row: Planned) -> WaitingMessage:
    notification = row.notification
    return WaitingMessage(
        notification.incident,
        one_line(notification.receiver, 100),
        REASONS[notification.reason],
        notification.at,
        row.next_attempt_at,
        row.attempts,
        visible(row.detail, 300),
        notification.reason.is_page or notification.reason in _CALLS,
    )


def _rejected_word(reason: str) -> str:
    try:
        return REJECTED_WORDS[RejectedReason(reason)]
    except ValueError:
        return visible(reason, 60)


def sizes(directory: Path) -> tuple[FileSize, ...]:
    """The databases' sizes, each with its write-ahead file; one that is missing is left out."""
    found = []
    for name in FILES:
        try:
            size = (directory / name).stat().st_size
        except OSError:
            continue
        with suppress(OSError):
            size += (directory / f"{name}-wal").stat().st_size
        found.append(FileSize(name, size))
    return tuple(found)


def disk_of(directory: Path) -> Disk | None:
    """The room where the databases lie; None where the system does not tell."""
    try:
        usage = shutil.disk_usage(directory)
    except OSError:
        return None
    return Disk(usage.free, usage.total)
