import msgspec

from detectors.hearing import MOST_SOURCES, Hearing, HearingState
from detectors.observation import SourceHearing
from detectors.settings import HOUR, MINUTE, CalmSettings


def surging(**voices: int) -> Hearing:
    hearing = Hearing(CalmSettings())
    hearing.begin(0)
    hearing.heard(MINUTE, voices, surging=True)
    return hearing


def test_a_tenth_of_the_negative_voices_makes_a_source_count() -> None:
    assert surging(a=90, b=10, c=1).counted() == ["a"]
    assert surging(a=90, b=10).counted() == ["a", "b"]


def test_the_hour_before_opening_counts_too() -> None:
    hearing = Hearing(CalmSettings())
    hearing.heard(HOUR, {"early": 20, "old": 0}, surging=False)
    hearing.heard(10 * HOUR, {"late": 20}, surging=False)
    hearing.begin(10 * HOUR)
    assert hearing.counted() == ["late"]


def test_a_missing_or_blind_source_is_deaf_and_a_slow_one_is_behind() -> None:
    hearing = surging(a=10)
    assert hearing.deaf({})
    assert hearing.deaf({"a": SourceHearing(9 * HOUR, blind=True)})
    assert not hearing.deaf({"a": SourceHearing(0)})
    assert hearing.behind({"a": SourceHearing(4)}, 5)
    assert hearing.behind({}, 5)
    assert not hearing.behind({"a": SourceHearing(5)}, 5)


def test_who_is_unheard_and_since_when() -> None:
    hearing = surging(a=10, b=10)
    sources = {"a": SourceHearing(7), "b": SourceHearing(900)}
    assert hearing.unheard(sources, 800, 1000) == (("a",), 7)
    assert hearing.unheard(sources, -1, 1000) == ((), None)
    assert hearing.unheard({"b": SourceHearing(900)}, -1, 1000) == (("a",), 1000)
    assert hearing.unheard({"b": SourceHearing(900)}, -1, 2000) == (("a",), 1000)


def test_it_is_bounded_however_many_sources_there_are() -> None:
    hearing = Hearing(CalmSettings())
    hearing.begin(0)
    for i in range(1000):
        hearing.heard(MINUTE, {f"s{i}": 1 + i % 3}, surging=True)
    assert len(hearing.surge) == len(hearing.recent) == MOST_SOURCES
    packed = msgspec.msgpack.encode(hearing.state())
    assert msgspec.msgpack.decode(packed, type=HearingState) == hearing.state()
