"""The page beside an engine: what fails in it stays in it, and messages lead to it."""

import io
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI, HTTPException

from alerts.notifiers.answer import Answer, Result
from alerts.notifiers.protocol import Message
from dashboards.console.app import build_page
from pipeline import alerting, logs
from pipeline.clock import SystemClock
from pipeline.composition import EngineOptions
from pipeline.errors import EnvironmentProblem, SettingsError
from pipeline.log import EngineLock, LogKind
from pipeline.presenting import PageParts
from pipeline.services.embedded import Service
from tests.browser.directories import settings_of

FREE = {"ingest": {"port": 0}, "page": {"port": 0}}
EVENT = EngineOptions(LogKind.EVENT, durable=False)


def mentions(count: int, minute: int, text: str) -> bytes:
    return b"\n".join(
        (
            f'{{"id": "{minute}-{number}", "brand": "Acme", "author": "a{minute}-{number}", '
            f'"text": "{text} {minute} {number}", '
            f'"event_time": "2026-03-01T{minute // 60:02}:{minute % 60:02}:30Z"}}'
        ).encode()
        for number in range(count)
    )


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> list[Message]:
    """What the console would have been told."""
    told: list[Message] = []

    class Listener:
        def __init__(self, *_: object) -> None:
            pass

        def deliver(self, message: Message, *, key: str) -> Answer:
            del key
            told.append(message)
            return Answer(Result.DELIVERED, "")

        def close(self) -> None:
            pass

    monkeypatch.setattr(alerting, "ConsoleNotifier", Listener)
    return told


def crisis(url: str) -> None:
    """Two calm hours, and then a brand is furious."""
    calm = [mentions(1, minute, "hello") for minute in range(150)]
    angry = [mentions(25, minute, "terrible awful worst, I hate it") for minute in range(150, 180)]
    sent = b"\n".join(calm + angry)
    httpx.post(f"{url}/v1/mentions", content=sent, timeout=60).raise_for_status()
    httpx.post(f"{url}/v1/end").raise_for_status()


def test_a_message_to_the_console_leads_to_the_page_on_this_machine(
    tmp_path: Path, heard: list[Message]
) -> None:
    with Service(settings_of(**FREE), tmp_path, SystemClock(), EVENT, build_page) as service:
        assert service.server is not None
        assert service.page is not None
        crisis(service.server.url)
        page = service.page.url
        holder = EngineLock(tmp_path).holder()
        assert holder is not None
        assert (holder.url, holder.page) == (service.server.url, page)
        for _ in range(200):
            if heard:
                break
            httpx.get(f"{page}/incidents")
        assert heard
        assert f"{page}/incidents/Acme" in heard[0].text
        address = heard[0].text.split(f"{page}/incidents/")[1].split()[0]
        assert httpx.get(f"{page}/incidents/{address}").status_code == 200


def test_a_public_address_is_said_instead(tmp_path: Path, heard: list[Message]) -> None:
    settings = settings_of(**FREE, policy={"public_url": "https://crisis.example.com"})
    with Service(settings, tmp_path, SystemClock(), EVENT, build_page) as service:
        assert service.server is not None
        assert service.page is not None
        crisis(service.server.url)
        for _ in range(200):
            if heard:
                break
            httpx.get(f"{service.page.url}/incidents")
        assert "https://crisis.example.com/incidents/Acme" in heard[0].text
        assert service.page.url not in heard[0].text


def test_a_page_that_cannot_be_made_leaves_the_engine_at_work(tmp_path: Path) -> None:
    def broken(_: PageParts) -> FastAPI:
        raise ZeroDivisionError

    with Service(settings_of(**FREE), tmp_path, SystemClock(), EVENT, broken) as service:
        assert service.server is not None
        answer = httpx.post(f"{service.server.url}/v1/mentions", content=mentions(3, 1, "hello"))
        assert answer.json()["accepted"] == 3
        ready = httpx.get(f"{service.server.url}/readyz")
        assert ready.status_code == 503
        assert "page" in ready.text
        assert httpx.get(f"{service.server.url}/healthz").status_code == 200


def test_a_view_that_fails_is_one_answer(tmp_path: Path) -> None:
    def with_a_fault(parts: PageParts) -> FastAPI:
        app = build_page(parts)

        @app.get("/fault")
        def fault() -> None:
            raise ZeroDivisionError

        @app.get("/refused")
        def refused() -> None:
            raise HTTPException(418, "no coffee here")

        return app

    logs.configure(stream=io.StringIO())
    with (
        Service(settings_of(**FREE), tmp_path, SystemClock(), EVENT, with_a_fault) as service,
        httpx.Client(timeout=60) as client,
    ):
        assert service.server is not None
        assert service.page is not None
        page = service.page.url
        for _ in range(2):
            answer = client.get(f"{page}/fault")
            assert answer.status_code == 500
            assert "fault of the program" in answer.text
        assert client.get(f"{page}/refused").status_code == 418
        assert client.get(f"{page}/").status_code == 200
        assert client.get(f"{service.server.url}/healthz").status_code == 200


def test_a_page_whose_server_ended_is_told(tmp_path: Path) -> None:
    with Service(settings_of(**FREE), tmp_path, SystemClock(), EVENT, build_page) as service:
        assert service.page is not None
        assert service.page._server is not None
        service.page._server.stop(1.0)
        service.page.look()
        assert [each.component for each in service.health.reasons()] == ["page"]
        assert service.health.stalled() == ()


def test_beyond_loopback_without_a_token_nothing_begins(tmp_path: Path) -> None:
    settings = settings_of(**FREE)
    page = settings.page.model_copy(update={"host": "0.0.0.0"})  # noqa: S104  # what is refused
    document = settings.document.model_copy(update={"page": page})
    open_to_all = type(settings)(document)
    with pytest.raises(SettingsError, match="asks nobody for a token"):
        Service(open_to_all, tmp_path / "data", SystemClock(), EVENT, build_page)
    assert not (tmp_path / "data").exists()


def test_a_taken_port_stops_the_start_before_anything_is_folded(tmp_path: Path) -> None:
    with Service(settings_of(**FREE), tmp_path / "a", SystemClock(), EVENT, build_page) as first:
        assert first.page is not None
        port = int(first.page.url.rsplit(":", 1)[1])
        taken = settings_of(ingest={"port": 0}, page={"port": port})
        with pytest.raises(EnvironmentProblem, match="--page-port"):
            Service(taken, tmp_path / "b", SystemClock(), EVENT, build_page).start()
        assert EngineLock(tmp_path / "b").holder() is None


def test_no_page_is_served_where_none_is_wanted(tmp_path: Path) -> None:
    settings = settings_of(ingest={"port": 0}, page={"enabled": False})
    with Service(settings, tmp_path, SystemClock(), EVENT, build_page) as service:
        assert service.page is None
        assert service.server is not None
        assert httpx.get(f"{service.server.url}/readyz").status_code == 200
