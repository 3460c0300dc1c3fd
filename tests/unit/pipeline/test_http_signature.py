from datetime import UTC, datetime

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from standardwebhooks.webhooks import Webhook

from pipeline.errors import SettingsError
from pipeline.sources.http.signature import sign, signed_by_one_of, signing_key

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
KEY = signing_key(SECRET, "here")
IDS = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=40)
SECONDS = st.integers(0, 4_000_000_000)


@settings(deadline=None, max_examples=100)
@given(IDS, SECONDS, st.text(st.characters(exclude_categories=["Cs"])))
def test_signs_as_the_reference_does(request_id: str, seconds: int, body: str) -> None:
    theirs = Webhook(SECRET).sign(request_id, datetime.fromtimestamp(seconds, UTC), body)
    assert sign(KEY, request_id, seconds, body.encode()) == theirs


@settings(deadline=None, max_examples=100)
@given(IDS, SECONDS, st.binary(), st.integers(0, 7), st.data())
def test_any_changed_bit_is_noticed(
    request_id: str, seconds: int, body: bytes, bit: int, data: st.DataObject
) -> None:
    made = sign(KEY, request_id, seconds, body)
    assert signed_by_one_of((KEY,), made, request_id, seconds, body)
    place = data.draw(st.integers(0, len(body)))
    changed = bytearray(body + b"\0")
    changed[place] ^= 1 << bit
    assert not signed_by_one_of((KEY,), made, request_id, seconds, bytes(changed))
    assert not signed_by_one_of((KEY,), made, request_id, seconds + 1, body)
    assert not signed_by_one_of((KEY,), made, request_id + "x", seconds, body)
    assert not signed_by_one_of((KEY + b"x",), made, request_id, seconds, body)


@settings(deadline=None, max_examples=100)
@given(st.text())
@example("v1,\ud800")
@example("v1")
@example("v1a,,,  v1,= v1,é")
def test_junk_for_a_signature_is_no_signature(junk: str) -> None:
    assert not signed_by_one_of((KEY,), junk, "1", 2, b"{}")


def test_an_old_and_a_new_secret_both_hold_and_one_good_signature_is_enough() -> None:
    new = signing_key("bmV3", "here")
    made = sign(new, "1", 2, b"{}")
    assert signed_by_one_of((KEY, new), made, "1", 2, b"{}")
    assert signed_by_one_of((KEY, new), f"v1,AAAA v2,{made} {made}", "1", 2, b"{}")
    assert not signed_by_one_of((), made, "1", 2, b"{}")


def test_only_the_first_sixteen_signatures_are_looked_at() -> None:
    made = sign(KEY, "1", 2, b"{}")
    assert signed_by_one_of((KEY,), "v1,A= " * 15 + made, "1", 2, b"{}")
    assert not signed_by_one_of((KEY,), "v1,A= " * 16 + made, "1", 2, b"{}")


@pytest.mark.parametrize("secret", [SECRET, SECRET.removeprefix("whsec_"), f" {SECRET}==\n"])
def test_reads_a_secret_with_and_without_its_prefix_and_padding(secret: str) -> None:
    assert signing_key(secret, "here") == KEY


@pytest.mark.parametrize("secret", ["", "whsec_", "hunter2 is no base64!", "whsec_ä", "a"])
def test_refuses_what_is_no_secret_without_repeating_it(secret: str) -> None:
    with pytest.raises(SettingsError, match="source 'shop': the signing secret") as caught:
        signing_key(secret, "source 'shop'")
    assert not secret.removeprefix("whsec_") or secret not in str(caught.value).split()
