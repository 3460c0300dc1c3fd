"""What every detector guarantees, whatever it looks at.

One suite over all of them: the whole brand, the lanes alone, the volume rule and a source's watch.
Each is fed the same brand's buckets, its state is put away as msgpack and taken up again, and its
readings and signals are compared.
"""

from collections.abc import Callable
from typing import Protocol

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.blindness import SourceWatch, SourceWatchState
from detectors.brand import BrandDetectors, BrandState
from detectors.negative_surge import NegativeSurge, SurgeState
from detectors.observation import NOTHING_SAID, Bucket, BucketState, Observation, SourceHearing
from detectors.reading import Lane, Reading, Reason
from detectors.settings import MINUTE, Detection
from detectors.signal import Signal
from detectors.volume import VolumeDetector, VolumeState

SETTINGS = Detection()
DAY = 1440

Said = tuple[list[Reading], list[Signal] | list[bool]]


class Detector(Protocol):
    """What the suite needs of a detector: buckets in, statements out, state both ways."""

    def close(self, bucket: Bucket) -> Said: ...

    def pack(self) -> bytes: ...


class WholeBrand:
    def __init__(self, packed: bytes | None = None) -> None:
        state = msgspec.msgpack.decode(packed, type=BrandState) if packed else None
        self.of = BrandDetectors("acme", SETTINGS, state)

    def close(self, bucket: Bucket) -> Said:
        closing = self.of.close(bucket, {"s": SourceHearing(bucket.end)})
        return list(closing.readings), list(closing.signals)

    def pack(self) -> bytes:
        return msgspec.msgpack.encode(self.of.state())


class Lanes:
    def __init__(self, packed: bytes | None = None) -> None:
        state = msgspec.msgpack.decode(packed, type=SurgeState) if packed else None
        self.of = NegativeSurge(SETTINGS, state)

    def close(self, bucket: Bucket) -> Said:
        readings = self.of.close(bucket)
        return readings, [reading.reason is Reason.HIT for reading in readings]

    def pack(self) -> bytes:
        return msgspec.msgpack.encode(self.of.state())


class Volume:
    def __init__(self, packed: bytes | None = None) -> None:
        state = msgspec.msgpack.decode(packed, type=VolumeState) if packed else None
        self.of = VolumeDetector(SETTINGS, state)

    def close(self, bucket: Bucket) -> Said:
        reading, started, ended = self.of.close(bucket)
        return [reading], [started, ended]

    def pack(self) -> bytes:
        return msgspec.msgpack.encode(self.of.state())


class Source:
    def __init__(self, packed: bytes | None = None) -> None:
        state = msgspec.msgpack.decode(packed, type=SourceWatchState) if packed else None
        self.of = SourceWatch("s", SETTINGS, state)

    def close(self, bucket: Bucket) -> Said:
        known = bucket.state is not BucketState.UNKNOWN
        accepted = bucket.observation.mentions
        readings: list[Reading] = []
        signals: list[Signal] = []
        for i in range(min(bucket.count, 100)):
            reading, said = self.of.close(
                bucket.start + i * bucket.length, bucket.length, bucket.cell, accepted, None, known
            )
            readings, signals = [reading], signals + list(said)
        return readings, signals

    def pack(self) -> bytes:
        return msgspec.msgpack.encode(self.of.state())


DETECTORS: dict[str, Callable[[bytes | None], Detector]] = {
    "brand": WholeBrand,
    "lanes": Lanes,
    "volume": Volume,
    "source": Source,
}

each = pytest.mark.parametrize("make", DETECTORS.values(), ids=DETECTORS.keys())


