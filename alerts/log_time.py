"""The people's side where `now` is the log's: replays, backtests, tests, the demo."""

from collections.abc import Sequence

import msgspec
from msgspec.structs import replace

from alerts.delivery import Delivery
from alerts.errors import MovedElsewhere
from alerts.feed import FeedRecord
from alerts.intents import apply_signal, due_after, least, scenes_of, write_due
from alerts.merge import Merge, Step
from alerts.policy import Policy
from alerts.store import FeedPosition, IncidentStore, Work

NOTHING_SEEN = -1


class _Reached(msgspec.Struct, frozen=True):
    """How far all partitions were applied: the offset in each, and the time they have in common."""

    offsets: tuple[int, ...]
    time: int | None = None
    told_until: int | None = None

    def position(self, partition: int) -> FeedPosition:
        return FeedPosition(self.offsets[partition], self.time, self.told_until)


class ByTheLog:
    """Holds signals until time passes, then takes what falls due in turn, delivering in place.

    Of several partitions a time has passed once it has in every one, so that however a log is
    split the outcome is that of the whole. `told_until` is kept with the offsets: up to it
    everything that fell due was intended. A killed process goes on from there, each due again
    with its own instant as `now`. Raises MovedElsewhere where another process has gone on.
    """

    def __init__(self, store: IncidentStore, policy: Policy, delivery: Delivery) -> None:
        self._store = store
        self._policy = policy
        self._delivery = delivery
        self.begin([FeedPosition()])

    def begin(self, kept: Sequence[FeedPosition]) -> None:
        """Go on from what is on disk of each partition; what was only held is read again."""
        self.kept = list(kept)
        times = [each.time for each in kept if each.time is not None]
        told = [each.told_until for each in kept if each.told_until is not None]
        self._reached = _Reached(
            tuple(each.offset for each in kept), max(times, default=None), max(told, default=None)
        )
        self._merge = Merge(self._reached.offsets, self._reached.time)
        self._next: int | None = None
        self._seen = NOTHING_SEEN

    @property
    def time(self) -> int | None:
        """The last time that passed in every partition."""
        return self._reached.time

    def read(self, partition: int) -> int:
        """Up to where a partition was read."""
        return self._merge.read_to[partition]

    def apply(
        self,
        records: Sequence[tuple[int, FeedRecord]],
        now: int,
        partition: int,
        read_to: int | None,
    ) -> None:
        """Take the records up to the last time passed everywhere; `now` is not looked at."""
        del now
        self._go_on()
        self._merge.read(partition, records, read_to)
        reached = self._reached
        while (step := self._merge.step()) is not None:
            reached = _Reached(tuple(self._merge.offsets), step.time, reached.told_until)
            if step.signals or (self._next is not None and self._next <= step.time):
                self._pass(reached, step)
                reached = self._reached
        reached = replace(reached, offsets=tuple(self._merge.offsets))
        if reached != self._reached:
            self._keep(replace(reached, told_until=reached.time))

    def advance(self, now: int) -> bool:
        """Go on where a killed process stopped, answer what people did; `now` is not looked at."""
        del now
        return self._go_on()

    def _go_on(self) -> bool:
        time = self._reached.time
        if time is None:
            return False
        with self._store.read() as view:
            seen = view.last_event()
        if seen == self._seen and self._reached.told_until == time:
            return False
        self._settle(time)
        return True

    def _pass(self, reached: _Reached, step: Step) -> None:
        """Apply the signals held, then what falls due up to the step's time.

        Mostly nothing falls due before it: then all is written in this one transaction.
        """
        time = step.time
        quiet = False
        with self._store.write() as work:
            for signal in step.signals:
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
            self._write_reached(work, reached)
        self._is_reached(reached)
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
        until = self._reached.told_until
        return time - 1 if until is None else until

    def _write(self, now: int, only: set[str] | None = None) -> None:
        """Write what is due at `now`, about all incidents or some, and that it was."""
        reached = replace(self._reached, told_until=now)
        with self._store.write() as work:
            scenes = [scene for scene in scenes_of(work) if only is None or scene[0].id in only]
            write_due(work, scenes, now, self._policy)
            self._write_reached(work, reached)
        self._is_reached(reached)

    def _deliver(self, now: int) -> None:
        """Try what waits, one after the other; what fails is tried again at a later instant."""
        while True:
            with self._store.read() as view:
                row = view.first_waiting(now)
            if row is None:
                return
            self._delivery.attempt(row.id, lambda: now)

    def _keep(self, reached: _Reached) -> None:
        with self._store.write() as work:
            self._write_reached(work, reached)
        self._is_reached(reached)

    def _write_reached(self, work: Work, reached: _Reached) -> None:
        """Write what moved; the first partition's row always, so it tells who moved it last."""
        if work.position(0) != self.kept[0]:
            raise MovedElsewhere(
                "another alerter has gone on from here: this one takes the log up from there"
            )
        for partition, kept in enumerate(self.kept):
            if partition == 0 or kept.offset != reached.offsets[partition]:
                work.advance_feed(partition, reached.position(partition))

    def _is_reached(self, reached: _Reached) -> None:
        for partition, kept in enumerate(self.kept):
            if partition == 0 or kept.offset != reached.offsets[partition]:
                self.kept[partition] = reached.position(partition)
        self._reached = reached
