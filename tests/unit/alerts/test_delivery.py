"""One attempt, and the threads that make them."""

import threading
import time
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

import alerts.message
from alerts.backoff import DeliverySettings, pause
from alerts.command import Acknowledge, Refusal
from alerts.couriers import Couriers
from alerts.errors import StoreUnavailable
from alerts.lifecycle import decide
from alerts.notification import Outcome
from alerts.notifiers.answer import Answer, Result
from alerts.notifiers.protocol import Message
from alerts.samples import Sample, Samples
from alerts.store import IncidentStore, Planned, open_store
from detectors.reading import Rule
from pipeline.stores.place import Place
from tests.scene import (
    HOUR,
    MINUTE,
    POLICY,
    QUICK,
    SECOND,
    START,
    DrivenClock,
    Feed,
    Recorder,
    clock_alerter,
    deliveries,
    signal,
    with_receivers,
)

UNCONFIRMED = Answer(Result.UNCONFIRMED, "answered 500")


@pytest.fixture
def store(place: Place) -> Iterator[IncidentStore]:
    with open_store(place.incidents_url, durable=False) as store:
        yield store


def intended(store: IncidentStore, brands: int = 1) -> list[Planned]:
    """Pages for some brands, written by an alerter nobody delivers for."""
    alerter, _ = clock_alerter(store, {"oncall": Recorder()}, DrivenClock())
    alerter.catch_up(Feed([signal(START, brand=f"B{n}") for n in range(brands)]), START)
    return rows(store)


def rows(store: IncidentStore) -> list[Planned]:
    with store.read() as view:
        return view.notifications()[::-1]


def wait_until(what: Callable[[], bool], seconds: float = 10.0) -> None:
    for _ in range(int(seconds / 0.002)):
        if what():
            return
        time.sleep(0.002)
    pytest.fail("it never came")


class Asked:
    """Samples that come when the test says so."""

    def __init__(self, found: Samples | None = None) -> None:
        self.found = found
        self.asked: list[tuple[str, Rule, int, int]] = []

    def samples(self, brand: str, rule: Rule, around: int, limit: int) -> Samples | None:
        self.asked.append((brand, rule, around, limit))
        return self.found


class Keeping(Recorder):
    def __init__(self) -> None:
        super().__init__()
        self.messages: list[Message] = []

    def deliver(self, message: Message, *, key: str) -> Answer:
        self.messages.append(message)
        return super().deliver(message, key=key)


def test_an_attempt_is_on_disk_before_the_call(store: IncidentStore) -> None:
    (row,) = intended(store)
    seen = []

    class Looking(Recorder):
        def deliver(self, message: Message, *, key: str) -> Answer:
            with store.read() as view:
                seen.extend(view.attempts(row.id))
            return super().deliver(message, key=key)

    deliveries(store, {"oncall": Looking()}).attempt(row.id, lambda: START + 5)
    (attempt,) = seen
    assert (attempt.number, attempt.started_at, attempt.finished_at, attempt.result) == (
        1,
        START + 5,
        None,
        None,
    )


def test_a_closed_row_is_never_sent(store: IncidentStore) -> None:
    (row,) = intended(store)
    recorder = Recorder()
    delivery = deliveries(store, {"oncall": recorder})
    assert delivery.attempt(row.id, lambda: START) is not None
    assert delivery.attempt(row.id, lambda: START) is None
    assert delivery.attempt(999, lambda: START) is None
    assert len(recorder.said) == 1


def test_what_is_not_true_any_more_is_closed_with_the_cause(store: IncidentStore) -> None:
    (row,) = intended(store)
    with store.write() as work:
        incident = work.incidents()[0]
        decided = decide(incident, Acknowledge(by="ann"), START + 1)
        assert not isinstance(decided, Refusal)
        work.record(incident, decided)
    recorder = Recorder()
    assert deliveries(store, {"oncall": recorder}).attempt(row.id, lambda: START + 2) is None
    (row,) = rows(store)
    assert (row.outcome, row.detail, row.closed_at, row.attempts) == (
        Outcome.SUPERSEDED,
        "acknowledged",
        START + 2,
        0,
    )
    assert recorder.said == []


def test_a_receiver_that_is_gone_from_the_settings(store: IncidentStore) -> None:
    (row,) = intended(store)
    assert deliveries(store, {}).attempt(row.id, lambda: START) is None
    (row,) = rows(store)
    assert (row.outcome, row.detail) == (
        Outcome.REFUSED,
        "no such receiver is configured any more",
    )


def test_given_up_in_the_end_and_said_why(store: IncidentStore) -> None:
    (row,) = intended(store)
    recorder = Recorder([UNCONFIRMED] * 3)
    delivery = deliveries(store, {"oncall": recorder})
    for at in (START, START + HOUR):
        delivery.attempt(row.id, lambda at=at: at)  # type: ignore[misc]  # bound now
    assert delivery.attempt(row.id, lambda: START + 24 * HOUR) is None
    (row,) = rows(store)
    assert (row.outcome, row.detail) == (
        Outcome.REFUSED,
        "given up after 2 attempts: answered 500",
    )


