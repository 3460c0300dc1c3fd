"""The live page over real sockets: who is let in, what is told, and what a stop leaves behind."""

import json
import shutil
import socket
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from dashboards.console import events
from dashboards.console.app import build_page
from dashboards.console.events import BEAT, MOST_VIEWERS, Seen
from dashboards.console.page import Page
from pipeline.clock import Clock, SystemClock
from pipeline.composition import EngineOptions
from pipeline.health import Health
from pipeline.presenting import PageParts
from pipeline.services.embedded import Service
from pipeline.services.server import HttpServer
from pipeline.settings import Settings
from tests.browser.directories import fill_busy, settings_of

TOKEN = "a-token-of-some-length"
MINUTE = 60_000


class StandingClock:
    """Stands where it is put."""

    def __init__(self, now: int) -> None:
        self.at = now

    def now(self) -> int:
        return self.at


class Served:
    def __init__(self, directory: Path, settings: Settings, clock: Clock, port: int = 0) -> None:
        self.health = Health()
        self.app = build_page(PageParts(directory, settings, clock, self.health))
        self.server = HttpServer(self.app, "127.0.0.1", port)
        self.server.start()

    @property
    def url(self) -> str:
        return self.server.url

    def client(self) -> httpx.Client:
        return httpx.Client(base_url=self.url, trust_env=False, timeout=20)


@contextmanager
def served(
    directory: Path, settings: Settings | None = None, clock: Clock | None = None, port: int = 0
) -> Iterator[Served]:
    found = Served(directory, settings or settings_of(), clock or SystemClock(), port)
    try:
        yield found
    finally:
        found.server.stop(2.0)


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two made-up brands of a day, in event time."""
    directory = tmp_path_factory.mktemp("page")
    fill_busy(directory, brands=2, hours=2)
    return directory


@pytest.fixture
def directory(filled: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(filled, tmp_path / "data"))


PATIENCE = 60.0
"""Seconds after which an event that did not come is missed; signs of life come more often."""


class Stream:
    """One viewer's events, read one at a time."""

    def __init__(self, response: httpx.Response) -> None:
        self._lines = response.iter_lines()

    def next(self, *wanted: str) -> tuple[str, dict[str, Any]]:
        event = ""
        until = time.monotonic() + PATIENCE
        for line in self._lines:
            if time.monotonic() > until:
                pytest.fail(f"none of {wanted} came; the last was {event!r}")
            if line.startswith("event: "):
                event = line.removeprefix("event: ")
            elif line.startswith("data: ") and (not wanted or event in wanted):
                return event, json.loads(line.removeprefix("data: "))
        return "end", {}


def moved(directory: Path, **columns: int) -> None:
    """Move the table of buckets on, as a consumer does."""
    with sqlite3.connect(directory / "mentions.db", timeout=10) as database:
        for log, offset in columns.items():
            database.execute("UPDATE feeds SET offset = offset + ? WHERE log = ?", (offset, log))
    database.close()


# -- what is told -----------------------------------------------------------------------------


def test_a_viewer_is_told_how_things_stand_and_then_what_changes(directory: Path) -> None:
    with served(directory) as page, page.client() as client, client.stream("GET", "/events") as got:
        assert got.headers["content-type"].startswith("text/event-stream")
        stream = Stream(got)
        event, state = stream.next()
        assert event == "state"
        assert state["event_mode"] is True
        assert state["now"] == state["as_of"]
        logs = sqlite3.connect(directory / "mentions.db")
        names = [name for (name,) in logs.execute("SELECT log FROM feeds ORDER BY log")]
        logs.close()
        for name in names:
            moved(directory, **{name: 1})
            event, changed = stream.next("changed")
            assert event == "changed"
            assert changed["parts"]
            assert set(changed["parts"]) <= {"buckets", "mentions"}
            assert changed["marks"] != state["marks"]


