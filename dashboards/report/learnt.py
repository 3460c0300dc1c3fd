"""What was learnt of a brand by the end of a log: rhythm, level, share, restlessness, warm-up."""

from typing import TYPE_CHECKING

import msgspec

from detectors.baseline import CELLS, Baseline
from pipeline.wire import unpack_usual

if TYPE_CHECKING:
    from dashboards.views.books import Books
    from detectors.settings import Detection
    from pipeline.folding.brand import BrandRow

HOUR = 3_600_000
SEASON_AFTER = 3 * HOUR
"""Known time of an hour of the week after which what is said of it is its own."""


class Learnt(msgspec.Struct, frozen=True):
    """What was held for usual at the end.

    `weekday` and `weekend` are voices an hour, by hour of the day in the brand's zone; an hour of
    which nothing was learnt yet is None. `voices` and `negatives` are voices an hour, whatever the
    hour; the sizes are negative-binomial r of five minutes (small: restless); `share_size` is the m
    of the share's beta-binomial. `warm_at` is when the first day had been learnt; None: not yet.
    `learnt` is the known time, ms.
    """

    learnt: int
    warm_up: int
    warm_at: int | None
    voices: float
    voices_size: float
    negatives: float
    negatives_size: float
    share: float
    share_size: float
    weekday: tuple[float | None, ...]
    weekend: tuple[float | None, ...]


def learnt_of(books: "Books", row: "BrandRow", detection: "Detection") -> Learnt:
    """Read it from the fold's row of a brand."""
    surge = row.detectors.surge
    base = Baseline(detection.baseline, detection.bucket, surge.baseline)
    volume = detection.volume
    said = row.detectors.attention.volume.baseline
    voices = Baseline(volume.baseline, max(volume.step, detection.bucket), said)
    hour = HOUR / voices.bucket
    cells = said.season_time or (0.0,) * CELLS
    season = tuple(
        voices.expected(cell) * hour if cells[cell] > 0 else None for cell in range(CELLS)
    )
    last = books.buckets.last_before(row.brand, row.closed_up_to)
    usual = None if last is None else unpack_usual(last.usual)
    return Learnt(
        base.learnt,
        detection.warm_up,
        _warm_at(books, row, detection),
        voices.level * hour,
        voices.size,
        base.level * HOUR / detection.bucket,
        base.size,
        base.share,
        usual.share_size if usual else detection.share.weight,
        season[:24],
        season[24:],
    )


def _warm_at(books: "Books", row: "BrandRow", detection: "Detection") -> int | None:
    """Find the end of the first bucket at which the warm-up was over, to the bucket."""
    if row.detectors.surge.baseline.learnt < detection.warm_up:
        return None
    low, high = 0, row.closed_up_to
    while high - low > detection.bucket:
        middle = (low + high) // 2
        found = books.buckets.last_before(row.brand, middle)
        usual = None if found is None else unpack_usual(found.usual)
        if usual is not None and usual.learnt >= detection.warm_up:
            high = middle
        else:
            low = middle
    return high - high % detection.bucket
