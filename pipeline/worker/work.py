"""One partition's life at one worker: take up, fold, checkpoint, and again after any failure.

What was folded but not confirmed is kept as it came. So any failure (a broker, a record at which
folding raises, a checkpoint of unknown outcome) is answered alike: the state is dropped, read
again from the changelog, and what came since is folded again. Nothing is acknowledged before its
checkpoint is confirmed and proven.
"""

import asyncio
from collections import deque

import msgspec
import structlog

from pipeline.clock import stopwatch
from pipeline.errors import EnvironmentProblem, LogCorrupt, LogMismatch, PipelineError
from pipeline.folding.changelog import ChangelogError, NewerChangelogError
from pipeline.folding.checkpoint import NOTHING, Ledger, recover
from pipeline.folding.fold import Fold
from pipeline.worker.checkpointing import Owner, planned, send
from pipeline.worker.folding import Folding, Item, Unfoldable
from pipeline.worker.ownership import OwnershipLost
from pipeline.worker.tools import TURN, Tools

_log = structlog.get_logger(__name__)

EVERY = 1.0
"""Seconds between checkpoints of a partition under load."""
SOON = 0.2
"""Seconds between them when there is little to do: what was said is known at once."""
LITTLE = 400
"""Mentions since the last checkpoint that are little."""
MANY = 5_000
"""Mentions after which a checkpoint is made, however soon."""
MOST = 20_000
"""Mentions folded and not confirmed: more wait, so that memory and replays stay bounded."""
FIRST_PAUSE = 0.5
LONGEST_PAUSE = 10.0
FILL_AT_ONCE = 200
SILENT = 15.0
"""Seconds without a record after which the topic itself is asked; ticks come every few seconds."""
NO_END = 1 << 62


class Kept(msgspec.Struct, frozen=True):
    """A partition's state between two generations, everything of it confirmed and proven."""

    fold: Fold
    ledger: Ledger
    at: int


