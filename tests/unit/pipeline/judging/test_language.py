"""Which language a mention is taken to be in."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.judging.language import language_of


@pytest.mark.parametrize(
    ("stated", "expected"),
    [("en", "en"), ("EN", "en"), ("en-US", "en"), ("pt_BR", "pt"), (" de-AT ", "de")],
)
def test_what_is_stated_counts(stated: str, expected: str) -> None:
    assert language_of("電車が遅れた", stated, ("nl",)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("電車が遅れた", "ja"),
        ("航班又晚点了", "zh"),
        ("Поезд опять опоздал", "ru"),
        ("القطار متأخر", "ar"),
        ("기차가 늦었다", "ko"),
        ("@united 電車が遅れた。", "ja"),
        ("the film 電車", "en"),
        ("Tôi rất thất vọng về chuyến bay ệệệệ", "en"),
        ("\uff26light", "en"),
        ("great 😡😡😡😡😡😡😡😡😡", "en"),
        ("😡", "en"),
        ("Zug fährt über Köln", "en"),
        ("ᚠᚢᚦᚨᚱᚲ", ""),
        ("", "en"),
    ],
)
def test_another_script_is_never_taken_for_the_brands_language(text: str, expected: str) -> None:
    assert language_of(text, "", ("en",)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("De trein is weer niet op tijd", "nl"),
        ("Der Zug ist schon wieder nicht da", "de"),
        ("The train is late and I am not happy", "en"),
        ("Kereta ini tidak datang lagi dan saya kecewa", "id"),
        ("pfff", "en"),
    ],
)
def test_common_words_decide_between_a_brands_languages(text: str, expected: str) -> None:
    assert language_of(text, "", ("en", "de", "nl", "id")) == expected


def test_one_usual_language_is_taken_at_its_word() -> None:
    assert language_of("De trein is weer niet op tijd", "", ("en",)) == "en"
    assert language_of("De trein", "", ()) == ""


def test_a_usual_language_without_a_list_can_still_be_the_first() -> None:
    assert language_of("Pociag znowu", "", ("pl", "en")) == "pl"


@settings(deadline=None, max_examples=200)
@given(st.text(), st.text(max_size=6), st.lists(st.sampled_from(["en", "de", "xx"])))
def test_any_text_has_an_answer(text: str, stated: str, usual: list[str]) -> None:
    assert isinstance(language_of(text, stated, usual), str)
