"""Reads a request's body: not more than is allowed, not longer, not all at once."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.requests import Request

from pipeline.sources.http.answers import Refused, RequestError
from pipeline.sources.http.content import too_large
from pipeline.sources.http.settings import Limits

_COME_AGAIN = 2.0


class BodyReader:
    """Reads bodies within limits, and counts what all requests hold together; for one event loop.

    A slow sender costs a waiting coroutine and its bytes, nothing else.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._held = 0

    @asynccontextmanager
    async def body(self, request: Request) -> AsyncIterator[bytes]:
        """Hold the whole body as sent.

        Raises RequestError: 413 too large (by its Content-Length, before a byte is read), 408 too
        slow, 503 when the bodies at hand fill what is allowed; starlette's ClientDisconnect when
        the sender went away.
        """
        most = self._limits.body_bytes
        if _declared(request) > most:
            raise too_large(most)
        body = bytearray()
        try:
            await self._fill(body, request)
            yield bytes(body)
        finally:
            self._held -= len(body)

    async def _fill(self, body: bytearray, request: Request) -> None:
        try:
            async with asyncio.timeout(self._limits.body_time / 1000):
                async for part in request.stream():
                    self._held += len(part)
                    body += part
                    self._check(body)
        except TimeoutError:
            raise RequestError(
                408,
                Refused.TOO_SLOW,
                f"the body took longer than {self._limits.body_time} ms",
                close=True,
            ) from None

    def _check(self, body: bytearray) -> None:
        if len(body) > self._limits.body_bytes:
            raise too_large(self._limits.body_bytes)
        if self._held > self._limits.in_flight_bytes:
            raise RequestError(
                503,
                Refused.BUSY,
                "too many requests at once: repeat this one",
                retry_after=_COME_AGAIN,
            )


def _declared(request: Request) -> int:
    length = request.headers.get("content-length", "")
    return int(length) if length.isascii() and length.isdecimal() and len(length) < 20 else 0
