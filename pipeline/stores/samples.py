"""Samples for a page: a few telling negatives, masked, with their channels and languages."""

import threading
from collections import Counter, OrderedDict

from alerts.samples import Samples
from detectors.reading import Rule
from pipeline.judging.scorer import Label
from pipeline.log import SqliteLog
from pipeline.stores.drivers import read_drivers
from pipeline.stores.masked import sample_of
from pipeline.stores.mentions import MentionFilter, MentionStore
from pipeline.wire import JudgedEntry

RECENT = 15 * 60_000
LOOK_BACK = 60 * 60_000
READ = 400
REMEMBERED = 1_000


class MentionSamples:
    """The mention store as a page asks it; implements alerts.samples.SampleSource; thread-safe."""

    def __init__(self, log: SqliteLog, store: MentionStore) -> None:
        self._log = log
        self._store = store
        self._lock = threading.Lock()
        self._wanted: OrderedDict[tuple[str, int], int] = OrderedDict()

    def samples(self, brand: str, rule: Rule, around: int, limit: int) -> Samples | None:
        """At most `limit` negatives of the 15 minutes before, else of the hour.

        None while the store lags behind.
        """
        if rule is Rule.BLINDNESS:
            return Samples()
        with self._lock:
            if self._store.offset < self._needed(brand, around):
                return None
            found = self._negatives(brand, around - RECENT, around)
            if len({entry.copy for entry in found}) < limit:
                found = self._negatives(brand, around - LOOK_BACK, around)
        return Samples(
            tuple(sample_of(entry) for entry in telling(found, limit)),
            tuple(Counter(entry.judgement.language or "unknown" for entry in found).most_common(4)),
            tuple(Counter(entry.mention.channel or "unnamed" for entry in found).most_common(4)),
            read_drivers(self._store, brand, around - LOOK_BACK, around),
        )

    def _negatives(self, brand: str, since: int, until: int) -> list[JudgedEntry]:
        wanted = MentionFilter(brand, since, until, Label.NEGATIVE, own=False, late=False)
        return self._store.find(wanted, limit=READ)

    def _needed(self, brand: str, around: int) -> int:
        """How far the store must have read: to what was judged when it was first asked."""
        asked = (brand, around)
        if asked not in self._wanted:
            self._wanted[asked] = self._log.judged_end
            if len(self._wanted) > REMEMBERED:
                self._wanted.popitem(last=False)
        return self._wanted[asked]


def telling(entries: list[JudgedEntry], limit: int) -> list[JudgedEntry]:
    """The voices heard furthest, then the most negative, then the newest; each text once."""
    ranked = sorted(
        entries,
        key=lambda entry: (
            entry.voice,
            entry.mention.reach + entry.mention.engagement,
            -entry.judgement.score,
            entry.mention.event_time,
        ),
        reverse=True,
    )
    chosen: dict[int, JudgedEntry] = {}
    for entry in ranked:
        if len(chosen) == limit:
            break
        chosen.setdefault(entry.copy, entry)
    return list(chosen.values())
