"""Sessions hold what they say; who guesses waits; nobody is led elsewhere."""

from urllib.parse import urljoin, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboards.console.login import (
    FREE_TRIES,
    LONGEST_WAIT,
    MOST_CLIENTS,
    Sessions,
    SlowDown,
    login_address,
    safe_next,
)

NOW = 1_790_000_000_000
HOUR = 3_600_000
TOKEN = "a-token-of-some-length"


def test_a_session_lasts_as_long_as_it_says_and_not_longer() -> None:
    sessions = Sessions([TOKEN], HOUR)
    session = sessions.begin(NOW)
    assert sessions.holds(session, NOW)
    assert sessions.holds(session, NOW + HOUR - 1)
    assert not sessions.holds(session, NOW + HOUR)


def test_a_session_outlives_a_restart_and_ends_with_its_token() -> None:
    session = Sessions([TOKEN], HOUR).begin(NOW)
    assert Sessions([TOKEN], HOUR).holds(session, NOW)
    assert not Sessions(["another-token-of-length"], HOUR).holds(session, NOW)
    assert Sessions(["another-token-of-length", TOKEN], HOUR).holds(session, NOW)


def test_a_longer_session_than_is_given_now_does_not_hold() -> None:
    session = Sessions([TOKEN], 10 * HOUR).begin(NOW)
    assert not Sessions([TOKEN], HOUR).holds(session, NOW)


@settings(deadline=None, max_examples=200)
@given(st.text(max_size=120))
def test_no_other_text_is_a_session_or_a_token(text: str) -> None:
    sessions = Sessions([TOKEN], HOUR)
    assert not sessions.holds(text, NOW)
    assert sessions.is_token(text) is (text == TOKEN)


@settings(deadline=None, max_examples=100)
@given(st.integers(0, 90), st.characters())
def test_a_session_with_one_character_changed_does_not_hold(place: int, char: str) -> None:
    session = Sessions([TOKEN], HOUR).begin(NOW)
    place %= len(session)
    changed = session[:place] + char + session[place + 1 :]
    assert Sessions([TOKEN], HOUR).holds(changed, NOW) is (changed == session)


def test_without_a_token_nobody_is_asked_and_no_session_holds() -> None:
    sessions = Sessions([], HOUR)
    assert not sessions.asked
    assert not sessions.is_token("")
    assert not sessions.holds(Sessions([TOKEN], HOUR).begin(NOW), NOW)


def test_a_cookie_s_name_tells_nothing_and_is_that_of_its_token_alone() -> None:
    first, second = Sessions([TOKEN], HOUR).cookie, Sessions([TOKEN + "x"], HOUR).cookie
    assert first != second
    assert TOKEN not in first


def test_wrong_tokens_make_one_client_wait_ever_longer_but_not_for_ever() -> None:
    slow = SlowDown()
    waits = []
    for _ in range(FREE_TRIES + 12):
        slow.wrong("10.0.0.1", NOW)
        waits.append(slow.wait("10.0.0.1", NOW))
    assert waits[: FREE_TRIES - 1] == [0] * (FREE_TRIES - 1)
    assert waits[FREE_TRIES - 1 :] == sorted(waits[FREE_TRIES - 1 :])
    assert waits[-1] == LONGEST_WAIT
    assert slow.wait("10.0.0.2", NOW) == 0
    assert slow.wait("10.0.0.1", NOW + LONGEST_WAIT) == 0
    slow.right("10.0.0.1")
    assert slow.wait("10.0.0.1", NOW) == 0


def test_a_clock_that_is_put_back_makes_nobody_wait_longer() -> None:
    slow = SlowDown()
    for _ in range(FREE_TRIES + 20):
        slow.wrong("10.0.0.1", NOW)
    assert slow.wait("10.0.0.1", NOW - 24 * HOUR) == 0
    slow.wrong("10.0.0.1", NOW - 24 * HOUR)
    assert slow.wait("10.0.0.1", NOW - 24 * HOUR) == LONGEST_WAIT


def test_a_network_of_ipv6_is_one_client() -> None:
    slow = SlowDown()
    for number in range(FREE_TRIES):
        slow.wrong(f"2001:db8::{number:x}", NOW)
    assert slow.wait("2001:db8::ffff", NOW) > 0
    assert slow.wait("2001:db8:0:1::1", NOW) == 0


def test_clients_remembered_are_bounded() -> None:
    slow = SlowDown()
    for number in range(MOST_CLIENTS + 50):
        slow.wrong(f"10.0.{number // 256}.{number % 256}", NOW)
    assert len(slow._clients) == MOST_CLIENTS


ELSEWHERE = [
    "https://evil.example/",
    "//evil.example/",
    "/\\evil.example",
    "\\\\evil.example",
    "/\t/evil.example",
    "/\n/evil.example",
    " //evil.example",
    "javascript:alert(1)",
    "",
    "evil",
    "/login?next=/login",
    "/events",
    "/" + "a" * 3_000,
]


@pytest.mark.parametrize("wanted", ELSEWHERE)
def test_nobody_is_led_elsewhere(wanted: str) -> None:
    assert safe_next(wanted) == "/"
    assert login_address(wanted) == "/login"


@settings(deadline=None, max_examples=300)
@given(st.text(alphabet="/\\.:?#@%\t\n ahtps-evil0", max_size=24) | st.text(max_size=30))
def test_whatever_is_asked_for_one_stays_here(wanted: str) -> None:
    here = "https://page.example"
    goes = urlsplit(urljoin(here + "/login", safe_next(wanted)))
    assert (goes.scheme, goes.netloc) == ("https", "page.example")


def test_a_view_is_come_back_to() -> None:
    assert safe_next("/brands/A%20B?range=6h") == "/brands/A%20B?range=6h"
    assert login_address("/brands/A?x=1&y=2") == "/login?next=%2Fbrands%2FA%3Fx%3D1%26y%3D2"
