"""From the signals log to the outbox: applies what was signalled, writes what is to be said."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from alerts.clock_time import ByTheClock
from alerts.couriers import Couriers
from alerts.delivery import Delivery
from alerts.feed import FeedRecord, SignalFeed
from alerts.intents import due_after, least, scenes_of
from alerts.log_time import ByTheLog
from alerts.policy import Policy
from alerts.store import FeedPosition, IncidentStore

READ_AT_ONCE = 250
"""Records a transaction: short enough that a person at the console does not wait."""


class Alerter:
    """Turns the signals of a log's partitions into incidents and intents; reads no clock.

    With `couriers` the time of people is the clock's: `apply` only records, `advance(now)` writes
    what is due and wakes them. Without, it is the log's (event mode): `apply` takes everything that
    falls due up to each time passed, in turn, and delivers in place, so that the same log
    always leads to the same incidents, notifications and dedup keys, however it is split.

    A call that raises, whatever the store or a notifier did, leaves nothing half done: the next one
    goes on from what is on disk. One thread uses it.
    """

    def __init__(
        self,
        store: IncidentStore,
        policy: Policy,
        delivery: Delivery,
        *,
        couriers: Couriers | None = None,
        partitions: int = 1,
    ) -> None:
        self._store = store
        self._policy = policy
        self._partitions = partitions
        self._side: ByTheClock | ByTheLog
        if couriers is None:
            self._side = ByTheLog(store, policy, delivery)
        else:
            self._side = ByTheClock(store, policy, couriers)
        self._in_doubt = False
        self._side.begin(self._on_disk())

    @property
    def position(self) -> int:
        """The offset behind which `apply` wants the next records; -1 at the start."""
        return self._side.read(0)

    @property
    def kept_position(self) -> int:
        """The offset up to which all is on disk: records up to it are not needed any more."""
        return self._side.kept[0].offset

    @property
    def time(self) -> int | None:
        """The last time that passed in the log: by the clock in any partition, else in all."""
        return self._side.time

    def wanted_behind(self, partition: int) -> int:
        """The offset behind which `apply` wants a partition's next records."""
        return self._side.read(partition)

    def kept_of(self, partition: int) -> FeedPosition:
        """How far a partition was applied and is on disk, as last written or read here."""
        return self._side.kept[partition]

    def take_up(self) -> None:
        """Go on from what is on disk, where another process may have moved it."""
        self._side.begin(self._on_disk())
        self._in_doubt = False

    def catch_up(self, feed: SignalFeed, now: int) -> int:
        """Apply all the feed has, then say what is due; returns the number of records.

        A backlog is applied whole before anything is said, so that a surge that ended
        while we were away pages nobody.
        """
        applied = 0
        while records := feed.read(self.position, READ_AT_ONCE):
            self.apply(records, now)
            applied += len(records)
        self.advance(now)
        return applied

    def apply(
        self,
        records: Sequence[tuple[int, FeedRecord]],
        now: int,
        *,
        partition: int = 0,
        read_to: int | None = None,
    ) -> None:
        """Apply a partition's records behind `wanted_behind`; repeats are harmless.

        Events, incidents, the last signal applied and the offset are kept in one transaction. In
        event mode `now` is not looked at: signals wait for the time that follows them. Records of
        one offset come in one call; `read_to` is up to where the partition was read, where the
        last records were of no concern.
        """
        with self._sure():
            behind = self._side.read(partition)
            fresh = [(offset, record) for offset, record in records if offset > behind]
            if fresh or (read_to is not None and read_to > behind):
                self._side.apply(fresh, now, partition, read_to)

    def advance(self, now: int) -> bool:
        """Write what is due at `now`, wake the couriers; True when something was written.

        In event mode everything up to the log's time is said and delivered already: this tries
        again what was not delivered and answers what people did meanwhile; `now` is the log's.
        """
        with self._sure():
            return self._side.advance(now)

    def next_due(self, after: int) -> int | None:
        """Return the first instant behind `after` at which there is something to say or to try.

        Holds until a signal is applied, a person does something, or an attempt ends.
        """
        with self._store.read() as view:
            dues = due_after(scenes_of(view), after, self._policy)
            return least(view.next_attempt_at(), *dues.values())

    @contextmanager
    def _sure(self) -> Iterator[None]:
        """Begin from what the store holds, where the last call ended in trouble."""
        if self._in_doubt:
            self.take_up()
        try:
            yield
        except BaseException:
            self._side.begin(self._side.kept)
            self._in_doubt = True
            raise

    def _on_disk(self) -> list[FeedPosition]:
        with self._store.read() as view:
            return [view.position(partition) for partition in range(self._partitions)]
