"""`crisis-monitor demo` as people start it: a page, an engine killed, an end, a clean end."""

import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from alerts.incident import Updated
from alerts.notification import Outcome, Reason
from alerts.store import open_store
from pipeline.demo.on_call import concerns_people
from pipeline.demo.plan import LIVE_FROM
from pipeline.status import read_status
from pipeline.stores.mentions import LATE, OWN

PATIENCE = 240.0


class Demo:
    """A running demonstration."""

    def __init__(self, folder: Path, *args: str) -> None:
        self.folder = folder
        self.process = subprocess.Popen(
            [sys.executable, "-m", "pipeline", "demo", "--no-open", *args],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env={**os.environ, "TMPDIR": str(folder)},
        )
        assert self.process.stdout is not None
        found = re.search(r"http://[\d.:]+", self.process.stdout.readline())
        assert found is not None
        self.url = found[0]
        self.client = httpx.Client(base_url=self.url, timeout=30)

    @property
    def directory(self) -> Path:
        (found,) = self.folder.glob("crisis-monitor-demo-*/run-1")
        return found

    def panel(self) -> str:
        return self.client.get("/demo/panel").text

    def press(self, button: str, **fields: str) -> str:
        return self.client.post(
            f"/demo/{button}", data=fields, headers={"origin": self.url, "hx-request": "true"}
        ).text

    def wait_for(self, words: str, *, seen: Callable[[], str] | None = None) -> str:
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            shown = (seen or self.panel)()
            if words in shown:
                return shown
            time.sleep(0.2)
        raise AssertionError(f"{words!r} was never shown; last: {shown}")

    def close(self) -> None:
        self.client.close()
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Demo]]:
    started: list[Demo] = []

    def begin(*args: str) -> Demo:
        started.append(Demo(tmp_path, *args))
        return started[-1]

    yield begin
    for each in started:
        each.close()


def test_a_demo_from_its_start_to_its_end(start: Callable[..., Demo], tmp_path: Path) -> None:
    demo = start("--port", "0", "--seconds", "12")
    assert 'id="demo"' in demo.client.get("/").text
    demo.wait_for("You are paged")
    demo.press("kill")
    demo.wait_for("nothing lost, nothing counted twice")
    shown = demo.wait_for("Three days, in short")
    assert "The source boards is silent against its own rhythm" in shown
    found = re.search(r"([\d,]+) mentions in (\d+) days\. You were paged (\w+)", shown)
    assert found is not None
    said, pages = int(found[1].replace(",", "")), {"once": 1, "twice": 2}[found[3]]

    directory = demo.directory
    status = read_status(directory, 0)
    assert said == sum(brand.mentions for brand in status.brands.values()) - doubled(directory)
    with open_store(f"sqlite:///{directory / 'incidents.db'}") as store, store.read() as view:
        mine = [
            each
            for each in view.incidents()
            if concerns_people(each) and each.noticed_at >= LIVE_FROM
        ]
        sent = [
            row.notification.reason
            for each in mine
            for row in view.notifications(
                incident_id=each.id, outcome=Outcome.DELIVERED, limit=10_000
            )
        ]
        updates = sum(isinstance(event, Updated) for each in mine for event in view.events(each.id))
    assert pages == sent.count(Reason.PAGE) + sent.count(Reason.PAGE_REOPENED) == 2
    assert f"{updates} updates given on time" in shown

    demo.process.send_signal(signal.SIGINT)
    assert demo.process.wait(30) == 0
    assert not list(tmp_path.glob("crisis-monitor-demo-*"))


def doubled(directory: Path) -> int:
    """Mentions counted once for each of several brands."""
    with sqlite3.connect(directory / "mentions.db") as database:
        rows = database.execute(
            "SELECT count(*), count(DISTINCT key) FROM mentions WHERE flags & ? = 0", (LATE | OWN,)
        ).fetchone()
    database.close()
    return int(rows[0] - rows[1])


def test_a_port_that_is_taken_is_no_hindrance(start: Callable[..., Demo]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        demo = start("--port", str(port))
    assert not demo.url.endswith(f":{port}")
    shown = demo.press("post", brand="Lumeno", **{"from": "paste"})
    assert "3 accounts" in shown
    demo.press("speed", factor="4.0")
    shown = demo.wait_for("50 mentions counted as 1 voice")
    assert "paged" not in shown.partition("What came of it")[2].partition("</ul>")[0]
    demo.process.send_signal(signal.SIGTERM)
    assert demo.process.wait(30) == 0
