from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.sources.order import DAY, survey


def misdated_by_definition(times: list[int | None]) -> list[int]:
    dated = [(at, time) for at, time in enumerate(times) if time is not None]
    return [
        at
        for (_, before), (at, time), (_, after) in zip(dated, dated[1:], dated[2:], strict=False)
        if time > before + DAY and time > after + DAY and abs(before - after) <= DAY
    ]


TIMES = st.lists(
    st.one_of(
        st.none(),
        st.integers(0, 3),
        st.integers(0, 6).map(lambda half_days: half_days * DAY // 2),
        st.sampled_from([DAY - 1, DAY, DAY + 1, DAY + 2, 40 * DAY]),
    ),
    max_size=12,
)


@settings(deadline=None, max_examples=1000)
@given(TIMES)
def test_the_survey_agrees_with_the_definition(times: list[int | None]) -> None:
    seen = survey(times)
    wrong = misdated_by_definition(times)
    assert list(seen.misdated) == wrong
    kept = [time for at, time in enumerate(times) if time is not None and at not in wrong]
    assert seen.ordered == (kept == sorted(kept))
    assert seen.rows == len(times)
    assert (seen.earliest, seen.latest) == ((min(kept), max(kept)) if kept else (0, 0))


def test_the_first_and_the_last_have_no_two_neighbours() -> None:
    assert list(survey([9 * DAY, 0, 1]).misdated) == []
    assert list(survey([0, 1, 9 * DAY]).misdated) == []


def test_a_jump_that_lasts_is_a_gap_not_a_mistake() -> None:
    seen = survey([0, 1, 9 * DAY, 9 * DAY + 1])
    assert seen.ordered
    assert list(seen.misdated) == []
