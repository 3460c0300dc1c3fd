import pytest
from starlette.datastructures import Headers

from pipeline.decoding import SourceDefaults
from pipeline.settings.secrets import Secret
from pipeline.sources.http.admission import Admission, Admitted, Unsigned
from pipeline.sources.http.answers import Refused, RequestError
from pipeline.sources.http.settings import HttpSettings, HttpSource
from pipeline.sources.http.signature import sign

NOW = 1_700_000_000_000
SECONDS = NOW // 1000
DOOR_KEY, SHOP_KEY = b"the door's key", b"the shop's key"
DOOR_SECRET, SHOP_SECRET = Secret("dGhlIGRvb3IncyBrZXk="), Secret("dGhlIHNob3AncyBrZXk=")

HTTP = HttpSource(SourceDefaults("http"))
SHOP = HttpSource(SourceDefaults("shop"), secrets=(SHOP_SECRET,), tokens=(Secret("shop-token"),))
OPEN = Admission(HttpSettings(sources=(HTTP,)))
GUARDED = Admission(
    HttpSettings(sources=(HTTP, SHOP), secrets=(DOOR_SECRET,), tokens=(Secret("door-token"),))
)


def bearer(token: str, **more: str) -> Headers:
    return Headers({"authorization": f"Bearer {token}"} | more)


def signed(
    key: bytes, body: bytes, *, seconds: int = SECONDS, request_id: str = "msg_1"
) -> Headers:
    return Headers(
        {
            "webhook-id": request_id,
            "webhook-timestamp": str(seconds),
            "webhook-signature": sign(key, request_id, seconds, body),
        }
    )


def through(
    admission: Admission, headers: Headers, body: bytes = b"", name: str | None = None
) -> tuple[str, str]:
    claim = admission.before_body(headers, name, NOW)
    if isinstance(claim, Unsigned):
        claim = admission.after_body(claim, body)
    assert isinstance(claim, Admitted)
    return claim.source.name, claim.request_id


def refused(
    admission: Admission, headers: Headers, body: bytes = b"", name: str | None = None
) -> RequestError:
    with pytest.raises(RequestError) as caught:
        through(admission, headers, body, name)
    return caught.value


def test_a_bearer_of_the_door_speaks_for_http_alone() -> None:
    assert through(GUARDED, bearer("door-token")) == ("http", "")
    assert through(GUARDED, bearer("door-token"), name="http") == ("http", "")
    assert refused(GUARDED, bearer("door-token"), name="shop").status == 401


def test_a_token_names_its_source() -> None:
    assert through(GUARDED, bearer("shop-token")) == ("shop", "")
    assert through(GUARDED, bearer("shop-token"), name="shop") == ("shop", "")
    assert refused(GUARDED, bearer("shop-token"), name="http").status == 401


def test_the_scheme_is_written_as_one_likes() -> None:
    assert through(GUARDED, Headers({"authorization": "bEARER   door-token "})) == ("http", "")


@pytest.mark.parametrize(
    "headers",
    [
        Headers({}),
        Headers({"authorization": "door-token"}),
        Headers({"authorization": "Basic door-token"}),
        bearer(""),
        bearer("door-toke"),
        bearer("door-token2"),
        bearer("door-token\xe4"),
        Headers({"webhook-signature": "v1,x"}),
        Headers({"webhook-signature": "v1,x", "webhook-id": "1"}),
        Headers({"webhook-signature": "", "webhook-id": "1", "webhook-timestamp": "x"}),
        Headers({"webhook-signature": "", "webhook-id": "1", "webhook-timestamp": str(SECONDS)}),
    ],
)
def test_whoever_shows_nothing_good_stays_out(headers: Headers) -> None:
    error = refused(GUARDED, headers)
    assert (error.status, error.reason) == (401, Refused.UNAUTHENTICATED)


def test_a_signature_lets_in_and_brings_the_id() -> None:
    assert through(GUARDED, signed(DOOR_KEY, b"{}"), b"{}") == ("http", "msg_1")
    assert through(GUARDED, signed(SHOP_KEY, b"{}"), b"{}") == ("shop", "msg_1")
    assert through(GUARDED, signed(SHOP_KEY, b"{}"), b"{}", "shop") == ("shop", "msg_1")
    assert refused(GUARDED, signed(SHOP_KEY, b"{}"), b"{}", "http").status == 401
    assert refused(GUARDED, signed(DOOR_KEY, b"{}"), b"{ }").status == 401


