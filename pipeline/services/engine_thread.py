"""The engine in a thread of its own: the door that sources knock at.

What is handed over is appended in the order of arrival, several batches in one transaction, and
answered for once it is on disk; folding goes on between.
"""

import queue
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future

import msgspec
import structlog

from pipeline.clock import Clock, stopwatch
from pipeline.embedded import Engine, Folded
from pipeline.errors import LogUnavailable, PipelineError
from pipeline.health import Health
from pipeline.intake import Batch, Receipt
from pipeline.services.pacemaker import Pacemaker

_log = structlog.get_logger(__name__)

MENTIONS_AT_ONCE = 5_000
BEHIND = 50_000
"""Mentions accepted but not folded above which senders are asked to wait."""
LOG, CLOCK = "log", "clock"
LOOK_EVERY = 5.0
UPKEEP_EVERY = 3_600.0
STOPS_WITHIN = 20.0
"""Seconds of a stop after which what is not folded stays in the log for the next start."""
QUEUED = 256
"""Batches waiting to be appended above which senders are asked to wait."""


class _Item(msgspec.Struct, frozen=True):
    batch: Batch | None
    compose: Callable[[Receipt], bytes]
    future: "Future[bytes]"


class EngineThread:
    """Runs an engine until it is stopped; implements the Intake."""

    def __init__(  # noqa: PLR0913  # what a running service listens to
        self,
        engine: Engine,
        clock: Clock,
        *,
        tick_every: int = 5_000,
        folded: Callable[[Folded, float], None] = lambda _, __: None,
        appended: Callable[[Sequence[Batch]], None] = lambda _: None,
        health: Health | None = None,
        beat: Callable[[], None] = lambda: None,
        upkeep: Callable[[], None] = lambda: None,
        behind: int = BEHIND,
    ) -> None:
        self._engine = engine
        self._clock = clock
        self._pace = Pacemaker(tick_every, engine.writer.time)
        self._health = health or Health()
        self._on_folded = folded
        self._on_appended = appended
        self._beat = beat
        self._upkeep = upkeep
        self._last_upkeep = self._last_look = stopwatch()
        self._behind_limit = behind
        self._queue: queue.SimpleQueue[_Item | None] = queue.SimpleQueue()
        self._behind = engine.log.mentions_behind(engine.folded)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="engine", daemon=True)
        self._clock_told = False
        self.failure: PipelineError | None = None
        """Why the engine cannot go on, None while it can."""

    # -- the door --------------------------------------------------------------------------

    def submit(self, batch: Batch, compose: Callable[[Receipt], bytes]) -> "Future[bytes]":
        """Hand a batch over; see Intake."""
        return self._put(_Item(batch, compose, Future()))

    def end_of_input(self, source: str) -> "Future[bytes]":  # noqa: ARG002  # one writer, one end
        """Move an event log's time past its last mention; see Intake."""
        return self._put(_Item(None, lambda _: b"{}", Future()))

    def retry_after(self) -> float | None:
        """Seconds to wait while more is accepted than folded; see Intake."""
        if self._behind > self._behind_limit or self._queue.qsize() > QUEUED:
            return 1.0
        return None

    def _put(self, item: _Item) -> "Future[bytes]":
        if self._stopping.is_set() or self.failure is not None:
            item.future.set_exception(
                self.failure or LogUnavailable("the engine is stopping; send this again")
            )
        else:
            self._queue.put(item)
        return item.future

    # -- its life --------------------------------------------------------------------------

    @property
    def behind(self) -> int:
        """Mentions accepted but not yet folded."""
        return self._behind

    @property
    def alive(self) -> bool:
        """Whether the engine goes on."""
        return self._thread.is_alive() and self.failure is None

    def start(self) -> None:
        """Fold what stands in the log, let time move on, and open the door."""
        self._thread.start()

    def stop(self) -> None:
        """Write what was handed over, fold it, say goodbye in the log, and end."""
        self._stopping.set()
        self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        try:
            self._catch_up()
            while not self._stopping.is_set():
                self._step(wait=True)
            while not self._queue.empty():
                self._step(wait=False)
            if not self._engine.event_mode:
                now = self._pace.tick(self._clock.now(), stopwatch())
                self._engine.tick(now, retired=True)
            self._fold_all(until=stopwatch() + STOPS_WITHIN)
            self._engine.log.check_in_place()
        except PipelineError as error:
            self._fail(error)
        except Exception as error:  # noqa: BLE001  # the thread's last resort: said aloud, never swallowed
            _log.exception("engine_failed")
            self._fail(
                PipelineError(f"the engine failed: {error!r}; see the log, then start again")
            )

    def _catch_up(self) -> None:
        self._fold_backlog()
        if not self._engine.event_mode:
            self._tick()
            self._fold_backlog()

    def _fold_backlog(self) -> None:
        while not self._stopping.is_set() and self._fold_once():
            self._beat()

    def _step(self, *, wait: bool) -> None:
        items = self._take(wait=wait)
        if items:
            self._append(items)
        if not self._engine.event_mode and self._pace.rest(stopwatch()) <= 0:
            self._tick()
        self._fold_once()
        self._beat()
        self._look_after()

    def _look_after(self) -> None:
        now = stopwatch()
        if now - self._last_look >= LOOK_EVERY:
            self._last_look = now
            self._engine.log.check_in_place()
        if now - self._last_upkeep >= UPKEEP_EVERY:
            self._last_upkeep = now
            try:
                self._upkeep()
            except LogUnavailable as error:
                self._trouble("upkeep_failed", error)

    def _take(self, *, wait: bool) -> list[_Item]:
        items: list[_Item] = []
        mentions = 0
        pause = 0.0 if self._behind or not wait else self._until_tick()
        while mentions < MENTIONS_AT_ONCE:
            try:
                item = self._queue.get(timeout=pause) if pause else self._queue.get_nowait()
            except queue.Empty:
                break
            pause = 0.0
            if item is None:
                break
            items.append(item)
            mentions += len(item.batch.mentions) if item.batch else 0
        return items

    def _until_tick(self) -> float:
        if self._engine.event_mode:
            return 1.0
        return min(1.0, max(0.01, self._pace.rest(stopwatch())))

    def _append(self, items: list[_Item]) -> None:
        group: list[_Item] = []
        for item in items:
            if item.batch is None:
                self._append_group(group)
                group = []
                self._end_of_input(item)
            else:
                group.append(item)
        self._append_group(group)

    def _append_group(self, items: list[_Item]) -> None:
        if not items:
            return
        batches = [(item.batch, item.compose) for item in items if item.batch is not None]
        try:
            self._engine.log.check_in_place()
            answers = self._engine.submit_all(batches, self._clock.now())
        except PipelineError as error:
            self._trouble("append_failed", error)
            for item in items:
                item.future.set_exception(error)
            if not error.retryable:
                raise
            return
        self._health.well(LOG)
        self._behind += sum(len(batch.mentions) for batch, _ in batches)
        self._on_appended([batch for batch, _ in batches])
        for item, answer in zip(items, answers, strict=True):
            item.future.set_result(answer)

    def _end_of_input(self, item: _Item) -> None:
        try:
            if self._engine.event_mode:
                self._engine.end_of_input(self._clock.now())
        except PipelineError as error:
            item.future.set_exception(error)
            return
        item.future.set_result(item.compose(Receipt(())))

    def _tick(self) -> None:
        now = self._clock.now()
        time = self._pace.tick(now, stopwatch())
        self._tell_of_the_clock()
        try:
            self._engine.tick(time)
        except LogUnavailable as error:
            self._trouble("tick_failed", error)
        else:
            self._health.well(LOG)

    def _tell_of_the_clock(self) -> None:
        if not self._pace.is_wrong:
            self._health.well(CLOCK)
            return
        minutes = self._pace.ahead // 60_000
        detail = (
            f"the log is {minutes} min ahead of this machine's clock, which was wrong then or is "
            "wrong now; set the clock right, or begin a new directory with --data"
        )
        if not self._clock_told:
            _log.error("clock_behind_the_log", minutes=minutes)
        self._clock_told = True
        self._health.failed(CLOCK, detail)

    def _trouble(self, event: str, error: PipelineError) -> None:
        _log.error(event, error=str(error))  # its text says it all
        self._health.failed(LOG, str(error))

    def _fold_all(self, until: float) -> None:
        """Fold what stands in the log; what is left at `until` stays in it for the next start."""
        while stopwatch() < until and self._fold_once():
            self._beat()

    def _fold_once(self) -> bool:
        began = stopwatch()
        try:
            folded = self._engine.fold_some()
        except LogUnavailable as error:
            self._trouble("checkpoint_failed", error)
            self._stopping.wait(1.0)
            if self._stopping.is_set():
                raise
            return True
        if folded is None:
            self._behind = 0
            return False
        self._health.well(LOG)
        self._behind = max(0, self._behind - folded.mentions)
        self._on_folded(folded, stopwatch() - began)
        return True

    def _fail(self, error: PipelineError) -> None:
        self.failure = error
        self._health.failed("engine", str(error))
        _log.error("engine_stopped", error=str(error))
        while not self._queue.empty():
            item = self._queue.get_nowait()
            if item is not None:
                item.future.set_exception(error)
