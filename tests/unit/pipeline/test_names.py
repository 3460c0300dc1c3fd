"""Names are found as whole words, in every spelling, at the offsets of the text as given."""

import re
import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.names import Called, Finder, merged, pairs

AWKWARD = "İI\u0131ßẞﬁŉǰΐςΣé😡👍🏽\u0301\u200d\ufe0f\u2019航空 \n\t"


def found_in(text: str, *names: str) -> list[str]:
    _, masks = Finder([Called(names)]).find(text)
    return [text[start:end] for start, end in pairs(masks)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("United lost my bag", ["United"]),
        ("UNITED's crew, united!", ["UNITED", "united"]),
        ("united\u2019s crew", ["united"]),
        ("@united #united (United)", ["united", "united", "United"]),
        ("https://www.united.com/x", ["united"]),
        ("reunited, unitedly, united_fan, united2, _united", []),
        ("unitéd united\u0301 unitedé", []),
        ("💔united💔united", ["united", "united"]),
        ("united\ufe0f", ["united"]),
        ("", []),
    ],
)
def test_a_name_is_a_whole_word(text: str, expected: list[str]) -> None:
    assert found_in(text, "United") == expected


@pytest.mark.parametrize(
    "spelled",
    [
        "United Airlines",
        "united airlines",
        "#UnitedAirlines",
        "@unitedairlines",
        "united-airlines",
        "UNITED\nAIRLINES",
        "united  airlines",
        "united\u00a0airlines",
        "united_airlines",
    ],
)
def test_a_name_of_two_words_in_the_ways_people_write_it(spelled: str) -> None:
    assert found_in(f"late again, {spelled}!", "United Airlines") == [spelled.lstrip("@#")]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("McDonald's", "mcdonald\u2019s"),
        ("H&M", "H&amp;M"),
        ("Nestlé", "NESTLE\u0301"),
        ("Nestle\u0301", "nestlé"),
        ("Weißbier", "WEISSBIER"),
        ("WEISSBIER", "weißbier"),
        ("Yahoo!", "Yahoo!"),
    ],
)
def test_spellings_that_mean_the_same(name: str, text: str) -> None:
    assert found_in(f"I say {text}, you know", name) == [text]


def test_scripts_without_spaces_need_no_boundary() -> None:
    assert found_in("昨日全日空が遅れた", "全日空") == ["全日空"]
    assert found_in("삼성은 늦었다", "삼성") == ["삼성"]
    assert found_in("unitedが遅れた", "United") == ["united"]


def test_a_handle_counts_behind_an_at_alone_and_is_masked_everywhere() -> None:
    finder = Finder([Called(("United Airlines",), ("@united",))])
    assert finder.find("@United lost my bag") == ((0,), (0, 7))
    assert finder.find("\uff20united lost my bag") == ((0,), (0, 7))
    assert finder.find("we stand united") == ((), (9, 15))
    assert finder.find("mail me@united today") == ((), (8, 14))
    assert finder.find("@united_fans and @reunited") == ((), ())
    assert finder.find("@united, united we stand") == ((0,), (0, 7, 9, 15))


def test_an_exclusion_voids_what_stands_inside_it_alone() -> None:
    finder = Finder([Called(("Delta",), exclusions=("Delta variant", "river delta"))])
    for text in (
        "the delta variant",
        "Delta Variants",
        "#DeltaVariant",
        "a RIVER delta",
        "river-delta",
    ):
        assert finder.find(text) == ((), ()), text
    assert finder.find("delta variant kept me from my Delta flight") == ((0,), (30, 35))
    assert finder.find("delta variantly")[0] == (0,)


def test_an_exclusion_voids_its_own_brand_alone() -> None:
    finder = Finder([Called(("Delta",), exclusions=("river delta",)), Called(("Delta",))])
    assert finder.find("river delta") == ((1,), (6, 11))


def test_a_name_inside_a_longer_one_of_another_brand_is_the_longer_ones() -> None:
    finder = Finder([Called(("Delta",)), Called(("Delta Dental",)), Called(("Dental Care",))])
    assert finder.find("Delta Dental rocks") == ((1,), (0, 12))
    assert finder.find("Delta Dental and Delta") == ((0, 1), (0, 12, 17, 22))
    assert finder.find("delta dental care") == ((1, 2), (0, 17))


