"""`web`: the page served from the stores alone, in a folder and in a database."""

import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from html import unescape
from pathlib import Path
from typing import Any

import httpx
import pytest

from alerts.incident import State, Verdict
from alerts.plain import path_segment
from alerts.store import open_store
from dashboards.console.app import build_page
from pipeline.clock import SystemClock
from pipeline.composition import EngineOptions
from pipeline.errors import EnvironmentProblem, PipelineError
from pipeline.log import LogKind
from pipeline.presenting import PageParts
from pipeline.services.embedded import Service
from pipeline.services.page_server import COMPONENT
from pipeline.services.web import WebService
from pipeline.settings.secrets import Secret
from pipeline.stores.place import Place
from tests.browser.directories import fill_busy, settings_of
from tests.ports import free_port
from tests.postgres import NoPostgresError, OwnPostgres
from tests.unit.dashboards.apart import KAFKA, ApartStores, brand_in
from tests.unit.dashboards.console.pages import Fixed, get
from tests.unit.dashboards.shelved import MINUTE, bucket

COMMAND = [sys.executable, "-m", "pipeline", "web"]
TOKEN = "a-token-of-some-length"
PATIENCE = 60.0
BRAND = brand_in(1)


def now() -> int:
    return SystemClock().now() // MINUTE * MINUTE


def filled(place: Place) -> str:
    """Fill a place as an alerter does by now, with an open incident; return its id."""
    stores = ApartStores(place)
    stores.reach_all(now())
    start = (now() - 90 * MINUTE - bucket(0).start) // MINUTE
    stores.reach(1, now(), *(bucket(start + each, 5, 4, brand=BRAND) for each in range(60)))
    incident = stores.open(BRAND, now() - 20 * MINUTE)
    stores.done()
    return incident.id


def served_settings(**sections: Any) -> Any:  # noqa: ANN401  # a document of the configuration
    return settings_of(kafka=KAFKA, **{"page": {"port": 0}, **sections})


@contextmanager
def serving(place: Place, **sections: Any) -> Iterator[tuple[WebService, httpx.Client]]:  # noqa: ANN401
    with WebService(served_settings(**sections), place, SystemClock(), build_page) as service:
        headers = {"Origin": service.url}
        with httpx.Client(base_url=service.url, headers=headers, trust_env=False, timeout=30) as c:
            yield service, c


