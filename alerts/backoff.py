"""How long a notification waits after an attempt that was not confirmed."""

import msgspec

SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE


class DeliverySettings(msgspec.Struct, frozen=True, kw_only=True):
    """Durations in milliseconds.

    A series is `attempts_in_series` calls close together, the first wait `series_first_wait`,
    doubling up to `series_longest_wait`. Between series a notification waits `first_pause`,
    doubling up to `longest_pause`, plus up to `jitter` of it. After `gives_up_after` it is
    recorded as refused. `sample_wait` is how long a page waits for the mentions it shows.
    """

    attempts_in_series: int = 3
    series_first_wait: int = 500
    series_longest_wait: int = 5 * SECOND
    first_pause: int = 15 * SECOND
    longest_pause: int = 15 * MINUTE
    jitter: float = 0.2
    gives_up_after: int = 24 * HOUR
    sample_wait: int = 5 * SECOND
    sample_poll: int = 250
    samples: int = 3


def pause(settings: DeliverySettings, attempts: int, chance: float) -> int:
    """Return the wait after so many attempts (from 1); `chance` is in [0, 1).

    >>> [pause(DeliverySettings(), n, 0.0) // 1000 for n in (1, 2, 3, 4, 99)]
    [15, 30, 60, 120, 900]
    """
    doubled = settings.first_pause << min(max(attempts, 1) - 1, 30)
    wait = min(doubled, settings.longest_pause)
    return wait + int(wait * settings.jitter * chance)
