"""What a first pass over a file's times tells: is it in order, and which rows are misdated."""

from array import array
from collections.abc import Iterable, Sequence

import msgspec

DAY = 86_400_000


class Survey(msgspec.Struct, frozen=True):
    """What the times of a file's rows say; `earliest` and `latest` leave misdated rows out.

    `rows` counts all rows, `misdated` lists the ordinals (from 0) of those dated more than a day
    after both their neighbours, these being within a day of each other. Neighbours are the next
    rows on either side that have a time at all. `ordered`: but for misdated rows no row is
    earlier than one before it.
    """

    rows: int
    ordered: bool
    earliest: int
    latest: int
    misdated: Sequence[int]


def survey(times: Iterable[int | None]) -> Survey:
    """Look through the times of a file's rows (milliseconds, None for a row without one).

    >>> seen = survey([0, 1000, 500_000_000, None, 2000, 3000])
    >>> seen.ordered, list(seen.misdated), seen.rows, seen.latest
    (True, [2], 6, 3000)
    >>> survey([0, 2000, 1000]).ordered
    False
    """
    misdated = array("q")
    ordered = True
    earliest = latest = limit = held = held_at = None
    ordinal = -1
    for ordinal, time in enumerate(times):
        if time is None:
            continue
        if limit is None or latest is None or earliest is None:
            earliest, latest, limit = time, time, time + DAY
            continue
        if held is not None and held_at is not None:
            if held > time + DAY and abs(limit - DAY - time) <= DAY:
                misdated.append(held_at)
            else:
                latest = max(latest, held)
            limit = held + DAY
            held = None
        if time > limit:
            held, held_at = time, ordinal
            continue
        if time >= latest:
            latest = time
        else:
            ordered = False
            earliest = min(earliest, time)
        limit = time + DAY
    if held is not None and latest is not None:
        latest = max(latest, held)
    return Survey(ordinal + 1, ordered, earliest or 0, latest or 0, misdated)
