import msgspec
import numpy as np
import pytest

from detectors.negative_surge import NegativeSurge
from detectors.observation import BucketState
from detectors.reading import Lane, Reason
from detectors.rolling import SAMPLE_LIMIT
from detectors.settings import MINUTE, Detection
from tests.unit.detectors.buckets import minute
from tests.unit.detectors.surge_oracle import oracle

SETTINGS = Detection()


@pytest.mark.parametrize(("seed", "rate"), [(1, 0.09), (2, 0.6), (3, 3.0)])
def test_it_agrees_with_the_slow_oracle(seed: int, rate: float) -> None:
    rng = np.random.default_rng(seed)
    days = 3
    clock = np.arange(days * 1440)
    level = rate * (1 + 0.6 * np.sin(2 * np.pi * clock / 1440))
    start = 2 * 1440 + 300
    level[start : start + 180] += 6 * rate
    negative = rng.poisson(level)
    sample = negative + rng.poisson(3 * level.clip(max=2 * rate))
    known = np.ones(len(clock), dtype=bool)
    known[2000:2060] = False
    known[start + 40 : start + 47] = False
    minutes = [
        (int(x), int(n), minute(t).cell, bool(ok))
        for t, x, n, ok in zip(clock, negative, sample, known, strict=True)
    ]
    surge = NegativeSurge(SETTINGS)
    passed = 0
    for t, row in enumerate(oracle(SETTINGS, minutes)):
        x, n, _, ok = minutes[t]
        readings = surge.close(minute(t, x, n - x) if ok else minute(t, state=BucketState.UNKNOWN))
        for reading, truth in zip(readings, row, strict=False):
            assert reading.observed == pytest.approx(truth.observed)
            assert reading.expected == pytest.approx(truth.expected, rel=1e-5, abs=2e-4)
            assert reading.tail == pytest.approx(truth.tail, rel=1e-3, abs=1e-3)
            if reading.z:
                assert reading.z == pytest.approx(truth.z, rel=1e-3)
            if reading.evidence:
                near = 0.01 if reading.sample <= SAMPLE_LIMIT else 0.2
                assert reading.evidence == pytest.approx(-np.log10(truth.p), rel=near, abs=near)
            assert (reading.reason is Reason.WARMING_UP) == (not truth.warm)
            if abs(reading.score - reading.threshold) > 0.2:
                assert (reading.held > 0) == truth.passed
            passed += truth.passed
    assert passed > 10, "the surge was meant to be seen"


def calm(rate: float, days: int = 3, seed: int = 9) -> tuple[NegativeSurge, int]:
    rng = np.random.default_rng(seed)
    surge = NegativeSurge(SETTINGS)
    for t in range(days * 1440):
        surge.close(minute(t, int(rng.poisson(rate)), int(rng.poisson(3 * rate))))
    return surge, days * 1440


def test_every_reading_says_where_it_stands() -> None:
    surge, at = calm(1.0)
    readings = surge.close(minute(at, 60, 3))
    assert [reading.lane for reading in readings] == [
        Lane.FAST_5,
        Lane.FAST_15,
        Lane.FAST_60,
        Lane.SLOW,
    ]
    fast = readings[0]
    assert fast.reason is Reason.HOLDING
    assert fast.held == 1
    assert fast.observed >= 60
    assert fast.fold > 3
    assert fast.z > 2.5
    assert fast.evidence > 2
    assert fast.score == fast.tail + fast.evidence >= fast.threshold
    assert surge.close(minute(at + 1, 10, 3))[0].reason is Reason.HIT


def test_many_voices_of_the_usual_share_are_no_surge() -> None:
    surge, at = calm(1.0)
    reasons = {
        reading.reason for t in range(at, at + 180) for reading in surge.close(minute(t, 8, 24))
    }
    assert Reason.HIT not in reasons
    assert Reason.SHARE_USUAL in reasons


def test_a_gap_shrinks_the_windows_and_is_not_zero() -> None:
    surge, at = calm(1.0)
    before = surge.view(Lane.FAST_60)
    surge.close(minute(at, state=BucketState.UNKNOWN, count=30))
    after = surge.view(Lane.FAST_60)
    assert after.expected == pytest.approx(before.expected / 2, rel=0.15)
    level, tails = surge.baseline.state(), [tail.state() for tail in surge.tails]
    surge.close(minute(at + 30, state=BucketState.UNKNOWN, count=10_000))
    empty = surge.view(Lane.FAST_60)
    assert (empty.observed, empty.expected) == (0, 0.0)
    assert (surge.baseline.state(), [tail.state() for tail in surge.tails]) == (level, tails)


def test_a_run_of_unknown_buckets_is_as_good_as_each_of_them() -> None:
    one, at = calm(1.0, days=2)
    two = NegativeSurge(SETTINGS, one.state())
    one.close(minute(at, state=BucketState.UNKNOWN, count=25))
    for t in range(25):
        two.close(minute(at + t, state=BucketState.UNKNOWN))
    for lane in (Lane.FAST_60, Lane.FAST_15, Lane.SLOW):
        assert one.view(lane).observed == pytest.approx(two.view(lane).observed)


def test_a_blind_bucket_is_counted_and_not_learnt() -> None:
    surge, at = calm(1.0)
    before = surge.baseline.state()
    surge.close(minute(at, 50, 0, state=BucketState.BLIND))
    assert surge.view(Lane.FAST_5).observed >= 50
    assert surge.baseline.state() == before


def test_settling_takes_a_surge_out_of_the_slow_lane() -> None:
    surge, at = calm(1.0)
    for t in range(180):
        surge.close(minute(at + t, 9, 1))
    assert surge.view(Lane.SLOW).observed > 3 * surge.view(Lane.SLOW).expected
    surge.settle()
    view = surge.view(Lane.SLOW)
    assert view.observed == pytest.approx(view.expected)
    again = surge.view(Lane.SLOW)
    surge.settle()
    assert surge.view(Lane.SLOW) == again


@pytest.mark.parametrize("bucket", [15_000, MINUTE, 5 * MINUTE, 15 * MINUTE])
def test_any_bucket_length_sees_a_great_surge(bucket: int) -> None:
    settings = Detection(bucket=bucket)
    surge = NegativeSurge(settings)
    a_minute = bucket / MINUTE
    rng = np.random.default_rng(1)
    calm_buckets = round(2 * 1440 / a_minute)
    for t in range(calm_buckets):
        x, n = int(rng.poisson(0.5 * a_minute)), int(rng.poisson(1.5 * a_minute))
        for reading in surge.close(minute(t, x, n, length=bucket)):
            assert reading.reason is not Reason.HIT
    hits = []
    for t in range(calm_buckets, calm_buckets + round(60 / a_minute)):
        x = int(rng.poisson(10 * a_minute))
        readings = surge.close(minute(t, x, round(a_minute), length=bucket))
        hits.append(any(reading.reason is Reason.HIT for reading in readings))
    assert any(hits)
    assert hits.index(True) * a_minute <= 15


def test_no_claimed_reach_breaks_the_state() -> None:
    surge = NegativeSurge(SETTINGS)
    for t in range(100):
        surge.close(minute(t, 1, reach=10**40))
    assert surge.view(Lane.FAST_60).reach == 60 * 10**15
    msgspec.msgpack.encode(surge.state())
