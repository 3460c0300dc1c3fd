import re

from hypothesis import given, settings
from hypothesis import strategies as st

from dashboards.report.chapters import file_name, lettered
from tests.browser.hostile import BRANDS


@given(st.one_of(st.text(max_size=120), st.sampled_from(BRANDS)), st.integers(1, 300))
@settings(deadline=None, max_examples=200)
def test_a_file_name_is_safe_everywhere(brand: str, number: int) -> None:
    name = file_name(brand, number)
    assert re.fullmatch(r"\d{2,}-[a-z0-9]+(-[a-z0-9]+)*-[0-9a-f]{6}\.png", name)
    assert len(name) < 64


def test_brands_alike_get_pictures_apart() -> None:
    names = {file_name(brand, 1) for brand in ("A b", "a-b", "a b", "A.B", "\u6f22", "\u5b57")}
    assert len(names) == 6


def test_letters_go_on_after_z() -> None:
    letters = [lettered(number) for number in range(800)]
    assert letters[:3] == ["A", "B", "C"]
    assert (letters[26], letters[701], letters[702]) == ("AA", "ZZ", "AAA")
    assert len(set(letters)) == 800
