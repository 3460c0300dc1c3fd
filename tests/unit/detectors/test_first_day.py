"""A brand's first day: its mornings are no crisis, and a crisis is one all the same."""

import math

import numpy as np
import pytest

from detectors.brand import BrandDetectors
from detectors.observation import Bucket, Observation, SourceHearing
from detectors.settings import Detection
from detectors.severity import Severity
from detectors.signal import Signal

MINUTE = 60_000


def first_day(
    seed: int, *, rate: float, share: float, jump: tuple[int, float] | None = None
) -> list[Signal]:
    """A day of one-minute buckets, quiet at night; `jump` is a minute and the share from then."""
    chance = np.random.default_rng(seed)
    brand = BrandDetectors("B", Detection())
    said: list[Signal] = []
    for minute in range(24 * 60):
        rhythm = 1 + 0.8 * math.sin(2 * math.pi * (minute / 1440 - 0.25))
        now = share if jump is None or minute < jump[0] else jump[1]
        voices = int(chance.poisson(rate * rhythm))
        negative = int(chance.binomial(voices, now))
        observation = Observation(
            mentions=voices,
            unique=voices,
            voices=voices,
            scored_voices=voices,
            negative=negative,
            negative_unique=negative,
            negative_voices=negative,
            negative_voices_by_source={"s": negative} if negative else {},
        )
        start = minute * MINUTE
        heard = {"s": SourceHearing(start + MINUTE)}
        bucket = Bucket(start, MINUTE, minute // 60, observation=observation)
        said += brand.close(bucket, heard).signals
    return said


@pytest.mark.parametrize("share", [0.15, 0.3, 0.35])
def test_a_morning_of_the_usual_complaints_pages_nobody(share: float) -> None:
    days = [first_day(seed, rate=2.0, share=share) for seed in range(8)]
    assert sum(any(each.still_learning for each in day) for day in days) == 0


@pytest.mark.parametrize("seed", range(4))
def test_a_real_jump_of_the_share_pages_on_the_first_day_too(seed: int) -> None:
    said = first_day(seed, rate=2.0, share=0.15, jump=(13 * 60, 0.75))
    opened = [each for each in said if each.kind == "opened" and each.still_learning]
    assert opened
    assert 13 * 60 * MINUTE <= opened[0].bucket_end <= (13 * 60 + 45) * MINUTE
    assert any(each.severity is Severity.CRITICAL for each in said)
