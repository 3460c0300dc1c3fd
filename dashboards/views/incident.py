"""One incident as people must see it at night."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeVar

from alerts import clocks
from alerts.facts import has_mentions
from alerts.incident import (
    Acknowledged,
    AnyEvent,
    Audience,
    Incident,
    SeverityRaised,
    State,
    Updated,
)
from alerts.lifecycle import fold
from alerts.notification import Outcome, Snapshot, snapshot
from alerts.plain import one_line
from alerts.store import Attempt, Planned
from alerts.times import local, span
from alerts.wording import SENTENCE, Telling, changes, counted, percent
from dashboards.views.books import Books
from dashboards.views.incident_story import (
    AudienceClock,
    Call,
    Changed,
    IncidentStory,
    LaneThen,
    Possible,
    Said,
    Times,
    Told,
)
from dashboards.views.incident_words import (
    OUTCOMES,
    REASONS,
    RESULTS,
    cause,
    sentence,
)
from dashboards.views.series import Series, read_series
from dashboards.views.timeline import time_line
from detectors.reading import Rule
from pipeline.errors import PipelineError
from pipeline.judging.scorer import Label
from pipeline.stores.drivers import read_drivers
from pipeline.stores.masked import sample_of
from pipeline.stores.mentions import MentionFilter
from pipeline.stores.samples import READ, telling
from pipeline.why import explain, gates, meaning

if TYPE_CHECKING:
    from alerts.policy import Policy
    from detectors.settings import Detection

MINUTE = 60_000
HOUR = 60 * MINUTE
BEFORE = 30 * MINUTE
"""What was said in this time before the opening belongs to the incident's window."""
LONGEST_WINDOW = 12 * HOUR
SAMPLES = 5
LISTED = 50
STEPS = 80

_Part = TypeVar("_Part")


def read_incident(  # noqa: PLR0913  # what is read, and what stands in for a part of it
    books: Books,
    incident_id: str,
    now: int,
    policy: "Policy",
    *,
    detection: "Detection | None" = None,
    read_said: Callable[[Books, Incident, tuple[int, int]], Said] | None = None,
) -> IncidentStory | None:
    """Tell one incident's story; None where there is none of this id.

    `read_said` stands in for reading what people said, which takes longest (about 80 ms). Only the
    incident store must be readable: `unread` says why what the other stores hold is missing.
    """
    with books.incidents.read() as view:
        incident = view.incident(incident_id)
        if incident is None:
            return None
        events = view.events(incident_id)
        rows = view.planned(incident_id)
        ledgers = view.attempts_of(incident_id)
    window = window_of(incident, now)
    unread: dict[str, None] = {}

    def part(read: Callable[[], _Part], instead: _Part) -> _Part:
        try:
            return read()
        except PipelineError as problem:
            unread[str(problem)] = None
            return instead

    no_lanes: tuple[LaneThen, ...] = ()
    lanes = part(lambda: _lanes(books, incident, detection), no_lanes)
    said = part(lambda: (read_said or said_of)(books, incident, window), Said())
    surge = part(lambda: read_surge(books, incident, window), None)
    changed = {
        audience: changed_since(events, incident, audience, now, policy) for audience in Audience
    }
    return IncidentStory(
        incident=incident,
        now=now,
        sentence=sentence(incident),
        raised=_raised(events),
        stands=counted(incident.level),
        lanes=lanes,
        time_line=time_line(events),
        messages=tuple(_told(row, ledgers.get(row.id, [])) for row in rows),
        clocks=tuple(_clock(incident, audience, now, policy) for audience in Audience),
        changed=changed,
        draft=draft(incident, changed[Audience.INTERNAL], now),
        said=said,
        surge=surge,
        times=times(incident, events),
        possible=possible(incident),
        window=window,
        unread="; ".join(unread),
    )


def window_of(incident: Incident, now: int) -> tuple[int, int]:
    """Return the event time an incident is about: half an hour before it to its end, or 12 h."""
    if incident.rule is Rule.MANUAL:
        end = incident.resolved_at or now
    else:
        end = max(incident.level.event_time, incident.opened_at)
        if incident.is_open and incident.calm_at is None:
            end = max(end, min(now, end + 10 * MINUTE))
    return max(incident.opened_at - BEFORE, end - LONGEST_WINDOW), end


def possible(incident: Incident) -> Possible:
    """Return what a person can do with an incident as it stands."""
    return Possible(
        acknowledge=incident.state is State.OPEN,
        update=incident.rule is not Rule.BLINDNESS,
        promise=incident.is_open,
        resolve=incident.is_open,
        assign=incident.is_open,
    )


def times(incident: Incident, events: Sequence[AnyEvent]) -> Times:
    """Return how long each step took the first time."""
    start = incident.noticed_at

    def first(kind: type[Acknowledged | Updated], audience: Audience | None = None) -> int | None:
        for event in events:
            if isinstance(event, kind) and (
                audience is None or (isinstance(event, Updated) and event.audience is audience)
            ):
                return max(0, event.at - start)
        return None

    return Times(
        notice=incident.late_by,
        acknowledge=first(Acknowledged),
        internal=first(Updated, Audience.INTERNAL),
        public=first(Updated, Audience.PUBLIC),
        resolve=None if incident.resolved_at is None else max(0, incident.resolved_at - start),
    )


