"""What is usual for one brand: level, season, dispersion and negative share."""

import msgspec

from detectors.settings import HOUR, BaselineSettings

CELLS = 48
"""Hours of the day, on weekdays and at weekends."""

SIZE_LIMITS = (0.3, 1000.0)
SHARE_LIMITS = (0.01, 0.95)


class BaselineState(msgspec.Struct, frozen=True, array_like=True):
    """A baseline's sums; see `Baseline` for their meaning."""

    learnt: int
    total: float
    exposure: float
    spread: float
    squares: float
    hits: float
    sample: float
    season_seen: tuple[float, ...]
    season_time: tuple[float, ...]
    step_time: int
    step_count: int
    step_hits: int
    step_sample: int
    step_expected: float
    step_exposure: float


class Baseline:
    """Learns a brand's usual count per bucket in every hour of the week, in bounded state.

    The level is a decayed sum of counts over a decayed sum of exposure (bucket times season);
    a season's cell is (seen + w) / (time + w), hours each, seen being counts over the level: the
    mean of a Gamma prior at 1 (Gelman et al., Bayesian Data Analysis, section 2.6). The size r
    is by moments, from the winsorised steps: 1 / r = sum(e^2 - m) / sum(m^2). The share is
    hits over sample. Ask `expected` first, then `learn` the bucket; a blind or unknown bucket is
    not learnt.

    >>> base = Baseline(BaselineSettings(), bucket=60_000)
    >>> for minute in range(3000):
    ...     base.learn(count=2, cell=minute // 60 % 24, hits=1, sample=4)
    >>> round(base.expected(0), 2), base.warm
    (2.0, True)
    """

    __slots__ = (
        "bucket",
        "cap_from",
        "cell_keep",
        "exposure",
        "factors",
        "hits",
        "learnt",
        "level",
        "sample",
        "season_seen",
        "season_time",
        "settings",
        "share",
        "size",
        "spread",
        "squares",
        "step",
        "step_count",
        "step_expected",
        "step_exposure",
        "step_hits",
        "step_keep",
        "step_sample",
        "step_time",
        "total",
        "warm",
    )

    def __init__(
        self, settings: BaselineSettings, bucket: int, state: BaselineState | None = None
    ) -> None:
        self.settings = settings
        self.bucket = bucket
        self.step = max(settings.step, bucket)
        self.step_keep = float(2.0 ** (-self.step / settings.half_life))
        self.cell_keep = float(2.0 ** (-self.step / settings.season_half_life))
        self.learnt = 0
        self.total = self.exposure = self.spread = self.squares = self.hits = self.sample = 0.0
        self.season_seen = [0.0] * CELLS
        self.season_time = [0.0] * CELLS
        self.step_time = self.step_count = self.step_hits = self.step_sample = 0
        self.step_expected = self.step_exposure = 0.0
        if state is not None:
            self.learnt = state.learnt
            self.total, self.exposure = state.total, state.exposure
            self.spread, self.squares = state.spread, state.squares
            self.hits, self.sample = state.hits, state.sample
            if state.season_seen:
                self.season_seen = list(state.season_seen)
                self.season_time = list(state.season_time)
            self.step_time, self.step_count = state.step_time, state.step_count
            self.step_hits, self.step_sample = state.step_hits, state.step_sample
            self.step_expected, self.step_exposure = state.step_expected, state.step_exposure
        weight = settings.season_weight / HOUR
        self.factors = [
            (seen + weight) / (time + weight)
            for seen, time in zip(self.season_seen, self.season_time, strict=True)
        ]
        self._refresh()

    def expected(self, cell: int) -> float:
        """Give the usual count in one bucket of that cell (0 while nothing is learnt)."""
        return self.level * self.factors[cell]

    def learn(self, count: int, cell: int, hits: int = 0, sample: int = 0) -> None:
        """Take one known bucket in: its count, and hits of a sample for the share."""
        factor = self.factors[cell]
        self.step_time += self.bucket
        self.step_count += count
        self.step_hits += hits
        self.step_sample += sample
        self.step_exposure += factor
        self.step_expected += self.level * factor
        if self.step_time >= self.step:
            self._take(cell)

    def _take(self, cell: int) -> None:
        settings = self.settings
        expected, seen = self.step_expected, float(self.step_count)
        taken = seen
        if self.learnt >= settings.cap_from:
            taken = min(seen, settings.cap_fold * expected + settings.cap_more)
        part = taken / seen if seen > 0.0 else 1.0
        kept = self.step_keep
        if self.warm:
            self._take_season(cell, taken)
            error = taken - expected
            self.spread = self.spread * kept + error * error - expected
            self.squares = self.squares * kept + expected * expected
        self.total = self.total * kept + taken
        self.exposure = self.exposure * kept + self.step_exposure
        self.hits = self.hits * kept + self.step_hits * part
        self.sample = self.sample * kept + self.step_sample * part
        self.learnt += self.step_time
        self.step_time = self.step_count = self.step_hits = self.step_sample = 0
        self.step_expected = self.step_exposure = 0.0
        self._refresh()

    def _take_season(self, cell: int, taken: float) -> None:
        if self.level <= 0.0:
            return
        hours = self.step_time / HOUR
        weight = self.settings.season_weight / HOUR
        kept = self.cell_keep
        level_of_step = self.level * self.step_time / self.bucket
        seen = self.season_seen[cell] * kept + taken / level_of_step * hours
        time = self.season_time[cell] * kept + hours
        self.season_seen[cell], self.season_time[cell] = seen, time
        self.factors[cell] = (seen + weight) / (time + weight)

    def _refresh(self) -> None:
        settings = self.settings
        self.warm = self.learnt >= settings.warm_up
        self.level = self.total / self.exposure if self.exposure > 0.0 else 0.0
        steps = settings.size_weight / self.step
        prior = steps * (self.level * self.step / self.bucket) ** 2
        squares = self.squares + prior
        inverse = (self.spread + prior / settings.start_size) / squares if squares > 0.0 else 0.0
        low, high = SIZE_LIMITS
        self.size = min(high, 1.0 / inverse) if inverse > 0.0 else high
        self.size = max(low, self.size)
        share = (self.hits + settings.start_share * settings.share_weight) / (
            self.sample + settings.share_weight
        )
        self.share = min(max(share, SHARE_LIMITS[0]), SHARE_LIMITS[1])

    def state(self) -> BaselineState:
        """Give what a new baseline needs to go on equal."""
        learnt_season = any(self.season_time)
        return BaselineState(
            self.learnt,
            self.total,
            self.exposure,
            self.spread,
            self.squares,
            self.hits,
            self.sample,
            tuple(self.season_seen) if learnt_season else (),
            tuple(self.season_time) if learnt_season else (),
            self.step_time,
            self.step_count,
            self.step_hits,
            self.step_sample,
            self.step_expected,
            self.step_exposure,
        )
