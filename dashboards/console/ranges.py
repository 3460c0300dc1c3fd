"""The stretch of time a view is about, as it stands in its address."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Self

import msgspec

MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
RANGES = {"1h": HOUR, "6h": 6 * HOUR, "24h": DAY, "7d": 7 * DAY, "30d": 30 * DAY}
USUAL = "24h"
LONGEST = 400 * DAY
EARLIEST = 946_684_800_000
"""The year 2000; nothing is older, and nothing lies beyond `LATEST`."""
LATEST = 4_102_444_800_000


class Range(msgspec.Struct, frozen=True):
    """`[start, end)` in ms, whole minutes; `name` is one of `RANGES`, empty for from and to."""

    start: int
    end: int
    name: str

    @classmethod
    def read(cls, asked: Mapping[str, str], end: int) -> Self:
        """Read `range`, or `from` and `to` (ms, or a time of UTC), ending at `end` by default.

        What cannot be read, or says nothing, is the usual range.

        >>> Range.read({"range": "1h"}, 7_200_000)
        Range(start=3600000, end=7200000, name='1h')
        >>> asked = {"from": "2015-02-22T14:00", "to": "1424617200000"}
        >>> Range.read(asked, 0)
        Range(start=1424613600000, end=1424617200000, name='')
        """
        end += -end % MINUTE
        start = instant(asked.get("from", ""))
        if start is not None:
            until = instant(asked.get("to", ""))
            until = min(start + LONGEST, end if until is None else until)
            start, until = start - start % MINUTE, until + -until % MINUTE
            if start < until:
                return cls(start, until, "")
        name = asked.get("range", "")
        name = name if name in RANGES else USUAL
        return cls(end - RANGES[name], end, name)

    @property
    def length(self) -> int:
        """How long it is, ms."""
        return self.end - self.start

    @property
    def asked(self) -> dict[str, object]:
        """What stands in an address for the same stretch."""
        if self.name:
            return {"range": self.name}
        return {"from": self.start, "to": self.end}


def instant(typed: str) -> int | None:
    """Read an instant: milliseconds, or a time of UTC as a date field gives it.

    >>> instant("1424613600000"), instant("2015-02-22T14:00"), instant("yesterday"), instant("7")
    (1424613600000, 1424613600000, None, None)
    """
    if typed.isascii() and typed.isdigit() and len(typed) < 16:
        at = int(typed)
    else:
        try:
            said = datetime.fromisoformat(typed)
            said = said.replace(tzinfo=UTC) if said.tzinfo is None else said
            at = int(said.timestamp() * 1000)
        except (ValueError, OverflowError, OSError):
            return None
    return at if EARLIEST <= at <= LATEST else None
