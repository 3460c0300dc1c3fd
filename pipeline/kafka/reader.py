"""Reads a topic into its stores, from where they are, whatever happens to brokers and databases.

Kafka's own record of how far a group has read only shows lag: the stores know better, since what
they hold and how far they have read is one transaction.
"""

import logging
from collections.abc import Callable, Iterable
from threading import Lock
from typing import Any, Final, Generic, TypeVar

import structlog

from pipeline.clock import Clock, stopwatch
from pipeline.errors import BrokerUnavailable, LogMismatch
from pipeline.health import Health
from pipeline.kafka import require_kafka
from pipeline.kafka.applying import Applying
from pipeline.kafka.committing import Committing, Elsewhere
from pipeline.kafka.connection import Connection, translated
from pipeline.kafka.feeds import Feed
from pipeline.mention import RejectedReason
from pipeline.metrics.registry import Metrics
from pipeline.wire import DeadLetter, NewerVersionError, WireError

Decoded = TypeVar("Decoded")

AT_ONCE: Final = 200
"""Records a transaction of a partition holds at most."""
_POLL: Final = 200
_FETCH: Final = 8 * 1024 * 1024
_PARTITION_FETCH: Final = 2 * 1024 * 1024
_REQUEST: Final = 8_000
_ANSWER: Final = 4_000
"""Milliseconds after which a broker that does not say how far it reaches counts as away."""
_SESSION: Final = 6_000
_HEARTBEAT: Final = 2_000
_MAX_POLL: Final = 30_000
"""Milliseconds after which a member that does not poll is out; also bounds a lost answer to it."""
_PATIENCE: Final = 20.0
"""Seconds after which a client that gets nothing though there is more is given up for a new one."""
_MOST_PATIENCE: Final = 600.0
"""Twice as long each time: a member without a share may just be one too many."""
_LOOK_EVERY: Final = 2.0
"""Seconds between two looks at the ends of the partitions, which also show that brokers answer."""
_GOODBYE: Final = 3_000
_FAREWELL: Final = 300

_log = structlog.get_logger(__name__)


class Share:
    """Which partitions are this reader's.

    With a group the brokers say so; without one it is all partitions while `wanted` says yes.
    """

    def __init__(self, group: str, wanted: Callable[[], bool] | None = None) -> None:
        self.group = group
        self.wanted = wanted


