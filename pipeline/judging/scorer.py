"""What a scorer is, and what it says of one text."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Protocol

import msgspec


class Label(StrEnum):
    """How a mention speaks of the brand; `unscored` when nothing could judge it."""

    NEGATIVE = "negative"
    NEUTRAL = "neutral"
    POSITIVE = "positive"
    UNSCORED = "unscored"


class Judgement(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One mention, judged.

    `negative`, `neutral` and `positive` lie in 0..1 and add up to 1 (all 0 when unscored);
    `score` is signed, -1 to 1. `language` is a two-letter code or empty. `scorer` is name and
    version of what judged, empty when unscored.
    """

    label: Label
    negative: float
    neutral: float
    positive: float
    score: float
    language: str
    scorer: str


def unscored(language: str) -> Judgement:
    """Return the judgement of a text nothing could judge: never neutral."""
    return Judgement(Label.UNSCORED, 0.0, 0.0, 0.0, 0.0, language, "")


class Scorer(Protocol):
    """Judges masked texts of the languages it serves; the same text always gets the same answer."""

    @property
    def name(self) -> str:
        """How settings and judgements call it."""
        ...

    @property
    def version(self) -> str:
        """Changes whenever an answer may change."""
        ...

    @property
    def languages(self) -> frozenset[str]:
        """Two-letter codes; a text of any other language is never handed over."""
        ...

    def score(self, texts: Sequence[str], languages: Sequence[str]) -> list[Judgement]:
        """Judge each text, in order; `languages` runs along with `texts`."""
        ...


class NoScorer:
    """The setting "none": serves no language, so that everything stays unscored.

    With it the road can be measured, or run, without sentiment.
    """

    name = "none"
    version = "1"
    languages: frozenset[str] = frozenset()

    def score(self, texts: Sequence[str], languages: Sequence[str]) -> list[Judgement]:
        """Leave each text unscored."""
        return [unscored(language) for _, language in zip(texts, languages, strict=True)]
