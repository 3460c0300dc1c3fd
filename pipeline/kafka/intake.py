"""The door between sources and the mentions topic: taken, written, and answered for once it stands.

Batches are written in the order of arrival. While nothing is under way a batch goes at once; while
something is, what comes meanwhile goes together: after 200 ms in a clock log, and in an event log
as soon as all before it is confirmed, so that a kill leaves little to be made up.
"""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from typing import Final

import msgspec
import structlog

from pipeline.clock import Clock, stopwatch
from pipeline.errors import BrokerUnavailable, LogUnavailable, PipelineError
from pipeline.health import Health
from pipeline.intake import Batch, Disposition, Receipt
from pipeline.kafka.answers import Answers
from pipeline.kafka.letters import dead_letter
from pipeline.kafka.producer import Producer, Record, Shipment
from pipeline.kafka.topics import Topics
from pipeline.kafka.watch import BROKER, Watch
from pipeline.lateness import Lateness
from pipeline.services.pacemaker import Pacemaker
from pipeline.writing import Writer

_log = structlog.get_logger(__name__)

AT_ONCE: Final = 2_000
"""Mentions that go together; a batch of more goes alone."""
GATHERS: Final = 0.2
"""Seconds for which batches are gathered while others are under way."""
LOOKS: Final = 0.5
STOPS_WITHIN: Final = 20.0


class _Item(msgspec.Struct, frozen=True):
    """One batch, or the end of input, and who waits for it."""

    batch: Batch | None
    compose: Callable[[Receipt], bytes]
    outcome: "Future[bytes]"
    at: float

    @property
    def weight(self) -> int:
        """What it counts for in the buffer."""
        if self.batch is None:
            return 0
        return len(self.batch.mentions) + len(self.batch.rejected)


