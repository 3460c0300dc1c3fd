"""Seeded nonsense over real sockets: every whole request is answered, none with a fault."""

import gzip
import logging
import os
import random
import socket
from collections.abc import Iterator

import pytest

from pipeline.sources.http.settings import HttpSettings, Limits
from tests.door import Door, a_door

REQUESTS = int(os.environ.get("FUZZED_REQUESTS", "1500"))
"""Raise it for a long run: FUZZED_REQUESTS=100000."""

PIECES = [
    b'{"id":"1","text":"the bag is lost","event_time":"2026-01-01T00:00:00Z"}',
    b"\0", b"\xff\xfe", b"\xed\xa0\x80", b'"\\ud800"', b'"\\u0000"', b"\xe2\x80\xae",
    b"\xef\xbb\xbf", b'"' + b"\\u00e9" * 20_000 + b'"',
    b"[", b"]", b"{", b"}", b",", b":", b'"', b"\\", b"\n", b"\r\n", b" ", b"null", b"true", b"-0",
    b"NaN", b"Infinity", b"1e308", b"1e400", b"9" * 400, b"[" * 3000, b'{"a":' * 3000,
    b'"event_time"', b'"0001-01-01T00:00:00Z"', b'"9999-12-31T23:59:59Z"', b'"2026-02-30"',
    b'"text"', b'"id"', b'"author"', b'{"handle":"@a","followers":-1}', b'"rating"', b'"kind"',
    b'"=HYPERLINK(1)"', b'"<script>alert(1)</script>"', b"a" * 70_000,
]  # fmt: skip
HEADERS = [
    b"content-type: application/x-ndjson", b"content-type: application/json", b"content-type: \xff",
    b"content-encoding: gzip", b"content-encoding: identity", b"content-encoding: br",
    b"idempotency-key: a", b"idempotency-key: \xe4", b"webhook-id: b", b"webhook-signature: v1,x",
    b"authorization: Bearer x", b"authorization: \x80", b"expect: 100-continue", b"range: bytes=0-",
    b"accept: application/openmetrics-text;version=x",
]  # fmt: skip
PATHS = [b"/v1/mentions"] * 12 + [
    b"/v1/mentions?source=%ff", b"/v1/mentions?source=http&source=x", b"/v1/end", b"/%00", b"/..//",
    b"/metrics?x[]=1", b"/v1/mentions;a",
]  # fmt: skip
ANSWERED = {200, 400, 404, 405, 409, 413, 415}


def a_body(chance: random.Random) -> bytes:
    body = b"".join(chance.choices(PIECES, k=chance.randrange(12)))
    if chance.random() < 0.6:
        body = PIECES[0] + b"\n" + body
    if chance.random() < 0.3:
        changed = bytearray(body or b"?")
        for _ in range(chance.randrange(1, 4)):
            changed[chance.randrange(len(changed))] = chance.randrange(256)
        body = bytes(changed)
    if chance.random() < 0.15:
        body = gzip.compress(body, compresslevel=1)[: chance.choice([None, -5])]
    return body


def a_request(chance: random.Random) -> bytes:
    body = a_body(chance)
    method = chance.choice([b"POST"] * 9 + [b"PUT"])
    lines = [method + b" " + chance.choice(PATHS) + b" HTTP/1.1", b"host: localhost"]
    lines += chance.sample(HEADERS, k=chance.randrange(4))
    if chance.random() < 0.2:
        lines.append(b"transfer-encoding: chunked")
        half = len(body) // 2
        parts = [part for part in (body[:half], body[half:]) if part]
        body = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"
    else:
        lines.append(b"content-length: %d" % len(body))
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


class Line:
    """One connection, made anew whenever the door hangs up."""

    def __init__(self, door: Door) -> None:
        self._address = ("127.0.0.1", door.server.port)
        self._connection: socket.socket | None = None

    def ask(self, request: bytes) -> int:
        """Send a whole request; return the status of its answer."""
        for _ in range(2):
            if self._connection is None:
                self._connection = socket.create_connection(self._address, timeout=20)
            try:
                self._connection.sendall(request)
                status = self._answer(self._connection)
            except OSError:
                status = 0
            if status:
                return status
            self.close()
        return 0

    def _answer(self, connection: socket.socket) -> int:
        heard = b""
        while True:
            while b"\r\n\r\n" not in heard:
                part = connection.recv(65536)
                if not part:
                    return 0
                heard += part
            head, _, rest = heard.partition(b"\r\n\r\n")
            status = int(head[9:12])
            if status >= 200:
                break
            heard = rest
        lines = head.lower().split(b"\r\n")
        length = next((int(one[15:]) for one in lines if one.startswith(b"content-length:")), 0)
        while len(rest) < length:
            part = connection.recv(65536)
            if not part:
                break
            rest += part
        if b"connection: close" in lines:
            self.close()
        return status

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


@pytest.fixture(autouse=True)
def no_fault_is_logged(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    yield
    assert [one.getMessage() for one in caplog.records if one.levelno >= logging.ERROR] == []


def test_every_whole_request_is_answered_without_a_fault() -> None:
    chance = random.Random(20260101)
    with a_door(HttpSettings(limits=Limits(body_bytes=150_000))) as door:
        line = Line(door)
        seen: dict[int, int] = {}
        for number in range(REQUESTS):
            request = a_request(chance)
            status = line.ask(request)
            assert status in ANSWERED, (number, request[:500])
            seen[status] = seen.get(status, 0) + 1
        line.close()
    assert {200, 400, 413} <= set(seen), seen


def test_broken_http_never_stops_the_door() -> None:
    chance = random.Random(20260102)
    with a_door(head_time=300) as door:
        good = b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n"
        line = Line(door)
        for _ in range(REQUESTS // 10):
            request = bytearray(a_request(chance)[:2000])
            for _ in range(chance.randrange(1, 6)):
                request[chance.randrange(min(120, len(request)))] = chance.randrange(256)
            with socket.create_connection(("127.0.0.1", door.server.port), timeout=20) as one:
                one.sendall(bytes(request))
            assert line.ask(good) == 200
        line.close()
