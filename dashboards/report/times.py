"""Instants and durations as a report writes them."""

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from alerts.times import span

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def known_zone(name: str) -> ZoneInfo | timezone:
    """The IANA zone of this name; UTC where there is none such."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC


def wall(at: int, zone: str) -> datetime:
    """The wall time of an instant."""
    return (_EPOCH + timedelta(milliseconds=at)).astimezone(known_zone(zone))


def moment(at: int | None, zone: str, empty: str = "") -> str:
    """An instant in the brand's zone, day and year named.

    >>> moment(1_424_613_600_000, "America/New_York")
    'Sun 22 Feb 2015, 09:00 EST'
    """
    if at is None:
        return empty
    when = wall(at, zone)
    return (
        f"{_DAYS[when.weekday()]} {when.day} {_MONTHS[when.month - 1]} {when.year}, "
        f"{when:%H:%M} {when.tzname()}"
    )


def short(at: int | None, zone: str, empty: str = "") -> str:
    """An instant where year and zone are known from around it.

    >>> short(1_424_613_600_000, "America/New_York")
    'Sun 22 Feb 09:00'
    """
    if at is None:
        return empty
    when = wall(at, zone)
    return f"{_DAYS[when.weekday()]} {when.day} {_MONTHS[when.month - 1]} {when:%H:%M}"


def duration(length: int | None, empty: str = "") -> str:
    """A duration in words.

    >>> duration(130 * 60_000), duration(None, "never")
    ('2 h 10 min', 'never')
    """
    return empty if length is None else span(length)
