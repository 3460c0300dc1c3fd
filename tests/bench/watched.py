"""What open pages cost the engine; a part of `python -m tests.bench.page`."""

import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Self

import httpx

from tests.bench.figure import Figure, say
from tests.bench.history import mentions

BRANDS = 40
AT_ONCE = 1_000
STEADY = 1_500
"""Mentions a second of the constant rate: 5.4 million an hour."""
_RUN = (sys.executable, "-m", "pipeline", "run", "--port", "0", "--page-port", "0")
_MOMENT = b"1000000000000"
"""Stands in a piece for the instant at which it is sent, where the clock moves time."""


class Engine:
    """`run` in a process of its own, with its page; `time_of` is what moves its time."""

    def __init__(self, directory: Path, time_of: str) -> None:
        said = directory / "said"
        with said.open("wb") as stream:
            self._process = subprocess.Popen(
                [*_RUN, "--time", time_of, "--data", str(directory / "data")],
                stderr=stream,
                cwd=Path(__file__).parents[2],
            )
        while "page at " not in (text := said.read_text("utf-8")):
            if self._process.poll() is not None:
                raise RuntimeError(f"the engine did not start: {text}")
            time.sleep(0.05)
        self.url = text.split("listening at ")[1].split()[0]
        self.page = text.split("page at ")[1].split()[0].rstrip("/")
        self.page = text.split("page at ")[1].split()[0]

    def cpu(self) -> float:
        """Seconds of CPU time of the process and of those it has started."""
        ticks = os.sysconf("SC_CLK_TCK")
        return sum(
            sum(map(int, _stat(number)[11:13])) / ticks for number in _family(self._process.pid)
        )

    def close(self) -> None:
        """Stop it."""
        self._process.terminate()
        self._process.communicate()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _stat(number: int) -> list[str]:
    return Path(f"/proc/{number}/stat").read_text("ascii").rpartition(")")[2].split()


def _family(first: int) -> list[int]:
    found = [first]
    for number in (int(each.name) for each in Path("/proc").iterdir() if each.name.isdigit()):
        with contextlib.suppress(OSError):
            if int(_stat(number)[1]) in found:
                found.append(number)
    return found


@contextlib.contextmanager
def looking(url: str, paths: list[str]) -> Iterator[dict[str, int]]:
    """Viewers at work; what they received, once they are gone."""
    told: dict[str, int] = {}
    if not paths:
        yield told
        return
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.bench.viewers", url, *paths],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    time.sleep(1.5)
    yield told
    out, _ = process.communicate("")
    told.update(json.loads(out))


class Feeder:
    """Posts a history in pieces, as fast as they are taken or so many a second."""

    def __init__(self, url: str, number: int, time_of: str) -> None:
        self._clock = time_of == "clock"
        self._client = httpx.Client(timeout=60)
        self._url = f"{url}/v1/mentions"
        self._pieces = _pieces(number, now=self._clock)

    def feed(self, seconds: float, per_second: float = 0) -> tuple[int, float]:
        """Feed for so long; mentions that were taken, and how long it took."""
        count, began = 0, time.monotonic()
        while (passed := time.monotonic() - began) < seconds:
            ahead = count / per_second - passed if per_second else 0
            if ahead > 0:
                time.sleep(min(ahead, seconds - passed))
                continue
            body = next(self._pieces)
            if self._clock:
                body = body.replace(_MOMENT, b"%d" % (time.time_ns() // 1_000_000))
            answer = self._client.post(self._url, content=body)
            if answer.status_code in {429, 503}:
                time.sleep(0.05)
                continue
            answer.raise_for_status()
            count += answer.json()["accepted"]
        return count, time.monotonic() - began


def _pieces(number: int, *, now: bool) -> Iterator[bytes]:
    rows: list[bytes] = []
    for each in mentions(number, BRANDS):
        rows.append(
            json.dumps(
                {
                    "id": each.id,
                    "event_time": int(_MOMENT) if now else each.ingested_at,
                    "text": each.text,
                    "author": each.author.handle,
                    "channel": each.channel,
                    "brand": each.brand,
                }
            ).encode()
        )
        if len(rows) == AT_ONCE:
            yield b"\n".join(rows)
            rows = []
    raise RuntimeError("the history is too short for this")


def _looks(url: str, viewers: int) -> list[str]:
    """Where people look: most at the situation, some at brands, a few at incidents and health."""
    brands = httpx.get(url).text.split('href="/brands/')[1:]
    names = [each.split('"')[0].split("?")[0] for each in brands] or ["Veloria%20Air"]
    usual = ["/"] * 6 + [f"/brands/{name}" for name in dict.fromkeys(names)][:2]
    every = [*usual, "/incidents", "/health"]
    return [every[number % len(every)] for number in range(viewers)]


def watched_engine(seconds: float, rounds: int, viewers: int, time_of: str) -> list[Figure]:
    """The engine without and with viewers, in turn: its CPU time at one rate, then its speed."""
    with (
        tempfile.TemporaryDirectory(prefix="crisis-monitor-bench-") as name,
        Engine(Path(name), time_of) as running,
    ):
        feeder = Feeder(running.url, 10_000_000, time_of)
        feeder.feed(max(seconds, 5), STEADY)
        paths = _looks(running.page, viewers)
        shares: dict[bool, list[float]] = {False: [], True: []}
        rates: dict[bool, list[float]] = {False: [], True: []}
        seen: list[dict[str, int]] = []
        turns = [
            watched for number in range(rounds) for watched in (number % 2 > 0, number % 2 < 1)
        ]
        for watched in turns:
            with looking(running.page, paths if watched else []) as told:
                before = running.cpu()
                _, took = feeder.feed(seconds, STEADY)
                shares[watched].append((running.cpu() - before) / took)
            seen += [told] if told else []
            say(f"page: {_with(watched)}: {shares[watched][-1]:.1%} of a core")
        for watched in turns:
            with looking(running.page, paths if watched else []):
                count, took = feeder.feed(seconds)
                rates[watched].append(count / took)
            say(f"page: {_with(watched)}: {rates[watched][-1]:,.0f} mentions/s")
    fetched = statistics.mean(each["fetched"] for each in seen) / seconds
    failed = sum(each["failed"] for each in seen)
    return [
        Figure(
            f"{time_of} log, CPU at {STEADY:,} mentions/s, {viewers} open pages",
            statistics.median(shares[True]) * 100,
            "% of a core",
            "no page open",
            statistics.median(shares[False]) * 100,
            note=f"{fetched:.1f} views fetched a second, {failed} viewers failed",
        ),
        Figure(
            f"{time_of} log, fed at full speed, {viewers} open pages",
            statistics.median(rates[True]),
            "mentions/s",
            "no page open",
            statistics.median(rates[False]),
        ),
    ]


def _with(watched: bool) -> str:  # noqa: FBT001  # one of two
    return "with viewers" if watched else "without viewers"
