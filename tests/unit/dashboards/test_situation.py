"""The situation: how each brand stands, who has it, what is owed, in which order."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from alerts.clocks import owed_at
from alerts.incident import (
    Acknowledged,
    AnyEvent,
    Assigned,
    Audience,
    Level,
    Opened,
    Resolved,
    State,
    Updated,
)
from alerts.policy import Policy
from dashboards.views.bands import count_band, share_band
from dashboards.views.situation import LAGS, Situation, SituationView, Standing, Trend
from detectors.observation import BucketState
from detectors.reading import Lane, Rule
from detectors.severity import Severity
from tests.unit.dashboards.shelved import DAY, HOUR, MINUTE, T0, USUAL, Shelved, bucket

END = 26 * 60
"""The minute up to which all is closed: the last half hour is over."""


@pytest.fixture
def shelved(tmp_path: Path) -> Iterator[Shelved]:
    made = Shelved(tmp_path)
    yield made
    made.done()


def at(minute: int) -> int:
    return T0 + minute * MINUTE


def look(shelved: Shelved, *brands: str, now: int = at(END)) -> Situation:
    return SituationView(Policy(), DAY, brands).read(shelved.books, now)


def opened(brand: str, severity: Severity, rule: Rule = Rule.NEGATIVE_SURGE) -> Opened:
    return Opened(
        at=at(END - 30),
        id=f"{brand}:{rule}:x",
        brand=brand,
        rule=rule,
        severity=severity,
        event_time=at(END - 30),
        opened_at=at(END - 31),
        level=Level(at(END - 30), Lane.FAST_15, 31.0, 4.0, 50, 40, 0.8, 0.2, "31 in 15 min"),
    )


def record(shelved: Shelved, *events: AnyEvent) -> None:
    with shelved.incidents.write() as work:
        incident = None
        for event in events:
            incident = work.record(incident, [event])


def test_brands_stand_in_order_of_urgency(shelved: Shelved) -> None:
    said = [bucket(minute, 2, brand=name) for minute in (0, END - 5) for name in ("usual", "hot")]
    shelved.keep(
        *said,
        bucket(0, 1, brand="silent"),
        bucket(END - 3, 1, brand="young", usual=replace(USUAL, learnt=HOUR)),
        bucket(0, 1, brand="lost"),
        bucket(END - 90, brand="lost", state=BucketState.UNKNOWN, count=90),
        bucket(END - 1, 1, brand="blind", state=BucketState.BLIND),
        bucket(0, 1, brand="noticed"),
        bucket(0, 1, brand="warned"),
    )
    shelved.close_up_to(END)
    record(shelved, opened("hot", Severity.CRITICAL))
    record(shelved, opened("warned", Severity.WARNING))
    record(shelved, opened("noticed", Severity.INFO, Rule.VOLUME))
    record(shelved, opened("source:forum", Severity.WARNING, Rule.BLINDNESS))
    situation = look(shelved, "never")
    assert [(row.brand, row.standing) for row in situation.rows] == [
        ("hot", Standing.CRITICAL),
        ("warned", Standing.WARNING),
        ("noticed", Standing.ATTENTION),
        ("blind", Standing.BLIND),
        ("lost", Standing.UNKNOWN),
        ("young", Standing.LEARNING),
        ("never", Standing.LEARNING),
        ("usual", Standing.USUAL),
        ("silent", Standing.SILENT),
    ]
    assert situation.blind == ("forum",)
    assert situation.as_of == at(END)
    rows = {row.brand: row for row in situation.rows}
    assert rows["lost"].as_of == at(END - 90)
    assert rows["never"].as_of is None
    assert rows["usual"].as_of == at(END)
    assert rows["young"].learning == pytest.approx((HOUR + 2 * MINUTE) / DAY)
    assert rows["usual"].learning == 1.0


def test_of_equals_the_one_farther_above_its_band_stands_first(shelved: Shelved) -> None:
    for name, voices, negatives in (("a", 1, 0), ("b", 400, 100), ("c", 30, 30)):
        shelved.keep(bucket(0, 1, brand=name), bucket(END - 2, voices, negatives, brand=name))
    shelved.close_up_to(END)
    assert [row.brand for row in look(shelved).rows] == ["c", "b", "a"]
    assert look(shelved).rows[1].excess > 1.0


def test_a_row_says_the_last_hour_against_its_bands_and_the_day_in_half_hours(
    shelved: Shelved,
) -> None:
    shelved.keep(
        bucket(0, 1),
        bucket(END - 70, 50, 50),  # before the window
        bucket(END - 60, 3, 1),
        bucket(END - 1, 4, 2),
    )
    shelved.close_up_to(END)
    (row,) = look(shelved).rows
    assert (row.mentions, row.voices, row.negatives, row.scored) == (7, 7, 3, 7)
    assert row.share == pytest.approx(3 / 7)
    assert row.voices_band == count_band(120.0, USUAL.voices_size, HOUR)
    assert row.share_band == share_band(USUAL.share, USUAL.share_size, 7)
    assert len(row.spark) == len(row.spark_high) == 48
    assert row.spark[-5:] == (0, 50, 3, 4, None)  # a half hour begins at the closed time
    assert row.spark_high[-2] == count_band(60.0, USUAL.voices_size, HOUR // 2).high


def test_a_gap_in_the_window_is_taken_out_of_count_and_band(shelved: Shelved) -> None:
    shelved.keep(
        bucket(0, 1),
        bucket(END - 30, state=BucketState.UNKNOWN, count=10),
        bucket(END - 10, 5, 1),
    )
    shelved.close_up_to(END)
    (row,) = look(shelved).rows
    assert row.standing is Standing.USUAL
    assert row.voices_band == count_band(100.0, USUAL.voices_size, 50 * MINUTE)
    assert row.trend is Trend.STEADY  # a part of the quarter before is unknown
    assert row.spark[-2] is None


@pytest.mark.parametrize(
    ("before", "now", "trend"),
    [(2, 20, Trend.GROWING), (20, 2, Trend.FADING), (10, 13, Trend.STEADY), (0, 3, Trend.STEADY)],
)
def test_a_trend_is_told_where_chance_does_not_explain_it(
    shelved: Shelved, before: int, now: int, trend: Trend
) -> None:
    shelved.keep(bucket(0, 1), bucket(END - 20, before, before), bucket(END - 3, now, now))
    shelved.close_up_to(END)
    assert look(shelved).rows[0].trend is trend


def test_a_row_tells_whose_an_incident_is_and_when_the_next_update_is_due(
    shelved: Shelved,
) -> None:
    shelved.keep(bucket(0, 1))
    shelved.close_up_to(END)
    view = SituationView(Policy(), DAY, ["B"])
    assert view.read(shelved.books, at(END)).rows[0].incident is None
    record(
        shelved,
        opened("B", Severity.CRITICAL),
        Acknowledged(at=at(END - 28), by="ann"),
        Assigned(at=at(END - 27), by="ann", to="ben"),
        Updated(at=at(END - 20), by="ann", audience=Audience.INTERNAL, text="looking"),
    )
    (row,) = view.read(shelved.books, at(END)).rows
    assert (row.incident, row.state, row.severity, row.owner) == (
        "B:negative_surge:x",
        State.ACKNOWLEDGED,
        Severity.CRITICAL,
        "ben",
    )
    assert (row.opened_at, row.updated_at) == (at(END - 31), at(END - 20))
    with shelved.incidents.read() as stored:
        incident = stored.incident("B:negative_surge:x")
    assert incident is not None
    dues = [owed_at(incident, audience, Policy()) for audience in Audience]
    assert row.due_at == min(due for due in dues if due is not None) == at(END)
    assert not row.overdue
    assert view.read(shelved.books, at(END) + 1).rows[0].overdue
    with shelved.incidents.write() as work:
        work.record(incident, [Resolved(at=at(END), by="ann")])
    (row,) = view.read(shelved.books, at(END) + 2).rows
    assert (row.incident, row.due_at, row.overdue) == (None, None, False)


def test_of_several_incidents_the_most_urgent_is_told(shelved: Shelved) -> None:
    shelved.keep(bucket(0, 1))
    shelved.close_up_to(END)
    record(shelved, opened("B", Severity.INFO, Rule.VOLUME))
    record(shelved, opened("B", Severity.WARNING, Rule.MANUAL))
    record(shelved, opened("B", Severity.INFO, Rule.NEGATIVE_SURGE))
    (row,) = look(shelved).rows
    assert (row.standing, row.incident) == (Standing.WARNING, "B:manual:x")


def test_when_detection_has_stopped_nobody_is_shown_as_usual(shelved: Shelved) -> None:
    shelved.keep(bucket(0, 1), bucket(END - 2, 3))
    shelved.close_up_to(END)
    view = SituationView(Policy(), DAY, ["B"])
    assert view.read(shelved.books, at(END) + LAGS).rows[0].standing is Standing.USUAL
    assert view.read(shelved.books, at(END) + LAGS + 1).rows[0].standing is Standing.UNKNOWN
    assert view.read(shelved.books, at(END)).rows[0].standing is Standing.USUAL
