"""One text under the glass: what the monitor would make of it; nothing is stored."""

from collections.abc import Sequence

import msgspec
from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

from pipeline.brands import Brand, BrandMatcher, Concern
from pipeline.judging.judge import Judge
from pipeline.judging.language import language_of
from pipeline.judging.privacy import mask
from pipeline.judging.scorer import Judgement
from pipeline.judging.vader import VaderScorer
from pipeline.mention import Mention

LONGEST = 1_000
"""Characters of a text that can be tried."""


class Found(msgspec.Struct, frozen=True):
    """A brand the text concerns, and by which words."""

    brand: str
    words: tuple[str, ...]


class Tried(msgspec.Struct, frozen=True):
    """What is made of a text.

    `masked` is what the scorer reads. `decisive` are words of it with the weight the scorer's
    rules gave them (below 0 speaks against).
    """

    text: str
    found: tuple[Found, ...] = ()
    masked: str = ""
    judgement: Judgement | None = None
    decisive: tuple[tuple[str, float], ...] = ()
    error: str = ""


class Glass:
    """Looks at texts as the engine would; thread-safe."""

    def __init__(self, brands: Sequence[Brand]) -> None:
        self._scorer = VaderScorer(SentimentIntensityAnalyzer())
        self._judge = Judge([self._scorer])
        self._matcher = BrandMatcher(brands, accept_unknown=False)
        self._alone = [(brand, BrandMatcher([brand], accept_unknown=False)) for brand in brands]

    def look(self, text: str) -> Tried:
        """Say which brands it concerns and why, what is masked, and what the rest weighs."""
        text = text.replace("\r\n", "\n").strip()
        if not text:
            return Tried("", error="Write something first.")
        if len(text) > LONGEST:
            return Tried(
                text[:LONGEST], error=f"That is longer than {LONGEST:,} characters: shorten it."
            )
        mention = Mention("tried", "visitor", 0, 0, text)
        concerns = self._matcher.match(mention)
        masks = concerns[0].masks if concerns else ()
        usual = self._matcher.brand(concerns[0].brand).languages if concerns else ("en",)
        (judgement,) = self._judge.judge([(mention, masks)], [usual])
        masked = mask(text, masks)
        language = language_of(text, "", usual)
        decisive = self._scorer.decisive(masked) if language in self._scorer.languages else ()
        return Tried(text, self._found(mention, concerns), masked, judgement, decisive)

    def _found(self, mention: Mention, concerns: Sequence[Concern]) -> tuple[Found, ...]:
        names = {each.brand for each in concerns}
        found = []
        for brand, matcher in self._alone:
            if brand.name not in names:
                continue
            words = [
                mention.text[start:end]
                for concern in matcher.match(mention)
                for start, end in zip(concern.masks[::2], concern.masks[1::2], strict=True)
            ]
            found.append(Found(brand.name, tuple(dict.fromkeys(words))))
        return tuple(found)