def test_every_viewer_is_told_by_one_look(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[float] = []
    real = events.look

    def counted(page: Page) -> Seen:
        looks.append(time.monotonic())
        return real(page)

    monkeypatch.setattr(events, "look", counted)
    with served(directory) as page, page.client() as client:
        first = client.get("/events/room")
        assert first.status_code == 204
        streams = [client.stream("GET", "/events") for _ in range(20)]
        opened = [stream.__enter__() for stream in streams]
        try:
            viewers = [Stream(each) for each in opened]
            assert {viewer.next()[0] for viewer in viewers} == {"state"}
            before = len(looks)
            moved(directory, signals=1)
            assert {viewer.next("changed")[0] for viewer in viewers} == {"changed"}
            assert len(looks) - before < 20
        finally:
            for stream in streams:
                stream.__exit__(None, None, None)


def test_a_log_that_cannot_be_read_is_told_and_then_that_it_can_again(directory: Path) -> None:
    aside = directory.parent / "aside.db"
    with (
        served(directory) as page,
        page.client() as client,
        page.client() as beside,
        client.stream("GET", "/events") as got,
    ):
        stream = Stream(got)
        assert stream.next()[0] == "state"
        assert page.health.reasons() == ()
        page.app.state.page.shelf.close()
        (directory / "log.db").rename(aside)
        event, trouble = stream.next("trouble")
        assert event == "trouble"
        assert "log.db" in trouble["detail"]
        assert [each.component for each in page.health.reasons()] == ["page"]
        assert page.health.stalled() == ()
        assert beside.get("/incidents").status_code in {200, 503}
        aside.rename(directory / "log.db")
        assert stream.next("state")[0] == "state"
        assert page.health.reasons() == ()


def test_another_store_that_cannot_be_read_is_a_change_and_an_illness(directory: Path) -> None:
    aside = directory.parent / "aside.db"
    with (
        served(directory) as page,
        page.client() as client,
        page.client() as beside,
        client.stream("GET", "/events") as got,
    ):
        stream = Stream(got)
        assert stream.next()[0] == "state"
        (directory / "mentions.db").rename(aside)
        assert stream.next("changed")[0] == "changed"
        (reason,) = page.health.reasons()
        assert reason.component == "page"
        assert "mentions.db" in reason.detail
        assert beside.get("/incidents").status_code == 200
        aside.rename(directory / "mentions.db")
        assert stream.next("changed")[0] == "changed"
        assert page.health.reasons() == ()


def test_detection_that_stands_is_told_in_clock_time(tmp_path: Path) -> None:
    clock = SystemClock()
    data = tmp_path / "clock"
    settings = settings_of(ingest={"port": 0}, page={"port": 0})
    with Service(settings, data, clock, EngineOptions(durable=False), build_page) as service:
        assert service.page is not None
        _until(lambda: service.health.reasons() == ())
    later = StandingClock(clock.now() + 10 * MINUTE)
    with (
        served(data, settings, later) as page,
        page.client() as client,
        client.stream("GET", "/events") as got,
    ):
        _, state = Stream(got).next("state")
        assert state["event_mode"] is False
        assert state["stands_since"] == state["as_of"] < later.at


def _until(fact: Callable[[], bool], seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not fact():
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.02)


# -- its end ----------------------------------------------------------------------------------


def test_a_stop_ends_streams_and_a_viewer_comes_back_to_the_next_server(directory: Path) -> None:
    page = Served(directory, settings_of(), SystemClock())
    port = page.server.port
    ended = threading.Event()
    with page.client() as client, client.stream("GET", "/events") as got:
        stream = Stream(got)
        assert stream.next()[0] == "state"

        def stop() -> None:
            page.server.stop(30.0)
            ended.set()

        stopper = threading.Thread(target=stop)
        stopper.start()
        assert stream.next()[0] == "end"  # in good order, not cut off after 30 s
        stopper.join()
        assert ended.is_set()
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"http://127.0.0.1:{port}/", trust_env=False)
    with (
        served(directory, port=port) as again,
        again.client() as client,
        client.stream("GET", "/events") as got,
    ):
        assert Stream(got).next()[0] == "state"


