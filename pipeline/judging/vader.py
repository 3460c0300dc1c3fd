"""VADER, the rule-based scorer of English, behind the protocol."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Protocol

from pipeline.judging.scorer import Judgement, Label

THRESHOLD = 0.05
"""A compound at or beyond this, on either side of 0, takes a side (Hutto and Gilbert 2014)."""
LONGEST = 2_000
"""Characters read of one text: VADER's time grows with the square of the number of words."""
_REMEMBERED = 8_192


class Analyser(Protocol):
    """What is used of `vaderSentiment.vaderSentiment.SentimentIntensityAnalyzer`."""

    def polarity_scores(self, text: str) -> dict[str, float]:
        """Return `neg`, `neu`, `pos` (shares of the text) and `compound` (-1 to 1)."""
        ...


class VaderScorer:
    """Scores English by vaderSentiment 3.3.2, unchanged.

    The analyser is handed in because making one reads its lexicon from disk. The label follows the
    compound: negative at -0.05 or below, positive at 0.05 or above. VADER knows no probabilities:
    `negative`, `neutral` and `positive` are a stand-in, the shares of the text's words that speak
    each way (its `neg`, `neu`, `pos`), so the greatest of them need not be the label's.
    A text of more than 2,000 characters is judged by its first 2,000. Equal texts are judged once
    while they are remembered (the last 8,192).
    """

    name = "vader"
    version = "3.3.2"
    languages = frozenset({"en"})

    def __init__(self, analyser: Analyser) -> None:
        self._analyser = analyser
        self._judge = lru_cache(_REMEMBERED)(self._judge_one)

    def score(self, texts: Sequence[str], languages: Sequence[str]) -> list[Judgement]:
        """Judge each text; its language is noted as given."""
        return [
            self._judge(text, language) for text, language in zip(texts, languages, strict=True)
        ]

    def _judge_one(self, text: str, language: str) -> Judgement:
        scores = self._analyser.polarity_scores(text[:LONGEST])
        compound = scores["compound"]
        if compound <= -THRESHOLD:
            label = Label.NEGATIVE
        elif compound >= THRESHOLD:
            label = Label.POSITIVE
        else:
            label = Label.NEUTRAL
        negative, neutral, positive = scores["neg"], scores["neu"], scores["pos"]
        if not negative + neutral + positive:
            neutral = 1.0  # a text without words
        return Judgement(
            label, negative, neutral, positive, compound, language, f"{self.name} {self.version}"
        )
