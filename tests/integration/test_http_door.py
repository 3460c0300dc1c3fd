"""The door as it stands on a port: real sockets, hostile clients."""

import contextlib
import gzip
import json
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import httpx
import pytest
from standardwebhooks.webhooks import Webhook

from pipeline.clock import SystemClock
from pipeline.errors import EnvironmentProblem, LogUnavailable
from pipeline.services.server import HttpServer
from pipeline.settings.secrets import Secret
from pipeline.sources.http.settings import HttpSettings, Limits
from tests.door import Door, a_door

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
GUARDED = HttpSettings(secrets=(Secret(SECRET),), tokens=(Secret("the-token"),))
BEARER = {"authorization": "Bearer the-token"}


def line(number: int, text: str = "the bag is lost") -> bytes:
    said = {"id": str(number), "text": text, "event_time": "2026-01-01T00:00:00Z"}
    return json.dumps(said).encode()


@pytest.fixture
def door() -> Iterator[Door]:
    with a_door() as one:
        yield one


@pytest.fixture
def guarded() -> Iterator[Door]:
    with a_door(GUARDED) as one:
        yield one


def post(door: Door, body: object, path: str = "/v1/mentions", **headers: str) -> httpx.Response:
    with httpx.Client(trust_env=False, timeout=20) as client:
        return client.post(door.url + path, content=body, headers=headers)  # type: ignore[arg-type]


def raw(door: Door) -> socket.socket:
    return socket.create_connection(("127.0.0.1", door.server.port), timeout=20)


def went_on_for(connection: socket.socket) -> float:
    """Seconds until the other side no longer listens to what is sent on and on; 20 at most."""
    started = time.monotonic()
    with contextlib.suppress(OSError):
        while time.monotonic() - started < 20:
            connection.sendall(b"x" * 100)
            time.sleep(0.01)
    return time.monotonic() - started


def until_closed(connection: socket.socket) -> bytes:
    """Everything that comes until the other side hangs up."""
    heard = b""
    try:
        while part := connection.recv(65536):
            heard += part
    except ConnectionResetError:
        pass
    return heard


def test_signed_by_the_reference_library(guarded: Door) -> None:
    body = line(1)
    clock = SystemClock().now() // 1000
    headers = {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(clock),
        "webhook-signature": Webhook(SECRET).sign(
            "msg_1", datetime.fromtimestamp(clock, UTC), body.decode()
        ),
    }
    answer = post(guarded, body, **headers)
    assert (answer.status_code, answer.json()["accepted"]) == (200, 1)
    assert answer.headers["x-request-id"] == "msg_1"
    assert post(guarded, line(2), **headers).status_code == 401
    assert len(guarded.intake.mentions) == 1


def test_a_bearer_comes_in_and_nobody_else(guarded: Door) -> None:
    assert post(guarded, line(1), **BEARER).status_code == 200
    assert post(guarded, line(1)).status_code == 401
    assert post(guarded, line(1), authorization="Bearer the-toke").status_code == 401
    assert post(guarded, b"x" * 3_000_000).status_code == 401


def test_five_thousand_mentions_at_once(door: Door) -> None:
    answer = post(door, b"\n".join(line(number) for number in range(5_000)))
    assert answer.json()["accepted"] == 5_000
    assert [mention.id for mention in door.intake.mentions] == [str(n) for n in range(5_000)]
    assert post(door, b"\n".join(line(number) for number in range(5_001))).status_code == 413


def test_ten_megabytes_are_refused_by_length_and_while_streaming(door: Door) -> None:
    body = line(1, "x" * 10_000_000)
    assert post(door, body).status_code == 413

    def parts() -> Iterator[bytes]:
        for start in range(0, len(body), 65536):
            yield body[start : start + 65536]

    answer = post(door, parts())
    assert (answer.status_code, answer.json()["error"]) == (413, "too_large")
    assert post(door, line(1)).status_code == 200


