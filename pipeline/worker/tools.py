"""What every partition of a worker works with."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from pipeline.clock import Clock
from pipeline.errors import PipelineError
from pipeline.folding.fold import Fold
from pipeline.folding.records import PartitionRow
from pipeline.health import Health
from pipeline.kafka.topics import Topics
from pipeline.metrics.worker import WorkerMeter
from pipeline.worker.reading import Range
from pipeline.worker.sender import Sender

TURN = 0.02
"""Seconds of work after which the other partitions get a turn."""


class MakeFold(Protocol):
    """Makes the fold of a partition, anew or from its rows; may take long, is thread-safe."""

    def __call__(self, partition: int, row: PartitionRow | None, brands: Any) -> Fold:  # noqa: ANN401
        """Make it."""


class Tools:
    """The same for all partitions of one process; `sender` is replaced after a failure."""

    def __init__(  # noqa: PLR0913  # everything from outside, in one place
        self,
        *,
        topics: Topics,
        event_mode: bool,
        clock: Clock,
        make_fold: MakeFold,
        make_sender: Callable[[], Sender],
        read_latest: Callable[[str, int], Awaitable[tuple[dict[bytes, bytes], int]]],
        read_range: Callable[
            [str, int, int, int, int], Awaitable[tuple[Range, list[tuple[int, bytes | None]]]]
        ],
        meter: WorkerMeter,
        judging: Callable[[], float],
        health: Health,
        fatal: Callable[[PipelineError], None],
    ) -> None:
        self.topics = topics
        self.event_mode = event_mode
        self.clock = clock
        self.make_fold = make_fold
        self.read_latest = read_latest
        self.read_range = read_range
        self.meter = meter
        self.judging = judging
        self.health = health
        self.fatal = fatal
        self._make_sender = make_sender
        self._sender: Sender | None = None
        self._making = asyncio.Lock()
        self._ending: set[asyncio.Task[None]] = set()

    async def sender(self) -> Sender:
        """Return the sender at hand, a new one after a failure."""
        async with self._making:
            if self._sender is None:
                sender = self._make_sender()
                await sender.start()
                self._sender = sender
            return self._sender

    def give_up(self, sender: Sender) -> None:
        """Make sure that a sender that failed is used no more; it ends when it can."""
        if self._sender is sender:
            self._sender = None
            ending = asyncio.create_task(sender.stop())
            self._ending.add(ending)
            ending.add_done_callback(self._ended)

    def _ended(self, ending: "asyncio.Task[None]") -> None:
        self._ending.discard(ending)
        if not ending.cancelled():
            ending.exception()  # it failed before: that it ends with an error is no news

    async def close(self) -> None:
        """Let connections go."""
        if self._sender is not None:
            await self._sender.stop()
            self._sender = None
        for ending in list(self._ending):
            ending.cancel()
