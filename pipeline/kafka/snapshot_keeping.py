"""Takes a snapshot of all rows once a day, so that a brand can be folded again from one."""

from collections.abc import Callable
from typing import Final

import structlog

from pipeline.clock import Clock, stopwatch
from pipeline.errors import PipelineError
from pipeline.folding.changelog import ChangelogError
from pipeline.kafka.confirmed_writes import ConfirmedWrites
from pipeline.kafka.connection import Connection
from pipeline.kafka.looking import Bounds, Looker
from pipeline.kafka.snapshots import snapshots_topic, take_snapshots
from pipeline.settings.durations import DAY
from pipeline.settings.sections.kafka import KafkaSection

LOOK_EVERY: Final = 600.0
"""Seconds between two looks whether a day has passed."""
FIRST: Final = 60.0
"""Seconds after a start before the first: whoever starts has other things to do."""
_REST: Final = 1.0

_log = structlog.get_logger(__name__)


class SnapshotKeeper:
    """One step looks, and takes one where the last is a day old; used by one thread.

    `wanted` says whether it is ours to do: one process of all does it. What stands in the way is
    logged and tried again at the next look: nothing else depends on it.
    """

    def __init__(  # noqa: PLR0913  # what it reads, and when
        self,
        connection: Connection,
        section: KafkaSection,
        clock: Clock,
        wanted: Callable[[], bool],
        *,
        first: float = FIRST,
        every: float = LOOK_EVERY,
    ) -> None:
        self._every = every
        self._due = stopwatch() + first
        self._connection = connection
        self._section = section
        self._clock = clock
        self._wanted = wanted

    def step(self) -> float:
        """Look where it is time to; return the seconds to rest."""
        if not self._wanted() or stopwatch() < self._due:
            return _REST
        self._due = stopwatch() + self._every
        try:
            last = self.last()
            if last is None or self._clock.now() - last >= DAY:
                self._take()
        except (PipelineError, ChangelogError) as error:
            _log.warning("no_snapshot_taken", detail=str(error))
        return _REST

    def last(self) -> int | None:
        """When the last snapshot of any partition was written, by the broker; None: never."""
        topic = snapshots_topic(self._section)
        with Looker(self._connection) as looker:
            if not looker.has(topic):
                return None
            spans = {
                partition: Bounds(each.end - 1, each.end)
                for partition, each in looker.bounds(topic).items()
                if each.begin < each.end
            }
            return max((kept.at for kept in looker.records(topic, spans)), default=None)

    def _take(self) -> None:
        writes = ConfirmedWrites(
            self._connection, self._section.compression, "crisis-monitor-snapshots"
        )
        try:
            taken = take_snapshots(self._connection, self._section, writes)
        finally:
            writes.close()
        _log.info("snapshot_taken", partitions=len(taken), rows=sum(each.keys for each in taken))
