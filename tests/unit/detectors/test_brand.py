import msgspec
import numpy as np
import pytest

from detectors.brand import BrandDetectors
from detectors.reading import Lane, Rule
from detectors.settings import Detection
from tests.unit.detectors.buckets import Brand, minute

SETTINGS = Detection()


@pytest.mark.parametrize("days", [0, 3])
def test_one_voice_opens_nothing(days: int) -> None:
    # one text pasted once a minute for three hours is one voice
    brand = Brand(BrandDetectors("acme", SETTINGS))
    brand.talk(days * 1440, 0.02, 0.06)
    brand.close(minute(brand.at, 1))
    brand.talk(6 * 60)
    assert [s for s in brand.signals if s.rule is Rule.NEGATIVE_SURGE] == []


@pytest.mark.parametrize("days", [0, 1, 3, 9])
@pytest.mark.parametrize("at", [(0,) * 6, (0, 1, 2, 3, 4, 5), (0, 10, 20, 30, 40, 50)])
def test_six_accounts_open_nothing_whatever_they_write(days: int, at: tuple[int, ...]) -> None:
    # six accounts are six voices in any hour, all of them negative here, for three hours
    brand = Brand(BrandDetectors("acme", SETTINGS))
    brand.talk(days * 1440, 0.004, 0.012)
    for i in range(180):
        brand.close(minute(brand.at, at.count(i % 60)))
    assert [s for s in brand.signals if s.rule is Rule.NEGATIVE_SURGE] == []


def test_volume_alone_is_attention_and_is_not_opened_in_a_surge() -> None:
    rng = np.random.default_rng(3)
    brand = Brand(BrandDetectors("acme", SETTINGS))
    for _ in range(4 * 1440):
        brand.close(minute(brand.at, int(rng.poisson(0.5)), int(rng.poisson(2.0))))
    before = len(brand.signals)
    brand.talk(90, 2.0, 20.0)
    new = brand.signals[before:]
    assert {s.rule for s in new} == {Rule.VOLUME}
    assert new[0].kind == "opened"
    assert str(new[0].severity) == "info"
    assert "usual volume" in new[0].reason
    angry = Brand(BrandDetectors("acme", SETTINGS))
    for _ in range(4 * 1440):
        angry.close(minute(angry.at, int(rng.poisson(0.5)), int(rng.poisson(2.0))))
    before = len(angry.signals)
    angry.talk(90, 20.0, 2.0)
    assert {s.rule for s in angry.signals[before:]} == {Rule.NEGATIVE_SURGE}


def test_a_usual_brand_is_kept_in_four_kilobytes() -> None:
    rng = np.random.default_rng(4)
    for rate in (0.1, 3.0, 60.0):
        brand = Brand(BrandDetectors("acme", SETTINGS))
        for _ in range(9 * 1440):
            x, n = int(rng.poisson(rate)), int(rng.poisson(3 * rate))
            brand.close(minute(brand.at, x, n, reach=1000 * n))
        assert len(msgspec.msgpack.encode(brand.detectors.state())) <= 4096


def test_readings_name_every_lane() -> None:
    brand = Brand(BrandDetectors("acme", SETTINGS))
    brand.talk(1)
    assert brand.last is not None
    lanes = [reading.lane for reading in brand.last.readings]
    assert lanes == [
        *(lane.lane for lane in SETTINGS.fast_lanes),
        Lane.SLOW,
        Lane.FLOOR,
        Lane.VOLUME,
    ]
    brand.talk(2 * 1440)
    assert Lane.FLOOR not in [reading.lane for reading in brand.last.readings]
