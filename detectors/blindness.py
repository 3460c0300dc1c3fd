"""A source that is silent against its own rhythm is blind: no calm, no zero can be believed.

The rhythm is the source's own level and season. A silence is measured in the mentions it should
have held, E, and is blindness when two facts agree: it is improbable (a negative binomial of mean E
would hardly be 0) and it is out of the source's own habit (longer, in E, than a multiple of the
longest it came back from). A poll that found nothing is a sign of life as good as a mention.
"""

from math import log, log10, sqrt
from typing import TYPE_CHECKING

import msgspec

from detectors.baseline import Baseline, BaselineState
from detectors.observation import SourceHearing
from detectors.reading import Lane, Reading, Reason, Rule
from detectors.rolling import keep
from detectors.settings import HOUR, MINUTE
from detectors.severity import Severity
from detectors.signal import Signal, SignalKind

if TYPE_CHECKING:
    from detectors.settings import Detection

LN10 = log(10.0)
LONGEST_RISE = 2.0
"""A silence that was called blind at most doubles the longest of its own: an outage does not teach
that outages are usual, but a source that closes for weekends is understood after a few."""


class SourceWatchState(msgspec.Struct, frozen=True, array_like=True):
    """What a source's watch needs to go on equal; at most 1.5 KB packed."""

    baseline: BaselineState
    heard: bool
    delivered_up_to: int
    silent: int
    missed: float
    longest: float
    surge: int
    seq: int
    opened_at: int
    said_at: int
    blind: bool


