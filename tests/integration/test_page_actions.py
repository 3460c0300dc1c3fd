"""People act on incidents through the page: a real server, real stores, many hands at once."""

import os
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import httpx
import pytest

from alerts.command import Open
from alerts.incident import (
    Acknowledged,
    AnyEvent,
    Assigned,
    Audience,
    Incident,
    Noted,
    Opened,
    Resolved,
    State,
    Updated,
    Verdict,
)
from alerts.lifecycle import decide
from alerts.plain import path_segment
from alerts.store import FeedPosition, IncidentStore, open_store
from pipeline.log import LogKind, SqliteLog
from pipeline.settings import load
from pipeline.stores import MentionStore
from tests.browser.hostile import texts
from tests.browser.serving import Served, a_page
from tests.nasties import TEXTS
from tests.scene import MINUTE, START, DrivenClock, signal

ID = "Acme:negative_surge:2026-09-21T14:14:00Z"


class Floor:
    """One data directory with an open incident, its page, and a browser without scripts."""

    def __init__(self, store: IncidentStore, served: Served, clock: DrivenClock) -> None:
        self.store = store
        self.url = served.url
        self.clock = clock
        self.browser = httpx.Client(base_url=served.url, headers={"Origin": served.url}, timeout=30)

    def post(self, action: str, incident_id: str = ID, **typed: str) -> httpx.Response:
        return self.browser.post(f"/incidents/{path_segment(incident_id)}/{action}", data=typed)

    def get(self, address: str, **headers: str) -> httpx.Response:
        return self.browser.get(address, headers=headers)

    def events(self, kind: type, incident_id: str = ID) -> list[AnyEvent]:
        with self.store.read() as view:
            return [each for each in view.events(incident_id) if isinstance(each, kind)]

    def incident(self, incident_id: str = ID) -> Incident:
        with self.store.read() as view:
            found = view.incident(incident_id)
        assert found is not None
        return found


@pytest.fixture
def floor(tmp_path: Path) -> Iterator[Floor]:
    yield from a_floor(tmp_path, LogKind.CLOCK)


def a_floor(directory: Path, kind: LogKind) -> Iterator[Floor]:
    SqliteLog.open(directory, kind, durable=False).close()
    MentionStore(directory, durable=False).close()
    clock = DrivenClock(START + 3 * MINUTE)
    settings = load(Path(os.devnull), {"brands": [{"name": "Acme"}]})
    with open_store(f"sqlite:///{directory / 'incidents.db'}", durable=False) as store:
        with store.write() as work:
            events = decide(None, signal(START), START)
            assert isinstance(events, tuple)
            work.record(None, events)
        with a_page(directory, settings, clock) as served:
            floor = Floor(store, served, clock)
            with floor.browser:
                yield floor


def complaints(answer: httpx.Response) -> dict[str, str]:
    """What is said to be wrong, by the field that says it is described by it."""
    said = dict(re.findall(r'id="([\w-]+)-problem">([^<]+)<', answer.text))
    for field in said:
        assert re.search(
            rf'<(?:input|textarea|select)[^>]*aria-describedby="{field}-problem[^>]*>', answer.text
        ), field
    assert 'role="alert"' in answer.text
    return {field.split("-", 1)[1]: unescape(message) for field, message in said.items()}


