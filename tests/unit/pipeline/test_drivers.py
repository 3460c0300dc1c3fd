import re
from collections.abc import Sequence
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from pipeline.drivers import LIMIT, PHRASE, FoundDriver, find_drivers
from pipeline.judging.copies import digest, normalise
from pipeline.judging.scorer import Judgement, Label
from pipeline.mention import Author, Kind
from pipeline.wire import JudgedEntry
from tests.nasties import TEXTS
from tests.unit.pipeline.makers import DAY, MINUTE, T0, mention

NEGATIVE = Judgement(Label.NEGATIVE, 1.0, 0.0, 0.0, -1.0, "en", "test 1")
NEUTRAL = replace(NEGATIVE, label=Label.NEUTRAL)
CALM = (
    "waited on the phone again",
    "the app crashes at every tap",
    "rude woman at the desk",
    "they charged me twice",
    "complaint ignored once more",
    "refund refused without reason",
)


def said(  # what one mention of a test differs in
    key: object,
    text: str,
    author: str = "",
    *,
    at: int = T0,
    judgement: Judgement = NEGATIVE,
    kind: Kind = Kind.POST,
    thread: str = "",
    answers: str = "",
    masks: tuple[int, ...] = (),
) -> JudgedEntry:
    each = replace(
        mention(key, at, text, author, kind=kind), conversation_id=thread, in_reply_to=answers
    )
    return JudgedEntry("Acme", each, judgement, digest("t" + normalise(text)), at, masks=masks)


def calm(count: int, *, days: int = 6) -> list[JudgedEntry]:
    """Usual complaints, each a little different, on the days before."""
    return [
        said(
            f"calm{n}",
            f"{CALM[n % len(CALM)]} {chr(97 + n % 26)}{chr(97 + n // 26 % 26)}zz",
            at=T0 - DAY - n * days * DAY // count,
            judgement=NEGATIVE if n % 3 else NEUTRAL,
        )
        for n in range(count)
    ]


def crowd(count: int, text: str, name: str = "c") -> list[JudgedEntry]:
    """So many people, each saying it in a way of their own."""
    return [
        said(
            f"{name}{n}",
            f"{chr(97 + n % 26)}{chr(97 + n // 26)}qq. {text}",
            f"{name}{n}",
            at=T0 + n,
        )
        for n in range(count)
    ]


def phrases(found: Sequence[FoundDriver]) -> list[str]:
    return [each.phrase for each in found]


def test_what_is_new_is_found_and_what_is_usual_is_not() -> None:
    window = [*crowd(12, "the check-in is broken"), *crowd(12, "the app crashes", "d")]
    (first,) = find_drivers(window, calm(600))
    assert (first.kind, first.phrase, first.count) == ("phrase", "check-in broken", 12)
    assert len(first.mentions) == 12


def test_twelve_negatives_are_enough_and_two_thousand_are_no_trouble() -> None:
    few = [*crowd(5, "my card is dead"), *(said(n, CALM[n % 6], f"o{n}") for n in range(7))]
    assert phrases(find_drivers(few, calm(400)))[0] == "card dead"
    many = [*crowd(600, "my card is dead"), *crowd(600, "the app crashes", "d")]
    assert phrases(find_drivers(many, calm(400)))[0] == "card dead"


def test_without_any_history_only_what_dominates_is_named() -> None:
    window = [*crowd(20, "my card is dead"), *crowd(4, "late again in Leeds", "d")]
    assert phrases(find_drivers(window, ())) == ["card dead"]
    assert find_drivers((), ()) == ()


def test_one_author_and_one_pasted_text_are_one_voice() -> None:
    shouting = [said(n, f"zebra crossing {chr(97 + n)}xx", "same", at=T0 + n) for n in range(20)]
    pasted = [said(f"p{n}", "giraffe escaped", f"p{n}", at=T0 + n) for n in range(20)]
    window = [*shouting, *pasted, *crowd(6, "the check-in is broken")]
    assert phrases(find_drivers(window, calm(300))) == ["check-in broken"]
    many = [said(f"q{n}", "giraffe escaped", f"q{n}", at=T0 + n) for n in range(500)]
    assert find_drivers([*window, *many], calm(300)) == find_drivers(window, calm(300))


def test_those_who_pass_a_post_on_count_each() -> None:
    post = said("root", "They threw my father off the plane", "anna", thread="root")
    passed = [
        said(
            f"r{n}", post.mention.text, f"r{n}", at=T0 + 1 + n, kind=Kind.REPOST, thread="root",
            answers="root",
        )
        for n in range(15)
    ]  # fmt: skip
    (only,) = find_drivers([post, *passed], calm(300))
    assert (only.kind, only.count) == ("conversation", 16)
    assert only.phrase == "They threw my father off the plane"
    assert only.mentions[0] == "root"


def test_a_conversation_shows_what_is_answered_also_when_it_is_no_negative() -> None:
    root = said("root", "We are closed today", "brand", judgement=NEUTRAL)
    answers = [
        said(n, "\U0001f621" * (1 + n % 3), f"v{n}", thread="root", answers="root")
        for n in range(8)
    ]
    found = find_drivers(answers, calm(300), originals=[root])
    assert [(each.kind, each.phrase) for each in found] == [("conversation", "We are closed today")]
    assert found[0].count == 8  # a face is no text that could be pasted


