import pytest

from detectors.floor import Known, read_floor
from detectors.lanes import View
from detectors.reading import Lane, Reason
from detectors.settings import FloorSettings


@pytest.mark.parametrize(
    ("observed", "expected", "sample", "share", "reason"),
    [
        (15, 0.0, 30, None, Reason.HIT),
        (14, 0.0, 14, None, Reason.TOO_FEW),
        (15, 0.0, 31, None, Reason.SHARE_USUAL),
        (15, 12.0, 20, 0.15, Reason.BELOW_FOLD),
        (15, 12.0, 20, None, Reason.HIT),
        (40, 12.0, 60, 0.15, Reason.HIT),
        (40, 12.0, 60, 0.55, Reason.SHARE_USUAL),
        (15, 3.0, 29, 0.35, Reason.SHARE_USUAL),
        (0, 0.0, 3, None, Reason.TOO_FEW),
        (0, 0.0, 0, None, Reason.QUIET),
    ],
)
def test_fifteen_in_fifteen_minutes_and_half_of_all(
    observed: int, expected: float, sample: int, share: float | None, reason: Reason
) -> None:
    view = View(Lane.FLOOR, observed, expected, sample, sample)
    known = None if share is None else Known(share, 40.0)
    reading = read_floor(view, FloorSettings(), known)
    assert reading.reason is reason
    assert (reading.observed, reading.sample, reading.threshold) == (observed, sample, 15.0)
