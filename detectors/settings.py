"""Every number the detectors are set by, with the values they ship with.

Durations are milliseconds, so one set serves any bucket length. All records are frozen and
hashable; `Detection` is the only one the fold has to pass on.
"""

from enum import StrEnum

import msgspec

from detectors.reading import Lane

SECOND = 1000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR


class Sensitivity(StrEnum):
    """How sure the slow lane must be: `fewer` pages, or `balanced`."""

    FEWER = "fewer"
    BALANCED = "balanced"


class BaselineSettings(msgspec.Struct, frozen=True):
    """How the usual level, its season, its dispersion and its share are learnt.

    Learning goes in steps of `step` of known time. `half_life` is that of level, dispersion and
    share. A step counts for at most `cap_fold` times the expected plus `cap_more`. Nothing is
    learnt of season and dispersion before `warm_up`. A season's cell starts at 1 with the weight
    of `season_weight` and forgets with `season_half_life` of that cell's own time. Dispersion
    starts at `start_size` with the weight of `size_weight`; the share at `start_share` with the
    weight of `share_weight` voices.
    """

    step: int = 5 * MINUTE
    half_life: int = 7 * DAY
    warm_up: int = DAY
    cap_fold: float = 4.0
    cap_more: float = 4.0
    cap_from: int = HOUR
    season_weight: int = 3 * HOUR
    season_half_life: int = 20 * HOUR
    start_size: float = 5.0
    size_weight: int = 2 * HOUR
    start_share: float = 0.25
    share_weight: float = 8.0


class TailSettings(msgspec.Struct, frozen=True):
    """How a brand's own upper tail is calibrated: a running 99 % quantile and the mean excess.

    Per `unit` of time the quantile moves by steps of `max(floor, gain / (t + delay)^power)` mean
    excesses, t in units since calibration began. Excesses are cut at `cut` mean excesses and
    averaged over `start_memory`, growing to `memory`, windows of `window`.
    """

    start_quantile: float = 0.7
    start_excess: float = 0.35
    unit: int = MINUTE
    floor: float = 0.002
    gain: float = 0.5
    delay: float = 60.0
    power: float = 0.6
    window: int = 5 * MINUTE
    start_memory: float = 10.0
    memory: float = 100.0
    cut: float = 5.0


class ShareSettings(msgspec.Struct, frozen=True):
    """How restless a brand's negative share may be: the m of its beta-binomial.

    Learnt in steps of `step` with `half_life`, from `weight` on, which counts as much as `prior`
    of time; one step's correlation is cut near `most`, the m learnt is at least `least`.
    """

    weight: float = 40.0
    step: int = HOUR
    half_life: int = 14 * DAY
    prior: int = 2 * DAY
    most: float = 0.25
    least: float = 3.0


class LaneSettings(msgspec.Struct, frozen=True):
    """One lane of the negative surge: its window and the gates it must pass.

    `window` is the sliding sum's length, or, where `half_life` is set, the length the lane is
    counted as for dispersion. `minimum` negative voices, `recent` of them in the longest sliding
    sum (six accounts are at most six voices an hour, however long they go on); `fold` times the
    expected; `z` and `tail` as the reading's; a share no more probable than `share_p`
    (beta-binomial, its m is `share_weight`, or less where the brand's own share is restless);
    `total` is asked of tail + evidence: two half-convincing facts that are independent in calm
    times convince together. All gates must be passed for `hold` running.
    """

    lane: Lane
    window: int
    minimum: float
    fold: float
    z: float
    tail: float
    share_p: float
    total: float
    hold: int
    calibration: TailSettings
    half_life: int | None = None
    share_weight: float = 40.0
    recent: int = 0


def _fast(  # noqa: PLR0913, PLR0917  # a lane has this many gates
    lane: Lane, window: int, fold: float, z: float, total: float, hold: int
) -> LaneSettings:
    return LaneSettings(
        lane=lane,
        window=window,
        minimum=10,
        fold=fold,
        z=z,
        tail=2.5,
        share_p=0.2,
        total=total,
        hold=hold,
        calibration=TailSettings(window=window),
    )


FAST_LANES = (
    _fast(Lane.FAST_5, 5 * MINUTE, 3.0, 2.5, 6.7, 2 * MINUTE),
    _fast(Lane.FAST_15, 15 * MINUTE, 2.2, 2.2, 6.2, 2 * MINUTE),
    _fast(Lane.FAST_60, 60 * MINUTE, 1.8, 2.0, 5.2, 5 * MINUTE),
)

SLOW_LANE = LaneSettings(
    lane=Lane.SLOW,
    window=231 * MINUTE,
    minimum=20,
    fold=1.75,
    z=2.0,
    tail=1.5,
    share_p=0.2,
    total=4.1,
    hold=15 * MINUTE,
    calibration=TailSettings(
        start_quantile=0.45,
        start_excess=0.12,
        floor=0.0005,
        gain=0.125,
        window=231 * MINUTE,
    ),
    half_life=80 * MINUTE,
    recent=8,
)


class FloorSettings(msgspec.Struct, frozen=True):
    """The rule that may speak before anything is learnt.

    Once `fold_after` of a brand is known, it also asks for `fold` times the expected, and for a
    share no more probable under the brand's own, as far as it is known, than `share_p`.
    """

    window: int = 15 * MINUTE
    minimum: int = 15
    share: float = 0.5
    fold: float = 3.0
    share_p: float = 0.001
    fold_after: int = HOUR


