"""The 95 % intervals the benches print."""

from math import ceil, floor, sqrt

import numpy as np
from scipy import stats


def poisson_interval(count: int, exposure: float) -> tuple[float, float]:
    """Exact 95 % interval of a rate (Garwood 1936)."""
    low = stats.chi2.ppf(0.025, 2 * count) / 2 if count else 0.0
    return float(low / exposure), float(stats.chi2.ppf(0.975, 2 * count + 2) / 2 / exposure)


def wilson_interval(found: int, tries: int) -> tuple[float, float]:
    """95 % score interval of a share (Wilson 1927)."""
    z = 1.959964
    share = found / tries
    middle = (share + z * z / (2 * tries)) / (1 + z * z / tries)
    half = z * sqrt(share * (1 - share) / tries + z * z / (4 * tries**2)) / (1 + z * z / tries)
    return middle - half, middle + half


def median_interval(values: list[int]) -> dict[str, float | None]:
    """Give a median with the 95 % interval of its order statistics."""
    if not values:
        return {"median": None, "low": None, "high": None}
    ordered = sorted(values)
    n = len(ordered)
    below = max(0, floor(n / 2 - 1.959964 * sqrt(n) / 2) - 1)
    above = min(n - 1, ceil(n / 2 + 1.959964 * sqrt(n) / 2))
    return {
        "median": float(np.median(ordered)),
        "low": float(ordered[below]),
        "high": float(ordered[above]),
    }
