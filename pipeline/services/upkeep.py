"""How long the stores of a road apart keep things; its topics are the brokers' to shorten."""

from collections.abc import Callable
from typing import Final

from pipeline.clock import Clock, stopwatch
from pipeline.settings.sections.storage import StorageSection
from pipeline.stores.buckets import BucketTable
from pipeline.stores.mentions import MentionStore
from pipeline.stores.place import Place
from pipeline.stores.rejected import RejectedStore

HOUR: Final = 60 * 60
FIRST: Final = 5 * 60
"""Seconds after a start: also a program that is started often keeps no longer than it should."""
_LOOK_EVERY: Final = 1.0


class Upkeep:
    """Drops what is too old once an hour, while `wanted` says that it is ours to do.

    For stores whose time is the clock's. One thread uses it.
    """

    def __init__(
        self, place: Place, storage: StorageSection, clock: Clock, wanted: Callable[[], bool]
    ) -> None:
        self._mentions = MentionStore(place)
        self._buckets = BucketTable(place)
        self._rejected = RejectedStore(place)
        self._storage = storage
        self._clock = clock
        self._wanted = wanted
        self._due = stopwatch() + FIRST

    def step(self) -> float:
        """Drop what is due; return the seconds to rest."""
        if self._wanted() and stopwatch() >= self._due:
            self.drop()
            self._due = stopwatch() + HOUR
        return _LOOK_EVERY

    def drop(self) -> None:
        """Drop texts and dead letters that are too old, gather old minutes into hours."""
        now = self._clock.now()
        self._mentions.drop_before(now - self._storage.mentions_retention)
        self._rejected.drop_before(now - self._storage.mentions_retention)
        self._buckets.gather_before(now - self._storage.buckets_by_minute)

    def close(self) -> None:
        """Let the stores go."""
        for store in (self._mentions, self._buckets, self._rejected):
            store.close()