def until(met: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + PATIENCE
    while not met():
        if time.monotonic() > end:
            pytest.fail(f"it never came to this: {what}")
        time.sleep(0.05)


def ready(client: httpx.Client) -> bool:
    return client.get("/readyz").status_code == 200


# -- what it shows and does, wherever the stores are ------------------------------------------


def test_a_person_does_everything_from_the_stores_alone(place: Place) -> None:
    incident = filled(place)
    with serving(place) as (_, client):
        until(lambda: ready(client), "ready")
        assert client.get("/healthz").json() == {"status": "alive", "reasons": []}
        at = f"/incidents/{path_segment(incident)}"
        for path in ("/", "/incidents", "/health", at, f"/brands/{path_segment(BRAND)}"):
            answer = client.get(path)
            assert answer.status_code == 200, path
            assert BRAND in unescape(answer.text), path
        typed: tuple[tuple[str, dict[str, str]], ...] = (
            ("acknowledge", {}),
            ("update", {"audience": "internal", "text": "cause found", "next": "30"}),
            ("assign", {"to": "bob"}),
            ("note", {"text": "batch 7"}),
            ("resolve", {"verdict": "real"}),
        )
        for seen, (action, fields) in enumerate(typed, start=1):
            said = {"by": "ann", "seen": str(seen), **fields}
            answer = client.post(f"{at}/{action}", data=said)
            assert answer.status_code == 303, (action, answer.text)
            assert client.post(f"{at}/{action}", data=said).status_code in {303, 409}
        by_hand = {"by": "ann", "brand": BRAND, "text": "recall on TV", "severity": "critical"}
        assert client.post("/incidents/new", data=by_hand).status_code == 303
        page = unescape(client.get(at).text)
        for words in ("cause found", "batch 7", "Given to bob"):
            assert words in page
    with open_store(place.incidents_url) as store, store.read() as view:
        found = view.incident(incident)
        assert found is not None
        assert (found.state, found.owner, found.verdict) == (State.RESOLVED, "bob", Verdict.REAL)
        assert len(view.incidents(only_open=True)) == 1


def test_what_the_alerter_keeps_is_told_to_open_pages(place: Place) -> None:
    filled(place)
    with serving(place) as (_, client), client.stream("GET", "/events") as stream:
        lines = stream.iter_lines()
        first = _data_of("state", lines)
        assert (first["event_mode"], first["stands_since"], first["unread"]) == (False, None, [])
        stores = ApartStores(place)
        stores.reach(2, now() + MINUTE)
        stores.done()
        changed = _data_of("changed", lines)
        assert set(changed["parts"]) == {"buckets", "time"}
        assert changed["as_of"] == first["as_of"]  # the other partitions have not moved


def _data_of(event: str, lines: Iterator[str]) -> dict[str, Any]:
    for line in lines:
        if line == f"event: {event}":
            found: dict[str, Any] = json.loads(next(lines).removeprefix("data: "))
            return found
    pytest.fail(f"the stream ended without {event}")


@pytest.mark.postgres
@pytest.mark.xdist_group("postgres")
def test_a_database_that_goes_away_makes_the_page_wait_for_it(
    postgres: str, tmp_path: Path
) -> None:
    del postgres  # where that is missing this is, too
    folder = Path(tempfile.mkdtemp(prefix="crisis-monitor-web-"))
    folder.chmod(0o755)
    try:
        server = OwnPostgres(folder)
    except NoPostgresError as reason:
        pytest.skip(str(reason))
    with server:
        place = Place(tmp_path, Secret(server.address))
        incident = filled(place)
        with serving(place) as (service, client):
            until(lambda: ready(client), "ready")
            health = client.get("/health").text
            assert "tester@127.0.0.1" in health
            assert "w/rd" not in health
            with client.stream("GET", "/events") as stream:
                lines = stream.iter_lines()
                _data_of("state", lines)
                server.stop()
                told = _data_of("trouble", lines)
            assert "w/rd" not in told["detail"]
            until(lambda: not ready(client), "not ready")
            assert client.get("/healthz").status_code == 200
            assert client.get("/incidents").status_code == 503
            acting = client.post(
                f"/incidents/{path_segment(incident)}/acknowledge", data={"by": "ann", "seen": "1"}
            )
            assert acting.status_code == 503
            server.start()
            until(lambda: ready(client), "ready again")
            assert client.get("/incidents").status_code == 200
            assert service.failure is None


@pytest.mark.postgres
@pytest.mark.xdist_group("postgres")
def test_a_database_nobody_has_filled_is_said(database_place: Place) -> None:
    service = WebService(served_settings(), database_place, SystemClock(), build_page)
    with pytest.raises(PipelineError, match="crisis-monitor alerter"):
        service.start()
    assert service.url == ""


# -- beside an embedded engine ------------------------------------------------------------------


def test_beside_an_engine_without_a_page_it_is_the_engines_own_page(tmp_path: Path) -> None:
    fill_busy(tmp_path, brands=3, hours=3)
    settings, clock = settings_of(), Fixed(SystemClock().now())
    own = build_page(PageParts(tmp_path, settings, clock))
    apart = build_page(PageParts(tmp_path, settings, clock, place=Place(tmp_path)))
    for path in ("/", "/health", "/incidents", "/brands/Veloria%20Air"):
        assert get(apart, path).text == get(own, path).text, path
        assert get(apart, path).status_code == 200


def test_beside_a_running_engine_it_shows_what_is_folded(tmp_path: Path) -> None:
    settings = settings_of(ingest={"port": 0}, page={"port": 0, "enabled": False})
    options = EngineOptions(LogKind.EVENT, durable=False)
    with Service(settings, tmp_path, SystemClock(), options, build_page) as engine:
        assert engine.page is None
        assert engine.server is not None
        with (
            WebService(settings, Place(tmp_path), SystemClock(), build_page) as web,
            httpx.Client(base_url=web.url, trust_env=False, timeout=30) as client,
        ):
            until(lambda: ready(client), "ready")
            sent = b"\n".join(
                f'{{"id": "{n}", "brand": "Acme", "author": "a{n}", "text": "hello {n}", '
                f'"event_time": "2026-03-01T00:{n:02}:30Z"}}'.encode()
                for n in range(20)
            )
            httpx.post(f"{engine.server.url}/v1/mentions", content=sent).raise_for_status()
            httpx.post(f"{engine.server.url}/v1/end").raise_for_status()
            until(lambda: "Acme" in client.get("/").text, "the brand is shown")
            assert "the mentions&#39; own times" in client.get("/health").text


# -- the command ------------------------------------------------------------------------------


def config_of(folder: Path, *, page: str = "") -> Path:
    config = folder / "web.toml"
    config.write_text(
        f'[kafka]\nbootstrap = ["kafka.example:9092"]\npartitions = 4\n[page]\n{page}\n'
    )
    return config


class Running:
    """`crisis-monitor web` on a free port."""

    def __init__(self, *options: str, env: dict[str, str] | None = None) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.process = subprocess.Popen(
            [*COMMAND, "--port", str(self.port), *options],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env={**os.environ, **(env or {})},
        )

    def up(self) -> "Running":
        def answers() -> bool:
            if self.process.poll() is not None:
                assert self.process.stderr is not None
                pytest.fail(self.process.stderr.read().decode())
            try:
                return httpx.get(f"{self.url}/readyz", trust_env=False).status_code == 200
            except httpx.TransportError:
                return False

        until(answers, "up")
        return self

    def stop(self, how: signal.Signals = signal.SIGTERM) -> tuple[int, str]:
        self.process.send_signal(how)
        return self.ended()

    def ended(self) -> tuple[int, str]:
        _, errors = self.process.communicate(timeout=PATIENCE)
        return self.process.returncode, errors.decode()


def test_the_command_serves_until_it_is_told_to_stop(place: Place, tmp_path: Path) -> None:
    filled(place)
    options = ["--data", str(place.directory), "--config", str(config_of(tmp_path))]
    env = {}
    if place.database is not None:
        env["STORES"] = place.database.reveal()
        with config_of(tmp_path).open("a") as config:
            config.write('[storage]\ndatabase_env = "STORES"\n')
    running = Running(*options, env=env).up()
    with httpx.stream("GET", f"{running.url}/events", trust_env=False) as stream:
        assert stream.status_code == 200
        assert BRAND in httpx.get(f"{running.url}/", trust_env=False).text
        code, errors = running.stop()
    assert code == 0, errors
    assert f"page at {running.url}" in errors
    assert "Traceback" not in errors
    if place.database is not None:
        assert "w/rd" not in errors
        assert "w%2Frd" not in errors


def test_a_token_is_asked_for_but_not_of_probes(tmp_path: Path) -> None:
    filled(Place(tmp_path))
    config = config_of(tmp_path, page='token_env = "PAGE_TOKEN"')
    running = Running(
        *("--data", str(tmp_path), "--config", str(config), "--host", "0.0.0.0"),  # noqa: S104  # what is tried
        env={"PAGE_TOKEN": TOKEN},
    ).up()
    asked = httpx.get(f"{running.url}/", trust_env=False)
    assert asked.status_code in {303, 401}
    assert BRAND not in asked.text
    let_in = httpx.get(
        f"{running.url}/", headers={"Authorization": f"Bearer {TOKEN}"}, trust_env=False
    )
    assert let_in.status_code == 200
    code, errors = running.stop(signal.SIGINT)
    assert code == 0
    assert TOKEN not in errors


def test_what_keeps_it_from_beginning_is_said(tmp_path: Path) -> None:
    def refused(data: Path, **page: object) -> PipelineError:
        settings = served_settings(page={"port": 0, **page})
        with pytest.raises(PipelineError) as said:
            WebService(settings, Place(data), SystemClock(), build_page).start()
        return said.value

    missing = refused(tmp_path / "nowhere")
    assert missing.exit_code == 3
    assert "no incidents.db and no mentions.db" in str(missing)
    assert "crisis-monitor alerter" in str(missing)
    assert not (tmp_path / "nowhere").exists()
    filled(Place(tmp_path))
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        in_use = refused(tmp_path, port=taken.getsockname()[1])
    assert in_use.exit_code == 3
    assert "--port" in str(in_use)
    with sqlite3.connect(tmp_path / "mentions.db") as database:
        database.execute("UPDATE meta SET value = '99' WHERE key = 'version'")
    database.close()
    newer = refused(tmp_path)
    assert newer.exit_code == 3
    assert "newer version" in str(newer)


def test_the_command_says_it_with_its_exit_code(tmp_path: Path) -> None:
    config = str(config_of(tmp_path))
    code, errors = Running("--data", str(tmp_path / "nowhere"), "--config", config).ended()
    assert code == 3
    assert "no incidents.db" in errors
    code, errors = Running("--host", "0.0.0.0", "--config", config).ended()  # noqa: S104  # what is tried
    assert code == 2
    assert "token" in errors


def test_a_server_that_has_ended_ends_the_command(tmp_path: Path) -> None:
    filled(Place(tmp_path))
    with serving(Place(tmp_path)) as (service, _):
        assert service.failure is None
        assert service._server is not None
        service._server._server.should_exit = True  # as when its loop breaks
        until(lambda: service.failure is not None, "the end is noticed")
        assert isinstance(service.failure, EnvironmentProblem)


def test_a_page_that_hangs_is_worth_a_restart(tmp_path: Path) -> None:
    filled(Place(tmp_path))
    with serving(Place(tmp_path)) as (service, client):
        until(lambda: ready(client), "ready")
        service.health.watch("hung", -1)
        assert client.get("/healthz").status_code == 503
        service.health.unwatch("hung")
        assert client.get("/healthz").status_code == 200
        assert COMPONENT not in {each.component for each in service.health.reasons()}
