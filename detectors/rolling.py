"""Sliding and decaying sums over buckets, and the two probabilities the gates ask for.

Sums are of known buckets only: a bucket that is unknown takes its place in the window and adds
nothing, neither to what was seen nor to what was expected.
"""

from itertools import pairwise
from math import exp, lgamma, log, sqrt

import msgspec

MILLIONTHS = 1_000_000
"""Expected counts are summed as whole millionths, so that sliding sums never drift."""

SAMPLE_LIMIT = 1000
"""Beyond this many voices a share's spread is its own, not the sample's."""


def keep(duration: int, half_life: int) -> float:
    """Give the weight left of something after `duration`, both in milliseconds.

    >>> keep(120, 60)
    0.25
    """
    return float(2.0 ** (-duration / half_life))


def effective(duration: int, half_life: int) -> float:
    """How many independent buckets of `duration` an EWMA of `half_life` averages: (2 - a) / a.

    >>> round(effective(60_000, 80 * 60_000))
    231
    """
    a = 1.0 - keep(duration, half_life)
    return (2.0 - a) / a


def deviance_z(observed: float, expected: float, size: float) -> float:
    """Signed root of the negative-binomial deviance of one count; about normal in calm times.

    `size` is the r of variance = mean + mean^2 / r. Zero or less is taken as a tiny expectation.
    Source: McCullagh and Nelder, Generalized Linear Models, 1989, section 11.3.1.

    >>> round(deviance_z(20, 5, 10), 2), round(deviance_z(0, 5, 1e9), 2)
    (3.72, -3.16)
    """
    m = expected if expected > 1e-6 else 1e-6  # noqa: FURB136  # max() costs a call
    inner = -(observed + size) * log((observed + size) / (m + size))
    if observed > 0:
        inner += observed * log(observed / m)
    root = sqrt(2.0 * inner) if inner > 0 else 0.0
    return root if observed >= m else -root


def share_tail(hits: int, sample: int, share: float, weight: float) -> float:
    """P(K >= hits) for K beta-binomial(sample; share * weight, (1 - share) * weight).

    Guarantees a value in [0, 1], exact up to `SAMPLE_LIMIT` voices; larger samples are scaled
    down to it. At most `SAMPLE_LIMIT` steps.

    >>> share_tail(0, 10, 0.2, 40)
    1.0
    >>> round(share_tail(10, 10, 0.2, 40), 7)
    2.4e-06
    """
    k, n = hits, sample
    if n > SAMPLE_LIMIT:
        k, n = round(hits * SAMPLE_LIMIT / sample), SAMPLE_LIMIT
    if k <= 0:
        return 1.0
    k = min(k, n)
    a, b = share * weight, (1.0 - share) * weight
    upper = k > n * share
    start = k if upper else k - 1
    term = exp(
        lgamma(n + 1)
        - lgamma(start + 1)
        - lgamma(n - start + 1)
        + lgamma(a + start)
        + lgamma(b + n - start)
        - lgamma(a + b + n)
        + lgamma(a + b)
        - lgamma(a)
        - lgamma(b)
    )
    total = term
    if upper:
        for j in range(start, n):
            term *= (n - j) * (a + j) / ((j + 1) * (b + n - j - 1))
            total += term
            if term < total * 1e-9:
                break
        return min(1.0, total)
    for j in range(start, 0, -1):
        term *= j * (b + n - j) / ((n - j + 1) * (a + j - 1))
        total += term
        if term < total * 1e-9:
            break
    return max(0.0, 1.0 - total)


class RingState(msgspec.Struct, frozen=True, array_like=True):
    """A ring's columns, oldest bucket first; empty columns are all zero."""

    columns: tuple[tuple[int, ...], ...]


class Ring:
    """The last `size` buckets' integers in `width` columns, summed over any shorter span in O(1).

    Kept as running totals, so that a window's sum is one subtraction and exact for ever.

    >>> ring = Ring(size=3, width=1)
    >>> for value in (1, 2, 3, 4):
    ...     ring.push((value,))
    >>> ring.sums(3), ring.sums(2)
    ([9], [7])
    >>> Ring(3, 1, ring.state()).sums(2)
    [7]
    """

    __slots__ = ("at", "rows", "size", "total", "width")

    def __init__(self, size: int, width: int, state: RingState | None = None) -> None:
        self.size = size
        self.width = width
        self.at = 0
        zero = (0,) * width
        self.total: tuple[int, ...] = zero
        self.rows: list[tuple[int, ...]] = [zero] * (size + 1)
        if state is not None:
            columns = [column or (0,) * size for column in state.columns]
            for row in zip(*columns, strict=True):
                self.push(row)

    def push(self, values: tuple[int, ...]) -> None:
        """Add one bucket; the oldest leaves."""
        self.total = tuple(map(int.__add__, self.total, values))
        at = self.at + 1
        if at > self.size:
            at = 0
        self.at = at
        self.rows[at] = self.total

    def skip(self, buckets: int) -> None:
        """Let `buckets` empty places pass through the window."""
        for _ in range(min(buckets, self.size)):
            at = self.at + 1
            if at > self.size:
                at = 0
            self.at = at
            self.rows[at] = self.total

    def before(self, buckets: int) -> tuple[int, ...]:
        """Give the running totals `buckets` ago; `total` less these is the window's sum."""
        return self.rows[self.at - buckets]

    def sums(self, buckets: int) -> list[int]:
        """Give the sums over the last `buckets` (at most `size`), by column."""
        then = self.rows[self.at - buckets]
        return [now - past for now, past in zip(self.total, then, strict=True)]

    def state(self) -> RingState:
        """Give what a new ring needs to go on equal."""
        ordered = self.rows[self.at + 1 :] + self.rows[: self.at + 1]
        columns = []
        for column in zip(*ordered, strict=True):
            steps = tuple(b - a for a, b in pairwise(column))
            columns.append(steps if any(steps) else ())
        return RingState(tuple(columns))
