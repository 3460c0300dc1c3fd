"""What is let through, what is refused, and what every answer carries."""

import asyncio
from collections.abc import AsyncIterator, Mapping

import httpx
import pytest
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import Message, Receive, Scope, Send

from dashboards.console import security
from dashboards.console.security import HEADERS, MOST_BODY, Guard

HERE = "http://127.0.0.1:8090"


async def _view(scope: Scope, receive: Receive, send: Send) -> None:
    request = Request(scope, receive)
    if scope["path"] == "/fault":
        raise ZeroDivisionError("a secret detail")
    if scope["path"] == "/late-fault":
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise ZeroDivisionError("too late to say so")
    body = await request.body()
    answer = PlainTextResponse(f"{scope['method']} {len(body)}")
    await answer(scope, receive, send)


def _refuse(_: Scope, error: HTTPException) -> Response:
    return PlainTextResponse(error.detail, error.status_code, dict(error.headers or {}))


def asked(
    path: str = "/",
    *,
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
    content: bytes = b"",
    hosts: tuple[str, ...] = ("page.example", "127.0.0.1"),
) -> httpx.Response:
    guard = Guard(_view, hosts, _refuse, lambda _: None)

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(guard)
        async with httpx.AsyncClient(transport=transport, base_url=HERE) as client:
            return await client.request(method, path, headers=dict(headers or {}), content=content)

    return asyncio.run(ask())


def test_every_answer_carries_the_safety_headers() -> None:
    for answer in (
        asked(),
        asked("/fault"),
        asked(headers={"host": "evil.example"}),
        asked(method="POST"),
    ):
        for name, value in HEADERS.items():
            assert answer.headers[name] == value
        assert answer.headers["cache-control"] == "no-store"


def test_the_policy_allows_no_inline_script_or_style_and_no_other_machine() -> None:
    policy = HEADERS["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';")
    for loose in ("unsafe", "http", "*", "blob:"):
        assert loose not in policy


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1:8090", "localhost", "LOCALHOST:9000", "[::1]:8090", "10.1.2.3", "page.example",
     "page.example.", "PAGE.example:443"],
)  # fmt: skip
def test_our_own_names_and_every_address_are_served(host: str) -> None:
    assert asked(headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    "host",
    ["evil.example", "page.example.evil.example", "localhost.evil.example", "127.0.0.1.nip.example",
     "", "xn--pge-0na.example", "page.example@evil.example"],
)  # fmt: skip
def test_a_name_that_is_not_ours_is_refused_in_words(host: str) -> None:
    answer = asked(headers={"host": host})
    assert answer.status_code == 421
    assert "allowed_hosts" in answer.text


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": HERE},
        {"sec-fetch-site": "same-origin"},
        {"sec-fetch-site": "none"},
        {"sec-fetch-site": "same-origin", "origin": "null"},
        {"host": "page.example", "origin": "https://page.example"},
    ],
)
def test_our_own_forms_are_taken(headers: dict[str, str]) -> None:
    assert asked(method="POST", headers=headers, content=b"a=1").text == "POST 3"


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"origin": "null"},
        {"origin": "https://evil.example"},
        {"origin": "http://127.0.0.1:9999"},
        {"origin": "file://"},
        {"origin": "http://127.0.0.1:99999"},
        {"origin": HERE, "sec-fetch-site": "cross-site"},
        {"origin": HERE, "sec-fetch-site": "same-site"},
        {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"},
        {"sec-fetch-site": "whatever"},
    ],
)
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_a_form_of_another_site_is_refused(method: str, headers: dict[str, str]) -> None:
    assert asked(method=method, headers=headers).status_code == 403


def test_a_link_from_elsewhere_opens_a_view_but_nothing_else_may_ask() -> None:
    link = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}
    assert asked(headers=link).status_code == 200
    for mode in ("no-cors", "cors"):
        headers = {"sec-fetch-site": "cross-site", "sec-fetch-mode": mode}
        assert asked("/events", headers=headers).status_code == 403


def test_a_form_is_bounded_whether_it_tells_its_size_or_not() -> None:
    ours = {"origin": HERE}
    assert asked(method="POST", headers=ours, content=b"x" * MOST_BODY).status_code == 200
    assert asked(method="POST", headers=ours, content=b"x" * (MOST_BODY + 1)).status_code == 413

    async def pieces() -> httpx.Response:
        async def body() -> AsyncIterator[bytes]:
            for _ in range(70):
                yield b"x" * 1_000

        transport = httpx.ASGITransport(Guard(_view, (), _refuse, lambda _: None))
        async with httpx.AsyncClient(transport=transport, base_url=HERE) as client:
            return await client.post("/", headers=ours, content=body())

    answer = asyncio.run(pieces())
    assert answer.status_code == 413
    assert "64 KB" in answer.text


def test_a_form_that_never_ends_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(security, "LONGEST_BODY", 0.05)

    async def body() -> AsyncIterator[bytes]:
        while True:
            yield b"a"
            await asyncio.sleep(0.01)

    async def dawdle() -> tuple[Message, ...]:
        drops, answer = body(), []

        async def receive() -> Message:
            return {"type": "http.request", "body": await anext(drops), "more_body": True}

        async def send(message: Message) -> None:
            answer.append(message)

        headers = [(b"host", b"127.0.0.1"), (b"origin", b"http://127.0.0.1")]
        scope = {"type": "http", "method": "POST", "path": "/", "headers": headers}
        await Guard(_view, (), _refuse, lambda _: None)(scope, receive, send)
        return tuple(answer)

    start, said = asyncio.run(dawdle())
    assert start["status"] == 408
    assert b"send it again" in said["body"]


def test_a_fault_of_a_view_is_an_answer_in_plain_words() -> None:
    answer = asked("/fault")
    assert answer.status_code == 500
    assert "secret" not in answer.text
    assert "fault of the program" in answer.text


def test_a_head_is_answered_like_a_view() -> None:
    assert asked(method="HEAD").status_code == 200
