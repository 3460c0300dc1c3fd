"""The negative surge once more, slowly: from the whole history, with numpy and scipy.

Nothing of the detectors' arithmetic is used here, only their settings. Every sum is taken anew over
the whole past with explicit weights; the probabilities are scipy's. It reads one brand's minutes
(bucket = step / 5, no fractions), known or unknown, and gives each lane's numbers at every close.
"""

import msgspec
import numpy as np
from numpy.typing import NDArray
from scipy import special, stats

from detectors.settings import HOUR, Detection, LaneSettings, ShareSettings, TailSettings

Floats = NDArray[np.float64]


class LaneNumbers(msgspec.Struct, frozen=True):
    """What the oracle says of one lane at one bucket's close."""

    observed: float
    expected: float
    sample: float
    tail: float
    warm: bool
    z: float
    p: float
    passed: bool


class _Usual:
    """The baseline from lists of whole steps."""

    def __init__(self, settings: Detection) -> None:
        self.s = settings.baseline
        self.taken: list[float] = []
        self.exposure: list[float] = []
        self.hits: list[float] = []
        self.sample: list[float] = []
        self.errors: list[float] = []
        self.expected: list[float] = []
        self.cells: list[tuple[int, float]] = []
        self.factors = np.ones(48)
        self.level = 0.0
        self.size = self.s.start_size
        self.share = self.s.start_share
        self.pending: list[tuple[int, int, int]] = []
        self.pending_expected: list[float] = []

    @property
    def learnt(self) -> int:
        return len(self.taken) * self.s.step

    @property
    def warm(self) -> bool:
        return self.learnt >= self.s.warm_up

    def learn(self, hits: int, sample: int, cell: int, per_bucket: int) -> None:
        self.pending.append((hits, sample, cell))
        self.pending_expected.append(self.level * self.factors[cell])
        if len(self.pending) < per_bucket:
            return
        seen = float(sum(row[0] for row in self.pending))
        expected = float(sum(self.pending_expected))
        taken = seen
        if self.learnt >= self.s.cap_from:
            taken = min(seen, self.s.cap_fold * expected + self.s.cap_more)
        part = taken / seen if seen else 1.0
        warm = self.warm
        self.exposure.append(float(sum(self.factors[row[2]] for row in self.pending)))
        if warm:
            if self.level > 0:
                self.cells.append((cell, taken / (self.level * per_bucket)))
            self.errors.append((taken - expected) ** 2 - expected)
            self.expected.append(expected**2)
        self.taken.append(taken)
        self.hits.append(seen * part)
        self.sample.append(sum(row[1] for row in self.pending) * part)
        self.pending, self.pending_expected = [], []
        self._refresh(per_bucket)

    def _weights(self, n: int, half_life: float) -> Floats:
        return np.asarray(0.5 ** (np.arange(n)[::-1] * self.s.step / half_life))

    def _refresh(self, per_bucket: int) -> None:
        weights = self._weights(len(self.taken), self.s.half_life)
        self.level = float(weights @ self.taken / (weights @ self.exposure))
        hours, prior = self.s.step / HOUR, self.s.season_weight / HOUR
        for cell in {cell for cell, _ in self.cells}:
            ratios = np.array([ratio for c, ratio in self.cells if c == cell])
            kept = self._weights(len(ratios), self.s.season_half_life)
            self.factors[cell] = (hours * kept @ ratios + prior) / (hours * kept.sum() + prior)
        prior_squares = self.s.size_weight / self.s.step * (self.level * per_bucket) ** 2
        later = self._weights(len(self.errors), self.s.half_life)
        top = later @ self.errors + prior_squares / self.s.start_size
        bottom = later @ self.expected + prior_squares
        self.size = float(np.clip(bottom / top if top > 0 else 1000.0, 0.3, 1000.0))
        self.share = float(
            np.clip(
                (weights @ self.hits + self.s.start_share * self.s.share_weight)
                / (weights @ self.sample + self.s.share_weight),
                0.01,
                0.95,
            )
        )


