"""VADER's rules (Hutto and Gilbert, ICWSM 2014) as vaderSentiment 3.3.2 applies them, in one pass.

vaderSentiment lower-cases every word anew at each rule: some 50 microseconds for a tweet, and the
square of the words for a long text. Here a word is looked at once, and the rules run only where
the lexicon has a say. Every number is the same to the last digit, peculiarities included.
"""

import math
import re
from collections.abc import Collection, Mapping, Sequence
from string import punctuation

from vaderSentiment.vaderSentiment import BOOSTER_DICT, C_INCR, N_SCALAR, NEGATE, SPECIAL_CASES

_NEGATIONS = frozenset(NEGATE)
_BOOSTERS: dict[str, float] = {key: BOOSTER_DICT[key] for key in BOOSTER_DICT if " " not in key}
_DAMPENERS: dict[str, float] = {key: BOOSTER_DICT[key] for key in BOOSTER_DICT if " " in key}
_PHRASES: dict[str, float] = {key: SPECIAL_CASES[key] for key in SPECIAL_CASES if " " in key}
_TELLING = frozenset(max(key.split(), key=len) for key in (*_PHRASES, *_DAMPENERS))
"""One word of each phrase: a text without any of these holds no phrase."""
_BEYOND_ASCII = re.compile(r"[^\x00-\x7f]")
_NOT_LEAST = (["at"], ["very"])
_EMPHASIS = frozenset(("so", "this"))
_MODIFIERS = _EMPHASIS.union(_NEGATIONS, _BOOSTERS, ("no", "least"))
"""Words that change a valence behind them, but for what ends in "n't" and the phrases."""
_ALPHA = 15
"""Steers how soon a sum of valences comes near -1 or 1."""


class Valence:
    """Weighs English texts by a lexicon of valences and one of descriptions of emoji.

    Guarantees: `polarity(text)` is what `SentimentIntensityAnalyzer.polarity_scores(text)` with the
    same lexicons answers, exactly (emoji of one character; others it never finds either).
    """

    __slots__ = ("_emojis", "_lexicon")

    def __init__(self, lexicon: Mapping[str, float], emojis: Mapping[str, str]) -> None:
        self._lexicon = dict(lexicon)
        self._emojis = dict(emojis)

    def polarity(self, text: str) -> tuple[float, float, float, float]:
        """Return the shares negative, neutral and positive, and the compound of -1 to 1."""
        text, words, lowers = self._split(text)
        if not words:
            return 0.0, 0.0, 0.0, 0.0
        lexicon = self._lexicon
        places = [place for place, word in enumerate(lowers) if word in lexicon]
        if not places:
            return 0.0, 1.0, 0.0, 0.0
        valences = self._valences(words, lowers, places, negated="n't" in text.lower())
        return _sum_up(valences.values(), len(words), text)

    def decisive(self, text: str) -> tuple[tuple[str, float], ...]:
        """Return the words whose valences `polarity` adds up, in order, as the rules weigh them.

        >>> Valence({"good": 1.9, "late": -0.5}, {}).decisive("late, not good!")
        (('late,', -0.5), ('good!', -1.406))
        """
        text, words, lowers = self._split(text)
        places = [place for place, word in enumerate(lowers) if word in self._lexicon]
        valences = self._valences(words, lowers, places, negated="n't" in text.lower())
        return tuple((words[place], value) for place, value in valences.items() if value)

    def _split(self, text: str) -> tuple[str, list[str], list[str]]:
        """Return the text with its emoji spelt out, its words, and these as the rules read them."""
        if text.isascii():
            words = text.split()
            lowers = [
                word if len(stripped := word.strip(punctuation)) <= 2 else stripped
                for word in text.lower().split()
            ]
        else:
            text = self._spell_emoji(text)
            words = text.split()
            lowers = [
                (word if len(stripped := word.strip(punctuation)) <= 2 else stripped).lower()
                for word in words
            ]
        return text, words, lowers

    def _spell_emoji(self, text: str) -> str:
        """Put the description of each emoji in its place, a space in front unless there is one."""
        emojis = self._emojis
        parts: list[str] = []
        at = 0
        spaced = True
        for found in _BEYOND_ASCII.finditer(text):
            description = emojis.get(found[0])
            if description is None:
                continue
            start = found.start()
            if at < start:
                parts.append(text[at:start])
                spaced = text[start - 1] == " "
            parts.append(description if spaced else f" {description}")
            spaced = False
            at = start + 1
        parts.append(text[at:])
        return "".join(parts)

    def _valences(
        self, words: Sequence[str], lowers: Sequence[str], places: Sequence[int], *, negated: bool
    ) -> dict[int, float]:
        """Return the valences of the words that have one by place, as "but" weighs them."""
        contrast = _contrast(words)
        phrased = not _TELLING.isdisjoint(lowers)
        lexicon = self._lexicon
        end = len(words)
        weighed: dict[int, float] = {}
        for place in places:
            word = lowers[place]
            if word in _BOOSTERS or (word == "kind" and lowers[place + 1 : place + 2] == ["of"]):
                continue
            valence = lexicon[word]
            if word == "no" and place + 1 < end and lowers[place + 1] in lexicon:
                valence = 0.0
            before = lowers[place - 3 if place > 3 else 0 : place]
            if (
                negated
                or phrased
                or not _MODIFIERS.isdisjoint(before)
                or (contrast and words[place].isupper())
            ):
                valence = self._modified(
                    valence, words, lowers, place, before[::-1], contrast, phrased
                )
            weighed[place] = valence
        if "but" in lowers:
            valences = [weighed.get(place, 0.0) for place in range(end)]
            _weigh_contrast(valences, lowers.index("but"))
            return {place: valences[place] for place in weighed}
        return weighed

    def _modified(  # noqa: PLR0913, PLR0917  # the rules' whole view, taken apart once
        self,
        valence: float,
        words: Sequence[str],
        lowers: Sequence[str],
        place: int,
        before: Sequence[str],
        contrast: bool,  # noqa: FBT001  # called in one place alone
        phrased: bool,  # noqa: FBT001  # as above
    ) -> float:
        """Return the valence as up to three words before it (nearest first) modify it."""
        lexicon = self._lexicon
        if "no" in before[:2] or (before[2:] == ["no"] and before[0] in ("or", "nor")):
            valence = lexicon[lowers[place]] * N_SCALAR
        if contrast and words[place].isupper():
            valence += C_INCR if valence > 0 else -C_INCR
        for distance, word in enumerate(before):
            if word in lexicon:
                continue
            scalar = _BOOSTERS.get(word, 0.0)
            if scalar:
                if valence < 0:
                    scalar = -scalar
                if contrast and words[place - distance - 1].isupper():
                    scalar += C_INCR if valence > 0 else -C_INCR
                valence += scalar * _NEARNESS[distance]
            valence *= _negation(before, distance)
            if distance == 2 and phrased:
                valence = _idiom(lowers, place, valence)
        if before[:1] == ["least"] and "least" not in lexicon and before[1:2] not in _NOT_LEAST:
            valence *= N_SCALAR
        return valence


