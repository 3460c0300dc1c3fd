"""What the stores tell of a road whose workers are elsewhere: partition by partition."""

from typing import TYPE_CHECKING

from alerts.errors import AlertsError
from alerts.plain import one_line
from alerts.store import FeedPosition
from dashboards.views.books import Books
from dashboards.views.health_log import STANDS_AFTER
from dashboards.views.health_story import Detected, Engine, PartitionHealth, SourceHealth
from dashboards.views.progress_apart import ProgressApart
from detectors.reading import Rule
from pipeline.errors import PipelineError
from pipeline.placing import partition_of
from pipeline.sources.http.settings import DEFAULT_SOURCE
from pipeline.stores.feeds import JUDGED, REJECTED, Position

if TYPE_CHECKING:
    from alerts.incident import Incident
    from pipeline.settings import Settings

NAMED = 5
"""Brands named of a partition."""
SOURCE = "source:"


def detected_apart(
    books: Books,
    progress: ProgressApart,
    now: int,
    settings: "Settings",
    unread: dict[str, None],
) -> Detected:
    """Read it from the stores; `unread` is told which of them cannot be read, and why."""
    silent: list[Incident] = []
    people: dict[int, FeedPosition] = {}
    partitions: tuple[PartitionHealth, ...] = ()
    time = None
    try:
        numbers = sorted(progress.positions())
        time = progress.time
        try:
            with books.incidents.read() as view:
                people = {number: view.position(number) for number in numbers}
                found = view.incidents(only_open=True, limit=500)
            silent = [each for each in found if each.rule is Rule.BLINDNESS]
        except AlertsError as problem:
            unread[str(problem)] = None
        partitions = _partitions(books, progress, people, now, settings)
    except PipelineError as problem:
        unread[str(problem)] = None
    event_mode = progress.event_mode
    known = [each.time for each in partitions if each.time is not None]
    stand = [each for each in partitions if each.stands]
    return Detected(
        Engine(
            event_mode,
            time,
            max(known) if known and len(stand) == len(partitions) else None,
            0 if event_mode or not known else max(0, max(known) - now),
            (),
        ),
        _sources(settings, silent),
        (),
        partitions,
    )


def _partitions(
    books: Books,
    progress: ProgressApart,
    people: dict[int, FeedPosition],
    now: int,
    settings: "Settings",
) -> tuple[PartitionHealth, ...]:
    positions, read = progress.positions(), progress.read_up_to()
    brands = _brands(books, settings, len(positions))
    clock = not progress.event_mode
    ends = {number: progress.road.closed(each.time) for number, each in positions.items()}
    found = []
    for number, each in sorted(positions.items()):
        told = people.get(number, FeedPosition())
        behind = None if each.time is None or not clock else max(0, now - each.time)
        late = None
        if clock and each.time is not None and told.time is not None:
            late = max(0, each.time - told.time)
        named = brands.get(number, [])
        found.append(
            PartitionHealth(
                number,
                each.time,
                behind,
                behind is not None and behind > STANDS_AFTER,
                ends[number],
                each.origin,
                each.offset,
                read[JUDGED].get(number, Position()).offset,
                read[REJECTED].get(number, Position()).offset,
                told.offset,
                late,
                tuple(one_line(name, 100) for name in named[:NAMED]),
                max(0, len(named) - NAMED),
            )
        )
    return tuple(found)


def _brands(books: Books, settings: "Settings", partitions: int) -> dict[int, list[str]]:
    """Every brand that is configured or was heard of, by its partition."""
    found: dict[int, list[str]] = {}
    for name in dict.fromkeys((*(each.name for each in settings.brands()), *books.brands())):
        found.setdefault(partition_of(name, partitions), []).append(name)
    return found


def _sources(settings: "Settings", silent: "list[Incident]") -> tuple[SourceHealth, ...]:
    """Those that are configured or silent: what they deliver is counted where they come in."""
    since = {each.brand.removeprefix(SOURCE): each.opened_at for each in silent}
    configured = [source.name for source in settings.sources] or [DEFAULT_SOURCE]
    return tuple(
        SourceHealth(one_line(name, 100), name in configured, None, 0, None, since.get(name))
        for name in dict.fromkeys([*configured, *sorted(since)])
    )
