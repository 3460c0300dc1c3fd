"""What drives a brand's negatives, read from the mention store with bounded work.

However many mentions there are: at most about 10,000 rows of the span asked for and 20,000 of the
7 days before are touched, in even slices of time, each through the index of brand and time.
"""

from collections import Counter
from collections.abc import Iterator
from math import gcd

import structlog

from alerts.samples import Driver
from pipeline.clock import stopwatch
from pipeline.drivers import LIMIT, find_drivers
from pipeline.judging.scorer import Label
from pipeline.stores.masked import sample_of
from pipeline.stores.mentions import MentionFilter, MentionStore
from pipeline.wire import JudgedEntry

HISTORY = 7 * 24 * 60 * 60_000
"""How far back the usual talk is read."""
GAP = 3 * 60 * 60_000
"""The last hours before the span are read only where there is little else: it may have begun."""
NEGATIVES = 2_000
"""Negatives of the span that are read at most: the newest half, and a stride over the rest."""
USUAL = 4_000
"""Mentions of the days before that are read at most."""
_LITTLE = 200
_NEWEST_ROWS = 6_000
_SPAN_SLICES, _HISTORY_SLICES = 60, 336
_SLICE_ROWS = 60
_OTHERS_EVERY = 8
_SPAN_TEXT, _USUAL_TEXT = 400_000, 600_000
"""Characters read at most; behind the first 1,000 of a text nothing is read."""
_ORIGINALS = 10
_ANSWERED = 5
_GOLDEN = 0.6180339887498949

_log = structlog.get_logger(__name__)


def read_drivers(  # noqa: PLR0913, PLR0917  # what is asked for, and how long it may take
    store: MentionStore,
    brand: str,
    start: int,
    end: int,
    limit: int = LIMIT,
    patience: float = 30.0,
) -> tuple[Driver, ...]:
    """Return what drives the brand's negatives of `[start, end)` (event time, ms), strongest first.

    Of more than 2,000 negatives a part is read, and the counts are those of the part. After
    `patience` seconds the usual talk is taken for read; none are found where even the span took
    longer, and the log says so.
    """
    deadline = stopwatch() + patience
    said = _said(store, brand, start, end)
    if not said:
        return ()
    usual = _usual(store, brand, start, deadline)
    if usual is None:
        _log.warning("drivers left out: reading took too long", brand=brand, seconds=patience)
        return ()
    originals = _originals(store, brand, said)
    entries = {entry.mention.id: entry for entry in (*originals, *said)}
    return tuple(
        Driver(found.kind, found.phrase, found.count, sample_of(entries[found.mentions[0]]))
        for found in find_drivers(said, usual, names=(brand,), originals=originals, limit=limit)
    )


def _said(store: MentionStore, brand: str, start: int, end: int) -> list[JudgedEntry]:
    """Read the negatives of the span; of many the newest, and others evenly over it."""
    wanted = MentionFilter(brand, start, end, Label.NEGATIVE, own=False, late=False)
    said, rows = store.glance(wanted, rows=_NEWEST_ROWS, newest=True)
    half = NEGATIVES // 2
    if rows < _NEWEST_ROWS:
        if len(said) > NEGATIVES:
            said = [*said[:half], *_stride(said[half:], half)]
        return _readable(said, _SPAN_TEXT)
    said = said[:half]
    until = said[-1].mention.event_time if said else end
    older = [
        entry
        for entries in _slices(store, brand, (start, until), _SPAN_SLICES, Label.NEGATIVE)
        for entry in entries
    ]
    known = {entry.mention.id for entry in said}
    older = [entry for entry in older if entry.mention.id not in known]
    return _readable([*said, *_stride(older, half)], _SPAN_TEXT)


def _usual(
    store: MentionStore, brand: str, start: int, deadline: float
) -> list[JudgedEntry] | None:
    """Read the usual talk before the span, evenly; None where not even a part came in time."""
    usual: list[JudgedEntry] = []
    read = 0
    for since, until, slices in (
        (start - HISTORY, start - GAP, _HISTORY_SLICES),
        (start - GAP, start, 6),
    ):
        if until != start - GAP and len(usual) >= _LITTLE:
            break
        for entries in _slices(store, brand, (since, until), slices, Label.NEGATIVE, voices=True):
            usual += entries
            read += sum(min(len(entry.mention.text), 1_000) for entry in entries)
            if len(usual) >= USUAL or read >= _USUAL_TEXT:
                return usual
            if stopwatch() > deadline:
                return usual if len(usual) >= _LITTLE else None
    return usual


def _slices(  # noqa: PLR0913  # where from, how many, and which
    store: MentionStore,
    brand: str,
    span: tuple[int, int],
    count: int,
    label: Label,
    *,
    voices: bool = False,
) -> Iterator[list[JudgedEntry]]:
    """Give what is in even slices of a span, scattered, so that also a part of them is even.

    Of a slice with more than 60 mentions those behind a place of its own are read, so that not
    only what is said on the hour counts; of mentions of another label, with `voices`, an eighth.
    """
    since, until = span
    width = (until - since) / count
    step = next(
        each for each in range(max(1, int(count * _GOLDEN)), count + 2) if gcd(each, count) == 1
    )
    for place in range(count):
        index = place * step % count
        first, last = since + int(index * width), since + int((index + 1) * width)
        begin = first + int((index * _GOLDEN % 1) * (last - first))
        left = _SLICE_ROWS
        for low, high in ((begin, last), (first, begin)):
            wanted = MentionFilter(
                brand, low, high, label, own=False, late=False, voice=voices or None
            )
            entries, rows = store.glance(
                wanted, rows=left, others_every=_OTHERS_EVERY if voices else 0
            )
            left -= rows
            yield entries


def _originals(store: MentionStore, brand: str, said: list[JudgedEntry]) -> list[JudgedEntry]:
    """Read what the mentions answer or pass on, where several do and it is not among them."""
    known = {entry.mention.id for entry in said}
    asked: Counter[str] = Counter()
    for entry in said:
        mention = entry.mention
        asked.update({mention.conversation_id, mention.in_reply_to} - known - {""})
    return [
        original
        for name, count in asked.most_common(_ORIGINALS)
        if count >= _ANSWERED
        for original in store.show(name)
        if original.brand == brand
    ]


def _stride(entries: list[JudgedEntry], count: int) -> list[JudgedEntry]:
    return entries[:: max(1, -(-len(entries) // count))]


def _readable(entries: list[JudgedEntry], most: int) -> list[JudgedEntry]:
    """Return as many as have together so many characters to read, evenly chosen."""
    size = sum(min(len(entry.mention.text), 1_000) for entry in entries)
    return entries if size <= most else _stride(entries, max(1, len(entries) * most // size))
