"""Samples for a page: a few telling negatives, masked, with what drives them and where."""

import threading
from collections import Counter, OrderedDict
from typing import Protocol, runtime_checkable

import structlog

from alerts.samples import Driver, Samples
from detectors.reading import Rule
from pipeline.clock import stopwatch
from pipeline.judging.scorer import Label
from pipeline.placing import partition_of
from pipeline.stores.drivers import read_drivers
from pipeline.stores.masked import sample_of
from pipeline.stores.mentions import MentionFilter, MentionStore
from pipeline.wire import JudgedEntry

RECENT = 15 * 60_000
LOOK_BACK = 60 * 60_000
READ = 400
REMEMBERED = 1_000
WAIT = 5.0
"""Seconds a page may wait for what it shows, all in all."""
PATIENCE = 1.5
"""Seconds the search for drivers may take."""
_ASKED_ANEW = 60.0

_log = structlog.get_logger(__name__)


class Judged(Protocol):
    """Tells how far mentions are judged, in the offsets the mention store reads."""

    @property
    def judged_end(self) -> int:
        """The offset of the last envelope of judged mentions, 0 where there is none."""
        ...


@runtime_checkable
class JudgedEnds(Protocol):
    """The same of several partitions, at the moment of asking."""

    @property
    def partitions(self) -> int:
        """Into how many partitions brands are placed."""
        ...

    def judged_end_of(self, partition: int) -> int:
        """Give the offset of the last record there is; -1 where none is or nobody knows."""
        ...


class _OneLog:
    """The judged log of an embedded engine; implements `JudgedEnds`."""

    partitions = 1

    def __init__(self, log: Judged) -> None:
        self._log = log

    def judged_end_of(self, partition: int) -> int:
        """Give the end of the one log there is."""
        del partition
        return self._log.judged_end or -1


class MentionSamples:
    """The mention store as a page asks it; implements alerts.samples.SampleSource; thread-safe."""

    def __init__(self, log: Judged | JudgedEnds, store: MentionStore) -> None:
        self._ends = log if isinstance(log, JudgedEnds) else _OneLog(log)
        self._store = store
        self._lock = threading.Lock()
        self._wanted: OrderedDict[tuple[str, int], tuple[int, float]] = OrderedDict()
        self._drivers: OrderedDict[tuple[str, int], tuple[Driver, ...]] = OrderedDict()

    def samples(self, brand: str, rule: Rule, around: int, limit: int) -> Samples | None:
        """At most `limit` negatives of the 15 minutes before, else of the hour.

        None while the store lags behind.
        """
        if rule is Rule.BLINDNESS:
            return Samples()
        with self._lock:
            partition = partition_of(brand, self._ends.partitions)
            needed, asked_at = self._needed(brand, around, partition)
            if self._store.position(partition).offset < needed:
                return None
            found = self._negatives(brand, around - RECENT, around)
            if len({entry.copy for entry in found}) < limit:
                found = self._negatives(brand, around - LOOK_BACK, around)
            drivers = self._what_drives(brand, around, asked_at)
        return Samples(
            tuple(sample_of(entry) for entry in telling(found, limit)),
            tuple(Counter(entry.judgement.language or "unknown" for entry in found).most_common(4)),
            tuple(Counter(entry.mention.channel or "unnamed" for entry in found).most_common(4)),
            drivers,
        )

    def _negatives(self, brand: str, since: int, until: int) -> list[JudgedEntry]:
        wanted = MentionFilter(brand, since, until, Label.NEGATIVE, own=False, late=False)
        return self._store.find(wanted, limit=READ)

    def _what_drives(self, brand: str, around: int, asked_at: float) -> tuple[Driver, ...]:
        """What drives the last hour, found once for all receivers; nothing rather than late."""
        asked = (brand, around)
        known = self._drivers.get(asked)
        if known is not None:
            return known
        waited = stopwatch() - asked_at
        patience = PATIENCE if waited > _ASKED_ANEW else min(PATIENCE, WAIT - waited)
        if patience <= 0:
            _log.warning("a page goes without drivers: no time is left", brand=brand)
            return ()
        try:
            drivers = read_drivers(
                self._store, brand, around - LOOK_BACK, around, patience=patience
            )
        except Exception:  # noqa: BLE001  # a page does without what cannot be found
            _log.exception("a page goes without drivers: they could not be read", brand=brand)
            return ()
        self._drivers[asked] = drivers
        if len(self._drivers) > REMEMBERED:
            self._drivers.popitem(last=False)
        return drivers

    def _needed(self, brand: str, around: int, partition: int) -> tuple[int, float]:
        """How far the store must have read: to what was judged when first asked; and when."""
        asked = (brand, around)
        if asked not in self._wanted:
            self._wanted[asked] = (self._ends.judged_end_of(partition), stopwatch())
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