def test_a_handle_outranks_anothers_name_of_the_same_letters() -> None:
    finder = Finder([Called(("United Airlines",), ("united",)), Called(("United",))])
    assert finder.find("@united hello")[0] == (0,)
    assert finder.find("united hello")[0] == (1,)


def test_brands_that_share_a_name_are_both_concerned() -> None:
    finder = Finder([Called(("Delta",)), Called(("Air", "delta"))])
    assert finder.find("delta!") == ((0, 1), (0, 5))


@pytest.mark.parametrize("text", ["\ud800 united", "united\x00", "\u202eunited", "united" * 5000])
def test_hostile_text_is_read(text: str) -> None:
    found, masks = Finder([Called(("United",))]).find(text)
    assert [text[start:end] for start, end in pairs(masks)] == ["united"] * len(found)


def test_no_names_find_nothing() -> None:
    assert Finder([]).find("anything") == ((), ())
    assert Finder([Called(("  ", ""), ("@",), ("",))]).find("any  thing @ all") == ((), ())


WORDS = st.text("abC", min_size=1, max_size=3)
NAMES = st.lists(WORDS, min_size=1, max_size=2).map(" ".join)
PIECES = st.lists(
    st.sampled_from(["a", "b", "C", "c", " ", " ", "'s", "@", "#", "_", ".", "é", "😡"])
)


@settings(deadline=None, max_examples=300)
@given(st.lists(NAMES, min_size=1, max_size=4), PIECES.map("".join))
def test_agrees_with_a_search_name_by_name(names: list[str], text: str) -> None:
    spans = []
    for name in names:
        gap = r"(?: |  |-|_|\n|\u00a0|)"
        pattern = rf"(?<!\w)(?={gap.join(name.split())}(?!\w))"
        for at in re.finditer(pattern, text, re.IGNORECASE):
            for length in range(len(text) - at.start(), 0, -1):
                end = at.start() + length
                whole = re.fullmatch(gap.join(name.split()), text[at.start() : end], re.IGNORECASE)
                if whole and not re.match(r"\w", text[end : end + 1]):
                    spans.append((at.start(), end))
    assert Finder([Called(tuple(names))]).find(text)[1] == merged(spans)


CALLED = st.builds(
    Called,
    st.lists(NAMES, min_size=1, max_size=2).map(tuple),
    st.lists(WORDS, max_size=1).map(tuple),
    st.lists(NAMES, max_size=1).map(tuple),
)


@settings(deadline=None, max_examples=300)
@given(st.lists(CALLED, min_size=1, max_size=3), PIECES.map("".join))
def test_the_short_way_says_what_the_long_way_says(brands: list[Called], text: str) -> None:
    finder = Finder(brands)
    folded = text.casefold()
    hits = finder._find(folded, overlapping=True)
    assert finder.find(text) == finder._weigh(folded, hits)


@settings(deadline=None, max_examples=200)
@given(
    st.text(AWKWARD + string.ascii_letters),
    st.sampled_from(["İstanbul Bank", "Weißbräu", "ﬁsh", "STRASSE", "delta"]),
    st.text(AWKWARD + string.ascii_letters),
)
def test_offsets_are_those_of_the_text_as_given(before: str, name: str, after: str) -> None:
    text = f"{before} {name} {after}"
    start = len(before) + 1
    found, masks = Finder([Called((name,))]).find(text)
    assert found == (0,)
    assert any(first <= start and start + len(name) <= last for first, last in pairs(masks))
    assert list(masks) == sorted(masks)
    for first, last in pairs(masks):
        assert 0 <= first < last <= len(text)


def test_spans_that_touch_stay_two() -> None:
    assert merged([(3, 5), (0, 3)]) == (0, 3, 3, 5)


def test_a_long_text_full_of_names_ends() -> None:
    brands = [
        Called(("Delta", "delta delta"), exclusions=("a delta",)),
        Called(("delta delta delta",), ("delta",)),
        Called(("Straße",)),
    ]
    text = "delta straße " * 5_000
    found, masks = Finder(brands).find(text)
    assert found == (0, 2)
    assert {text[start:end] for start, end in pairs(masks)} == {"delta", "straße"}
    assert Finder(brands).find("delta " * 10_000)[0] == (1,)


def test_very_many_names_are_found_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.names._DFA_UP_TO", 0)
    assert found_in("I say United!", "United") == ["United"]