def test_the_way_of_a_person_through_an_incident(floor: Floor) -> None:
    answer = floor.post("acknowledge", by="ann", seen="1")
    assert answer.status_code == 303
    shown = floor.get(answer.headers["location"])
    assert "paging has stopped" in shown.text
    assert 'role="status"' in shown.text
    floor.clock.pass_(MINUTE)
    assert (
        floor.post(
            "update", by="ann", audience="internal", text="cause found", next="30", seen="2"
        ).status_code
        == 303
    )
    assert (
        floor.post(
            "update",
            by="ann",
            audience="public",
            text="we are on it",
            link="https://status.example/1",
            language="en",
            seen="3",
        ).status_code
        == 303
    )
    assert floor.post("assign", by="ann", to="bob", seen="4").status_code == 303
    assert floor.post("note", by="bob", text="batch 7\nsecond line", seen="5").status_code == 303
    assert floor.post("resolve", by="bob", verdict="real", seen="6").status_code == 303
    incident = floor.incident()
    assert (incident.state, incident.owner) == (State.RESOLVED, "bob")
    assert (incident.verdict, incident.resolved_by) == (Verdict.REAL, "bob")
    assert incident.internal.promised == START + 4 * MINUTE + 30 * MINUTE
    (updated,) = [each for each in floor.events(Updated) if each.audience is Audience.PUBLIC]  # type: ignore[union-attr]  # all are updates
    assert isinstance(updated, Updated)
    assert (updated.link, updated.language) == ("https://status.example/1", "en")
    page = floor.get(f"/incidents/{path_segment(ID)}").text
    for said in ("cause found", "we are on it", "batch 7\nsecond line", "Given to bob", "a real"):
        assert said in unescape(page), said
    assert "critical" in floor.get("/incidents").text
    assert "None like that" in floor.get("/incidents?state=open").text


REFUSED: list[tuple[str, dict[str, str], str]] = [
    ("acknowledge", {"by": "  "}, "by"),
    ("update", {"by": "ann", "audience": "internal", "text": " "}, "text"),
    ("update", {"by": "", "audience": "internal", "text": "kept"}, "by"),
    ("update", {"by": "ann", "audience": "public", "text": "kept"}, "link"),
    ("update", {"by": "ann", "audience": "public", "text": "kept", "link": "www.a"}, "link"),
    ("update", {"by": "ann", "audience": "both", "text": "kept"}, "audience"),
    (
        "update",
        {"by": "ann", "audience": "internal", "text": "kept", "next": "at", "next_at": "x"},
        "next-at",
    ),
    ("update", {"by": "ann", "audience": "internal", "text": "x" * 20_001}, "text"),
    ("assign", {"by": "ann", "to": " "}, "to"),
    ("note", {"by": "ann", "text": ""}, "text"),
    ("resolve", {"by": "ann", "verdict": "perhaps"}, "verdict"),
]


def test_a_refusal_stands_at_its_field_and_nothing_typed_is_lost(floor: Floor) -> None:
    for action, typed, field in REFUSED:
        check_refusal(floor, action, typed, field)
    assert floor.incident().events == 1


def check_refusal(floor: Floor, action: str, typed: dict[str, str], field: str) -> None:
    answer = floor.post(action, **typed)
    assert answer.status_code == 422
    assert set(complaints(answer)) == {field}
    for name in ("text", "link", "next_at"):
        if typed.get(name, "").strip():
            assert typed[name] in unescape(answer.text)
    assert re.search(rf'<details class="act card" id="{action}" open|id="acknowledge"', answer.text)
    again = floor.get(f"/incidents/{path_segment(ID)}/{action}")
    assert again.headers["location"] == f"/incidents/{path_segment(ID)}"


def test_a_form_sent_ten_times_at_once_counts_once(floor: Floor) -> None:
    typed = {"by": "ann", "audience": "internal", "text": "cause found", "seen": "1"}
    with ThreadPoolExecutor(10) as hands:
        answers = list(hands.map(lambda _: floor.post("update", **typed), range(10)))
    assert {answer.status_code for answer in answers} == {303}
    assert len(floor.events(Updated)) == 1
    done = [answer.headers["location"].rpartition("=")[2] for answer in answers]
    assert sorted(done) == ["repeated"] * 9 + ["updated"]
    floor.clock.pass_(2 * MINUTE)
    assert floor.post("update", **typed | {"seen": "2"}).status_code == 303
    assert len(floor.events(Updated)) == 2


def test_of_many_who_acknowledge_at_once_one_has_it_and_the_others_hear_who(floor: Floor) -> None:
    people = [f"person {number}" for number in range(8)]
    with ThreadPoolExecutor(8) as hands:
        answers = list(hands.map(lambda by: floor.post("acknowledge", by=by, seen="1"), people))
    assert sorted(answer.status_code for answer in answers) == [303] + [409] * 7
    (taken,) = floor.events(Acknowledged)
    for answer in answers:
        if answer.status_code == 409:
            assert f"{taken.by} has acknowledged it already" in unescape(answer.text)
            assert 'role="alert"' in answer.text
    assert floor.post("acknowledge", by=taken.by, seen="1").status_code == 303
    assert len(floor.events(Acknowledged)) == 1


