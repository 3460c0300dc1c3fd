import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.terms import LONGEST_WORD, Sieve, Term, TermKind, links, names_of, plain, terms_of
from tests.nasties import TEXTS

ACME = names_of({"Acme Air"})


def values(text: str, kind: TermKind) -> set[str]:
    return {term.value for term in terms_of(text, (), ACME) if term.kind is kind}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("The check-in is BROKEN", {"check-in", "broken"}),
        ("ACME's check-in", {"check-in"}),
        ("write to ann@example.org or @bob, www.x.example/lost", {"write"}),
        ("call +31 6 1234 5678, flight 1234, KL1234, covid19 5pm", {"call", "flight", "kl1234"}),
        ("die Straße ist gesperrt", {"straße", "gesperrt"}),
        ("रेलगाड़ी रद्द", {"रेलगाड़ी", "रद्द"}),
        ("電車が遅れた", {"電車", "車が", "が遅", "遅れ", "れた"}),
        ("x" * 5_000, set()),
        ("", set()),
    ],
)
def test_words_are_what_is_told_without_names_and_numbers(text: str, words: set[str]) -> None:
    assert values(text, TermKind.WORD) == words


@pytest.mark.parametrize(
    ("text", "pairs"),
    [
        ("check-in is totally broken", {"check-in broken"}),
        ("check-in. Broken", set()),
        ("check-in Acme broken", set()),
        ("check-in\nbroken", set()),
        ("card card", set()),
    ],
)
def test_pairs_stand_in_one_thought(text: str, pairs: set[str]) -> None:
    assert values(text, TermKind.PHRASE) == pairs


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("see http://A.example/x/?utm_medium=1&fbclid=2.", ["a.example/x"]),
        ("(https://v.example/watch?v=7&t=3)", ["v.example/watch?v=7"]),
        ("https://ann:secret@a.example/", ["a.example"]),
        ("https://m.example/@bob/1", ["m.example/@[handle]/1"]),
        ("https://a.example/?mail=ann%40b.example", ["a.example?mail=[e-mail]"]),
        ("http://\u202eevil.example/a", []),
        ("javascript:alert(1) www. https://", []),
    ],
)
def test_links_are_host_and_path(text: str, expected: list[str]) -> None:
    assert list(links(text)) == expected


def test_a_name_across_the_end_of_what_is_read_is_not_half_read() -> None:
    text = "a " * 498 + "Acme Air rest"
    assert "acm" not in plain(text, (996, 1004)).lower()


@given(st.text(alphabet=st.characters(max_codepoint=127), max_size=100))
@settings(max_examples=150, deadline=None)
def test_plain_letters_are_read_as_all_others(text: str) -> None:
    assert terms_of(text, (), ACME) == terms_of(text + " \u00e9", (), ACME)


@settings(max_examples=150, deadline=None)
@given(st.one_of(st.text(max_size=200), st.sampled_from(TEXTS)), st.text(max_size=30))
def test_what_a_sieve_holds_back_has_none_of_the_terms(text: str, other: str) -> None:
    terms = terms_of(text, (), ACME)
    assert len(terms) <= 1_000
    for term in terms:
        assert len(term.value) <= 2 * LONGEST_WORD + 1 or term.kind is TermKind.LINK
        assert Sieve([term, Term(TermKind.WORD, other)]).lets_pass(text)
