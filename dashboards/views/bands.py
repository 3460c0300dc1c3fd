"""The range a count or a share usually keeps to: what chance alone gives in 95 of 100 cases.

Both are the models the detectors judge by: a count is negative binomial, the negatives among the
voices judged are beta-binomial. Small ones are summed exactly; large ones are summed at a scale
where they are small and have the same relative variance, or taken for a Gamma or a normal where
they are nearly that.
"""

from functools import lru_cache
from math import ceil, exp, inf, lgamma, log1p, sqrt

import msgspec

STEP = 5 * 60_000
"""The learning step whose size the detectors tell."""
SMALL = 30
"""Up to this mean a count's quantiles are summed exactly."""
SMOOTH = 3.0
"""From this shape on a greater count is taken for a Gamma, which is right to a count."""
EXACT = 200
"""Up to this mean, and up to this sample, all others are summed exactly."""
MOST_TERMS = 20_000
POISSON = 1e6
"""A size so great is no dispersion at all."""
LOWER, UPPER = 0.025, 0.975
_Z = 1.959963984540054


class Band(msgspec.Struct, frozen=True):
    """From `low` to `high` is what chance gives around the `usual`; all in the same unit."""

    low: float
    usual: float
    high: float


@lru_cache(maxsize=30_000)
def count_band(expected: float, size: float, length: int) -> Band:
    """Tell the band of a count whose mean is `expected`, in a span of `length` milliseconds.

    `size` is the negative-binomial r of one 5-minute step; a span of w steps has r sqrt(w), as the
    detectors' lanes reckon. Nothing expected gives a band of zeros; without a size the count is
    taken for a Poisson's. The 2.5 % and 97.5 % quantiles: exact up to a mean of 30, right to a
    count up to 200, beyond that to a hundredth of the mean and a count.

    >>> count_band(4.0, 2.0, 5 * 60_000)
    Band(low=0.0, usual=4.0, high=13.0)
    >>> count_band(4.0, 2.0, 24 * 3_600_000)
    Band(low=1.0, usual=4.0, high=9.0)
    """
    if expected <= 0.0:
        return Band(0.0, 0.0, 0.0)
    r = size * sqrt(length / STEP) if size > 0.0 and length > 0 else inf
    spread = 1.0 / expected + 1.0 / r
    shape = 1.0 / spread
    if expected > SMALL and shape >= SMOOTH:
        low, high = _gamma(expected, shape, -_Z), _gamma(expected, shape, _Z)
        return Band(max(0.0, float(ceil(low - 0.5))), expected, float(ceil(high - 0.5)))
    if expected <= EXACT:
        low, high = _counts(expected, r)
        return Band(low, expected, high)
    low, high = _counts(EXACT, 1.0 / (spread - 1.0 / EXACT))
    return Band(low * expected / EXACT, expected, high * expected / EXACT)


@lru_cache(maxsize=30_000)
def share_band(share: float, size: float, sample: int) -> Band:
    """Tell the band of a share of `sample` voices, usually `share`, wandering with weight `size`.

    The hits are beta-binomial(share x size, (1 - share) x size); without a size, binomial. An
    empty sample may have any share. Exact up to a sample of 200, beyond it within a hundredth.

    >>> share_band(0.2, 40.0, 10)
    Band(low=0.0, usual=0.2, high=0.5)
    >>> share_band(0.2, 40.0, 0)
    Band(low=0.0, usual=0.2, high=1.0)
    """
    if sample <= 0:
        return Band(0.0, share, 1.0)
    if not 0.0 < share < 1.0:
        return Band(share, share, share)
    if share > 0.5:  # so that the sum never begins with a vanishing term
        other = share_band(1.0 - share, size, sample)
        return Band(1.0 - other.high, share, 1.0 - other.low)
    m = size if size > 0.0 else inf
    if sample <= EXACT:
        low, high = _hits(share, m, sample)
        return Band(low / sample, share, high / sample)
    spread = (1.0 + (sample - 1.0) / (m + 1.0)) / sample
    alike = (EXACT * spread - 1.0) / (EXACT - 1.0)
    if alike > 0.0:
        low, high = _hits(share, 1.0 / alike - 1.0, EXACT)
        return Band(low / EXACT, share, high / EXACT)
    reach = _Z * sqrt(share * (1.0 - share) * spread)
    return Band(max(0.0, share - reach), share, min(1.0, share + reach))


def _counts(mean: float, r: float) -> tuple[float, float]:
    """Give both quantiles of a negative binomial, of a Poisson where r is infinite."""
    if r > POISSON:
        term, keep, more = exp(-mean), mean, 0.0
    else:
        term, keep = exp(-r * log1p(mean / r)), mean / (r + mean)
        more, keep = keep, keep * r
    # P(k + 1) = P(k) (keep + more k) / (k + 1)
    total = term
    k = 0
    while total < LOWER and k < MOST_TERMS:
        term *= (keep + more * k) / (k + 1)
        k += 1
        total += term
    low = k
    while total < UPPER and k < MOST_TERMS:
        term *= (keep + more * k) / (k + 1)
        k += 1
        total += term
    return float(low), float(k)


def _hits(share: float, m: float, sample: int) -> tuple[float, float]:
    """Give both quantiles of a beta-binomial, of a binomial where m is infinite."""
    m = min(m, POISSON)
    a, b = share * m, (1.0 - share) * m
    term = exp(lgamma(sample + b) - lgamma(b) + lgamma(m) - lgamma(sample + m))
    top = b + sample - 1.0
    total = term
    k = 0
    while total < LOWER and k < sample:
        term *= (sample - k) * (a + k) / ((k + 1) * (top - k))
        k += 1
        total += term
    low = k
    while total < UPPER and k < sample:
        term *= (sample - k) * (a + k) / ((k + 1) * (top - k))
        k += 1
        total += term
    return float(low), float(k)


def _gamma(mean: float, shape: float, z: float) -> float:
    """Give a Gamma's quantile at the normal's z (Wilson and Hilferty, PNAS 17, 1931)."""
    return float(mean * (1.0 - 1.0 / (9.0 * shape) + z / (3.0 * sqrt(shape))) ** 3)
