"""One HTTP POST that always comes back: in time, with a bounded answer, or with the reason."""

import asyncio
import contextlib
import threading
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import Self

import httpx
import msgspec

from alerts.notifiers.answer import Answer, Result

MAX_ANSWER_BYTES = 64 * 1024
LONGEST_WAIT = 3_600_000
"""Milliseconds: an hour; nobody gets to ask for more."""

_WORTH_REPEATING = frozenset({408, 425, 429})


class TimeLimits(msgspec.Struct, frozen=True):
    """Milliseconds for reaching the other side, and for the whole call with its answer."""

    connect: int = 5_000
    whole: int = 10_000


class Poster:
    """Posts bodies and judges the answers; one at a time, whatever thread asks.

    The whole call, name look-up included, ends within `limits.whole`. At most 64 KiB of an
    answer are read; a redirect is refused, so a signed body goes nowhere else. Never raises for
    what the network or the other side does.
    """

    def __init__(self, limits: TimeLimits | None = None) -> None:
        self._limits = limits or TimeLimits()
        self._turn = threading.Lock()
        self._runner: asyncio.Runner | None = None
        self._client: httpx.AsyncClient | None = None

    def post(self, url: str, body: bytes, headers: dict[str, str], now: int) -> Answer:
        """Send once. `now` turns a Retry-After date into a span."""
        with self._turn:
            if self._runner is None:
                self._runner = asyncio.Runner()
            return self._runner.run(self._within_limits(url, body, headers, now))

    async def _within_limits(
        self, url: str, body: bytes, headers: dict[str, str], now: int
    ) -> Answer:
        try:
            async with asyncio.timeout(self._limits.whole / 1000):
                return await self._exchange(url, body, headers, now)
        except TimeoutError:
            await self._forget_connections()
            return Answer(Result.UNCONFIRMED, f"no answer within {self._limits.whole} ms")
        except httpx.TimeoutException as error:
            await self._forget_connections()
            return Answer(Result.UNCONFIRMED, f"too slow: {type(error).__name__}")
        except (httpx.InvalidURL, httpx.UnsupportedProtocol):
            return Answer(Result.REFUSED, "the receiver's URL cannot be used")
        except (httpx.HTTPError, OSError, ValueError) as error:
            await self._forget_connections()
            return Answer(Result.UNCONFIRMED, f"the connection failed: {type(error).__name__}")

    async def _exchange(self, url: str, body: bytes, headers: dict[str, str], now: int) -> Answer:
        if self._client is None:
            self._client = httpx.AsyncClient(
                follow_redirects=False,
                timeout=httpx.Timeout(
                    self._limits.whole / 1000, connect=self._limits.connect / 1000
                ),
                headers={"user-agent": "crisis-monitor"},
            )
        async with self._client.stream("POST", url, content=body, headers=headers) as answer:
            size = 0
            async for part in answer.aiter_raw():
                size += len(part)
                if size > MAX_ANSWER_BYTES:
                    break
            return judge(answer.status_code, answer.headers.get("retry-after"), now)

    async def _forget_connections(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            with contextlib.suppress(httpx.HTTPError, OSError, RuntimeError):
                await client.aclose()

    def close(self) -> None:
        """Close the connections kept open."""
        with self._turn:
            if self._runner is not None:
                self._runner.run(self._forget_connections())
                self._runner.close()
                self._runner = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def judge(status: int, retry_after: str | None, now: int) -> Answer:
    """Tell what an answer's status means: 2xx delivered, 4xx final but for 408, 425 and 429.

    >>> judge(204, None, 0).result, judge(410, None, 0).result
    (<Result.DELIVERED: 'delivered'>, <Result.REFUSED: 'refused'>)
    >>> judge(429, "7", 0).retry_after
    7000
    """
    if 200 <= status < 300:
        return Answer(Result.DELIVERED, f"answered {status}")
    if 300 <= status < 400:
        return Answer(Result.REFUSED, f"answered {status}: redirects are not followed")
    if 400 <= status < 500 and status not in _WORTH_REPEATING:
        return Answer(Result.REFUSED, f"answered {status}")
    wait = _span(retry_after, now)
    result = Result.UNCONFIRMED if wait is None and status >= 500 else Result.DEFERRED
    return Answer(result, f"answered {status}", wait)


def _span(retry_after: str | None, now: int) -> int | None:
    """Milliseconds to wait: the header holds seconds or an HTTP date; nonsense is no wish."""
    if retry_after is None:
        return None
    wish = retry_after.strip()
    if wish.isascii() and wish.isdigit():
        return min(int(wish[:10]) * 1000, LONGEST_WAIT)
    try:
        until = parsedate_to_datetime(wish)
    except (TypeError, ValueError, IndexError, OverflowError):
        return None
    if until.tzinfo is None:
        until = until.replace(tzinfo=UTC)
    try:
        since_epoch = until - datetime(1970, 1, 1, tzinfo=UTC)
    except OverflowError:
        return None
    milliseconds = since_epoch.days * 86_400_000 + since_epoch.seconds * 1000
    return min(max(milliseconds - now, 0), LONGEST_WAIT)
