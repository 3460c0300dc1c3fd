"""The partitions of a signals log taken as one log, as if it had never been split."""

from collections import deque
from collections.abc import Iterable, Sequence
from itertools import groupby
from operator import itemgetter

import msgspec

from alerts.feed import FeedRecord, TimePassed
from detectors.reading import Rule
from detectors.signal import Signal


class Step(msgspec.Struct, frozen=True):
    """Time passes to `time` in every partition; `signals` came before that."""

    time: int
    signals: list[Signal]


class _Stretch(msgspec.Struct, gc=False):
    """Signals of one partition and the time that passed behind them.

    Once they are taken, all of the partition's log up to `offset` is.
    """

    signals: list[Signal]
    time: int
    offset: int


class Merge:
    """Holds what partitions say until the time of every one has passed it. Pure.

    However the partitions are read, in turn or one far ahead, the steps are the same: distinct
    times in rising order, with each the signals that stand before it in any partition, by bucket,
    sources first, then brands by name. A signal said again is given again (it is known by surge
    and seq to who applies it), a time said again is passed over.

    >>> merge = Merge([-1, -1], None)
    >>> merge.read(0, [(0, TimePassed(60)), (1, TimePassed(120))])
    >>> merge.step() is None
    True
    >>> merge.read(1, [(0, TimePassed(60))])
    >>> merge.step(), merge.step(), merge.offsets
    (Step(time=60, signals=[]), None, [0, 0])
    """

    def __init__(self, offsets: Sequence[int], time: int | None) -> None:
        self.offsets = list(offsets)
        """For each partition: up to where all was given by `step`."""
        self.read_to = list(offsets)
        """For each partition: up to where it was read."""
        self._reached = [time for _ in offsets]
        self._stretches: list[deque[_Stretch]] = [deque() for _ in offsets]
        self._tails: list[list[Signal]] = [[] for _ in offsets]

    def read(
        self,
        partition: int,
        records: Iterable[tuple[int, FeedRecord]],
        read_to: int | None = None,
    ) -> None:
        """Take in a partition's next records; those of one offset come together.

        `read_to` is up to where it was read where the last records were of no concern. What was
        read before is passed over.
        """
        fresh = [each for each in records if each[0] > self.read_to[partition]]
        for offset, came in groupby(fresh, key=itemgetter(0)):
            for _, record in came:
                self._hold(partition, record)
            self._read_up_to(partition, offset)
        if read_to is not None and read_to > self.read_to[partition]:
            self._read_up_to(partition, read_to)

    def step(self) -> Step | None:
        """Give the next time that has passed everywhere; None until more is read."""
        if any(reached is None for reached in self._reached):
            return None
        times = [each[0].time for each in self._stretches if each]
        if not times:
            return None
        time = min(times)
        if any(reached < time for reached in self._reached if reached is not None):
            return None
        signals: list[Signal] = []
        for partition, stretches in enumerate(self._stretches):
            if stretches and stretches[0].time == time:
                stretch = stretches.popleft()
                signals += stretch.signals
                self.offsets[partition] = stretch.offset
        if len(self._stretches) > 1:
            signals.sort(key=_order)
        return Step(time, signals)

    def _hold(self, partition: int, record: FeedRecord) -> None:
        reached = self._reached[partition]
        if not isinstance(record, TimePassed):
            self._tails[partition].append(record)
            return
        if reached is not None and record.time <= reached:
            return  # said again: what stands before it now may belong to a time yet to come
        self._reached[partition] = record.time
        # what else stands in this offset is still to come: whole is what lies before it
        whole = self.read_to[partition]
        self._stretches[partition].append(_Stretch(self._tails[partition], record.time, whole))
        self._tails[partition] = []

    def _read_up_to(self, partition: int, offset: int) -> None:
        self.read_to[partition] = offset
        if self._tails[partition]:
            return
        if self._stretches[partition]:
            self._stretches[partition][-1].offset = offset
        else:
            self.offsets[partition] = offset


def _order(signal: Signal) -> tuple[int, bool, str]:
    """As one fold would say them: bucket by bucket, sources first, then brands by name."""
    return signal.bucket_end, signal.rule is not Rule.BLINDNESS, signal.brand
