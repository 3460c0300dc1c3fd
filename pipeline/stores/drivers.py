"""What drives a brand's negatives, read from the mention store with bounded work."""

from alerts.samples import Driver
from pipeline.drivers import LIMIT, find_drivers
from pipeline.judging.scorer import Label
from pipeline.stores.masked import sample_of
from pipeline.stores.mentions import MentionFilter, MentionStore

WEEK = 7 * 24 * 60 * 60_000
_NEGATIVES = 2_000
_BACKGROUND = 6_000


def read_drivers(
    store: MentionStore, brand: str, start: int, end: int, limit: int = LIMIT
) -> tuple[Driver, ...]:
    """Return what drives the brand's negatives of `[start, end)` (event time, ms)."""
    said = store.find(
        MentionFilter(brand, start, end, Label.NEGATIVE, own=False, late=False), limit=_NEGATIVES
    )
    if not said:
        return ()
    before = store.find(
        MentionFilter(brand, start - WEEK, start, own=False, late=False, voice=True),
        limit=_BACKGROUND,
    )
    entries = {entry.mention.id: entry for entry in said}
    return tuple(
        Driver(found.kind, found.phrase, found.count, sample_of(entries[found.mentions[0]]))
        for found in find_drivers(said, before, names=(brand,), limit=limit)
    )
