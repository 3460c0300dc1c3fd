"""What the fold tells the people's side: a surge opened, stands, calmed, came back, ended."""

from enum import StrEnum

import msgspec

from detectors.reading import Lane, Rule
from detectors.severity import Severity


class SignalKind(StrEnum):
    """The life of a surge: opened, level*, (calm, returned | ended)."""

    OPENED = "opened"
    LEVEL = "level"
    CALM = "calm"
    RETURNED = "returned"
    ENDED = "ended"


class Signal(msgspec.Struct, frozen=True):
    """One statement of the fold about one surge of one brand and rule.

    `surge` numbers the brand's surges of this rule from 1; `seq` the statements of one surge
    from 1, without gaps. `bucket_end` is the event time of the statement, `opened_at` that of the
    surge's opening. `observed` X against `expected` M in `lane`; `mentions` the raw mentions in
    the lane's window, `voices` the scored voices there, `share` the negative share of these,
    `usual_share` the brand's slow share. While open a `level` comes every 5 minutes and at each
    rise of severity. `unheard`: the sources whose silence keeps calm from being recognised;
    `unheard_since`: since when (None when nothing is missing). For blindness `brand` is
    `source:NAME`. `still_learning`: opened by the floor rule during warm-up.
    """

    brand: str
    rule: Rule
    surge: int
    seq: int
    kind: SignalKind
    bucket_end: int
    opened_at: int
    lane: Lane
    observed: float
    expected: float
    mentions: int
    voices: int
    share: float
    usual_share: float
    severity: Severity
    reason: str
    still_learning: bool = False
    unheard: tuple[str, ...] = ()
    unheard_since: int | None = None

    @property
    def id(self) -> str:
        """`brand:rule:surge:seq`, unique and derived from the input alone."""
        return f"{self.brand}:{self.rule}:{self.surge}:{self.seq}"
