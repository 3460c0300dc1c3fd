"""Ticks under a wall clock that leaps, falls back, and is set right again."""

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.services.pacemaker import BELIEVED_AFTER, Pacemaker
from tests.unit.pipeline.makers import HOUR, MINUTE, T0

SECOND = 1_000
EVERY = 5 * SECOND


class Machine:
    """A stopwatch that runs, and a wall clock that can be set."""

    def __init__(self, last: int | None = None) -> None:
        self.watch = 100.0
        self.off = 0
        self.pace = Pacemaker(EVERY, last)

    @property
    def wall(self) -> int:
        return T0 + round((self.watch - 100.0) * 1000) + self.off

    def run(self, seconds: int) -> list[int]:
        ticks = []
        for _ in range(seconds // 5):
            self.watch += 5
            ticks.append(self.pace.tick(self.wall, self.watch))
        return ticks


def test_a_clock_that_runs_is_followed() -> None:
    machine = Machine()
    assert machine.run(60)[-1] == machine.wall
    assert machine.pace.ahead == 0
    assert machine.pace.rest(machine.watch) == 5.0
    assert machine.pace.rest(machine.watch + 9) == 0.0


def test_a_short_leap_never_reaches_the_log() -> None:
    machine = Machine()
    machine.run(60)
    machine.off = 10 * 365 * 24 * HOUR
    wrong = machine.run(50)
    machine.off = 0
    right = machine.run(20)
    assert max(wrong) <= T0 + 111 * SECOND
    assert right[-1] == machine.wall
    assert not machine.pace.is_wrong


def test_a_leap_that_stands_is_believed_after_a_minute() -> None:
    machine = Machine()
    machine.run(60)
    machine.off = 7 * HOUR
    ticks = machine.run(BELIEVED_AFTER // SECOND + 10)
    assert ticks[0] < T0 + HOUR
    assert ticks[-1] == machine.wall


def test_a_log_that_is_ahead_goes_on_slowly_until_the_clock_has_caught_up() -> None:
    machine = Machine()
    machine.run(60)
    machine.off = -20 * MINUTE
    ticks = machine.run(3 * 3600)
    assert machine.pace.is_wrong
    assert all(after > before for before, after in pairwise(ticks))
    machine.run(3600)
    assert machine.pace.ahead == 0


def test_far_ahead_it_stands_and_says_so() -> None:
    machine = Machine(last=T0 + 2 * HOUR)
    assert set(machine.run(600)) == {T0 + 2 * HOUR}
    assert machine.pace.is_wrong


def test_a_start_after_a_long_stop_is_no_leap() -> None:
    machine = Machine(last=T0 - 9 * HOUR)
    assert machine.run(5) == [machine.wall]


@given(st.lists(st.tuples(st.integers(1, 400), st.integers(-3 * HOUR, 3 * HOUR)), max_size=30))
@settings(deadline=None)
def test_times_never_fall_and_gain_no_more_than_the_stopwatch_or_the_wall(
    steps: list[tuple[int, int]],
) -> None:
    machine = Machine()
    last = machine.run(5)[0]
    for seconds, off in steps:
        machine.off = off
        for _ in range(seconds // 5):
            (time,) = machine.run(5)
            assert last <= time <= max(last + EVERY, machine.wall)
            last = time
