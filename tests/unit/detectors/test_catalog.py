import doctest
import importlib
import pkgutil

import pytest

import detectors
from detectors.brand import BrandDetectors
from detectors.catalog import MEANINGS, catalog
from detectors.reading import Lane, Reason
from detectors.settings import Detection, Sensitivity
from tests.unit.detectors.buckets import all_heard, minute


def test_every_lane_and_every_reason_is_in_it() -> None:
    assert {entry.lane for entry in catalog(Detection())} == set(Lane)
    assert set(MEANINGS) == set(Reason)


def test_it_lists_the_lanes_in_the_order_of_a_brands_readings() -> None:
    bucket = minute(0)
    closing = BrandDetectors("acme", Detection()).close(bucket, all_heard(bucket))
    entries = catalog(Detection())
    assert [reading.lane for reading in closing.readings] == [
        entry.lane for entry in entries if entry.lane is not Lane.SILENCE
    ]
    assert [reading.rule for reading in closing.readings] == [
        entry.rule for entry in entries if entry.lane is not Lane.SILENCE
    ]
    assert [entry.lane for entry in entries if entry.in_warm_up] == [Lane.FLOOR]


def test_the_sensitivity_shows() -> None:
    balanced = {entry.lane: entry.asks for entry in catalog(Detection())}
    fewer = {entry.lane: entry.asks for entry in catalog(Detection(sensitivity=Sensitivity.FEWER))}
    assert {lane for lane in balanced if balanced[lane] != fewer[lane]} == {Lane.SLOW}


@pytest.mark.parametrize(
    "name", [module.name for module in pkgutil.iter_modules(detectors.__path__)]
)
def test_the_examples_in_the_docstrings_hold(name: str) -> None:
    result = doctest.testmod(importlib.import_module(f"detectors.{name}"))
    assert result.failed == 0
