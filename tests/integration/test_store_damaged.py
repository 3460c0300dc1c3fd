"""One damaged store takes no other view with it: people act while mentions.db cannot be read."""

import os
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import httpx
import pytest

from alerts.lifecycle import decide
from alerts.plain import path_segment
from alerts.store import open_store
from dashboards.console import events
from dashboards.console.page import Page
from dashboards.views.books import UNREAD
from pipeline.log import LogKind, SqliteLog
from pipeline.presenting import PageParts
from pipeline.settings import load
from pipeline.stores import MentionStore
from tests.browser.serving import a_page
from tests.scene import MINUTE, START, DrivenClock, signal

ID = "Acme:negative_surge:2026-09-21T14:14:00Z"
INCIDENT = f"/incidents/{path_segment(ID)}"
BRANDS = {"brands": [{"name": "Acme"}, {"name": "Calm"}]}
DAMAGED = "mentions.db: the database is damaged"


def damage(path: Path) -> None:
    """Make a file no database any more."""
    for suffix in ("-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    path.write_bytes(b"no database" * 1_000)


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """A data directory with an open incident."""
    SqliteLog.open(tmp_path, LogKind.CLOCK, durable=False).close()
    MentionStore(tmp_path, durable=False).close()
    with (
        open_store(f"sqlite:///{tmp_path / 'incidents.db'}", durable=False) as store,
        store.write() as work,
    ):
        decided = decide(None, signal(START), START)
        assert isinstance(decided, tuple)
        work.record(None, decided)
    return tmp_path


def parts_of(directory: Path) -> PageParts:
    return PageParts(directory, load(Path(os.devnull), BRANDS), DrivenClock(START + 3 * MINUTE))


@pytest.fixture
def browser(directory: Path) -> Iterator[httpx.Client]:
    """A browser before the page of that directory, its mentions.db damaged."""
    damage(directory / "mentions.db")
    parts = parts_of(directory)
    with (
        a_page(directory, parts.settings, parts.clock) as served,
        httpx.Client(base_url=served.url, headers={"Origin": served.url}, timeout=30) as browser,
    ):
        yield browser


def test_people_act_on_an_incident_while_mentions_are_damaged(browser: httpx.Client) -> None:
    answer = browser.post(f"{INCIDENT}/acknowledge", data={"by": "ann", "seen": "1"})
    assert answer.status_code == 303
    shown = browser.get(answer.headers["location"])
    assert shown.status_code == 200
    assert "paging has stopped" in shown.text
    why = unescape(shown.text).partition("cannot be read now: ")[2]
    assert DAMAGED in why.partition("</p>")[0]
    assert "No texts are kept" not in shown.text


def test_the_lists_stand_while_mentions_are_damaged(browser: httpx.Client) -> None:
    listed = browser.get("/incidents")
    assert listed.status_code == 200
    assert INCIDENT in listed.text
    situation = browser.get("/")
    assert situation.status_code == 200
    assert INCIDENT in situation.text
    assert "Calm" in situation.text
    assert "nothing is known" in situation.text
    assert "empty, not zero" in situation.text
    assert "Learnt of the first day" not in situation.text
    typed = {"brand": "Calm", "severity": "warning", "text": "a call", "by": "ann", "seen": "0"}
    assert browser.post("/incidents/new", data=typed).status_code == 303


def test_health_names_the_damaged_store_first(browser: httpx.Client) -> None:
    answer = browser.get("/health")
    assert answer.status_code == 200
    first = unescape(answer.text).partition('class="problems')[2].partition("</li>")[0]
    assert DAMAGED in first
    assert "pages may be missed" in first
    assert "restore a backup" in first


def test_health_stands_while_incidents_are_damaged(directory: Path) -> None:
    damage(directory / "incidents.db")
    parts = parts_of(directory)
    with a_page(directory, parts.settings, parts.clock) as served:
        answer = httpx.get(f"{served.url}/health")
    assert answer.status_code == 200
    first = unescape(answer.text).partition('class="problems')[2].partition("</li>")[0]
    assert "incidents.db is damaged" in first


def test_what_is_put_back_is_read_again(directory: Path) -> None:
    page = Page(parts_of(directory))
    assert events.look(page).unread == ()
    whole = (directory / "mentions.db").rename(directory / "whole")
    damage(directory / "mentions.db")
    seen = events.look(page)
    assert len(seen.unread) == 1
    assert DAMAGED in seen.unread[0]
    assert (seen.marks.buckets, seen.marks.mentions) == (UNREAD, UNREAD)
    whole.replace(directory / "mentions.db")
    seen = events.look(page)
    assert seen.unread == ()
    assert seen.marks.mentions == 0
    page.close()
