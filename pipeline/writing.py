"""A writer of the mentions log: matches brands, packs envelopes, and says how far time is.

Pure: it gives records out; a shell appends them, each to its partition and each partition's in
order. In an event log there is one writer, and a mention that opens a later bucket is preceded by
a tick at that bucket's start, in every partition. In a clock log ticks come from the clock.
"""

from collections.abc import Iterable

import msgspec

from pipeline.brands import BrandMatcher, Concern
from pipeline.folding.partition import EVENT_GAP
from pipeline.intake import Disposition
from pipeline.mention import Mention
from pipeline.placing import partition_of
from pipeline.resuming import NOBODY, Standing, key_of
from pipeline.wire import (
    MAX_ENTRIES,
    VERSION,
    Entry,
    Envelope,
    MentionsRecord,
    NotingEnvelope,
    SourceTick,
    Tick,
    encode,
)

MAX_CHARACTERS = 120_000
"""Text of one envelope: at most 4 bytes a character, so that it stays below 512 KB."""
MAX_BYTES = 512 * 1024
"""Of one envelope, with all that stands beside the texts; a single mention is always smaller."""

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
    """Turns accepted mentions into records of the log, in the order in which they came.

    With `noting`, what concerns no brand leaves a note in partition 0, so that a writer that was
    killed can be taken up with its very sums (`take_up`).
    """

    def __init__(  # noqa: PLR0913  # what stands in its records, and what decides their partition
        self,
        name: str,
        matcher: BrandMatcher,
        *,
        bucket: int,
        event_mode: bool,
        settings: str = "",
        partitions: int = 1,
        noting: bool = False,
    ) -> None:
        self._name = name
        self._matcher = matcher
        self._bucket = bucket
        self._event_mode = event_mode
        self._settings = settings
        self._partitions = partitions
        self._noting = noting
        self._pending: list[list[Entry]] = [[] for _ in range(partitions)]
        self._characters = [0] * partitions
        self._nobody: dict[str, list[int]] = {}
        self._records: list[Appended] = []
        self._sources: dict[str, int] = {}
        self._delivered: dict[str, int] = {}
        self._time: int | None = None
        self._last_event: int | None = None
        self._standing = Standing(None)

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

    def take_up(self, standing: Standing) -> None:
        """Take up where this writer was killed, each partition holding a prefix of its records.

        Guarantees: when what was not confirmed is added again in its order, every partition ends
        with the mentions and ticks it would have had undisturbed, each once. In a clock log the
        ticks that some partitions lack are written at once.
        """
        self._standing = standing
        self._time = standing.time
        self._last_event = standing.last_event
        if not standing.ticks:
            self._sources = dict(standing.behind)
            standing.reached = []
        elif not self._event_mode:
            self._tick_again(max(standing.ticks))

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
        if self._standing.found:
            return self._add_unwritten(mention, concerns, disposition)
        self._note(mention)
        if not concerns:
            self._note_nobody(mention)
            return Disposition.NO_BRAND
        self._pack(mention, concerns, concerns[0])
        return disposition

    def _add_unwritten(
        self, mention: Mention, concerns: tuple[Concern, ...], disposition: Disposition
    ) -> Disposition:
        """Add what does not stand in the log yet: some of it was written before the end."""
        key = key_of(mention)
        take_found = self._standing.take_found
        if not concerns:
            if not take_found(key, NOBODY):
                self._note(mention)
                self._note_nobody(mention)
            return Disposition.NO_BRAND
        missing = tuple([each for each in concerns if not take_found(key, each.brand)])
        if missing and missing[0] is concerns[0]:
            self._note(mention)
        elif key not in self._standing.late:
            disposition = Disposition.ACCEPTED
        self._pack(mention, missing, concerns[0])
        return disposition

    def _pack(self, mention: Mention, concerns: tuple[Concern, ...], first: Concern) -> None:
        length = len(mention.text)
        if self._partitions == 1:
            self._characters[0] += length * len(concerns)
            for concern in concerns:
                self._enter(0, mention, concern, first=concern is first)
            if self._characters[0] >= MAX_CHARACTERS:
                self._flush(0)
            return
        for concern in concerns:
            partition = partition_of(concern.brand, self._partitions)
            self._characters[partition] += length
            self._enter(partition, mention, concern, first=concern is first)
            if self._characters[partition] >= MAX_CHARACTERS:
                self._flush(partition)

    def _enter(self, partition: int, mention: Mention, concern: Concern, *, first: bool) -> None:
        pending = self._pending[partition]
        pending.append(Entry(mention, concern.brand, concern.masks, concern.own, first))
        if len(pending) >= MAX_ENTRIES:
            self._flush(partition)

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
        self._pending = [[] for _ in range(self._partitions)]
        self._nobody = {}
        self._records = []
        self._characters = [0] * self._partitions

    def take(self) -> list[Appended]:
        """The records to append, each partition's in order; none of them is given twice."""
        self._flush_all()
        records, self._records = self._records, []
        return records

    def _note(self, mention: Mention) -> None:
        source = mention.source
        self._sources[source] = self._sources.get(source, 0) + 1
        if self._last_event is None or mention.event_time > self._last_event:
            self._last_event = mention.event_time

    def _note_nobody(self, mention: Mention) -> None:
        if self._noting:
            self._nobody.setdefault(mention.source, []).append(key_of(mention))

    def _flush_all(self) -> None:
        for partition in range(self._partitions):
            self._flush(partition)

    def _flush(self, partition: int) -> None:
        entries = self._pending[partition]
        if partition == 0 and self._nobody:
            nobody, self._nobody = self._nobody, {}
            noting = NotingEnvelope(
                VERSION, self._name, self._settings, [], nobody, self._last_event or 0
            )
            self._records.append(Appended(encode(noting), 0))
        if entries:
            self._pending[partition] = []
            self._characters[partition] = 0
            self._write(partition, entries)

    def _write(self, partition: int, entries: list[Entry]) -> None:
        """Write an envelope, or two of half its entries when it would be too large."""
        body = encode(Envelope(VERSION, self._name, self._settings, entries))
        if len(body) <= MAX_BYTES or len(entries) == 1:
            self._records.append(Appended(body, len(entries), partition))
            return
        half = len(entries) // 2
        self._write(partition, entries[:half])
        self._write(partition, entries[half:])

    def _tick_up_to(self, time: int) -> None:
        """Tick on the way, too, where silence is known, so that no tick is much work to fold."""
        last = self._time
        if last is not None and time - last <= EVENT_GAP:
            step = STRIDE * self._bucket
            for between in range(last + step, time, step):
                self._tick(between)
        self._tick(time)

    def _tick(self, time: int, *, catching_up: bool = False, retired: bool = False) -> None:
        self._flush_all()
        if self._standing.ticks and self._tick_again(time):
            return
        names = self._sources.keys() | self._delivered.keys()
        sources = {
            name: SourceTick(self._sources.get(name, 0), self._delivered.get(name))
            for name in sorted(names)
        }
        self._write_tick(
            Tick(VERSION, self._name, time, sources, catching_up, retired, self._event_mode)
        )
        self._sources = {}
        self._delivered = {}

    def _tick_again(self, up_to: int) -> bool:
        """Write ticks found in some partitions to the others; true when `up_to` was among them."""
        standing = self._standing
        found = False
        for time in sorted(each for each in standing.ticks if each <= up_to):
            tick = standing.ticks.pop(time)
            self._write_tick(tick)
            found = time == up_to
            if standing.ticks:
                self._sources = {}
            else:
                self._sources = dict(standing.behind)
                standing.reached = []
        return found

    def _write_tick(self, tick: Tick) -> None:
        """Write it to every partition that has not reached it yet."""
        body = encode(tick)
        reached = self._standing.reached
        for partition in range(self._partitions):
            if reached:
                before = reached[partition]
                if before is not None and before >= tick.time:
                    continue
            self._records.append(Appended(body, 0, partition))
        self._time = tick.time
