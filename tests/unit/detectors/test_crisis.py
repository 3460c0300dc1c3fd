import functools
from itertools import pairwise

import msgspec
import pytest

from detectors.brand import BrandDetectors, BrandState
from detectors.observation import BucketState, SourceHearing
from detectors.reading import Lane, Rule
from detectors.settings import MINUTE, Detection
from detectors.severity import Severity
from detectors.signal import Signal
from tests.unit.detectors.buckets import Brand, minute

SETTINGS = Detection()
HOUR = 60


@functools.cache
def _calm(settings: Detection) -> tuple[bytes, int]:
    brand = Brand(BrandDetectors("acme", settings))
    brand.talk(3 * 1440, 0.2, 0.6)
    assert brand.signals == []
    return msgspec.msgpack.encode(brand.detectors.state()), brand.at


def calm(settings: Detection = SETTINGS) -> Brand:
    """A brand of twelve negative voices in an hour, known for three days."""
    packed, at = _calm(settings)
    state = msgspec.msgpack.decode(packed, type=BrandState)
    return Brand(BrandDetectors("acme", settings, state), at)


def surged(settings: Detection = SETTINGS, minutes: int = 60, rate: float = 1.0) -> Brand:
    brand = calm(settings)
    brand.talk(minutes, rate, 0.6)
    assert brand.kinds()[:1] == ["opened"]
    return brand


