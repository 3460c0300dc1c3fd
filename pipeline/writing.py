"""A writer of the mentions log: matches brands, packs envelopes, and says how far time is.

Pure: it gives records out; a shell appends them. In an event log there is one writer, and a
mention that opens a later bucket is preceded by a tick at that bucket's start. In a clock log
ticks come from the clock, by `tick`.
"""

from collections.abc import Iterable

import msgspec

from pipeline.brands import BrandMatcher
from pipeline.intake import Disposition
from pipeline.mention import Mention
from pipeline.partition import EVENT_GAP
from pipeline.wire import (
    MAX_ENTRIES,
    VERSION,
    Entry,
    Envelope,
    MentionsRecord,
    SourceTick,
    Tick,
    encode,
)

MAX_CHARACTERS = 120_000
"""Text of one envelope: at most 4 bytes a character, so that it stays below 512 KB."""


STRIDE = 15
"""Buckets that one tick of an event log closes at most, where nothing was said in between."""


class Appended(msgspec.Struct, frozen=True):
    """A record to be appended, how many mentions it holds, and to which partition."""

    body: bytes
    mentions: int
    partition: int = 0


class Mark(msgspec.Struct, frozen=True):
    """Where a writer stood before it took a batch."""

    time: int | None
    last_event: int | None
    sources: dict[str, int]
    delivered: dict[str, int]


class Writer:
    """Turns accepted mentions into records of the log, in the order in which they came."""

    def __init__(
        self, name: str, matcher: BrandMatcher, *, bucket: int, event_mode: bool, settings: str = ""
    ) -> None:
        self._name = name
        self._matcher = matcher
        self._bucket = bucket
        self._event_mode = event_mode
        self._settings = settings
        self._pending: list[Entry] = []
        self._characters = 0
        self._records: list[Appended] = []
        self._sources: dict[str, int] = {}
        self._delivered: dict[str, int] = {}
        self._time: int | None = None
        self._last_event: int | None = None

    @property
    def time(self) -> int | None:
        """The last tick."""
        return self._time

    def resume(self, records: Iterable[MentionsRecord]) -> None:
        """Take up where the log stands: its last tick and the records after it."""
        for record in records:
            if isinstance(record, Tick):
                if record.writer == self._name:
                    self._time = record.time
                    self._sources = {}
            elif record.writer == self._name:
                for entry in record.entries:
                    if entry.first:
                        self._note(entry.mention)

    def add(self, mention: Mention) -> Disposition:
        """Take one mention; its records come out at the next `take`."""
        concerns = self._matcher.match(mention)
        disposition = Disposition.ACCEPTED
        if self._event_mode:
            start = mention.event_time - mention.event_time % self._bucket
            if self._time is None or start > self._time:
                self._tick_up_to(start)
            elif start < self._time:
                disposition = Disposition.LATE
        self._note(mention)
        if not concerns:
            return Disposition.NO_BRAND
        self._characters += len(mention.text) * len(concerns)
        first = True
        for concern in concerns:
            self._pending.append(Entry(mention, concern.brand, concern.masks, concern.own, first))
            first = False
            if len(self._pending) >= MAX_ENTRIES:
                self._flush()
        if self._characters >= MAX_CHARACTERS:
            self._flush()
        return disposition

    def deliver(self, source: str, up_to: int) -> None:
        """Note that a source has given all it had before this instant."""
        self._delivered[source] = max(self._delivered.get(source, 0), up_to)

    def tick(self, now: int, *, catching_up: bool = False, retired: bool = False) -> None:
        """Say that everything accepted before `now` is in the log (clock logs)."""
        self._tick(now, catching_up=catching_up, retired=retired)

    def end_of_input(self) -> None:
        """Move an event log's time past the last mention."""
        if self._last_event is not None:
            start = self._last_event - self._last_event % self._bucket
            end = start + self._bucket
            if self._time is None or end > self._time:
                self._tick_up_to(end)

    def mark(self) -> Mark:
        """Where the writer stands, to come back to when its records could not be appended."""
        return Mark(self._time, self._last_event, dict(self._sources), dict(self._delivered))

    def back_to(self, mark: Mark) -> None:
        """Forget what was taken since the mark."""
        self._time = mark.time
        self._last_event = mark.last_event
        self._sources = dict(mark.sources)
        self._delivered = dict(mark.delivered)
        self._pending = []
        self._records = []
        self._characters = 0

    def take(self) -> list[Appended]:
        """The records to append, in order; none of them is given twice."""
        self._flush()
        records, self._records = self._records, []
        return records

    def _note(self, mention: Mention) -> None:
        source = mention.source
        self._sources[source] = self._sources.get(source, 0) + 1
        if self._last_event is None or mention.event_time > self._last_event:
            self._last_event = mention.event_time

    def _flush(self) -> None:
        if self._pending:
            envelope = Envelope(VERSION, self._name, self._settings, self._pending)
            self._records.append(Appended(encode(envelope), len(self._pending)))
            self._pending = []
            self._characters = 0

    def _tick_up_to(self, time: int) -> None:
        """Tick on the way, too, where silence is known, so that no tick is much work to fold."""
        last = self._time
        if last is not None and time - last <= EVENT_GAP:
            step = STRIDE * self._bucket
            for between in range(last + step, time, step):
                self._tick(between)
        self._tick(time)

    def _tick(self, time: int, *, catching_up: bool = False, retired: bool = False) -> None:
        self._flush()
        names = self._sources.keys() | self._delivered.keys()
        sources = {
            name: SourceTick(self._sources.get(name, 0), self._delivered.get(name))
            for name in sorted(names)
        }
        tick = Tick(VERSION, self._name, time, sources, catching_up, retired)
        self._records.append(Appended(encode(tick), 0))
        self._sources = {}
        self._delivered = {}
        self._time = time
