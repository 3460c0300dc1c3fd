from datetime import timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.notifiers.answer import Result
from alerts.notifiers.post import LONGEST_WAIT, judge
from alerts.times import EPOCH

NOW = 1_790_000_000_000
FINAL = {Result.DELIVERED, Result.REFUSED}


@given(st.integers(200, 599), st.one_of(st.none(), st.text(), st.integers().map(str)))
def test_any_answer_is_judged_and_any_wish_is_bounded(status: int, wish: str | None) -> None:
    answer = judge(status, wish, NOW)
    assert answer.result.is_final == (answer.result in FINAL)
    assert (answer.result is Result.DELIVERED) == (status < 300)
    repeatable = status >= 500 or status in {408, 425, 429}
    assert answer.result.is_final != repeatable
    if answer.retry_after is not None:
        assert repeatable
        assert 0 <= answer.retry_after <= LONGEST_WAIT


@given(st.integers(-10_000, 10_000))
def test_a_date_is_a_span_from_now(seconds: int) -> None:
    moment = EPOCH + timedelta(milliseconds=NOW) + timedelta(seconds=seconds)
    answer = judge(503, format_datetime(moment, usegmt=True), NOW)
    assert answer.retry_after == min(max(seconds * 1000, 0), LONGEST_WAIT)


@pytest.mark.parametrize(
    "wish",
    [
        "",
        "-5",
        "1.5",
        "\u0665",
        "Wed, 99 Oct 2099 07:28:00 GMT",
        "Wed, 21 Oct 9999 23:59:59 -9999",
        "soon",
        "0x10",
    ],
)
def test_nonsense_is_no_wish(wish: str) -> None:
    answer = judge(429, wish, NOW)
    assert answer.result is Result.DEFERRED
    assert answer.retry_after in {None, LONGEST_WAIT}


def test_a_date_without_a_zone_is_read_as_utc() -> None:
    assert judge(429, "Mon, 21 Sep 2026 14:13:27 -0000", NOW).retry_after == 7_000
