"""What a program without a door for mentions says of itself."""

from collections.abc import Iterator

import httpx
import pytest

from pipeline.clock import SystemClock
from pipeline.errors import EnvironmentProblem
from pipeline.health import Health
from pipeline.metrics.registry import Metrics
from pipeline.services.status_door import StatusDoor


@pytest.fixture
def health() -> Health:
    return Health(lambda: 100.0)


@pytest.fixture
def door(health: Health) -> Iterator[StatusDoor]:
    door = StatusDoor(Metrics(SystemClock()), health, "127.0.0.1", 0)
    door.start()
    yield door
    door.stop()


def test_ready_and_not(door: StatusDoor, health: Health) -> None:
    assert httpx.get(f"{door.url}/readyz").json() == {"status": "ready", "reasons": []}
    assert "crisis_monitor_ready 1.0" in httpx.get(f"{door.url}/metrics").text
    health.failed("broker", "no broker answers")
    answer = httpx.get(f"{door.url}/readyz")
    assert answer.status_code == 503
    assert answer.json()["reasons"] == [
        {"component": "broker", "ill": "failed", "detail": "no broker answers"}
    ]
    assert httpx.get(f"{door.url}/healthz").status_code == 200
    assert "crisis_monitor_ready 0.0" in httpx.get(f"{door.url}/metrics").text


def test_stalled_is_not_alive() -> None:
    instant = [100.0]
    health = Health(lambda: instant[0])
    health.watch("signals", 1_000)
    door = StatusDoor(Metrics(SystemClock()), health, "127.0.0.1", 0)
    door.start()
    try:
        assert httpx.get(f"{door.url}/healthz").status_code == 200
        instant[0] += 2
        assert httpx.get(f"{door.url}/healthz").status_code == 503
        assert httpx.head(f"{door.url}/readyz").status_code == 503
    finally:
        door.stop()


def test_nothing_else_is_there(door: StatusDoor) -> None:
    assert httpx.get(f"{door.url}/").status_code == 404
    assert httpx.post(f"{door.url}/metrics").status_code == 405
    assert httpx.post(f"{door.url}/v1/mentions", json={}).status_code == 404


def test_a_foreign_page_is_not_answered(door: StatusDoor) -> None:
    for headers in (
        {"host": "rebound.example"},
        {"origin": "https://foreign.example"},
        {"sec-fetch-site": "cross-site"},
    ):
        answer = httpx.get(f"{door.url}/metrics", headers=headers)
        assert answer.status_code == 403
        assert "crisis_monitor" not in answer.text


def test_on_an_open_address_any_name_does() -> None:
    door = StatusDoor(Metrics(SystemClock()), Health(), "0.0.0.0", 0)  # noqa: S104  # what is under test
    door.start()
    try:
        port = door.url.rpartition(":")[2]
        answer = httpx.get(f"http://127.0.0.1:{port}/readyz", headers={"host": "worker:9102"})
        assert answer.status_code == 200
    finally:
        door.stop()


def test_an_address_in_use_names_the_option(door: StatusDoor) -> None:
    port = int(door.url.rpartition(":")[2])
    other = StatusDoor(Metrics(SystemClock()), Health(), "127.0.0.1", port)
    with pytest.raises(EnvironmentProblem, match="--status-port"):
        other.start()
    other.stop()


def test_where_another_port_will_do_a_free_one_is_taken_and_said(door: StatusDoor) -> None:
    port = int(door.url.rpartition(":")[2])
    other = StatusDoor(Metrics(SystemClock()), Health(), "127.0.0.1", port, or_free=True)
    other.start()
    try:
        assert other.url != door.url
        assert other.instead == f", since port {port} is taken"
        assert httpx.get(f"{other.url}/healthz").status_code == 200
    finally:
        other.stop()
    assert door.instead == ""


def test_a_host_that_is_none_is_named_also_where_any_port_will_do() -> None:
    door = StatusDoor(Metrics(SystemClock()), Health(), "no.such.host.invalid", 8082, or_free=True)
    with pytest.raises(EnvironmentProblem, match="no address of this machine"):
        door.start()
    door.stop()