def test_who_asks_before_sending_too_much_is_told_at_once(door: Door) -> None:
    with raw(door) as connection:
        connection.sendall(
            b"POST /v1/mentions HTTP/1.1\r\nhost: localhost\r\ncontent-length: 99999999\r\n"
            b"expect: 100-continue\r\n\r\n"
        )
        assert connection.recv(65536).startswith(b"HTTP/1.1 413 ")


def test_gzip_and_its_bomb(door: Door) -> None:
    body = b"\n".join(line(number) for number in range(100))
    packed = {"content-encoding": "gzip"}
    assert post(door, gzip.compress(body), **packed).json()["accepted"] == 100
    bomb = gzip.compress(bytes(1_000_000_000 // 5), compresslevel=1)
    assert post(door, bomb, **packed).status_code == 413


def test_a_slow_client_holds_nobody_else(door: Door) -> None:
    body = line(1)
    head = (
        f"POST /v1/mentions HTTP/1.1\r\nhost: localhost\r\ncontent-length: {len(body)}\r\n\r\n"
    ).encode()
    slow = [raw(door) for _ in range(100)]
    try:
        for connection in slow[:50]:
            connection.sendall(head[:20])
        for connection in slow[50:]:
            connection.sendall(head + body[:1])
        for _ in range(20):
            assert post(door, body).status_code == 200
        slow[99].sendall(body[1:])
        assert slow[99].recv(65536).startswith(b"HTTP/1.1 200 ")
    finally:
        for connection in slow:
            connection.close()


def test_a_log_that_takes_its_time_holds_nobody_else(door: Door) -> None:
    door.intake.held = []
    with ThreadPoolExecutor(20) as pool:
        waiting = [pool.submit(post, door, line(number)) for number in range(20)]
        deadline = time.monotonic() + 20
        while len(door.intake.held) < 20 and time.monotonic() < deadline:
            time.sleep(0.01)
        assert len(door.intake.held) == 20
        with httpx.Client(base_url=door.url, trust_env=False) as client:
            assert client.get("/healthz").status_code == 200
        for commit in door.intake.held:
            commit()
        assert {one.result().status_code for one in waiting} == {200}


def test_dawdlers_are_cut_off() -> None:
    settings = HttpSettings(limits=Limits(body_time=200))
    with a_door(settings, head_time=200) as door:
        with raw(door) as silent, raw(door) as half, raw(door) as slow:
            half.sendall(b"GET /healthz HT")
            slow.sendall(
                b"POST /v1/mentions HTTP/1.1\r\nhost: localhost\r\ncontent-length: 9\r\n\r\n{"
            )
            assert until_closed(silent) == b""
            assert until_closed(half) == b""
            assert until_closed(slow).startswith(b"HTTP/1.1 408 ")
        with raw(door) as endless:
            endless.sendall(
                b"POST /v1/mentions HTTP/1.1\r\nhost: localhost\r\ncontent-length: 99999999\r\n\r\n"
            )
            assert endless.recv(65536).startswith(b"HTTP/1.1 413 ")
            assert went_on_for(endless) < 20
        assert post(door, line(1)).status_code == 200


def test_who_goes_away_in_the_middle_is_forgotten(door: Door) -> None:
    for _ in range(20):
        with raw(door) as connection:
            connection.sendall(
                b"POST /v1/mentions HTTP/1.1\r\nhost: localhost\r\ncontent-length: 99\r\n\r\n{"
            )
    assert post(door, line(1)).status_code == 200
    assert len(door.intake.batches) == 1


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"\0\xff\0\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"POST /v1/mentions HTTP/1.1\r\nhost: localhost\r\ncontent-length: -1\r\n\r\n",
        b"POST /v1/mentions HTTP/1.1\r\nhost: localhost\r\ncontent-length: 9e9\r\n\r\n",
        b"POST /v1/mentions HTTP/1.1\r\nhost: a\r\nhost: localhost\r\ncontent-length: 2\r\n\r\n{}",
        b"GET /healthz HTTP/1.1\r\nhost: localhost\r\nx: " + b"y" * 200_000 + b"\r\n\r\n",
        b"POST / HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\nZZ\r\n",
    ],
)
def test_what_is_no_good_http_harms_nobody(door: Door, request_bytes: bytes) -> None:
    with raw(door) as connection:
        connection.sendall(request_bytes)
        with contextlib.suppress(OSError):
            connection.shutdown(socket.SHUT_WR)
        heard = until_closed(connection)
    assert heard == b"" or heard.startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 403 ", b"HTTP/1.1 404 "))
    assert post(door, line(1)).status_code == 200


