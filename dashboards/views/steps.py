"""Closed buckets summed into steps: an accumulator that knows what is zero and what is unknown."""

from collections.abc import Iterable

import msgspec

from detectors.observation import BucketState
from detectors.usual import Usual
from pipeline.stores.buckets import Figures
from pipeline.wire import unpack_usual

MINUTE = 60_000
HOUR = 60 * MINUTE
STEPS = (
    MINUTE,
    5 * MINUTE,
    15 * MINUTE,
    30 * MINUTE,
    HOUR,
    2 * HOUR,
    6 * HOUR,
    24 * HOUR,
)
"""The lengths a step may have: each divides a day of UTC."""


def step_for(span: int, points: int, coarsest: int = 0) -> int:
    """Choose the shortest step of which at most `points` fill a span, not finer than what is kept.

    >>> [step_for(hours * HOUR, 300) // MINUTE for hours in (1, 6, 24, 168, 720)]
    [1, 5, 5, 60, 360]
    >>> step_for(HOUR, 300, coarsest=HOUR) // MINUTE
    60
    """
    for step in STEPS:
        if step >= coarsest and span <= step * max(1, points):
            return step
    return STEPS[-1]


class Steps:
    """Sums of buckets over `count` steps of `step` milliseconds from `start` on.

    Guarantees: what is left out between two buckets that are written, and from the last of them to
    the closed time, counts as known zeros at the usual of the bucket before; before the first, in
    unknown runs and after the closed time nothing is known. `known` is the known time of each
    step, in milliseconds; the sums are of that time.
    """

    __slots__ = (
        "_bare",
        "_blind",
        "_expected",
        "_expected_negatives",
        "_unknown",
        "_usual",
        "count",
        "delayed",
        "end",
        "known",
        "mentions",
        "negatives",
        "scored",
        "start",
        "step",
        "unique",
        "voices",
    )

    def __init__(self, start: int, step: int, count: int) -> None:
        self.start = start
        self.step = step
        self.count = count
        self.end = start + step * count
        self.mentions = [0] * count
        self.unique = [0] * count
        self.voices = [0] * count
        self.negatives = [0] * count
        self.scored = [0] * count
        self.delayed = [0] * count
        self.known = [0] * count
        self._expected = [0.0] * count
        self._expected_negatives = [0.0] * count
        self._usual: list[tuple[int, ...]] = [()] * count
        self._bare = [False] * count
        self._unknown = [False] * count
        self._blind = [False] * count

    def fill(self, before: Figures | None, found: Iterable[Figures], closed: int | None) -> "Steps":
        """Take the buckets of the range in order, and the last one `before` it."""
        at: int | None = None
        usual: tuple[int, ...] = ()
        length = MINUTE
        if before is not None:
            usual, length = before.usual, before.length
            at = self.start
            if before.end > at and before.state is BucketState.UNKNOWN:
                self._unknow(at, before.end)
                at = before.end
        for each in found:
            start = each.start
            if at is None:
                self._unknow(self.start, start)
            elif start > at:
                self._pass(at, start, usual, length)
            usual, length = each.usual, each.length
            self._take(each)
            at = max(at or 0, each.end)
        self._finish(at, closed or 0, usual, length)
        return self

    def _finish(self, at: int | None, closed: int, usual: tuple[int, ...], length: int) -> None:
        """Say what is known behind the last bucket, which ends `at`; None where there was none."""
        if at is None:
            self._unknow(self.start, self.end)
            return
        until = min(self.end, closed)
        if until > at:
            self._pass(at, until, usual, length)
        reached = max(at, until) - self.start
        self._unknow(self.start + reached + -reached % self.step, self.end)  # the next step on

    def states(self) -> list[BucketState]:
        """Whether each step's counts can be believed: a lower bound where a part is unknown."""
        return [
            BucketState.UNKNOWN
            if not known
            else BucketState.BLIND
            if blind or unknown
            else BucketState.KNOWN
            for unknown, known, blind in zip(self._unknown, self.known, self._blind, strict=True)
        ]

    def partly(self) -> list[bool]:
        """Whether a part of each step is unknown, and another known; not of the running step."""
        return [
            unknown and known > 0 for unknown, known in zip(self._unknown, self.known, strict=True)
        ]

    def usual(self) -> list[Usual | None]:
        """The last usual in each step; None where none, or not of all of it, was learnt.

        `voices` and `negatives` are what is expected of the step's known time.
        """
        return [
            None
            if bare or not packed or (usual := unpack_usual(packed)) is None
            else msgspec.structs.replace(
                usual, voices=round(voices / 1000, 3), negatives=round(negatives / 1000, 3)
            )
            for packed, bare, voices, negatives in zip(
                self._usual, self._bare, self._expected, self._expected_negatives, strict=True
            )
        ]

    def _take(self, each: Figures) -> None:
        if each.state is BucketState.UNKNOWN:
            self._unknow(each.start, each.end)
            return
        index = (each.start - self.start) // self.step
        sums = each.observation
        self.mentions[index] += sums.mentions
        self.unique[index] += sums.unique
        self.voices[index] += sums.voices
        self.negatives[index] += sums.negative_voices
        self.scored[index] += sums.scored_voices
        self.delayed[index] += sums.delayed
        self.known[index] += each.length
        if each.state is BucketState.BLIND:
            self._blind[index] = True
        usual = each.usual
        if usual and usual[6]:
            self._expected[index] += usual[0]
            self._expected_negatives[index] += usual[2]
            self._usual[index] = usual
        else:
            self._bare[index] = True

    def _pass(self, start: int, end: int, usual: tuple[int, ...], length: int) -> None:
        """Nothing was said in `[start, end)`, and that is known."""
        learnt = bool(usual and usual[6])
        start = max(start, self.start)
        while start < end:
            index = (start - self.start) // self.step
            until = min(end, self.start + (index + 1) * self.step)
            span = until - start
            self.known[index] += span
            if learnt:
                self._expected[index] += usual[0] * span / length
                self._expected_negatives[index] += usual[2] * span / length
                self._usual[index] = usual
            else:
                self._bare[index] = True
            start = until

    def _unknow(self, start: int, end: int) -> None:
        first = max(0, (start - self.start) // self.step)
        last = min(self.count, -(-(end - self.start) // self.step))
        for index in range(first, last):
            self._unknown[index] = True
