import msgspec

from detectors.brand import BrandDetectors, BrandState
from detectors.reading import Rule
from detectors.settings import Detection
from detectors.severity import Severity
from tests.unit.detectors.buckets import Brand, all_heard, minute

SETTINGS = Detection()


def known() -> Brand:
    brand = Brand(BrandDetectors("acme", SETTINGS))
    brand.talk(4 * 1440, 0.3, 0.9)
    return brand


def test_attention_is_opened_and_ended_once_and_is_information() -> None:
    brand = known()
    brand.talk(60, 1.0, 12.0)
    brand.talk(2 * 1440, 0.3, 0.9)
    assert {signal.rule for signal in brand.signals} == {Rule.VOLUME}
    assert [signal.kind for signal in brand.signals] == ["opened", "ended"]
    assert [signal.seq for signal in brand.signals] == [1, 2]
    opened = brand.signals[0]
    assert opened.severity is Severity.INFO
    assert opened.id == "acme:volume:1:1"
    assert opened.observed > 1.9 * opened.expected > 0
    assert opened.mentions >= opened.voices > 0
    assert "times the usual volume" in opened.reason
    assert brand.last is not None
    assert not brand.last.open


def test_the_brand_is_open_while_an_attention_is() -> None:
    brand = known()
    brand.talk(40, 1.0, 12.0)
    assert brand.last is not None
    assert brand.last.open


def test_a_start_in_a_negative_surge_is_not_told_and_its_end_neither() -> None:
    brand = known()
    brand.talk(12, 2.0, 0.0)
    assert {signal.rule for signal in brand.signals} == {Rule.NEGATIVE_SURGE}
    brand.talk(60, 12.0, 12.0)
    brand.talk(3 * 1440, 0.3, 0.9)
    assert {signal.rule for signal in brand.signals} == {Rule.NEGATIVE_SURGE}


def test_it_goes_on_equal_after_msgpack() -> None:
    brand = known()
    brand.talk(40, 1.0, 12.0)
    packed = msgspec.msgpack.encode(brand.detectors.state())
    other = BrandDetectors("acme", SETTINGS, msgspec.msgpack.decode(packed, type=BrandState))
    for at in range(brand.at, brand.at + 300):
        bucket = minute(at, 0, at % 2)
        assert brand.detectors.close(bucket, all_heard(bucket)) == other.close(
            bucket, all_heard(bucket)
        )
