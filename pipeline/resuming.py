"""Where a writer that was killed stands: worked out from the ends of its partitions.

Pure. Each partition holds a prefix of what the writer meant to write there; the prefixes need not
end at one moment. What was confirmed to senders is in all of them; what was not, senders send again
in its order.
"""

from collections.abc import Iterable, Sequence

import msgspec

from pipeline.judging.copies import digest
from pipeline.mention import Mention
from pipeline.wire import NotingEnvelope, Tick

NOBODY = ""
"""Stands for the brand of a mention that concerns none."""

OwnRecord = NotingEnvelope | Tick
Key = tuple[int, str]


class Standing(msgspec.Struct):
    """What a writer needs to go on as if it had never stopped.

    `time`: the least of the partitions' last own ticks (None: one of them has none yet).
    `reached`: each partition's last own tick. `ticks`: those later than `time`, found in some
    partitions and to be written to the others as they are. `behind`: what was accepted, by source,
    after the greatest tick. `found`: how often each mention stands at the end of the log, by its
    key and brand; `late`: those of them that were late already when they were written.
    """

    time: int | None
    reached: list[int | None] = []
    ticks: dict[int, Tick] = {}
    behind: dict[str, int] = {}
    found: dict[Key, int] = {}
    late: set[int] = set()
    last_event: int | None = None

    def take_found(self, key: int, brand: str) -> bool:
        """Whether this mention stands there for this brand and was not asked for since."""
        count = self.found.get((key, brand), 0)
        if not count:
            return False
        if count == 1:
            del self.found[key, brand]
        else:
            self.found[key, brand] = count - 1
        return True


def key_of(mention: Mention) -> int:
    """Eight bytes by which a mention that is sent again is known.

    Source, id and event time: a second mention with the same of all three would be a repeat or
    late, whatever else it says, so passing over it takes nothing away.
    """
    return digest(f"{mention.source}\0{mention.id}\0{mention.event_time}")


def standing_of(
    writer: str, tails: Sequence[Iterable[OwnRecord]], bucket: int, cut: Sequence[bool] = ()
) -> Standing:
    """Work out where `writer` stands.

    Of each partition the records from the last own tick that all of them hold on, in their order
    (all of them when one holds none), and before it so many that what was never confirmed is
    among them. Other writers' records are passed over. `cut` says which partitions lost their
    ticks to retention: those lack nothing.
    """
    own = [[each for each in tail if each.writer == writer] for tail in tails]
    reached = [_last_tick(tail) for tail in own]
    greatest = max((time for time in reached if time is not None), default=None)
    for partition, is_cut in enumerate(cut):
        if is_cut:
            reached[partition] = greatest
    known = [time for time in reached if time is not None]
    time = min(known) if len(known) == len(reached) and known else None
    standing = Standing(time, reached)
    for tail in own:
        at: int | None = None
        for record in tail:
            if isinstance(record, Tick):
                at = record.time
                if time is None or at > time:
                    standing.ticks[at] = record
            else:
                _take(standing, record, at, behind=at == greatest, bucket=bucket)
    return standing


def _last_tick(tail: Sequence[OwnRecord]) -> int | None:
    return next((each.time for each in reversed(tail) if isinstance(each, Tick)), None)


def _take(
    standing: Standing, record: NotingEnvelope, at: int | None, *, behind: bool, bucket: int
) -> None:
    for entry in record.entries:
        mention = entry.mention
        key = key_of(mention)
        _count(standing.found, (key, entry.brand))
        if at is not None and mention.event_time - mention.event_time % bucket < at:
            standing.late.add(key)
        if behind and entry.first:
            standing.behind[mention.source] = standing.behind.get(mention.source, 0) + 1
        _heard(standing, mention.event_time)
    for source, keys in record.nobody.items():
        for key in keys:
            _count(standing.found, (key, NOBODY))
        if behind:
            standing.behind[source] = standing.behind.get(source, 0) + len(keys)
        _heard(standing, record.last_event)


def _heard(standing: Standing, event_time: int) -> None:
    if standing.last_event is None or event_time > standing.last_event:
        standing.last_event = event_time


def _count(found: dict[Key, int], key: Key) -> None:
    found[key] = found.get(key, 0) + 1
