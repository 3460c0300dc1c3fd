import pytest

from detectors.lanes import View
from detectors.reading import Lane, Reading, Reason, Rule
from detectors.settings import HOUR, MINUTE
from detectors.wording import attention_reason, opening_reason, rising_reason, spell


@pytest.mark.parametrize(
    ("duration", "words"),
    [(15 * MINUTE, "15 min"), (HOUR, "an hour"), (6 * HOUR, "6 h"), (1, "1 min")],
)
def test_durations_are_said_as_people_say_them(duration: int, words: str) -> None:
    assert spell(duration) == words


def test_the_slow_lane_says_about() -> None:
    view = View(Lane.SLOW, 31.4, 12.9, 82, 90)
    assert opening_reason(view, 231 * MINUTE, 0.26) == (
        "about 31 negative voices in about 4 h, 2.4 times the usual 12.9; "
        "38 % of voices negative, usually 26 %"
    )


def test_nothing_usual_is_said_in_words() -> None:
    view = View(Lane.FAST_15, 16, 0.0, 20, 20)
    assert "usually none" in opening_reason(view, 15 * MINUTE, 0.25)
    reading = Reading(
        Rule.VOLUME, Lane.VOLUME, 40.0, 0.0, 3, 3.0, 3.0, 0.0, 3.0, 2.3, 1, Reason.HIT
    )
    assert attention_reason(reading) == "about 40 voices lately, usually none"


def test_the_floor_names_nothing_usual() -> None:
    said = opening_reason(View(Lane.FLOOR, 16, 4.0, 20, 20), 15 * MINUTE, 0.25)
    assert said == "16 negative voices in 15 min; 80 % of voices negative"


def test_a_first_line_fits_a_lock_screen() -> None:
    view = View(Lane.FAST_60, 123_456, 7890.1, 400_000, 500_000)
    assert len(opening_reason(view, HOUR, 0.25).split(";")[0]) <= 80
    assert len(rising_reason(61, view)) <= 110
