"""A surge's chart: whole numbers inside its frame, and nothing drawn of what is unknown."""

import re

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from dashboards.console.surge_chart import HIGH, STEP, draw_surge
from dashboards.views.series import Series
from detectors.observation import BucketState
from tests.unit.alerts.story import opened
from tests.unit.dashboards.shelved import MINUTE, T0

STEPS = st.lists(
    st.tuples(
        st.none() | st.integers(0, 10**6),
        st.none() | st.floats(0, 10**6),
        st.sampled_from(BucketState),
    ),
    max_size=80,
)


def series(steps: list[tuple[int | None, float | None, BucketState]]) -> Series:
    count = len(steps)
    nothing: list[float | None] = [None] * count
    counts: list[int | None] = [None] * count
    return Series(
        brand="B",
        start=T0,
        end=T0 + count * MINUTE,
        step=MINUTE,
        as_of=None,
        times=[T0 + at * MINUTE for at in range(count)],
        states=[state for _, _, state in steps],
        mentions=counts,
        unique=counts,
        voices=counts,
        negatives=[negatives for negatives, _, _ in steps],
        scored=counts,
        delayed=counts,
        late=[0] * count,
        expected=nothing,
        low=nothing,
        high=nothing,
        usual_negatives=[usual for _, usual, _ in steps],
        share=nothing,
        share_usual=nothing,
        share_low=nothing,
        share_high=nothing,
        incidents=[],
        changes=[],
        lanes={},
    )


@given(STEPS, st.integers(-100, 200))
@settings(deadline=None, max_examples=150)
def test_everything_lies_in_the_frame(
    steps: list[tuple[int | None, float | None, BucketState]], minute: int
) -> None:
    incident = replace(opened(), opened_at=T0 + minute * MINUTE)
    chart = draw_surge(series(steps), incident)
    assert 0 <= chart.opened <= chart.wide
    assert all(0 < bar.high <= HIGH and 0 <= bar.x < chart.wide for bar in chart.bars)
    assert len(chart.bars) == sum(1 for count, _, _ in steps if count)
    assert [x // STEP for x, _ in chart.unknown] == [
        at for at, (count, _, _) in enumerate(steps) if count is None
    ]
    ys = [int(y) for y in re.findall(r"(?:M\d+ |V)(-?\d+)", chart.usual)]
    assert all(0 <= y <= HIGH for y in ys)
    assert re.fullmatch(r"[MVh\d -]*", chart.usual)
    assert [count for _, count, _ in chart.rows] == [count for count, _, _ in steps]
    known = [count for count, _, _ in steps if count is not None]
    assert chart.most == max(known, default=0)
