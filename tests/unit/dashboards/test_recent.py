"""The situation's memory: looking often tells the same as looking once, and as the steps do."""

from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.policy import Policy
from dashboards.views.bands import count_band
from dashboards.views.recent import HALF_HOUR, QUARTER, SLOTS, WINDOW, LastDay, Recent
from dashboards.views.situation import SituationView
from dashboards.views.steps import Steps
from detectors.observation import BucketState
from detectors.usual import Usual
from pipeline.stores import BucketTable
from pipeline.wire import BucketRecord
from tests.unit.dashboards.shelved import DAY, MINUTE, T0, Shelved, bucket

USUALS = [
    None,
    Usual(),
    Usual(2.0, 3.0, 0.5, 2.0, 0.25, 40.0, DAY // 2),
    Usual(0.3, 1.0, 0.01, 0.5, 0.1, 20.0, 2 * DAY),
]
BUCKETS = st.lists(
    st.tuples(
        st.sampled_from([0, 0, 0, 1, 2, 5, 14, 29, 61, 400, 900]),  # minutes left out before it
        st.sampled_from([BucketState.KNOWN] * 5 + [BucketState.BLIND, BucketState.UNKNOWN]),
        st.integers(0, 9),
        st.integers(1, 90),  # an unknown run's buckets
        st.sampled_from(USUALS),
        st.booleans(),  # look after it
        st.integers(0, 40),  # minutes closed behind it, when somebody looks
    ),
    max_size=40,
)
Drawn = list[tuple[int, BucketState, int, int, Usual | None, bool, int]]


def told(drawn: Drawn, brand: str) -> list[tuple[list[BucketRecord], int]]:
    """Records, and after some of them the minute up to which all is closed."""
    at = 7
    batches: list[tuple[list[BucketRecord], int]] = []
    batch: list[BucketRecord] = []
    for left_out, state, voices, run, usual, looks, behind in drawn:
        at += left_out
        count = run if state is BucketState.UNKNOWN else 1
        said = 0 if count > 1 else voices
        batch.append(
            bucket(at, said, said // 2, brand=brand, state=state, count=count, usual=usual)
        )
        at += count
        if looks:
            batches.append((batch, at + behind))
            batch, at = [], at + behind
    return [*batches, (batch, at)]


def whole(steps: Steps) -> list[bool]:
    """Whether each step is known from end to end."""
    return [
        state is not BucketState.UNKNOWN and not partly
        for state, partly in zip(steps.states(), steps.partly(), strict=True)
    ]


def by_steps(table: BucketTable, brand: str, closed: int) -> LastDay:
    """The same by the slow road: every bucket of the day summed anew."""

    def steps(start: int, step: int, count: int) -> Steps:
        found = table.figures(brand, start, closed)
        return Steps(start, step, count).fill(table.figures_before(brand, start), found, closed)

    running = closed - closed % HALF_HOUR
    day = steps(running - (SLOTS - 1) * HALF_HOUR, HALF_HOUR, SLOTS)
    hour = steps(closed - WINDOW, QUARTER, WINDOW // QUARTER)
    known = whole(day)
    highs = [
        count_band(usual.voices, usual.voices_size, time).high if usual and sure else None
        for usual, time, sure in zip(day.usual(), day.known, known, strict=True)
    ]
    sure = all(whole(hour)[-2:])
    return LastDay(
        sum(hour.mentions),
        sum(hour.voices),
        sum(hour.negatives),
        sum(hour.scored),
        sum(hour.known),
        (hour.negatives[-1], hour.negatives[-2]) if sure else None,
        spark=tuple(
            voices if sure else None for voices, sure in zip(day.voices, known, strict=True)
        ),
        spark_high=tuple(highs),
    )


@pytest.fixture(scope="module")
def shelved(tmp_path_factory: pytest.TempPathFactory) -> Shelved:
    return Shelved(tmp_path_factory.mktemp("situation"))


@given(BUCKETS, st.integers(0, 2**60))
@settings(deadline=None, max_examples=80)
def test_looking_often_tells_what_one_look_tells_and_what_the_steps_tell(
    shelved: Shelved, drawn: Drawn, number: int
) -> None:
    brand = f"B{number}"
    table = shelved.buckets
    table._db.execute("DELETE FROM buckets")
    often = Recent(brand)
    for records, until in told(drawn, brand):
        shelved.keep(*records)
        closed = T0 + until * MINUTE
        seen = often.read(table, closed)
        assert seen == Recent(brand).read(table, closed)
        slow = by_steps(table, brand, closed)
        for name in ("mentions", "voices", "negatives", "scored", "spark", "spark_high"):
            assert getattr(seen, name) == getattr(slow, name), name
        if seen.as_of is not None:
            assert (seen.known, seen.quarters) == (slow.known, slow.quarters)
        assert len(often._sums) <= 95  # the last hour and the running half hour, and one more


@given(st.lists(BUCKETS, min_size=1, max_size=3), st.integers(0, 2**60))
@settings(deadline=None, max_examples=40)
def test_a_view_kept_shows_what_a_fresh_one_shows(
    shelved: Shelved, drawn: list[Drawn], number: int
) -> None:
    shelved.buckets._db.execute("DELETE FROM buckets")
    brands = [f"{number}.{each}" for each in range(len(drawn))]
    plans = [told(each, brand) for each, brand in zip(drawn, brands, strict=True)]
    often = SituationView(Policy(), DAY, brands)
    minute = 0
    for turn in range(max(map(len, plans))):
        for plan in plans:
            if turn < len(plan):
                records, until = plan[turn]
                shelved.keep(*records)
                minute = max(minute, until)
        shelved.close_up_to(minute)
        now = T0 + (minute + 2) * MINUTE
        assert often.read(shelved.books, now) == SituationView(Policy(), DAY, brands).read(
            shelved.books, now
        )
        for index, plan in enumerate(plans):  # what comes later is later than what was closed
            behind = minute - plan[turn][1] if turn < len(plan) else 0
            if behind:
                plans[index] = [
                    (
                        [_moved(each, behind) for each in records] if step > turn else records,
                        until + behind if step > turn else until,
                    )
                    for step, (records, until) in enumerate(plan)
                ]


def _moved(record: BucketRecord, minutes: int) -> BucketRecord:
    return msgspec.structs.replace(record, start=record.start + minutes * MINUTE)


def test_before_anything_was_folded_nothing_is_known(tmp_path: Path) -> None:
    table = BucketTable(tmp_path)
    assert Recent("B").read(table, None) == LastDay()
    assert Recent("B").read(table, T0) == LastDay()
    table.close()


def test_a_closed_time_that_went_back_is_read_anew(tmp_path: Path) -> None:
    table = BucketTable(tmp_path)
    table.take([bucket(minute, 3) for minute in range(300)], offset=1)
    recent = Recent("B")
    recent.read(table, T0 + 300 * MINUTE)
    assert recent.read(table, T0 + 200 * MINUTE) == Recent("B").read(table, T0 + 200 * MINUTE)
    table.close()
