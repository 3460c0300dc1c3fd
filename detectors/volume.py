"""Attention: a brand is talked about far more than is usual for it, whatever the tone.

Attention is information and pages nobody by default. The formulas, with x the voices of one step:
the usual count mu is the baseline's; two fast means x_k (exponentially weighted, effective sizes
n_k) are held against it as u = mean of ln((n_k x_k + c) / (n_k mu + c)); the brand's own tail turns
u into s, minus log10 of how often this brand exceeds such a value. The dispersion r is that of one
step; n_1 steps together, neither independent nor one, count as r sqrt(n_1).
"""

from math import log, sqrt
from typing import TYPE_CHECKING

import msgspec

from detectors.baseline import Baseline, BaselineState
from detectors.observation import Bucket, BucketState
from detectors.reading import Lane, Reading, Reason, Rule
from detectors.rolling import deviance_z, effective, keep
from detectors.tail import Tail, TailState

if TYPE_CHECKING:
    from detectors.settings import Detection

NEVER = -1


class VolumeState(msgspec.Struct, frozen=True, array_like=True):
    """What a volume detector needs to go on equal; at most 1.5 KB packed."""

    baseline: BaselineState
    tail: TailState
    fast: tuple[float, float]
    weights: tuple[float, float]
    step_time: int
    step_count: int
    step_blind: bool
    since_onset: int
    below_onset: int
    below_end: int
    open: bool
    reading: Reading