def test_two_resolve_at_once(floor: Floor) -> None:
    with ThreadPoolExecutor(2) as hands:
        answers = list(
            hands.map(lambda by: floor.post("resolve", by=by, verdict="real", seen="1"), ["a", "b"])
        )
    assert sorted(answer.status_code for answer in answers) == [303, 409]
    assert len(floor.events(Resolved)) == 1
    late = floor.post("update", by="a", audience="internal", text="x", next="15", seen="2")
    assert late.status_code == 409
    assert "has resolved it already" in unescape(late.text)
    assert floor.post("note", by="a", text="afterwards", seen="2").status_code == 303
    assert len(floor.events(Noted)) == 1


def test_an_incident_opened_by_hand(floor: Floor) -> None:
    typed = {"by": "ann", "brand": "Acme", "text": "recall on TV", "severity": "critical"}
    answer = floor.browser.post("/incidents/new", data=typed)
    assert answer.status_code == 303
    page = floor.get(answer.headers["location"])
    assert "ann opened it by hand: recall on TV" in unescape(page.text)
    again = floor.browser.post("/incidents/new", data=typed)
    assert again.headers["location"].endswith("done=repeated")
    other = floor.browser.post("/incidents/new", data=typed | {"text": "something else"})
    assert other.status_code == 409
    assert "is open already" in other.text
    assert "something else" in other.text


def test_a_brand_nobody_knows_must_be_meant(floor: Floor) -> None:
    typed = {"by": "ann", "brand": "Acmee", "text": "recall"}
    answer = floor.browser.post("/incidents/new", data=typed)
    assert answer.status_code == 422
    assert "Nobody has configured this brand" in complaints(answer)["sure"]
    assert 'name="sure"' in answer.text
    assert "recall" in answer.text
    answer = floor.browser.post("/incidents/new", data=typed | {"sure": "yes"})
    assert answer.status_code == 303


NAMES = (
    "a/b",
    "a//b/",
    "/",
    "50% off",
    "%2F",
    "Q&A?",
    "#one",
    "..",
    'Ben\'s "best"',
    "\u4e2d\u6587 \u0645",
    "a+b;c=d",
    "x/acknowledge",
)


def test_every_name_has_an_address(floor: Floor) -> None:
    for brand in NAMES:
        check_name(floor, brand)


def check_name(floor: Floor, brand: str) -> None:
    typed = {"by": "ann", "brand": brand, "text": "x", "sure": "yes"}
    answer = floor.browser.post("/incidents/new", data=typed)
    assert answer.status_code == 303
    place = answer.headers["location"]
    incident_id = f"{brand}:manual:2026-09-21T14:17:00Z"
    assert floor.get(place).status_code == 200
    assert floor.events(Opened, incident_id)
    assert floor.post("acknowledge", incident_id, by="bob").status_code == 303
    assert floor.incident(incident_id).owner == "bob"
    shown = floor.get("/incidents", Accept="text/html").text
    assert place.partition("?")[0] in unescape(shown)
    assert brand in unescape(floor.get(f"/incidents?brand={path_segment(brand)}").text)


def test_hostile_texts_stay_texts(floor: Floor) -> None:
    said = [text for text in [*TEXTS, *texts(5)[:50]] if text.strip()]
    for text in said:
        typed = text.encode("utf-8", "replace").decode()[:1_500]
        floor.post("note", by="ann", text=typed)
        floor.post("assign", by="ann", to=typed)
        floor.post("update", by="ann", audience="internal", text=typed, link=typed, language=typed)
        answer = floor.browser.post("/incidents/new", data={"by": typed, "brand": typed})
        assert answer.status_code == 422
        harmless(answer.text)
    assert len(floor.events(Noted)) > 50
    page = floor.get(f"/incidents/{path_segment(ID)}").text
    harmless(page)
    assert not set(page) & {"\x00", "\x1b", "\u202e"}


