import msgspec
import numpy as np
import pytest

from detectors.settings import MINUTE, TailSettings
from detectors.tail import Tail, TailState


def test_the_quantile_finds_the_hundredth_highest_and_the_excess_its_mean() -> None:
    settings = TailSettings(
        start_quantile=0.5, start_excess=0.2, floor=0.02, window=MINUTE, start_memory=10
    )
    tail = Tail(settings, MINUTE)
    rng = np.random.default_rng(4)
    for value in rng.exponential(0.25, 60_000):
        tail.learn(float(value))
    assert tail.quantile == pytest.approx(0.25 * np.log(100), rel=0.1)
    assert tail.excess == pytest.approx(0.25, rel=0.25)
    # an exponential exceeds q + 2 ln 10 of its means once in ten thousand
    assert tail.score(0.25 * np.log(10_000)) == pytest.approx(4.0, abs=0.6)


def test_one_step_is_the_formula() -> None:
    settings = TailSettings(start_quantile=1.0, start_excess=0.5, delay=60.0)
    tail = Tail(settings, MINUTE)
    tail.learn(0.0)
    early = 0.5 * 0.5 / 61**0.6
    assert tail.quantile == pytest.approx(1.0 - 0.01 * early)
    tail.learn(2.0)
    later = 0.5 * 0.5 / 62**0.6
    assert tail.quantile == pytest.approx(1.0 - 0.01 * early + 0.99 * later)


def test_a_step_never_falls_below_the_floor() -> None:
    tail = Tail(TailSettings(start_quantile=1.0), MINUTE)
    for _ in range(20_000):
        tail.learn(0.0)
    before = tail.quantile
    tail.learn(0.0)
    assert before - tail.quantile == pytest.approx(0.01 * 0.002 * tail.excess)


def test_excesses_are_cut() -> None:
    tail = Tail(TailSettings(start_quantile=0.0, start_excess=0.3, window=MINUTE), MINUTE)
    tail.learn(1e9)
    assert tail.excess <= 0.3 + (5 * 0.3 - 0.3) / 10 + 1e-12


def test_two_half_buckets_move_it_about_as_far_as_a_whole_one() -> None:
    whole, half = Tail(TailSettings(), MINUTE), Tail(TailSettings(), MINUTE // 2)
    for _ in range(500):
        whole.learn(0.2)
        half.learn(0.2)
        half.learn(0.2)
    assert half.quantile == pytest.approx(whole.quantile, abs=2e-3)


def test_state_goes_on_equal() -> None:
    rng = np.random.default_rng(1)
    one = Tail(TailSettings(), MINUTE)
    for value in rng.normal(0.3, 0.4, 300):
        one.learn(float(value))
    two = Tail(
        TailSettings(),
        MINUTE,
        msgspec.msgpack.decode(msgspec.msgpack.encode(one.state()), type=TailState),
    )
    for value in rng.normal(0.3, 0.4, 20_000):
        one.learn(float(value))
        two.learn(float(value))
        assert one.state() == two.state()
