"""The HTTP door on a free port of this machine, over a log that is a list in memory."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager

from pipeline.clock import Clock, SystemClock
from pipeline.health import Health
from pipeline.intake import Batch, Disposition, Receipt
from pipeline.mention import Mention
from pipeline.metrics.registry import Metrics
from pipeline.services.server import HttpServer
from pipeline.sources.http.app import build_app
from pipeline.sources.http.settings import HttpSettings


class MemoryIntake:
    """Keeps what is handed over; answers at once unless `held`, and repeats first answers."""

    def __init__(self) -> None:
        self.batches: list[Batch] = []
        self.ended: list[str] = []
        self.wait: float | None = None
        self.failure: Exception | None = None
        self.judge: Callable[[Mention], Disposition] = lambda _: Disposition.ACCEPTED
        self.held: list[Callable[[], None]] | None = None
        self._answers: dict[str, bytes] = {}
        self._lock = threading.Lock()

    @property
    def mentions(self) -> list[Mention]:
        return [mention for batch in self.batches for mention in batch.mentions]

    def submit(self, batch: Batch, compose: Callable[[Receipt], bytes]) -> "Future[bytes]":
        future: Future[bytes] = Future()

        def commit() -> None:
            with self._lock:
                if self.failure is not None:
                    future.set_exception(self.failure)
                    return
                answer = self._answers.get(batch.request_id)
                if answer is None:
                    self.batches.append(batch)
                    answer = compose(Receipt(tuple(map(self.judge, batch.mentions))))
                    if batch.request_id:
                        self._answers[batch.request_id] = answer
            future.set_result(answer)

        if self.held is None:
            commit()
        else:
            self.held.append(commit)
        return future

    def end_of_input(self, source: str) -> "Future[bytes]":
        future: Future[bytes] = Future()
        if self.failure is not None:
            future.set_exception(self.failure)
        else:
            self.ended.append(source)
            future.set_result(b"{}")
        return future

    def retry_after(self) -> float | None:
        return self.wait


class Door:
    """A running door, and what stands behind it."""

    def __init__(
        self, settings: HttpSettings, clock: Clock | None = None, head_time: int = 10_000
    ) -> None:
        self.intake = MemoryIntake()
        self.clock = clock or SystemClock()
        self.metrics = Metrics(self.clock)
        self.health = Health()
        self.app = build_app(
            self.intake,
            clock=self.clock,
            settings=settings,
            metrics=self.metrics,
            health=self.health,
        )
        self.server = HttpServer(self.app, "127.0.0.1", 0, head_time=head_time)
        self.server.start()

    @property
    def url(self) -> str:
        return self.server.url


@contextmanager
def a_door(
    settings: HttpSettings | None = None, clock: Clock | None = None, head_time: int = 10_000
) -> Iterator[Door]:
    door = Door(settings or HttpSettings(), clock, head_time)
    try:
        yield door
    finally:
        door.server.stop(2.0)
