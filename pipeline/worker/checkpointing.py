"""One checkpoint: encoded in pieces, sent in its order, proven, and then what it made obsolete."""

import asyncio
from collections.abc import Iterable
from typing import Protocol

from pipeline.clock import stopwatch
from pipeline.folding.checkpoint import Ledger, Plan
from pipeline.folding.fold import Fold
from pipeline.worker.outputs import Sayings
from pipeline.worker.sender import Record
from pipeline.worker.tools import TURN, Tools

GARBAGE_AT_ONCE = 5_000
"""Keys deleted after one checkpoint at most."""


class Owner(Protocol):
    """Who owns a partition, and the proof that it still does."""

    generation: int
    member: str

    async def prove(self) -> None:
        """Return once it is proven; raise OwnershipLost, or another error when it is unknown."""


async def planned(fold: Fold, ledger: Ledger, folded: int) -> Plan:
    """Encode what changed since the last checkpoint; others get turns, the fold must rest."""
    draft = ledger.begin()
    row = fold.row()
    turn = stopwatch()
    for name, bucket in ledger.worth_merging(row.next_close or 0):
        draft.whole(name, fold.brands[name].seen.whole(bucket))
        turn = await _yielded(turn)
    for brand in fold.changed():
        draft.row(brand.row())
        for chunk in brand.seen.new_chunks():
            draft.chunk(brand.name, chunk)
        turn = await _yielded(turn)
    return draft.finish(folded, row, fold.digests_from)


async def send(  # noqa: PLR0913, PLR0917  # what is sent, where, and who says it may be
    tools: Tools, partition: int, owner: Owner, ledger: Ledger, plan: Plan, sayings: Sayings
) -> None:
    """Send outputs, rows, the partition's row; each confirmed before the next; then the proof.

    When it returns the checkpoint is for ever. When it raises, what became of it is unknown: the
    state is to be read anew.
    """
    began = stopwatch()
    topics = tools.topics
    sender = await tools.sender()
    try:
        await asyncio.gather(
            sender.send(topics.judged, partition, _values(sayings.judged)),
            sender.send(topics.signals, partition, _values(sayings.signal_records(plan.folded))),
            sender.send(topics.rejected, partition, _values(sayings.dead_records())),
        )
        await sender.send(topics.changelog, partition, plan.rows)
        await sender.send(topics.changelog, partition, [plan.last])
    except BaseException:
        tools.meter.checkpoint_failed()
        tools.give_up(sender)
        raise
    ledger.committed(plan)
    await owner.prove()
    ledger.proven()
    tools.meter.checkpointed(
        stopwatch() - began,
        (len(value) for key, value in plan.rows if key.startswith(b"b")),
        (len(value) for key, value in plan.rows if key.startswith(b"c")),
        len(plan.last[1]),
    )
    garbage = ledger.take_garbage(GARBAGE_AT_ONCE)
    if garbage:
        await sender.send(topics.changelog, partition, ((key, None) for key in garbage))


async def _yielded(since: float) -> float:
    if stopwatch() - since < TURN:
        return since
    await asyncio.sleep(0)
    return stopwatch()


def _values(bodies: Iterable[bytes]) -> list[Record]:
    return [(None, body) for body in bodies]
