"""Names carry no sentiment; samples carry no private data."""

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from vaderSentiment import vaderSentiment

from pipeline.brands import Brand, BrandMatcher
from pipeline.judging.judge import Judge
from pipeline.judging.privacy import MASK, mask, redact
from pipeline.judging.scorer import Judgement
from pipeline.judging.vader import VaderScorer
from pipeline.mention import Mention

ANALYSER = vaderSentiment.SentimentIntensityAnalyzer()
JUDGE = Judge([VaderScorer(ANALYSER)])
NAMES = [
    "Acme", "united", "UNITED", "Love", "hate", "not", "but", "BUT", "very good", "no", "kind of",
    "the bomb", "least", "never so", "without doubt", "Yahoo!", "GREAT", "ok?", "don't", "İyi",
    "Größe", "x", "brand", "lol", "H&M", "bad ass", "Very",
]  # fmt: skip
TOKENS = [
    "this", "terrible", "GOOD", "awful", "isn't", "AWESOME", "wonderful", "worst", "happy", ":)",
    "was", "SO", "to die for", "sort of", "😡", "❤️", "cancelled", "!!!", "??", "at", "FLIGHT",
    "really", "nor", "or", "1234", "https://t.co/Ab?x=1!", "@Bob_Good", "...",
]  # fmt: skip
SLOTS = ["{}", "{}'s", "@{}", "#{}", "({})", '"{}"', "{}!", "{},", "{}?", "😡{}", "{}😡", "-{}-"]


def judged(text: str, name: str) -> tuple[Judgement, str]:
    mention = Mention("1", "test", 0, 0, text)
    (concern,) = BrandMatcher([Brand(name)]).match(mention)
    (judgement,) = JUDGE.judge([(mention, concern.masks)], [("en",)])
    return judgement, mask(text, concern.masks)


@settings(deadline=None, max_examples=300)
@given(
    st.lists(st.sampled_from(TOKENS + SLOTS * 2), min_size=1, max_size=12),
    st.sampled_from(NAMES),
    st.sampled_from(NAMES),
    st.sampled_from([str, str.upper, str.lower]),
)
def test_one_brands_name_for_anothers_never_changes_the_score(
    tokens: list[str], one: str, other: str, case: type[str]
) -> None:
    assume(any("{}" in token for token in tokens))
    template = " ".join(case(token) for token in tokens)
    first = judged(template.replace("{}", one), one)
    second = judged(template.replace("{}", other), other)
    assert first == second


def test_the_mask_is_a_word_vader_does_not_know() -> None:
    known = [
        *ANALYSER.lexicon,
        *vaderSentiment.BOOSTER_DICT,
        *vaderSentiment.NEGATE,
        *vaderSentiment.SPECIAL_CASES,
        *ANALYSER.emojis.values(),
    ]
    assert not [each for each in known if MASK in each.lower()]
    assert len(MASK) > 2


@settings(deadline=None, max_examples=300)
@given(st.lists(st.sampled_from(TOKENS), max_size=8), st.lists(st.sampled_from(TOKENS), max_size=8))
def test_the_mask_makes_and_hides_no_contrast_of_case(before: list[str], after: list[str]) -> None:
    before, after = ([each for each in part if each[0] not in "h@"] for part in (before, after))
    text = " ".join([*before, "Love", *after])
    start = len(" ".join([*before, ""]))
    with_mask = vaderSentiment.SentiText(mask(text, (start, start + 4)))
    without = vaderSentiment.SentiText(" ".join(before + after))
    words = without.words_and_emoticons
    if any(map(str.isupper, words)):
        assert with_mask.is_cap_diff == without.is_cap_diff


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("@united_love is late", f"{MASK} is late"),
        ("thanks @love@hate.social!", f"thanks {MASK}!"),
        ("by @great.bsky.social today", f"by {MASK} today"),
        ("@JetBlue.Thanks a lot", f"{MASK}.Thanks a lot"),
        ("see https://love.example/great?x=!!! now", f"see {MASK} now"),
        ("see WWW.love.example now", f"see {MASK} now"),
        ("\uff20love", MASK),
        ("@united遅れた", f"{MASK}遅れた"),
        ("@münchen", MASK),
        ("no name 3/4", "no name 3/4"),
        ("@ alone", "@ alone"),
        ("", ""),
    ],
)
def test_handles_and_links_are_masked(text: str, expected: str) -> None:
    assert mask(text) == expected


def test_spans_are_masked_where_they_stand() -> None:
    assert mask("love and hate", (0, 4, 9, 13)) == f"{MASK} and {MASK}"
    assert mask("love", (0, 4)) == MASK
    assert mask("LOVE IS LATE", (0, 4)) == f"{MASK.upper()} IS LATE"
    assert mask("@love.example x", (1, 5)) == f"{MASK} x"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("mail ann.b+c@example.co.uk!", "mail [e-mail]!"),
        ("ring 020 7946 0018 now", "ring [telephone] now"),
        ("ring +31 (0)6-1234 5678", "ring [telephone]"),
        ("ring (555) 123-4567.", "ring [telephone]."),
        ("ring 0612345678", "ring [telephone]"),
        ("ring 06\u00a01234\u20115678", "ring [telephone]"),
        ("ring 06\u200b1234\u200d5678", "ring [telephone]"),
        ("ring \u0660\u0666\u0661\u0662\u0663\u0664\u0665\u0666", "ring [telephone]"),
        ("see https://wa.me/31612345678 now", "see https://wa.me/[telephone] now"),
        ("card 4111 1111 1111 1111 charged", "card [number] charged"),
        ("mail ann@\u200bexample.org", "mail [e-mail]"),
        ("mail ann\uff20example.org", "mail [e-mail]"),
        ("flight 1234, row 12", "flight 1234, row 12"),
        ("on 2015-02-22 10:30", "on 2015-02-22 10:30"),
        ("on 22/02/2015", "on 22/02/2015"),
        ("$1,234.50 for 100", "$1,234.50 for 100"),
        ("@ann and @bob", "@ann and @bob"),
    ],
)
def test_private_data_is_hidden(text: str, expected: str) -> None:
    assert redact(text) == expected


def test_handles_are_hidden_on_request() -> None:
    assert redact("@ann mail a@b.nl", handles=True) == "@[handle] mail [e-mail]"


@settings(deadline=None, max_examples=200)
@given(st.text("ab@. 0123456789+-()/:", max_size=60))
def test_any_text_can_be_masked_and_redacted(text: str) -> None:
    assert isinstance(mask(text), str)
    assert redact(redact(text)) == redact(text)


LONG = [
    *("@" * 60_000, "a" * 60_000 + "@", "@a." * 20_000, "@a@" + "-" * 60_000, "1-" * 30_000),
    *("http://" * 9_000, "www." * 15_000, "(0" * 30_000, " " * 60_000, "a@a." * 15_000),
]


@pytest.mark.parametrize("text", LONG, ids=range(len(LONG)))
def test_long_hostile_texts_end(text: str) -> None:
    assert len(mask(text)) <= len(text) * len(MASK)
    assert redact(text, handles=True) is not None
