"""The people's side against real webhook receivers on this machine, time driven by the test."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from standardwebhooks import Webhook

from alerts.command import Acknowledge, Command, Refusal, Resolve, Update
from alerts.feed import TimePassed
from alerts.incident import Audience
from alerts.lifecycle import decide
from alerts.notification import Outcome
from alerts.notifiers.answer import Answer
from alerts.notifiers.post import TimeLimits
from alerts.notifiers.protocol import Message
from alerts.notifiers.secret import SigningSecret
from alerts.notifiers.webhook import WebhookNotifier
from alerts.policy import Policy
from alerts.store import IncidentStore, Planned, open_store
from detectors.severity import Severity
from detectors.signal import SignalKind
from pipeline.clock import SystemClock
from tests.peer import Peer, a_peer
from tests.scene import (
    HOUR,
    MINUTE,
    POLICY,
    SECOND,
    START,
    DrivenClock,
    Feed,
    clock_alerter,
    signal,
    with_receivers,
)

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
PATIENT = with_receivers(POLICY, "oncall")
SHORT = TimeLimits(connect=1_000, whole=1_000)
LONG = TimeLimits(connect=60_000, whole=60_000)
"""For what answers: a busy machine must not look like a receiver that hangs."""


class Suited:
    """Waits briefly where the peer is about to hang, and long enough everywhere else."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer
        self._short, self._long = (
            WebhookNotifier(
                peer.url, SystemClock().now, secret=SigningSecret(SECRET), limits=limits
            )
            for limits in (SHORT, LONG)
        )

    def deliver(self, message: Message, *, key: str) -> Answer:
        coming = self._peer.ways[0] if self._peer.ways else self._peer.way
        suited = self._short if coming in {"hang", "drip"} else self._long
        return suited.deliver(message, key=key)

    def close(self) -> None:
        self._short.close()
        self._long.close()


