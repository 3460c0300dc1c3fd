"""How often this brand exceeds a value: a running quantile and an exponential tail above it."""

from math import log

import msgspec

from detectors.settings import TailSettings

LN10 = log(10.0)
QUANTILE = 0.99
"""The running quantile; a value there scores 2, since one in a hundred exceeds it."""


class TailState(msgspec.Struct, frozen=True, array_like=True):
    """A tail's four numbers."""

    quantile: float
    excess: float
    elapsed: float
    memory: float


class Tail:
    """Scores a value by this brand's own history: minus log10 of how often it is exceeded.

    `score` is 2 at the running 99 % quantile q and rises by 1 for each b ln 10 above it, b the
    mean excess over q (an exponential tail). Score first, learn after. Values are per bucket of
    `bucket` milliseconds; the step of the quantile is Robbins and Monro's (1951), scaled by b.

    >>> tail = Tail(TailSettings(start_quantile=0.7, start_excess=0.5), bucket=60_000)
    >>> tail.score(0.7)
    2.0
    >>> for _ in range(2000):
    ...     tail.learn(0.1)
    >>> tail.score(0.7) > 2.0
    True
    """

    __slots__ = (
        "cut",
        "delay",
        "elapsed",
        "excess",
        "floor",
        "gain",
        "memory",
        "memory_limit",
        "power",
        "quantile",
        "scale",
        "settled",
        "units",
        "weight",
    )

    def __init__(self, settings: TailSettings, bucket: int, state: TailState | None = None) -> None:
        self.units = bucket / settings.unit
        self.floor = settings.floor
        self.gain = settings.gain
        self.delay = settings.delay
        self.power = -settings.power
        self.cut = settings.cut
        self.weight = bucket / settings.window
        self.memory_limit = settings.memory
        if state is None:
            self.quantile = settings.start_quantile
            self.excess = settings.start_excess
            self.elapsed = 0.0
            self.memory = settings.start_memory
        else:
            self.quantile = state.quantile
            self.excess = state.excess
            self.elapsed = state.elapsed
            self.memory = state.memory
        self.settled = self.gain * (self.elapsed + self.delay) ** self.power < self.floor
        self.scale = 1.0 / (self.excess * LN10)

    def score(self, value: float) -> float:
        """Minus log10 of how often this brand exceeds `value` (below 2: not the tail at all)."""
        return 2.0 + (value - self.quantile) * self.scale

    def learn(self, value: float) -> None:
        """Take one known bucket's value into the quantile and the mean excess."""
        step = self.floor
        if not self.settled:
            self.elapsed += self.units
            early = self.gain * (self.elapsed + self.delay) ** self.power
            if early < step:
                self.settled = True
            else:
                step = early
        step *= self.excess * self.units
        over = value - self.quantile
        if over <= 0.0:
            self.quantile -= step * (1.0 - QUANTILE)
            return
        self.quantile += step * QUANTILE
        most = self.cut * self.excess
        if over > most:  # noqa: PLR1730  # min() costs a call
            over = most
        self.excess += (over - self.excess) * self.weight / self.memory
        self.scale = 1.0 / (self.excess * LN10)
        if self.memory < self.memory_limit:
            self.memory = min(self.memory_limit, self.memory + self.weight)

    def state(self) -> TailState:
        """Give what a new tail needs to go on equal."""
        return TailState(self.quantile, self.excess, self.elapsed, self.memory)
