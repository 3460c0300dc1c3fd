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
    """Records signals as they come, writes intents when told the time, lets couriers deliver."""

    def __init__(
        self, store: IncidentStore, policy: Policy, couriers: Couriers, partition: int
    ) -> None:
        self._store = store
        self._policy = policy
        self._couriers = couriers
        self._partition = partition
        self.begin(FeedPosition())

    def begin(self, kept: FeedPosition) -> None:
        """Go on from what is on disk."""
        self.kept = kept
        self.read = kept.offset
        self._look_at: int | None = None
        self._seen = NOTHING_SEEN

    def apply(self, records: Sequence[tuple[int, FeedRecord]], now: int) -> None:
        """Record what the signals lead to, and how far they were read, in one transaction."""
        reached = self.kept
        with self._store.write() as work:
            for offset, record in records:
                if isinstance(record, TimePassed):
                    reached = replace(reached, time=max(record.time, reached.time or record.time))
                else:
                    apply_signal(work, record, now, self._policy)
                reached = replace(reached, offset=offset)
            work.advance_feed(self._partition, reached)
        self.kept = reached
        self.read = reached.offset

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
