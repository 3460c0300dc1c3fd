import pytest

from detectors.floor import read_floor
from detectors.lanes import View
from detectors.reading import Lane, Reason
from detectors.settings import FloorSettings


@pytest.mark.parametrize(
    ("observed", "expected", "sample", "known", "reason"),
    [
        (15, 0.0, 30, False, Reason.HIT),
        (14, 0.0, 14, False, Reason.TOO_FEW),
        (15, 0.0, 31, False, Reason.SHARE_USUAL),
        (15, 12.0, 20, True, Reason.BELOW_FOLD),
        (15, 12.0, 20, False, Reason.HIT),
        (40, 12.0, 60, True, Reason.HIT),
        (0, 0.0, 3, False, Reason.TOO_FEW),
        (0, 0.0, 0, False, Reason.QUIET),
    ],
)
def test_fifteen_in_fifteen_minutes_and_half_of_all(
    *, observed: int, expected: float, sample: int, known: bool, reason: Reason
) -> None:
    view = View(Lane.FLOOR, observed, expected, sample, sample)
    reading = read_floor(view, FloorSettings(), something_known=known)
    assert reading.reason is reason
    assert (reading.observed, reading.sample, reading.threshold) == (observed, sample, 15.0)
