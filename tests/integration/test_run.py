"""The running service as ops meet it: up, fed, asked, told to stop, and refused."""

import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import httpx
import pytest

COMMAND = [sys.executable, "-m", "pipeline"]
PATIENCE = 120.0
"""Seconds for whatever must come: a busy machine is slow, and that is not what is tested."""


class Running:
    """`crisis-monitor run` on ports that the system gives it; what it says goes to a file."""

    def __init__(self, directory: Path, *options: str, config: Path | None = None) -> None:
        self.url = ""
        self._said = Path(tempfile.mkdtemp(dir=directory.parent)) / "said"
        with self._said.open("wb") as said:
            self.process = subprocess.Popen(
                [*COMMAND, "run", "--data", str(directory), "--port", "0", "--page-port", "0"]
                + [*options]
                + ([] if config is None else ["--config", str(config)]),
                stdout=subprocess.DEVNULL,
                stderr=said,
            )

    def said(self) -> str:
        return self._said.read_text(encoding="utf-8")

    def is_ready(self) -> bool:
        listening = re.search(r"listening at (http://\S+)", self.said())
        if listening is None:
            return False
        self.url = listening[1]
        try:
            return httpx.get(f"{self.url}/readyz", timeout=PATIENCE).status_code == 200
        except httpx.TransportError:
            return False

    def up(self) -> "Running":
        until = time.monotonic() + PATIENCE
        while self.process.poll() is None and time.monotonic() < until:
            if self.is_ready():
                return self
            time.sleep(0.05)
        self.close()
        pytest.fail(self.said())

    def close(self) -> None:
        self.process.kill()
        self.process.wait()

    def end(self) -> tuple[int, str]:
        """Wait until it has ended by itself: its code and what it said."""
        return self.process.wait(PATIENCE), self.said()

    def stop(self) -> tuple[int, str]:
        self.process.send_signal(signal.SIGTERM)
        return self.end()


def lines(count: int, brand: str = "Acme", text: str = "hello") -> bytes:
    now = datetime.now(UTC).isoformat()
    return b"\n".join(
        json.dumps(
            {"id": f"{brand}{i}", "text": f"{text} {i}", "event_time": now, "brand": brand,
             "author": f"a{i}"}
        ).encode()
        for i in range(count)
    )  # fmt: skip


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Running]:
    running = Running(tmp_path / "data").up()
    yield running
    running.close()


def status(directory: Path) -> dict[str, object]:
    out = subprocess.run(
        [*COMMAND, "status", "--data", str(directory), "--format", "json"],
        capture_output=True,
        check=True,
    ).stdout
    answer: dict[str, object] = json.loads(out)
    return answer


def test_what_is_accepted_is_counted_and_survives_the_stop(
    service: Running, tmp_path: Path
) -> None:
    answer = httpx.post(f"{service.url}/v1/mentions", content=lines(250), timeout=PATIENCE)
    assert answer.status_code == 200
    assert answer.json()["accepted"] == 250
    bad = httpx.post(
        f"{service.url}/v1/mentions", content=b'{"text": "no time"}\n{broken', timeout=PATIENCE
    )
    assert bad.json()["rejected"] == 2
    code, errors = service.stop()
    assert code == 0
    assert "hello" not in errors  # no mention's text in the log
    got = status(tmp_path / "data")
    assert got["brands"]["Acme"]["mentions"] == 250  # type: ignore[index]
    assert got["rejected"] == 2


def test_a_second_engine_is_refused_with_exit_code_3(service: Running, tmp_path: Path) -> None:
    second = Running(tmp_path / "data")
    code, errors = second.end()
    second.close()
    assert code == 3
    assert "another engine" in " ".join(errors.split())
    assert httpx.get(f"{service.url}/healthz", timeout=PATIENCE).status_code == 200


def test_a_taken_port_is_named(service: Running, tmp_path: Path) -> None:
    port = service.url.rsplit(":", 1)[1]
    result = subprocess.run(
        [*COMMAND, "run", "--data", str(tmp_path / "other"), "--port", port, "--no-page"],
        capture_output=True,
        timeout=PATIENCE,
        check=False,
    )
    assert result.returncode == 3
    assert port.encode() in result.stderr


