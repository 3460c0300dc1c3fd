"""Runs an application on a port, in a thread of its own, and stops it cleanly."""

import asyncio
import math
import socket
import threading
from typing import TYPE_CHECKING, Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from pipeline.errors import EnvironmentProblem

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from fastapi import FastAPI

_BACKLOG = 128
_UNREAD_ANSWER = 30_000
"""Milliseconds a client may leave an answer unread before its connection is given up."""
_START = 30.0
_FORCE = 2.0


class HttpServer:
    """Serves an app from `start` to `stop`; `port` 0 takes a free one.

    A client that dawdles over a request's head, or goes on sending a body that was already
    answered, is cut off after `head_time` milliseconds; of at most `connections` at a time, those
    beyond are answered 503. An app whose `state` has `stopping` is told so by a call when it is to
    end, so that answers without an end do not hold the server up.
    """

    def __init__(
        self,
        app: "FastAPI",
        host: str,
        port: int,
        *,
        head_time: int = 10_000,
        connections: int = 512,
    ) -> None:
        self._host = host.removeprefix("[").removesuffix("]")
        self._port = port
        self._listener: socket.socket | None = None
        self._thread: threading.Thread | None = None
        self._server = _Server(
            getattr(app.state, "stopping", _nothing),
            uvicorn.Config(
                app,
                http=_patient_for(head_time / 1000),
                ws="none",
                lifespan="on",
                loop="asyncio",
                log_config=None,
                access_log=False,
                server_header=False,
                date_header=False,
                proxy_headers=False,
                limit_concurrency=connections,
                backlog=_BACKLOG,
            ),
        )

    @property
    def port(self) -> int:
        """The port listened on; once started, never 0."""
        return self._port

    @property
    def url(self) -> str:
        """Where the app is found, without a slash at the end."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self._port}"

    @property
    def alive(self) -> bool:
        """Whether it serves."""
        return self._thread is not None and self._thread.is_alive()

    def listen(self) -> None:
        """Take the address, so that `port` is known; who comes now waits for `start`.

        Raises EnvironmentProblem when the address cannot be had.
        """
        if self._listener is None:
            self._listener = _listening(self._host, self._port)
            self._port = int(self._listener.getsockname()[1])

    def start(self) -> None:
        """Listen, and return once requests are answered.

        Raises EnvironmentProblem when the address cannot be had.
        """
        self.listen()
        listener, self._listener = self._listener, None
        self._thread = threading.Thread(
            target=self._server.run, args=([listener],), name="http", daemon=True
        )
        self._thread.start()
        if not self._server.up.wait(_START) or not self._server.started:
            raise EnvironmentProblem(f"the HTTP server on {self.url} does not come up")

    def stop(self, timeout: float = 5.0) -> None:
        """Take no more requests, let those at work finish for `timeout` seconds, then cut off."""
        if self._listener is not None:
            self._listener.close()
            self._listener = None
        if self._thread is None:
            return
        self._server.config.timeout_graceful_shutdown = max(1, math.ceil(timeout))
        self._server.should_exit = True
        self._thread.join(timeout + _FORCE)
        if self._thread.is_alive():
            self._server.force_exit = True
            self._thread.join(_FORCE)
        self._thread = None


class _Server(uvicorn.Server):
    """Tells when it is up, and leaves no connection behind when it goes."""

    def __init__(self, stopping: "Callable[[], None]", config: uvicorn.Config) -> None:
        super().__init__(config)
        self.up = threading.Event()
        self._stopping = stopping

    async def startup(self, sockets: "list[socket.socket] | None" = None) -> None:
        await super().startup(sockets)
        self.up.set()

    async def shutdown(self, sockets: "list[socket.socket] | None" = None) -> None:
        self._stopping()
        await super().shutdown(sockets)
        for connection in list(self.server_state.connections):
            transport = getattr(connection, "transport", None)
            if transport is not None:
                transport.abort()
        await asyncio.sleep(0)


def _nothing() -> None:
    """What an app that has no endless answers does when it is to end."""


def _patient_for(seconds: float) -> type[H11Protocol]:
    """Return uvicorn's protocol with a limit on waiting for a request's head.

    Uvicorn itself waits without end for a first request and for the rest of a head, and reads
    on without end what follows an answer given early.
    """

    class Patient(H11Protocol):
        _deadline: asyncio.TimerHandle | None = None

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
            super().connection_made(transport)
            self._expect_head()

        def handle_events(self) -> None:
            super().handle_events()
            cycle = self.cycle
            if cycle is None or cycle.response_complete:  # type: ignore[redundant-expr]  # None before the first
                self._expect_head()
            else:
                self._forget()

        def connection_lost(self, exc: Exception | None) -> None:
            self._forget()
            super().connection_lost(exc)

        def _expect_head(self) -> None:
            if self._deadline is None:
                self._deadline = self.loop.call_later(seconds, self.transport.abort)

        def _forget(self) -> None:
            if self._deadline is not None:
                self._deadline.cancel()
                self._deadline = None

    return Patient


def _listening(host: str, port: int) -> socket.socket:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError):
        raise EnvironmentProblem(
            f"{host!r} is no address of this machine: correct the host to listen on"
        ) from None
    family, kind, protocol, _, address = _preferred(found)
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if hasattr(socket, "TCP_USER_TIMEOUT"):
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _UNREAD_ANSWER)
        listener.bind(address)
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        raise EnvironmentProblem(
            f"cannot listen on {host} port {port} ({(error.strerror or 'refused').lower()}):"
            " stop what listens there, or choose another port"
        ) from None
    return listener


def _preferred(found: "Sequence[tuple[Any, ...]]") -> "tuple[Any, ...]":
    """Prefer IPv4, since that is what clients of `localhost` try everywhere."""
    return min(found, key=lambda one: one[0] != socket.AF_INET)