def bucket(
    at: int,
    negative: int,
    others: int,
    state: BucketState = BucketState.KNOWN,
    count: int = 1,
) -> Bucket:
    n = negative + others
    observation = NOTHING_SAID
    if n:
        observation = Observation(
            mentions=n,
            voices=n,
            negative_voices=negative,
            scored_voices=n,
            negative_voices_by_source={"s": negative} if negative else {},
        )
    return Bucket(at * MINUTE, MINUTE, at // 60 % 24, state, observation, count)


def stream(seed: int, minutes: int, rate: float = 0.8, first: int = 0) -> list[Bucket]:
    """A restless brand with two surges, blind minutes and gaps, all by chance."""
    rng = np.random.default_rng(seed)
    level = (
        np.full(minutes, rate)
        * np.exp(np.repeat(rng.normal(0, 0.3, minutes // 30 + 1), 30))[:minutes]
    )
    for _ in range(2):
        start = int(rng.integers(0, max(1, minutes - 200)))
        level[start : start + 150] *= 12
    negative, others = rng.poisson(level), rng.poisson(3 * rate, minutes)
    out, at = [], first
    for x, n in zip(negative.tolist(), others.tolist(), strict=True):
        chance = rng.random()
        if chance < 0.002:
            gap = int(rng.integers(1, 90))
            out.append(bucket(at, 0, 0, state=BucketState.UNKNOWN, count=gap))
            at += gap
            continue
        state = BucketState.BLIND if chance < 0.01 else BucketState.KNOWN
        out.append(bucket(at, x, n, state=state))
        at += 1
    return out


@each
@given(seed=st.integers(0, 10**6), cut=st.integers(0, 2 * DAY))
@settings(deadline=None, max_examples=6)
def test_put_away_and_taken_up_it_goes_on_equal(
    make: Callable[[bytes | None], Detector], seed: int, cut: int
) -> None:
    buckets = stream(seed, 2 * DAY + 300)
    one = make(None)
    for item in buckets[:cut]:
        one.close(item)
    two = make(one.pack())
    for item in buckets[cut:]:
        assert one.close(item) == two.close(item)
    assert one.pack() == two.pack()


@each
def test_put_away_after_every_bucket_it_goes_on_equal(
    make: Callable[[bytes | None], Detector],
) -> None:
    one = two = make(None)
    for item in stream(5, DAY + 300):
        two = make(two.pack())
        assert one.close(item) == two.close(item)


@each
def test_equal_buckets_give_equal_statements(make: Callable[[bytes | None], Detector]) -> None:
    one, two = make(None), make(None)
    for item in stream(11, 2 * DAY):
        assert one.close(item) == two.close(item)
    assert one.pack() == two.pack()


@each
@given(seed=st.integers(0, 10**6), rate=st.sampled_from([0.05, 0.5, 5.0]))
@settings(deadline=None, max_examples=6)
def test_in_the_warm_up_nothing_but_the_floor_speaks(
    make: Callable[[bytes | None], Detector], seed: int, rate: float
) -> None:
    detector = make(None)
    for item in stream(seed, DAY - 1, rate):
        readings, said = detector.close(item)
        for reading in readings:
            if reading.lane is not Lane.FLOOR:
                assert reading.reason is not Reason.HIT
        for word in said:
            assert not word or (isinstance(word, Signal) and word.still_learning)


@each
def test_a_gap_is_unknown_and_not_zero(make: Callable[[bytes | None], Detector]) -> None:
    buckets = stream(3, 3 * DAY)
    gapped, silent = make(None), make(None)
    for item in buckets:
        for detector in (gapped, silent):
            detector.close(item)
    at = buckets[-1].end // MINUTE
    readings, said = gapped.close(bucket(at, 0, 0, state=BucketState.UNKNOWN, count=7 * 60))
    assert {reading.reason for reading in readings} == {Reason.UNKNOWN}
    assert not any(word for word in said if not isinstance(word, Signal) or word.kind != "level")
    for i in range(7 * 60):
        silent.close(bucket(at + i, 0, 0))
    usual = [bucket(at + 420 + i, 1, 2) for i in range(120)]
    for item in usual:
        gapped.close(item)
        silent.close(item)
    expected = gapped.close(bucket(at + 540, 1, 2))[0][0].expected
    lowered = silent.close(bucket(at + 540, 1, 2))[0][0].expected
    assert expected >= lowered, "the hours nobody listened were learnt as silence"
    assert gapped.pack() != silent.pack()


@each
def test_its_state_is_bounded(make: Callable[[bytes | None], Detector]) -> None:
    detector = make(None)
    for item in stream(7, 3 * DAY, rate=2.0):
        detector.close(item)
    early = len(detector.pack())
    for item in stream(8, 9 * DAY, rate=2.0, first=4 * DAY):
        detector.close(item)
    assert len(detector.pack()) <= early * 1.3 + 200
    assert len(detector.pack()) <= 4096


@each
def test_weeks_of_silence_leave_no_trace_in_the_size_of_its_state(
    make: Callable[[bytes | None], Detector],
) -> None:
    detector = make(None)
    for item in stream(9, 2 * DAY):
        detector.close(item)
    before = len(detector.pack())
    at = 4 * DAY
    detector.close(bucket(at, 0, 0, state=BucketState.UNKNOWN, count=100_000_000))
    for i in range(3 * DAY):
        detector.close(bucket(at + 100_000_000 + i, 0, 0))
    assert len(detector.pack()) <= before + 100


@each
def test_every_reading_says_where_it_stands(make: Callable[[bytes | None], Detector]) -> None:
    detector = make(None)
    for item in stream(13, 2 * DAY):
        for reading in detector.close(item)[0]:
            assert reading.observed >= 0
            assert reading.expected >= 0
            assert reading.sample >= 0
            assert isinstance(reading.reason, Reason)
            assert np.isfinite([reading.z, reading.tail, reading.evidence, reading.score]).all()
            if reading.reason is Reason.HIT and reading.lane is not Lane.SILENCE:
                assert reading.score >= reading.threshold


@each
@given(
    numbers=st.lists(
        st.tuples(st.integers(0, 10**7), st.integers(0, 10**7)), min_size=1, max_size=60
    )
)
@settings(deadline=None, max_examples=15)
def test_no_number_of_voices_breaks_it(
    make: Callable[[bytes | None], Detector], numbers: list[tuple[int, int]]
) -> None:
    detector = make(None)
    for i in range(0, DAY + 200, 5):
        detector.close(bucket(i, *numbers[i % len(numbers)]))
    for i, (negative, others) in enumerate(numbers):
        for reading in detector.close(bucket(2 * DAY + i, negative, others))[0]:
            assert np.isfinite([reading.z, reading.tail, reading.evidence, reading.score]).all()
    make(detector.pack())
