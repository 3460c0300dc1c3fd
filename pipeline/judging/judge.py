"""Judging a batch of mentions: language, then rating or scorer, always on masked text."""

from collections.abc import Sequence

from pipeline.judging.language import language_of
from pipeline.judging.privacy import mask
from pipeline.judging.scorer import Judgement, Label, Scorer, unscored
from pipeline.mention import Mention

RATING = "rating 1"
"""What a judgement made from a review's rating names as its scorer."""


def judge_rating(rating: float, language: str) -> Judgement:
    """Judge a review by its rating of 1 to 5: up to 2.5 negative, from 3.5 positive.

    The score is linear, -1 for 1 and 1 for 5; the whole probability is the label's.

    >>> judge_rating(2, "en").label, judge_rating(5, "en").score
    (<Label.NEGATIVE: 'negative'>, 1.0)
    """
    score = (rating - 3) / 2
    if rating <= 2.5:
        return Judgement(Label.NEGATIVE, 1.0, 0.0, 0.0, score, language, RATING)
    if rating >= 3.5:
        return Judgement(Label.POSITIVE, 0.0, 0.0, 1.0, score, language, RATING)
    return Judgement(Label.NEUTRAL, 0.0, 1.0, 0.0, score, language, RATING)


class Judge:
    """Judges mentions; pure: the same mention always gets the same judgement.

    A rating of 1 to 5 outranks every scorer. Else the first of `scorers` that serves the mention's
    language judges its masked text. Where none does, the mention is unscored, never neutral;
    without scorers (or with `NoScorer` alone) all but rated reviews are.
    """

    def __init__(self, scorers: Sequence[Scorer]) -> None:
        self._by_language: dict[str, Scorer] = {}
        for scorer in scorers:
            for language in scorer.languages:
                self._by_language.setdefault(language, scorer)
        self._unscored: dict[str, Judgement] = {}

    @property
    def languages(self) -> frozenset[str]:
        """The languages some scorer serves."""
        return frozenset(self._by_language)

    def judge(
        self,
        mentions: Sequence[tuple[Mention, tuple[int, ...]]],
        brand_languages: Sequence[Sequence[str]],
    ) -> list[Judgement]:
        """Judge each mention, in order.

        `mentions` are pairs of a mention and the spans to mask (`Concern.masks`);
        `brand_languages` runs along with them: the languages of the brand each concerns.
        """
        judgements: list[Judgement] = []
        waiting: dict[Scorer, tuple[list[int], list[str], list[str]]] = {}
        scorers = self._by_language
        for (mention, masks), usual in zip(mentions, brand_languages, strict=True):
            text = mention.text
            language = language_of(text, mention.language, usual)
            rating = mention.rating
            if rating is not None and 1 <= rating <= 5:
                judgements.append(judge_rating(rating, language))
                continue
            scorer = scorers.get(language)
            if scorer is not None:
                places, texts, languages = waiting.setdefault(scorer, ([], [], []))
                places.append(len(judgements))
                texts.append(mask(text, masks))
                languages.append(language)
            judgements.append(self._none(language))
        for scorer, (places, texts, languages) in waiting.items():
            answers = scorer.score(texts, languages)
            for place, judgement in zip(places, answers, strict=True):
                judgements[place] = judgement
        return judgements

    def _none(self, language: str) -> Judgement:
        try:
            return self._unscored[language]
        except KeyError:
            judgement = unscored(language)
            if len(self._unscored) < 1_000:
                self._unscored[language] = judgement
            return judgement