def test_there_is_room_for_so_many_viewers_and_the_next_is_told_why_not(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert MOST_VIEWERS >= 50
    monkeypatch.setattr(events, "MOST_VIEWERS", 2)
    with served(directory) as page, page.client() as client:
        with client.stream("GET", "/events") as one, client.stream("GET", "/events") as two:
            viewers = [Stream(one), Stream(two)]
            assert [viewer.next()[0] for viewer in viewers] == ["state", "state"]
            refused = client.get("/events")
            assert refused.status_code == 503
            assert refused.headers["retry-after"] == "10"
            assert "close one" in refused.text
            assert client.get("/events/room").status_code == 503
            assert client.get("/").status_code == 200
        _until(lambda: client.get("/events/room").status_code == 204)


def test_a_viewer_that_goes_is_forgotten(directory: Path) -> None:
    with served(directory) as page, page.client() as client:
        watcher = page.app.state.watcher
        with client.stream("GET", "/events") as got:
            stream = Stream(got)
            assert stream.next()[0] == "state"
            assert len(watcher._viewers) == 1
        _until(lambda: not watcher._viewers)


def test_a_viewer_that_never_reads_is_dropped_and_the_others_are_told(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "UNSENT", 4)
    with served(directory) as page, page.client() as client:
        with socket.create_connection(("127.0.0.1", page.server.port)) as deaf:
            deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2_048)
            deaf.sendall(b"GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n")
            watcher = page.app.state.watcher
            _until(lambda: len(watcher._viewers) == 1)
            loop_told = threading.Event()
            flood = b": " + b"x" * 1_000_000 + b"\n\n"
            [viewer] = watcher._viewers
            loop = watcher._task.get_loop()

            def tell() -> None:
                viewer.tell(flood)
                loop_told.set()

            for _ in range(60):
                loop_told.clear()
                loop.call_soon_threadsafe(tell)
                assert loop_told.wait(5)
                if not watcher._viewers:
                    break
                time.sleep(0.02)
            _until(lambda: not watcher._viewers)
        assert client.get("/events/room").status_code == 204


def test_a_sign_of_life_comes_more_often_than_a_page_gives_up() -> None:
    script = (Path(events.__file__).parent / "static" / "page.js").read_text("utf-8")
    assert f"const BEAT = {int(BEAT)}_000;" in script


# -- signing in -------------------------------------------------------------------------------


@pytest.fixture
def locked(directory: Path) -> Iterator[Served]:
    settings = settings_of(page={"token": TOKEN, "session": "1h"})
    with served(directory, settings, StandingClock(1_790_000_000_000)) as page:
        yield page


def origin(page: Served) -> dict[str, str]:
    return {"origin": page.url}


def test_without_a_session_every_view_asks_for_one(locked: Served) -> None:
    with locked.client() as client:
        for path in ("/", "/incidents", "/health", "/brands/x?range=6h", "/nothing"):
            asked = client.get(path, headers={"accept": "text/html"})
            assert asked.status_code == 303
            assert asked.headers["location"].startswith("/login")
            assert client.get(path).status_code == 401
        for path in ("/events", "/events/room", "/brands/x/series.json"):
            assert client.get(path).status_code == 401
        fragment = {"hx-request": "true", "hx-current-url": f"{locked.url}/incidents?open=1"}
        refresh = client.get("/incidents", headers=fragment)
        assert (refresh.status_code, refresh.headers["hx-redirect"]) == (
            401,
            "/login?next=%2Fincidents%3Fopen%3D1",
        )
        act = client.post("/incidents/x/acknowledge", headers=origin(locked), data={"by": "Eve"})
        assert act.status_code == 401


@pytest.mark.parametrize(
    "path",
    [
        "/incidents/Veloria%20Air%3Anegative_surge%3A2026-03-05T08%3A40%3A00Z",
        "/brands/AC%2FDC?range=6h",
        "/brands/Citro%C3%ABn",
        "/brands/a%3Fb%23c",
    ],
)
def test_who_follows_a_message_s_link_is_led_to_what_it_is_about(locked: Served, path: str) -> None:
    with locked.client() as client:
        asked = client.get(path, headers={"accept": "text/html"})
        form = client.get(asked.headers["location"])
        wanted = form.text.split('name="next" value="')[1].split('"')[0]
        signed = client.post(
            "/login", headers=origin(locked), data={"token": TOKEN, "next": wanted}
        )
        assert signed.headers["location"] == path


