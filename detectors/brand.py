"""All detectors of one brand, put together: one closed bucket in, readings and signals out."""

from collections.abc import Mapping

import msgspec

from detectors.attention import Attention, AttentionState
from detectors.crisis import Crisis, CrisisState
from detectors.floor import Known, read_floor
from detectors.negative_surge import NegativeSurge, SurgeState
from detectors.observation import Bucket, BucketState, SourceHearing
from detectors.reading import Lane, Reading
from detectors.settings import Detection
from detectors.signal import Signal
from detectors.usual import Usual


class Closing(msgspec.Struct, frozen=True):
    """What one closed bucket led to; `open` while a surge or an attention of the brand is open."""

    readings: tuple[Reading, ...]
    signals: tuple[Signal, ...]
    open: bool


class BrandState(msgspec.Struct, frozen=True, array_like=True):
    """All a brand's detectors need to go on equal, after msgpack too."""

    surge: SurgeState
    crisis: CrisisState
    attention: AttentionState


class BrandDetectors:
    """The detectors of one brand.

    Guarantees: equal buckets in equal order give equal closings, wherever the state was put away
    and taken up between; cost and state of a bucket do not grow with what came before.
    """

    __slots__ = ("attention", "brand", "crisis", "settings", "surge")

    def __init__(self, brand: str, settings: Detection, state: BrandState | None = None) -> None:
        self.brand = brand
        self.settings = settings
        self.surge = NegativeSurge(settings, state.surge if state else None)
        self.crisis = Crisis(brand, settings, state.crisis if state else None)
        self.attention = Attention(brand, settings, state.attention if state else None)

    def close(self, bucket: Bucket, sources: Mapping[str, SourceHearing]) -> Closing:
        """Take one closed bucket; buckets come in order, `count` > 1 for unknown runs only."""
        surge = self.surge
        warm = surge.baseline.warm
        readings = surge.close(bucket)
        if not warm and bucket.state is not BucketState.UNKNOWN:
            known = None
            if surge.baseline.learnt >= self.settings.floor.fold_after:
                weight = surge.share.weight_of(self.settings.share.weight)
                known = Known(surge.baseline.share, weight)
            readings.append(read_floor(surge.view(Lane.FLOOR), self.settings.floor, known))
        signals = self.crisis.close(bucket, readings, surge, sources)
        attention = self.attention
        reading, said = attention.close(
            bucket,
            surge,
            surging=self.crisis.story.open,
        )
        readings.append(reading)
        if said is not None:
            signals.append(said)
        return Closing(tuple(readings), tuple(signals), self.crisis.story.open or attention.open)

    def usual(self, bucket: Bucket) -> Usual:
        """Tell what is usual for this bucket by all that was learnt up to now."""
        surge = self.surge
        base = surge.baseline
        voices, voices_size = self.attention.volume.usual(bucket.length, bucket.cell)
        return Usual(
            voices,
            voices_size,
            base.expected(bucket.cell),
            base.size,
            base.share,
            surge.share.weight_of(self.settings.share.weight),
            base.learnt,
        )

    def state(self) -> BrandState:
        """Give what a new one needs to go on equal."""
        return BrandState(self.surge.state(), self.crisis.state(), self.attention.state())