class PartitionWork:
    """Owns one partition from `run` until it returns."""

    def __init__(
        self, partition: int, owner: Owner, tools: Tools, kept: Kept | None = None
    ) -> None:
        self.partition = partition
        self._owner = owner
        self._tools = tools
        self._fold: Fold | None = None
        self._ledger: Ledger | None = None
        self._at = NOTHING
        self._read_at: int | None = None
        self._attempt = -1
        self._queue: deque[Item] = deque()
        self._taken: deque[Item] = deque()
        self._uncommitted = 0
        self._folding = Folding(partition, tools)
        self._wake = asyncio.Event()
        self._ending = False
        self._ailing = False
        self._known_topic = False
        self._sending: asyncio.Task[None] | None = None
        self._last = stopwatch()
        self._heard = stopwatch()
        self._name = f"partition {partition}"
        if kept is not None:
            self._fold, self._ledger, self._at = kept.fold, kept.ledger, kept.at
            self._attempt = 0
            tools.meter.recovered(partition, kept.fold, 0.0)

    # -- what others ask -------------------------------------------------------------------

    @property
    def backlog(self) -> int:
        """Records that wait to be folded."""
        return len(self._queue)

    @property
    def folded(self) -> int:
        """The offset of the last record folded."""
        return self._at

    @property
    def read_at(self) -> int | None:
        """When the last record folded was written, in ms: none that waits is older."""
        return self._read_at

    def put(self, item: Item) -> None:
        """Take a record in, in the order of its partition."""
        self._queue.append(item)
        self._heard = stopwatch()
        self._wake.set()

    async def end(self, within: float, *, drain: bool = False) -> Kept | None:
        """Stop folding, confirm what was folded, and give the state out; None when it cannot be.

        `drain`: fold first what waits, for at most half the time.
        """
        if drain:
            await self._drained(within / 2)
        self._ending = True
        self._wake.set()
        while self._running:
            try:
                await asyncio.wait_for(asyncio.shield(self._done.wait()), within)
            except TimeoutError:
                return None
        ledger, fold = self._ledger, self._fold
        if ledger is None or fold is None or not ledger.ready or self._taken:
            return None
        return Kept(fold, ledger, self._at)

    # -- its life --------------------------------------------------------------------------

    _running = False

    async def run(self) -> None:
        """Work until `end`, or until ownership is lost; raises only when cancelled."""
        self._done = asyncio.Event()
        self._running = True
        try:
            await self._live()
        finally:
            self._running = False
            if self._sending is not None:
                self._sending.cancel()
            self._done.set()

    async def _live(self) -> None:
        pause = FIRST_PAUSE
        while not (self._ending and self._fold is None):
            try:
                if self._fold is None or self._ledger is None:
                    await self._take_up()
                    pause = FIRST_PAUSE
                else:
                    self._turn_ledger(self._ledger)
                await self._work()
            except OwnershipLost as error:
                _log.warning("ownership_lost", partition=self.partition, reason=str(error))
                self._drop()
                return
            except Unfoldable:
                await self._await_sending()
                self._drop()
            except PipelineError as error:
                self._drop()
                if not error.retryable:
                    self._tools.health.failed(self._name, str(error))
                    self._tools.fatal(error)
                    return
                pause = await self._rest(pause, str(error))
            except Exception as error:  # noqa: BLE001  # whatever a client raises: begin anew
                self._drop()
                _log.warning(
                    "partition_taken_up_anew",
                    partition=self.partition,
                    error=type(error).__name__,
                    detail=str(error)[:300],
                    exc_info=not _is_of_kafka(error),
                )
                pause = await self._rest(pause, f"{type(error).__name__}: {error}"[:300])
            else:
                return

    async def _rest(self, pause: float, detail: str) -> float:
        self._ailing = True
        self._tools.health.failed(self._name, f"nothing is acknowledged; trying again: {detail}")
        if not self._ending:
            await asyncio.sleep(pause)
        return min(pause * 2, LONGEST_PAUSE)

    def _drop(self) -> None:
        """Forget the state; what came since the last checkpoint is to be folded again."""
        if self._sending is not None:
            self._sending.cancel()
            self._sending = None
        self._fold = None
        self._ledger = None
        self._queue.extendleft(reversed(self._taken))
        self._taken.clear()
        self._uncommitted = 0
        self._folding.forget()

    async def _await_sending(self) -> None:
        sending, self._sending = self._sending, None
        if sending is not None:
            await asyncio.wait([sending])
            if not sending.cancelled() and sending.exception() is None:
                self._confirmed()

    def _turn_ledger(self, ledger: Ledger) -> None:
        generation = self._owner.generation
        if ledger.epoch.generation != generation:
            epoch = msgspec.structs.replace(ledger.epoch, generation=generation, attempt=0)
            ledger.turn(epoch, self._owner.member)

    # -- taking up -------------------------------------------------------------------------

    async def _take_up(self) -> None:
        began = stopwatch()
        self._attempt += 1
        health = self._tools.health
        if not self._ailing:
            health.expect(self._name, "its state is being read from the changelog")
        found, records = await self._tools.read_latest(self._tools.topics.changelog, self.partition)
        try:
            standing = await asyncio.to_thread(
                recover, found, self._owner.generation, self._owner.member, self._attempt
            )
            del found
            self._fold = await asyncio.to_thread(
                self._tools.make_fold, self.partition, standing.partition, standing.rows()
            )
        except NewerChangelogError as error:
            raise LogMismatch(
                f"partition {self.partition} of {self._tools.topics.changelog}: {error}"
            ) from error
        except ChangelogError as error:
            raise LogCorrupt(
                f"partition {self.partition} of {self._tools.topics.changelog}: {error}"
            ) from error
        await self._same_topic(standing.folded)
        self._ledger = standing.ledger
        self._at = standing.folded
        self._last = stopwatch()
        self._tools.meter.recovered(self.partition, self._fold, stopwatch() - began)
        if not self._ailing:
            health.well(self._name)
        _log.info(
            "partition_taken_up",
            partition=self.partition,
            epoch=str(self._ledger.epoch),
            folded=self._at,
            brands=standing.brands,
            rows_read=records,
            seconds=round(stopwatch() - began, 3),
        )

    async def _same_topic(self, folded: int) -> None:
        """Raise LogMismatch where the rows hold more than their topic has ever had."""
        if folded != NOTHING:
            first = folded + 1
            found, _ = await self._tools.read_range(
                self._tools.topics.mentions, self.partition, first, first, 1
            )
            self._check_end(found.end, folded)

    def _check_end(self, end: int, folded: int) -> None:
        """What comes to a topic made anew would be taken for replays: acknowledged, not folded."""
        if end <= folded:
            topics = self._tools.topics
            raise LogMismatch(
                f"partition {self.partition} of {topics.mentions} ends at {end}, but "
                f"{topics.changelog} holds what was folded up to {folded}: the topic was deleted "
                "and made anew, or brokers lost its end. Nothing of it is acknowledged. Restore "
                "all topics from one backup, or begin anew: another kafka.prefix (or delete all "
                "topics of this one, the changelog too), fresh stores, crisis-monitor kafka setup"
            )

    # -- folding ---------------------------------------------------------------------------

    async def _work(self) -> None:
        while True:
            if self._sending is not None and self._sending.done():
                await self._sent()
            if not self._ending and self._uncommitted < MOST:
                await self._fold_some()
            if self._sending is None:
                if self._due():
                    await self._checkpoint()
                elif self._ending:
                    return
            self._tell()
            if self._idle():
                await self._wait()
                await self._look_for_more()
            else:
                await asyncio.sleep(0)

    def _idle(self) -> bool:
        if self._sending is not None and self._sending.done():
            return False
        if self._ending:
            return self._sending is not None
        return not self._queue or self._uncommitted >= MOST

    async def _wait(self) -> None:
        self._wake.clear()
        if self._queue and not self._ending and self._uncommitted < MOST:
            return
        waiting = None
        if self._taken and self._sending is None:
            pace = SOON if self._uncommitted <= LITTLE else EVERY
            waiting = max(0.0, pace - (stopwatch() - self._last))
        try:
            await asyncio.wait_for(self._wake.wait(), waiting if waiting is not None else 1.0)
        except TimeoutError:
            return

    def _due(self) -> bool:
        if not self._taken:
            return False
        if self._ending or self._uncommitted >= MANY:
            return True
        since = stopwatch() - self._last
        if since >= EVERY:
            return True
        return since >= SOON and self._uncommitted <= LITTLE and not self._queue

    async def _fold_some(self) -> None:
        fold, ledger = self._fold, self._ledger
        if fold is None or ledger is None or not self._queue:
            return
        began, judging = stopwatch(), self._tools.judging()
        records = mentions = replayed = 0
        while self._queue and self._uncommitted < MOST and stopwatch() - began < TURN:
            item = self._queue[0]
            if item.offset <= self._at:
                if not self._known_topic:
                    await self._same_topic(self._at)
                    self._known_topic = True
                self._queue.popleft()
                replayed += 1
                if item.offset <= ledger.folded and item.acknowledge is not None:
                    item.acknowledge()
                continue
            if item.offset > self._at + 1:
                await self._fill(item.offset)
                item = self._queue[0]
            self._known_topic = False
            folded = self._folding.fold(fold, item)
            mentions += folded
            self._uncommitted += folded
            self._queue.popleft()
            self._taken.append(item)
            self._at = item.offset
            self._read_at = item.at
            records += 1
        if replayed:
            self._tools.meter.recognised(replayed)
        if records:
            judged = self._tools.judging() - judging
            self._tools.meter.folded(mentions, stopwatch() - began, judged)

    async def _look_for_more(self) -> None:
        """Ask the topic itself when the stream has been silent for long: it may have stopped."""
        if self._queue or self._taken or self._ending or stopwatch() - self._heard < SILENT:
            return
        self._heard = stopwatch()
        offsets, found = await self._tools.read_range(
            self._tools.topics.mentions, self.partition, self._at + 1, NO_END, FILL_AT_ONCE
        )
        self._check_end(offsets.end, self._at)
        if found and not self._queue:
            self._heard = 0.0  # there may be more
            self._queue.extend(Item(offset, value) for offset, value in found)
            _log.warning(
                "stream_was_silent", partition=self.partition, read_by_hand=len(found), at=self._at
            )

    async def _fill(self, until: int) -> None:
        """Put what the stream passed over before the first of the queue."""
        first = self._at + 1
        offsets, found = await self._tools.read_range(
            self._tools.topics.mentions, self.partition, first, until, FILL_AT_ONCE
        )
        lost = min(offsets.start, until) - first
        if lost > 0 and self._at != NOTHING:
            self._tools.meter.gap()
            _log.error(
                "mentions_are_gone",
                partition=self.partition,
                first=first,
                records=lost,
                detail="the broker deleted them before they were folded: raise kafka.retention, "
                "or add workers",
            )
        self._queue.extendleft(Item(offset, value) for offset, value in reversed(found))
        if not found:
            self._at = until - 1  # marks of transactions, or what retention took

    # -- checkpoints -----------------------------------------------------------------------

    async def _checkpoint(self) -> None:
        fold, ledger = self._fold, self._ledger
        if fold is None or ledger is None:
            return
        self._last = stopwatch()
        plan = await planned(fold, ledger, self._at)
        self._uncommitted = 0
        self._sending = asyncio.create_task(
            send(self._tools, self.partition, self._owner, ledger, plan, self._folding.said())
        )
        self._sending.add_done_callback(lambda _: self._wake.set())

    async def _sent(self) -> None:
        sending, self._sending = self._sending, None
        if sending is not None:
            await sending
            self._confirmed()

    def _confirmed(self) -> None:
        """Acknowledge what the last checkpoint holds."""
        ledger = self._ledger
        if ledger is None:
            return
        while self._taken and self._taken[0].offset <= ledger.folded:
            item = self._taken.popleft()
            self._folding.settled(item.offset)
            if item.acknowledge is not None:
                item.acknowledge()
        self._ailing = False
        self._tools.health.well(self._name)

    def _tell(self) -> None:
        if self._fold is not None:
            self._tools.meter.tell(self.partition, self._fold)

    async def _drained(self, within: float) -> None:
        until = stopwatch() + within
        while self._queue and self._fold is not None and stopwatch() < until:  # noqa: ASYNC110  # a second at the end of a life
            await asyncio.sleep(0.01)


def _is_of_kafka(error: Exception) -> bool:
    return isinstance(error, TimeoutError | EnvironmentProblem) or type(
        error
    ).__module__.startswith(("aiokafka", "kafka"))
