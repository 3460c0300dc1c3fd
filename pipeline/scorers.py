"""Making scorers: the part of judging that reads lexicons from disk."""

from enum import StrEnum

from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

from pipeline.judging.vader import VaderScorer
from pipeline.timed_judge import TimedJudge


class ScorerName(StrEnum):
    """The scorers there are; `none` leaves everything unscored, to measure the road without."""

    VADER = "vader"
    NONE = "none"


def make_judge(name: ScorerName = ScorerName.VADER) -> TimedJudge:
    """Make the judge with this scorer; about 0.1 s for VADER's lexicon."""
    if name is ScorerName.NONE:
        return TimedJudge([])
    return TimedJudge([VaderScorer(SentimentIntensityAnalyzer())])