@pytest.mark.parametrize(
    ("answer", "wait"),
    [
        (UNCONFIRMED, 2 * SECOND),
        (Answer(Result.DEFERRED, "answered 429", 7 * SECOND), 7 * SECOND),
        (Answer(Result.DEFERRED, "answered 429"), 2 * SECOND),
        (Answer(Result.DEFERRED, "answered 429", 0), 1),
    ],
)
def test_the_next_attempt_is_on_disk(store: IncidentStore, answer: Answer, wait: int) -> None:
    (row,) = intended(store)
    deliveries(store, {"oncall": Recorder([answer])}).attempt(row.id, lambda: START)
    (row,) = rows(store)
    assert (row.outcome, row.next_attempt_at, row.detail) == (
        Outcome.WAITING,
        START + wait,
        answer.detail,
    )


@given(st.integers(1, 10_000), st.floats(0, 1, exclude_max=True))
def test_pauses_grow_and_stay_bounded(attempts: int, chance: float) -> None:
    settings = DeliverySettings()
    wait = pause(settings, attempts, chance)
    assert settings.first_pause <= wait <= settings.longest_pause * (1 + settings.jitter)
    assert pause(settings, attempts + 1, 0.0) >= pause(settings, attempts, 0.0)


def test_samples_reach_the_message(store: IncidentStore) -> None:
    (row,) = intended(store)
    keeping = Keeping()
    asked = Asked(
        Samples(
            (Sample("m1", "never again @***", "https://x.example/1", "twitter", "en", START),),
            (("en", 40), ("de", 2)),
            (("twitter", 42),),
        )
    )
    deliveries(store, {"oncall": keeping}, samples=asked).attempt(row.id, lambda: START)
    assert asked.asked == [("B0", Rule.NEGATIVE_SURGE, START, 3)]
    assert "never again @***" in keeping.messages[0].text
    with store.read() as view:
        assert "never again" not in repr(view.notifications())


def test_samples_that_cannot_be_read_keep_nobody_waiting(
    store: IncidentStore, capsys: pytest.CaptureFixture[str]
) -> None:
    class Broken:
        def samples(self, *_: object) -> Samples | None:
            raise OSError("disk I/O error")

    (row,) = intended(store)
    keeping = Keeping()
    answer = deliveries(store, {"oncall": keeping}, samples=Broken()).attempt(row.id, lambda: START)
    assert answer == Answer(Result.DELIVERED, "noted")
    assert "the first mentions were not yet there" in keeping.messages[0].text
    assert "no samples could be read" in capsys.readouterr().out


