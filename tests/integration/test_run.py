"""The running service as ops meet it: up, fed, asked, told to stop, and refused."""

import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import httpx
import pytest

COMMAND = [sys.executable, "-m", "pipeline"]


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


class Running:
    """`crisis-monitor run` on a free port."""

    def __init__(self, directory: Path, *options: str, config: Path | None = None) -> None:
        self.url = f"http://127.0.0.1:{(port := free_port())}"
        self.process = subprocess.Popen(
            [*COMMAND, "run", "--data", str(directory), "--port", str(port), "--page-port", "0"]
            + [*options]
            + ([] if config is None else ["--config", str(config)]),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )

    def up(self) -> "Running":
        for _ in range(600):
            try:
                if httpx.get(f"{self.url}/readyz").status_code == 200:
                    return self
            except httpx.TransportError:
                pass
            if self.process.poll() is not None:
                break
            time.sleep(0.05)
        self.process.kill()
        assert self.process.stderr is not None
        pytest.fail(self.process.stderr.read().decode())

    def close(self) -> None:
        self.process.kill()
        self.process.communicate()

    def stop(self) -> tuple[int, str]:
        self.process.send_signal(signal.SIGTERM)
        _, errors = self.process.communicate(timeout=60)
        return self.process.returncode, errors.decode()


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
    answer = httpx.post(f"{service.url}/v1/mentions", content=lines(250))
    assert answer.status_code == 200
    assert answer.json()["accepted"] == 250
    bad = httpx.post(f"{service.url}/v1/mentions", content=b'{"text": "no time"}\n{broken')
    assert bad.json()["rejected"] == 2
    code, errors = service.stop()
    assert code == 0
    assert "hello" not in errors  # no mention's text in the log
    got = status(tmp_path / "data")
    assert got["brands"]["Acme"]["mentions"] == 250  # type: ignore[index]
    assert got["rejected"] == 2


def test_a_second_engine_is_refused_with_exit_code_3(service: Running, tmp_path: Path) -> None:
    second = Running(tmp_path / "data")
    _, errors = second.process.communicate(timeout=60)
    assert second.process.returncode == 3
    assert b"another engine" in b" ".join(errors.split())
    assert httpx.get(f"{service.url}/healthz").status_code == 200


def test_a_taken_port_is_named(service: Running, tmp_path: Path) -> None:
    port = service.url.rsplit(":", 1)[1]
    result = subprocess.run(
        [*COMMAND, "run", "--data", str(tmp_path / "other"), "--port", port, "--no-page"],
        capture_output=True,
        timeout=60,
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
    assert '<main id="main"' in httpx.get(f"{page}/").text
    assert httpx.get(f"{page}/readyz").status_code == 404  # two doors, two houses
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
        timeout=60,
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
        timeout=60,
    )
    assert done.returncode == 3
    assert b"variable CRISIS_MONITOR_INGEST__PORT: warning: is read by nobody" in done.stderr


