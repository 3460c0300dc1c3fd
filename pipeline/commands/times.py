"""Times and spans as people type them."""

from pipeline.errors import SettingsError
from pipeline.event_time import Unusable, instant_of


def instant_argument(value: str, zone: str | None = None) -> int:
    """Read a time argument; raise SettingsError that says how to write one."""
    try:
        return instant_of(value.strip(), zone)
    except Unusable as error:
        raise SettingsError(
            f"{value!r} is no time that can be used ({error.detail}); "
            "write it like 2026-11-21T03:00:00Z or 2026-11-21T03:00:00+01:00"
        ) from error
