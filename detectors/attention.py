"""Attention: what is said of an unusual volume, listed apart from every crisis."""

import msgspec

from detectors.negative_surge import NegativeSurge
from detectors.observation import Bucket
from detectors.reading import Reading, Rule
from detectors.settings import Detection
from detectors.severity import Severity
from detectors.signal import Signal, SignalKind
from detectors.volume import VolumeDetector, VolumeState
from detectors.wording import attention_reason


class AttentionState(msgspec.Struct, frozen=True, array_like=True):
    """The volume detector's state and the number, seq and opening of the last attention."""

    volume: VolumeState
    number: int
    seq: int
    open: bool
    opened_at: int


class Attention:
    """Turns the volume detector's starts and ends into `opened` and `ended`, severity info.

    A start in the middle of a negative surge says nothing: the surge has said more.
    """

    __slots__ = ("brand", "number", "open", "opened_at", "seq", "span", "volume")

    def __init__(
        self, brand: str, settings: Detection, state: AttentionState | None = None
    ) -> None:
        self.brand = brand
        self.span = settings.volume.half_lives[0]
        self.volume = VolumeDetector(settings, state.volume if state else None)
        self.number = state.number if state else 0
        self.seq = state.seq if state else 0
        self.open = state.open if state else False
        self.opened_at = state.opened_at if state else 0

    def close(
        self, bucket: Bucket, surge: NegativeSurge, *, surging: bool
    ) -> tuple[Reading, Signal | None]:
        """Take one closed bucket; the surge's windows tell what was heard lately."""
        reading, started, ended = self.volume.close(bucket)
        if started and not surging and not self.open:
            self.number += 1
            self.seq = 0
            self.open = True
            self.opened_at = bucket.end
            return reading, self._say(SignalKind.OPENED, bucket, reading, surge)
        if ended and self.open:
            self.open = False
            return reading, self._say(SignalKind.ENDED, bucket, reading, surge)
        return reading, None

    def _say(
        self, kind: SignalKind, bucket: Bucket, reading: Reading, surge: NegativeSurge
    ) -> Signal:
        self.seq += 1
        view = surge.over(self.span, reading.lane)
        return Signal(
            brand=self.brand,
            rule=Rule.VOLUME,
            surge=self.number,
            seq=self.seq,
            kind=kind,
            bucket_end=bucket.end,
            opened_at=self.opened_at,
            lane=reading.lane,
            observed=reading.observed,
            expected=reading.expected,
            mentions=view.mentions,
            voices=view.sample,
            share=min(1.0, view.observed / view.sample) if view.sample else 0.0,
            usual_share=surge.baseline.share,
            severity=Severity.INFO,
            reason=attention_reason(reading),
        )

    def state(self) -> AttentionState:
        """Give what a new one needs to go on equal."""
        return AttentionState(self.volume.state(), self.number, self.seq, self.open, self.opened_at)
