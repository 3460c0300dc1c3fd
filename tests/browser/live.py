"""A real `crisis-monitor run` in event time, fed over HTTP, with its page."""

import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import httpx
import pytest

from pipeline.encoding import encode_json
from pipeline.mention import Mention
from pipeline.sources.scenario.brands import BRANDS
from pipeline.sources.scenario.episodes import Episode, EpisodeKind
from pipeline.sources.scenario.scenario import START, Scenario
from tests.ports import free_port

HOUR = 60 * 60_000
MINUTE = 60_000
CRISIS_AT = START + 26 * HOUR
BRAND = BRANDS[0].name


def crisis(hours: int = 30) -> Iterator[Mention]:
    """A made-up day of two brands, then a product failure at the first; in order of arrival."""
    plan = [Episode(EpisodeKind.FAILURE, BRAND, CRISIS_AT, CRISIS_AT + 4 * HOUR, True, 8.0)]  # noqa: FBT003  # must_page
    scenario = Scenario(3, days=2, rate=1.0, brands=BRANDS[:2], plan=plan, name_brands=True)
    for chunk in scenario.read():
        for each in chunk:
            if isinstance(each, Mention) and each.event_time < START + hours * HOUR:
                yield each


class Live:
    """The service, which can be stopped and started again where it was."""

    def __init__(self, directory: Path) -> None:
        self.data = directory / "data"
        self._door, self._page = free_port(), free_port()
        self._config = directory / "monitor.toml"
        self._config.write_text(
            f"[ingest]\nport = {self._door}\n\n[page]\nport = {self._page}\n\n"
            '[[receivers]]\nname = "on-call"\nkind = "console"\n',
            encoding="utf-8",
        )
        self._said = directory / "said"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where the page is."""
        return f"http://127.0.0.1:{self._page}"

    def start(self) -> None:
        command = [sys.executable, "-m", "pipeline", "run", "--time", "event"]
        with self._said.open("ab") as stream:
            self._process = subprocess.Popen(
                [*command, "--data", str(self.data), "--config", str(self._config)],
                stdout=stream,
                stderr=stream,
            )
        for address in (f"http://127.0.0.1:{self._door}/readyz", f"{self.url}/"):
            self._until_answered(address)

    def _until_answered(self, address: str) -> None:
        for _ in range(600):
            try:
                if httpx.get(address).status_code == 200:
                    return
            except httpx.TransportError:
                pass
            if self._process is None or self._process.poll() is not None:
                break
            time.sleep(0.05)
        self.stop()
        pytest.fail(f"{address} never answered\n{self._said.read_text('utf-8')[-3000:]}")

    def stop(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.communicate(timeout=20)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.communicate()
            self._process = None

    def feed(self, mentions: Iterable[Mention], *, end: bool = False) -> None:
        """Hand mentions in; with `end` time moves past the last."""
        door = f"http://127.0.0.1:{self._door}"
        rows = [encode_json(each) for each in mentions]
        for start in range(0, len(rows), 500):
            answer = httpx.post(
                f"{door}/v1/mentions", content=b"\n".join(rows[start : start + 500]), timeout=60
            )
            assert answer.status_code == 200, answer.text
        if end:
            httpx.post(f"{door}/v1/end", timeout=60)