def levels(signals: list[Signal]) -> list[int]:
    return [signal.bucket_end // MINUTE for signal in signals if signal.kind == "level"]


def test_a_whole_surge_from_opening_to_end() -> None:
    brand = surged(minutes=180)
    brand.talk(4 * HOUR, 0.2, 0.6)
    assert brand.kinds() == ["opened", "calm", "ended"]
    assert [signal.seq for signal in brand.signals] == list(range(1, len(brand.signals) + 1))
    assert {signal.surge for signal in brand.signals} == {1}
    opened, calmed, ended = (s for s in brand.signals if s.kind != "level")
    assert calmed.bucket_end - opened.bucket_end >= 3 * HOUR * MINUTE
    assert ended.bucket_end - calmed.bucket_end == HOUR * MINUTE
    assert opened.id == "acme:negative_surge:1:1"
    assert not brand.last.open if brand.last else False


def test_a_signal_says_what_was_seen_against_what_is_usual() -> None:
    opened = surged().signals[0]
    assert opened.rule is Rule.NEGATIVE_SURGE
    assert opened.observed > 3 * opened.expected > 0
    assert opened.voices >= opened.observed
    assert opened.share > 0.5 > opened.usual_share > 0.2
    assert opened.opened_at == opened.bucket_end
    assert "times the usual" in opened.reason


def test_while_it_stands_a_level_comes_every_five_minutes() -> None:
    brand = surged(minutes=120)
    rises = sum(b.severity.rank > a.severity.rank for a, b in pairwise(brand.signals))
    gaps = [(b.bucket_end - a.bucket_end) // MINUTE for a, b in pairwise(brand.signals)]
    assert max(gaps) == 5
    assert sum(gap < 5 for gap in gaps) <= rises <= 1
    assert len(gaps) >= 10


def test_four_times_the_usual_and_thirty_voices_are_critical() -> None:
    brand = calm()
    brand.talk(60, 3.0, 0.6)
    first = next(s for s in brand.signals if s.severity is Severity.CRITICAL)
    assert first.observed >= 0
    assert (first.bucket_end - brand.signals[0].bucket_end) // MINUTE < 15
    assert "negative voices in" in first.reason


def test_a_warning_an_hour_old_that_has_not_fallen_is_critical() -> None:
    brand = calm()
    brand.talk(5 * HOUR, 0.62, 0.3)
    opened = brand.signals[0]
    assert opened.severity is Severity.WARNING
    rise = next(s for s in brand.signals if s.severity is Severity.CRITICAL)
    assert rise.bucket_end - opened.bucket_end == HOUR * MINUTE
    assert "not below its opening level" in rise.reason


def test_a_great_reach_is_critical_where_it_is_set() -> None:
    severity = msgspec.structs.replace(SETTINGS.severity, reach=1_000_000, age=10**9, minimum=10**6)
    brand = calm(msgspec.structs.replace(SETTINGS, severity=severity))
    brand.talk(60, 1.0, 0.4)
    assert brand.signals
    assert brand.signals[-1].severity is Severity.WARNING
    brand.close(minute(brand.at, 1, 0, reach=2_000_000))
    assert brand.signals[-1].severity is Severity.CRITICAL
    assert "reach" in brand.signals[-1].reason


def test_severity_never_falls_while_open() -> None:
    brand = surged(minutes=120, rate=4.0)
    brand.talk(3 * HOUR, 0.2, 0.6)
    ranks = [signal.severity.rank for signal in brand.signals]
    assert ranks == sorted(ranks)


def test_calm_is_no_sooner_than_an_hour_after_opening() -> None:
    brand = surged(minutes=8, rate=6.0)
    brand.talk(3 * HOUR, 0.2, 0.6)
    opened, calmed = (s for s in brand.signals if s.kind in {"opened", "calm"})
    assert calmed.bucket_end - opened.bucket_end >= HOUR * MINUTE


def test_what_comes_back_in_the_calm_is_the_same_surge() -> None:
    brand = surged(minutes=90)
    brand.talk(90, 0.2, 0.6)
    assert brand.kinds() == ["opened", "calm"]
    brand.talk(60, 1.2, 0.6)
    assert brand.kinds() == ["opened", "calm", "returned"]
    brand.talk(4 * HOUR, 0.2, 0.6)
    assert brand.kinds() == ["opened", "calm", "returned", "calm", "ended"]
    assert {signal.surge for signal in brand.signals} == {1}


def test_after_the_end_the_next_surge_has_the_next_number() -> None:
    brand = surged(minutes=90)
    brand.talk(5 * HOUR, 0.2, 0.6)
    brand.talk(60, 2.0, 0.6)
    assert brand.kinds() == ["opened", "calm", "ended", "opened"]
    assert [s.surge for s in brand.signals if s.kind == "opened"] == [1, 2]
    assert next(s.seq for s in brand.signals if s.surge == 2) == 1


@pytest.mark.parametrize("how", ["missing", "blind", "late"])
def test_a_source_that_dies_in_the_crisis_yields_no_calm_and_no_end(how: str) -> None:
    brand = surged(minutes=60)
    died = brand.at * MINUTE
    brand.sources = {
        "missing": {},
        "blind": {"s": SourceHearing(10**15, blind=True)},
        "late": {"s": SourceHearing(died)},
    }[how]
    brand.talk(20 * HOUR, 0.0, 0.0)
    assert brand.kinds() == ["opened"]
    last = brand.signals[-1]
    assert last.kind == "level"
    assert last.unheard == ("s",)
    assert last.unheard_since is not None
    assert len(levels(brand.signals)) >= 20 * 12
    # and when it speaks again, and all is quiet, it is calm
    brand.sources = None
    brand.talk(40, 0.2, 0.6)
    assert brand.kinds() == ["opened", "calm"]


def test_a_source_that_dies_in_the_calm_yields_no_end() -> None:
    brand = surged(minutes=60)
    brand.talk(110, 0.2, 0.6)
    assert brand.kinds() == ["opened", "calm"]
    brand.sources = {}
    brand.talk(5 * HOUR)
    assert brand.kinds() == ["opened", "calm"]
    brand.sources = None
    brand.talk(70, 0.2, 0.6)
    assert brand.kinds() == ["opened", "calm", "ended"]


def test_a_source_that_gave_little_may_die() -> None:
    brand = calm()
    for i in range(60):
        brand.sources = {
            "s": SourceHearing((brand.at + 1) * MINUTE),
            "t": SourceHearing((brand.at + 1) * MINUTE),
        }
        brand.close(minute(brand.at, 2, 0, source="t" if i % 15 == 0 else "s"))
    for _ in range(90):
        brand.sources = {"s": SourceHearing((brand.at + 1) * MINUTE)}
        brand.close(minute(brand.at))
    assert brand.kinds() == ["opened", "calm"]


def test_a_slow_source_delays_calm_until_it_has_delivered() -> None:
    brand = surged(minutes=60)
    prompt = surged(minutes=60)
    for _ in range(3 * HOUR):
        brand.sources = {"s": SourceHearing((brand.at + 1 - 10) * MINUTE)}
        brand.talk(1, 0.0, 0.0)
        prompt.talk(1, 0.0, 0.0)
    late = next(s for s in brand.signals if s.kind == "calm")
    soon = next(s for s in prompt.signals if s.kind == "calm")
    assert late.bucket_end - soon.bucket_end == 10 * MINUTE


@pytest.mark.parametrize("state", [BucketState.UNKNOWN, BucketState.BLIND])
def test_unknown_and_blind_minutes_are_never_calm(state: BucketState) -> None:
    brand = surged(minutes=60)
    brand.talk(10 * HOUR, state=state)
    assert brand.kinds() == ["opened"]
    brand.talk(29, 0.2, 0.6)
    assert brand.kinds() == ["opened"]
    brand.talk(2, 0.2, 0.6)
    assert brand.kinds() == ["opened", "calm"]


def test_a_surge_that_cannot_end_does_not_stand_in_the_way_of_the_next() -> None:
    brand = surged(minutes=60)
    gone = brand.sources = {"t": SourceHearing(10**15)}
    brand.talk(8 * HOUR, 0.2, 0.6, source="t")
    assert brand.kinds() == ["opened"]
    brand.talk(40, 3.0, 0.6, source="t")
    assert brand.kinds() == ["opened", "opened"]
    assert brand.signals[-1].surge == 2
    brand.sources = gone
    brand.talk(4 * HOUR, 0.2, 0.6, source="t")
    assert brand.kinds() == ["opened", "opened", "calm", "ended"]


def test_a_level_that_stays_becomes_the_usual_and_the_next_surge_is_seen() -> None:
    brand = calm()
    brand.talk(14 * 1440, 0.8, 0.6)
    assert brand.kinds()[0] == "opened"
    before = len([kind for kind in brand.kinds() if kind == "opened"])
    brand.talk(60, 12.0, 0.6)
    assert len([kind for kind in brand.kinds() if kind == "opened"]) == before + 1


def test_in_the_first_day_the_floor_alone_speaks() -> None:
    brand = Brand(BrandDetectors("acme", SETTINGS))
    brand.talk(3 * HOUR, 0.05, 0.5)
    brand.talk(30, 2.0, 0.2)
    opened = brand.signals[0]
    assert opened.lane is Lane.FLOOR
    assert opened.still_learning
    assert all(signal.still_learning for signal in brand.signals)
    brand.talk(4 * HOUR, 0.05, 0.5)
    assert brand.kinds() == ["opened", "calm", "ended"]


def test_a_brand_always_complained_of_pages_once_in_its_first_day() -> None:
    brand = Brand(BrandDetectors("acme", SETTINGS))
    brand.talk(1440, 3.0, 1.0)
    assert [s.kind for s in brand.signals if s.kind == "opened"] == ["opened"]
    brand.talk(1440, 3.0, 1.0)
    assert [s.kind for s in brand.signals if s.kind == "opened"] == ["opened"]
