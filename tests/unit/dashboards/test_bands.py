"""What chance gives: the bands against another implementation of the same distributions."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from dashboards.views.bands import (
    EXACT,
    LOWER,
    SMALL,
    STEP,
    UPPER,
    Band,
    count_band,
    share_band,
)


@given(st.floats(0.01, SMALL), st.floats(0.05, 500.0), st.integers(1, 288))
@settings(deadline=None, max_examples=200)
def test_a_small_counts_band_is_exact(expected: float, size: float, steps: int) -> None:
    r = size * math.sqrt(steps)
    low, high = stats.nbinom.ppf([LOWER, UPPER], r, r / (r + expected))
    band = count_band(expected, size, steps * STEP)
    for ours, theirs in ((band.low, low), (band.high, high)):
        at = stats.nbinom.cdf(min(ours, theirs), r, r / (r + expected))
        edge = min(abs(at - LOWER), abs(at - UPPER))
        assert ours == theirs or edge < 1e-9  # where the sum meets the quantile by a hair
    assert band.usual == expected


@given(st.floats(SMALL, EXACT), st.floats(0.05, 1_000.0))
@settings(deadline=None, max_examples=200)
def test_a_middling_counts_band_is_right_to_a_count(expected: float, size: float) -> None:
    low, high = stats.nbinom.ppf([LOWER, UPPER], size, size / (size + expected))
    band = count_band(expected, size, STEP)
    assert abs(band.low - low) <= 1
    assert abs(band.high - high) <= 1


@given(st.floats(EXACT, 30_000.0), st.floats(0.05, 1_000.0))
@settings(deadline=None, max_examples=120)
def test_a_large_counts_band_is_right_to_a_hundredth(expected: float, size: float) -> None:
    low, high = stats.nbinom.ppf([LOWER, UPPER], size, size / (size + expected))
    band = count_band(expected, size, STEP)
    assert abs(band.low - low) <= 0.01 * expected + 1
    assert abs(band.high - high) <= 0.01 * expected + 1


@given(st.floats(0.005, 0.995), st.floats(1.0, 1_000.0), st.integers(1, 3_000))
@settings(deadline=None, max_examples=200)
def test_a_shares_band_is_exact_in_small_samples_and_near_in_large(
    share: float, size: float, sample: int
) -> None:
    a, b = share * size, (1 - share) * size
    band = share_band(share, size, sample)
    for ours, q in ((band.low, LOWER), (band.high, UPPER)):
        theirs = stats.betabinom.ppf(q, sample, a, b) / sample
        if sample > EXACT:
            assert abs(ours - theirs) <= 0.01
        elif abs(ours - theirs) > 1e-9:
            k = round(min(ours, theirs) * sample)
            at = stats.betabinom.cdf(k, sample, a, b)
            assert min(abs(at - q), abs(at - (1 - q))) < 1e-7
    assert 0.0 <= band.low <= band.high <= 1.0


@given(st.floats(0.01, 2_000.0), st.floats(0.05, 100.0), st.integers(1, 100))
@settings(deadline=None, max_examples=100)
def test_a_wider_dispersion_never_narrows_a_band(expected: float, size: float, steps: int) -> None:
    calm = count_band(expected, size * 4, steps * STEP)
    restless = count_band(expected, size, steps * STEP)
    slack = 1.0 if expected <= SMALL else 0.02 * expected + 2
    assert restless.high - restless.low >= calm.high - calm.low - slack
    assert restless.low <= max(expected, 1.0)


def test_a_span_of_w_steps_has_the_size_times_the_root_of_w() -> None:
    assert count_band(50.0, 2.0, 9 * STEP) == count_band(50.0, 6.0, STEP)


@pytest.mark.parametrize("expected", [0.0, -1.0])
def test_nothing_expected_is_a_band_of_zeros(expected: float) -> None:
    assert count_band(expected, 3.0, STEP) == Band(0.0, 0.0, 0.0)


def test_without_a_size_chance_is_a_poissons_and_a_binomials() -> None:
    low, high = stats.poisson.ppf([LOWER, UPPER], 20.0)
    assert count_band(20.0, 0.0, STEP) == Band(low, 20.0, high)
    low, high = stats.binom.ppf([LOWER, UPPER], 50, 0.3)
    assert share_band(0.3, 0.0, 50) == Band(low / 50, 0.3, high / 50)
    assert count_band(5_000.0, 0.0, STEP).low == pytest.approx(
        stats.poisson.ppf(LOWER, 5_000.0), abs=2
    )


def test_shares_at_the_edge_and_empty_samples_have_bands_too() -> None:
    assert share_band(0.0, 40.0, 10) == Band(0.0, 0.0, 0.0)
    assert share_band(1.0, 40.0, 10) == Band(1.0, 1.0, 1.0)
    assert share_band(0.3, 40.0, 0) == Band(0.0, 0.3, 1.0)
