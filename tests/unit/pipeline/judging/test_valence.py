"""The rules agree with vaderSentiment itself, to the last digit."""

import copy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from vaderSentiment.vaderSentiment import (
    BOOSTER_DICT,
    NEGATE,
    SPECIAL_CASES,
    SentimentIntensityAnalyzer,
)

from pipeline.judging.valence import Valence

ANALYSER = SentimentIntensityAnalyzer()
VALENCE = Valence(ANALYSER.lexicon, ANALYSER.emojis)
RULES = (
    *(
        "but",
        "But",
        "BUT",
        "no",
        "NO",
        "or",
        "nor",
        "so",
        "SO",
        "this",
        "never",
        "without",
        "doubt",
    ),
    *(
        "least",
        "at",
        "very",
        "kind",
        "of",
        "sort",
        "just",
        "enough",
        "the",
        "shit",
        "bomb",
        "isn't",
    ),
    *("ISN'T", "not", "good", "GOOD", "bad", "great", "terrible", "love", "ok", "lol", ":)", ":("),
    *(";-)", "x", "flight", "FLIGHT", "12", "\u0130", "\u00df", "\u1e9e"),
)
PHRASES = sorted(SPECIAL_CASES) + sorted(key for key in BOOSTER_DICT if " " in key)
WORDS = st.one_of(
    st.sampled_from(RULES),
    st.sampled_from(PHRASES),
    st.sampled_from(sorted(BOOSTER_DICT)),
    st.sampled_from(sorted(NEGATE)),
    st.sampled_from(sorted(ANALYSER.lexicon)),
    st.sampled_from(sorted(key for key in ANALYSER.emojis if len(key) == 1)),
)
SHAPES = st.sampled_from(
    ["{}", "{}", "{}", "{}!", "{}??", "({})", "{},", "'{}'", "!!", "{}-", "#{}"]
)


def expected(text: str) -> tuple[float, ...]:
    answer = ANALYSER.polarity_scores(text)
    return tuple(answer[key] for key in ("neg", "neu", "pos", "compound"))


@st.composite
def texts(draw: st.DrawFn) -> str:
    words = draw(st.lists(st.tuples(WORDS, SHAPES, st.sampled_from([0, 0, 0, 1, 2])), max_size=16))
    gap = draw(st.sampled_from([" ", " ", "\n", "  ", "\u00a0"]))
    return gap.join(
        shape.format((word, word.upper(), word.title())[case]) for word, shape, case in words
    )


@settings(deadline=None, max_examples=800)
@given(texts())
def test_equal_on_texts_full_of_rules(text: str) -> None:
    assert VALENCE.polarity(text) == expected(text)


@settings(deadline=None, max_examples=300)
@given(st.text())
def test_equal_on_any_text(text: str) -> None:
    assert VALENCE.polarity(text) == expected(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "!!!",
        "?",
        "??",
        "???",
        "????",
        "good good but good bad but good bad",
        "no good",
        "no, no no good",
        "the shit",
        "it is the shit",
        "we were at the bus stop good",
        "it was not so bad",
        "never so good",
        "without doubt the best",
        "least good, at least good, very least good",
        "this is kind of good and sort of bad",
        "KIND of GOOD",
        "😡😡 love😡love 😡",
        "😡\n😡",
        "good\x1cbad\x85good",
    ],
)
def test_equal_where_the_rules_are_odd(text: str) -> None:
    assert VALENCE.polarity(text) == expected(text)


@settings(deadline=None, max_examples=300)
@given(
    texts(), st.dictionaries(st.sampled_from([*RULES, "very", "least", "not"]), st.floats(-4, 4))
)
def test_equal_with_any_lexicon(text: str, lexicon: dict[str, float]) -> None:
    other = copy.copy(ANALYSER)
    other.lexicon = lexicon
    answer = other.polarity_scores(text)
    assert Valence(lexicon, ANALYSER.emojis).polarity(text) == tuple(
        answer[key] for key in ("neg", "neu", "pos", "compound")
    )