class _Looks(HTMLParser):
    """Reads a page as a browser would, and notes what no view of ours writes."""

    TAGS = frozenset({"iframe", "img", "object", "embed", "style", "base", "video", "audio"})

    def __init__(self) -> None:
        super().__init__()
        self.strange: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = dict(attrs)
        if tag in self.TAGS or (tag == "script" and not said.get("src")):
            self.strange.append(tag)
        for name, value in attrs:
            to = (value or "").strip().lower()
            leads = name in {"href", "src", "action", "formaction"}
            if name.startswith("on") or name in {"style", "srcdoc"}:
                self.strange.append(f"{tag} {name}")
            elif leads and not to.startswith(("/", "#", "https://", "http://")):
                self.strange.append(f"{tag} {name}={to}")


def harmless(page: str) -> None:
    looks = _Looks()
    looks.feed(page)
    assert looks.strange == []


def test_htmx_is_given_the_view_without_its_frame(floor: Floor) -> None:
    answer = floor.browser.post(
        f"/incidents/{path_segment(ID)}/acknowledge",
        data={"by": "ann", "seen": "1"},
        headers={"HX-Request": "true"},
        follow_redirects=True,
    )
    assert "paging has stopped" in answer.text
    assert "<html" not in answer.text
    live = floor.get(f"/incidents/{path_segment(ID)}?part=live", **{"HX-Request": "true"}).text
    assert live.strip().startswith('<div class="incident" id="incident"')
    assert "Give an update" in live


@pytest.mark.parametrize(
    ("charset", "status"), [("utf-8", 303), ("unicode_escape", 303), ("undefined", 400)]
)
def test_a_form_in_an_odd_encoding_is_read_or_refused(
    floor: Floor, charset: str, status: int
) -> None:
    parts = {"by": "Ann", "text": r"half a character \ud800"}
    body = "".join(
        f'--q\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{text}\r\n'
        for name, text in parts.items()
    )
    answer = floor.browser.post(
        f"/incidents/{path_segment(ID)}/note",
        content=f"{body}--q--\r\n",
        headers={"content-type": f"multipart/form-data; boundary=q; charset={charset}"},
    )
    assert answer.status_code == status
    assert len(floor.events(Noted)) == (status == 303)


def test_no_such_incident(floor: Floor) -> None:
    answer = floor.get("/incidents/<script>alert(1)")
    assert answer.status_code == 404
    harmless(answer.text)
    assert floor.post("acknowledge", "nobody:x:y", by="ann").status_code == 404
    assert floor.post("explode", by="ann").status_code == 404
    assert floor.incident().events == 1


def test_a_list_of_many_pages_without_a_gap_or_a_repeat(floor: Floor) -> None:
    with floor.store.write() as work:
        for number in range(130):
            events = decide(
                None, Open(by="ann", brand=f"brand {number}", reason="x"), START + number // 3
            )
            assert isinstance(events, tuple)
            work.record(None, events)
    seen: list[str] = []
    address = "/incidents?severity=warning"
    while address:
        page = floor.get(address).text
        seen += re.findall(r'<a href="(/incidents/brand%20[^"]+)"', page)
        found = re.search(r'<a rel="next" href="([^"]+)"', page)
        address = unescape(found[1]) if found else ""
    assert len(seen) == len(set(seen)) == 130


def test_in_an_event_log_people_act_at_the_logs_time(tmp_path: Path) -> None:
    for floor in a_floor(tmp_path, LogKind.EVENT):
        with floor.store.write() as work:
            work.advance_feed(0, FeedPosition(1, START + 5 * MINUTE))
        floor.post("acknowledge", by="ann", seen="1")
        assert floor.incident().acknowledged_at == START + 5 * MINUTE
        assert floor.events(Assigned) == []


def test_a_store_that_cannot_be_written_is_said_and_the_text_given_back(
    floor: Floor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("alerts.store.database.BUSY_TIMEOUT", 50)
    with floor.store.write() as work:
        work.incidents(limit=1)
        answer = floor.post("note", by="ann", text="an hour of thought", seen="1")
    assert answer.status_code == 503
    assert "could not be recorded now" in answer.text
    assert "an hour of thought" in answer.text
    assert floor.post("note", by="ann", text="an hour of thought", seen="1").status_code == 303
