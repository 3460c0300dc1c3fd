"""VADER, the rule-based scorer of English, behind the protocol."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from pipeline.judging.scorer import Judgement, Label
from pipeline.judging.valence import Valence

THRESHOLD = 0.05
"""A compound at or beyond this, on either side of 0, takes a side (Hutto and Gilbert 2014)."""
LONGEST = 10_000
"""Characters read of one text: no post holds up the others."""


class Analyser(Protocol):
    """What is used of `vaderSentiment.vaderSentiment.SentimentIntensityAnalyzer`: its lexicons."""

    lexicon: Mapping[str, float]
    emojis: Mapping[str, str]


class VaderScorer:
    """Scores English as vaderSentiment 3.3.2 does, number for number.

    The analyser is handed in because making one reads its lexicons from disk. The label follows the
    compound: negative at -0.05 or below, positive at 0.05 or above. VADER knows no probabilities:
    `negative`, `neutral` and `positive` are a stand-in, the shares of the text's weight that speak
    each way (its `neg`, `neu`, `pos`), so the greatest of them need not be the label's.
    A text of more than 10,000 characters is judged by its first 10,000.
    """

    name = "vader"
    version = "3.3.2"
    languages = frozenset({"en"})

    def __init__(self, analyser: Analyser) -> None:
        self._valence = Valence(analyser.lexicon, analyser.emojis)
        self._polarity = self._valence.polarity
        self._called = f"{self.name} {self.version}"

    def score(self, texts: Sequence[str], languages: Sequence[str]) -> list[Judgement]:
        """Judge each text; its language is noted as given."""
        return [
            self._judge(text, language) for text, language in zip(texts, languages, strict=True)
        ]

    def decisive(self, text: str) -> tuple[tuple[str, float], ...]:
        """Return the words that decided, in order, each with the weight the rules gave it."""
        return self._valence.decisive(text[:LONGEST])

    def _judge(self, text: str, language: str) -> Judgement:
        negative, neutral, positive, compound = self._polarity(text[:LONGEST])
        if compound <= -THRESHOLD:
            label = Label.NEGATIVE
        elif compound >= THRESHOLD:
            label = Label.POSITIVE
        else:
            label = Label.NEUTRAL
        if not negative + neutral + positive:
            neutral = 1.0  # a text without words
        return Judgement(label, negative, neutral, positive, compound, language, self._called)