class KafkaIntake:
    """Writes to the mentions and rejected topics until it is stopped; implements the Intake.

    `buffer` mentions are kept while no broker answers; what comes beyond is refused, and nothing
    that was taken is ever dropped. The outcome of a batch is known once every record of it is
    confirmed; a request id given again within a day gets the first answer (in memory, bounded).
    """

    def __init__(  # noqa: PLR0913  # what a running service listens to
        self,
        writer: Writer,
        topics: Topics,
        clock: Clock,
        producer: Callable[[Callable[[PipelineError], None]], Producer],
        *,
        partitions: int,
        event_mode: bool,
        buffer: int = 50_000,
        lateness: Lateness | None = None,
        tick_every: int = 5_000,
        health: Health | None = None,
        written: Callable[[Batch], None] = lambda _: None,
        waiting: Callable[[int], None] = lambda _: None,
        beat: Callable[[], None] = lambda: None,
        check: Callable[[dict[tuple[str, int], int]], None] = lambda _: None,
    ) -> None:
        self._writer = writer
        self._topics = topics
        self._clock = clock
        self._partitions = partitions
        self._event_mode = event_mode
        self._buffer = buffer
        self._lateness = lateness or Lateness()
        self._pace = Pacemaker(tick_every, writer.time)
        self._health = health or Health()
        self._watch = Watch(self._health, buffer)
        self._on_written = written
        self._on_waiting = waiting
        self._beat = beat
        self._check = check
        self._change = threading.Condition()
        self._queue: deque[_Item] = deque()
        self._queued = 0
        self._unconfirmed = 0
        self._under_way: dict[Shipment, list[_Item]] = {}
        self._answers = Answers()
        self._stopping = False
        self.failure: PipelineError | None = None
        """Why nothing is written any more, None while it is."""
        self._producer = producer(self.fail)
        self._producer.on_wait = self._look
        for topic in (topics.mentions, topics.rejected):
            self._producer.partitions(topic)  # known from now on, also while no broker answers
        self._thread = threading.Thread(target=self._run, name="intake", daemon=True)

    # -- the door --------------------------------------------------------------------------

    def submit(self, batch: Batch, compose: Callable[[Receipt], bytes]) -> "Future[bytes]":
        """Hand a batch over; see Intake."""
        outcome: Future[bytes] = Future()
        outcome.set_running_or_notify_cancel()  # two may wait for it: neither can take it back
        item = _Item(batch, compose, outcome, stopwatch())
        with self._change:
            if batch.request_id:
                known = self._answers.find(batch.request_id)
                if known is not None:
                    return known
            refusal = self._refusal(item.weight)
            if refusal is None:
                if batch.request_id:
                    self._answers.begin(batch.request_id, outcome)
                self._put(item)
        if refusal is not None:
            outcome.set_exception(refusal)
        return outcome

    def end_of_input(self, source: str) -> "Future[bytes]":  # noqa: ARG002  # one writer, one end
        """Move an event log's time past its last mention; see Intake."""
        outcome: Future[bytes] = Future()
        outcome.set_running_or_notify_cancel()
        with self._change:
            refusal = self._refusal(0)
            if refusal is None:
                self._put(_Item(None, lambda _: b"{}", outcome, stopwatch()))
        if refusal is not None:
            outcome.set_exception(refusal)
        return outcome

    def retry_after(self) -> float | None:
        """Seconds to wait while brokers are slower than senders; see Intake.

        None while they are away: then `submit` refuses what does not fit, and says why.
        """
        return 1.0 if self._unconfirmed >= self._buffer and not self._watch.away else None

    @property
    def unconfirmed(self) -> int:
        """Mentions taken and not confirmed yet."""
        return self._unconfirmed

    def _refusal(self, weight: int) -> PipelineError | None:
        if self.failure is not None:
            return self.failure
        if self._stopping:
            return LogUnavailable("this process is stopping; send this again")
        if self._unconfirmed and self._unconfirmed + weight > self._buffer:
            why = "no broker answers" if self._watch.away else "the brokers are behind"
            return LogUnavailable(f"{why} and {self._unconfirmed} mentions wait; send this later")
        return None

    def _put(self, item: _Item) -> None:
        self._queue.append(item)
        self._queued += item.weight
        self._unconfirmed += item.weight
        self._on_waiting(self._unconfirmed)
        self._change.notify()

    # -- its life --------------------------------------------------------------------------

    def start(self) -> None:
        """Begin to write."""
        self._thread.start()

    def let_go(self) -> None:
        """Before a stop: whoever waits while no broker answers is told to send it again."""
        with self._change:
            left = [item for items in self._under_way.values() for item in items]
            left += self._queue
            away = self._watch.away
        if away:
            error = LogUnavailable("this process stops while no broker answers; send this again")
            for item in left:
                _tell(item, error)

    def stop(self, within: float = STOPS_WITHIN) -> None:
        """Write what was taken, say goodbye, and end; `failure` says what was not confirmed."""
        until = stopwatch() + within
        with self._change:
            self._stopping = True
            self._change.notify()
        if self._thread.is_alive():
            self._thread.join(within)
        self._producer.stop()
        confirmed = self._producer.close(max(0.1, until - stopwatch()))
        if not confirmed and self.failure is None:
            self.fail(
                BrokerUnavailable(
                    f"stopped while no broker answered: {self._unconfirmed} mentions are not "
                    "confirmed, and their senders do not take them for written: they send again"
                )
            )
        self._health.unwatch("intake")

    def _run(self) -> None:
        try:
            while True:
                items = self._next()
                if items:
                    self._ship(items)
                elif self._stopping:
                    break
                if not self._event_mode and self._pace.rest(stopwatch()) <= 0:
                    self._tick()
                self._look()
            if not self._event_mode:
                self._tick(retired=True)
        except PipelineError as error:
            self.fail(error)
        except Exception as error:  # noqa: BLE001  # the thread's last resort: said aloud, never swallowed
            _log.exception("intake_failed")
            self.fail(PipelineError(f"the intake failed: {error!r}; see the log, then start again"))

    def _next(self) -> list[_Item]:
        """Wait for something to do: batches that may go, a tick that is due, a look around."""
        with self._change:
            until = stopwatch() + self._until_tick()
            while not self._may_ship():
                rest = until - stopwatch()
                if rest <= 0 or (self._stopping and not self._queue) or self.failure is not None:
                    return []
                self._change.wait(rest if not self._queue else min(rest, GATHERS / 4))
            items: list[_Item] = []
            mentions = 0
            while self._queue and (not items or mentions + self._queue[0].weight <= AT_ONCE):
                item = self._queue.popleft()
                mentions += item.weight
                items.append(item)
            self._queued -= mentions
            return items

    def _may_ship(self) -> bool:
        if not self._queue:
            return False
        if not self._under_way:
            return True
        if self._event_mode:
            return False
        return self._queued >= AT_ONCE or stopwatch() - self._queue[0].at >= GATHERS

    def _until_tick(self) -> float:
        return LOOKS if self._event_mode else min(LOOKS, self._pace.rest(stopwatch()))

    def _ship(self, items: list[_Item]) -> None:
        self._check(self._producer.ends)
        now = self._clock.now()
        letters: list[Record] = []
        answers: list[bytes | Exception] = []
        for item in items:
            receipt = Receipt(self._write(item.batch, now, letters))
            try:
                answers.append(item.compose(receipt))
            except Exception as error:  # noqa: BLE001  # a fault of who asked; the rest goes on
                answers.append(error)
        self._send(letters, items, answers)

    def _write(
        self, batch: Batch | None, now: int, letters: list[Record]
    ) -> tuple[Disposition, ...]:
        if batch is None:
            if self._event_mode:
                self._writer.end_of_input()
            return ()
        if not batch.mentions and not batch.rejected and not self._event_mode:
            self._writer.deliver(batch.source, now)  # asked, and there was nothing
        letters += [
            dead_letter(rejected, now, self._topics, self._partitions)
            for rejected in batch.rejected
        ]
        add = self._writer.add
        if self._event_mode:
            return tuple([add(mention) for mention in batch.mentions])
        return tuple(
            [
                self._lateness.of(add(mention), mention, self._writer.time)
                for mention in batch.mentions
            ]
        )

    def _send(
        self, letters: list[Record], items: list[_Item], answers: Sequence[bytes | Exception]
    ) -> None:
        topic = self._topics.mentions
        records = [Record(topic, each.partition, each.body) for each in self._writer.take()]
        shipment = Shipment(lambda: self._confirmed(shipment, items, answers))
        with self._change:
            self._under_way[shipment] = items
        self._producer.send([*letters, *records], shipment)

    def _confirmed(
        self, shipment: Shipment, items: list[_Item], answers: Sequence[bytes | Exception]
    ) -> None:
        """Answer for what stands; called from the client's thread or our own."""
        now = stopwatch()
        with self._change:
            if self._under_way.pop(shipment, None) is None:
                return
            for item, answer in zip(items, answers, strict=True):
                self._unconfirmed -= item.weight
                request_id = item.batch.request_id if item.batch is not None else ""
                if request_id and isinstance(answer, bytes):
                    self._answers.keep(request_id, answer, now)
                elif request_id:
                    self._answers.forget(request_id)
            self._on_waiting(self._unconfirmed)
            self._change.notify()
        for item, answer in zip(items, answers, strict=True):
            _tell(item, answer)
            if item.batch is not None:
                self._on_written(item.batch)

    def _tick(self, *, retired: bool = False) -> None:
        time = self._pace.tick(self._clock.now(), stopwatch())
        self._watch.clock(self._pace)
        self._writer.tick(time, retired=retired)
        self._send([], [], [])

    def _look(self) -> None:
        self._beat()
        with self._change:
            oldest = min((each.since for each in self._under_way), default=None)
            waiting = self._unconfirmed
        self._watch.broker(0.0 if oldest is None else stopwatch() - oldest, waiting)

    def fail(self, error: PipelineError) -> None:
        """Give up: whoever waits is told; senders repeat, and a new start takes it up."""
        with self._change:
            if self.failure is not None:
                return
            self.failure = error
            left = [item for items in self._under_way.values() for item in items]
            left += self._queue
            self._under_way.clear()
            self._queue.clear()
            for item in left:
                if item.batch is not None and item.batch.request_id:
                    self._answers.forget(item.batch.request_id)
            self._change.notify()
        self._producer_stop()
        self._health.failed(BROKER, str(error))
        _log.error("intake_stopped", error=str(error))
        for item in left:
            _tell(item, error)

    def _producer_stop(self) -> None:
        producer = getattr(self, "_producer", None)  # not yet there while it is being made
        if producer is not None:
            producer.stop()


def _tell(item: _Item, answer: bytes | Exception) -> None:
    """End a wait, unless it was ended before."""
    with suppress(InvalidStateError):
        if isinstance(answer, bytes):
            item.outcome.set_result(answer)
        else:
            item.outcome.set_exception(answer)