def test_a_signature_holds_over_bytes_that_are_no_text() -> None:
    assert through(GUARDED, signed(DOOR_KEY, b"\xff\0"), b"\xff\0")[0] == "http"


@pytest.mark.parametrize(("off", "status"), [(300, 200), (-300, 200), (301, 401), (-301, 401)])
def test_a_signature_holds_for_five_minutes(off: int, status: int) -> None:
    headers = signed(DOOR_KEY, b"{}", seconds=SECONDS + off)
    if status == 200:
        assert through(GUARDED, headers, b"{}")[0] == "http"
    else:
        assert "5 minutes" in refused(GUARDED, headers, b"{}").detail


@pytest.mark.parametrize("seconds", ["-1", "1e9", "9" * 13, "\xb2", "NaN", " 1"])
def test_a_time_that_is_no_number_is_no_time(seconds: str) -> None:
    headers = {"webhook-signature": "v1,x", "webhook-id": "1", "webhook-timestamp": seconds}
    assert refused(GUARDED, Headers(headers)).status == 401


def test_a_wrong_token_is_not_mended_by_an_open_door_beside_it() -> None:
    half_open = Admission(HttpSettings(sources=(HTTP, SHOP)))
    assert refused(half_open, bearer("wrong")).status == 401
    assert through(half_open, bearer("shop-token")) == ("shop", "")
    assert through(half_open, Headers({})) == ("http", "")
    assert refused(half_open, Headers({}), name="shop").status == 401


def test_an_open_door_takes_anyone_and_any_id() -> None:
    assert through(OPEN, Headers({})) == ("http", "")
    assert through(OPEN, Headers({"idempotency-key": "a"})) == ("http", "a")
    assert through(OPEN, Headers({"webhook-id": "b", "webhook-signature": "v1,x"})) == ("http", "b")


def test_a_bearer_brings_its_id_too() -> None:
    assert through(GUARDED, bearer("door-token", **{"idempotency-key": "x.1"})) == ("http", "x.1")


@pytest.mark.parametrize("request_id", ["a b", "a\nb", "\x7f", "ä", "x" * 257])
def test_an_unusable_id_is_refused(request_id: str) -> None:
    headers = Headers({"idempotency-key": request_id})
    assert refused(OPEN, headers).reason is Refused.REQUEST_ID


def test_an_unknown_source_is_refused() -> None:
    assert refused(OPEN, Headers({}), name="nobody").status == 404
    assert refused(OPEN, Headers({}), name="").status == 404


FRIENDLY = [
    {"host": "localhost:8080"},
    {"host": "127.0.0.1"},
    {"host": "[::1]:8080"},
    {"host": "localhost:8080", "origin": "http://localhost:8080"},
    {"host": "localhost", "sec-fetch-site": "same-origin"},
]
FOREIGN = [
    {},
    {"host": ""},
    {"host": "evil.example:8080"},
    {"host": "localhost.evil.example"},
    {"host": "127.0.0.1.evil.example"},
    {"host": "evil.example@127.0.0.1", "origin": "http://evil.example"},
    {"host": "192.168.1.5:8080"},
    {"host": "[::1"},
    {"host": "localhost:8080", "origin": "http://evil.example"},
    {"host": "localhost:8080", "origin": "http://localhost:3000"},
    {"host": "localhost:8080", "origin": "null"},
    {"host": "localhost:8080", "sec-fetch-site": "cross-site"},
]


@pytest.mark.parametrize("headers", FRIENDLY)
def test_an_open_door_hears_this_machine(headers: dict[str, str]) -> None:
    OPEN.check_page(Headers(headers))


@pytest.mark.parametrize("headers", FOREIGN)
def test_an_open_door_hears_no_foreign_page(headers: dict[str, str]) -> None:
    with pytest.raises(RequestError) as caught:
        OPEN.check_page(Headers(headers))
    assert (caught.value.status, caught.value.reason) == (403, Refused.FOREIGN_PAGE)
    GUARDED.check_page(Headers(headers))