def changed_since(
    events: Sequence[AnyEvent],
    incident: Incident,
    audience: Audience,
    now: int,
    policy: "Policy",
) -> Changed:
    """Say what is different since an audience's last update; since the opening where none was."""
    last = 0
    for index, event in enumerate(events):
        if isinstance(event, Updated) and event.audience is audience:
            last = index
    then = fold(events[: last + 1])
    before: Snapshot = snapshot(then if then is not None else incident)
    return Changed(
        events[last].at if events else incident.noticed_at,
        last > 0,
        tuple(changes(before, incident, Telling(incident, now, "UTC", policy))),
    )


def draft(incident: Incident, changed: Changed, now: int) -> str:
    """Put the facts of an internal update together, for a person to finish; never sent."""
    level = incident.level
    brand = one_line(incident.brand, 100)
    lasted = span(max(0, (incident.resolved_at or now) - incident.opened_at))
    since = local(incident.opened_at, "UTC", now)
    said = [f"{brand}: {incident.severity} since {since} ({lasted}), {incident.state}."]
    if level.lane is not None and incident.rule is not Rule.BLINDNESS:
        usual = "" if level.still_learning else f", usually {percent(level.usual_share)}"
        said.append(f"Now {counted(level)}; {percent(level.share)} of voices negative{usual}.")
    else:
        said.append(one_line(level.reason, SENTENCE))
    if incident.calm_at is not None:
        said.append(f"Calm since {local(incident.calm_at, 'UTC', now)}.")
    if changed.what:
        what = "the last update" if changed.updated else "the opening"
        at = local(changed.since, "UTC", now)
        said.append(f"Since {what} at {at}: {', '.join(changed.what)}.")
    return "\n".join(said)


def _raised(events: Sequence[AnyEvent]) -> str:
    for event in reversed(events):
        if isinstance(event, SeverityRaised):
            return one_line(event.reason, SENTENCE)
    return ""


def _clock(incident: Incident, audience: Audience, now: int, policy: "Policy") -> AudienceClock:
    due = clocks.owed_at(incident, audience, policy)
    given = incident.updates(audience)
    waits = (
        due is None
        and audience is Audience.INTERNAL
        and incident.state is State.OPEN
        and incident.rule is not Rule.BLINDNESS
    )
    return AudienceClock(
        audience,
        due,
        due is not None and due <= now,
        due is not None and given.promised == due,
        given.last_at,
        given.count,
        policy.clocks.of(incident.severity, audience).first if waits else None,
    )


def _told(row: Planned, ledger: Sequence[Attempt]) -> Told:
    notification = row.notification
    return Told(
        notification.at,
        one_line(notification.receiver, 100),
        tuple(REASONS[reason] for reason in notification.reasons),
        row.outcome,
        OUTCOMES[row.outcome],
        "" if row.outcome is Outcome.DELIVERED else cause(row.detail),
        row.closed_at,
        row.next_attempt_at,
        tuple(
            Call(
                attempt.started_at if attempt.finished_at is None else attempt.finished_at,
                RESULTS[attempt.result],
                one_line(attempt.detail, SENTENCE),
            )
            for attempt in ledger
        ),
    )


def _lanes(books: Books, incident: Incident, detection: "Detection | None") -> tuple[LaneThen, ...]:
    """Read the lanes of the bucket that opened it; none where buckets were gathered since."""
    if not has_mentions(incident):
        return ()
    asked = {} if detection is None else {gate.lane: gate for gate in gates(detection)}
    before = incident.opened_at - 1
    found = explain(incident.brand, before, books.buckets.at(incident.brand, before), None)
    return tuple(
        LaneThen(reading, meaning(reading.reason), asked.get(reading.lane))
        for reading in found.readings
        if reading.rule is incident.rule
    )


def said_of(books: Books, incident: Incident, window: tuple[int, int]) -> Said:
    """Read what people said in an incident's time: bounded work, masked texts."""
    if not has_mentions(incident):
        return Said()
    start, end = window
    reading = books.progress.mentions_wait()
    wanted = MentionFilter(incident.brand, start, end, Label.NEGATIVE, own=False, late=False)
    return Said(
        read_drivers(books.mentions, incident.brand, start, end),
        tuple(
            sample_of(each) for each in telling(books.mentions.find(wanted, limit=READ), SAMPLES)
        ),
        reading,
    )


def read_surge(books: Books, incident: Incident, window: tuple[int, int]) -> Series | None:
    """Read the brand's series around an incident; None where no mention stands behind it."""
    if not has_mentions(incident):
        return None
    start, end = window
    around = max(HOUR, (end - start) // 4)
    closed = books.closed_up_to(incident.brand)
    after = end + around // 2
    return read_series(
        books,
        incident.brand,
        start - around,
        after if closed is None else max(end, min(after, closed)),
        points=STEPS,
    )
