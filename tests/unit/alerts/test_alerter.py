"""The log's time: the same log always leads to the same incidents, notifications and keys."""

import random
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.command import Acknowledge, Open, Refusal, Update
from alerts.feed import FeedRecord, TimePassed
from alerts.incident import Audience, State
from alerts.lifecycle import decide
from alerts.notification import Outcome
from alerts.notifiers.answer import Answer, Result
from alerts.notifiers.protocol import Message
from alerts.store import IncidentStore, open_store
from detectors.severity import Severity
from detectors.signal import Signal, SignalKind
from tests.killing import KilledError, Killing
from tests.scene import (
    HOUR,
    MINUTE,
    POLICY,
    SECOND,
    START,
    Feed,
    Recorder,
    event_alerter,
    signal,
    ticks,
)

FAILED = Answer(Result.UNCONFIRMED, "answered 500")


def rows_of(store: IncidentStore) -> list[tuple[str, str, int | None, str]]:
    with store.read() as view:
        return [
            (row.notification.key, str(row.outcome), row.closed_at, row.detail)
            for row in view.notifications(limit=10_000)[::-1]
        ]


def run_whole(records: list[FeedRecord]) -> tuple[list[tuple[int, str]], IncidentStore]:
    store = open_store("sqlite://")
    recorder = Recorder()
    event_alerter(store, recorder).catch_up(Feed(records), 0)
    return recorder.told(), store


def a_story() -> list[FeedRecord]:
    """Two surges of different brands, one calms and ends, one worsens; ticks each 10 s."""
    said: list[Signal] = [
        signal(START),
        signal(START + 60 * SECOND, 2, SignalKind.LEVEL, opened_at=START),
        signal(START + 70 * SECOND, brand="Other", severity=Severity.WARNING),
        signal(START + 130 * SECOND, 3, SignalKind.CALM, opened_at=START),
        signal(
            START + 140 * SECOND,
            2,
            SignalKind.LEVEL,
            brand="Other",
            opened_at=START + 70 * SECOND,
        ),
        signal(START + 200 * SECOND, 4, SignalKind.ENDED, opened_at=START),
    ]
    records: list[FeedRecord] = []
    for tick in ticks(START, START + 300 * SECOND, 10 * SECOND):
        records += [each for each in said if each.bucket_end == tick.time]
        records.append(tick)
    return records


def test_page_escalation_reminders_at_their_own_instants() -> None:
    told, store = run_whole([signal(START), *ticks(START, START + 200 * SECOND, 20 * SECOND)])
    assert told == [
        (0, "page"),
        (5, "escalation"),
        (10, "nobody_answered"),
        (45, "public_update_due"),
        (75, "public_update_overdue"),
        (165, "public_update_overdue"),
    ]
    store.close()


def test_signals_wait_for_the_time_that_follows_them() -> None:
    store = open_store("sqlite://")
    recorder = Recorder()
    alerter = event_alerter(store, recorder)
    alerter.apply([(0, signal(START))], START + HOUR)
    assert recorder.said == []
    assert alerter.position == 0
    with store.read() as view:
        assert view.position(0).offset == -1
    alerter.apply([(1, TimePassed(START))], START + HOUR)
    assert recorder.told() == [(0, "page")]
    with store.read() as view:
        assert view.position(0).offset == 1
    store.close()


def test_repeated_records_change_nothing() -> None:
    records = a_story()
    store = open_store("sqlite://")
    recorder = Recorder()
    alerter = event_alerter(store, recorder)
    numbered = list(enumerate(records))
    alerter.apply(numbered, 0)
    before = recorder.told(), rows_of(store)
    alerter.apply(numbered, 0)
    event_alerter(store, recorder).apply(numbered, 0)
    assert (recorder.told(), rows_of(store)) == before
    store.close()


def test_signals_told_again_under_new_offsets_change_nothing() -> None:
    """The fold repeats outputs after a crash; what was applied is known by surge and seq."""
    first = signal(START)
    again = [first, TimePassed(START), first, TimePassed(START), first, *ticks(START, START + 4000)]
    told, store = run_whole(again)
    assert told == [(0, "page")]
    with store.read() as view:
        assert len(view.incidents()) == 1
    store.close()


