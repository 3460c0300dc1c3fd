"""How the monitor itself is: what it hears, how far each stage is, what failed, and what to do."""

import shutil
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
from dashboards.views.health_apart import detected_apart
from dashboards.views.health_log import HOUR, detected_in_log
from dashboards.views.health_problems import problems_of
from dashboards.views.health_story import (
    Detected,
    Disk,
    Failure,
    FileSize,
    HealthStory,
    ReceiverHealth,
    RejectedInput,
    WaitingMessage,
)
from dashboards.views.incident_words import REASONS, RESULTS
from dashboards.views.progress import LogProgress
from dashboards.views.progress_apart import ProgressApart
from detectors.reading import Rule
from pipeline.errors import PipelineError
from pipeline.log.rejections import StoredRejected
from pipeline.mention import RejectedReason
from pipeline.settings.text import visible

if TYPE_CHECKING:
    from pipeline.settings import Settings
    from pipeline.stores.changes import SettingsChange

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
    RejectedReason.UNFOLDABLE: "a record that could not be folded",
}


def read_health(books: Books, now: int, settings: "Settings", version: str) -> HealthStory:
    """Read how everything stands from the stores and the log; never from the engine's memory.

    Of an embedded engine only the log must be readable, where workers are apart nothing must:
    another store that is not is the first of the problems.
    """
    unread: dict[str, None] = {}
    detected = _detected(books, now, settings, unread)
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
    rejected = _Rejected()
    try:
        rejected = _rejected(books, now)
    except PipelineError as problem:
        if books.road is None:
            raise
        unread[str(problem)] = None
    story = HealthStory(
        now=now,
        problems=(),
        engine=detected.engine,
        sources=detected.sources,
        stages=detected.stages,
        partitions=detected.partitions,
        rejected=rejected.by_reason,
        rejected_last=rejected.last,
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
        files=_room(books, unread),
        disk=disk_of(books.place.directory) if books.place.is_sqlite else None,
        apart=books.road is not None,
        place=books.place.where if books.road is not None else "",
        retention=(
            ("logs, for replays", settings.storage.log_retention)
            if books.road is None
            else ("topics, for replays", settings.kafka.retention),
            ("texts of mentions", settings.storage.mentions_retention),
            ("counts by the minute, then by the hour", settings.storage.buckets_by_minute),
        ),
        version=version,
        settings_version=settings.version,
        settings_place=settings.place,
        changes=tuple(changes[-LAST_CHANGES:][::-1]),
        unread=tuple(unread),
    )
    return replace(story, problems=problems_of(story, rejected.lately))


def _detected(books: Books, now: int, settings: "Settings", unread: dict[str, None]) -> Detected:
    match books.progress:
        case LogProgress(log=log):
            return detected_in_log(books, log, now, settings, unread)
        case ProgressApart() as progress:
            return detected_apart(books, progress, now, settings, unread)
        case other:
            raise AssertionError(other)


class _Rejected(msgspec.Struct, frozen=True):
    """What was rejected: how much for which reason, the last, how much in the last hour."""

    by_reason: tuple[tuple[str, int], ...] = ()
    last: tuple[RejectedInput, ...] = ()
    lately: int = 0


def _rejected(books: Books, now: int) -> _Rejected:
    kept = books.rejections
    return _Rejected(
        tuple((_rejected_word(reason), count) for reason, count in kept.by_reason().items()),
        tuple(map(_rejected_input, kept.newest(LAST_REJECTED))),
        0 if books.event_mode else kept.since(now - HOUR),
    )


def _rejected_input(each: StoredRejected) -> RejectedInput:
    return RejectedInput(
        each.id,
        each.at,
        _rejected_word(each.rejected.reason),
        visible(each.rejected.source, 100),
        visible(each.rejected.origin, 200),
        visible(each.rejected.detail, 400),
        visible(each.rejected.raw.decode("utf-8", "backslashreplace"), RAW),
        visible(each.replayed or "", 100),
        visible(f"{each.topic} partition {each.partition} offset {each.offset}", 200)
        if each.topic
        else "",
    )


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
    except (ValueError, KeyError):
        return visible(reason, 60)


def _room(books: Books, unread: dict[str, None]) -> tuple[FileSize, ...]:
    if books.place.is_sqlite:
        return sizes(books.place.directory)
    try:
        return (FileSize("database", books.database_size()),)
    except PipelineError as problem:
        unread[str(problem)] = None
        return ()


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
