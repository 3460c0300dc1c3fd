import asyncio
from collections.abc import Iterable

import pytest
from starlette.requests import ClientDisconnect, Request

from pipeline.sources.http.answers import Refused, RequestError
from pipeline.sources.http.body import BodyReader
from pipeline.sources.http.settings import Limits


class Sender:
    """A request whose body comes as the test says."""

    def __init__(self, declared: str | None = None) -> None:
        self._parts: asyncio.Queue[dict[str, object]] = asyncio.Queue()
        self.read = 0
        headers = [] if declared is None else [(b"content-length", declared.encode("latin-1"))]
        self.request = Request({"type": "http", "headers": headers}, self._receive)

    async def _receive(self) -> dict[str, object]:
        self.read += 1
        return await self._parts.get()

    def send(self, *parts: bytes, last: bool = True) -> "Sender":
        for number, part in enumerate(parts, 1):
            more = not last or number < len(parts)
            self._parts.put_nowait({"type": "http.request", "body": part, "more_body": more})
        return self

    def hang_up(self) -> "Sender":
        self._parts.put_nowait({"type": "http.disconnect"})
        return self


async def read(reader: BodyReader, sender: Sender) -> bytes:
    async with reader.body(sender.request) as body:
        return body


async def refused(reader: BodyReader, sender: Sender) -> RequestError:
    with pytest.raises(RequestError) as caught:
        await read(reader, sender)
    return caught.value


def reader(
    body_bytes: int = 10, in_flight_bytes: int = 1000, body_time: int = 10_000
) -> BodyReader:
    return BodyReader(
        Limits(body_bytes=body_bytes, in_flight_bytes=in_flight_bytes, body_time=body_time)
    )


@pytest.mark.parametrize("parts", [[b""], [b"0123456789"], [b"01234", b"", b"56789"]])
def test_reads_the_whole_body(parts: Iterable[bytes]) -> None:
    async def scene() -> None:
        assert await read(reader(), Sender().send(*parts)) == b"".join(parts)

    asyncio.run(scene())


def test_a_length_too_large_is_refused_before_a_byte_is_read() -> None:
    async def scene() -> None:
        sender = Sender("11")
        assert (await refused(reader(), sender)).status == 413
        assert sender.read == 0

    asyncio.run(scene())


@pytest.mark.parametrize("declared", [None, "3", "-1", "x", "²", "9" * 30])
def test_a_length_that_lies_is_not_believed(declared: str | None) -> None:
    async def scene() -> None:
        sender = Sender(declared).send(b"01234", b"56789", b"0", last=False)
        assert (await refused(reader(), sender)).status == 413
        assert sender.read == 3

    asyncio.run(scene())


def test_who_takes_too_long_is_refused() -> None:
    async def scene() -> None:
        error = await refused(reader(body_time=20), Sender().send(b"0", last=False))
        assert (error.status, error.reason, error.close) == (408, Refused.TOO_SLOW, True)

    asyncio.run(scene())


def test_who_hangs_up_is_forgotten() -> None:
    async def scene() -> None:
        one = reader(in_flight_bytes=12)
        for _ in range(5):
            with pytest.raises(ClientDisconnect):
                await read(one, Sender().send(b"0123456789", last=False).hang_up())
        assert await read(one, Sender().send(b"0123456789")) == b"0123456789"

    asyncio.run(scene())


def test_all_bodies_together_are_bounded() -> None:
    async def scene() -> None:
        one = reader(in_flight_bytes=15)
        async with one.body(Sender().send(b"0123456789").request):
            error = await refused(one, Sender().send(b"012345"))
            assert (error.status, error.reason) == (503, Refused.BUSY)
            assert error.retry_after is not None
            assert await read(one, Sender().send(b"01234")) == b"01234"
        assert await read(one, Sender().send(b"0123456789")) == b"0123456789"

    asyncio.run(scene())


def test_one_that_waits_holds_no_other() -> None:
    async def scene() -> None:
        one = reader()
        slow = Sender().send(b"0", last=False)
        waiting = asyncio.create_task(read(one, slow))
        assert await read(one, Sender().send(b"56")) == b"56"
        assert not waiting.done()
        slow.send(b"1")
        assert await waiting == b"01"

    asyncio.run(scene())