@settings(deadline=None, max_examples=12)
@given(st.lists(st.integers(1, 9), min_size=1, max_size=80))
def test_the_batches_do_not_matter(sizes: list[int]) -> None:
    records = a_story()
    told, store = run_whole(records)
    expected = rows_of(store)
    store.close()
    with open_store("sqlite://") as other:
        recorder = Recorder()
        alerter = event_alerter(other, recorder)
        feed = Feed(records)
        for size in sizes:
            alerter.apply(feed.read(alerter.position, size), 0)
        while batch := feed.read(alerter.position, 7):
            alerter.apply(batch, 0)
        assert recorder.told() == told
        assert rows_of(other) == expected


@pytest.mark.parametrize("seed", range(10))
def test_killed_anywhere_it_goes_on_the_same(tmp_path: Path, seed: int) -> None:
    records = a_story()
    told, whole = run_whole(records)
    expected = rows_of(whole)
    whole.close()
    chance = random.Random(seed)
    recorder = Recorder()
    with open_store(f"sqlite:///{tmp_path / 'incidents.db'}", durable=False) as store:
        for _ in range(20):
            killing = Killing(store, chance.randrange(1, 15), kept=chance.random() < 0.5)
            try:
                alerter = event_alerter(killing, recorder)  # type: ignore[arg-type]  # a stand-in
                feed = Feed(records)
                while batch := feed.read(alerter.position, chance.randrange(1, 12)):
                    alerter.apply(batch, 0)
            except KilledError:
                continue
        event_alerter(store, recorder).catch_up(Feed(records), 0)
        assert rows_of(store) == expected
    assert set(recorder.told()) == set(told)
    assert len({said.key for said in recorder.said}) == len(told)
    by_key = {said.key: (said.at, said.reason, said.headline) for said in recorder.said}
    for said in recorder.said:
        assert by_key[said.key] == (said.at, said.reason, said.headline)


def test_trouble_of_the_store_is_outlived_by_the_same_alerter(tmp_path: Path) -> None:
    records = a_story()
    told, whole = run_whole(records)
    expected = rows_of(whole)
    whole.close()
    with open_store(f"sqlite:///{tmp_path / 'incidents.db'}", durable=False) as store:
        killing = Killing(store, 0, kept=False)
        recorder = Recorder()
        alerter = event_alerter(killing, recorder)  # type: ignore[arg-type]  # a stand-in
        feed = Feed(records)
        troubles = 0
        chance = random.Random(7)
        while batch := feed.read(alerter.position, 5):
            killing.end_at(chance.randrange(1, 12))
            try:
                alerter.apply(batch, 0)
            except KilledError:
                troubles += 1
        killing.end_at(1_000_000)
        alerter.advance(0)
        assert troubles > 3
        assert rows_of(store) == expected
        assert {said.key for said in recorder.said} == {row[0] for row in expected}
        assert set(recorder.told()) == set(told)


def test_what_fails_is_tried_again_in_the_logs_time() -> None:
    store = open_store("sqlite://")
    recorder = Recorder([FAILED, FAILED, Answer(Result.DEFERRED, "answered 429", 3 * SECOND)])
    policy = POLICY
    alerter = event_alerter(store, recorder, policy)
    alerter.catch_up(Feed([signal(START), *ticks(START, START + 4 * SECOND)]), 0)
    alerter.catch_up(
        Feed([signal(START), *ticks(START, START + 4 * SECOND), TimePassed(START + 30 * SECOND)]),
        0,
    )
    assert recorder.told()[:5] == [
        (0, "page"),
        (2, "page"),
        (5, "escalation"),
        (6, "page"),
        (8, "escalation"),
    ]
    with store.read() as view:
        page = view.notifications()[-1]
        ledger = view.attempts(page.id)
    assert page.outcome is Outcome.DELIVERED
    assert [(each.started_at - START, str(each.result)) for each in ledger] == [
        (0, "unconfirmed"),
        (2 * SECOND, "unconfirmed"),
        (6 * SECOND, "delivered"),
    ]
    store.close()


def with_incident(store: IncidentStore, change: Callable[[], object], now: int) -> None:
    with store.write() as work:
        incident = work.incidents()[0]
        decided = decide(incident, change(), now)  # type: ignore[arg-type]  # a command
        assert not isinstance(decided, Refusal)
        work.record(incident, decided)


