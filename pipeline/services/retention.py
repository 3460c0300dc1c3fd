"""How long things are kept: logs, texts, buckets."""

from pipeline.clock import Clock
from pipeline.embedded import Engine
from pipeline.settings.sections.storage import StorageSection
from pipeline.stores import BucketTable, MentionStore

HOUR = 60 * 60_000


class Retention:
    """Drops what is old once an hour, and nothing that somebody has yet to read.

    An event log is of another time than the clock's: there nothing is ever dropped. Each method
    is called by the thread that owns what it drops from.
    """

    def __init__(self, storage: StorageSection, clock: Clock, engine: Engine) -> None:
        self._storage = storage
        self._clock = clock
        self._engine = engine
        self._event_mode = engine.event_mode
        self._mentions_offset = 0
        self._buckets_offset = 0
        self._people_offset = 0
        now = clock.now()
        self._mentions_at = self._buckets_at = now

    def mentions_read(self, store: MentionStore) -> None:
        """Note how far the mention store has read; drop texts that are too old."""
        now = self._clock.now()
        if now - self._mentions_at >= HOUR and not self._event_mode:
            self._mentions_at = now
            self._mentions_offset = store.offset
            store.drop_before(now - self._storage.mentions_retention)

    def buckets_read(self, table: BucketTable) -> None:
        """Note how far the bucket table has read; gather old minutes into hours."""
        now = self._clock.now()
        if now - self._buckets_at >= HOUR and not self._event_mode:
            self._buckets_at = now
            self._buckets_offset = table.offset
            table.gather_before(now - self._storage.buckets_by_minute)

    def people_read(self, position: int) -> None:
        """Note how far the incident store has read."""
        self._people_offset = position

    def drop_from_log(self) -> None:
        """Drop old records of the logs; in the engine's thread, outside its transactions."""
        if self._event_mode:
            return
        before = self._clock.now() - self._storage.log_retention
        log = self._engine.log
        with log.transaction():
            log.drop_old(
                before, min(self._buckets_offset, self._people_offset), self._mentions_offset
            )
