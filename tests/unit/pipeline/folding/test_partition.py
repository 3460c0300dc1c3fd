"""How far time is: several writers, silence, goodbyes."""

from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.folding.partition import PartitionTime, Span
from tests.unit.pipeline.makers import DAY, HOUR, T0

SECOND = 1_000


def clock() -> PartitionTime:
    return PartitionTime(event_mode=False)


def test_time_is_the_least_of_the_writers_last_ticks() -> None:
    time = clock()
    time.tick("a", T0)
    time.tick("b", T0 + 5 * SECOND)
    assert time.time == T0
    time.tick("a", T0 + 7 * SECOND)
    assert time.time == T0 + 5 * SECOND


def test_a_writer_a_minute_behind_no_longer_holds_time_back() -> None:
    time = clock()
    time.tick("dead", T0)
    for seconds in range(0, 61, 5):
        time.tick("alive", T0 + seconds * SECOND)
    assert time.time == T0
    time.tick("alive", T0 + 65 * SECOND)
    assert time.time == T0 + 65 * SECOND


def test_a_clean_stop_retires() -> None:
    time = clock()
    time.tick("a", T0)
    time.tick("b", T0)
    time.tick("a", T0 + SECOND, retired=True)
    time.tick("b", T0 + 30 * SECOND)
    assert time.time == T0 + 30 * SECOND


def test_a_writer_that_catches_up_does_not_move_time() -> None:
    time = clock()
    time.tick("a", T0)
    assert time.tick("a", T0 + HOUR, catching_up=True) is None
    assert time.time == T0
    assert time.tick("a", T0 + HOUR) == Span(T0, T0 + HOUR)
    assert time.time == T0 + HOUR


def test_a_minute_without_ticks_is_unknown_in_a_clock_log() -> None:
    time = clock()
    time.tick("a", T0)
    assert time.tick("a", T0 + 60 * SECOND) is None
    assert time.tick("a", T0 + 121 * SECOND) == Span(T0 + 60 * SECOND, T0 + 121 * SECOND)


def test_a_day_without_mentions_is_zero_in_an_event_log_and_more_is_unknown() -> None:
    time = PartitionTime(event_mode=True)
    time.tick("w", T0)
    assert time.tick("w", T0 + DAY) is None
    assert time.tick("w", T0 + 2 * DAY + 1) == Span(T0 + DAY, T0 + 2 * DAY + 1)


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 300), st.booleans()), max_size=60))
@settings(deadline=None)
def test_time_never_goes_back_and_never_passes_the_greatest_tick(
    ticks: list[tuple[str, int, bool]],
) -> None:
    time = clock()
    last = None
    greatest = 0
    for writer, seconds, retired in ticks:
        time.tick(writer, T0 + seconds * SECOND, retired=retired)
        greatest = max(greatest, T0 + seconds * SECOND)
        assert time.time is not None
        assert time.time <= greatest
        assert last is None or time.time >= last
        last = time.time
