"""What two copies of a text have in common."""

import hashlib
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.judging.copies import PREFIX, digest, normalise

BASE = "Flight 1234 cancelled again, no word from the crew and nobody at the desk"


@pytest.mark.parametrize(
    "copy",
    [
        BASE.upper(),
        f"@united {BASE}",
        f"{BASE} @united @bob",
        f"RT @ann: {BASE}",
        f"rt @ann_b: {BASE}",
        f"{BASE} https://t.co/AbC",
        f"{BASE} HTTP://T.CO/ABC",
        f"{BASE}!!!",
        BASE.replace(" ", "\n  "),
        BASE.replace(" ", "\u00a0"),
        f"😡😡 {BASE} ✈️💔",
        f"“{BASE}…”",
        "\uff26light" + BASE[6:],
        f"#{BASE}",
    ],
)
def test_trimmings_make_no_difference(copy: str) -> None:
    assert normalise(copy) == normalise(BASE)


@pytest.mark.parametrize("other", [BASE.replace("4", "5"), BASE.replace("no word", "a word"), "ok"])
def test_other_words_make_a_difference(other: str) -> None:
    assert normalise(other) != normalise(BASE)


def test_a_copy_cut_off_by_its_channel_is_a_copy() -> None:
    whole = f"{BASE}, we have been standing here for three hours and I want my money back"
    assert normalise(f"RT @ann: {whole}"[:125] + "\u2026") == normalise(whole)


@pytest.mark.parametrize("text", ["", "@united", "@united https://t.co/x 😡", "...", "\ud800"])
def test_without_letters_there_is_nothing_to_compare(text: str) -> None:
    assert normalise(text) == ""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Größe ÄNDERN", "grösseändern"),
        ("Поезд, опоздал!", "поездопоздал"),
        ("電車が、遅れた。", "電車が遅れた"),
        ("القطار متأخر", "القطارمتأخر"),
    ],
)
def test_letters_of_all_scripts_count(text: str, expected: str) -> None:
    assert normalise(text) == expected


@settings(deadline=None, max_examples=300)
@given(st.text())
def test_any_text_is_bounded_and_case_and_trimmings_never_matter(text: str) -> None:
    result = normalise(text)
    assert len(result.encode()) <= PREFIX
    assert normalise(f"{text} 😡 !!") == result
    if text.isascii():
        assert normalise(text.upper()) == result


def test_a_long_text_is_read_in_part() -> None:
    assert normalise("a" * 60_000) == "a" * PREFIX


@settings(deadline=None, max_examples=200)
@given(st.text(), st.text())
def test_digests_are_eight_bytes_and_tell_texts_apart(one: str, other: str) -> None:
    assert 0 <= digest(one) < 2**64
    assert (digest(one) == digest(other)) == (one == other)


def test_digests_are_the_same_in_every_process() -> None:
    script = "from pipeline.judging.copies import digest; print(digest('a'), digest('é😡'))"
    answers = {
        subprocess.run(
            [sys.executable, "-c", script],
            check=True,
            capture_output=True,
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)},
        ).stdout
        for seed in ("1", "2")
    }
    assert answers == {f"{digest('a')} {digest('é😡')}\n".encode()}
    assert digest("a") == 0xE6C632B61E964E1F


def test_a_hundred_thousand_digests_do_not_collide() -> None:
    values = [hashlib.sha256(str(number).encode()).hexdigest() for number in range(100_000)]
    assert len(set(map(digest, values))) == len(values)