class VolumeDetector:
    """Says when one brand's volume leaves its own usual range, once, and when it is back.

    Guarantees: what it says is the same for any bucket length that divides the step, but for being
    said at the step's end; each step is scored before it is learnt; an unknown bucket changes
    nothing; nothing starts in the warm-up; starts and ends alternate. Known time alone counts.

    A start asks for all of: s of `onset`, u of ln `fold`, n_1 x_1 of `minimum` voices and a
    deviance z of `z`; the next one only when `rearm_after` has passed and s has been below
    `onset` for `rearm_below`. Learning never stops, so a lasting change becomes the usual.
    """

    __slots__ = (
        "_baseline",
        "_below_end",
        "_below_onset",
        "_end_u",
        "_fast",
        "_fold_u",
        "_keeps",
        "_open",
        "_reading",
        "_settings",
        "_since_onset",
        "_size_fold",
        "_sizes",
        "_step",
        "_step_blind",
        "_step_count",
        "_step_time",
        "_tail",
        "_weights",
    )

    def __init__(self, settings: "Detection", state: VolumeState | None = None) -> None:
        volume = settings.volume
        self._settings = volume
        bucket = settings.bucket
        step = bucket * max(1, -(-volume.step // bucket))
        self._step = step
        quick, slow = volume.half_lives
        self._keeps = (keep(step, quick), keep(step, slow))
        self._sizes = (effective(step, quick), effective(step, slow))
        self._size_fold = sqrt(self._sizes[0])
        self._fold_u = log(volume.fold)
        self._end_u = log(volume.end_fold)
        if state is None:
            self._baseline = Baseline(volume.baseline, step)
            self._tail = Tail(volume.calibration, step)
            self._fast = self._weights = (0.0, 0.0)
            self._step_time = self._step_count = 0
            self._step_blind = False
            self._since_onset = NEVER
            self._below_onset = self._below_end = 0
            self._open = False
            self._reading = self._read(0.0, 0.0, 0, 0.0, 0.0, Reason.WARMING_UP)
        else:
            self._baseline = Baseline(volume.baseline, step, state.baseline)
            self._tail = Tail(volume.calibration, step, state.tail)
            self._fast, self._weights = state.fast, state.weights
            self._step_time, self._step_count = state.step_time, state.step_count
            self._step_blind = state.step_blind
            self._since_onset = state.since_onset
            self._below_onset, self._below_end = state.below_onset, state.below_end
            self._open = state.open
            self._reading = state.reading

    @property
    def open(self) -> bool:
        """Whether an attention has started and not ended."""
        return self._open

    def usual(self, bucket: int, cell: int) -> tuple[float, float]:
        """Tell the count expected in `bucket` milliseconds of that cell, and the size r of a step.

        The count is 0 while nothing is learnt.
        """
        return self._baseline.expected(cell) * bucket / self._step, self._baseline.size

    def close(self, bucket: Bucket) -> tuple[Reading, bool, bool]:
        """Take one closed bucket (or a run of unknown ones) in.

        Returns the reading, whether an attention started and whether it ended. Between two steps
        the reading is that of the last one.
        """
        if bucket.state is BucketState.UNKNOWN:
            return self._unknown(), False, False
        self._step_count += bucket.observation.voices
        self._step_time += bucket.length
        if bucket.state is BucketState.BLIND:
            self._step_blind = True
        if self._step_time < self._step:
            return self._reading, False, False
        return self._take(bucket.cell)

    def _take(self, cell: int) -> tuple[Reading, bool, bool]:
        """Score one whole step, then learn it (a step with a blind bucket is not learnt)."""
        count = self._step_count
        blind = self._step_blind
        self._step_time = self._step_count = 0
        self._step_blind = False

        usual = self._baseline.expected(cell)
        offset = self._settings.offset
        keep_1, keep_2 = self._keeps
        size_1, size_2 = self._sizes
        mean_1, mean_2 = self._fast
        weight_1, weight_2 = self._weights
        mean_1 = mean_1 * keep_1 + count * (1.0 - keep_1)
        mean_2 = mean_2 * keep_2 + count * (1.0 - keep_2)
        weight_1 = weight_1 * keep_1 + 1.0 - keep_1
        weight_2 = weight_2 * keep_2 + 1.0 - keep_2
        self._fast = (mean_1, mean_2)
        self._weights = (weight_1, weight_2)
        observed = size_1 * mean_1 / weight_1
        expected = size_1 * usual
        u = 0.5 * log(
            (observed + offset)
            * (size_2 * mean_2 / weight_2 + offset)
            / ((expected + offset) * (size_2 * usual + offset))
        )
        tail = self._tail.score(u)

        z = 0.0
        if not self._baseline.warm:
            reason = Reason.WARMING_UP
        elif observed < self._settings.minimum:
            reason = Reason.TOO_FEW if count else Reason.QUIET
        else:
            z = deviance_z(observed, expected, self._baseline.size * self._size_fold)
            reason = self._judge(u, z, tail)
        started, ended = self._move(reason, u, tail)
        if not blind:
            if self._baseline.warm:
                self._tail.learn(u)
            self._baseline.learn(count, cell)
        self._reading = self._read(observed, expected, count, z, tail, reason)
        return self._reading, started, ended

    def _judge(self, u: float, z: float, tail: float) -> Reason:
        """Return the first gate that fails, of those after warm-up and the least count."""
        settings = self._settings
        if u < self._fold_u:
            return Reason.BELOW_FOLD
        if z < settings.z:
            return Reason.BELOW_Z
        if tail < settings.onset:
            return Reason.BELOW_TAIL
        if self._since_onset != NEVER:
            return Reason.RE_ARMING
        return Reason.HIT

    def _move(self, reason: Reason, u: float, tail: float) -> tuple[bool, bool]:
        """Whether an attention starts, and whether the open one ends, with this step."""
        if reason is Reason.HIT:
            self._since_onset = self._below_onset = self._below_end = 0
            self._open = True
            return True, False
        if self._since_onset == NEVER:
            return False, False
        settings = self._settings
        self._since_onset += self._step
        self._below_onset = self._below_onset + self._step if tail < settings.onset else 0
        self._below_end = self._below_end + self._step if u < self._end_u else 0
        if self._since_onset >= settings.rearm_after and self._below_onset >= settings.rearm_below:
            self._since_onset = NEVER
        ends = self._open and (
            self._since_onset == NEVER or self._below_end >= settings.rearm_below
        )
        if ends:
            self._open = False
        return False, ends

    def _read(  # noqa: PLR0913, PLR0917  # a reading has this many numbers
        self,
        observed: float,
        expected: float,
        sample: int,
        z: float,
        tail: float,
        reason: Reason,
    ) -> Reading:
        return Reading(
            rule=Rule.VOLUME,
            lane=Lane.VOLUME,
            observed=observed,
            expected=expected,
            sample=sample,
            z=z,
            tail=tail,
            evidence=0.0,
            score=tail,
            threshold=self._settings.onset,
            held=1 if reason is Reason.HIT or reason is Reason.RE_ARMING else 0,
            reason=reason,
        )

    def _unknown(self) -> Reading:
        return self._read(0.0, 0.0, 0, 0.0, 0.0, Reason.UNKNOWN)

    def state(self) -> VolumeState:
        """Return what a new detector needs to go on equal."""
        return VolumeState(
            baseline=self._baseline.state(),
            tail=self._tail.state(),
            fast=self._fast,
            weights=self._weights,
            step_time=self._step_time,
            step_count=self._step_count,
            step_blind=self._step_blind,
            since_onset=self._since_onset,
            below_onset=self._below_onset,
            below_end=self._below_end,
            open=self._open,
            reading=self._reading,
        )
