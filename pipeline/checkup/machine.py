"""The machine and what is installed on it."""

import re
import sqlite3
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from importlib import metadata
from zoneinfo import ZoneInfo

from pipeline.checkup.line import Line, fail, ok, warn

DISTRIBUTION = "crisis-monitor"
OLDEST_PYTHON = (3, 11)
OLDEST_SQLITE = (3, 37, 0)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_BUILT = 1_735_689_600_000
"""1 January 2025: a clock that stands before it was never set."""
_NAME = re.compile(r"[A-Za-z0-9._-]+")


def check_machine(now: int) -> Iterator[Line]:
    """Look at Python, the packages, SQLite, the time zones and the clock."""
    yield _python(sys.version_info[:3])
    yield _packages()
    yield _sqlite(sqlite3.sqlite_version_info)
    yield _zones()
    yield _clock(now)


def _python(version: tuple[int, ...]) -> Line:
    written = ".".join(map(str, version))
    if version < OLDEST_PYTHON:
        return fail("python", f"{written} is too old", "install Python 3.11 or newer")
    return ok("python", written)


def _packages() -> Line:
    try:
        wanted = metadata.requires(DISTRIBUTION) or []
        version = metadata.version(DISTRIBUTION)
    except metadata.PackageNotFoundError:
        return warn(
            "packages",
            f"{DISTRIBUTION} itself is not installed, so what it needs cannot be looked up",
            "install it with pip, in a virtual environment",
        )
    missing = []
    for requirement in wanted:
        found = _NAME.match(requirement)
        if found and "extra ==" not in requirement:
            try:
                metadata.version(found.group())
            except metadata.PackageNotFoundError:
                missing.append(found.group())
    if missing:
        return fail(
            "packages",
            f"{DISTRIBUTION} {version} lacks {', '.join(missing)}",
            f"install it again: pip install --force-reinstall {DISTRIBUTION}",
        )
    return ok("packages", f"{DISTRIBUTION} {version} with all it needs")


def _sqlite(version: tuple[int, ...]) -> Line:
    written = ".".join(map(str, version))
    if version < OLDEST_SQLITE:
        return fail(
            "sqlite",
            f"{written} is too old",
            "use a Python that was built with SQLite 3.37 or newer",
        )
    return ok("sqlite", written)


def _zones() -> Line:
    """Summer and winter differ where they should: the zones are there and not empty shells."""
    try:
        summer, winter = (
            ZoneInfo("Europe/Berlin").utcoffset(datetime(2025, month, 1))  # noqa: DTZ001  # asked by wall time
            for month in (7, 1)
        )
    except (KeyError, ValueError, OSError):
        summer = winter = None
    if summer is None or summer == winter:
        return fail(
            "time zones",
            "the zone data is missing or damaged",
            "install it: pip install tzdata, or the system's package tzdata",
        )
    return ok("time zones", "found")


def _clock(now: int) -> Line:
    if now < _BUILT:
        return fail("clock", f"stands at {_date(now)}", "set the machine's clock (NTP)")
    return ok("clock", _date(now))


def _date(instant: int) -> str:
    return f"{_EPOCH + timedelta(milliseconds=instant):%Y-%m-%d %H:%M:%S} UTC"
