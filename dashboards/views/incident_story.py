"""One incident as values: everything a person needs to know of it, nothing of how it is shown."""

import msgspec

from alerts.incident import Audience, Incident
from alerts.notification import Outcome
from alerts.samples import Driver, Sample
from dashboards.views.series import Series
from dashboards.views.timeline import TimeLine
from detectors.reading import Reading
from pipeline.why import Gate


class AudienceClock(msgspec.Struct, frozen=True):
    """One audience's clock: `due_at` is None where no update is owed.

    `first_after`: how long after acknowledgement the first will be due, while nobody has.
    """

    audience: Audience
    due_at: int | None
    overdue: bool
    promised: bool
    last_at: int | None
    count: int
    first_after: int | None = None


class Changed(msgspec.Struct, frozen=True):
    """What is different since `since`: since the last update to an audience, or the opening."""

    since: int
    updated: bool
    what: tuple[str, ...]


class Call(msgspec.Struct, frozen=True):
    """One attempt to deliver a message."""

    at: int
    result: str
    detail: str


class Told(msgspec.Struct, frozen=True):
    """One message: to whom, why, when it was planned, what became of it."""

    at: int
    receiver: str
    reasons: tuple[str, ...]
    outcome: Outcome
    outcome_words: str
    why: str
    closed_at: int | None
    next_attempt_at: int | None
    calls: tuple[Call, ...]


class LaneThen(msgspec.Struct, frozen=True):
    """What one lane read when it opened, against what it asks for."""

    reading: Reading
    meaning: str
    gate: Gate | None


class Times(msgspec.Struct, frozen=True):
    """How long things took, in milliseconds; from the opening to noticing, else from noticing."""

    notice: int
    acknowledge: int | None = None
    internal: int | None = None
    public: int | None = None
    resolve: int | None = None


class Possible(msgspec.Struct, frozen=True):
    """What a person can do with it now."""

    acknowledge: bool
    update: bool
    promise: bool
    resolve: bool
    assign: bool


class Said(msgspec.Struct, frozen=True):
    """What people said in its time: drivers and masked samples of the negatives.

    `reading`: not all of it has been read into the store yet.
    """

    drivers: tuple[Driver, ...] = ()
    samples: tuple[Sample, ...] = ()
    reading: bool = False


class IncidentStory(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a person needs to know of one incident, as of `now`.

    `unread` says why `lanes`, `said` and `surge` could not be read in part or whole, else empty.
    """

    incident: Incident
    now: int
    sentence: str
    raised: str
    stands: str
    lanes: tuple[LaneThen, ...]
    time_line: TimeLine
    messages: tuple[Told, ...]
    clocks: tuple[AudienceClock, ...]
    changed: dict[Audience, Changed]
    draft: str
    said: Said
    surge: Series | None
    times: Times
    possible: Possible
    window: tuple[int, int]
    unread: str = ""

    @property
    def next_clock(self) -> AudienceClock | None:
        """The clock that runs out first."""
        running = [clock for clock in self.clocks if clock.due_at is not None]
        return min(running, key=lambda clock: clock.due_at or 0, default=None)


class IncidentList(msgspec.Struct, frozen=True):
    """Incidents, the last opened first; `behind` leads to those opened before them.

    `due` is when the next update is due, by incident, where one is owed.
    """

    incidents: tuple[Incident, ...]
    behind: tuple[int, str] | None
    brands: tuple[str, ...]
    due: dict[str, int] = {}
