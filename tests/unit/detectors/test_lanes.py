import pytest

from detectors.lanes import Plan, plan_of
from detectors.settings import HOUR, MINUTE, Detection


def test_plans_are_made_once_for_equal_settings() -> None:
    assert plan_of(Detection()) is plan_of(Detection())
    assert plan_of(Detection()) is not plan_of(Detection(bucket=5 * MINUTE))


@pytest.mark.parametrize(
    ("bucket", "buckets", "holds"),
    [
        (15_000, [20, 60, 240], [8, 8, 20]),
        (MINUTE, [5, 15, 60], [2, 2, 5]),
        (5 * MINUTE, [1, 3, 12], [1, 1, 1]),
        (HOUR, [1, 1, 1], [1, 1, 1]),
    ],
)
def test_windows_and_holds_are_durations(bucket: int, buckets: list[int], holds: list[int]) -> None:
    plan = Plan(Detection(bucket=bucket))
    assert [lane.buckets for lane in plan.fast] == buckets
    assert [lane.hold for lane in plan.fast] == holds
    assert plan.longest == max(buckets)


def test_a_wider_lane_is_less_restless_by_the_root_of_its_width() -> None:
    plan = Plan(Detection())
    assert [lane.size_factor for lane in plan.fast] == pytest.approx([1.0, 3**0.5, 12**0.5])


def test_the_slow_lane_counts_as_a_sum_of_its_effective_window() -> None:
    plan = Plan(Detection())
    kept, scale = plan.slow_keep, plan.slow_scale
    assert scale / (1 - kept) == pytest.approx(231, abs=1)
