"""A webhook receiver on a free port of this machine that behaves as each test asks."""

import json
import os
import socket
import struct
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import msgspec


class Heard(msgspec.Struct, frozen=True):
    """One request as it arrived (also when the answer then went wrong)."""

    key: str
    headers: dict[str, str]
    body: bytes
    way: str

    @property
    def event(self) -> Any:  # noqa: ANN401  # whatever was sent
        return json.loads(self.body)

    @property
    def data(self) -> Any:  # noqa: ANN401  # whatever was sent
        return self.event["data"]


class Peer:
    """Answers 204 unless told otherwise.

    `ways` are used up one a request, then `way` holds: a status code, `429:7` (with
    Retry-After), `hang` (reads, never answers), `drip` (a byte now and then), `reset`, `half`
    (half an answer), `huge` (an endless answer), `redirect`.
    """

    def __init__(self) -> None:
        self.way: str | Callable[[int], str] = "204"
        self.ways: deque[str] = deque()
        self.heard: list[Heard] = []
        self.changed = threading.Condition()
        self.gone = threading.Event()
        peer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                peer.answer(self)

            def log_message(self, *_: object) -> None:
                return

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            block_on_close = False
            request_queue_size = 128

            def handle_error(self, *_: object) -> None:
                return

        self.server = Server(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(
            target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
        )
        self.thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}/hook"

    def accepted(self) -> list[Heard]:
        with self.changed:
            return [heard for heard in self.heard if heard.way.startswith("2")]

    def wait_for(self, count: int, seconds: float = 10.0) -> list[Heard]:
        """The first requests, as soon as there are `count`; fails when they never come."""
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.heard) >= count, seconds), (
                f"{len(self.heard)} requests instead of {count}"
            )
            return list(self.heard)

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        body = request.rfile.read(int(request.headers["content-length"]))
        headers = {name.lower(): value for name, value in request.headers.items()}
        with self.changed:
            number = len(self.heard)
            if self.ways:
                way = self.ways.popleft()
            else:
                way = self.way if isinstance(self.way, str) else self.way(number)
            self.heard.append(Heard(headers.get("webhook-id", ""), headers, body, way))
            self.changed.notify_all()
        self._behave(request, way)

    def _behave(self, request: BaseHTTPRequestHandler, way: str) -> None:  # noqa: C901  # one case a way
        match way.partition(":"):
            case ("hang", _, _):
                self.gone.wait(30)
                request.close_connection = True
            case ("drip", _, _):
                self._drip(request)
            case ("reset", _, _):
                request.connection.setsockopt(
                    socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
                )
                os.close(request.connection.detach())
            case ("half", _, _):
                request.wfile.write(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf")
                request.close_connection = True
            case ("huge", _, _):
                request.wfile.write(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n")
                for _ in range(10_000):
                    request.wfile.write(b"x" * 4096)
            case ("redirect", _, _):
                request.send_response(307)
                request.send_header("location", self.url)
                request.send_header("content-length", "0")
                request.end_headers()
            case (status, _, wait):
                request.send_response(int(status))
                if wait:
                    request.send_header("retry-after", wait)
                if status != "204":
                    request.send_header("content-length", "0")
                request.end_headers()

    def _drip(self, request: BaseHTTPRequestHandler) -> None:
        for byte in b"HTTP/1.1 200 OK\r\nx: " + b"y" * 1000:
            if self.gone.is_set():
                break
            request.wfile.write(bytes([byte]))
            request.wfile.flush()
            time.sleep(0.05)
        request.close_connection = True

    def close(self) -> None:
        self.gone.set()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join(5)


@contextmanager
def a_peer() -> Iterator[Peer]:
    peer = Peer()
    try:
        yield peer
    finally:
        peer.close()
