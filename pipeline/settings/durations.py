"""Durations as people write them ("45s", "1h30m") and as the program holds them."""

import re
from typing import Final

SECOND: Final = 1_000
MINUTE: Final = 60 * SECOND
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR
WEEK: Final = 7 * DAY
LONGEST: Final = 100 * 366 * DAY
"""No setting means more than a century: a longer one is a slip of the keyboard."""

_PATTERN = re.compile(
    r"(?:(\d+)w)?\s*(?:(\d+)d)?\s*(?:(\d+)h)?\s*(?:(\d+)m)?\s*(?:(\d+)s)?", re.ASCII
)
_LENGTHS = (WEEK, DAY, HOUR, MINUTE, SECOND)
_HOW = 'write a number and a unit (w, d, h, m, s), as in "45s", "20m", "7d" or "1h30m"'


def parse_duration(text: str) -> int:
    """Return the milliseconds of "45s", "20m", "7d", "1h30m": units fall, each at most once.

    Raises `ValueError`, saying how to write it, for anything else, for a bare number, and for
    more than a century.

    >>> parse_duration("1h30m"), parse_duration("7d"), parse_duration("0s")
    (5400000, 604800000, 0)
    """
    stripped = text.strip()
    if stripped.isascii() and stripped.isdigit():
        raise ValueError(f'has no unit: write "{stripped}s", "{stripped}m", "{stripped}h" ...')
    match = _PATTERN.fullmatch(stripped)
    if match is None or not any(match.groups()):
        raise ValueError(f"is no duration: {_HOW}")
    if len(stripped) > 60:
        raise ValueError("is longer than a century")
    total = sum(
        int(count) * length for count, length in zip(match.groups("0"), _LENGTHS, strict=True)
    )
    if total > LONGEST:
        raise ValueError("is longer than a century")
    return total


def format_duration(milliseconds: int) -> str:
    """Write a duration so that `parse_duration` reads it back; it must be whole seconds >= 0.

    >>> format_duration(5_400_000), format_duration(604_800_000), format_duration(0)
    ('1h30m', '7d', '0s')
    """
    if milliseconds < 0 or milliseconds % SECOND:
        raise ValueError("a duration to be written is a whole number of seconds, not below 0")
    written = []
    rest = milliseconds
    for length, unit in ((DAY, "d"), (HOUR, "h"), (MINUTE, "m"), (SECOND, "s")):
        count, rest = divmod(rest, length)
        if count:
            written.append(f"{count}{unit}")
    return "".join(written) or "0s"