class CalmSettings(msgspec.Struct, frozen=True):
    """When a surge is over.

    The sum of 15 minutes at or below `fold` times the expected, or `least`, for `hold` running, and
    that of 60 minutes, which vouches for the whole hour, for `hour_hold` running; at least `after`
    since opening; `ended` follows `ended_after` later. A source that
    gave `source_share` of the surge's negative voices must have been heard. In the calm, a sum
    of at least `return_minimum`, `return_fold` times the expected and `return_z` is a return. A
    surge no lane has spoken for in `succeed_after` may be succeeded by a new one.
    """

    fold: float = 1.3
    least: float = 3.0
    hold: int = 30 * MINUTE
    hour_hold: int = 10 * MINUTE
    after: int = 60 * MINUTE
    ended_after: int = 60 * MINUTE
    source_share: float = 0.1
    return_minimum: int = 10
    return_fold: float = 2.2
    return_z: float = 2.2
    succeed_after: int = 6 * HOUR


class SeveritySettings(msgspec.Struct, frozen=True):
    """What makes a warning critical; `reach` 0 leaves reach out."""

    fold: float = 4.0
    minimum: int = 30
    window: int = 60 * MINUTE
    age: int = 60 * MINUTE
    reach: int = 0
    level_every: int = 5 * MINUTE


class VolumeSettings(msgspec.Struct, frozen=True):
    """The volume rule: attention, never an incident by itself.

    Two fast means of `half_lives`; `offset` is the c of u; gates `fold` (u >= ln fold),
    `minimum` voices, `z`; an onset at a tail of `onset`, the next one only `rearm_after` later
    and after `rearm_below` below it. An attention ends when u has been below ln `end_fold` for
    `rearm_below` running, at the latest when the next onset is possible. Buckets shorter than
    `step` are gathered into steps of it, so that any bucket length gives the same onsets.

    The values were chosen in the middle of a plateau: on Numenta's Twitter volumes the mean score
    over random changes of all of them by a fifth was held higher than the score itself. Less than
    a day until the next onset, so that the same hour of the next day counts again.
    """

    step: int = 5 * MINUTE
    half_lives: tuple[int, int] = (20 * MINUTE, 200 * MINUTE)
    offset: float = 4.0
    fold: float = 1.9
    minimum: float = 10.0
    z: float = 2.0
    onset: float = 2.3
    rearm_after: int = 20 * HOUR
    rearm_below: int = HOUR
    end_fold: float = 1.5
    baseline: BaselineSettings = BaselineSettings(season_weight=6 * HOUR)
    calibration: TailSettings = TailSettings(
        unit=5 * MINUTE, floor=0.02, gain=0.5, delay=1.0, window=20 * MINUTE
    )


class BlindnessSettings(msgspec.Struct, frozen=True):
    """When a source's silence is against its own rhythm.

    Blind after all of: `warm_up` of hearing it, `least` of silence, a silence so improbable under
    its own rhythm that, a trial a minute, it is expected once in `once_in`, and `longest` times
    its own longest silence (in mentions missed; that memory halves every `memory`). `half_life` is
    that of the level. An hour of the week not heard yet counts for `unheard_factor` of the level,
    with `unheard_weight`. Learning stops when it has been blind for `half_life`. A blind source
    says so every `level_every`.
    """

    warm_up: int = DAY
    least: int = 10 * MINUTE
    once_in: int = 700 * DAY
    longest: float = 2.0
    half_life: int = 7 * DAY
    unheard_factor: float = 0.2
    unheard_weight: int = HOUR
    memory: int = 28 * DAY
    level_every: int = 5 * MINUTE


class Detection(msgspec.Struct, frozen=True):
    """All settings of one detection; the same for every brand.

    `bucket` is the bucket's length, `allowed_lateness` how long after its end it stays open,
    `tail_offset` the c of the lanes' u, `slow_total_fewer` the slow lane's total under `fewer`.

    >>> Detection().slow.total, Detection(sensitivity=Sensitivity.FEWER).slow.total
    (4.1, 4.5)
    """

    bucket: int = MINUTE
    allowed_lateness: int = MINUTE
    sensitivity: Sensitivity = Sensitivity.BALANCED
    warm_up: int = DAY
    tail_offset: float = 3.0
    fast_lanes: tuple[LaneSettings, ...] = FAST_LANES
    slow_lane: LaneSettings = SLOW_LANE
    slow_total_fewer: float = 4.5
    floor: FloorSettings = FloorSettings()
    calm: CalmSettings = CalmSettings()
    severity: SeveritySettings = SeveritySettings()
    baseline: BaselineSettings = BaselineSettings()
    share: ShareSettings = ShareSettings()
    volume: VolumeSettings = VolumeSettings()
    blindness: BlindnessSettings = BlindnessSettings()

    @property
    def slow(self) -> LaneSettings:
        """The slow lane as the sensitivity sets it."""
        if self.sensitivity is Sensitivity.FEWER:
            return msgspec.structs.replace(self.slow_lane, total=self.slow_total_fewer)
        return self.slow_lane
