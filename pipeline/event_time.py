"""When a mention was written: from what people and programs write for a time to milliseconds."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from pipeline.mention import RejectedReason

FUTURE_TOLERANCE = 5 * 60_000
"""Milliseconds a mention may be dated ahead of `now`: clocks differ."""

EARLIEST = 0
LATEST = 7_258_118_400_000
"""The year 2200: anything dated later is a mistake even where nobody knows `now`."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NAIVE_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001  # subtracted from another naive time only
_SECONDS = {f"{second:02}": second * 1000 for second in range(60)}
_DIGITS = re.compile(r"[0-9]{9,14}(\.[0-9]{1,9})?")
_DECIMALS = "0123456789"
_LEAP_SECOND = re.compile(r"(?<=:[0-9]{2}:)60(?![0-9])")
_LONGEST = 48
_USUAL = frozenset({"--T::", "-- ::"})
"""What stands between the digits of the usual form, up to the seconds."""
_BEYOND = 10**15
_FIRST_EPOCH_MS = 100_000_000_000
"""Numbers from here on are milliseconds (March 1973 on), below it seconds (until the year 5138)."""


class Unusable(ValueError):  # noqa: N818  # it is no error of the program: it says why a value is refused
    """Why a value cannot be used: the reason to reject its mention, and words for a person."""

    def __init__(self, reason: RejectedReason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


def instant_of(value: str, zone: str | None) -> int:
    """Read a time a person or program wrote; milliseconds since 1970-01-01 UTC.

    Takes RFC 3339 (`2015-02-16T23:36:05-08:00`, a space for the `T` too), ISO 8601's other forms
    of a date and time, and digits as seconds or milliseconds since 1970. A time without an
    offset is read in `zone` (an IANA name; of an hour that comes twice, the first); without a
    zone it raises `Unusable` with `naive_time`, as everything else that is no time does with its
    reason.

    >>> instant_of("2015-02-16T23:36:05-08:00", None)
    1424158565000
    >>> instant_of("2015-02-16 23:36:05", "America/Los_Angeles")
    1424158565000
    >>> instant_of("1424158565", None)
    1424158565000
    """
    return instant_reader(zone)(value)


def instant_of_number(value: float) -> int:
    """Read seconds or milliseconds since 1970; milliseconds.

    >>> instant_of_number(1424158565), instant_of_number(1424158565000)
    (1424158565000, 1424158565000)
    """
    if -_BEYOND < value < _BEYOND:
        return _within(int(value) if abs(value) >= _FIRST_EPOCH_MS else int(value * 1000))
    if value >= _BEYOND:
        return _within(LATEST)
    raise Unusable(RejectedReason.INVALID, "event_time: no number of seconds since 1970")


def instant_reader(zone: str | None) -> Callable[[str], int]:
    """Prepare a reading of times by `instant_of`, quickest where neighbours share their minute."""
    minute_head, minute_tail, minute = "", "", 0

    def read(value: str) -> int:
        nonlocal minute_head, minute_tail, minute
        second = _SECONDS.get(value[17:19])
        if second is None:
            return _any_instant(value, zone)
        head, tail = value[:17], value[19:]
        if tail[:1] == ".":
            rest = tail[1:].lstrip(_DECIMALS)
            fraction = tail[1 : len(tail) - len(rest)]
            if not fraction:
                return _any_instant(value, zone)
            second += int(f"{fraction}00"[:3])
            tail = rest
        if head == minute_head and tail == minute_tail:
            return minute + second
        if value[4:17:3] in _USUAL and len(value) <= _LONGEST:
            began = _minute(head, tail, zone)
            if began is not None:
                minute_head, minute_tail, minute = head, tail, began
                return began + second
        return _any_instant(value, zone)

    return read


@lru_cache(maxsize=4096)
def _minute(head: str, tail: str, zone: str | None) -> int | None:
    """Tell at which instant a written minute begins; None when it needs the long way.

    Times come by the thousand within one minute, and reading one anew is the dearest part of a row.
    """
    try:
        moment = datetime.fromisoformat(f"{head}00{tail}")
    except ValueError:
        return None
    if moment.tzinfo is None and zone is None:
        return None
    instant = _milliseconds(moment, zone)
    return instant if EARLIEST <= instant < LATEST else None


def _any_instant(value: str, zone: str | None) -> int:
    text = value.strip()
    if not text:
        raise Unusable(RejectedReason.UNDATED, "event_time: empty; a mention needs its time")
    if len(text) > _LONGEST:
        raise Unusable(RejectedReason.INVALID, f"event_time: longer than {_LONGEST} characters")
    if _DIGITS.fullmatch(text):
        return instant_of_number(float(text) if "." in text else int(text))
    leap = 0
    upper = text.upper().removesuffix(" UTC").removesuffix(" GMT")
    if len(upper) < len(text):
        upper += "Z"
    if _LEAP_SECOND.search(upper):
        upper, leap = _LEAP_SECOND.sub("59", upper), 1000
    try:
        moment = datetime.fromisoformat(upper)
    except ValueError:
        raise Unusable(
            RejectedReason.INVALID,
            "event_time: not a time; write it as RFC 3339, like 2015-02-16T23:36:05-08:00",
        ) from None
    if moment.tzinfo is None and zone is None:
        raise Unusable(
            RejectedReason.NAIVE_TIME,
            "event_time: no offset from UTC; write one (+01:00, Z) or state the source's zone",
        )
    return _within(_milliseconds(moment, zone) + leap)


def _milliseconds(moment: datetime, zone: str | None) -> int:
    if moment.tzinfo is not None:
        span = moment - _EPOCH
        offset = 0
    else:
        span = moment - _NAIVE_EPOCH
        shift = moment.replace(tzinfo=ZoneInfo(zone or "UTC")).utcoffset()
        offset = 0 if shift is None else shift.days * 86_400_000 + shift.seconds * 1000
    return span.days * 86_400_000 + span.seconds * 1000 + span.microseconds // 1000 - offset


def _within(instant: int) -> int:
    if instant < EARLIEST:
        raise Unusable(RejectedReason.INVALID, "event_time: before the year 1970")
    if instant >= LATEST:
        raise Unusable(RejectedReason.FUTURE, "event_time: in the year 2200 or later")
    return instant
