"""From the signals log to the outbox: applies what was signalled, writes what is to be said."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from msgspec.structs import replace

from alerts.command import Refusal
from alerts.couriers import Couriers
from alerts.delivery import Delivery
from alerts.feed import FeedRecord, SignalFeed, TimePassed
from alerts.incident import Incident
from alerts.lifecycle import decide
from alerts.notification import Delivered
from alerts.policy import Policy
from alerts.store import FeedPosition, IncidentStore, View, Work
from alerts.timers import due, next_due
from detectors.signal import Signal

Scenes = list[tuple[Incident, Delivered]]
"""Incidents about which something may have to be said, with what the outbox holds of each."""

READ_AT_ONCE = 1_000
KEPT_IN_SIGHT = 3_600_000
"""Milliseconds a resolved incident is still looked at: a page under way may yet be confirmed."""


class Alerter:
    """Turns one partition's signals into incidents and intents; reads no clock.

    With `couriers` the time of people is the clock's: `apply` only records, `advance(now)` writes
    what is due and wakes them. Without, it is the log's (event mode): `apply` takes everything that
    falls due up to each time passed, in turn, and delivers in place, so that the same log
    always leads to the same incidents, notifications and dedup keys. One thread uses it.
    """

    def __init__(
        self,
        store: IncidentStore,
        policy: Policy,
        delivery: Delivery,
        *,
        couriers: Couriers | None = None,
        partition: int = 0,
    ) -> None:
        self._store = store
        self._policy = policy
        self._delivery = delivery
        self._couriers = couriers
        self._partition = partition
        self._held: list[Signal] = []
        self._next: int | None = None
        self._seen = (-1, -1)
        self._in_doubt = False
        with store.read() as view:
            self._kept = view.position(partition)
        self._read = self._kept.offset

    @property
    def position(self) -> int:
        """The offset behind which `apply` wants the next records; -1 at the start."""
        return self._read

    @property
    def kept_position(self) -> int:
        """The offset up to which all is on disk: what stands behind it is not needed any more."""
        return self._kept.offset

    @property
    def time(self) -> int | None:
        """The last time that passed in the log."""
        return self._kept.time

    def catch_up(self, feed: SignalFeed, now: int) -> int:
        """Apply all the feed has, then say what is due; returns the number of records.

        A backlog is applied whole before anything is said, so that a surge that ended
        while we were away pages nobody.
        """
        applied = 0
        while records := feed.read(self._read, READ_AT_ONCE):
            self.apply(records, now)
            applied += len(records)
        self.advance(now)
        return applied

    def apply(self, records: Sequence[tuple[int, FeedRecord]], now: int) -> None:
        """Apply the records behind `position`; repeats are harmless.

        Events, incidents, the last signal applied and the offset are kept in one transaction. In
        event mode `now` is not looked at: signals wait for the time that follows them.
        """
        with self._sure():
            fresh = [(offset, record) for offset, record in records if offset > self._read]
            if fresh and self._couriers is not None:
                self._apply_by_the_clock(fresh, now)
            elif fresh:
                self._apply_by_the_log(fresh)

    def advance(self, now: int) -> bool:
        """Write what is due at `now`, wake the couriers; True when something was written.

        In event mode everything up to the log's time is said and delivered already: this tries
        again what was not delivered and answers what people did meanwhile; `now` is the log's.
        """
        with self._sure():
            if self._couriers is None:
                return self._settle_unfinished()
            return self._advance_by_the_clock(self._couriers, now)

    def next_due(self, after: int) -> int | None:
        """Return the first instant behind `after` at which there is something to say or to try.

        Holds until a signal is applied, a person does something, or an attempt ends.
        """
        with self._store.read() as view:
            return self._first(view, _scenes(view), after)

    @contextmanager
    def _sure(self) -> Iterator[None]:
        """Begin from what the store holds, where the last call ended in trouble."""
        if self._in_doubt:
            with self._store.read() as view:
                self._kept = view.position(self._partition)
            self._read = self._kept.offset
            self._next = None
            self._seen = (-1, -1)
            self._in_doubt = False
        try:
            yield
        except BaseException:
            self._held.clear()
            self._read = self._kept.offset
            self._in_doubt = True
            raise

    # The clock's time.

    def _apply_by_the_clock(self, records: Sequence[tuple[int, FeedRecord]], now: int) -> None:
        reached = self._kept
        with self._store.write() as work:
            for offset, record in records:
                if isinstance(record, TimePassed):
                    reached = replace(reached, time=max(record.time, reached.time or record.time))
                else:
                    self._apply_signal(work, record, now)
                reached = replace(reached, offset=offset)
            work.advance_feed(self._partition, reached)
        self._kept = reached
        self._read = reached.offset

    def _advance_by_the_clock(self, couriers: Couriers, now: int) -> bool:
        with self._store.read() as view:
            seen = (view.last_event(), couriers.attempts)
            if seen == self._seen and (self._next is None or now < self._next):
                return False
            scenes = _scenes(view)
        wrote = False
        if any(_out_of_sight(scene[0], now) or due(*scene, now, self._policy) for scene in scenes):
            wrote = self._intend(now)
        with self._store.read() as view:
            scenes = _scenes(view)
        self._next = _least(
            *(next_due(*scene, now, self._policy) for scene in scenes),
            *(_in_sight_until(incident) for incident, _ in scenes),
        )
        self._seen = seen
        if wrote:
            couriers.wake()
        return wrote

    # The log's time.

    def _apply_by_the_log(self, records: Sequence[tuple[int, FeedRecord]]) -> None:
        self._settle_unfinished()
        reached = self._kept
        for offset, record in records:
            self._read = offset
            if not isinstance(record, TimePassed):
                self._held.append(record)
                continue
            time = max(record.time, reached.time or record.time)
            reached = FeedPosition(offset, time, reached.told_until)
            if self._held or (self._next is not None and self._next <= time):
                self._pass(reached)
                reached = self._kept
        if reached != self._kept:
            self._keep(replace(reached, told_until=reached.time))

    def _pass(self, reached: FeedPosition) -> None:
        """Apply the signals held, then take what falls due in turn up to the time reached."""
        time = reached.time
        if time is None:
            return
        following: int | None = None
        with self._store.write() as work:
            for signal in self._held:
                self._apply_signal(work, signal, time)
            scenes = _scenes(work)
            first = self._first(work, scenes, self._told_until(time))
            at_once = first is None or first >= time
            if at_once:
                reached = replace(reached, told_until=time)
                if not self._write(work, scenes, time) and first != time:
                    following = self._first(work, scenes, time)
                    self._seen = (work.last_event(), 0)
                    first = None
            work.advance_feed(self._partition, reached)
        self._held.clear()
        self._kept = reached
        if at_once and first is None:
            self._next = following
        elif at_once:
            self._finish(time)
        else:
            self._settle(time)

    def _settle_unfinished(self) -> bool:
        """Go on where a killed process stopped, and answer what people did since."""
        time = self._kept.time
        if time is None:
            return False
        with self._store.read() as view:
            seen = (view.last_event(), 0)
        if seen == self._seen and self._kept.told_until == time:
            return False
        self._settle(time)
        return True

    def _settle(self, time: int) -> None:
        """Take what falls due in turn up to `time`, each with `now` at its own instant."""
        at = self._told_until(time)
        while True:
            self._deliver(at)
            with self._store.read() as view:
                attempt_at = view.next_attempt_at()
                due_at = {
                    incident.id: next_due(incident, entries, at, self._policy)
                    for incident, entries in _scenes(view)
                }
            following = _least(attempt_at, *due_at.values())
            if following is None or following > time:
                break
            at = following
            self._intend(at, {name for name, instant in due_at.items() if instant == at})
        self._intend(time)
        self._finish(time)

    def _finish(self, time: int) -> None:
        """Deliver what is intended, and note when to look again."""
        self._deliver(time)
        with self._store.read() as view:
            self._next = self._first(view, _scenes(view), time)
            self._seen = (view.last_event(), 0)

    def _told_until(self, time: int) -> int:
        until = self._kept.told_until
        return time - 1 if until is None else until

    def _deliver(self, now: int) -> None:
        """Try what waits, one after the other; what fails is tried again at a later instant."""
        while True:
            with self._store.read() as view:
                row = view.first_waiting(now)
            if row is None:
                return
            self._delivery.attempt(row.id, lambda: now)

    def _keep(self, reached: FeedPosition) -> None:
        with self._store.write() as work:
            work.advance_feed(self._partition, reached)
        self._kept = reached

    # Both.

    def _apply_signal(self, work: Work, signal: Signal, now: int) -> None:
        if not work.mark_applied(signal):
            return
        latest = work.latest(signal.brand, signal.rule)
        decided = decide(latest, signal, now, self._policy.lifecycle)
        if isinstance(decided, Refusal):  # a signal is never refused
            raise TypeError(decided.message)
        work.record(latest, decided)

    def _intend(self, now: int, only: set[str] | None = None) -> bool:
        """Write what is due at `now` to the outbox; True when there was something."""
        with self._store.write() as work:
            scenes = [
                (incident, entries)
                for incident, entries in _scenes(work)
                if only is None or incident.id in only
            ]
            wrote = self._write(work, scenes, now)
            if self._couriers is None:
                reached = replace(self._kept, told_until=now)
                work.advance_feed(self._partition, reached)
                self._kept = reached
        return wrote

    def _write(self, work: Work, scenes: Scenes, now: int) -> bool:
        wrote = False
        for incident, entries in scenes:
            for each in due(incident, entries, now, self._policy):
                wrote |= work.plan(each, now)
            if _out_of_sight(incident, now):
                work.unwatch(incident.id)
        return wrote

    def _first(self, view: View, scenes: Scenes, after: int) -> int | None:
        """Return the first instant behind `after` with something to say, or an attempt to make."""
        return _least(
            view.next_attempt_at(),
            *(next_due(incident, entries, after, self._policy) for incident, entries in scenes),
        )


def _scenes(view: View) -> Scenes:
    return [(incident, view.entries(incident.id)) for incident in view.watched()]


def _in_sight_until(incident: Incident) -> int | None:
    return None if incident.resolved_at is None else incident.resolved_at + KEPT_IN_SIGHT


def _out_of_sight(incident: Incident, now: int) -> bool:
    until = _in_sight_until(incident)
    return until is not None and until <= now


def _least(*instants: int | None) -> int | None:
    return min((each for each in instants if each is not None), default=None)
