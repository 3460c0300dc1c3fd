import msgspec
import numpy as np
import pytest

from detectors.baseline import Baseline, BaselineState
from detectors.settings import DAY, HOUR, MINUTE, BaselineSettings


def teach(base: Baseline, counts: list[int], *, share: float = 0.25) -> None:
    for minute, count in enumerate(counts):
        base.learn(count, minute // 60 % 24, count, round(count / share))


def test_it_learns_level_and_share() -> None:
    rng = np.random.default_rng(2)
    base = Baseline(BaselineSettings(), MINUTE)
    teach(base, rng.poisson(0.8, 5 * 1440).tolist(), share=0.5)
    assert base.level == pytest.approx(0.8, rel=0.05)
    assert base.share == pytest.approx(0.5, abs=0.01)


def test_it_learns_the_hours_of_the_day() -> None:
    rng = np.random.default_rng(3)
    clock = np.arange(21 * 1440)
    rate = 2.0 * (1 + 0.7 * np.sin(2 * np.pi * clock / 1440))
    base = Baseline(BaselineSettings(), MINUTE)
    teach(base, rng.poisson(rate).tolist())
    for hour in range(24):
        true = 2.0 * (1 + 0.7 * np.sin(2 * np.pi * (hour + 0.5) / 24))
        assert base.expected(hour) == pytest.approx(true, abs=0.35)


def test_it_learns_how_restless_a_brand_is() -> None:
    rng = np.random.default_rng(5)
    days = 10
    poisson, restless = Baseline(BaselineSettings(), MINUTE), Baseline(BaselineSettings(), MINUTE)
    level = np.repeat(rng.gamma(2.0, 0.5, days * 288), 5)
    teach(poisson, rng.poisson(3.0, days * 1440).tolist())
    teach(restless, rng.poisson(3.0 * level).tolist())
    assert poisson.size > 30
    assert restless.size == pytest.approx(2.0, rel=0.5)


def test_a_crisis_teaches_little() -> None:
    rng = np.random.default_rng(6)
    calm = rng.poisson(1.0, 3 * 1440).tolist()
    base = Baseline(BaselineSettings(), MINUTE)
    teach(base, calm)
    before, share = base.level, base.share
    for minute in range(180):
        base.learn(1000, minute // 60, 1000, 1000)
    assert base.level < before * 1.4
    assert base.share < share + 0.1


def test_warm_after_a_day_of_known_time() -> None:
    base = Baseline(BaselineSettings(), MINUTE)
    teach(base, [1] * (1440 - 1))
    assert not base.warm
    teach(base, [1])
    assert base.warm
    assert base.learnt == DAY


def test_before_that_no_season_and_no_dispersion() -> None:
    base = Baseline(BaselineSettings(), MINUTE)
    teach(base, [minute // 60 for minute in range(1430)])
    assert set(base.factors) == {1.0}
    assert base.size == pytest.approx(BaselineSettings().start_size)


@pytest.mark.parametrize("bucket", [15_000, MINUTE, 5 * MINUTE, HOUR])
def test_any_bucket_length_gives_the_same_rate(bucket: int) -> None:
    base = Baseline(BaselineSettings(), bucket)
    minutes = bucket / MINUTE
    for _ in range(round(3 * 1440 / minutes)):
        base.learn(round(4 * minutes), 0)
    assert base.expected(0) / minutes == pytest.approx(4.0, rel=0.03)


def test_nobody_speaking_is_a_level_of_nothing() -> None:
    base = Baseline(BaselineSettings(), MINUTE)
    teach(base, [0] * 3000)
    assert base.level == 0.0
    assert base.expected(5) == 0.0
    assert len(msgspec.msgpack.encode(base.state())) < 1100


def test_state_goes_on_equal_in_the_middle_of_a_step() -> None:
    rng = np.random.default_rng(7)
    one = Baseline(BaselineSettings(), MINUTE)
    teach(one, rng.poisson(2.0, 2003).tolist())
    packed = msgspec.msgpack.encode(one.state())
    two = Baseline(BaselineSettings(), MINUTE, msgspec.msgpack.decode(packed, type=BaselineState))
    more = rng.poisson(2.0, 1000).tolist()
    teach(one, more)
    teach(two, more)
    assert one.state() == two.state()
    assert one.factors == two.factors