def test_the_page_is_served_beside_the_door_and_says_where(
    service: Running, tmp_path: Path
) -> None:
    said = subprocess.run(
        [*COMMAND, "status", "--data", str(tmp_path / "data"), "--format", "json"],
        capture_output=True,
        check=True,
    ).stdout
    page = json.loads(said)["page"]
    assert page.startswith("http://127.0.0.1:")
    assert page != service.url
    assert '<main id="main"' in httpx.get(f"{page}/", timeout=PATIENCE).text
    assert httpx.get(f"{page}/readyz", timeout=PATIENCE).status_code == 404  # two doors, two houses
    doctor = subprocess.run(
        [*COMMAND, "doctor", "--data", str(tmp_path / "data"), "--no-connect"],
        capture_output=True,
        check=False,
    ).stdout.decode()
    assert f"page: is at {page}" in doctor
    code, errors = service.stop()
    assert code == 0
    assert f"page at {page}" in errors
    assert "Traceback" not in errors


def test_a_taken_port_of_the_page_is_named_with_its_options(
    service: Running, tmp_path: Path
) -> None:
    port = service.url.rsplit(":", 1)[1]
    result = subprocess.run(
        [*COMMAND, "run", "--data", str(tmp_path / "other"), "--port", "0", "--page-port", port],
        capture_output=True,
        timeout=PATIENCE,
        check=False,
    )
    said = b" ".join(result.stderr.split())
    assert result.returncode == 3
    for word in (port.encode(), b"--page-port", b"--no-page", b"[page]"):
        assert word in said


def test_a_variable_nobody_reads_is_told_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = subprocess.run(
        [*COMMAND, "run", "--data", str(tmp_path / "file" / "data")],
        capture_output=True,
        check=False,
        env=os.environ | {"CRISIS_MONITOR_INGEST__PORT": "abc"},
        timeout=PATIENCE,
    )
    assert done.returncode == 3
    assert b"variable CRISIS_MONITOR_INGEST__PORT: warning: is read by nobody" in done.stderr


def test_beyond_loopback_a_secret_is_a_must(tmp_path: Path) -> None:
    result = subprocess.run(
        [*COMMAND, "run", "--data", str(tmp_path / "data"), "--host", "0.0.0.0", "--port", "0"],  # noqa: S104  # that is what is refused
        capture_output=True,
        timeout=PATIENCE,
        check=False,
    )
    assert result.returncode == 2
    assert b"secret" in result.stderr
    assert not (tmp_path / "data" / "log.db").exists()