class SourceWatch:
    """Watches one source over all brands, bucket by bucket.

    Guarantees: never blind before `warm_up` of known time since the first sign of life, nor in a
    bucket with a mention or one that a poll covers; unknown buckets change nothing; the signals
    of one silence are opened, level*, ended, numbered without gaps.
    """

    __slots__ = (
        "_baseline",
        "_blind",
        "_bucket",
        "_delivered_up_to",
        "_heard",
        "_longest",
        "_longest_keep",
        "_missed",
        "_name",
        "_opened_at",
        "_said_at",
        "_seq",
        "_settings",
        "_silent",
        "_source",
        "_surge",
        "_threshold",
    )

    def __init__(
        self, source: str, settings: "Detection", state: SourceWatchState | None = None
    ) -> None:
        blindness = settings.blindness
        rhythm = msgspec.structs.replace(
            settings.baseline, half_life=blindness.half_life, warm_up=blindness.warm_up
        )
        self._source = source
        self._name = f"source:{source}"
        self._settings = blindness
        self._bucket = settings.bucket
        self._threshold = log10(blindness.once_in / MINUTE)
        self._longest_keep = keep(settings.bucket, blindness.memory)
        if state is None:
            self._baseline = Baseline(rhythm, settings.bucket)
            self._heard = self._blind = False
            self._delivered_up_to = self._silent = 0
            self._missed = self._longest = 0.0
            self._surge = self._seq = self._opened_at = self._said_at = 0
        else:
            self._baseline = Baseline(rhythm, settings.bucket, state.baseline)
            self._heard, self._blind = state.heard, state.blind
            self._delivered_up_to, self._silent = state.delivered_up_to, state.silent
            self._missed, self._longest = state.missed, state.longest
            self._surge, self._seq = state.surge, state.seq
            self._opened_at, self._said_at = state.opened_at, state.said_at

    @property
    def hearing(self) -> SourceHearing:
        """How far the source has delivered, and whether it is blind now."""
        return SourceHearing(self._delivered_up_to, self._blind)

    def close(  # noqa: PLR0913, PLR0917  # what a tick tells of one source and bucket
        self,
        start: int,
        length: int,
        cell: int,
        accepted: int,
        delivered_up_to: int | None,
        known: bool,  # noqa: FBT001  # as above
    ) -> tuple[Reading, tuple[Signal, ...]]:
        """Take one closed bucket of the source in: what it gave, over all brands.

        `accepted` mentions; `delivered_up_to` as the source last confirmed it, None if it never
        does. The reading's counts are over the silence (or the bucket, when heard); its score is
        minus log10 of the silence's probability, its tail the multiple of the longest silence of
        its own, `held` the silent buckets running.
        """
        end = start + length
        polled = False
        if delivered_up_to is not None:
            polled = delivered_up_to > self._delivered_up_to or delivered_up_to >= end
            self._delivered_up_to = max(self._delivered_up_to, delivered_up_to)
        if accepted > 0:
            self._delivered_up_to = max(self._delivered_up_to, end)
        if accepted > 0 or polled:
            return self._hear(end, cell, accepted, known=known)
        if not known:
            return self._read(0, 0.0, 0.0, Reason.UNKNOWN), ()
        if not self._heard:
            return self._read(0, 0.0, 0.0, Reason.WARMING_UP), ()
        return self._miss(end, cell)

    def _hear(
        self, end: int, cell: int, accepted: int, *, known: bool
    ) -> tuple[Reading, tuple[Signal, ...]]:
        """Take a sign of life; a silence that is over teaches how long one may be."""
        signals: tuple[Signal, ...] = ()
        missed = self._missed
        if self._blind:
            signals = (self._signal(SignalKind.ENDED, end),)
            self._blind = False
            missed = min(missed, self._longest * LONGEST_RISE)
        self._longest = max(self._longest * self._longest_keep, missed)
        self._missed = 0.0
        self._silent = 0
        self._heard = True
        if not known:
            return self._read(accepted, 0.0, 0.0, Reason.UNKNOWN), signals
        usual = self._usual(cell)
        reason = Reason.TOO_FEW if self._baseline.warm else Reason.WARMING_UP
        self._baseline.learn(max(accepted, 1), cell)
        return self._read(accepted, usual, 0.0, reason), signals

    def _miss(self, end: int, cell: int) -> tuple[Reading, tuple[Signal, ...]]:
        """One more silent bucket."""
        settings = self._settings
        baseline = self._baseline
        self._silent += self._bucket
        self._missed += self._usual(cell)
        self._longest *= self._longest_keep
        evidence = self._evidence()
        if self._blind:
            reason = Reason.HIT
        elif not baseline.warm:
            reason = Reason.WARMING_UP
        elif self._silent < settings.least:
            reason = Reason.TOO_FEW
        elif evidence < self._threshold:
            reason = Reason.BELOW_SUM
        elif self._missed < settings.longest * self._longest:
            reason = Reason.BELOW_TAIL
        else:
            reason = Reason.HIT
        signals: tuple[Signal, ...] = ()
        if reason is Reason.HIT:
            if not self._blind:
                self._blind = True
                self._surge += 1
                self._seq = 0
                self._opened_at = end
                signals = (self._signal(SignalKind.OPENED, end),)
            elif end - self._said_at >= settings.level_every:
                signals = (self._signal(SignalKind.LEVEL, end),)
        if not self._blind or end - self._opened_at < settings.half_life:
            baseline.learn(0, cell)
        return self._read(0, self._missed, evidence, reason), signals

    def _usual(self, cell: int) -> float:
        """Return what a bucket usually holds, leaning low in hours hardly known."""
        settings = self._settings
        baseline = self._baseline
        weight = settings.unheard_weight / HOUR
        seen = baseline.season_seen[cell] + weight * settings.unheard_factor
        return baseline.level * seen / (baseline.season_time[cell] + weight)

    def _evidence(self) -> float:
        """Return -log10 P(nothing) of a negative binomial of mean E and the span's size."""
        size = self._baseline.size * sqrt(max(1.0, self._silent / self._baseline.step))
        return size * log(1.0 + self._missed / size) / LN10

    def _signal(self, kind: SignalKind, end: int) -> Signal:
        self._seq += 1
        self._said_at = end
        minutes = self._silent // MINUTE
        return Signal(
            brand=self._name,
            rule=Rule.BLINDNESS,
            surge=self._surge,
            seq=self._seq,
            kind=kind,
            bucket_end=end,
            opened_at=self._opened_at,
            lane=Lane.SILENCE,
            observed=0.0,
            expected=self._missed,
            mentions=0,
            voices=0,
            share=0.0,
            usual_share=0.0,
            severity=Severity.WARNING,
            reason=(
                f"{self._source} delivers again after {minutes} min"
                if kind is SignalKind.ENDED
                else f"nothing from {self._source} for {minutes} min, "
                f"where at least {self._missed:.0f} mentions or polls are usual"
            ),
        )

    def _read(self, observed: int, expected: float, evidence: float, reason: Reason) -> Reading:
        longest = self._longest
        return Reading(
            rule=Rule.BLINDNESS,
            lane=Lane.SILENCE,
            observed=float(observed),
            expected=expected,
            sample=observed,
            z=0.0,
            tail=self._missed / longest if longest > 0.0 else 0.0,
            evidence=0.0,
            score=evidence,
            threshold=self._threshold,
            held=self._silent // self._bucket,
            reason=reason,
        )

    def state(self) -> SourceWatchState:
        """Return what a new watch needs to go on equal."""
        return SourceWatchState(
            baseline=self._baseline.state(),
            heard=self._heard,
            delivered_up_to=self._delivered_up_to,
            silent=self._silent,
            missed=self._missed,
            longest=self._longest,
            surge=self._surge,
            seq=self._seq,
            opened_at=self._opened_at,
            said_at=self._said_at,
            blind=self._blind,
        )
