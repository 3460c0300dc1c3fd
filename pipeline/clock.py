"""The one place that reads a clock."""

import time
from typing import Protocol


class Clock(Protocol):
    """Tells `now`; tests drive one of their own."""

    def now(self) -> int:
        """Milliseconds since 1970-01-01 UTC."""
        ...


class SystemClock:
    """The machine's wall clock."""

    def now(self) -> int:
        """Milliseconds since 1970-01-01 UTC."""
        return time.time_ns() // 1_000_000


def stopwatch() -> float:
    """Seconds on a clock that never jumps: for rates and spans, not for dates."""
    return time.monotonic()
