"""Buckets for tests, a minute each."""

from collections.abc import Mapping

from detectors.brand import BrandDetectors, Closing
from detectors.observation import Bucket, BucketState, Observation, SourceHearing
from detectors.settings import MINUTE
from detectors.signal import Signal


def minute(  # noqa: PLR0917  # a test's shorthand
    at: int,
    negative: int = 0,
    others: int = 0,
    state: BucketState = BucketState.KNOWN,
    count: int = 1,
    source: str = "s",
    reach: int = 0,
    length: int = MINUTE,
) -> Bucket:
    """Make the `at`-th bucket: so many negative voices and so many others, through one source."""
    n = negative + others
    start = at * length
    hours = start // (60 * MINUTE)
    return Bucket(
        start=start,
        length=length,
        cell=hours % 24 + (24 if hours // 24 % 7 >= 5 else 0),
        state=state,
        count=count,
        observation=Observation(
            mentions=n,
            unique=n,
            voices=n,
            negative=negative,
            negative_unique=negative,
            negative_voices=negative,
            scored_voices=n,
            reach=reach,
            negative_voices_by_source={source: negative} if negative else {},
        ),
    )


def all_heard(bucket: Bucket) -> Mapping[str, SourceHearing]:
    """One source `s`, which has delivered all up to the bucket's end."""
    return {"s": SourceHearing(bucket.end)}


class Brand:
    """Feeds one brand minute after minute and keeps what it said."""

    def __init__(self, detectors: BrandDetectors, at: int = 0) -> None:
        self.detectors = detectors
        self.at = at
        self.signals: list[Signal] = []
        self.last: Closing | None = None
        self.sources: Mapping[str, SourceHearing] | None = None

    def close(self, bucket: Bucket) -> list[Signal]:
        """Close one bucket; the sources follow unless `sources` is set."""
        heard = all_heard(bucket) if self.sources is None else self.sources
        self.last = self.detectors.close(bucket, heard)
        self.signals.extend(self.last.signals)
        self.at = bucket.end // bucket.length
        return list(self.last.signals)

    def talk(
        self, minutes: int, negative: float = 0.0, others: float = 0.0, **more: object
    ) -> list[Signal]:
        """Let so many minutes pass, with so many voices a minute, evenly spread."""
        said: list[Signal] = []
        for i in range(minutes):
            now = [int((i + 1) * rate + 1e-9) - int(i * rate + 1e-9) for rate in (negative, others)]
            said += self.close(minute(self.at, now[0], now[1], **more))  # type: ignore[arg-type]  # a test's shorthand
        return said

    def kinds(self) -> list[str]:
        """Give the kinds of all signals but levels."""
        return [str(signal.kind) for signal in self.signals if signal.kind != "level"]
