"""Which brands a mention concerns."""

import pytest

from pipeline.brands import Brand, BrandMatcher, Concern
from pipeline.mention import Author, Mention

UNITED = Brand(
    "United",
    aliases=("United Airlines",),
    handles=("@united",),
    own_accounts=("@United", "id-7"),
    zone="America/Chicago",
)
DELTA = Brand("Delta", exclusions=("river delta",), own_accounts=("delta",))


def mention(text: str, brand: str = "", author: Author | None = None) -> Mention:
    return Mention("1", "test", 0, 0, text, brand=brand, author=author or Author())


def names(concerns: tuple[Concern, ...]) -> list[str]:
    return [each.brand for each in concerns]


@pytest.fixture
def matcher() -> BrandMatcher:
    return BrandMatcher([UNITED, DELTA])


def test_one_concern_for_each_brand_in_the_order_of_configuration(matcher: BrandMatcher) -> None:
    first, second = matcher.match(mention("Delta beats United Airlines"))
    assert (first.brand, second.brand) == ("United", "Delta")
    assert first.masks == second.masks == (0, 5, 12, 27)
    assert not first.own
    assert not second.own


def test_what_names_nobody_concerns_nobody(matcher: BrandMatcher) -> None:
    assert matcher.match(mention("a nice day at the river delta")) == ()
    assert matcher.match(mention("")) == ()
    assert BrandMatcher([]).match(mention("United")) == ()


@pytest.mark.parametrize("named", ["United", "UNITED", "united airlines", "@united", " united "])
def test_a_source_names_a_configured_brand_in_any_way(matcher: BrandMatcher, named: str) -> None:
    (concern,) = matcher.match(mention("nothing like Delta", named))
    assert concern.brand == "United"
    assert concern.masks == (13, 18)


def test_a_named_brand_alone_is_concerned_and_all_names_are_masked(matcher: BrandMatcher) -> None:
    (concern,) = matcher.match(mention("@usairways, Delta and US Airways", "US Airways"))
    assert concern == Concern("US Airways", (1, 10, 12, 17, 22, 32))


def test_an_unknown_brand_needs_no_configuration() -> None:
    matcher = BrandMatcher([])
    assert matcher.match(mention("@USAirways is late", "US Airways")) == (
        Concern("US Airways", (1, 10)),
    )
    assert matcher.brand("US Airways") == Brand("US Airways")


def test_an_unknown_brand_is_refused_where_that_is_asked() -> None:
    matcher = BrandMatcher([UNITED], accept_unknown=False)
    assert matcher.match(mention("United", "US Airways")) == ()
    assert names(matcher.match(mention("x", "united"))) == ["United"]


def test_a_brand_of_blanks_is_none(matcher: BrandMatcher) -> None:
    assert names(matcher.match(mention("Delta!", "  "))) == ["Delta"]


def test_a_name_goes_before_an_alias_of_another() -> None:
    matcher = BrandMatcher([Brand("One", aliases=("Two",)), Brand("Two")])
    assert names(matcher.match(mention("x", "two"))) == ["Two"]


@pytest.mark.parametrize(
    "author", [Author(handle="UNITED"), Author(handle="@united"), Author(id="ID-7", handle="agent")]
)
def test_own_accounts_by_handle_or_id(matcher: BrandMatcher, author: Author) -> None:
    united, delta = matcher.match(mention("United and Delta", author=author))
    assert united.own
    assert not delta.own
    (named,) = matcher.match(mention("we are sorry", "United", author))
    assert named.own


def test_an_own_account_concerns_its_brand_without_naming_it(matcher: BrandMatcher) -> None:
    answer = mention("@ann please send us your number", author=Author(handle="united"))
    assert matcher.match(answer) == (Concern("United", (), own=True),)
    other = matcher.match(mention("hello Delta", author=Author(handle="united")))
    assert [(each.brand, each.own) for each in other] == [("United", True), ("Delta", False)]


def test_an_author_without_a_name_owns_nothing() -> None:
    matcher = BrandMatcher([Brand("United", own_accounts=("", "@", " "))])
    assert matcher.match(mention("United")) == (Concern("United", (0, 6)),)
    assert matcher.match(mention("nobody")) == ()


def test_configured_settings_are_given_back(matcher: BrandMatcher) -> None:
    assert matcher.brand("United") is UNITED
    assert matcher.brand("united") == Brand("united")


def test_many_names_given_by_a_source_are_not_kept_for_ever() -> None:
    matcher = BrandMatcher([])
    for number in range(5_000):
        assert names(matcher.match(mention("x", f"brand {number}"))) == [f"brand {number}"]
    assert len(matcher._named) <= 4_096