class _Share:
    """The share's restlessness from lists of whole hours."""

    def __init__(self, settings: ShareSettings) -> None:
        self.s = settings
        self.pending: list[tuple[int, int]] = []
        self.rho: list[float] = []
        self.weights: list[float] = []

    def learn(self, hits: int, sample: int, share: float, per_step: int) -> None:
        self.pending.append((hits, sample))
        if len(self.pending) < per_step:
            return
        k, n = np.array(self.pending).sum(axis=0)
        self.pending = []
        if n >= 2:
            variance = n * share * (1 - share)
            rho = ((k - n * share) ** 2 - variance) / (variance * (n - 1))
            self.rho.append(min(float(rho), self.s.most + 4 / (n - 1)))
            self.weights.append(float((n - 1) / (n - 1 + self.s.weight)))

    def m(self, assumed: float) -> float:
        kept = 0.5 ** (np.arange(len(self.rho))[::-1] * self.s.step / self.s.half_life)
        weights = kept * self.weights
        prior = self.s.prior / self.s.step
        top = weights @ self.rho + prior / (self.s.weight + 1)
        rho = top / (weights.sum() + prior)
        return min(assumed, max(self.s.least, 1 / rho - 1)) if rho > 0 else assumed


class _OwnTail:
    def __init__(self, settings: TailSettings) -> None:
        self.s = settings
        self.q, self.b, self.t, self.n = (
            settings.start_quantile,
            settings.start_excess,
            0,
            settings.start_memory,
        )

    def learn(self, u: float, minutes: float) -> None:
        self.t += 1
        step = max(self.s.floor, self.s.gain / (self.t + self.s.delay) ** self.s.power)
        over = u - self.q
        self.q += step * self.b * ((over > 0) - 0.01)
        if over > 0:
            weight = minutes * 60_000 / self.s.window
            self.b += (min(over, self.s.cut * self.b) - self.b) * weight / self.n
            self.n = min(self.s.memory, self.n + weight)


def z_of(x: float, m: float, r: float) -> float:
    """Signed root of the deviance, with scipy's x log y."""
    m = max(m, 0.05)
    deviance = 2 * (special.xlogy(x, x / m) - special.xlogy(x + r, (x + r) / (m + r)))
    return float(np.sign(x - m) * np.sqrt(max(deviance, 0.0)))


def oracle(
    settings: Detection, minutes: list[tuple[int, int, int, bool]]
) -> list[list[LaneNumbers]]:
    """Give every lane's numbers for minutes of (negative, scored, cell, known)."""
    usual = _Usual(settings)
    share = _Share(settings.share)
    lanes: list[LaneSettings] = [*settings.fast_lanes, settings.slow]
    tails = [_OwnTail(lane.calibration) for lane in lanes]
    per_step = settings.baseline.step // settings.bucket
    seen, scored, expected = (np.zeros(len(minutes)) for _ in range(3))
    a = 1 - 0.5 ** (settings.bucket / (settings.slow.half_life or 1))
    fading = (2 - a) * (1 - a) ** np.arange(len(minutes))
    out = []
    for t, (hits, sample, cell, known) in enumerate(minutes):
        if not known:
            out.append([])
            continue
        seen[t], scored[t] = hits, sample
        expected[t] = usual.level * usual.factors[cell]
        warm = usual.warm
        row = []
        for lane, own in zip(lanes, tails, strict=True):
            if lane.half_life:
                weights = fading[: t + 1][::-1]
                x, m, n = (float(weights @ part[: t + 1]) for part in (seen, expected, scored))
            else:
                first = max(0, t + 1 - lane.window // settings.bucket)
                x, m, n = (float(part[first : t + 1].sum()) for part in (seen, expected, scored))
            u = float(np.log((x + settings.tail_offset) / (m + settings.tail_offset)))
            tail = 2 + (u - own.q) / (own.b * np.log(10))
            z = z_of(x, m, usual.size * (lane.window / settings.baseline.step) ** 0.5)
            k, n = int(x + 0.5), int(n + 0.5)
            hour = seen[max(0, t + 1 - HOUR // settings.bucket) : t + 1].sum()
            cheap = warm and x >= lane.minimum and hour >= lane.recent and x >= lane.fold * m
            cheap = cheap and z >= lane.z and tail >= lane.tail
            p = 1.0
            if cheap:
                weight = share.m(lane.share_weight)
                alpha = usual.share * weight
                p = float(stats.betabinom.sf(k - 1, max(n, k), alpha, weight - alpha))
            passed = cheap and p <= lane.share_p and tail - np.log10(p) >= lane.total
            row.append(LaneNumbers(x, m, n, tail, warm, z, p, bool(passed)))
            if warm:
                own.learn(u, settings.bucket / 60_000)
        if usual.warm:
            share.learn(hits, sample, usual.share, settings.share.step // settings.bucket)
        usual.learn(hits, sample, cell, per_step)
        out.append(row)
    return out
