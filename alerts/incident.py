"""An incident, and the events it is folded from.

Every instant is in milliseconds since 1970-01-01 UTC. `at` is when people could know of it
(`now`); `event_time` is when it was so in the world (a bucket's end). `by` is the person, or
empty where the system speaks for itself. Events hold no text of a mention; what a person of the
team wrote (an update, a note) is a record and is kept. Both stand in one file because an
incident is nothing but its events.
"""

from enum import StrEnum

import msgspec

from detectors.reading import Lane, Rule
from detectors.severity import Severity


class State(StrEnum):
    """Where people stand with an incident."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"


class Audience(StrEnum):
    """Who an update is for; each has its own clock."""

    INTERNAL = "internal"
    PUBLIC = "public"


class Verdict(StrEnum):
    """What an incident was, judged afterwards by a person; empty when nobody said."""

    UNSAID = ""
    REAL = "real"
    FALSE = "false"


BY_CALM = "calm"
"""Who resolved an incident that ended by itself."""


class Level(msgspec.Struct, frozen=True):
    """How bad it is at `event_time`: the numbers of the signal that said so.

    `observed` against `expected` in `lane`; `mentions` and scored `voices` in the lane's window;
    `share` of negatives among these voices against the `usual_share`; `reason` in words. One
    opened by hand has a reason alone, and no lane.
    """

    event_time: int
    lane: Lane | None = None
    observed: float = 0.0
    expected: float = 0.0
    mentions: int = 0
    voices: int = 0
    share: float = 0.0
    usual_share: float = 0.0
    reason: str = ""
    still_learning: bool = False

    @property
    def fold(self) -> float:
        """How many times the expected was observed; 0 where nothing is expected."""
        return self.observed / self.expected if self.expected > 0 else 0.0


class Updates(msgspec.Struct, frozen=True):
    """The updates given to one audience: how many, the last one's time, the promised next."""

    count: int = 0
    last_at: int | None = None
    promised: int | None = None


NO_UPDATES = Updates()


class Rise(msgspec.Struct, frozen=True):
    """Severity rose to `severity` at `at` (now)."""

    at: int
    severity: Severity


class Incident(msgspec.Struct, frozen=True, kw_only=True):
    """All that its events say about one incident; built by `lifecycle.evolve` alone.

    `id` is `brand:rule:bucket`. `opened_at` is the surge's opening (event time), `noticed_at` when
    we opened the incident (now). `surge` and `seq` are the last signal applied (0 when opened by
    hand). `calm_at` and `returned_at` are event times, `..._noticed_at` when we learnt of them
    (now); `calms` counts how often calm was said; `ended`: the surge is over. `unheard_since` is
    set while a missing source keeps calm from being recognised; `unheard_spells` counts how often
    that began. `acknowledgements` counts the times somebody took it (again after each reopening).
    `at_resolution` is the level when a person resolved it, `resolved_from` the instant from which
    reopening is reckoned. `missed`: over before we noticed, nobody was paged. `events` counts the
    events folded.
    """

    id: str
    brand: str
    rule: Rule
    severity: Severity
    opening_severity: Severity
    opened_at: int
    noticed_at: int
    level: Level
    opening: Level
    opened_by: str = ""
    state: State = State.OPEN
    surge: int = 0
    seq: int = 0
    rises: tuple[Rise, ...] = ()
    calm_at: int | None = None
    calm_noticed_at: int | None = None
    calms: int = 0
    returned_at: int | None = None
    returned_noticed_at: int | None = None
    ended: bool = False
    unheard: tuple[str, ...] = ()
    unheard_since: int | None = None
    unheard_spells: int = 0
    acknowledged_at: int | None = None
    acknowledged_by: str = ""
    acknowledgements: int = 0
    owner: str = ""
    resolved_at: int | None = None
    resolved_from: int | None = None
    resolved_by: str = ""
    verdict: Verdict = Verdict.UNSAID
    at_resolution: Level | None = None
    reopened: int = 0
    reopened_at: int | None = None
    reopened_reason: str = ""
    last_resolved_by: str = ""
    internal: Updates = NO_UPDATES
    public: Updates = NO_UPDATES
    notes: int = 0
    missed: bool = False
    events: int = 0

    @property
    def is_open(self) -> bool:
        """Whether people still have to deal with it (open or acknowledged)."""
        return self.state is not State.RESOLVED

    @property
    def lane(self) -> Lane | None:
        """The lane that speaks loudest now; None for one opened by hand."""
        return self.level.lane

    @property
    def still_learning(self) -> bool:
        """Whether it was opened by the floor rule during warm-up."""
        return self.opening.still_learning

    @property
    def late_by(self) -> int:
        """How long after its opening we noticed, in milliseconds; 0 for one opened by hand."""
        return max(0, self.noticed_at - self.opened_at)

    @property
    def live_since(self) -> int:
        """When people were last given it anew: noticed, or reopened (now)."""
        return self.noticed_at if self.reopened_at is None else self.reopened_at

    def updates(self, audience: Audience) -> Updates:
        """Return the updates given to one audience."""
        return self.internal if audience is Audience.INTERNAL else self.public

    def severity_at(self, at: int) -> Severity:
        """Return the severity that was in force at an instant of `now`."""
        severity = self.opening_severity
        for rise in self.rises:
            if rise.at <= at:
                severity = rise.severity
        return severity


