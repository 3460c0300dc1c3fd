"""What one detector made of one bucket."""

from enum import StrEnum

import msgspec


class Rule(StrEnum):
    """What a signal is about; with the brand it names the incident a signal belongs to."""

    NEGATIVE_SURGE = "negative_surge"
    VOLUME = "volume"
    BLINDNESS = "blindness"
    MANUAL = "manual"


class Lane(StrEnum):
    """The window a reading looked through."""

    FAST_5 = "5m"
    FAST_15 = "15m"
    FAST_60 = "60m"
    SLOW = "slow"
    FLOOR = "floor"
    VOLUME = "volume"
    SILENCE = "silence"


class Reason(StrEnum):
    """Why a reading did, or did not, speak for a signal: the first gate that decided."""

    HIT = "hit"
    """Every gate was passed, and long enough."""
    HOLDING = "holding"
    """Every gate is passed, but not yet for as many buckets running as the lane asks."""
    WARMING_UP = "warming_up"
    TOO_FEW = "too_few"
    BELOW_FOLD = "below_fold"
    BELOW_Z = "below_z"
    BELOW_TAIL = "below_tail"
    SHARE_USUAL = "share_usual"
    BELOW_SUM = "below_sum"
    RE_ARMING = "re_arming"
    """Every gate is passed, but the last onset is too recent."""
    UNKNOWN = "unknown"
    """The bucket is unknown: nothing can be said."""
    QUIET = "quiet"
    """Nothing at all was said."""


class Reading(msgspec.Struct, frozen=True, array_like=True):
    """The numbers of one detector (lane) at one bucket's close, and the gate that decided.

    `observed` X and `expected` M are counts over the lane's window; `sample` the scored voices in
    it (the surge) or the voices of the step (volume); `z` the signed root of the negative-binomial
    deviance; `tail` s, minus log10 of how often this brand exceeds such a value; `evidence` minus
    log10 of the share's p (0 where it was not computed); `score` is what was held against
    `threshold`; `held` counts the buckets running that passed every gate.
    """

    rule: Rule
    lane: Lane
    observed: float
    expected: float
    sample: int
    z: float
    tail: float
    evidence: float
    score: float
    threshold: float
    held: int
    reason: Reason

    @property
    def fold(self) -> float:
        """How many times the expected was observed (0 where nothing is expected)."""
        return self.observed / self.expected if self.expected > 0 else 0.0
