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
from urllib.parse import urlsplit

FRAGMENT = "HX-Request: true\r\n"
PLAIN = ""


def shown_by(path: str) -> list[tuple[str, str, float]]:
    """What a view asks for again when something has changed, and the seconds between two times."""
    if path.startswith("/brands/"):
        return [
            (path, FRAGMENT, 2.0),
            (f"{path}/series.json", PLAIN, 2.0),
            (f"{path}/talk", FRAGMENT, 15.0),
        ]
    return [(path, FRAGMENT, {"/": 1.0, "/health": 15.0}.get(path, 0.25))]


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
        fetches = await asyncio.open_connection(self._host, self._port)
        events = await asyncio.open_connection(self._host, self._port)
        try:
            parts = shown_by(path)
            asked = dict.fromkeys(parts, 0.0)
            await self._fetch(*fetches, path, PLAIN)
            reader, writer = events
            writer.write(self._head("/events", "Accept: text/event-stream\r\n"))
            while line := await reader.readline():
                if line.startswith(b"event: changed"):
                    self.changed += 1
                    for part in parts:
                        again, more, every = part
                        if time.monotonic() - asked[part] >= every:
                            asked[part] = time.monotonic()
                            await self._fetch(*fetches, again, more)
        finally:
            for _, writer in (fetches, events):
                writer.close()

    def _head(self, path: str, more: str) -> bytes:
        return (
            f"GET {path} HTTP/1.1\r\nHost: {self._host}:{self._port}\r\n"
            f"Accept-Encoding: gzip\r\n{more}\r\n"
        ).encode()

    async def _fetch(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, path: str, more: str
    ) -> None:
        writer.write(self._head(path, more))
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