def test_a_locked_database_is_said_and_nothing_is_lost(service: Running, tmp_path: Path) -> None:
    assert (
        httpx.post(f"{service.url}/v1/mentions", content=lines(5), timeout=PATIENCE).status_code
        == 200
    )
    holder = sqlite3.connect(tmp_path / "data" / "log.db", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    refused = httpx.post(f"{service.url}/v1/mentions", content=lines(5, "Other"), timeout=PATIENCE)
    ready = httpx.get(f"{service.url}/readyz", timeout=PATIENCE)
    holder.execute("ROLLBACK")
    holder.close()
    assert refused.status_code == 503
    assert ready.status_code == 503
    assert "log" in [each["component"] for each in ready.json()["reasons"]]
    assert int(refused.headers["retry-after"]) > 0
    again = httpx.post(f"{service.url}/v1/mentions", content=lines(5, "Other"), timeout=PATIENCE)
    assert again.json()["accepted"] == 5
    assert service.stop()[0] == 0
    brands = status(tmp_path / "data")["brands"]
    assert {name: each["mentions"] for name, each in brands.items()} == {  # type: ignore[attr-defined]
        "Acme": 5,
        "Other": 5,
    }


def test_a_clean_stop_leaves_whole_files(service: Running, tmp_path: Path) -> None:
    httpx.post(f"{service.url}/v1/mentions", content=lines(50), timeout=PATIENCE)
    assert service.stop()[0] == 0
    copy = tmp_path / "copy"
    copy.mkdir()
    for path in (tmp_path / "data").glob("*.db"):
        assert not path.with_name(f"{path.name}-wal").exists()
        shutil.copy(path, copy)
    assert status(copy)["brands"]["Acme"]["mentions"] == 50  # type: ignore[index]


def test_a_log_removed_under_a_running_engine_stops_it(service: Running, tmp_path: Path) -> None:
    httpx.post(f"{service.url}/v1/mentions", content=lines(5), timeout=PATIENCE)
    (tmp_path / "data" / "log.db").unlink()
    code, errors = service.end()
    assert code == 3
    assert "removed or replaced" in " ".join(errors.split())


def test_nothing_is_answered_for_that_a_removed_log_would_lose(
    service: Running, tmp_path: Path
) -> None:
    httpx.post(f"{service.url}/v1/mentions", content=lines(5), timeout=PATIENCE)
    (tmp_path / "data" / "log.db").unlink()
    with suppress(httpx.TransportError):  # it may have seen it first, and be gone
        answer = httpx.post(
            f"{service.url}/v1/mentions", content=lines(5, "Other"), timeout=PATIENCE
        )
        assert answer.status_code == 503
    assert service.stop()[0] == 3


def test_a_date_in_the_future_never_moves_an_event_log(tmp_path: Path) -> None:
    running = Running(tmp_path / "data", "--time", "event").up()
    try:
        future = b'{"text": "x", "brand": "Acme", "event_time": "2199-01-01T00:00:00Z"}'
        answer = httpx.post(f"{running.url}/v1/mentions", content=future, timeout=PATIENCE).json()
        assert answer["results"][0]["reason"] == "future_dated"
        past = b'{"text": "x", "brand": "Acme", "event_time": "2024-01-01T00:00:00Z"}'
        assert (
            httpx.post(f"{running.url}/v1/mentions", content=past, timeout=PATIENCE).json()["late"]
            == 0
        )
    finally:
        running.close()


def test_metrics_please_promtool(service: Running) -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        if os.environ.get("CI"):
            pytest.fail("promtool is missing: install Debian's package prometheus")
        pytest.skip("promtool is not installed (Debian: prometheus)")
    httpx.post(f"{service.url}/v1/mentions", content=lines(5), timeout=PATIENCE)
    text = httpx.get(f"{service.url}/metrics", timeout=PATIENCE).content
    checked = subprocess.run(
        [promtool, "check", "metrics"], input=text, capture_output=True, check=False
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr


class _Receiver(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.seen.append((time.time(), self.headers["webhook-id"], json.loads(body)))  # type: ignore[attr-defined]
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


def test_clocks_of_seconds_against_a_real_receiver(tmp_path: Path) -> None:
    """By hand opened, paged once, reminded on time, acknowledged, resolved, then silence."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Receiver)
    server.seen = []  # type: ignore[attr-defined]
    Thread(target=server.serve_forever, daemon=True).start()
    config = tmp_path / "monitor.toml"
    config.write_text(
        f"""
[[receivers]]
name = "oncall"
kind = "webhook"
url = "http://127.0.0.1:{server.server_address[1]}/hook"

[policy]
acknowledge_within = "2m"
merge_within = "0s"

[policy.updates.warning_internal]
first = "2s"
every = "2s"
""",
        encoding="utf-8",
    )
    data = tmp_path / "data"
    running = Running(data, config=config).up()

    def people(*arguments: str) -> None:
        subprocess.run(
            [*COMMAND, "incidents", *arguments, "--data", str(data)],
            check=True,
            capture_output=True,
        )

    try:
        people("open", "--brand", "Acme", "--reason", "a recall", "--by", "ann")
        seen = server.seen  # type: ignore[attr-defined]
        _wait(lambda: len(seen) >= 1)
        incident = seen[0][2]["data"]["incident"]
        name = incident if isinstance(incident, str) else incident["id"]
        people("acknowledge", name, "--by", "ann")
        _wait(lambda: len(seen) >= 3)
        people("resolve", name, "--by", "ann")
        before = len(seen)  # as many as a slow machine took to get here
        time.sleep(3)
        said = [key.split(":")[-2] for _, key, _ in seen]
        assert said.count("page") == 1
        assert said[1:3] == ["internal_update_due", "internal_update_overdue"]
        assert len({key for _, key, _ in seen}) == len(seen)
        assert sum("update" in each for each in said[before:]) <= 1  # one was on its way
    finally:
        code, _ = running.stop()
        server.shutdown()
        server.server_close()
    assert code == 0


def _wait(true: "object") -> None:
    until = time.monotonic() + PATIENCE
    while not true():  # type: ignore[operator]
        if time.monotonic() > until:
            pytest.fail(f"nothing came within {PATIENCE:g} s")
        time.sleep(0.1)


def test_weak_keys_and_an_unused_database_are_warned_of_at_the_start_and_never_shown(
    tmp_path: Path,
) -> None:
    config = tmp_path / "monitor.toml"
    (tmp_path / "token").write_text("fifteen-charact", "utf-8")
    config.write_text(
        '[ingest]\ntoken = "sh0rt"\n[page]\ntoken_file = "token"\n[[brands]]\nname = "Acme"\n'
        '[storage]\ndatabase = "postgresql://me:hunter2@127.0.0.1:9/d"\n',
        "utf-8",
    )
    running = Running(tmp_path / "data", config=config).up()
    code, errors = running.stop()
    assert code == 0
    for key in ("ingest.token", "page.token_file"):
        assert f"{key}: the token has fewer than 16 characters and can be guessed" in errors
    assert "the embedded engine keeps its stores in files" in " ".join(errors.split())
    assert "hunter2" not in errors
    assert "found by its name alone" not in errors
    assert "sh0rt" not in errors
    assert "fifteen-charact" not in errors