def test_a_foreign_name_is_refused(door: Door) -> None:
    assert post(door, line(1), host="evil.example").status_code == 403
    assert post(door, line(1), origin="http://evil.example").status_code == 403
    assert post(door, line(1), host=f"localhost:{door.server.port}").status_code == 200


def test_repeats_and_refusals_of_the_log(door: Door) -> None:
    first = post(door, line(1), **{"idempotency-key": "abc"})
    assert post(door, line(2), **{"idempotency-key": "abc"}).content == first.content
    door.intake.failure = LogUnavailable("disk full")
    answer = post(door, line(3))
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    door.intake.wait = 7
    answer = post(door, line(3))
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "7")


def test_one_connection_takes_many_requests_even_after_refusals(door: Door) -> None:
    with httpx.Client(base_url=door.url, trust_env=False) as client:
        for body, status in ((b"?", 400), (b"x" * 6_000_000, 413), (line(1), 200)) * 3:
            assert client.post("/v1/mentions", content=body).status_code == status


def test_a_taken_port_is_named(door: Door) -> None:
    port = door.server.port
    with pytest.raises(EnvironmentProblem, match=f"port {port}"):
        HttpServer(door.app, "127.0.0.1", port).start()
    with pytest.raises(EnvironmentProblem, match="correct the host"):
        HttpServer(door.app, "no such host.invalid", 0).start()


def test_a_stop_lets_requests_finish_and_frees_the_port(door: Door) -> None:
    door.intake.held = []
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(post, door, line(1))
        while not door.intake.held:
            time.sleep(0.01)
        stopping = threading.Thread(target=door.server.stop)
        stopping.start()
        door.intake.held[0]()
        assert waiting.result().status_code == 200
        stopping.join(10)
    assert not stopping.is_alive()
    again = HttpServer(door.app, "127.0.0.1", door.server.port)
    again.start()
    again.stop()
    again.stop()


def test_a_stop_waits_for_nobody_for_ever(door: Door) -> None:
    door.intake.held = []
    with raw(door) as slow, raw(door) as waiting, raw(door):
        slow.sendall(b"POST /v1/mentions HTTP/1.1\r\nhost: localhost\r\ncontent-length: 9\r\n\r\n{")
        waiting.sendall(
            b"POST /v1/mentions HTTP/1.1\r\nhost: localhost\r\ncontent-length: 2\r\n\r\n{}"
        )
        while not door.intake.held:
            time.sleep(0.01)
        door.server.stop(0.5)
        assert not any(thread.name == "http" for thread in threading.enumerate())
    door.intake.held[0]()


def test_a_stop_leaves_no_connection_with_an_answer_nobody_reads() -> None:
    many = b"{}\n" * 100_000
    head = b"POST /v1/mentions HTTP/1.1\r\nhost: localhost\r\ncontent-length: %d\r\n\r\n"
    with a_door(HttpSettings(limits=Limits(mentions=100_000))) as door, socket.socket() as unread:
        unread.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        unread.settimeout(20)
        unread.connect(("127.0.0.1", door.server.port))
        unread.sendall(head % len(many) + many)
        assert unread.recv(12) == b"HTTP/1.1 200"
        door.server.stop(0.5)
        assert len(until_closed(unread)) < 10_000_000
