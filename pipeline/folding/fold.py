"""The fold: from the mentions log's records to the signals and judged logs' records.

A pure function in all but form: the same records in the same order give the same outputs and the
same rows, in either engine, whatever the clock says and wherever it was stopped and taken up.
"""

from collections.abc import Callable, Iterable

from detectors.brand import Closing
from detectors.observation import NOTHING_SAID, Bucket, BucketState, Observation, SourceHearing
from pipeline.folding.brand import BrandFold, BrandRow
from pipeline.folding.listening import Listening
from pipeline.folding.partition import PartitionTime, Span
from pipeline.folding.records import PARTITION_ROW_VERSION, FoldSettings, Outputs, PartitionRow
from pipeline.folding.seasons import Seasons
from pipeline.folding.windows import SEEN_FOR, Chunk, Seen
from pipeline.judging.copies import digest, normalise
from pipeline.judging.judge import Judge
from pipeline.judging.scorer import Judgement
from pipeline.mention import Kind, Mention
from pipeline.wire import (
    VERSION,
    BucketRecord,
    Entry,
    Envelope,
    JudgedEntry,
    MentionsRecord,
    SignalRecord,
    Tick,
    TimeRecord,
    pack_reading,
    pack_usual,
)

ROW_EVERY = 60 * 60_000
"""A silent brand's row is written at least this often."""

_Planned = tuple[Entry, BrandFold, int, int, bool, bool, bool, bool]
"""A mention that is no repeat: bucket, copy, and whether voice, unique, delayed, late."""