def test_signing_in_needs_no_script_and_leads_back(locked: Served) -> None:
    with locked.client() as client:
        form = client.get("/login?next=/incidents%3Fopen=1")
        assert 'value="/incidents?open=1"' in form.text
        style = form.text.split('rel="stylesheet" href="')[1].split('"')[0]
        assert client.get(style).status_code == 200
        signed = client.post(
            "/login", headers=origin(locked), data={"token": TOKEN, "next": "/incidents?open=1"}
        )
        assert (signed.status_code, signed.headers["location"]) == (303, "/incidents?open=1")
        cookie = signed.headers["set-cookie"].lower()
        assert "httponly" in cookie
        assert "samesite=lax" in cookie
        assert "secure" not in cookie
        assert TOKEN not in signed.headers["set-cookie"]
        assert client.get("/").status_code == 200
        assert client.post("/logout").status_code == 403
        assert client.post("/logout", headers=origin(locked)).headers["location"] == "/login"
        assert client.get("/").status_code == 401


def test_a_session_ends_by_itself_unless_somebody_looks(locked: Served) -> None:
    clock = locked.app.state.page.clock
    with locked.client() as client:
        client.post("/login", headers=origin(locked), data={"token": TOKEN})
        assert "set-cookie" not in client.get("/").headers
        clock.at += 40 * MINUTE
        refresh = client.get("/", headers={"hx-request": "true"})
        assert (refresh.status_code, "set-cookie" in refresh.headers) == (200, False)
        assert "httponly" in client.get("/incidents").headers["set-cookie"].lower()
        clock.at += 40 * MINUTE
        assert client.get("/", headers={"hx-request": "true"}).status_code == 200
        clock.at += 20 * MINUTE
        assert client.get("/").status_code == 401


def test_a_token_may_come_in_a_header(locked: Served) -> None:
    with locked.client() as client:
        right = {"authorization": f"Bearer {TOKEN}"}
        assert client.get("/", headers=right).status_code == 200
        wrong = client.get("/", headers={"authorization": "Bearer wrong"})
        assert (wrong.status_code, wrong.headers["www-authenticate"]) == (401, "Bearer")


def test_who_guesses_waits_and_nobody_is_led_elsewhere(locked: Served) -> None:
    with locked.client() as client:
        for _ in range(5):
            wrong = client.post(
                "/login", headers=origin(locked), data={"token": "no", "next": "//evil.example"}
            )
            assert wrong.status_code == 401
            assert 'value="/"' in wrong.text
            assert "no<" not in wrong.text
        held = client.post("/login", headers=origin(locked), data={"token": TOKEN})
        assert held.status_code == 429
        assert int(held.headers["retry-after"]) >= 1
        locked.app.state.page.clock.at += 2_000
        signed = client.post(
            "/login", headers=origin(locked), data={"token": TOKEN, "next": "https://evil.example"}
        )
        assert (signed.status_code, signed.headers["location"]) == (303, "/")


def test_behind_https_the_cookie_is_for_https_alone(directory: Path) -> None:
    settings = settings_of(
        page={"token": TOKEN}, policy={"public_url": "https://crisis.example.com"}
    )
    with served(directory, settings) as page, page.client() as client:
        public = {"host": "crisis.example.com", "origin": "https://crisis.example.com"}
        signed = client.post("/login", headers=public, data={"token": TOKEN})
        assert "secure" in signed.headers["set-cookie"].lower()
        near = client.post("/login", headers=origin(page), data={"token": TOKEN})
        assert "secure" not in near.headers["set-cookie"].lower()


def test_on_loopback_without_a_token_nobody_signs_in(directory: Path) -> None:
    with served(directory) as page, page.client() as client:
        assert client.get("/").status_code == 200
        assert client.get("/login").headers["location"] == "/"


# -- answers ----------------------------------------------------------------------------------


def test_what_is_not_there_is_said_in_the_page_s_look(directory: Path) -> None:
    with served(directory) as page, page.client() as client:
        missing = client.get("/nothing/here")
        assert missing.status_code == 404
        assert "<h1>There is nothing here</h1>" in missing.text
        assert client.get("/static/0/../../app.py").status_code == 404
        assert client.get("/", headers={"host": "evil.example"}).status_code == 421
        head = client.head("/")
        assert (head.status_code, head.content) == (200, b"")


def test_a_view_is_packed_and_shared_while_nothing_changes(directory: Path) -> None:
    with served(directory) as page, page.client() as client:
        first = client.get("/")
        assert first.headers["content-encoding"] == "gzip"
        plain = client.get("/", headers={"accept-encoding": "identity"})
        assert "content-encoding" not in plain.headers
        assert plain.text == first.text
        part = client.get("/", headers={"hx-request": "true"})
        assert "<html" not in part.text
        assert "Vary" in part.headers
