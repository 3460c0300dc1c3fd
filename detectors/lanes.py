"""The surge's windows: what one holds, and a lane's gates counted in buckets."""

from functools import lru_cache

import msgspec

from detectors.reading import Lane
from detectors.rolling import keep
from detectors.settings import Detection, LaneSettings


class View(msgspec.Struct, frozen=True):
    """What one lane's window holds: X, M, scored voices, mentions, reach (0 in the slow lane)."""

    lane: Lane
    observed: float
    expected: float
    sample: int
    mentions: int
    reach: int = 0


class LanePlan:
    """A lane's gates in buckets instead of durations, worked out once for all brands."""

    __slots__ = ("buckets", "hold", "lane", "settings", "size_factor")

    def __init__(self, lane: LaneSettings, bucket: int, step: int) -> None:
        self.settings = lane
        self.lane = lane.lane
        self.buckets = max(1, lane.window // bucket)
        self.hold = max(1, lane.hold // bucket)
        self.size_factor = float((max(lane.window, bucket) / step) ** 0.5)


class Plan:
    """All lanes' plans under one set of settings."""

    __slots__ = ("fast", "longest", "slow", "slow_keep", "slow_scale")

    def __init__(self, settings: Detection) -> None:
        step = max(settings.baseline.step, settings.bucket)
        self.fast = tuple(LanePlan(lane, settings.bucket, step) for lane in settings.fast_lanes)
        self.slow = LanePlan(settings.slow, settings.bucket, step)
        longest = max(
            settings.floor.window,
            settings.severity.window,
            *(lane.window for lane in settings.fast_lanes),
        )
        self.longest = max(1, longest // settings.bucket)
        half_life = settings.slow.half_life or settings.slow.window
        self.slow_keep = keep(settings.bucket, half_life)
        self.slow_scale = 1.0 + self.slow_keep


@lru_cache(maxsize=16)
def plan_of(settings: Detection) -> Plan:
    """Work the settings out, once for every set of settings."""
    return Plan(settings)
