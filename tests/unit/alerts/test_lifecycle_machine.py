"""Any course of signals, people, sleep and outages: what must hold whatever happens."""

from collections import Counter

import msgspec
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from alerts import clocks
from alerts.command import Acknowledge, Assign, Command, Note, Refusal, Resolve, Update
from alerts.incident import AnyEvent, Audience, Incident, Opened, State
from alerts.lifecycle import decide, fold
from alerts.notification import Delivered, Entry, Notification, Outcome, Reason
from alerts.policy import HOUR, MINUTE
from alerts.rendering import TITLE, render
from alerts.samples import Sample, Samples
from alerts.timers import due, next_due, still_true, untrue_because
from detectors.severity import Severity
from detectors.signal import Signal, SignalKind
from tests.unit.alerts.story import POLICY, T0, signal

PEOPLE = st.sampled_from(["ann", "bob", "carla"])
SPANS = st.one_of(
    st.integers(1, 3 * MINUTE),
    st.integers(MINUTE, 10 * MINUTE),
    st.integers(MINUTE, HOUR),
    st.integers(HOUR, 9 * HOUR),
)
HOSTILE = Samples((Sample("1", "a\u202e\n\x00" * 99, "javascript:x", "\n", "\x00", T0),))


class Fold:
    """Says well-formed signals about one surge after another."""

    def __init__(self) -> None:
        self.surge = 0
        self.seq = 0
        self.state = "none"
        self.opened_at = 0
        self.severity = Severity.WARNING

    def say(self, kind: SignalKind, at: int, observed: float, unheard: int | None) -> Signal:
        self.seq += 1
        return signal(
            kind,
            self.seq,
            at=at,
            surge=self.surge,
            opened_at=self.opened_at,
            severity=self.severity,
            observed=observed,
            unheard_since=unheard,
        )

    def begin(self, at: int) -> None:
        self.surge, self.seq, self.state, self.opened_at = self.surge + 1, 0, "open", at
        self.severity = Severity.WARNING


