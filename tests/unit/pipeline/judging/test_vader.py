"""VADER behind the protocol says what VADER says."""

import csv
import math
import os
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

from pipeline.brands import BrandMatcher
from pipeline.judging.judge import Judge
from pipeline.judging.scorer import Label, Scorer
from pipeline.judging.vader import VaderScorer
from pipeline.mention import Mention

ANALYSER = SentimentIntensityAnalyzer()
SCORER = VaderScorer(ANALYSER)
DATA = Path(os.environ.get("CRISIS_MONITOR_DATA", Path(__file__).parents[4] / "../shared/data"))
WEEK = DATA / "airline" / "mentions.csv"


def test_it_is_a_scorer_of_english() -> None:
    scorer: Scorer = SCORER
    assert scorer.languages == {"en"}
    assert (scorer.name, scorer.version) == ("vader", "3.3.2")


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("great crew, thank you", Label.POSITIVE),
        ("worst flight ever", Label.NEGATIVE),
        ("the flight leaves at nine", Label.NEUTRAL),
        ("", Label.NEUTRAL),
    ],
)
def test_labels_follow_the_compound(text: str, label: Label) -> None:
    (judgement,) = SCORER.score([text], ["en"])
    assert judgement.label is label
    assert judgement.scorer == "vader 3.3.2"
    assert judgement.language == "en"


class OneWord:
    """A lexicon in which "x" alone makes the compound asked for."""

    def __init__(self, compound: float) -> None:
        self.lexicon = {"x": compound * math.sqrt(15 / (1 - compound**2))}
        self.emojis: dict[str, str] = {}


@pytest.mark.parametrize(
    ("compound", "label"),
    [
        (-0.05, Label.NEGATIVE),
        (-0.0499, Label.NEUTRAL),
        (0.0499, Label.NEUTRAL),
        (0.05, Label.POSITIVE),
    ],
)
def test_the_threshold_itself_takes_a_side(compound: float, label: Label) -> None:
    (judgement,) = VaderScorer(OneWord(compound)).score(["x"], ["en"])
    assert judgement.label is label
    assert judgement.score == compound


@settings(deadline=None, max_examples=200)
@given(st.lists(st.text(max_size=200), max_size=4))
def test_batches_keep_order_and_numbers(texts: list[str]) -> None:
    judgements = SCORER.score(texts, ["en"] * len(texts))
    for text, judgement in zip(texts, judgements, strict=True):
        expected = ANALYSER.polarity_scores(text)
        assert judgement.score == expected["compound"]
        shares = (judgement.negative, judgement.neutral, judgement.positive)
        assert sum(shares) == pytest.approx(1, abs=0.003)
        if any(expected[key] for key in ("neg", "neu", "pos")):
            assert shares == (expected["neg"], expected["neu"], expected["pos"])


def test_the_airline_week_with_names_masked() -> None:
    if not WEEK.exists():
        if os.environ.get("CI"):
            pytest.fail(f"{WEEK} is missing: set CRISIS_MONITOR_DATA to the folder with airline/")
        pytest.skip(f"{WEEK} is absent: set CRISIS_MONITOR_DATA to run this")
    with WEEK.open(newline="", encoding="utf-8") as rows:
        mentions = [
            Mention(row["id"], "week", 0, 0, row["text"], brand=row["brand"])
            for row in csv.DictReader(rows)
        ]
    matcher = BrandMatcher([])
    concerns = [matcher.match(mention)[0] for mention in mentions]
    judge = Judge([SCORER])
    pairs = [(mention, concern.masks) for mention, concern in zip(mentions, concerns, strict=True)]
    judgements = judge.judge(pairs, [matcher.brand(each.brand).languages for each in concerns])
    mentioned = Counter(each.brand for each in concerns)
    negative = Counter(
        concern.brand
        for concern, judgement in zip(concerns, judgements, strict=True)
        if judgement.label is Label.NEGATIVE
    )
    shares = {brand: negative[brand] / mentioned[brand] for brand in mentioned}
    assert shares["United"] == pytest.approx(0.387, abs=0.01)
    assert negative.total() / len(mentions) == pytest.approx(0.358, abs=0.01)
    assert min(shares.values()) > 0.25
    assert max(shares, key=shares.__getitem__) == "US Airways"
