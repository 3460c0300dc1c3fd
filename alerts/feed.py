"""Where signals come from: one partition of the signals log, as the people's side reads it."""

from typing import Protocol

import msgspec

from detectors.signal import Signal


class TimePassed(msgspec.Struct, frozen=True):
    """Detection has got as far as `time`: every signal up to it stands before this record."""

    time: int


FeedRecord = Signal | TimePassed


class SignalFeed(Protocol):
    """One partition of the signals log, in its order."""

    def read(self, after: int, limit: int) -> list[tuple[int, FeedRecord]]:
        """Give at most `limit` records whose offset is greater than `after`, in rising order.

        An empty list means that there are none yet. Offsets begin at 0 or above, so `after=-1`
        reads from the start.
        """
        ...
