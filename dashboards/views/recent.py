"""What is kept of one brand between two looks at the situation: its last day, as sums."""

from bisect import bisect_left

import msgspec

from dashboards.views.bands import count_band
from dashboards.views.steps import MINUTE
from detectors.observation import BucketState
from detectors.usual import Usual
from pipeline.stores import BucketTable
from pipeline.stores.buckets import Figures
from pipeline.wire import unpack_usual

HALF_HOUR = 30 * MINUTE
SLOTS = 48
QUARTER = 15 * MINUTE
WINDOW = 60 * MINUTE

_Slot = tuple[int | None, float | None]
_Sums = tuple[int, int, int, int, int, float, float, int]
"""Mentions, voices, negatives, scored; known time; expected voices and negatives (thousandths) of
the time in which something was learnt; the known time in which nothing was."""
_ZERO: _Sums = (0, 0, 0, 0, 0, 0.0, 0.0, 0)


class LastDay(msgspec.Struct, frozen=True):
    """One brand as of the closed time; see `situation.Row` for `spark` and `spark_high`.

    Counts are of the window's known time, `known` milliseconds; `usual` is what is expected of
    it, None while nothing is learnt. `quarters` are the negative voices of its last and last but
    one 15 minutes, None where these are not known. `state` is that of the last bucket, `as_of` the
    end of the last known one, `learnt` the time learnt from.
    """

    mentions: int = 0
    voices: int = 0
    negatives: int = 0
    scored: int = 0
    known: int = 0
    quarters: tuple[int, int] | None = None
    usual: Usual | None = None
    state: BucketState = BucketState.UNKNOWN
    as_of: int | None = None
    learnt: int = 0
    spark: tuple[int | None, ...] = (None,) * SLOTS
    spark_high: tuple[float | None, ...] = (None,) * SLOTS


NOTHING = LastDay()


