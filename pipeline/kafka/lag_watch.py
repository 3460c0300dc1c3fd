"""Looks at the whole road's lag now and then, so that dead workers show, who say nothing."""

from collections.abc import Callable
from typing import Final

from pipeline.clock import Clock
from pipeline.errors import PipelineError
from pipeline.kafka.lag import Gauge
from pipeline.metrics.registry import Metrics

EVERY: Final = 15.0
"""Seconds between two looks."""
_OLDEST_ALONE: Final = 1


class LagWatch:
    """Tells metrics how far every reader is behind, as the brokers see it; used by one thread.

    `wanted` says whether to look at all: no longer while the process ends.
    """

    def __init__(
        self,
        gauge: Gauge,
        metrics: Metrics,
        clock: Clock,
        wanted: Callable[[], bool] = lambda: True,
    ) -> None:
        self._gauge = gauge
        self._metrics = metrics
        self._clock = clock
        self._wanted = wanted

    def step(self) -> float:
        """Look once; return the seconds to the next look. Brokers that are away are no news."""
        if not self._wanted():
            return EVERY
        try:
            found = self._gauge.measure(self._clock.now(), sample=_OLDEST_ALONE)
        except PipelineError:
            return EVERY
        for step in found.steps:
            self._metrics.lag(step.step, step.records, step.waited(found.now))
            self._metrics.partitions_unowned(step.step, len(step.unowned))
        return EVERY