_NEARNESS = (1.0, 0.95, 0.9)
"""How much of a booster remains at one, two and three words before."""


def _contrast(words: Sequence[str]) -> bool:
    """Whether some words, but not all, are in capitals."""
    capitals = sum(map(str.isupper, words))
    return 0 < capitals < len(words)


def _negation(before: Sequence[str], distance: int) -> float:
    """Return the factor by which the word this far before negates (`before` is nearest first)."""
    word = before[distance]
    if distance == 1:
        if word == "never" and before[0] in _EMPHASIS:
            return 1.25
        if word == "without" and before[0] == "doubt":
            return 1.0
    elif distance == 2:
        if (word == "never" and before[1] in _EMPHASIS) or before[0] in _EMPHASIS:
            return 1.25
        if word == "without" and "doubt" in before[:2]:
            return 1.0
    return N_SCALAR if word in _NEGATIONS or "n't" in word else 1.0


def _idiom(lowers: Sequence[str], place: int, valence: float) -> float:
    """Let a phrase around the word at `place` (at least the fourth) outrank or dampen it."""
    three, two, one, zero = lowers[place - 3 : place + 1]
    for phrase in (
        f"{one} {zero}",
        f"{two} {one} {zero}",
        f"{two} {one}",
        f"{three} {two} {one}",
        f"{three} {two}",
    ):
        if phrase in _PHRASES:
            valence = _PHRASES[phrase]
            break
    for end in (place + 2, place + 3):
        if end <= len(lowers):
            valence = _PHRASES.get(" ".join(lowers[place:end]), valence)
    for phrase in (f"{three} {two}", f"{two} {one}"):
        valence += _DAMPENERS.get(phrase, 0.0)
    return valence


def _weigh_contrast(valences: list[float], but: int) -> None:
    """Halve what stands before "but" and raise what stands behind it by half.

    Like its model it finds a word by its valence: of several words of one valence the first is
    changed, again and again.
    """
    for valence in valences:
        first = valences.index(valence)
        if first < but:
            valences[first] = valence * 0.5
        elif first > but:
            valences[first] = valence * 1.5


def _emphasis(text: str) -> float:
    """Return what up to four exclamation marks, and two or more question marks, add."""
    questions = text.count("?")
    asked = 0.0
    if questions > 1:
        asked = questions * 0.18 if questions <= 3 else 0.96
    return min(text.count("!"), 4) * 0.292 + asked


def _sum_up(
    valences: Collection[float], words: int, text: str
) -> tuple[float, float, float, float]:
    """Return the shares and the compound of a text's valences (zeros may be left out)."""
    emphasis = _emphasis(text) if "!" in text or "?" in text else 0.0
    total = float(sum(valences))
    positive = negative = 0.0
    neutral = words
    for valence in valences:
        if valence > 0:
            positive += valence + 1
            neutral -= 1
        elif valence < 0:
            negative += valence - 1
            neutral -= 1
    negative = -negative
    if emphasis:
        if total > 0:
            total += emphasis
        elif total < 0:
            total -= emphasis
        if positive > negative:
            positive += emphasis
        elif positive < negative:
            negative += emphasis
    whole = positive + negative + neutral
    return (
        round(negative / whole, 3) if negative else 0.0,
        round(neutral / whole, 3),
        round(positive / whole, 3) if positive else 0.0,
        round(total / math.sqrt(total * total + _ALPHA), 4),
    )
