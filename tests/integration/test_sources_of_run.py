"""Files and scenarios that a running service reads by itself."""

import gzip
import time
from pathlib import Path

import httpx
import pytest

from tests.integration.test_run import Running, status

ROWS = "".join(f"{i},2026-03-01T10:{i % 60:02}:00Z,Acme,a{i},hello {i}\n" for i in range(120))
HEADER = "id,event_time,brand,author,text\n"


@pytest.fixture
def history(tmp_path: Path) -> Path:
    path = tmp_path / "week.csv.gz"
    path.write_bytes(gzip.compress((HEADER + ROWS).encode()))
    return path


def configured(tmp_path: Path, source: str) -> Path:
    path = tmp_path / "monitor.toml"
    path.write_text(f'[[sources]]\nname = "past"\n{source}', encoding="utf-8")
    return path


def test_a_configured_file_is_read_to_its_end(tmp_path: Path, history: Path) -> None:
    config = configured(tmp_path, f'kind = "file"\npath = "{history}"\n')
    running = Running(tmp_path / "data", "--time", "event", config=config).up()
    for _ in range(100):
        if status(tmp_path / "data")["brands"]:
            break
        time.sleep(0.1)
    code, errors = running.stop()
    assert code == 0, errors
    assert "source_read_to_its_end" in errors
    got = status(tmp_path / "data")
    assert got["brands"]["Acme"]["mentions"] == 120  # type: ignore[index]


def test_a_file_that_is_not_there_turns_readiness_red_and_stops_nothing(tmp_path: Path) -> None:
    config = configured(tmp_path, 'kind = "file"\npath = "nowhere.csv"\n')
    running = Running(tmp_path / "data", "--time", "event", config=config)
    try:
        assert "source past" in _readiness(running).text
        assert httpx.get(f"{running.url}/healthz").status_code == 200
    finally:
        running.close()


def _readiness(running: Running) -> httpx.Response:
    for _ in range(1200):
        time.sleep(0.1)
        if not running.url:
            running.is_ready()  # reads where it listens
            continue
        try:
            answer = httpx.get(f"{running.url}/readyz")
        except httpx.TransportError:
            continue
        if answer.status_code == 503 and "failed" in answer.text:
            return answer
    pytest.fail("nothing failed within 120 s")
