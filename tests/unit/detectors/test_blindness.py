"""A source silent against its own rhythm is blind; a sparse, bursty or polled one is not."""

from itertools import pairwise

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.blindness import SourceWatch, SourceWatchState
from detectors.observation import SourceHearing
from detectors.reading import Lane, Reason, Rule
from detectors.settings import DAY, HOUR, MINUTE, BlindnessSettings, Detection
from detectors.severity import Severity
from detectors.signal import Signal, SignalKind
from tests.bench import silences

SHIPPED = Detection()
QUICK = Detection(blindness=BlindnessSettings(warm_up=HOUR))


def feed(
    watch: SourceWatch,
    accepted: list[int],
    first: int = 0,
    polled: list[int | None] | None = None,
) -> list[Signal]:
    signals: list[Signal] = []
    for at, count in enumerate(accepted):
        upto = polled[at] if polled else None
        signals += close(watch, first + at, count, upto)[1]
    return signals


def close(
    watch: SourceWatch, minute: int, count: int, upto: int | None = None, *, known: bool = True
) -> tuple[Reason, tuple[Signal, ...]]:
    cell = minute // 60 % 24 + (24 if minute // 1440 % 7 >= 5 else 0)
    reading, signals = watch.close(minute * MINUTE, MINUTE, cell, count, upto, known)
    assert (reading.rule, reading.lane) == (Rule.BLINDNESS, Lane.SILENCE)
    return reading.reason, signals


def test_silence_is_told_repeated_and_ended() -> None:
    watch = SourceWatch("bluesky", SHIPPED)
    assert feed(watch, [4] * 2000) == []
    signals = feed(watch, [0] * 32, first=2000)
    assert [one.kind for one in signals] == [SignalKind.OPENED, *[SignalKind.LEVEL] * 4]
    assert signals[0].bucket_end == 2010 * MINUTE
    assert [one.bucket_end - signals[0].bucket_end for one in signals] == [
        at * 5 * MINUTE for at in range(5)
    ]
    assert watch.hearing == SourceHearing(2000 * MINUTE, blind=True)
    signals += feed(watch, [1, 4, 4], first=2032)
    assert signals[-1].kind is SignalKind.ENDED
    assert watch.hearing == SourceHearing(2035 * MINUTE, blind=False)
    assert [one.seq for one in signals] == list(range(1, 7))
    for one in signals:
        assert (one.brand, one.rule, one.surge) == ("source:bluesky", Rule.BLINDNESS, 1)
        assert (one.severity, one.opened_at) == (Severity.WARNING, 2010 * MINUTE)
        assert one.observed == 0
    assert 10 <= signals[0].expected <= 40
    assert signals[0].reason == (
        "nothing from bluesky for 10 min, where at least 15 mentions or polls are usual"
    )
    assert signals[-1].reason == "bluesky delivers again after 32 min"
    feed(watch, [4] * 2000, first=2035)
    again = feed(watch, [0] * 60, first=4035)
    assert (again[0].kind, again[0].surge, again[0].seq) == (SignalKind.OPENED, 2, 1)


def test_never_blind_in_warm_up_nor_before_the_first_word() -> None:
    watch = SourceWatch("rss", SHIPPED)
    assert feed(watch, [0] * 5000) == []
    feed(watch, [30] * 60, first=5000)
    assert feed(watch, [0] * (1440 - 60), first=5060) == []
    reason, _ = close(SourceWatch("rss", SHIPPED), 0, 9)
    assert reason is Reason.WARMING_UP


def test_an_empty_poll_is_a_sign_of_life() -> None:
    watch = SourceWatch("reddit", SHIPPED)
    feed(watch, [5] * 2000, polled=[(at + 1) * MINUTE for at in range(2000)])
    polls: list[int | None] = [(2000 + at + 1) * MINUTE for at in range(1000)]
    assert feed(watch, [0] * 1000, first=2000, polled=polls) == []
    assert watch.hearing == SourceHearing(3000 * MINUTE)
    signals = feed(watch, [0] * 60, first=3000, polled=[3000 * MINUTE] * 60)
    assert signals[0].kind is SignalKind.OPENED
    assert watch.hearing == SourceHearing(3000 * MINUTE, blind=True)


def test_a_source_of_nothing_but_polls_is_missed_when_they_stop() -> None:
    watch = SourceWatch("feed", SHIPPED)
    polls: list[int | None] = [(at - at % 5 + 1) * MINUTE for at in range(3000)]
    assert feed(watch, [0] * 3000, polled=polls) == []
    signals = feed(watch, [0] * 300, first=3000, polled=[2996 * MINUTE] * 300)
    assert signals
    assert signals[0].bucket_end - 3000 * MINUTE <= 3 * HOUR


def test_a_poll_that_reached_past_the_bucket_covers_it() -> None:
    watch = SourceWatch("reddit", SHIPPED)
    feed(watch, [5] * 2000)
    assert feed(watch, [0] * 120, first=2000, polled=[2120 * MINUTE] * 120) == []


def test_unknown_buckets_change_nothing() -> None:
    watch = SourceWatch("reddit", SHIPPED)
    feed(watch, [5] * 2000)
    feed(watch, [0] * 5, first=2000)
    before = watch.state()
    for minute in range(2005, 3000):
        assert close(watch, minute, 0, known=False) == (Reason.UNKNOWN, ())
    assert watch.state() == before


