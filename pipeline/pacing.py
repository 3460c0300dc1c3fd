"""History at a chosen speed."""

import time
from collections.abc import Callable, Iterator

from pipeline.clock import stopwatch
from pipeline.mention import Mention, Rejected

Chunks = Iterator[list[Mention | Rejected]]
STEP = 1_000
"""Mentions of one second of history go together."""


def paced(
    chunks: Chunks,
    speed: float,
    *,
    read: Callable[[], float] = stopwatch,
    wait: Callable[[float], None] = time.sleep,
) -> Chunks:
    """Give mentions when their time has come; `speed` is seconds of history a second.

    0 is as fast as possible. The first mention comes at once; one that is overdue does not wait.
    """
    if speed <= 0:
        yield from chunks
        return
    first: int | None = None
    began = read()
    for chunk in chunks:
        for group in _by_second(chunk):
            head = next((item for item in group if isinstance(item, Mention)), None)
            if head is not None:
                first = head.event_time if first is None else first
                due = (head.event_time - first) / 1000 / speed
                rest = began + due - read()
                if rest > 0:
                    wait(rest)
            yield group


def _by_second(chunk: list[Mention | Rejected]) -> Chunks:
    group: list[Mention | Rejected] = []
    second: int | None = None
    for item in chunk:
        if isinstance(item, Mention):
            its_second = item.event_time // STEP
            if second is not None and its_second != second and group:
                yield group
                group = []
            second = its_second
        group.append(item)
    if group:
        yield group
