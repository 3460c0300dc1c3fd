import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.settings.durations import LONGEST, format_duration, parse_duration


@given(st.integers(0, LONGEST // 1000).map(lambda seconds: seconds * 1000))
@settings(deadline=None, max_examples=300)
def test_what_is_written_is_read_back(milliseconds: int) -> None:
    assert parse_duration(format_duration(milliseconds)) == milliseconds


@pytest.mark.parametrize(
    ("text", "milliseconds"),
    [
        ("45s", 45_000),
        ("20m", 1_200_000),
        ("7d", 604_800_000),
        ("1h30m", 5_400_000),
        ("1w", 604_800_000),
        ("2d 4h", 187_200_000),
        (" 90s ", 90_000),
        ("0s", 0),
    ],
)
def test_durations_people_write(text: str, milliseconds: int) -> None:
    assert parse_duration(text) == milliseconds


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("20", 'write "20s"'),
        ("", "is no duration"),
        ("5 minutes", "is no duration"),
        ("30m1h", "is no duration"),
        ("1h1h", "is no duration"),
        ("-5m", "is no duration"),
        ("1.5h", "is no duration"),
        ("5M", "is no duration"),
        ("٣s", "is no duration"),
        ("500ms", "is no duration"),
        ("1000000d", "longer than a century"),
        ("9" * 5000 + "s", "longer than a century"),
    ],
)
def test_what_is_no_duration_says_how_to_write_one(text: str, hint: str) -> None:
    with pytest.raises(ValueError, match=r"is no|has no|longer") as caught:
        parse_duration(text)
    assert hint in str(caught.value)


@given(st.text(max_size=30))
@settings(deadline=None, max_examples=300)
def test_any_text_is_a_duration_or_a_value_error(text: str) -> None:
    try:
        found = parse_duration(text)
    except ValueError:
        return
    assert 0 <= found <= LONGEST
    assert found % 1000 == 0


@pytest.mark.parametrize("milliseconds", [-1000, 1, 1500])
def test_only_whole_seconds_are_written(milliseconds: int) -> None:
    with pytest.raises(ValueError, match="whole number of seconds"):
        format_duration(milliseconds)
