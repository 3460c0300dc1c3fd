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
from pipeline.intake import Batch, Receipt

_log = structlog.get_logger(__name__)

MENTIONS_AT_ONCE = 5_000
BEHIND = 50_000
"""Mentions accepted but not folded above which senders are asked to wait."""
UPKEEP_EVERY = 60 * 60_000
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
        beat: Callable[[], None] = lambda: None,
        upkeep: Callable[[], None] = lambda: None,
        behind: int = BEHIND,
    ) -> None:
        self._engine = engine
        self._clock = clock
        self._tick_every = tick_every
        self._on_folded = folded
        self._on_appended = appended
        self._beat = beat
        self._upkeep = upkeep
        self._last_upkeep = clock.now()
        self._behind_limit = behind
        self._queue: queue.SimpleQueue[_Item | None] = queue.SimpleQueue()
        self._behind = engine.log.mentions_behind(engine.folded)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="engine", daemon=True)
        self._last_tick = 0
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
                self._engine.tick(self._clock.now(), retired=True)
            self._fold_all()
        except PipelineError as error:
            self._fail(error)
        except Exception as error:  # noqa: BLE001  # the thread's last resort: said aloud, never swallowed
            _log.exception("engine_failed")
            self._fail(
                PipelineError(f"the engine failed: {error!r}; see the log, then start again")
            )

    def _catch_up(self) -> None:
        self._fold_all()
        if not self._engine.event_mode:
            self._tick()
            self._fold_all()

    def _step(self, *, wait: bool) -> None:
        items = self._take(wait=wait)
        if items:
            self._append(items)
        if not self._engine.event_mode and self._clock.now() - self._last_tick >= self._tick_every:
            self._tick()
        self._fold_once()
        self._beat()
        if self._clock.now() - self._last_upkeep >= UPKEEP_EVERY:
            self._last_upkeep = self._clock.now()
            self._upkeep()

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
        left = self._last_tick + self._tick_every - self._clock.now()
        return min(1.0, max(0.01, left / 1000))

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
            answers = self._engine.submit_all(batches, self._clock.now())
        except PipelineError as error:
            _log.error("append_failed", error=str(error))  # its text says it all
            for item in items:
                item.future.set_exception(error)
            if not error.retryable:
                raise
            return
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
        try:
            self._engine.tick(now)
        except LogUnavailable as error:
            _log.error("tick_failed", error=str(error))  # its text says it all
        self._last_tick = now

    def _fold_all(self) -> None:
        while self._fold_once():
            pass

    def _fold_once(self) -> bool:
        began = stopwatch()
        try:
            folded = self._engine.fold_some()
        except LogUnavailable as error:
            _log.error("checkpoint_failed", error=str(error))  # its text says it all
            self._stopping.wait(1.0)
            if self._stopping.is_set():
                raise
            return True
        if folded is None:
            self._behind = 0
            return False
        self._behind = max(0, self._behind - folded.mentions)
        self._on_folded(folded, stopwatch() - began)
        return True

    def _fail(self, error: PipelineError) -> None:
        self.failure = error
        _log.error("engine_stopped", error=str(error))
        while not self._queue.empty():
            item = self._queue.get_nowait()
            if item is not None:
                item.future.set_exception(error)
