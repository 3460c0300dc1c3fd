import msgspec
import numpy as np
import pytest

from detectors.settings import HOUR, MINUTE, ShareSettings
from detectors.share import ShareNoise, ShareState


def teach(noise: ShareNoise, m: float, hours: int, voices: int, seed: int = 1) -> None:
    rng = np.random.default_rng(seed)
    for share in rng.beta(0.25 * m, 0.75 * m, hours):
        n = int(rng.poisson(voices))
        noise.learn(int(rng.binomial(n, share)), n, 0.25)


@pytest.mark.parametrize(("voices", "near"), [(20, 0.7), (200, 0.35), (2000, 0.35)])
def test_a_restless_share_is_learnt(voices: int, near: float) -> None:
    noise = ShareNoise(ShareSettings(), HOUR)
    teach(noise, 10.0, 40 * 24, voices)
    assert noise.weight_of(40.0) == pytest.approx(10.0, rel=near)


@pytest.mark.parametrize("voices", [20, 200])
def test_a_steady_share_earns_no_more_than_is_assumed(voices: int) -> None:
    noise = ShareNoise(ShareSettings(), HOUR)
    teach(noise, 400.0, 40 * 24, voices)
    assert noise.weight_of(40.0) == 40.0
    assert noise.usual > 40.0


def test_nobody_speaking_teaches_nothing() -> None:
    noise = ShareNoise(ShareSettings(), MINUTE)
    for _ in range(10_000):
        noise.learn(0, 0, 0.25)
    assert noise.usual == pytest.approx(40.0)


def test_a_crisis_of_three_hours_moves_it_little() -> None:
    noise = ShareNoise(ShareSettings(), HOUR)
    teach(noise, 40.0, 14 * 24, 100)
    before = noise.usual
    for _ in range(3):
        noise.learn(1900, 2000, 0.25)
    assert noise.usual > 0.75 * before


def test_state_goes_on_equal() -> None:
    one = ShareNoise(ShareSettings(), MINUTE)
    teach(one, 10.0, 3017, 3)
    packed = msgspec.msgpack.encode(one.state())
    two = ShareNoise(ShareSettings(), MINUTE, msgspec.msgpack.decode(packed, type=ShareState))
    teach(one, 10.0, 1000, 3, seed=2)
    teach(two, 10.0, 1000, 3, seed=2)
    assert one.state() == two.state()
    assert one.usual == two.usual
