import json

import numpy as np
import pytest

from detectors.settings import Detection
from tests.bench import intervals, surges


def test_the_calm_is_as_calm_and_as_negative_as_it_says() -> None:
    rng = np.random.default_rng(1)
    negative, voices = surges.draw(rng, 0.6, 40)
    assert negative.mean() == pytest.approx(0.6, rel=0.05)
    assert negative.sum() / voices.sum() == pytest.approx(surges.SHARE, rel=0.05)
    assert (negative <= voices).all()
    by_hour = voices.reshape(40, 24, 60).mean(axis=(0, 2))
    assert by_hour.max() / by_hour.min() > 3


def test_equal_seeds_give_equal_runs_and_others_do_not() -> None:
    one = surges.draw(np.random.default_rng((1, 2)), 3.0, 2)
    two = surges.draw(np.random.default_rng((1, 2)), 3.0, 2)
    other = surges.draw(np.random.default_rng((1, 3)), 3.0, 2)
    assert (one[0] == two[0]).all()
    assert (one[0] != other[0]).any()


def test_the_intervals_are_the_textbooks() -> None:
    assert intervals.poisson_interval(0, 1.0) == pytest.approx((0.0, 3.689), abs=1e-3)
    assert intervals.poisson_interval(10, 1.0) == pytest.approx((4.795, 18.39), abs=1e-2)
    assert intervals.wilson_interval(45, 50) == pytest.approx((0.786, 0.957), abs=1e-3)
    assert intervals.median_interval([5]) == {"median": 5.0, "low": 5.0, "high": 5.0}
    assert intervals.median_interval([]) == {"median": None, "low": None, "high": None}
    assert intervals.median_interval(list(range(1, 51))) == {
        "median": 25.5,
        "low": 18.0,
        "high": 33.0,
    }


def test_a_great_surge_is_found_calms_and_the_calm_brand_is_left_alone() -> None:
    runs = surges.surge_run(Detection(), 0.6, (1, 600, 1, 0))
    assert [run.strength for run in runs] == list(surges.STRENGTHS)
    assert runs[0].delay is not None
    assert runs[0].delay <= 5
    assert runs[0].calm is not None
    table = surges.summarise(0.6, [surges.NullRun([], 0, 0)], [runs])
    assert table["false_pages"] == 0
    assert json.loads(json.dumps([table]))
    assert "found  1 of 1" in surges.show([table])
