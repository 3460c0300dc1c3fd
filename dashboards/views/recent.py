"""What is kept of one brand between two looks at the situation: its last day, as sums."""

from bisect import bisect_left

import msgspec

from dashboards.views.bands import count_band
from dashboards.views.steps import MINUTE, Steps
from detectors.observation import BucketState
from detectors.usual import Usual
from pipeline.stores import BucketTable
from pipeline.stores.buckets import Figures
from pipeline.wire import unpack_usual

HALF_HOUR = 30 * MINUTE
SLOTS = 48
QUARTER = 15 * MINUTE
WINDOW = 60 * MINUTE

Slot = tuple[int | None, float | None]
"""A half hour's voices and the upper end of their band; None where that is not known."""


class LastDay(msgspec.Struct, frozen=True):
    """One brand as of the closed time.

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
    slots: tuple[Slot, ...] = ((None, None),) * SLOTS


NOTHING = LastDay()


class Recent:
    """Reads one brand's last day, and at the next look only what is new.

    Guarantees: what it tells depends on the bucket table and the closed time alone, never on
    earlier looks; between looks it keeps half hours that are over and the last hour's buckets.
    """

    __slots__ = ("_before", "_brand", "_kept", "_over", "_reached", "_seen", "_told")

    def __init__(self, brand: str) -> None:
        self._brand = brand
        self._kept: list[Figures] = []
        self._before: Figures | None = None
        self._over: dict[int, Slot] = {}
        self._seen = 0
        self._reached: int | None = None
        self._told = NOTHING

    def read(self, table: BucketTable, closed: int | None) -> LastDay:
        """Tell the last day up to the closed time, which never goes back."""
        if closed is None or closed == self._reached:
            return self._told
        running = closed - closed % HALF_HOUR
        oldest = running - (SLOTS - 1) * HALF_HOUR
        first = self._first_open(oldest)
        if self._reached is None or self._reached < oldest:
            self._over.clear()
            self._seen = first = oldest
            self._kept = []
            self._before = table.figures_before(self._brand, oldest)
        self._reached = closed
        self._kept += table.figures(self._brand, self._seen, closed)
        if self._kept:
            self._seen = self._kept[-1].start + 1
        self._told = self._tell(closed, first, running)
        self._forget(oldest, min(running, closed - WINDOW))
        return self._told

    def _first_open(self, oldest: int) -> int:
        return max(self._over, default=oldest - HALF_HOUR) + HALF_HOUR

    def _tell(self, closed: int, first: int, running: int) -> LastDay:
        self._over.update(self._slots(first, running, closed))
        hour = self._steps(closed - WINDOW, QUARTER, WINDOW // QUARTER, closed)
        last = self._kept[-1] if self._kept else self._before
        if last is None:
            return NOTHING
        oldest = running - (SLOTS - 1) * HALF_HOUR
        slots = tuple(self._over[oldest + each * HALF_HOUR] for each in range(SLOTS))
        del self._over[running]  # it is still running
        states = hour.states()[-2:]
        unknown = last.state is BucketState.UNKNOWN and last.end >= closed
        usual = unpack_usual(last.usual)
        return LastDay(
            sum(hour.mentions),
            sum(hour.voices),
            sum(hour.negatives),
            sum(hour.scored),
            sum(hour.known),
            None if BucketState.UNKNOWN in states else (hour.negatives[-1], hour.negatives[-2]),
            _together(hour.usual(), hour.known),
            last.state if last.end >= closed else BucketState.KNOWN,
            last.start if unknown else closed,
            0 if usual is None else usual.learnt + max(0, closed - last.end),
            slots,
        )

    def _slots(self, first: int, running: int, closed: int) -> list[tuple[int, Slot]]:
        steps = self._steps(first, HALF_HOUR, (running - first) // HALF_HOUR + 1, closed)
        slots = []
        for index, (state, usual) in enumerate(zip(steps.states(), steps.usual(), strict=True)):
            voices = high = None
            if state is not BucketState.UNKNOWN:
                voices = steps.voices[index]
                if usual is not None:
                    high = count_band(usual.voices, usual.voices_size, steps.known[index]).high
            slots.append((first + index * HALF_HOUR, (voices, high)))
        return slots

    def _steps(self, start: int, step: int, count: int, closed: int) -> Steps:
        cut = bisect_left(self._kept, start, key=_start)
        before = self._kept[cut - 1] if cut else self._before
        return Steps(start, step, count).fill(before, self._kept[cut:], closed)

    def _forget(self, oldest: int, needed: int) -> None:
        cut = bisect_left(self._kept, needed, key=_start)
        if cut:
            self._before = self._kept[cut - 1]
            del self._kept[:cut]
        for start in [each for each in self._over if each < oldest]:
            del self._over[start]


def _start(figures: Figures) -> int:
    return figures.start


def _together(quarters: list[Usual | None], known: list[int]) -> Usual | None:
    """The usual of all known time; None where of some of it nothing is learnt."""
    parts = [each for each, time in zip(quarters, known, strict=True) if time]
    learnt = [each for each in parts if each is not None]
    if not learnt or len(learnt) < len(parts):
        return None
    return msgspec.structs.replace(
        learnt[-1],
        voices=sum(each.voices for each in learnt),
        negatives=sum(each.negatives for each in learnt),
    )
