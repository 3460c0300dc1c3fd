"""Open pages without a browser: `python -m tests.bench.viewers URL PATH...`, one viewer a PATH.

Each does what the page's script does: loads its view, listens to `/events`, and fetches again
what it shows whenever told that something changed. Runs until standard input ends, then prints
what it did as JSON. As light as can be, for it shares the machine with what is measured.
"""

import asyncio
import contextlib
import json
import sys
import time
from typing import NamedTuple
from urllib.parse import urlsplit

FRAGMENT = "HX-Request: true\r\n"
PLAIN = ""


class Part(NamedTuple):
    """What a view asks for again when one of these has changed, and the seconds between."""

    path: str
    more: str
    every: float
    when: frozenset[str]


DRAWN = frozenset({"buckets", "incidents"})


def shown_by(path: str) -> list[Part]:
    """The parts of a view, as its template and its scripts ask for them."""
    if path.startswith("/brands/"):
        return [
            Part(path, FRAGMENT, 2.0, DRAWN),
            Part(f"{path}/series.json", PLAIN, 2.0, DRAWN),
            Part(f"{path}/talk", FRAGMENT, 15.0, frozenset({"mentions"})),
        ]
    if path == "/health":
        return [Part(path, FRAGMENT, 15.0, frozenset({"time", "notifications"}))]
    if path == "/":
        return [Part(path, FRAGMENT, 1.0, DRAWN)]
    return [Part(path, FRAGMENT, 0.25, frozenset({"incidents", "notifications"}))]


class Viewers:
    """So many people looking, and what they received."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._host, self._port = parts.hostname or "127.0.0.1", parts.port or 80
        self.changed = self.fetched = self.bytes = self.failed = 0

    async def look(self, path: str) -> None:
        """One viewer's life."""
        while True:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError):
                await self._look(path)
            self.failed += 1
            await asyncio.sleep(1)

    async def _look(self, path: str) -> None:
        parts = shown_by(path)
        asked = dict.fromkeys(parts, 0.0)
        await self._fetch(path, PLAIN)
        reader, writer = await asyncio.open_connection(self._host, self._port)
        try:
            writer.write(self._head("/events", "Accept: text/event-stream\r\n"))
            while line := await reader.readline():
                if line.startswith(b"data: "):
                    changed = set(json.loads(line[6:]).get("parts", ()))
                    self.changed += bool(changed)
                    for part in parts:
                        if part.when & changed and time.monotonic() - asked[part] >= part.every:
                            asked[part] = time.monotonic()
                            await self._fetch(part.path, part.more)
        finally:
            writer.close()

    def _head(self, path: str, more: str) -> bytes:
        return (
            f"GET {path} HTTP/1.1\r\nHost: {self._host}:{self._port}\r\n"
            f"Accept-Encoding: gzip\r\n{more}\r\n"
        ).encode()

    async def _fetch(self, path: str, more: str) -> None:
        reader, writer = await asyncio.open_connection(self._host, self._port)
        try:
            writer.write(self._head(path, f"Connection: close\r\n{more}"))
            await self._read(reader)
        finally:
            writer.close()

    async def _read(self, reader: asyncio.StreamReader) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
        if not head.startswith("http/1.1 200"):
            raise OSError(head.partition("\r\n")[0])
        if "transfer-encoding: chunked" in head:
            while size := int(await reader.readline(), 16):
                self.bytes += len(await reader.readexactly(size + 2))
            await reader.readline()
        else:
            length = int(head.split("content-length:")[1].split("\r\n")[0])
            self.bytes += len(await reader.readexactly(length))
        self.fetched += 1


async def main(url: str, paths: list[str]) -> None:
    """Look until nobody asks any more."""
    viewers = Viewers(url)
    tasks = [asyncio.create_task(viewers.look(path)) for path in paths]
    await asyncio.to_thread(sys.stdin.read)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    counted = {name: getattr(viewers, name) for name in ("changed", "fetched", "bytes", "failed")}
    print(json.dumps(counted))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2:]))