class Recent:
    """Reads one brand's last day, and at the next look only what is new.

    Guarantees: what it tells depends on the bucket table and the closed time alone, never on
    earlier looks, and is what `Steps` makes of the same buckets. Between looks it keeps the half
    hours that are over and running sums at the ends of the last hour's buckets: any span's sums
    are the difference of two of them, so a look costs the same whatever was said.
    """

    __slots__ = (
        "_brand",
        "_ends",
        "_last",
        "_lengths",
        "_over",
        "_reached",
        "_starts",
        "_sums",
        "_told",
        "_unknown",
        "_usuals",
    )

    def __init__(self, brand: str) -> None:
        self._brand = brand
        self._reached: int | None = None
        self._told = NOTHING
        self._over: dict[int, _Slot] = {}
        self._begin()

    def _begin(self) -> None:
        self._over.clear()
        self._last: Figures | None = None
        self._usuals: list[tuple[int, ...]] = []
        self._lengths: list[int] = []
        self._starts: list[int] = []
        self._ends: list[int] = []
        self._sums: list[_Sums] = []
        self._unknown: list[tuple[int, int]] = []

    def read(self, table: BucketTable, closed: int | None) -> LastDay:
        """Tell the last day up to the closed time."""
        if closed is None or closed == self._reached:
            return self._told
        running = closed - closed % HALF_HOUR
        oldest = running - (SLOTS - 1) * HALF_HOUR
        new: list[Figures] = []
        if self._reached is None or not oldest <= self._reached < closed:
            self._begin()
            before = table.figures_before(self._brand, oldest)
            new = [] if before is None else [before]
        new += table.figures(self._brand, self._starts[-1] + 1 if self._starts else oldest, closed)
        for each in new:
            self._take(each, oldest)
        self._reached = closed
        last = self._last
        self._told = NOTHING if last is None else self._tell(closed, oldest, running, last)
        return self._told

    def _take(self, each: Figures, oldest: int) -> None:
        if self._last is None and each.start > oldest:
            self._unknown.append((oldest, each.start))
        sums = self._up_to(each.start)
        if each.state is BucketState.UNKNOWN:
            self._unknown.append((each.start, each.end))
        else:
            seen, usual = each.observation, each.usual
            mentions, voices, negatives, scored, known, expected, negative, bare = sums
            learnt = usual and usual[6]
            sums = (
                mentions + seen.mentions,
                voices + seen.voices,
                negatives + seen.negative_voices,
                scored + seen.scored_voices,
                known + each.length,
                expected + usual[0] if learnt else expected,
                negative + usual[2] if learnt else negative,
                bare if learnt else bare + each.length,
            )
        self._last = each
        self._usuals.append(each.usual)
        self._lengths.append(each.length)
        self._starts.append(each.start)
        self._ends.append(each.end)
        self._sums.append(sums)

    def _up_to(self, instant: int) -> _Sums:
        """The sums of all buckets that start before an instant, and of what was left out."""
        index = bisect_left(self._starts, instant) - 1
        if index < 0:
            return _ZERO
        sums = self._sums[index]
        gap = instant - self._ends[index]
        if gap <= 0:
            return sums
        mentions, voices, negatives, scored, known, expected, negative, bare = sums
        usual = self._usuals[index]
        if usual and usual[6]:
            expected += usual[0] * gap / self._lengths[index]
            negative += usual[2] * gap / self._lengths[index]
        else:
            bare += gap
        return (mentions, voices, negatives, scored, known + gap, expected, negative, bare)

    def _usual(self, end: int, expected: float, negative: float, bare: int) -> Usual | None:
        """The usual of a span that ends here, of which so much was expected."""
        index = bisect_left(self._starts, end) - 1
        if bare or index < 0:
            return None
        usual = unpack_usual(self._usuals[index])
        if usual is None or not usual.learnt:
            return None
        return msgspec.structs.replace(
            usual, voices=round(expected / 1000, 3), negatives=round(negative / 1000, 3)
        )

    def _is_unknown(self, start: int, end: int) -> bool:
        return any(begin < end and until > start for begin, until in self._unknown)

    def _tell(self, closed: int, oldest: int, running: int, last: Figures) -> LastDay:
        over = self._over
        for start in range(max(over, default=oldest - HALF_HOUR) + HALF_HOUR, running, HALF_HOUR):
            over[start] = self._slot(start, start + HALF_HOUR)
        while len(over) >= SLOTS:
            del over[next(iter(over))]
        slots = [*over.values(), self._slot(running, closed)]
        now = self._up_to(closed)
        half, quarter = self._up_to(closed - 2 * QUARTER), self._up_to(closed - QUARTER)
        first = self._up_to(closed - WINDOW)
        known = now[4] - first[4]
        unknown = last.state is BucketState.UNKNOWN and last.end >= closed
        usual = unpack_usual(last.usual)
        sure = not self._is_unknown(closed - 2 * QUARTER, closed)
        told = LastDay(
            now[0] - first[0],
            now[1] - first[1],
            now[2] - first[2],
            now[3] - first[3],
            known,
            (now[2] - quarter[2], quarter[2] - half[2]) if sure else None,
            self._usual(closed, now[5] - first[5], now[6] - first[6], now[7] - first[7])
            if known
            else None,
            last.state if last.end >= closed else BucketState.KNOWN,
            last.start if unknown else closed,
            0 if usual is None else usual.learnt + max(0, closed - last.end),
            tuple([voices for voices, _ in slots]),
            tuple([high for _, high in slots]),
        )
        self._forget(min(running, closed - WINDOW))
        return told

    def _slot(self, start: int, end: int) -> _Slot:
        if end <= start or self._is_unknown(start, end):
            return None, None
        first, last = self._up_to(start), self._up_to(end)
        usual = self._usual(end, last[5] - first[5], last[6] - first[6], last[7] - first[7])
        voices = last[1] - first[1]
        if usual is None:
            return voices, None
        return voices, count_band(usual.voices, usual.voices_size, last[4] - first[4]).high

    def _forget(self, needed: int) -> None:
        """Drop what no later look needs; of the buckets before it one stays as the ground."""
        cut = bisect_left(self._starts, needed) - 1
        if cut > 0:
            for each in (self._starts, self._ends, self._lengths):
                del each[:cut]
            del self._usuals[:cut], self._sums[:cut]
        self._unknown = [span for span in self._unknown if span[1] > needed]