def test_a_fault_in_the_wording_does_not_keep_a_page(
    store: IncidentStore, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def faulty(*_: object) -> object:
        raise ZeroDivisionError

    monkeypatch.setattr(alerts.message, "render", faulty)
    (row,) = intended(store)
    keeping = Keeping()
    deliveries(store, {"oncall": keeping}).attempt(row.id, lambda: START)
    assert keeping.messages[0].headline == "critical B0: page"
    assert row.notification.incident in keeping.messages[0].text
    assert "could not be worded" in capsys.readouterr().out


def test_a_page_waits_for_the_mentions_and_then_goes_without(store: IncidentStore) -> None:
    settings = replace(QUICK, sample_wait=5 * SECOND)
    (row,) = intended(store)
    asked = Asked(None)
    delivery = deliveries(
        store, {"oncall": Recorder()}, settings=settings, samples=asked, waits=True
    )
    assert delivery.waits_for(row, START)
    assert delivery.waits_for(row, START + 5 * SECOND - 1)
    assert not delivery.waits_for(row, START + 5 * SECOND)
    asked.found = Samples()
    assert not delivery.waits_for(row, START)
    asked.found = None
    assert not deliveries(store, {}, settings=settings, samples=asked).waits_for(row, START)


def test_couriers_wait_for_samples_without_a_call(store: IncidentStore) -> None:
    settings = replace(QUICK, sample_wait=5 * SECOND)
    intended(store)
    asked = Asked(None)
    recorder = Recorder()
    clock = DrivenClock()
    delivery = deliveries(store, {"oncall": recorder}, settings=settings, samples=asked, waits=True)
    with Couriers(store, delivery, ["oncall"], clock.now) as couriers:
        wait_until(lambda: rows(store)[0].next_attempt_at == START + 250)
        assert rows(store)[0].attempts == 0
        clock.pass_(SECOND)
        asked.found = Samples()
        couriers.wake()
        wait_until(lambda: rows(store)[0].outcome is Outcome.DELIVERED)
    assert recorder.told() == [(1, "page")]


def test_a_series_is_short_and_the_rest_is_on_disk(store: IncidentStore) -> None:
    intended(store)
    recorder = Recorder([UNCONFIRMED] * 4)
    clock = DrivenClock()
    delivery = deliveries(store, {"oncall": recorder})
    with Couriers(store, delivery, ["oncall"], clock.now) as couriers:
        wait_until(lambda: len(recorder.said) == 2 and couriers.are_idle)
        assert rows(store)[0].next_attempt_at == START + 4 * SECOND
        clock.pass_(4 * SECOND)
        couriers.wake()
        wait_until(lambda: len(recorder.said) == 4 and couriers.are_idle)
        clock.pass_(8 * SECOND)
        couriers.wake()
        wait_until(lambda: rows(store)[0].outcome is Outcome.DELIVERED)
    assert recorder.told() == [(0, "page")] * 2 + [(4, "page")] * 2 + [(12, "page")]
    assert len({said.key for said in recorder.said}) == 1


def test_asked_to_wait_longer_than_a_series_it_waits(store: IncidentStore) -> None:
    intended(store)
    recorder = Recorder([Answer(Result.DEFERRED, "answered 429", MINUTE)])
    delivery = deliveries(store, {"oncall": recorder})
    with Couriers(store, delivery, ["oncall"], DrivenClock().now) as couriers:
        wait_until(lambda: len(recorder.said) == 1 and couriers.are_idle)
    assert rows(store)[0].next_attempt_at == START + MINUTE


def test_a_notifier_with_a_fault_silences_neither_itself_nor_others(
    store: IncidentStore, capsys: pytest.CaptureFixture[str]
) -> None:
    class Faulty(Recorder):
        def deliver(self, message: Message, *, key: str) -> Answer:
            if key.startswith("B0:"):
                raise ZeroDivisionError
            return super().deliver(message, key=key)

    intended(store, 3)
    faulty = Faulty()
    with Couriers(store, deliveries(store, {"oncall": faulty}), ["oncall"], DrivenClock().now):
        wait_until(lambda: len(faulty.said) == 2)
    outcomes = {row.notification.incident[:2]: row.outcome for row in rows(store)}
    assert outcomes == {"B0": Outcome.WAITING, "B1": Outcome.DELIVERED, "B2": Outcome.DELIVERED}
    waiting = next(row for row in rows(store) if row.outcome is Outcome.WAITING)
    assert waiting.detail == "a fault of this program; see its log"
    with store.read() as view:
        assert {str(each.result) for each in view.attempts(waiting.id)} == {"unconfirmed"}
    assert "delivery failed" in capsys.readouterr().out


def test_a_store_in_trouble_is_waited_for(
    store: IncidentStore, capsys: pytest.CaptureFixture[str]
) -> None:
    intended(store)
    recorder = Recorder()
    troubles = iter([True, False])

    class Troubled:
        def __getattr__(self, name: str) -> object:
            return getattr(store, name)

        def read(self) -> object:
            if next(troubles, False):
                raise StoreUnavailable("disk full")
            return store.read()

    delivery = deliveries(store, {"oncall": recorder})
    with Couriers(Troubled(), delivery, ["oncall"], DrivenClock().now):  # type: ignore[arg-type]  # a stand-in
        wait_until(lambda: len(recorder.said) == 1)
    assert "delivery waits for the incident store" in capsys.readouterr().out


def test_stopping_lets_the_call_under_way_end(store: IncidentStore) -> None:
    begun, go_on = threading.Event(), threading.Event()

    class Slow(Recorder):
        def deliver(self, message: Message, *, key: str) -> Answer:
            begun.set()
            assert go_on.wait(10)
            return super().deliver(message, key=key)

    intended(store, 2)
    slow = Slow()
    couriers = Couriers(store, deliveries(store, {"oncall": slow}), ["oncall"], DrivenClock().now)
    couriers.start()
    assert begun.wait(10)
    assert not couriers.stop(0.01)
    go_on.set()
    assert couriers.stop()
    assert [row.outcome for row in rows(store)] == [Outcome.DELIVERED, Outcome.WAITING]


def test_one_that_hangs_delays_only_itself(store: IncidentStore) -> None:
    go_on = threading.Event()

    class Hanging(Recorder):
        def deliver(self, message: Message, *, key: str) -> Answer:
            assert go_on.wait(10)
            return super().deliver(message, key=key)

    policy = with_receivers(POLICY, "slow", "oncall")
    policy = replace(policy, steps=(("slow", "oncall"),))
    hanging, quick = Hanging(), Recorder()
    notifiers = {"slow": hanging, "oncall": quick}
    clock = DrivenClock()
    alerter, couriers = clock_alerter(store, notifiers, clock, policy)
    with couriers:
        alerter.catch_up(Feed([signal(START, brand=f"B{n}") for n in range(5)]), START)
        wait_until(lambda: len(quick.said) == 5)
        assert hanging.said == []
        go_on.set()
        wait_until(lambda: len(hanging.said) == 5)