class Event(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind"):
    """What happened to an incident, once and for ever; `by` is empty for the system.

    New fields must have a default: older events stay readable, unknown fields are ignored.
    """

    at: int
    by: str = ""


class Opened(Event, frozen=True, kw_only=True, tag="opened"):
    """It began: by a signal, or by hand (`surge` 0)."""

    id: str
    brand: str
    rule: Rule
    severity: Severity
    event_time: int
    opened_at: int
    level: Level
    surge: int = 0
    seq: int = 0
    unheard: tuple[str, ...] = ()
    unheard_since: int | None = None


class Missed(Event, frozen=True, kw_only=True, tag="missed"):
    """It was over before we noticed: recorded, nobody is paged.

    As the first event it names the incident; after `Opened` it closes it.
    """

    id: str
    brand: str
    rule: Rule
    severity: Severity
    event_time: int
    opened_at: int
    level: Level
    surge: int
    seq: int


class Levelled(Event, frozen=True, kw_only=True, tag="levelled"):
    """The fold said how high it stands."""

    event_time: int
    level: Level
    surge: int
    seq: int
    unheard: tuple[str, ...] = ()
    unheard_since: int | None = None


class SeverityRaised(Event, frozen=True, kw_only=True, tag="severity_raised"):
    """It got worse; severity never falls while an incident is open."""

    event_time: int
    severity: Severity
    reason: str = ""


class Calmed(Event, frozen=True, kw_only=True, tag="calmed"):
    """The fold said that it is calm since `event_time`."""

    event_time: int
    surge: int
    seq: int


class Returned(Event, frozen=True, kw_only=True, tag="returned"):
    """Calm is undone."""

    event_time: int
    surge: int
    seq: int


class Ended(Event, frozen=True, kw_only=True, tag="ended"):
    """The surge is over: an open incident is resolved by itself, verdict empty."""

    event_time: int
    surge: int
    seq: int


class Acknowledged(Event, frozen=True, kw_only=True, tag="acknowledged"):
    """Somebody took it."""


class Updated(Event, frozen=True, kw_only=True, tag="updated"):
    """An update was given; `link` is the published post of a public one."""

    audience: Audience
    text: str
    language: str = ""
    link: str = ""
    promised: int | None = None


class Resolved(Event, frozen=True, kw_only=True, tag="resolved"):
    """A person said that it is over."""

    verdict: Verdict = Verdict.UNSAID


class Reopened(Event, frozen=True, kw_only=True, tag="reopened"):
    """The same trouble again; `reason` says why, `resolved_by` who had resolved it."""

    event_time: int
    reason: str
    resolved_by: str
    level: Level
    surge: int
    seq: int
    unheard: tuple[str, ...] = ()
    unheard_since: int | None = None


class Assigned(Event, frozen=True, kw_only=True, tag="assigned"):
    """Somebody owns it now."""

    to: str


class Noted(Event, frozen=True, kw_only=True, tag="noted"):
    """A person wrote something down."""

    text: str


AnyEvent = (
    Opened
    | Missed
    | Levelled
    | SeverityRaised
    | Calmed
    | Returned
    | Ended
    | Acknowledged
    | Updated
    | Resolved
    | Reopened
    | Assigned
    | Noted
)
"""Every event there is; decode with `msgspec.json.Decoder(AnyEvent)`."""