def test_a_silence_goes_on_over_a_gap_of_ours() -> None:
    watch = SourceWatch("reddit", SHIPPED)
    feed(watch, [5] * 2000)
    feed(watch, [0] * 20, first=2000)
    assert watch.hearing.blind
    watch.close(2020 * MINUTE, 500 * MINUTE, 0, 0, None, known=False)
    assert watch.hearing.blind
    _, signals = close(watch, 2520, 3)
    assert [one.kind for one in signals] == [SignalKind.ENDED]


@settings(deadline=None, max_examples=40)
@given(
    st.lists(
        st.tuples(st.integers(1, 90), st.sampled_from([0, 0, 1, 7]), st.booleans(), st.booleans()),
        min_size=4,
        max_size=12,
    ),
    st.integers(0, 700),
)
def test_signals_are_well_formed_and_state_carries_all(
    spans: list[tuple[int, int, bool, bool]], cut: int
) -> None:
    watch = SourceWatch("any", QUICK)
    feed(watch, [6] * 150)
    other = watch
    told: list[Signal] = []
    minute = 150
    for long, count, known, polled in spans:
        for _ in range(long):
            upto = (minute + 1) * MINUTE if polled else None
            reading = close(watch, minute, count, upto, known=known)
            if other is not watch:
                assert close(other, minute, count, upto, known=known) == reading
            told += reading[1]
            if count or polled:
                assert not watch.hearing.blind
                assert watch.hearing.delivered_up_to == (minute + 1) * MINUTE
            minute += 1
            if minute == 150 + cut:
                packed = msgspec.msgpack.encode(watch.state())
                state = msgspec.msgpack.decode(packed, type=SourceWatchState)
                other = SourceWatch("any", QUICK, state)
    assert other.state() == watch.state()
    assert len({one.id for one in told}) == len(told)
    for before, after in pairwise(told):
        if before.kind is SignalKind.ENDED:
            assert (after.kind, after.surge, after.seq) == (
                SignalKind.OPENED,
                before.surge + 1,
                1,
            )
        else:
            assert after.kind in {SignalKind.LEVEL, SignalKind.ENDED}
            assert (after.surge, after.seq) == (before.surge, before.seq + 1)
            assert after.opened_at == before.opened_at
    if told:
        assert (told[0].kind, told[0].surge, told[0].seq) == (SignalKind.OPENED, 1, 1)


@pytest.mark.parametrize(
    ("kind", "per_hour", "noticed"),
    [
        ("poisson", 1.0, 24 * 60),
        ("poisson", 10.0, 5 * 60),
        ("poisson", 100.0, 90),
        ("poisson", 6000.0, 10),
        ("bursty", 100.0, 12 * 60),
    ],
)
def test_a_living_source_is_believed_and_a_dead_one_noticed(
    kind: str, per_hour: float, noticed: int
) -> None:
    row = silences.measure(kind, per_hour, sources=2, seed=11)
    assert row.false_a_week == 0
    assert row.unnoticed == 0
    assert row.noticed_latest <= noticed


def test_a_source_that_closes_for_the_night_and_weekends_is_understood() -> None:
    row = silences.measure("office", 100.0, sources=2, seed=11)
    assert row.false_after_first_week <= 0.5
    assert row.unnoticed == 0


def test_one_outage_does_not_teach_that_outages_are_usual() -> None:
    chance = np.random.default_rng(5)
    watch = SourceWatch("reddit", SHIPPED)
    first = silences.openings(watch, chance.poisson(2.0, 5 * 1440), 0)
    outage = silences.openings(watch, [0] * 600, 5 * 1440)
    later = silences.openings(watch, chance.poisson(2.0, 1440), 5 * 1440 + 600)
    again = silences.openings(watch, [0] * 600, 6 * 1440 + 600)
    assert (first, later) == ([], [])
    assert len(outage) == len(again) == 1
    assert again[0] <= 3 * outage[0]


def test_a_source_grown_sparse_is_learnt() -> None:
    chance = np.random.default_rng(6)
    watch = SourceWatch("reddit", SHIPPED)
    silences.openings(watch, chance.poisson(1.0, 5 * 1440), 0)
    opened = silences.openings(watch, chance.poisson(0.02, 28 * 1440), 5 * 1440)
    late = [minute for minute in opened if minute > 21 * 1440]
    assert len(opened) <= 40
    assert len(late) <= 2


def test_the_state_is_small() -> None:
    watch = SourceWatch("reddit", SHIPPED)
    silences.openings(watch, np.random.default_rng(7).poisson(2.0, 9 * 1440), 0)
    assert len(msgspec.msgpack.encode(watch.state())) <= 1500


def test_learning_stops_in_a_long_death() -> None:
    watch = SourceWatch("reddit", SHIPPED)
    feed(watch, [5] * 2000)
    feed(watch, [0] * (8 * DAY // MINUTE), first=2000)
    before = watch.state().baseline
    feed(watch, [0] * 500, first=2000 + 8 * DAY // MINUTE)
    assert watch.state().baseline == before