def test_an_author_whom_many_answer_is_shown_without_a_name() -> None:
    posts = [
        replace(
            said(f"post{n}", f"{word} strike", thread=f"post{n}"),
            mention=replace(
                said(f"post{n}", f"{word} strike", thread=f"post{n}").mention,
                author=Author("9", "anna_reports", "Anna", 480_000),
            ),
        )
        for n, word in enumerate(("monday", "wednesday", "friday", "sunday", "maandag", "freitag"))
    ]
    answers = [
        said(f"a{n}", f"{chr(97 + n)}qq", f"a{n}", at=T0 + 9, thread=post, answers=post)
        for n, post in enumerate([each.mention.id for each in posts] * 3)
    ]
    found = find_drivers([*posts, *answers], calm(300))
    assert [(each.kind, each.phrase, each.count) for each in found] == [
        ("author", "one account with 480,000 followers", 18)
    ]


def test_links_hashtags_and_codes_are_found_and_names_are_masked() -> None:
    text = "Acme Air @acme #AcmeAir #GroundedAcme KL1234 https://www.News.example/a?utm_source=x#y"
    window = [
        said(n, f"{text} {chr(97 + n)}qqq", f"v{n}", at=T0 + n, masks=(0, 8)) for n in range(9)
    ]
    (only,) = find_drivers(window, calm(300), names=("Acme Air",))
    assert (only.kind, only.phrase) == ("link", "news.example/a")
    without = [
        replace(each, mention=replace(each.mention, text=each.mention.text.partition(" https")[0]))
        for each in window
    ]
    assert phrases(find_drivers(without, calm(300), names=("Acme Air",))) == ["#groundedacme"]
    bare = [said(f"k{n}", f"KL1234 {chr(97 + n)}qq 4711", f"v{n}", at=T0 + n) for n in range(9)]
    assert phrases(find_drivers(bare, calm(300))) == ["kl1234"]


def test_own_posts_and_other_labels_drive_nothing() -> None:
    window = crowd(12, "the check-in is broken")
    assert find_drivers([replace(each, own=True) for each in window], ()) == ()
    assert find_drivers([replace(each, judgement=NEUTRAL) for each in window], ()) == ()


WORDS = ("acme", "card", "dead", "check-in", "broken", "is", "#no", "kl12", "@bob", "leeds", "!")
TALK = st.one_of(
    st.lists(st.sampled_from(WORDS), max_size=8).map(" ".join),
    st.sampled_from([text for text in TEXTS if len(text) < 2_000]),
    st.text(max_size=60),
)


@st.composite
def entries(draw: st.DrawFn, name: str, most: int) -> list[JudgedEntry]:
    """A few themes, each said by some, and what else people write."""
    themes = draw(st.lists(st.tuples(TALK, st.integers(0, most)), max_size=5))
    chance = draw(st.randoms(use_true_random=False))
    texts = [
        f"{theme} {chance.randint(0, 10**9):x}zz" for theme, times in themes for _ in range(times)
    ]
    texts += draw(st.lists(TALK, max_size=8))
    return [
        said(
            f"{name}{n}",
            text,
            f"a{chance.randint(0, 60)}",
            at=T0 + chance.randint(-3, 3) * MINUTE,
            judgement=chance.choice((NEGATIVE, NEGATIVE, NEUTRAL)),
            kind=chance.choice((Kind.POST, Kind.REPOST, Kind.REPLY)),
            thread=chance.choice(("", "", f"t{n}", "w0", "elsewhere")),
            answers=chance.choice(("", "", "w0", "w1")),
            masks=tuple(end for found in re.finditer("acme", text) for end in found.span()),
        )
        for n, text in enumerate(texts)
    ]


@settings(max_examples=200, deadline=None)
@given(entries("w", 30), entries("b", 10), st.integers(0, 99))
def test_whatever_is_said_the_answer_keeps_its_promises(
    window: list[JudgedEntry], background: list[JudgedEntry], seed: int
) -> None:
    found = find_drivers(window, background, names=("Acme",))
    assert len(found) <= LIMIT
    voices = {each.mention.author.handle for each in window}
    ids = {each.mention.id for each in window}
    for each in found:
        assert 3 <= each.count <= len(voices)
        assert each.mentions
        assert ids.issuperset(each.mentions)
        assert 0 < len(each.phrase) <= PHRASE
        assert each.phrase.isprintable() or "\u200c" in each.phrase or "\u200d" in each.phrase
        assert "acme" not in each.phrase.lower().split()
        assert "@bob" not in each.phrase
    assert len(set(phrases(found))) == len(found) or any(
        each.kind in {"author", "conversation"} for each in found
    )
    chance = Random(seed)
    chance.shuffle(window)
    chance.shuffle(background)
    assert find_drivers(window, background, names=("Acme",)) == found
    assert len(find_drivers(window, [*background, *window], limit=2)) <= 2


def test_hostile_texts_cost_no_more_than_long_ones_and_never_reach_a_phrase() -> None:
    for text in TEXTS:
        window = [said(n, f"{chr(97 + n)}q {text}", f"v{n}", at=T0 + n) for n in range(12)]
        for each in find_drivers(window, calm(60)):
            assert len(each.phrase) <= PHRASE
            assert not set(each.phrase) & set("\u202e\u2066\x00\x1b\n\r\u2028<>")