class Course(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.now = T0
        self.fold = Fold()
        self.signals: list[Signal] = []
        self.held: list[Signal] = []
        self.newest: Incident | None = None
        self.histories: dict[str, list[AnyEvent]] = {}
        self.ledgers: dict[str, Delivered] = {}

    # What happens.

    def take(self, said: Signal | Command) -> None:
        before = self.newest
        found = decide(before, said, self.now)
        if isinstance(found, Refusal):
            assert not isinstance(said, Signal)
            return
        after = fold(found, before)
        if after is None or not found:
            return
        if before is not None and before.is_open:
            assert after.id == before.id, "a signal applies to the open incident"
            assert after.severity.rank >= before.severity.rank
            self.never_later(before, after, found)
        if before is None or after.id != before.id:
            assert after.id not in self.histories, "an id names one incident"
        self.histories.setdefault(after.id, []).extend(found)
        self.newest = after

    @staticmethod
    def never_later(before: Incident, after: Incident, found: tuple[AnyEvent, ...]) -> None:
        if after.severity is before.severity:
            return
        for audience in Audience:
            had = clocks.owed_at(before, audience, POLICY)
            has = clocks.owed_at(after, audience, POLICY)
            assert had is None or (has is not None and has <= had), found

    def hear(self, said: Signal, *, late: bool) -> None:
        self.held.append(said)
        if not late:
            for each in self.held:
                self.take(each)
            self.signals += self.held
            self.held.clear()

    @initialize(critical=st.booleans())
    def a_surge_opens(self, *, critical: bool) -> None:
        self.fold_speaks(choice=0, observed=30.0, rises=critical, deaf=False, late=False)

    @rule(
        choice=st.integers(0, 3),
        observed=st.floats(1, 200),
        rises=st.booleans(),
        deaf=st.booleans(),
        late=st.sampled_from([False, False, False, True]),
    )
    def fold_speaks(
        self, *, choice: int, observed: float, rises: bool, deaf: bool, late: bool
    ) -> None:
        follows = {
            "none": [SignalKind.OPENED],
            "open": [SignalKind.LEVEL, SignalKind.LEVEL, SignalKind.CALM, SignalKind.OPENED],
            "calm": [SignalKind.RETURNED, SignalKind.ENDED],
        }[self.fold.state]
        kind = follows[choice % len(follows)]
        self.now += MINUTE
        if kind is SignalKind.OPENED:
            self.fold.begin(self.now)
        if rises and kind is not SignalKind.CALM:
            self.fold.severity = Severity.CRITICAL
        unheard = self.now - HOUR if deaf and kind is SignalKind.LEVEL else None
        self.hear(self.fold.say(kind, self.now, observed, unheard), late=late)
        self.fold.state = {
            SignalKind.CALM: "calm",
            SignalKind.ENDED: "none",
        }.get(kind, "open")

    @precondition(lambda self: self.signals)
    @rule(data=st.data())
    def a_signal_is_repeated(self, data: st.DataObject) -> None:
        said = data.draw(st.sampled_from(self.signals))
        if self.newest is None or (said.surge, said.seq) > (self.newest.surge, self.newest.seq):
            return
        assert decide(self.newest, said, self.now) == ()

    @precondition(lambda self: self.newest is not None)
    @rule(
        command=st.one_of(
            st.builds(Acknowledge, by=PEOPLE),
            st.builds(Resolve, by=PEOPLE),
            st.builds(Assign, by=PEOPLE, to=PEOPLE),
            st.builds(Note, by=PEOPLE, text=st.text(max_size=3)),
        )
    )
    def somebody_does(self, command: Command) -> None:
        self.take(command)

    @precondition(lambda self: self.newest is not None)
    @rule(audience=st.sampled_from(Audience), by=PEOPLE, ahead=st.none() | SPANS)
    def somebody_updates(self, audience: Audience, by: str, ahead: int | None) -> None:
        link = "https://x.example/1" if audience is Audience.PUBLIC else ""
        promised = None if ahead is None else self.now + ahead
        self.take(Update(by=by, audience=audience, text="t", link=link, promised=promised))

    @rule(span=SPANS)
    def time_passes_unheeded(self, span: int) -> None:
        self.now += span

    @precondition(lambda self: self.newest is not None)
    @rule()
    def the_shell_sleeps_until_next_due(self) -> None:
        incident = self.newest
        assert incident is not None
        ledger = self.spoken(incident)
        at = next_due(incident, ledger, self.now, POLICY)
        if at is None:
            assert due(incident, ledger, self.now + 99 * HOUR, POLICY) == ()
            return
        assert at > self.now
        for moment in {self.now + 1, (self.now + at) // 2, at - 1} - {at}:
            assert due(incident, ledger, moment, POLICY) == (), "next_due overslept"
        self.now = at
        assert due(incident, ledger, at, POLICY) != (), "next_due woke for nothing"

    @precondition(lambda self: self.newest is not None)
    @rule(outcome=st.sampled_from([Outcome.DELIVERED, Outcome.WAITING, Outcome.REFUSED]))
    def the_shell_speaks(self, outcome: Outcome) -> None:
        assert self.newest is not None
        self.spoken(self.newest, outcome)

    @rule(span=SPANS)
    def a_channel_is_down_for_a_while(self, span: int) -> None:
        if self.newest is not None:
            self.spoken(self.newest, Outcome.WAITING)
        self.now += span

    @rule()
    def the_waiting_are_tried(self) -> None:
        incident = self.newest
        if incident is None:
            return
        self.ledgers[incident.id] = tuple(
            self.tried(entry, incident) for entry in self.ledgers.get(incident.id, ())
        )

    def tried(self, entry: Entry, incident: Incident) -> Entry:
        if entry.outcome is not Outcome.WAITING:
            return entry
        told = entry.notification
        cause = untrue_because(told, incident, self.now, POLICY)
        return Entry(told, Outcome.SUPERSEDED if cause else Outcome.DELIVERED, self.now)

    def spoken(self, incident: Incident, outcome: Outcome = Outcome.DELIVERED) -> Delivered:
        ledger = self.ledgers.get(incident.id, ())
        found = due(incident, ledger, self.now, POLICY)
        said = [each.notification for each in found if each.skipped is None]
        self.judge(said, incident)
        ledger += tuple(
            Entry(f.notification, Outcome.SKIPPED if f.skipped else outcome, self.now)
            for f in found
        )
        assert due(incident, ledger, self.now, POLICY) == (), "asked again, it says more"
        self.ledgers[incident.id] = ledger
        return ledger

    def judge(self, said: list[Notification], incident: Incident) -> None:
        receivers = Counter(told.receiver for told in said)
        assert all(count == 1 for count in receivers.values()), "one message a receiver"
        for told in said:
            assert still_true(told, incident, self.now, POLICY), "said what is not true"
            rendered = render(told, incident, self.now, POLICY, HOSTILE)
            assert len(rendered.title) <= TITLE
            assert all(line.isprintable() for line in (rendered.title, *rendered.lines))
            msgspec.json.encode(rendered.fields)
            for audience in Audience:
                parts = [part for part in told.parts if part.reason.audience is audience]
                assert sum(part.at <= self.now for part in parts) <= 1, "two for one due time"
            if incident.state is State.RESOLVED:
                assert set(told.reasons) == {Reason.RESOLVED}
                assert incident.resolved_by == "calm"
            if incident.state is State.ACKNOWLEDGED:
                never = {Reason.PAGE, Reason.ESCALATION, Reason.NOBODY_ANSWERED}
                assert not never & set(told.reasons)

    # What holds.

    @invariant()
    def the_fold_of_the_history_is_the_incident(self) -> None:
        if self.newest is not None:
            history = self.histories[self.newest.id]
            assert fold(history) == self.newest
            assert self.newest.events == len(history)

    @invariant()
    def every_key_is_written_once(self) -> None:
        for ledger in self.ledgers.values():
            keys = Counter(entry.notification.key for entry in ledger)
            assert all(count == 1 for count in keys.values()), keys.most_common(1)

    @invariant()
    def each_opening_and_each_rise_pages_once(self) -> None:
        for name, ledger in self.ledgers.items():
            history = self.histories[name]
            openings = sum(isinstance(event, Opened) for event in history)
            assert openings <= 1
            said = [e.notification for e in ledger if e.outcome is not Outcome.SKIPPED]
            pages = Counter(
                (part.reason, part.sequence)
                for told in said
                for part in told.parts
                if part.reason.is_page and told.receiver == "ann"
            )
            assert all(count == 1 for count in pages.values())

    @invariant()
    def no_due_time_is_said_twice_to_one_receiver(self) -> None:
        for ledger in self.ledgers.values():
            said = Counter(
                (e.notification.receiver, part.reason.audience, part.at)
                for e in ledger
                if e.outcome in {Outcome.DELIVERED, Outcome.REFUSED}
                for part in e.notification.parts
                if part.reason.audience is not None
            )
            assert all(count == 1 for count in said.values()), said.most_common(1)


Course.TestCase.settings = settings(
    max_examples=250,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
TestCourse = Course.TestCase