class Fold:
    """One partition's state, moved by `apply`, emptied by `take`."""

    def __init__(
        self,
        settings: FoldSettings,
        judge: Judge,
        languages: Callable[[str], tuple[str, ...]],
        row: PartitionRow | None = None,
        brands: Iterable[tuple[BrandRow, list[Chunk]]] = (),
    ) -> None:
        self.settings = settings
        self._judge = judge
        self._languages = languages
        self._detection = settings.detection
        self._length = settings.detection.bucket
        self._lateness = 0 if settings.event_mode else settings.detection.allowed_lateness
        self._seasons = Seasons()
        self._brands: dict[str, BrandFold] = {}
        self._in_order = True
        self.late: dict[str, int] = {}
        """Late mentions by source, since this fold was made; for whoever watches."""
        self._changed: set[str] = set()
        self._out = Outputs()
        self._time = PartitionTime(event_mode=settings.event_mode)
        self._next_close: int | None = None
        self._unknown: list[Span] = []
        self._listening = Listening(settings.detection)
        if row is not None:
            self._restore(row, brands)

    # -- what it knows ---------------------------------------------------------------------

    @property
    def time(self) -> int | None:
        """How far the partition's time is."""
        return self._time.time

    def hearing(self) -> dict[str, SourceHearing]:
        """How far each source can be trusted, as of the last bucket closed."""
        return self._listening.hearing()

    def would_be_late(self, source: str, event_time: int) -> bool:
        """Whether a mention folded now would be late."""
        next_close = self._next_close
        if next_close is None or event_time >= next_close:
            return False
        return not self._within_delay(source, event_time)

    @property
    def digests_from(self) -> int:
        """Digests of buckets that start before this instant are no longer needed."""
        return 0 if self._next_close is None else self._next_close - SEEN_FOR + 1

    @property
    def brands(self) -> dict[str, BrandFold]:
        """The brands met or configured, by name."""
        return self._brands

    def take(self) -> Outputs:
        """What was said since the last call."""
        out, self._out = self._out, Outputs()
        return out

    def changed(self) -> list[BrandFold]:
        """The brands whose rows are to be written now."""
        names, self._changed = self._changed, set()
        return [self._brands[name] for name in sorted(names)]

    def row(self) -> PartitionRow:
        """The partition's row."""
        return PartitionRow(
            PARTITION_ROW_VERSION,
            self._time.time,
            self._time.greatest,
            self._next_close,
            self._time.writers,
            self._unknown,
            self._listening.state(),
        )

    # -- mentions --------------------------------------------------------------------------

    def apply(self, record: MentionsRecord) -> None:
        """Fold one record."""
        if isinstance(record, Envelope):
            self._fold_entries(record.entries)
        else:
            self._tick(record)

    def _fold_entries(self, entries: list[Entry]) -> None:
        length = self._length
        next_close = self._next_close
        brands = self._brands
        changed = self._changed
        plan: list[_Planned] = []
        texts: list[tuple[Mention, tuple[int, ...]]] = []
        languages: list[tuple[str, ...]] = []
        for entry in entries:
            mention = entry.mention
            brand = brands.get(entry.brand) or self._new_brand(entry.brand)
            changed.add(entry.brand)
            meet = brand.seen.meet
            event_time = mention.event_time
            bucket = event_time - event_time % length
            delayed = late = voice = unique = False
            id_digest = digest(f"i{mention.source}\0{mention.id}")
            if next_close is not None and bucket < next_close:
                if id_digest in brand.seen:
                    brand.totals.repeated += 1
                    continue
                delayed = self._within_delay(mention.source, event_time)
                late = not delayed
                bucket = next_close if delayed else bucket
            if not late and not meet(id_digest, bucket):
                brand.totals.repeated += 1
                continue
            text = normalise(mention.text)
            copy = digest("t" + text)
            if not late and not entry.own:
                author = mention.author
                name = author.id or author.handle
                unique = not text or meet(copy, bucket)
                new_author = not name or meet(digest(f"a{mention.channel}\0{name}"), bucket)
                voice = new_author and (unique or mention.kind is Kind.REPOST)
            plan.append((entry, brand, bucket, copy, voice, unique, delayed, late))
            texts.append((mention, entry.masks))
            languages.append(brand.languages)
        if plan:
            self._count(plan, self._judge.judge(texts, languages))

    def _count(self, plan: list[_Planned], judgements: list[Judgement]) -> None:
        judged = self._out.judged
        for (entry, brand, bucket, copy, voice, unique, delayed, late), judgement in zip(
            plan, judgements, strict=True
        ):
            own = entry.own
            if late:
                brand.totals.late += 1
                source = entry.mention.source
                self.late[source] = self.late.get(source, 0) + 1
            elif own:
                brand.count_own(bucket)
            else:
                brand.count(entry, judgement, bucket, voice=voice, unique=unique)
                if delayed:
                    brand.open[bucket].delayed += 1
                    brand.totals.delayed += 1
            judged.append(
                JudgedEntry(
                    entry.brand,
                    entry.mention,
                    judgement,
                    copy,
                    bucket,
                    voice,
                    own,
                    delayed,
                    late,
                    entry.masks,
                )
            )

    def _within_delay(self, source: str, event_time: int) -> bool:
        if self.settings.event_mode:
            return False
        allowed = self.settings.max_delay.get(source, self.settings.usual_delay)
        time = self._time.time
        return time is not None and time - event_time < allowed

    def _new_brand(self, name: str) -> BrandFold:
        zone = self.settings.brands.get(name, self.settings.zone)
        brand = BrandFold(name, zone, self._detection, self._next_close or 0, self._languages(name))
        self._brands[name] = brand
        self._in_order = False
        self._changed.add(name)
        return brand

    # -- time ------------------------------------------------------------------------------

    def _tick(self, tick: Tick) -> None:
        before = self._time.time
        self._hear(tick, before)
        unknown = self._time.tick(
            tick.writer, tick.time, catching_up=tick.catching_up, retired=tick.retired
        )
        if unknown is not None:
            # an event log's last bucket before a gap is known: its mentions said so
            known = self._length if self.settings.event_mode else 0
            self._unknown.append(Span(unknown.start + known, unknown.end))
        time = self._time.time
        if time is None or time == before:
            return
        if self._next_close is None:
            self._begin(time)
        self._close_until(time - self._lateness)
        self._out.signals.append(TimeRecord(VERSION, time))

    def _begin(self, time: int) -> None:
        starts = [start for brand in self._brands.values() for start in brand.open]
        self._next_close = min([time - time % self._length, *starts])
        for name in self.settings.brands:
            if name not in self._brands:
                self._new_brand(name)
        for brand in self._brands.values():
            brand.closed_up_to = self._next_close

    def _hear(self, tick: Tick, before: int | None) -> None:
        instant = before if self.settings.event_mode and before is not None else tick.time - 1
        bucket = instant - instant % self._length
        self._listening.hear(tick.sources, bucket)

    def _close_until(self, limit: int) -> None:
        length = self._length
        if not self._in_order:
            self._brands = dict(sorted(self._brands.items()))
            self._in_order = True
        while self._next_close is not None and self._next_close + length <= limit:
            start = self._next_close
            until = max(
                (
                    span.end
                    for span in self._unknown
                    if span.start < start + length and span.end > start
                ),
                default=None,
            )
            if until is None:
                self._close_known(start)
                self._next_close = start + length
            else:
                last = min(limit, until + length - 1)
                count = max(1, (last - start) // length)
                self._close_unknown(start, count)
                self._next_close = start + length * count
            self._forget(self._next_close)

    def _forget(self, next_close: int) -> None:
        keep = next_close - 2 * ROW_EVERY
        if self._unknown and self._unknown[0].end < keep:
            self._unknown = [span for span in self._unknown if span.end >= keep]

    def _close_known(self, start: int) -> None:
        length = self._length
        hearing, blind = self._close_sources(start, known=True)
        horizon = start + length - SEEN_FOR + 1
        written_before = start + length - ROW_EVERY
        silent: dict[int, Bucket] = {}
        cells = self._seasons
        changed = self._changed
        for brand in self._brands.values():
            cell = cells.cell(brand.zone, start)
            dark = bool(blind) and any(brand.hears(name) for name in blind)
            said = start in brand.open
            if said or dark:
                bucket = Bucket(
                    start,
                    length,
                    cell,
                    BucketState.BLIND if dark else BucketState.KNOWN,
                    brand.take(start),
                )
            else:
                known = silent.get(cell)
                if known is None:
                    known = silent[cell] = Bucket(start, length, cell)
                bucket = known
            was_open = brand.surge_open
            closing = brand.close(bucket, hearing)
            if said or dark or was_open or closing.open or closing.signals:
                self._emit(brand, bucket, closing)
                changed.add(brand.name)
            elif brand.written_up_to <= written_before:
                changed.add(brand.name)
            if brand.seen.forget_before(horizon):
                changed.add(brand.name)

    def _close_unknown(self, start: int, count: int) -> None:
        length = self._length
        end = start + length * count
        hearing, _ = self._close_sources(start, known=False, count=count)
        for brand in self._brands.values():
            begin = start
            for said in [*sorted(each for each in brand.open if each < end), end]:
                if said > begin:
                    self._close_run(brand, begin, (said - begin) // length, NOTHING_SAID, hearing)
                if said < end:
                    self._close_run(brand, said, 1, brand.take(said), hearing)
                begin = said + length
            brand.seen.forget_before(end - SEEN_FOR + 1)
            self._changed.add(brand.name)

    def _close_run(
        self,
        brand: BrandFold,
        start: int,
        count: int,
        observation: Observation,
        hearing: dict[str, SourceHearing],
    ) -> None:
        bucket = Bucket(
            start,
            self._length,
            self._seasons.cell(brand.zone, start),
            BucketState.UNKNOWN,
            observation,
            count,
        )
        self._emit(brand, bucket, brand.close(bucket, hearing))

    def _emit(self, brand: BrandFold, bucket: Bucket, closing: Closing) -> None:
        signals = self._out.signals
        signals.append(
            BucketRecord(
                VERSION,
                brand.name,
                bucket.start,
                bucket.length,
                bucket.count,
                bucket.state,
                bucket.observation,
                [pack_reading(reading) for reading in closing.readings],
                pack_usual(brand.detectors.usual(bucket)),
            )
        )
        signals.extend(SignalRecord(VERSION, signal) for signal in closing.signals)

    def _close_sources(
        self, start: int, *, known: bool, count: int = 1
    ) -> tuple[dict[str, SourceHearing], list[str]]:
        heard = self._listening.close(
            start,
            self._length * count,
            self._seasons.cell(self.settings.zone, start),
            known=known,
        )
        if self.settings.partition == 0:
            self._out.signals.extend(SignalRecord(VERSION, signal) for signal in heard.signals)
        return heard.hearing, heard.blind

    # -- coming back -----------------------------------------------------------------------

    def _restore(self, row: PartitionRow, brands: Iterable[tuple[BrandRow, list[Chunk]]]) -> None:
        self._time = PartitionTime(
            event_mode=self.settings.event_mode,
            time=row.time,
            greatest=row.greatest,
            writers=dict(row.writers),
        )
        self._next_close = row.next_close
        self._unknown = list(row.unknown)
        self._listening = Listening(self._detection, row.listening)
        for brand_row, chunks in brands:
            seen = Seen()
            seen.restore(chunks)
            zone = self.settings.brands.get(brand_row.brand, self.settings.zone)
            brand = BrandFold.from_row(
                brand_row, zone, self._detection, seen, self._languages(brand_row.brand)
            )
            self._brands[brand.name] = brand
            self._catch_up(brand)
        if self._next_close is not None:
            for name in self.settings.brands:
                if name not in self._brands:
                    self._new_brand(name)

    def _catch_up(self, brand: BrandFold) -> None:
        """Bring a silent brand's row to the partition's time: nothing was said since."""
        length = self._length
        while self._next_close is not None and brand.closed_up_to < self._next_close:
            start = brand.closed_up_to
            brand.close(Bucket(start, length, self._seasons.cell(brand.zone, start)), {})
        if self._next_close is not None:
            brand.seen.forget_before(self._next_close - SEEN_FOR + 1)