class Stage:
    """A store, a feed, a driven clock, and the alerter as one process would run it."""

    def __init__(self, folder: Path, peers: dict[str, Peer], policy: Policy = PATIENT) -> None:
        self.folder = folder
        self.peers = peers
        self.policy = policy
        self.feed = Feed()
        self.clock = DrivenClock()
        self.begin()

    def begin(self) -> None:
        self.store: IncidentStore = open_store(f"sqlite:///{self.folder / 'incidents.db'}")
        self.notifiers = {name: Suited(peer) for name, peer in self.peers.items()}
        self.alerter, self.couriers = clock_alerter(
            self.store, self.notifiers, self.clock, self.policy
        )
        self.couriers.start()

    def stop(self) -> None:
        assert self.couriers.stop()
        for notifier in self.notifiers.values():
            notifier.close()
        self.store.close()

    def seconds(self, count: int) -> None:
        """Let seconds pass, each as the program would live it."""
        for _ in range(count):
            self.clock.pass_(SECOND)
            self.look()

    def look(self) -> None:
        self.feed.add(TimePassed(self.clock.now()))
        self.alerter.catch_up(self.feed, self.clock.now())
        self.until_nothing_is_due()

    def until_nothing_is_due(self) -> None:
        """Wait until no attempt is due, and no series of attempts is under way."""

        def idle() -> bool:
            with self.store.read() as view:
                due = view.waiting(until=self.clock.now(), limit=1)
            return not due and self.couriers.are_idle

        wait_until(idle)

    def do(self, command: Command) -> None:
        with self.store.write() as work:
            incident = work.incidents()[0]
            decided = decide(incident, command, self.clock.now())
            assert not isinstance(decided, Refusal)
            work.record(incident, decided)

    def rows(self) -> list[Planned]:
        with self.store.read() as view:
            return view.notifications(limit=1_000)[::-1]

    def said(self, name: str = "oncall") -> list[tuple[int, str]]:
        """Second and reason of what one receiver accepted."""
        return [
            ((row.closed_at - START) // SECOND, str(row.notification.reason))
            for row in self.rows()
            if row.outcome is Outcome.DELIVERED
            and row.notification.receiver == name
            and row.closed_at is not None
        ]

    @property
    def peer(self) -> Peer:
        return self.peers["oncall"]


def wait_until(what: Callable[[], bool], seconds: float = 60.0) -> None:
    """Sockets answer when they do: look often, give up late."""
    until = time.monotonic() + seconds
    while not what():
        if time.monotonic() > until:
            pytest.fail("it never came")
        time.sleep(0.002)


@pytest.fixture
def peer() -> Iterator[Peer]:
    with a_peer() as peer:
        yield peer


@pytest.fixture
def stage(tmp_path: Path, peer: Peer) -> Iterator[Stage]:
    stage = Stage(tmp_path, {"oncall": peer})
    yield stage
    stage.stop()


def test_one_page_and_reminders_on_time(stage: Stage) -> None:
    stage.feed.add(signal(START))
    stage.seconds(3)
    stage.do(Acknowledge(by="ann"))
    stage.seconds(100)
    assert stage.said() == [
        (1, "page"),
        (18, "internal_update_due"),
        (28, "internal_update_overdue"),
        (46, "public_update_due"),
        (58, "internal_update_overdue"),
        (76, "public_update_overdue"),
        (78, "internal_update_overdue"),
        (98, "internal_update_overdue"),
    ]
    heard = stage.peer.heard
    assert len(heard) == len({each.key for each in heard}) == 8
    for each in heard:
        Webhook(SECRET).verify(each.body, each.headers)
    assert heard[0].data["title"].startswith("CRITICAL Acme: 60 negative voices in 15 min")


def test_an_update_moves_the_reminder(stage: Stage) -> None:
    stage.feed.add(signal(START))
    stage.seconds(1)
    stage.do(Acknowledge(by="ann"))
    stage.seconds(10)
    stage.do(Update(by="ann", audience=Audience.INTERNAL, text="cause known"))
    stage.seconds(20)
    assert stage.said() == [(1, "page"), (31, "internal_update_due")]


def test_stopped_across_three_due_times_exactly_one_reminder_then_the_cadence(
    stage: Stage,
) -> None:
    stage.feed.add(signal(START))
    stage.seconds(1)
    stage.do(Acknowledge(by="ann"))
    stage.do(Update(by="ann", audience=Audience.PUBLIC, text="we look", link="https://x.example/1"))
    stage.stop()
    stage.clock.pass_(58 * SECOND)  # internal: due at 16, overdue at 26 and 56 s
    stage.begin()
    stage.look()
    assert stage.said() == [(1, "page"), (59, "internal_update_overdue")]
    skipped = [row for row in stage.rows() if row.outcome is Outcome.SKIPPED]
    assert {(str(row.notification.reason), row.detail) for row in skipped} == {
        ("internal_update_due", "later_stage"),
        ("internal_update_overdue", "later_stage"),
    }
    stage.seconds(18)
    assert stage.said()[2:] == [(61, "public_update_due"), (76, "internal_update_overdue")]


def test_acknowledged_while_a_page_is_queued(stage: Stage) -> None:
    stage.peer.way = "500"
    stage.feed.add(signal(START))
    stage.seconds(1)
    stage.do(Acknowledge(by="ann"))
    stage.peer.way = "204"
    stage.seconds(5)
    (page,) = stage.rows()
    assert (page.outcome, page.detail) == (Outcome.SUPERSEDED, "acknowledged")
    assert stage.peer.accepted() == []


@pytest.mark.parametrize("way", ["500", "hang", "reset", "half", "429:1", "drip"])
def test_a_receiver_in_trouble_gets_everything_under_one_key(stage: Stage, way: str) -> None:
    stage.peer.ways.extend([way] * 3)
    stage.feed.add(signal(START, severity=Severity.WARNING))
    stage.seconds(12)
    assert {row.outcome for row in stage.rows()} == {Outcome.DELIVERED}
    heard = stage.peer.heard
    assert [each.way for each in heard].count(way) == 3
    accepted = [each.key for each in stage.peer.accepted()]
    assert len(accepted) == len(set(accepted))
    assert set(accepted) == {each.key for each in heard}
    with stage.store.read() as view:
        ledgers = [view.attempts(row.id) for row in stage.rows()]
    unheard = sum(map(len, ledgers)) - len(heard)  # given up before it had reached the peer
    assert unheard == 0 or (unheard > 0 and way in {"hang", "drip"})
    assert [str(ledger[-1].result) for ledger in ledgers] == ["delivered"] * len(ledgers)


def test_a_receiver_that_hangs_delays_nobody_else(tmp_path: Path, peer: Peer) -> None:
    with a_peer() as hanging:
        hanging.way = "hang"
        policy = with_receivers(POLICY, "slow", "oncall")
        policy = Policy(
            receivers=policy.receivers, steps=(("slow", "oncall"),), clocks=policy.clocks
        )
        stage = Stage(tmp_path, {"slow": hanging, "oncall": peer}, policy)
        stage.feed.add(signal(START))
        stage.clock.pass_(SECOND)
        stage.alerter.catch_up(stage.feed, stage.clock.now())
        hanging.wait_for(1)
        wait_until(lambda: stage.said() == [(1, "page")])
        assert hanging.accepted() == []
        stage.stop()
        assert stage.peers["slow"].heard[0].key.endswith(":slow:page:1")


def test_refused_for_good_goes_on_with_the_next_step(tmp_path: Path, peer: Peer) -> None:
    with a_peer() as gone:
        gone.way = "410"
        stage = Stage(
            tmp_path, {"first": gone, "oncall": peer}, with_receivers(POLICY, "first", "oncall")
        )
        stage.feed.add(signal(START))
        stage.seconds(7)
        page = stage.rows()[0]
        assert (page.outcome, page.detail) == (Outcome.REFUSED, "answered 410")
        assert len(gone.heard) == 1
        assert stage.said() == [(6, "escalation")]
        stage.stop()


def test_after_seven_hours_without_us_a_raging_crisis_pages_marked_late(stage: Stage) -> None:
    end = START + 7 * HOUR
    stage.feed.add(signal(START))
    for seq, at in enumerate(range(START + 5 * MINUTE, end, 5 * MINUTE), start=2):
        stage.feed.add(signal(at, seq, SignalKind.LEVEL, opened_at=START), TimePassed(at))
    stage.clock.set(end)
    stage.look()
    assert [reason for _, reason in stage.said()] == ["page"]
    (page,) = stage.peer.heard
    assert page.data["late_by"] == 7 * HOUR
    assert "noticed 420 min late" in page.data["text"]


def test_one_that_ended_meanwhile_is_missed_and_pages_nobody(stage: Stage) -> None:
    stage.feed.add(
        signal(START),
        signal(START + 2 * HOUR, 2, SignalKind.LEVEL, opened_at=START),
        signal(START + 3 * HOUR, 3, SignalKind.CALM, opened_at=START),
        signal(START + 4 * HOUR, 4, SignalKind.ENDED, opened_at=START),
    )
    stage.clock.set(START + 7 * HOUR)
    stage.look()
    stage.seconds(3)
    assert stage.rows() == []
    with stage.store.read() as view:
        (incident,) = view.incidents()
    assert incident.missed
    assert not incident.is_open


def test_resolved_while_the_receiver_is_away(stage: Stage) -> None:
    stage.peer.way = "503"
    stage.feed.add(signal(START))
    stage.seconds(2)
    stage.do(Resolve(by="ann"))
    stage.peer.way = "204"
    stage.seconds(20)
    assert {row.outcome for row in stage.rows()} == {Outcome.SUPERSEDED}
    assert stage.peer.accepted() == []


def test_a_receiver_away_across_two_stages_hears_the_latest_once(stage: Stage) -> None:
    stage.feed.add(signal(START))
    stage.seconds(1)
    stage.do(Acknowledge(by="ann"))
    stage.do(Update(by="ann", audience=Audience.PUBLIC, text="we look", link="https://x.example/1"))
    stage.seconds(10)
    stage.peer.way = "503"
    stage.seconds(18)  # due at 16, overdue at 26: both fail
    assert stage.said() == [(1, "page")]
    stage.peer.way = "204"
    stage.seconds(16)
    assert [reason for _, reason in stage.said()] == ["page", "internal_update_overdue"]
    ends = {(str(row.notification.reason), str(row.outcome)) for row in stage.rows()[1:]}
    assert ends == {
        ("internal_update_due", "superseded"),
        ("internal_update_overdue", "delivered"),
    }


def test_what_is_over_is_not_looked_at_for_ever(stage: Stage) -> None:
    stage.feed.add(signal(START))
    stage.seconds(2)
    stage.do(Resolve(by="ann"))
    stage.seconds(1)
    with stage.store.read() as view:
        assert len(view.watched()) == 1
    stage.clock.pass_(HOUR)
    stage.look()
    with stage.store.read() as view:
        assert view.watched() == []
