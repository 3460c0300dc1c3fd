"""What was agreed about people: who is told, how soon, how often.

Every duration is in milliseconds. The defaults are those of the design's table.
"""

import msgspec

from alerts.incident import Audience
from detectors.severity import Severity

SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE


class Receiver(msgspec.Struct, frozen=True):
    """Somebody, or some channel, that notifications go to.

    `kind` names the notifier (its settings belong to the shell), `zone` is the IANA zone in which
    the receiver reads times.
    """

    name: str
    kind: str = "console"
    zone: str = "UTC"


class Cadence(msgspec.Struct, frozen=True):
    """How often one audience is owed an update.

    The first is due `first` after the clock starts (None: none is owed unless promised). After
    an update the next is due `every` later; once the clock has run for `settles_after`,
    `settled` later. `every` is also the c of the overdue stages where nothing is owed regularly.
    """

    first: int | None
    every: int = HOUR
    settles_after: int | None = None
    settled: int = HOUR
    repeats: bool = True

    def interval(self, elapsed: int) -> int:
        """Return the time to the next update, `elapsed` after the clock's start.

        >>> Cadence(15, every=20, settles_after=120, settled=60).interval(119)
        20
        >>> Cadence(15, every=20, settles_after=120, settled=60).interval(120)
        60
        """
        settled = self.settles_after is not None and elapsed >= self.settles_after
        return self.settled if settled else self.every


NONE_UNLESS_ASKED = Cadence(first=None, repeats=False)


class UpdateClocks(msgspec.Struct, frozen=True):
    """The cadence of each severity and audience; info owes nobody anything."""

    critical_internal: Cadence = Cadence(15 * MINUTE, 20 * MINUTE, 2 * HOUR, HOUR)
    warning_internal: Cadence = Cadence(HOUR, HOUR)
    critical_public: Cadence = Cadence(45 * MINUTE, HOUR)
    warning_public: Cadence = NONE_UNLESS_ASKED

    def of(self, severity: Severity, audience: Audience) -> Cadence:
        """Return the cadence in force."""
        internal = audience is Audience.INTERNAL
        if severity is Severity.CRITICAL:
            return self.critical_internal if internal else self.critical_public
        if severity is Severity.WARNING:
            return self.warning_internal if internal else self.warning_public
        return NONE_UNLESS_ASKED


class LifecycleSettings(msgspec.Struct, frozen=True):
    """When signals open, reopen, or are too old.

    A signal at least `max_signal_age` old opens nothing. A surge that opens within
    `reopen_window` of a resolution reopens the same incident; so does one that a person resolved
    while it lasted, when its level exceeds that at resolution by `excess` (0.5: by half) or when
    it lasts `outlasts` more.
    """

    max_signal_age: int = 6 * HOUR
    reopen_window: int = 6 * HOUR
    excess: float = 0.5
    outlasts: int = 2 * HOUR
    max_text: int = 20_000


class Policy(msgspec.Struct, frozen=True):
    """Who is told and when.

    `steps`: each step of the escalation is a tuple of receivers' names; the first is paged at
    once, the next after each `acknowledge_within` without acknowledgement, the whole ladder at
    most `rounds` times. `lead` is told of overdue updates from the second stage on, `ops` of
    blindness; `info` of attention (nobody by default). `merge_within`: what one receiver is owed
    within this time is said in one message. `doubt_after`: how long calm may be unknowable
    before the owner is asked to decide.
    """

    receivers: tuple[Receiver, ...] = ()
    steps: tuple[tuple[str, ...], ...] = ()
    lead: tuple[str, ...] = ()
    ops: tuple[str, ...] = ()
    info: tuple[str, ...] = ()
    acknowledge_within: int = 5 * MINUTE
    rounds: int = 5
    clocks: UpdateClocks = UpdateClocks()
    merge_within: int = 3 * MINUTE
    doubt_after: int = 6 * HOUR
    lifecycle: LifecycleSettings = LifecycleSettings()

    def receiver(self, name: str) -> Receiver | None:
        """Return the receiver of this name, if there is one."""
        return next((r for r in self.receivers if r.name == name), None)
