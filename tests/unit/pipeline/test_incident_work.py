"""What a person does with an incident is recorded once, however often it is sent."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from alerts.command import Command, Note, Open, Refusal, Resolve, Update
from alerts.incident import Audience, Incident, Updated, Verdict
from alerts.lifecycle import decide
from alerts.store import IncidentStore, open_store
from detectors.reading import Rule
from detectors.signal import SignalKind
from pipeline.incident_work import Done, carry_out, carry_out_once, people_time, wrong_brand
from tests.unit.alerts.story import HOUR, MINUTE, T0, signal

UPDATE = Update(by="ann", audience=Audience.INTERNAL, text="cause found")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[IncidentStore]:
    with open_store(f"sqlite:///{tmp_path / 'incidents.db'}", durable=False) as opened:
        with opened.write() as work:
            events = decide(None, signal(), T0)
            assert isinstance(events, tuple)
            work.record(None, events)
        yield opened


def newest(store: IncidentStore) -> Incident:
    with store.read() as view:
        return view.incidents(limit=1)[0]


def send(store: IncidentStore, command: Command, now: int, seen: int) -> Done | Refusal:
    with store.write() as work:
        return carry_out_once(work, work.incidents(limit=1)[0], command, now, seen)


def count(store: IncidentStore, kind: type) -> int:
    with store.read() as view:
        return sum(isinstance(event, kind) for event in view.events(newest(store).id))


def test_a_form_sent_twice_is_recorded_once_however_late(store: IncidentStore) -> None:
    first = send(store, UPDATE, T0 + MINUTE, 1)
    assert isinstance(first, Done)
    assert first.repeated is None
    for later in (T0 + MINUTE, T0 + 3 * HOUR):
        again = send(store, UPDATE, later, 1)
        assert isinstance(again, Done)
        assert isinstance(again.repeated, Updated)
        assert again.events == ()
    assert count(store, Updated) == 1


def test_the_same_words_within_a_minute_are_sent_twice_later_they_are_meant(
    store: IncidentStore,
) -> None:
    send(store, UPDATE, T0, 1)
    assert isinstance(send(store, UPDATE, T0 + MINUTE - 1, 2), Done)
    assert count(store, Updated) == 1
    send(store, UPDATE, T0 + MINUTE, 2)
    assert count(store, Updated) == 2


@pytest.mark.parametrize(
    "other",
    [
        Update(by="bob", audience=Audience.INTERNAL, text="cause found"),
        Update(by="ann", audience=Audience.INTERNAL, text="cause found!"),
        Update(by="ann", audience=Audience.PUBLIC, text="cause found", link="https://a.example"),
        Note(by="ann", text="cause found"),
    ],
)
def test_what_differs_is_no_repeat(store: IncidentStore, other: Command) -> None:
    send(store, UPDATE, T0, 1)
    done = send(store, other, T0, 1)
    assert isinstance(done, Done)
    assert done.repeated is None


def test_resolving_twice_is_once_and_after_a_reopening_it_is_meant(store: IncidentStore) -> None:
    resolve = Resolve(by="ann", verdict=Verdict.REAL)
    assert isinstance(send(store, resolve, T0 + 1, 1), Done)
    again = send(store, resolve, T0 + 2, 1)
    assert isinstance(again, Done)
    assert again.repeated is not None
    other = send(store, Resolve(by="bob", verdict=Verdict.REAL), T0 + 3, 1)
    assert isinstance(other, Refusal)
    with store.write() as work:
        back = signal(SignalKind.OPENED, 1, at=T0 + MINUTE, surge=2, opened_at=T0 + MINUTE)
        events = decide(work.incidents(limit=1)[0], back, T0 + MINUTE)
        assert isinstance(events, tuple)
        work.record(work.incidents(limit=1)[0], events)
    assert newest(store).is_open
    done = send(store, resolve, T0 + 30_000, 1)
    assert isinstance(done, Done)
    assert done.repeated is None
    assert not newest(store).is_open


def test_opening_by_hand_twice_opens_one(store: IncidentStore) -> None:
    asked = Open(by="ann", brand="Acme", reason="recall")
    ids = set()
    for now in (T0, T0 + 1_000):
        with store.write() as work:
            done = carry_out_once(work, work.latest("Acme", Rule.MANUAL), asked, now, 0)
            assert isinstance(done, Done)
            ids.add(done.incident.id)
    assert len(ids) == 1
    with store.write() as work:
        other = Open(by="ann", brand="Acme", reason="another matter")
        found = carry_out_once(work, work.latest("Acme", Rule.MANUAL), other, T0 + 2_000, 0)
    assert isinstance(found, Refusal)


def test_a_refusal_records_nothing(store: IncidentStore) -> None:
    before = newest(store)
    with store.write() as work:
        refused = carry_out(work, work.incidents(limit=1)[0], Note(by="", text="x"), T0)
    assert isinstance(refused, Refusal)
    assert newest(store) == before


def test_peoples_time_is_the_clocks_unless_the_log_has_its_own(store: IncidentStore) -> None:
    with store.read() as view:
        assert people_time(view, 7, event_log=False) == 7
        assert people_time(view, 7, event_log=True) == 7


@pytest.mark.parametrize("name", ["Acme", "Ben & Jerry's", "50% / off", "\u4e2d\u6587", "a" * 100])
def test_a_usual_name_is_right(name: str) -> None:
    assert wrong_brand(name) == ""
