"""Instants as people read them: RFC 3339, a receiver's own zone, and how long ago."""

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MINUTE = 60_000


def rfc3339(at: int) -> str:
    """Return an instant as RFC 3339 in UTC, with milliseconds only where there are any.

    >>> rfc3339(1_424_613_600_000)
    '2015-02-22T14:00:00Z'
    >>> rfc3339(1_424_613_600_250)
    '2015-02-22T14:00:00.250Z'
    """
    moment = EPOCH + timedelta(milliseconds=at)
    spec = "milliseconds" if at % 1000 else "seconds"
    return moment.replace(tzinfo=None).isoformat(timespec=spec) + "Z"


def local(at: int, zone: str, now: int | None = None) -> str:
    """Return the wall time in an IANA zone; the day is named unless it is that of `now`.

    An unknown zone is read as UTC, and says so: a wrong setting must not stop a page.

    >>> local(1_424_613_600_000, "America/New_York", now=1_424_613_660_000)
    '09:00 EST'
    >>> local(1_424_613_600_000, "America/New_York")
    'Sun 22 Feb 09:00 EST'
    """
    tz: ZoneInfo | timezone
    try:
        tz = ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        tz = UTC
    moment = (EPOCH + timedelta(milliseconds=at)).astimezone(tz)
    same_day = now is not None and (
        moment.date() == (EPOCH + timedelta(milliseconds=now)).astimezone(tz).date()
    )
    day = "" if same_day else f"{_DAYS[moment.weekday()]} {moment.day} {_MONTHS[moment.month - 1]} "
    return f"{day}{moment:%H:%M} {moment:%Z}"


def span(duration: int) -> str:
    """Return a duration in the two greatest units that say something.

    >>> span(45_000), span(40 * 60_000), span(130 * 60_000), span(26 * 3_600_000)
    ('45 s', '40 min', '2 h 10 min', '1 d 2 h')
    """
    if duration < _MINUTE:
        return f"{max(0, duration) // 1000} s"
    minutes = duration // _MINUTE
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 24:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    days, hours = divmod(hours, 24)
    return f"{days} d {hours} h" if hours else f"{days} d"


def until(ahead: int) -> str:
    """Return how long it is until something: from a minute on, begun minutes count whole.

    >>> until(44 * 60_000 + 59_000), until(60_001), until(45_000), until(3_599_000)
    ('45 min', '2 min', '45 s', '1 h')
    """
    return span(ahead if ahead < _MINUTE else -(-ahead // _MINUTE) * _MINUTE)


def told(at: int, now: int, zone: str) -> str:
    """Return wall time and distance: `02:10 CET (40 min ago)`.

    >>> told(0, 40 * 60_000, "UTC")
    '00:00 UTC (40 min ago)'
    >>> told(600_000, 0, "UTC")
    '00:10 UTC (in 10 min)'
    >>> told(600_000, 1_000, "UTC")
    '00:10 UTC (in 10 min)'
    """
    if at > now:
        return f"{local(at, zone, now)} (in {until(at - now)})"
    ago = f"{span(now - at)} ago" if now - at >= _MINUTE else "just now"
    return f"{local(at, zone, now)} ({ago})"


_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
