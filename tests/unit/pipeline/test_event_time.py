from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.event_time import LATEST, Unusable, instant_of, instant_of_number
from pipeline.mention import RejectedReason

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@settings(deadline=None, max_examples=300)
@given(
    moment=st.datetimes(datetime(1971, 1, 1), datetime(2199, 12, 30)),  # noqa: DTZ001  # gets its offset below
    offset=st.integers(-14 * 60, 14 * 60),
    blank=st.sampled_from("T t"),
    digits=st.sampled_from(["seconds", "milliseconds", "microseconds"]),
)
def test_a_written_time_is_read_as_the_calendar_has_it(
    moment: datetime, offset: int, blank: str, digits: str
) -> None:
    aware = moment.replace(tzinfo=timezone(timedelta(minutes=offset)))
    written = aware.isoformat(sep=blank, timespec=digits)
    shown = datetime.fromisoformat(written)
    assert instant_of(written, None) == (shown - EPOCH) // timedelta(milliseconds=1)


@pytest.mark.parametrize(
    ("written", "zone", "utc"),
    [
        ("2026-03-29T01:59:59", "Europe/Berlin", "2026-03-29T00:59:59Z"),
        ("2026-03-29T03:00:00", "Europe/Berlin", "2026-03-29T01:00:00Z"),
        ("2026-10-25T02:30:00", "Europe/Berlin", "2026-10-25T00:30:00Z"),
        ("2026-07-01", "Asia/Jakarta", "2026-06-30T17:00:00Z"),
        ("2026-07-01T12:00:00Z", "Asia/Jakarta", "2026-07-01T12:00:00Z"),
        ("2026-07-01 12:00:00 UTC", None, "2026-07-01T12:00:00Z"),
        ("2026-12-31T23:59:60Z", None, "2027-01-01T00:00:00Z"),
        ("20260701T120000+0200", None, "2026-07-01T10:00:00Z"),
        ("20260701T1200+02:30", None, "2026-07-01T09:30:00Z"),
        ("2026W27T12+01:00:05", None, "2026-06-29T10:59:55Z"),
    ],
)
def test_zones_and_other_ways_of_writing(written: str, zone: str | None, utc: str) -> None:
    for _ in range(2):
        assert instant_of(written, zone) == instant_of(utc, None)


def test_the_same_words_in_another_zone_are_another_time() -> None:
    written = "2026-07-01T12:00:00"
    assert instant_of(written, "Europe/Berlin") + 2 * 3_600_000 == instant_of(written, "UTC")
    with pytest.raises(Unusable):
        instant_of(written, None)


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ("", RejectedReason.UNDATED),
        ("  ", RejectedReason.UNDATED),
        ("2026-07-01T12:00:00", RejectedReason.NAIVE_TIME),
        ("2026-07-01", RejectedReason.NAIVE_TIME),
        ("2026-07-01T12:60:00Z", RejectedReason.INVALID),
        ("2026-07-01T12:00:61Z", RejectedReason.INVALID),
        ("2026-07-01T12:00:00+25:00", RejectedReason.INVALID),
        ("2026-07-01T12:00:00Z" + " " * 100 + "x", RejectedReason.INVALID),
        ("12:00", RejectedReason.INVALID),
        ("\u0662026-07-01T12:00:00Z", RejectedReason.INVALID),
        ("1969-12-31T23:59:59Z", RejectedReason.INVALID),
        ("2200-01-01T00:00:00Z", RejectedReason.FUTURE),
        ("99999999999999", RejectedReason.FUTURE),
    ],
)
def test_what_is_no_time_says_why(written: str, reason: RejectedReason) -> None:
    for _ in range(2):
        with pytest.raises(Unusable) as why:
            instant_of(written, None)
        assert why.value.reason is reason


@settings(deadline=None, max_examples=300)
@given(st.text(max_size=60), st.sampled_from([None, "Asia/Jakarta", "America/New_York"]))
def test_any_text_is_a_time_in_range_or_unusable(written: str, zone: str | None) -> None:
    with suppress(Unusable):
        assert 0 <= instant_of(written, zone) < LATEST


@settings(deadline=None, max_examples=300)
@given(st.one_of(st.integers(), st.floats()))
def test_any_number_is_a_time_in_range_or_unusable(number: float) -> None:
    with suppress(Unusable):
        assert 0 <= instant_of_number(number) < LATEST


@settings(deadline=None, max_examples=200)
@given(
    st.integers(0, LATEST - 1),
    st.text("0123456789", min_size=1, max_size=9),
    st.sampled_from(["Z", "+00:00", "-08:00", "+05:30"]),
)
def test_fractions_of_a_second_are_read_as_python_reads_them(
    instant: int, fraction: str, offset: str
) -> None:
    second = datetime.fromtimestamp(instant // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    written = f"{second}.{fraction}{offset}"
    span = datetime.fromisoformat(written) - datetime(1970, 1, 1, tzinfo=UTC)
    expected = span // timedelta(milliseconds=1)
    if 0 <= expected < LATEST:
        assert instant_of(written, None) == expected
