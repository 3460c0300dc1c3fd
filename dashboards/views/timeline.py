"""What happened to an incident, in order; how high it stood only where that was news."""

from collections.abc import Iterable, Sequence
from enum import StrEnum

import msgspec

from alerts.incident import (
    BY_CALM,
    Acknowledged,
    AnyEvent,
    Assigned,
    Calmed,
    Ended,
    Level,
    Levelled,
    Missed,
    Noted,
    Opened,
    Reopened,
    Resolved,
    Returned,
    SeverityRaised,
    Updated,
)
from alerts.plain import link, one_line
from alerts.wording import SENTENCE, counted, why
from dashboards.views.incident_words import lines
from detectors.reading import Lane, Rule

RISES_BY = 1.5
"""A level is news when it exceeds the last one told by half."""
LONGEST_NAME = 100


class Kind(StrEnum):
    """What an entry is about."""

    OPENED = "opened"
    MISSED = "missed"
    ROSE = "rose"
    RAISED = "raised"
    CALMED = "calmed"
    RETURNED = "returned"
    ENDED = "ended"
    ACKNOWLEDGED = "acknowledged"
    UPDATED = "updated"
    RESOLVED = "resolved"
    REOPENED = "reopened"
    ASSIGNED = "assigned"
    NOTED = "noted"


class Entry(msgspec.Struct, frozen=True):
    """One thing that happened: at `at` people could know of it (now).

    `title` is a few words, `text` what was said, perhaps over several lines, harmless to show
    after escaping. `since` is an event time it speaks of. `promised` is when the next update was
    promised.
    """

    at: int
    kind: Kind
    title: str
    who: str = ""
    text: str = ""
    link: str = ""
    since: int | None = None
    promised: int | None = None


class Standing(msgspec.Struct, frozen=True):
    """How high it stood at an event time, in the window of `lane`."""

    at: int
    observed: float
    expected: float
    lane: Lane | None


class TimeLine(msgspec.Struct, frozen=True):
    """Entries in order, and how often the level was said (`levels`) without being news."""

    entries: tuple[Entry, ...]
    levels: int
    curve: tuple[Standing, ...]
    highest: Level | None


def time_line(events: Sequence[AnyEvent]) -> TimeLine:
    """Put an incident's events into words; levels that are no news are counted alone."""
    entries: list[Entry] = []
    told: Level | None = None
    highest: Level | None = None
    levels = 0
    blind = bool(events) and getattr(events[0], "rule", None) is Rule.BLINDNESS
    for index, event in enumerate(events):
        level = level_of(event)
        if level is not None and (highest is None or level.fold > highest.fold):
            highest = level
        if isinstance(event, Levelled):
            following = events[index + 1] if index + 1 < len(events) else None
            news = not blind and (told is None or exceeds(event.level, told))
            if news:
                told = event.level
            if news and not isinstance(following, SeverityRaised):
                entries.append(_rose(event))
            else:
                levels += 1
            continue
        if level is not None:
            told = level
        entries.append(_entry(event, blind=blind))
    return TimeLine(tuple(entries), levels, curve(events), highest)


def exceeds(level: Level, told: Level) -> bool:
    """Tell whether a level is higher by half: by its count, across lanes by its fold.

    >>> told = Level(0, Lane.FAST_15, 20.0, 4.0)
    >>> exceeds(Level(0, Lane.FAST_15, 31.0, 9.0), told)
    True
    >>> exceeds(Level(0, Lane.FAST_60, 40.0, 8.0), told)
    False
    """
    if level.lane is told.lane:
        return level.observed > RISES_BY * told.observed
    return level.fold > RISES_BY * told.fold


def curve(events: Iterable[AnyEvent]) -> tuple[Standing, ...]:
    """Return how high it stood, as often as that was said."""
    return tuple(
        Standing(event.event_time, level.observed, level.expected, level.lane)
        for event in events
        if isinstance(event, Opened | Levelled | Reopened)
        and (level := level_of(event)) is not None
        and level.lane is not None
    )


def level_of(event: AnyEvent) -> Level | None:
    """Return the level an event names, if it names one."""
    return event.level if isinstance(event, Opened | Missed | Levelled | Reopened) else None


def _rose(event: Levelled) -> Entry:
    return Entry(event.at, Kind.ROSE, "It rose", text=counted(event.level), since=event.event_time)


def _entry(event: AnyEvent, *, blind: bool) -> Entry:  # noqa: C901, PLR0911, PLR0912  # one line an event
    at, who = event.at, one_line(event.by, LONGEST_NAME)
    match event:
        case Opened():
            by_hand = event.rule is Rule.MANUAL
            title = f"Opened by hand, {event.severity}" if by_hand else f"Opened, {event.severity}"
            text = lines(event.level.reason) if by_hand else why(event.level)
            return Entry(at, Kind.OPENED, title, who, text, since=event.opened_at)
        case Missed():
            title = "Over before it was noticed: nobody was paged"
            return Entry(at, Kind.MISSED, title, who, why(event.level), since=event.opened_at)
        case SeverityRaised():
            text = one_line(event.reason, SENTENCE)
            return Entry(at, Kind.RAISED, f"Now {event.severity}", who, text)
        case Calmed():
            return Entry(at, Kind.CALMED, "Calm", who, since=event.event_time)
        case Returned():
            return Entry(at, Kind.RETURNED, "Not calm after all", who, since=event.event_time)
        case Ended():
            title = "Heard again" if blind else "The surge is over"
            return Entry(at, Kind.ENDED, title, who, since=event.event_time)
        case Acknowledged():
            return Entry(at, Kind.ACKNOWLEDGED, "Acknowledged", who)
        case Updated():
            title = f"{event.audience.capitalize()} update"
            if event.language:
                title += f" ({one_line(event.language, 20)})"
            return Entry(
                at,
                Kind.UPDATED,
                title,
                who,
                lines(event.text),
                link(event.link),
                promised=event.promised,
            )
        case Resolved():
            verdict = f": {_VERDICTS[event.verdict]}" if event.verdict else ""
            return Entry(at, Kind.RESOLVED, f"Resolved{verdict}", who)
        case Reopened():
            before = "" if event.resolved_by in {"", BY_CALM} else one_line(event.resolved_by, 100)
            text = one_line(event.reason, SENTENCE)
            if before:
                text += f" (resolved before by {before})"
            return Entry(at, Kind.REOPENED, "Reopened", who, text, since=event.event_time)
        case Assigned():
            return Entry(at, Kind.ASSIGNED, f"Given to {one_line(event.to, LONGEST_NAME)}", who)
        case Noted():
            return Entry(at, Kind.NOTED, "Note", who, lines(event.text))
        case _:
            raise AssertionError(event)


_VERDICTS = {"real": "a real crisis", "false": "a false page"}