def test_beyond_loopback_a_secret_is_a_must(tmp_path: Path) -> None:
    result = subprocess.run(
        [*COMMAND, "run", "--data", str(tmp_path / "data"), "--host", "0.0.0.0", "--port", "0"],  # noqa: S104  # that is what is refused
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert result.returncode == 2
    assert b"secret" in result.stderr
    assert not (tmp_path / "data" / "log.db").exists()


def test_a_locked_database_is_said_and_nothing_is_lost(service: Running, tmp_path: Path) -> None:
    assert httpx.post(f"{service.url}/v1/mentions", content=lines(5)).status_code == 200
    holder = sqlite3.connect(tmp_path / "data" / "log.db", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    refused = httpx.post(f"{service.url}/v1/mentions", content=lines(5, "Other"), timeout=60)
    ready = httpx.get(f"{service.url}/readyz")
    holder.execute("ROLLBACK")
    holder.close()
    assert refused.status_code == 503
    assert ready.status_code == 503
    assert "log" in [each["component"] for each in ready.json()["reasons"]]
    assert int(refused.headers["retry-after"]) > 0
    again = httpx.post(f"{service.url}/v1/mentions", content=lines(5, "Other"), timeout=60)
    assert again.json()["accepted"] == 5
    assert service.stop()[0] == 0
    brands = status(tmp_path / "data")["brands"]
    assert {name: each["mentions"] for name, each in brands.items()} == {  # type: ignore[attr-defined]
        "Acme": 5,
        "Other": 5,
    }


def test_a_clean_stop_leaves_whole_files(service: Running, tmp_path: Path) -> None:
    httpx.post(f"{service.url}/v1/mentions", content=lines(50))
    assert service.stop()[0] == 0
    copy = tmp_path / "copy"
    copy.mkdir()
    for path in (tmp_path / "data").glob("*.db"):
        assert not path.with_name(f"{path.name}-wal").exists()
        shutil.copy(path, copy)
    assert status(copy)["brands"]["Acme"]["mentions"] == 50  # type: ignore[index]


def test_a_log_removed_under_a_running_engine_stops_it(service: Running, tmp_path: Path) -> None:
    httpx.post(f"{service.url}/v1/mentions", content=lines(5))
    (tmp_path / "data" / "log.db").unlink()
    _, errors = service.process.communicate(timeout=30)
    assert service.process.returncode == 3
    assert b"removed or replaced" in b" ".join(errors.split())


def test_nothing_is_answered_for_that_a_removed_log_would_lose(
    service: Running, tmp_path: Path
) -> None:
    httpx.post(f"{service.url}/v1/mentions", content=lines(5))
    (tmp_path / "data" / "log.db").unlink()
    answer = httpx.post(f"{service.url}/v1/mentions", content=lines(5, "Other"))
    assert answer.status_code == 503
    assert service.stop()[0] == 3


def test_a_date_in_the_future_never_moves_an_event_log(tmp_path: Path) -> None:
    running = Running(tmp_path / "data", "--time", "event").up()
    try:
        future = b'{"text": "x", "brand": "Acme", "event_time": "2199-01-01T00:00:00Z"}'
        answer = httpx.post(f"{running.url}/v1/mentions", content=future).json()
        assert answer["results"][0]["reason"] == "future_dated"
        past = b'{"text": "x", "brand": "Acme", "event_time": "2024-01-01T00:00:00Z"}'
        assert httpx.post(f"{running.url}/v1/mentions", content=past).json()["late"] == 0
    finally:
        running.close()


def test_metrics_please_promtool(service: Running) -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        if os.environ.get("CI"):
            pytest.fail("promtool is missing: install Debian's package prometheus")
        pytest.skip("promtool is not installed (Debian: prometheus)")
    httpx.post(f"{service.url}/v1/mentions", content=lines(5))
    text = httpx.get(f"{service.url}/metrics").content
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
acknowledge_within = "20s"
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
        time.sleep(3)
        said = [key.split(":")[-2] for _, key, _ in seen]
        assert said.count("page") == 1
        assert said[1:3] == ["internal_update_due", "internal_update_overdue"]
        assert len({key for _, key, _ in seen}) == len(seen)
        assert len(seen) <= 4
    finally:
        code, _ = running.stop()
        server.shutdown()
        server.server_close()
    assert code == 0


def _wait(true: "object") -> None:
    for _ in range(300):
        if true():  # type: ignore[operator]
            return
        time.sleep(0.1)
    pytest.fail("nothing came within 30 s")


def test_a_key_that_can_be_guessed_is_warned_of_at_the_start_and_never_shown(
    tmp_path: Path,
) -> None:
    config = tmp_path / "monitor.toml"
    (tmp_path / "token").write_text("fifteen-charact", "utf-8")
    config.write_text(
        '[ingest]\ntoken = "sh0rt"\n[page]\ntoken_file = "token"\n[[brands]]\nname = "Acme"\n',
        "utf-8",
    )
    running = Running(tmp_path / "data", config=config).up()
    code, errors = running.stop()
    assert code == 0
    for key in ("ingest.token", "page.token_file"):
        assert f"{key}: the token has fewer than 16 characters and can be guessed" in errors
    assert "found by its name alone" not in errors
    assert "sh0rt" not in errors
    assert "fifteen-charact" not in errors