def test_what_people_do_meanwhile_is_answered() -> None:
    store = open_store("sqlite://")
    recorder = Recorder()
    alerter = event_alerter(store, recorder)
    feed = Feed([signal(START), *ticks(START, START + 3 * SECOND)])
    alerter.catch_up(feed, 0)
    with_incident(store, lambda: Acknowledge(by="ann"), START + 3 * SECOND)
    feed.add(*ticks(START + 4 * SECOND, START + 19 * SECOND))
    alerter.catch_up(feed, 0)
    assert recorder.told() == [(0, "page"), (18, "internal_update_due")]
    with_incident(
        store,
        lambda: Update(by="ann", audience=Audience.INTERNAL, text="cause known"),
        START + 19 * SECOND,
    )
    feed.add(*ticks(START + 20 * SECOND, START + 40 * SECOND))
    alerter.catch_up(feed, 0)
    assert recorder.told()[2:] == [(39, "internal_update_due")]
    store.close()


def test_one_opened_by_hand_pages_without_waiting_for_the_next_tick() -> None:
    store = open_store("sqlite://")
    recorder = Recorder()
    alerter = event_alerter(store, recorder)
    alerter.catch_up(Feed([TimePassed(START)]), 0)
    with store.write() as work:
        decided = decide(None, Open(by="ann", brand="Acme", reason="on TV"), START)
        assert not isinstance(decided, Refusal)
        work.record(None, decided)
    alerter.advance(START)
    assert recorder.told() == [(0, "page")]
    store.close()


def test_a_gap_is_taken_in_turn() -> None:
    """Signals up to the tick first, then what falls due in between, each at its instant."""
    told, store = run_whole(
        [
            signal(START),
            TimePassed(START),
            signal(START + 30 * SECOND, 2, SignalKind.CALM, opened_at=START),
            TimePassed(START + 60 * SECOND),
        ]
    )
    assert told[0] == (0, "page")
    assert all(reason not in {"escalation", "nobody_answered"} or at <= 60 for at, reason in told)
    assert [at for at, _ in told] == sorted(at for at, _ in told)
    store.close()


def test_nothing_is_said_before_it_is_known() -> None:
    """Calm is known at the tick; a reminder due before it is said alone, at its instant."""
    told, store = run_whole(
        [
            signal(START),
            *ticks(START, START + 70 * SECOND, 10 * SECOND),
            signal(START + 80 * SECOND, 2, SignalKind.CALM, opened_at=START),
            TimePassed(START + 80 * SECOND),
        ]
    )
    assert told[-2:] == [(75, "public_update_overdue"), (80, "calm")]
    store.close()


def test_noticed_six_hours_late_nothing_opens_a_little_earlier_it_does() -> None:
    for age, count in ((6 * HOUR, 0), (6 * HOUR - 1, 1)):
        told, store = run_whole([signal(START), TimePassed(START + age)])
        assert len(told) == count
        store.close()


def test_ended_before_we_looked_is_missed() -> None:
    told, store = run_whole(
        [
            signal(START),
            signal(START + 90 * MINUTE, 2, SignalKind.CALM, opened_at=START),
            signal(START + 150 * MINUTE, 3, SignalKind.ENDED, opened_at=START),
            TimePassed(START + 5 * HOUR),
        ]
    )
    assert told == []
    with store.read() as view:
        (incident,) = view.incidents()
    assert incident.missed
    assert incident.state is State.RESOLVED
    store.close()


def test_next_due_tells_when_to_look_again() -> None:
    store = open_store("sqlite://")
    recorder = Recorder([FAILED])
    alerter = event_alerter(store, recorder)
    alerter.catch_up(Feed([signal(START), TimePassed(START)]), 0)
    assert alerter.next_due(START) == START + 2 * SECOND
    with store.write() as work:
        work.close(work.waiting()[0].id, Outcome.DELIVERED, START, "by hand")
    assert alerter.next_due(START) == START + 5 * SECOND
    store.close()


def test_a_notifier_is_told_what_the_incident_is_now() -> None:
    seen: list[Message] = []

    class Keeping(Recorder):
        def deliver(self, message: Message, *, key: str) -> Answer:
            seen.append(message)
            return super().deliver(message, key=key)

    store = open_store("sqlite://")
    alerter = event_alerter(store, Keeping())
    alerter.catch_up(Feed([signal(START), TimePassed(START)]), 0)
    (message,) = seen
    assert message.at == START
    assert message.headline in message.text
    assert b'"receiver":"oncall"' in bytes(message.data)
    store.close()
