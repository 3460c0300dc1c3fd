"""How fast the demonstration passes."""

from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.demo.plan import LIVE_FROM, LIVE_UNTIL, demo_scenario
from pipeline.demo.speeds import CALM, STARTING, WAITING, WAITS_SLOWLY, Standing, speed
from pipeline.sources.scenario.episodes import HOUR, MINUTE, EpisodeKind

TRUTH = demo_scenario(7).truth
FIRST = next(each for each in TRUTH if each.must_page)
INSTANTS = st.integers(LIVE_FROM, LIVE_UNTIL)


def seconds(start: int, until: int) -> float:
    """How long a visitor waits where nobody is paged."""
    now, passed = start, 0.0
    while now < until:
        pace = speed(Standing(now, LIVE_FROM), TRUTH)
        passed += MINUTE / pace / 1000
        now += MINUTE
    return passed


def test_the_first_crisis_begins_soon_and_the_days_are_not_long() -> None:
    assert 3 < seconds(LIVE_FROM, FIRST.start) < 20
    assert seconds(FIRST.start, FIRST.start + 13 * MINUTE) < 15
    assert seconds(LIVE_FROM, LIVE_UNTIL) < 150


def test_four_minutes_of_a_waiting_page_leave_a_visitor_time_to_answer() -> None:
    pace = speed(Standing(FIRST.start, LIVE_FROM, waiting_since=FIRST.start), TRUTH)
    assert 15 <= 4 * 60 / pace <= 20


@given(INSTANTS, st.none() | st.integers(0, 2 * HOUR), st.none() | st.integers(0, 30 * HOUR))
@settings(max_examples=200, deadline=None)
def test_a_waiting_page_slows_most_and_nothing_stands_still(
    now: int, waits: int | None, lasts: int | None
) -> None:
    standing = Standing(
        now,
        LIVE_FROM,
        None if waits is None else now - waits,
        None if lasts is None else now - lasts,
    )
    pace = speed(standing, TRUTH)
    assert WAITING <= pace <= CALM
    assert (pace == WAITING) == (waits is not None and waits < WAITS_SLOWLY)


def test_what_begins_is_not_run_past() -> None:
    for each in TRUTH:
        if each.start < LIVE_FROM or each.kind is EpisodeKind.SILENT_SOURCE:
            continue
        pace = speed(Standing(each.start - MINUTE, LIVE_FROM), TRUTH)
        assert pace <= 4 * STARTING, each
