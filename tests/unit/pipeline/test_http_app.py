import asyncio
import gzip

import httpx
import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pipeline.errors import LogCorrupt, LogUnavailable
from pipeline.health import Health
from pipeline.intake import Disposition
from pipeline.metrics.registry import Metrics
from pipeline.settings.secrets import Secret
from pipeline.sources.http.app import build_app
from pipeline.sources.http.settings import HttpSettings, Limits
from tests.door import MemoryIntake

NOW = 1_700_000_000_000
SAID = b'{"id": "1", "text": "late again", "event_time": 1699999990}'
TOKEN = Secret("token")


class StandingClock:
    def now(self) -> int:
        return NOW


class App:
    """The door without a network."""

    def __init__(self, settings: HttpSettings | None = None) -> None:
        self.intake = MemoryIntake()
        self.health = Health()
        clock = StandingClock()
        self.metrics = Metrics(clock)
        self.app = build_app(
            self.intake,
            clock=clock,
            settings=settings or HttpSettings(),
            metrics=self.metrics,
            health=self.health,
        )

    def ask(self, method: str, path: str, **more: object) -> httpx.Response:
        async def asked() -> httpx.Response:
            transport = httpx.ASGITransport(self.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as one:
                return await one.request(method, path, **more)  # type: ignore[arg-type]

        return asyncio.run(asked())

    def post(self, body: bytes, path: str = "/v1/mentions", **headers: str) -> httpx.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.ask("POST", path, content=body, headers=named)


def error_of(answer: httpx.Response) -> str:
    problem = answer.json()
    assert set(problem) == {"error", "detail"}
    assert problem["detail"]
    return str(problem["error"])


def test_every_line_is_answered_and_handed_over_as_one_batch() -> None:
    app = App()
    body = SAID + b"\n\n{}\n" + SAID.replace(b'"1"', b'"2"')
    answer = app.post(body, idempotency_key="abc")
    assert answer.status_code == 200
    assert [
        (line["line"], line["status"], line["reason"]) for line in answer.json()["results"]
    ] == [
        (1, "accepted", None),
        (3, "rejected", "undated"),
        (4, "accepted", None),
    ]
    (batch,) = app.intake.batches
    assert [mention.id for mention in batch.mentions] == ["1", "2"]
    assert [(one.origin, one.raw) for one in batch.rejected] == [("http:abc:3", b"{}")]
    assert (batch.source, batch.request_id) == ("http", "http/abc")
    assert {mention.ingested_at for mention in batch.mentions} == {NOW}


def test_an_arrays_elements_keep_their_bytes() -> None:
    app = App()
    app.post(b'[ {"a" : "\xff"} ,\n' + SAID + b"]")
    (rejected,) = app.intake.batches[0].rejected
    assert rejected.raw == b'{"a" : "\xff"}'
    assert rejected.reason == "not_utf8"


def test_a_request_without_an_id_gets_one_and_no_promise() -> None:
    app = App()
    first, second = app.post(b"{}"), app.post(b"{}")
    ids = [answer.headers["x-request-id"] for answer in (first, second)]
    assert ids[0] != ids[1]
    assert [batch.request_id for batch in app.intake.batches] == ["", ""]
    assert [batch.rejected[0].origin for batch in app.intake.batches] == [
        f"http:{request_id}:1" for request_id in ids
    ]


def test_a_repeat_gets_the_first_answer_byte_for_byte() -> None:
    app = App()
    app.intake.judge = lambda _: Disposition.LATE
    first = app.post(SAID, idempotency_key="abc")
    app.intake.judge = lambda _: Disposition.NO_BRAND
    again = app.post(SAID + b"\n{}", idempotency_key="abc")
    assert (again.status_code, again.content) == (200, first.content)
    assert again.headers["x-request-id"] == "abc"
    assert len(app.intake.batches) == 1


def test_a_mention_is_of_the_requests_source_whatever_it_says() -> None:
    app = App()
    app.post(SAID.replace(b"{", b'{"source": "someone else", '))
    assert [mention.source for mention in app.intake.mentions] == ["http"]


def test_future_dates_are_refused_in_an_event_log_too_where_they_would_move_time() -> None:
    body = SAID.replace(b"1699999990", b'"2024-01-01T00:00:00Z"')
    plain, event = App(), App(HttpSettings(event_time=True))
    assert plain.post(body).json()["results"][0]["reason"] == "future_dated"
    assert event.post(body).json()["results"][0]["reason"] == "future_dated"


def test_when_the_log_is_behind_senders_wait() -> None:
    app = App()
    app.intake.wait = 1.2
    answer = app.post(SAID)
    assert (answer.status_code, error_of(answer)) == (429, "log_behind")
    assert answer.headers["retry-after"] == "2"
    assert app.intake.batches == []


@pytest.mark.parametrize("failure", [LogUnavailable("/secret/path is full"), LogCorrupt("broken")])
def test_when_the_log_cannot_be_written_senders_repeat(failure: Exception) -> None:
    app = App()
    app.intake.failure = failure
    answer = app.post(SAID)
    assert (answer.status_code, error_of(answer)) == (503, "log_unavailable")
    assert int(answer.headers["retry-after"]) > 0
    assert "secret" not in answer.text
    assert "nothing" not in answer.text  # whoever fails may have sent some of it before
    assert "repeat it with the same id" in answer.text


def test_a_log_that_does_not_confirm_in_time_is_no_promise() -> None:
    app = App(HttpSettings(limits=Limits(commit_time=20)))
    app.intake.held = []
    answer = app.post(SAID, idempotency_key="abc")
    assert (answer.status_code, error_of(answer)) == (503, "log_unavailable")
    (commit,) = app.intake.held
    commit()
    app.intake.held = None
    assert app.post(SAID, idempotency_key="abc").json()["accepted"] == 1
    assert len(app.intake.batches) == 1


def test_a_fault_of_ours_is_answered_and_named() -> None:
    app = App()
    app.intake.failure = RuntimeError("text of a mention")
    answer = app.post(SAID)
    assert (answer.status_code, error_of(answer)) == (500, "fault")
    assert "text" not in answer.text


def test_input_ends_in_an_event_log_alone() -> None:
    plain, event = App(), App(HttpSettings(event_time=True, tokens=(TOKEN,)))
    assert error_of(plain.post(b"", "/v1/end")) == "no_event_log"
    assert event.post(b"", "/v1/end").status_code == 401
    assert event.intake.ended == []
    assert event.post(b"", "/v1/end", authorization="Bearer token").status_code == 200
    assert event.intake.ended == ["http"]


def test_refusals_are_json_with_their_status() -> None:
    app = App(HttpSettings(tokens=(TOKEN,), limits=Limits(body_bytes=100, mentions=2)))
    let_in = {"authorization": "Bearer token"}
    unknown = app.post(b"", "/v1/mentions?source=x", **let_in)
    assert [
        (answer.status_code, error_of(answer))
        for answer in (
            app.post(SAID),
            unknown,
            app.post(b"x" * 101, **let_in),
            app.post(gzip.compress(b" " * 101), content_encoding="gzip", **let_in),
            app.post(b"{}\n{}\n{}", **let_in),
            app.post(b"[", **let_in),
            app.post(b"{}", content_encoding="br", **let_in),
            app.ask("GET", "/v1/mentions"),
            app.post(SAID, "/v1/mentions/", **let_in),
            app.ask("GET", "/docs"),
            app.ask("GET", "/openapi.json"),
        )
    ] == [
        (401, "unauthenticated"),
        (404, "unknown_source"),
        (413, "too_large"),
        (413, "too_large"),
        (413, "too_many_mentions"),
        (400, "malformed"),
        (415, "content_encoding"),
        (405, "method_not_allowed"),
        (404, "not_found"),
        (404, "not_found"),
        (404, "not_found"),
    ]
    assert app.post(SAID).headers["www-authenticate"] == "Bearer"
    assert app.intake.batches == []


def test_an_open_door_answers_no_foreign_page_on_any_route() -> None:
    app = App()
    for method, path in (
        ("POST", "/v1/mentions"),
        ("POST", "/v1/end"),
        ("GET", "/metrics"),
        ("GET", "/healthz"),
        ("GET", "/readyz"),
    ):
        answer = app.ask(method, path, headers={"host": "evil.example"})
        assert (answer.status_code, error_of(answer)) == (403, "foreign_page")
    plain_form = app.post(SAID, origin="http://evil.example", content_type="text/plain")
    assert plain_form.status_code == 403
    assert app.intake.batches == []


def test_health_gives_its_reasons() -> None:
    app = App()
    assert app.ask("GET", "/readyz").json() == {"status": "ready", "reasons": []}
    app.health.failed("log", "the disk is full")
    ready, alive = app.ask("GET", "/readyz"), app.ask("GET", "/healthz")
    assert ready.status_code == 503
    assert ready.json()["reasons"] == [
        {"component": "log", "ill": "failed", "detail": "the disk is full"}
    ]
    assert (alive.status_code, alive.json()["status"]) == (200, "alive")
    assert app.ask("HEAD", "/readyz").status_code == 503
    assert b"crisis_monitor_ready 0.0" in app.ask("GET", "/metrics").content
    app.health.watch("engine", within=-1)
    assert app.ask("GET", "/healthz").status_code == 503


def test_answers_are_counted_by_route_and_status() -> None:
    app = App()
    app.post(SAID)
    app.post(b"?")
    app.ask("GET", "/some/<script>")
    text = app.ask("GET", "/metrics").text
    assert 'http_requests_total{route="/v1/mentions",status="200"} 1.0' in text
    assert 'http_requests_total{route="/v1/mentions",status="400"} 1.0' in text
    assert 'http_requests_total{route="other",status="404"} 1.0' in text
    assert "script" not in text


NASTY = st.sampled_from(
    [
        b"\0", b"\xff", b"[", b"{", b"]", b"}", b"\n", b",", b":", b'"', b"NaN", b"1e308",
        b'"\\ud800"', b'"event_time":', b'"text":', b'"0001-01-01T00:00:00Z"', SAID,
        b'"9999-12-31T23:59:59Z"', b'"=cmd()"', b'"\xe2\x80\xae"', b"[" * 2000, b'"id":', b"null",
        b'"author":{"followers":-1}', b"99999999999999999999999", b"-0.0", b"\r\n", b"1e400",
        b"\xef\xbb\xbf",
    ]
)  # fmt: skip
BODIES = st.one_of(
    st.binary(max_size=300),
    st.lists(NASTY, max_size=12).map(b"".join),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner),
    ).map(lambda value: repr(value).replace("'", '"').encode("utf-8", "surrogatepass")),
)
HEADERS = st.dictionaries(
    st.sampled_from(
        ["content-type", "content-encoding", "idempotency-key", "webhook-id", "expect"]
    ),
    st.sampled_from(["", "gzip", "application/x-ndjson", "application/json", "a b", "identity"]),
)


@settings(deadline=None, max_examples=300)
@given(BODIES, HEADERS)
@example(b"[" * 100_000, {})
@example(b'{"text":' * 100_000, {})
def test_no_bytes_make_it_stumble(body: bytes, headers: dict[str, str]) -> None:
    app = App()
    answer = app.ask("POST", "/v1/mentions", content=body, headers=headers)
    assert answer.status_code in {200, 400, 413, 415}
    if answer.status_code == 200:
        counts = answer.json()
        taken = counts["accepted"] + counts["rejected"] + counts["ignored"]
        assert taken == len(counts["results"])
        assert all(line["detail"] for line in counts["results"] if line["status"] == "rejected")
    else:
        error_of(answer)
        assert app.intake.batches == []
    msgspec.json.decode(answer.content)
