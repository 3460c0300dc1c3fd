"""The partitions this worker owns now: begun, kept and given up as the group decides."""

import asyncio

import structlog

from pipeline.worker.folding import Item
from pipeline.worker.ownership import Ownership
from pipeline.worker.tools import Tools
from pipeline.worker.work import Kept, PartitionWork

_log = structlog.get_logger(__name__)

GIVE_UP_WITHIN = 4.0
"""Seconds in which a last checkpoint is made when the group rearranges itself."""


class Share:
    """Runs a task for each partition owned."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._works: dict[int, PartitionWork] = {}
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._kept: dict[int, Kept] = {}
        self._before: Ownership | None = None

    @property
    def works(self) -> dict[int, PartitionWork]:
        """The partitions at work."""
        return self._works

    def put(self, partition: int, item: Item) -> int:
        """Hand a record over; return how many wait there. Of what is not ours it takes none."""
        work = self._works.get(partition)
        if work is None:
            return 0
        work.put(item)
        return work.backlog

    def assign(self, partitions: set[int], ownership: Ownership) -> None:
        """Begin with these; what nobody else can have owned since goes on where it stood."""
        going_on = self._before is not None and ownership.follows(self._before)
        kept, self._kept = self._kept, {}
        self._before = ownership
        for partition in sorted(partitions):
            work = PartitionWork(
                partition, ownership, self._tools, kept.get(partition) if going_on else None
            )
            self._works[partition] = work
            self._tasks[partition] = asyncio.create_task(work.run(), name=f"partition {partition}")
        _log.info(
            "partitions_assigned",
            partitions=sorted(partitions),
            generation=ownership.generation,
            kept=sorted(partitions & kept.keys()) if going_on else [],
        )

    async def give_up(self, within: float = GIVE_UP_WITHIN, *, drain: bool = False) -> None:
        """Confirm what was folded, as far as that is possible now, and own nothing any more."""
        works, self._works = self._works, {}
        tasks, self._tasks = self._tasks, {}
        if not works:
            return
        ends = await asyncio.gather(
            *(work.end(within, drain=drain) for work in works.values()), return_exceptions=True
        )
        for partition, kept in zip(works, ends, strict=True):
            tasks[partition].cancel()
            if isinstance(kept, Kept):
                self._kept[partition] = kept
        await asyncio.gather(*tasks.values(), return_exceptions=True)
        for partition in works:
            self._tools.health.well(f"partition {partition}")
        _log.info("partitions_given_up", partitions=sorted(works), confirmed=sorted(self._kept))
