"""The people's side where `now` is the clock's."""

from collections.abc import Sequence

from msgspec.structs import replace

from alerts.couriers import Couriers
from alerts.feed import FeedRecord, TimePassed
from alerts.intents import anything_to_write, apply_signal, look_again_at, scenes_of, write_due
from alerts.policy import Policy
from alerts.store import FeedPosition, IncidentStore

NOTHING_SEEN = (-1, -1)


class ByTheClock:
    """Records signals as they come, writes intents when told the time, lets couriers deliver.

    Each partition stands for itself, and several processes may apply: a record that is applied
    already, by whomever, is passed over.
    """

    def __init__(self, store: IncidentStore, policy: Policy, couriers: Couriers) -> None:
        self._store = store
        self._policy = policy
        self._couriers = couriers
        self.begin([FeedPosition()])

    def begin(self, kept: Sequence[FeedPosition]) -> None:
        """Go on from what is on disk of each partition."""
        self.kept = list(kept)
        self._look_at: int | None = None
        self._seen = NOTHING_SEEN

    @property
    def time(self) -> int | None:
        """The last time that passed in any partition."""
        return max((each.time for each in self.kept if each.time is not None), default=None)

    def read(self, partition: int) -> int:
        """Up to where a partition was read."""
        return self.kept[partition].offset

    def apply(
        self,
        records: Sequence[tuple[int, FeedRecord]],
        now: int,
        partition: int,
        read_to: int | None,
    ) -> None:
        """Record what the signals lead to, and how far they were read, in one transaction."""
        with self._store.write() as work:
            before = reached = work.position(partition)
            for offset, record in records:
                if offset <= before.offset:
                    continue
                if isinstance(record, TimePassed):
                    reached = replace(reached, time=max(record.time, reached.time or record.time))
                else:
                    apply_signal(work, record, now, self._policy)
                reached = replace(reached, offset=offset)
            if read_to is not None and read_to > reached.offset:
                reached = replace(reached, offset=read_to)
            if reached != before:
                work.advance_feed(partition, reached)
        self.kept[partition] = reached

    def advance(self, now: int) -> bool:
        """Write what is due; looks only when time, a person, a signal or a courier made it so."""
        with self._store.read() as view:
            seen = (view.last_event(), self._couriers.attempts)
            if seen == self._seen and (self._look_at is None or now < self._look_at):
                return False
            found = anything_to_write(scenes_of(view), now, self._policy)
        wrote = False
        if found:
            with self._store.write() as work:
                wrote = write_due(work, scenes_of(work), now, self._policy)
        with self._store.read() as view:
            self._look_at = look_again_at(scenes_of(view), now, self._policy)
        self._seen = seen
        if wrote:
            self._couriers.wake()
        return wrote
