"""A brand over time: what is zero, what is unknown, what is usual."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from alerts.incident import Level, Opened, Resolved
from dashboards.views.bands import count_band, share_band
from dashboards.views.changes import Change
from dashboards.views.series import read_series
from dashboards.views.steps import STEPS, Steps, step_for
from detectors.observation import BucketState
from detectors.reading import Lane, Reading, Reason, Rule
from detectors.severity import Severity
from pipeline.judging.scorer import Judgement, Label
from pipeline.stores import BucketTable
from pipeline.stores.changes import ChangeTable
from pipeline.wire import VERSION, JudgedEntry, JudgedEnvelope, pack_reading
from tests.unit.dashboards.shelved import DAY, HOUR, MINUTE, T0, USUAL, Shelved, bucket
from tests.unit.pipeline.makers import mention

KNOWN, UNKNOWN, BLIND = BucketState.KNOWN, BucketState.UNKNOWN, BucketState.BLIND


@pytest.fixture
def shelved(tmp_path: Path) -> Iterator[Shelved]:
    made = Shelved(tmp_path)
    yield made
    made.done()


def at(minute: int) -> int:
    return T0 + minute * MINUTE


def test_left_out_is_zero_unwritten_before_is_unknown_and_so_is_what_is_not_closed(
    shelved: Shelved,
) -> None:
    shelved.keep(bucket(2, 4, 1), bucket(5, 2, 2))
    shelved.close_up_to(8)
    series = read_series(shelved.books, "B", at(0), at(10))
    assert series.times == [at(minute) for minute in range(10)]
    assert series.voices == [None, None, 4, 0, 0, 2, 0, 0, None, None]
    assert series.states == [UNKNOWN] * 2 + [KNOWN] * 6 + [UNKNOWN] * 2
    assert series.share == [None, None, 0.25, None, None, 1.0, None, None, None, None]
    assert series.expected == [None, None, *[2.0] * 6, None, None]
    assert series.share_usual == [None, None, *[0.25] * 6, None, None]
    assert series.as_of == at(8)
    band = count_band(2.0, USUAL.voices_size, MINUTE)
    assert (series.low[3], series.high[3]) == (band.low, band.high)
    share = share_band(USUAL.share, USUAL.share_size, 4)
    assert (series.share_low[2], series.share_high[2]) == (share.low, share.high)
    assert (series.share_low[3], series.share_high[3]) == (None, None)


def test_what_the_table_has_not_read_yet_is_not_taken_for_silence(shelved: Shelved) -> None:
    shelved.keep(bucket(0, 1))
    shelved.close_up_to(6, unread=[bucket(3, 9), bucket(4, 9)])
    series = read_series(shelved.books, "B", at(0), at(6))
    assert series.voices == [1, 0, 0, None, None, None]


def test_a_step_with_an_unknown_part_is_a_lower_bound_and_its_band_is_of_the_rest(
    shelved: Shelved,
) -> None:
    shelved.keep(
        bucket(0, 5),
        bucket(3, state=UNKNOWN, count=4),
        bucket(8, 2),
        bucket(10, 3, state=BLIND),
    )
    shelved.close_up_to(15)
    series = read_series(shelved.books, "B", at(0), at(15), points=3)
    assert series.step == 5 * MINUTE
    assert series.states == [BLIND, BLIND, BLIND]
    assert series.partly == [True, True, False]
    assert series.voices == [5, 2, 3]
    assert series.expected == [6.0, 6.0, 10.0]
    assert series.high[0] == count_band(6.0, USUAL.voices_size, 3 * MINUTE).high
    fresh = read_series(shelved.books, "B", at(-600), at(15), points=5)
    assert sum(each or 0 for each in fresh.voices) == 10
    assert fresh.partly[-1]


def test_a_run_that_began_before_the_range_is_seen_in_it(shelved: Shelved) -> None:
    shelved.keep(bucket(0, 1), bucket(5, state=UNKNOWN, count=20), bucket(30, 1))
    shelved.close_up_to(31)
    series = read_series(shelved.books, "B", at(20), at(31))
    assert series.states == [UNKNOWN] * 5 + [KNOWN] * 6
    assert series.voices[5:] == [0, 0, 0, 0, 0, 1]


def test_the_running_step_holds_what_is_counted_so_far_and_its_band_is_of_that_time(
    shelved: Shelved,
) -> None:
    shelved.keep(*[bucket(minute, 2) for minute in range(7)])
    shelved.close_up_to(7)
    series = read_series(shelved.books, "B", at(0), at(10), points=2)
    assert series.voices == [10, 4]
    assert series.expected == [10.0, 4.0]
    assert series.high[1] == count_band(4.0, USUAL.voices_size, 2 * MINUTE).high


def test_nothing_is_usual_while_nothing_is_learnt(shelved: Shelved) -> None:
    unlearnt = replace(USUAL, learnt=0)
    shelved.keep(bucket(0, 1, usual=unlearnt), bucket(2, 1, usual=None), bucket(5, 1))
    shelved.close_up_to(7)
    series = read_series(shelved.books, "B", at(0), at(7))
    assert series.expected == [None] * 5 + [2.0, 2.0]
    assert series.usual_negatives == [None] * 5 + [0.5, 0.5]
    assert series.voices == [1, 0, 1, 0, 0, 1, 0]
    coarse = read_series(shelved.books, "B", at(0), at(7), points=2)
    assert coarse.expected == [None, 4.0]  # half a step's usual would be no usual


def test_hours_are_not_split_into_minutes(shelved: Shelved) -> None:
    shelved.keep(*[bucket(minute, 1) for minute in range(0, 180, 3)])
    shelved.buckets.gather_before(at(120))
    shelved.close_up_to(180)
    series = read_series(shelved.books, "B", at(0), at(180))
    assert series.step == HOUR
    assert series.voices == [20, 20, 20]
    assert series.expected == [120.0, 120.0, 120.0]
    fine = read_series(shelved.books, "B", at(120), at(180))
    assert fine.step == MINUTE


def test_a_brand_nobody_heard_of_is_unknown_throughout(shelved: Shelved) -> None:
    shelved.close_up_to(100)
    series = read_series(shelved.books, "nobody", at(0), at(60))
    assert set(series.states) == {UNKNOWN}
    assert set(series.voices) == {None}
    assert series.late == [0] * 60


def test_late_mentions_are_counted_by_when_they_were_posted(shelved: Shelved) -> None:
    shelved.keep(bucket(0, 1))
    shelved.close_up_to(10)
    entries = [
        JudgedEntry(
            "B",
            mention(key, at(minute)),
            Judgement(Label.NEGATIVE, 1.0, 0.0, 0.0, -1.0, "en", "word 1"),
            key,
            at(minute),
            late=key != 3,
            voice=key == 3,
        )
        for key, minute in enumerate([1, 1, 4, 4, 30])
    ]
    shelved.mentions.take([JudgedEnvelope(VERSION, entries)], offset=1)
    series = read_series(shelved.books, "B", at(0), at(10))
    assert series.late == [0, 2, 0, 0, 1, 0, 0, 0, 0, 0]
    plan = shelved.books.mentions._db.execute(
        "EXPLAIN QUERY PLAN SELECT (event_time - ?) / ?, count(*) FROM mentions WHERE brand = ? "
        "AND event_time >= ? AND event_time < ? AND flags & 8 GROUP BY 1",
        (0, 1, 1, 0, 1),
    ).fetchall()
    assert any("mentions_late" in row[3] for row in plan)


def test_incidents_that_touch_the_range_are_marked(shelved: Shelved) -> None:
    level = Level(at(20), Lane.FAST_15, 31.0, 4.0, 50, 40, 0.8, 0.2, "31 in 15 min")

    def opened(minute: int) -> Opened:
        return Opened(
            at=at(minute),
            id=f"B:negative_surge:{minute}",
            brand="B",
            rule=Rule.NEGATIVE_SURGE,
            severity=Severity.CRITICAL,
            event_time=at(minute),
            opened_at=at(minute),
            level=level,
        )

    with shelved.incidents.write() as work:
        for minute, end in ((0, 5), (10, 30), (40, None)):
            first = work.record(None, [opened(minute)])
            if end is not None:
                work.record(first, [Resolved(at=at(end), by="ann")])
    shelved.keep(bucket(0, 1))
    shelved.close_up_to(60)
    series = read_series(shelved.books, "B", at(20), at(60))
    assert [(each.id, each.opened_at, each.ended_at) for each in series.incidents] == [
        ("B:negative_surge:10", at(10), at(30)),
        ("B:negative_surge:40", at(40), None),
    ]
    assert series.incidents[0].title == "critical: 31 negative voices in 15 min, usually 4"
    assert read_series(shelved.books, "B", at(5), at(10)).incidents == []


def test_changes_of_settings_are_marked_where_they_may_move_the_line(
    shelved: Shelved, tmp_path: Path
) -> None:
    shelved.keep(bucket(0, 1))
    shelved.close_up_to(60)
    table = ChangeTable(tmp_path)
    first = {"detection.sensitivity": "balanced", "logs.level": "info", "brands[B].zone": "UTC"}
    table.note(at(1), "1", first)
    table.note(at(10), "2", first | {"detection.sensitivity": "fewer", "logs.level": "debug"})
    table.note(at(20), "3", first | {"detection.sensitivity": "fewer"})
    table.note(at(30), "4", first | {"detection.sensitivity": "fewer", "brands[C].zone": "UTC"})
    table.close()
    for brand in ("B", "C"):
        marks = read_series(shelved.books, brand, at(0), at(60)).changes
        mine = [Change(at(30), "brands[C] added")] if brand == "C" else []
        assert marks == [Change(at(10), "detection.sensitivity balanced -> fewer"), *mine]


def test_lanes_show_each_steps_last_reading(shelved: Shelved) -> None:
    def reading(score: float, reason: Reason) -> Reading:
        return Reading(
            Rule.NEGATIVE_SURGE, Lane.FAST_5, 12.0, 1.5, 20, 4.0, 3.0, 2.0, score, 7.0, 1, reason
        )

    shelved.keep(
        replace(bucket(0, 1), readings=[pack_reading(reading(1.0, Reason.TOO_FEW))]),
        replace(bucket(1, 1), readings=[pack_reading(reading(7.5, Reason.HIT))]),
        replace(bucket(7, 1), readings=[pack_reading(reading(2.0, Reason.BELOW_SUM))]),
    )
    shelved.close_up_to(15)
    lanes = read_series(shelved.books, "B", at(0), at(15), points=3, lanes=True).lanes
    assert list(lanes) == ["5m"]
    assert lanes["5m"].score == [7.5, 2.0, None]
    assert lanes["5m"].threshold == [7.0, 7.0, None]
    assert lanes["5m"].reason == [Reason.HIT, Reason.BELOW_SUM, None]
    assert read_series(shelved.books, "B", at(0), at(15)).lanes == {}


@given(
    st.lists(
        st.tuples(
            st.integers(0, 40),
            st.sampled_from([KNOWN, KNOWN, KNOWN, BLIND, UNKNOWN]),
            st.integers(0, 5),
            st.integers(1, 60),
        ),
        max_size=40,
    ),
    st.integers(0, 900),
    st.sampled_from([5, 15, 30, 60]),
)
@settings(deadline=None, max_examples=60)
def test_coarse_steps_are_the_sums_of_fine_ones_and_cut_ranges_agree(
    tmp_path_factory: pytest.TempPathFactory,
    drawn: list[tuple[int, BucketState, int, int]],
    closed: int,
    step: int,
) -> None:
    records, minute = [], 0
    for left_out, state, voices, run in drawn:
        minute += left_out
        count = run if state is UNKNOWN else 1
        records.append(bucket(minute, voices, state=state, count=count))
        minute += count
    table = BucketTable(tmp_path_factory.mktemp("steps"), durable=False)
    table.take(records, offset=1)

    def steps(first: int, length: int, count: int) -> Steps:
        start = at(first)
        end = start + length * MINUTE * count
        return Steps(start, length * MINUTE, count).fill(
            table.figures_before("B", start),
            table.figures("B", start, end),
            at(max(minute, closed)),
        )

    whole = 1200
    fine, coarse = steps(0, 1, whole), steps(0, step, whole // step)
    states, sums, expected = fine.states(), fine.voices, fine.usual()
    for index, state in enumerate(coarse.states()):
        part = slice(index * step, (index + 1) * step)
        inside = [each for each in states[part] if each is not UNKNOWN]
        running = index * step < max(minute, closed) < (index + 1) * step
        if state is UNKNOWN:
            assert not inside
            continue
        assert len(inside) == step or running or coarse.partly()[index]
        assert coarse.voices[index] == sum(sums[part])
        usual = coarse.usual()[index]
        parts = [each.voices for each in expected[part] if each is not None]
        assert usual is not None
        assert usual.voices == pytest.approx(sum(parts), abs=0.01)
    cut = whole // 3
    assert steps(cut, 1, whole - cut).states() == states[cut:]
    assert steps(cut, 1, whole - cut).voices == sums[cut:]
    table.close()


def test_every_step_divides_a_day_and_at_most_so_many_points_are_drawn() -> None:
    assert all(DAY % step == 0 for step in STEPS)
    for span in (HOUR, 6 * HOUR, DAY, 7 * DAY, 30 * DAY):
        assert span / step_for(span, 300) <= 300
    assert step_for(400 * DAY, 300) == DAY
