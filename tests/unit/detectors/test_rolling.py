import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from detectors.rolling import Ring, RingState, deviance_z, effective, keep, share_tail

rows = st.lists(st.tuples(st.integers(0, 50), st.integers(0, 10**9)), max_size=40)


@given(rows=rows, size=st.integers(1, 12))
@settings(deadline=None, max_examples=80)
def test_a_ring_sums_what_a_list_sums(rows: list[tuple[int, int]], size: int) -> None:
    ring = Ring(size, 2)
    for row in rows:
        ring.push(row)
    for span in range(1, size + 1):
        last = rows[-span:]
        assert ring.sums(span) == [sum(row[0] for row in last), sum(row[1] for row in last)]


@given(rows=rows, more=rows, gap=st.integers(0, 30), size=st.integers(1, 12))
@settings(deadline=None, max_examples=80)
def test_a_ring_goes_on_equal_after_msgpack(
    rows: list[tuple[int, int]], more: list[tuple[int, int]], gap: int, size: int
) -> None:
    ring = Ring(size, 2)
    for row in rows:
        ring.push(row)
    ring.skip(gap)
    packed = msgspec.msgpack.encode(ring.state())
    other = Ring(size, 2, msgspec.msgpack.decode(packed, type=RingState))
    for row in more:
        ring.push(row)
        other.push(row)
    for span in range(1, size + 1):
        assert ring.sums(span) == other.sums(span)


def test_skipped_places_add_nothing_and_push_the_old_out() -> None:
    ring = Ring(3, 1)
    for value in (5, 7, 9):
        ring.push((value,))
    ring.skip(2)
    assert ring.sums(3) == [9]
    ring.skip(10_000_000)
    assert ring.sums(3) == [0]


def test_an_empty_ring_packs_small() -> None:
    assert len(msgspec.msgpack.encode(Ring(60, 5).state())) < 10


@given(
    sample=st.integers(0, 400),
    part=st.floats(0, 1),
    share=st.floats(0.01, 0.95),
    weight=st.sampled_from([5.0, 40.0, 200.0]),
)
@settings(deadline=None, max_examples=150)
def test_share_tail_is_the_beta_binomial_of_scipy(
    sample: int, part: float, share: float, weight: float
) -> None:
    hits = round(part * sample)
    expected = stats.betabinom.sf(hits - 1, sample, share * weight, (1 - share) * weight)
    assert share_tail(hits, sample, share, weight) == pytest.approx(expected, abs=1e-7)


def test_a_great_sample_is_scaled_and_stays_near() -> None:
    got = share_tail(4000, 10_000, 0.3, 40)
    assert got == pytest.approx(stats.betabinom.sf(3999, 10_000, 12, 28), rel=0.1)


@given(observed=st.integers(0, 500), expected=st.floats(0.01, 500), size=st.floats(0.3, 1000))
@settings(deadline=None, max_examples=150)
def test_z_is_the_signed_root_of_twice_the_log_likelihood_ratio(
    observed: int, expected: float, size: float
) -> None:
    def log_likelihood(mean: float) -> float:
        return float(stats.nbinom.logpmf(observed, size, size / (size + mean)))

    best = log_likelihood(observed) if observed else 0.0
    deviance = max(0.0, 2 * (best - log_likelihood(expected)))
    sign = 1 if observed >= expected else -1
    # cancellation in the logs of gamma functions leaves scipy's side about 1e-9 off
    assert deviance_z(observed, expected, size) == pytest.approx(sign * deviance**0.5, abs=2e-4)


def test_the_weights_halve_at_the_half_life() -> None:
    assert keep(3_600_000, 3_600_000) == 0.5
    assert effective(1, 10**9) > 10**9
