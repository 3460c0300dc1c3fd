"""What a brand's charts show, in sentences."""

import re

from dashboards.console.brand_words import Said, said_of
from dashboards.console.series_json import encode_series
from dashboards.views.series import Series
from detectors.observation import BucketState

STEP = 5 * 60_000
DAY = 24 * 12 * STEP
START = 1_772_323_200_000
KNOWN, UNKNOWN, BLIND = BucketState.KNOWN, BucketState.UNKNOWN, BucketState.BLIND


def a_series(
    voices: list[int | None],
    negatives: list[int | None],
    *,
    states: list[BucketState] | None = None,
    late: list[int] | None = None,
    high: float | None = 10.0,
    share_high: float | None = 0.4,
    learnt: int = 10 * DAY,
) -> Series:
    """Every voice is judged; usually 2 to `high` voices, up to `share_high` negative."""
    count = len(voices)
    shares = [
        each / of if each is not None and of else None
        for each, of in zip(negatives, voices, strict=True)
    ]
    return Series(
        "B",
        START,
        START + count * STEP,
        STEP,
        START + count * STEP,
        times=[START + index * STEP for index in range(count)],
        states=states or [KNOWN] * count,
        mentions=voices,
        unique=voices,
        voices=voices,
        negatives=negatives,
        scored=voices,
        delayed=[0] * count,
        late=late or [0] * count,
        expected=[5.0] * count,
        low=[2.0] * count,
        high=[high] * count,
        usual_negatives=[1.0] * count,
        share=shares,
        share_usual=[0.2] * count,
        share_low=[0.1] * count,
        share_high=[share_high] * count,
        incidents=[],
        changes=[],
        lanes={},
        learnt=[learnt + index * STEP for index in range(count)],
    )


def plain(said: Said) -> tuple[str, str, str, str]:
    voices, share, negatives, gaps = (
        re.sub(r"<[^>]*>", "", str(each))
        for each in (said.voices, said.share, said.negatives, said.gaps)
    )
    return voices, share, negatives, gaps


def said(series: Series) -> tuple[str, str, str, str]:
    return plain(said_of(series, series, DAY))


def test_a_quiet_time() -> None:
    voices, share, negatives, gaps = said(a_series([4, 6, 5], [1, 1, 1]))
    assert voices == (
        "15 voices. Most in 5 min from Sun 01 Mar 00:05 UTC on: 6 (usually 2-10). "
        "Never above the usual."
    )
    assert share == (
        "20 % negative of 15 voices judged. Last: 20 % (usually 10-40 %). Never above the usual."
    )
    assert negatives == (
        "3 negative voices, usually about 3. Most in 5 min from Sun 01 Mar 00:00 UTC on: 1."
    )
    assert gaps == ""


def test_a_surge_is_told_with_its_longest_run() -> None:
    voices, share, _, _ = said(a_series([20, 5, 30, 40, 50, 5], [1, 1, 20, 30, 40, 1]))
    assert voices.endswith(
        "20 min above the usual, longest from Sun 01 Mar 00:10 UTC on for 15 min."
    )
    assert share.endswith(
        "15 min above the usual, longest from Sun 01 Mar 00:10 UTC on for 15 min."
    )


def test_what_is_unknown_is_not_called_quiet() -> None:
    voices, share, negatives, gaps = said(
        a_series([None, None], [None, None], states=[UNKNOWN, UNKNOWN])
    )
    assert voices == negatives == "Nothing is known of this time."
    assert share == "No voice was judged in this time."
    assert gaps.startswith("10 min unknown")


def test_blind_and_late_are_told() -> None:
    *_, gaps = said(a_series([5, 5], [1, 1], states=[KNOWN, BLIND], late=[2, 1]))
    assert "5 min with a source silent against its rhythm" in gaps
    assert gaps.endswith("3 mentions came too late to be counted")


def test_nothing_is_usual_while_it_is_learnt() -> None:
    for series in (
        a_series([50, 5], [40, 1], learnt=DAY // 2),
        a_series([50, 5], [40, 1], high=None, share_high=None),
    ):
        voices, share, _, _ = said(series)
        assert voices.endswith("What is usual here is still being learnt.")
        assert share.endswith("What is usual here is still being learnt.")
        assert "above the usual" not in voices + share
        assert "usually" not in voices + share


def test_what_was_learnt_on_the_way_counts_from_then_on() -> None:
    series = a_series([50, 50, 50, 5], [1, 1, 1, 1], learnt=DAY - 2 * STEP)
    assert series.learning_until(DAY) == START + 2 * STEP
    voices, _, negatives, _ = said(series)
    assert voices == (
        "155 voices. Most in 5 min from Sun 01 Mar 00:00 UTC on: 50 (so far 2-10). What is usual "
        "was still being learnt up to Sun 01 Mar 00:10 UTC. 5 min above the usual."
    )
    assert negatives.startswith("4 negative voices, about 4 expected. ")


def test_of_what_is_partly_known_at_least_so_much_is_said() -> None:
    series = a_series([None, 40], [None, 30], states=[UNKNOWN, BLIND])
    series.partly = [False, True]
    voices, _, negatives, gaps = said(series)
    assert voices.startswith("At least 40 voices. ")
    assert negatives.startswith("At least 30 negative voices, ")
    assert gaps.startswith("5 min unknown")
    assert gaps.endswith("5 min of which a part is unknown: counts are a lower bound")
    assert "silent" not in gaps
    assert b'"states":"up"' in encode_series(series, series, DAY)
