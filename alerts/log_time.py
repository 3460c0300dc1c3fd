"""The people's side where `now` is the log's: replays, backtests, tests, the demo."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from msgspec.structs import replace

from alerts.delivery import Delivery
from alerts.feed import FeedRecord, TimePassed
from alerts.intents import apply_signal, due_after, least, scenes_of, write_due
from alerts.policy import Policy
from alerts.store import FeedPosition, IncidentStore

if TYPE_CHECKING:
    from detectors.signal import Signal

NOTHING_SEEN = -1


class ByTheLog:
    """Holds signals until time passes, then takes what falls due in turn, delivering in place.

    `told_until` is kept with the offset: up to it everything that fell due was intended. A
    killed process goes on from there, each due again with its own instant as `now`.
    """

    def __init__(
        self, store: IncidentStore, policy: Policy, delivery: Delivery, partition: int
    ) -> None:
        self._store = store
        self._policy = policy
        self._delivery = delivery
        self._partition = partition
        self.begin(FeedPosition())

    def begin(self, kept: FeedPosition) -> None:
        """Go on from what is on disk; what was only held is read again."""
        self.kept = kept
        self.read = kept.offset
        self._held: list[Signal] = []
        self._next: int | None = None
        self._seen = NOTHING_SEEN

    def apply(self, records: Sequence[tuple[int, FeedRecord]], now: int) -> None:
        """Take the records up to the last time in them; `now` is not looked at."""
        del now
        self._go_on()
        reached = self.kept
        for offset, record in records:
            self.read = offset
            if not isinstance(record, TimePassed):
                self._held.append(record)
                continue
            time = max(record.time, reached.time or record.time)
            reached = FeedPosition(offset, time, reached.told_until)
            if self._held or (self._next is not None and self._next <= time):
                self._pass(reached, time)
                reached = self.kept
        if reached != self.kept:
            self._keep(replace(reached, told_until=reached.time))

    def advance(self, now: int) -> bool:
        """Go on where a killed process stopped, answer what people did; `now` is not looked at."""
        del now
        return self._go_on()

    def _go_on(self) -> bool:
        time = self.kept.time
        if time is None:
            return False
        with self._store.read() as view:
            seen = view.last_event()
        if seen == self._seen and self.kept.told_until == time:
            return False
        self._settle(time)
        return True

    def _pass(self, reached: FeedPosition, time: int) -> None:
        """Apply the signals held, then what falls due up to `time`.

        Mostly nothing falls due before `time`: then all is written in this one transaction.
        """
        quiet = False
        with self._store.write() as work:
            for signal in self._held:
                apply_signal(work, signal, time, self._policy)
            scenes = scenes_of(work)
            attempt_at = work.next_attempt_at()
            dues = due_after(scenes, self._told_until(time), self._policy)
            first = least(attempt_at, *dues.values())
            at_once = first is None or first >= time
            if at_once:
                reached = replace(reached, told_until=time)
                quiet = not write_due(work, scenes, time, self._policy) and first != time
                self._next = least(attempt_at, *due_after(scenes, time, self._policy).values())
                self._seen = work.last_event()
            work.advance_feed(self._partition, reached)
        self._held.clear()
        self.kept = reached
        if not at_once:
            self._settle(time)
        elif not quiet:
            self._finish(time)

    def _settle(self, time: int) -> None:
        """Take what falls due in turn up to `time`, each with `now` at its own instant."""
        at = self._told_until(time)
        while True:
            self._deliver(at)
            with self._store.read() as view:
                attempt_at = view.next_attempt_at()
                dues = due_after(scenes_of(view), at, self._policy)
            following = least(attempt_at, *dues.values())
            if following is None or following > time:
                break
            at = following
            self._write(at, {name for name, instant in dues.items() if instant == at})
        self._write(time)
        self._finish(time)

    def _finish(self, time: int) -> None:
        """Deliver what is intended, and note when to look again."""
        self._deliver(time)
        with self._store.read() as view:
            dues = due_after(scenes_of(view), time, self._policy)
            self._next = least(view.next_attempt_at(), *dues.values())
            self._seen = view.last_event()

    def _told_until(self, time: int) -> int:
        until = self.kept.told_until
        return time - 1 if until is None else until

    def _write(self, now: int, only: set[str] | None = None) -> None:
        """Write what is due at `now`, about all incidents or some, and that it was."""
        reached = replace(self.kept, told_until=now)
        with self._store.write() as work:
            scenes = [scene for scene in scenes_of(work) if only is None or scene[0].id in only]
            write_due(work, scenes, now, self._policy)
            work.advance_feed(self._partition, reached)
        self.kept = reached

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
        self.kept = reached