class _Moved:
    """Notes which partitions the group has just given or taken; called by the client's thread."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._moved: set[Any] = set()
        self.rebalances = 0

    def on_partitions_revoked(self, revoked: Iterable[Any]) -> None:
        with self._lock:
            self._moved.update(revoked)

    def on_partitions_assigned(self, assigned: Iterable[Any]) -> None:
        with self._lock:
            self._moved.update(assigned)
            self.rebalances += 1

    def on_partitions_lost(self, lost: Iterable[Any]) -> None:
        self.on_partitions_revoked(lost)

    def take(self) -> set[Any]:
        with self._lock:
            moved, self._moved = self._moved, set()
        return moved


class TopicReader(Generic[Decoded]):
    """Reads one topic; each step takes what has come, in bounded transactions.

    - A partition is read on from the least of what its sinks have applied; each sink passes over
      what it has.
    - A record nobody can read becomes a dead letter, kept before it is passed over; one of a newer
      version lets its partition wait, said to `health`, until the program is upgraded.
    - What retention has deleted before it was read is an error, counted and logged.
    - Brokers or a database that are away raise an error of `pipeline.errors` or `alerts.errors`
      from `step`; the next call tries again from where the stores are.

    One thread uses it.
    """

    def __init__(  # noqa: PLR0913  # what a reader touches, each replaceable
        self,
        feed: Feed[Decoded],
        share: Share,
        connection: Connection,
        partitions: int,
        *,
        bury: Callable[[DeadLetter], int],
        elsewhere: Elsewhere,
        clock: Clock,
        metrics: Metrics,
        health: Health,
    ) -> None:
        require_kafka()
        self._feed = feed
        self._share = share
        self._connection = connection
        self._partitions = partitions
        self._applying = Applying(feed, bury, clock, metrics)
        self._committing = Committing(feed.topic, elsewhere, member=share.wanted is None)
        self._clock = clock
        self._metrics = metrics
        self._health = health
        self.is_cut_off = False
        """Whether no broker answered the last time."""
        self._consumer: Any = None
        self._moved = _Moved()
        self._counted = 0
        self._next: dict[Any, int] = {}
        self._waiting: set[Any] = set()
        self._jumped: set[tuple[Any, int]] = set()
        self._looked = 0.0
        self._got_at = stopwatch()
        self._patience = _PATIENCE
        self._wants = False
        self._shown: set[int] = set()
        self._oldest: dict[int, int] = {}

    @property
    def reads(self) -> bool:
        """Whether it is connected: then a step waits for what comes."""
        return self._consumer is not None

    @property
    def read_here(self) -> frozenset[int]:
        """The partitions this process reads now."""
        return frozenset(place.partition for place in self._next)

    def step(self) -> int:
        """Take what has come; return how many records."""
        if self._share.wanted is not None and not self._share.wanted():
            self.let_go()
            return 0
        try:
            moved = self._step()
        except BrokerUnavailable:
            self.is_cut_off = True
            raise
        self.is_cut_off = False
        return moved

    def _step(self) -> int:
        consumer = self._client()
        self._place_all()
        with translated(f"the topic {self._feed.topic}"):
            came = consumer.poll(timeout_ms=_POLL, max_records=AT_ONCE)
        self._forget_moved()
        if came:
            self._got_at, self._patience = stopwatch(), _PATIENCE
        elif self._is_left_out(consumer):
            self.let_go()
            return 0
        try:
            for place in came:
                if place in self._next and place not in self._waiting:
                    self._apply(place, came[place])
        except BaseException:
            for place in came:
                self._next.pop(place, None)
            raise
        self._look()
        self._committing.tell(consumer)
        return sum(map(len, came.values()))

    def _is_left_out(self, consumer: Any) -> bool:  # noqa: ANN401  # the client has no types
        """Whether this client gets nothing though there is more, for whatever reason.

        An answer to it may have been lost; or it joined its group before it knew the topic.
        """
        member = self._share.wanted is None
        if not self._wants and (not member or consumer._coordinator.stable()):  # noqa: SLF001  # told nowhere else
            self._got_at = stopwatch()
            return False
        if stopwatch() - self._got_at <= self._patience:
            return False
        self._patience = min(2 * self._patience, _MOST_PATIENCE)
        _log.warning("client_given_up", topic=self._feed.topic, share=len(self._next))
        return True

    def let_go(self) -> None:
        """Read nothing any more: close the connection, so that others take over at once."""
        consumer, self._consumer = self._consumer, None
        self._next.clear()
        self._waiting.clear()
        self._moved.take()
        self._health.well(self._newer_component)
        if consumer is None:
            return
        if not self.is_cut_off:
            self._committing.tell_last(consumer)
        self._metrics.partitions_owned(self._feed.name, 0)
        for partition in self._shown:
            self._metrics.partition_gone(self._feed.name, partition)
        self._shown.clear()
        try:
            consumer.close(timeout_ms=_FAREWELL if self.is_cut_off else _GOODBYE)
        except Exception as error:  # noqa: BLE001  # whoever goes says no more than that
            _log.info("a consumer did not say goodbye", error=type(error).__name__)

    # -- where to read ---------------------------------------------------------------------

    def _client(self) -> Any:  # noqa: ANN401  # the client has no types
        if self._consumer is not None:
            return self._consumer
        from kafka import KafkaConsumer, TopicPartition  # noqa: PLC0415  # not in every install
        from kafka.consumer.subscription_state import (  # noqa: PLC0415  # as above
            ConsumerRebalanceListener,
        )
        from kafka.errors import KafkaTimeoutError  # noqa: PLC0415  # as above

        logging.getLogger("kafka").setLevel(logging.CRITICAL)  # each try of an outage is a line
        ConsumerRebalanceListener.register(_Moved)
        with translated(f"Kafka at {self._connection.where}"):
            try:
                consumer = KafkaConsumer(
                    **self._connection.clients(f"crisis-monitor-{self._feed.name}"),
                    group_id=self._share.group,
                    enable_auto_commit=False,
                    auto_offset_reset="earliest",
                    fetch_max_bytes=_FETCH,
                    max_partition_fetch_bytes=_PARTITION_FETCH,
                    max_poll_records=AT_ONCE,
                    request_timeout_ms=_REQUEST,
                    session_timeout_ms=_SESSION,
                    heartbeat_interval_ms=_HEARTBEAT,
                    max_poll_interval_ms=_MAX_POLL,
                    allow_auto_create_topics=False,
                )
            except KafkaTimeoutError as error:
                raise BrokerUnavailable(self._connection.no_answer()) from error
            if self._share.wanted is None:
                consumer.subscribe([self._feed.topic], listener=self._moved)
            else:
                consumer.assign(
                    [TopicPartition(self._feed.topic, each) for each in range(self._partitions)]
                )
                self._metrics.partitions_owned(self._feed.name, self._partitions)
            try:
                consumer.partitions_for_topic(self._feed.topic)  # known before a group is joined
            except BaseException:
                consumer.close(timeout_ms=_FAREWELL)
                raise
        self._consumer = consumer
        self._got_at = stopwatch()
        self._wants = False
        return consumer

    def _forget_moved(self) -> None:
        """What moved meanwhile has to be placed anew: what came of it is not what is wanted."""
        for place in self._moved.take():
            self._next.pop(place, None)
            self._waiting.discard(place)
        if not self._waiting:
            self._health.well(self._newer_component)
        if self._moved.rebalances != self._counted and self._share.wanted is None:
            self._counted = self._moved.rebalances
            self._metrics.rebalanced()
            self._metrics.partitions_owned(self._feed.name, len(self._consumer.assignment()))

    def _place_all(self) -> None:
        self._forget_moved()
        mine = self._consumer.assignment()
        for place in [each for each in self._next if each not in mine]:
            del self._next[place]
        new = sorted(each for each in mine if each not in self._next)
        if not new:
            return
        with translated(f"the topic {self._feed.topic}"):
            ends = self._consumer.end_offsets(new, timeout_ms=_ANSWER)
        for place in new:
            following = 1 + min(sink.behind(place.partition) for sink in self._feed.sinks)
            if following > ends[place]:
                raise LogMismatch(
                    f"the stores have read partition {place.partition} of {place.topic} up to "
                    f"{following - 1}, but it ends at {ends[place]}: the topic was made anew, or "
                    "belongs to another store. Name the kafka.prefix of these stores, or fresh "
                    "stores (another storage directory or database): positions in the stores carry "
                    "no prefix. Or restore both from one backup"
                )
            self._seek(place, following)
            self._committing.note(place, following)

    def _seek(self, place: Any, offset: int) -> None:  # noqa: ANN401  # as above
        from kafka.errors import IllegalStateError  # noqa: PLC0415  # as above

        try:
            self._consumer.seek(place, offset)
            self._consumer.resume(place)
        except (ValueError, KeyError, IllegalStateError):
            self._next.pop(place, None)  # taken from us between two lines
            return
        self._next[place] = offset
        self._waiting.discard(place)

    # -- what came -------------------------------------------------------------------------

    def _apply(self, place: Any, records: list[Any]) -> None:  # noqa: ANN401  # as above
        """Apply one partition's records; what goes wrong has it placed anew."""
        begin = following = self._next.pop(place)
        good: list[tuple[int, Decoded]] = []
        newer: NewerVersionError | None = None
        for record in records:
            if record.offset < following:
                continue
            if record.offset > following and not self._explained(place, following, record.offset):
                return  # it is placed anew: read again from where the stores are
            try:
                good.append((record.offset, self._feed.decode(record.value or b"")))
            except NewerVersionError as error:
                newer = error
                break
            except WireError as error:
                self._applying.bury(place, record, RejectedReason.UNDECODABLE, str(error))
            following = record.offset + 1
            self._oldest[place.partition] = record.timestamp
        if following > begin:
            raw = {each.offset: each for each in records}
            if not self._applying.hand_over(place, begin, good, following - 1, raw):
                return  # read anew from where the stores are
        self._next[place] = following
        self._committing.note(place, following)
        if newer is not None:
            self._wait(place, following, newer)

    def _wait(self, place: Any, offset: int, newer: NewerVersionError) -> None:  # noqa: ANN401  # as above
        """Let a partition wait at a record that only a newer program can read."""
        detail = f"partition {place.partition} of {place.topic} waits at {offset}: {newer}"
        if self._next.get(place) == offset and place not in self._waiting:
            _log.error("newer_version", detail=detail)
        self._waiting.add(place)
        self._consumer.pause(place)
        self._health.failed(self._newer_component, detail)

    @property
    def _newer_component(self) -> str:
        return f"version of {self._feed.name}"

    def _explained(self, place: Any, wanted: int, found: int) -> bool:  # noqa: ANN401  # as above
        """Whether to go on behind a gap; says so loudly where something was lost."""
        with translated(f"the topic {place.topic}"):
            begins = self._consumer.beginning_offsets([place], timeout_ms=_ANSWER)
        if begins[place] < found:
            # some of it is still there, so the client has jumped; twice: that never was a record
            again = (place, wanted)
            twice = again in self._jumped
            (self._jumped.discard if twice else self._jumped.add)(again)
            if not twice or begins[place] <= wanted:
                return twice
        _log.error(
            "records_lost",
            topic=place.topic,
            partition=place.partition,
            first=wanted,
            last=found - 1,
            detail="the broker deleted them before they were read: lengthen kafka.retention, and "
            "see why the alerter was away or behind for so long",
        )
        self._metrics.offset_gap()
        return True

    # -- how far ---------------------------------------------------------------------------

    def _look(self) -> None:
        """Look how far the partitions reach: for lag, and to know that brokers answer."""
        now = stopwatch()
        if now - self._looked < _LOOK_EVERY:
            return
        mine = sorted(self._next)
        with translated(f"the topic {self._feed.topic}"):
            if mine:
                ends = self._consumer.end_offsets(mine, timeout_ms=_ANSWER)
            else:
                ends = {}
                self._consumer.partitions_for_topic(self._feed.topic)
        self._looked = now
        self._wants = not mine and self._share.wanted is None
        for place in mine:
            if place in self._next:
                left = max(0, ends[place] - self._next[place])
                self._wants |= left > 0 and place not in self._waiting
                oldest = self._oldest.get(place.partition, self._clock.now())
                self._metrics.partition_lag(self._feed.name, place.partition, left, oldest)
        shown = {place.partition for place in mine}
        for partition in self._shown - shown:
            self._metrics.partition_gone(self._feed.name, partition)
        self._shown = shown
