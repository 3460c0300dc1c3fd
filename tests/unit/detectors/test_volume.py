"""The volume detector: against a slow batch oracle, and what it promises."""

import math
import os
from itertools import pairwise
from pathlib import Path
from statistics import fmean

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.baseline import SIZE_LIMITS
from detectors.observation import NOTHING_SAID, Bucket, BucketState, Observation
from detectors.reading import Reading, Reason
from detectors.settings import DAY, HOUR, MINUTE, Detection
from detectors.volume import VolumeDetector, VolumeState
from tests.bench import nab

DATA = Path(os.environ.get("CRISIS_MONITOR_DATA", Path(__file__).parents[3] / "../shared/data"))
STEP = 5 * MINUTE
DAY_STEPS = DAY // STEP
FIVE = Detection(bucket=STEP)
SHORT = msgspec.structs.replace(
    FIVE,
    volume=msgspec.structs.replace(
        FIVE.volume,
        baseline=msgspec.structs.replace(FIVE.volume.baseline, warm_up=4 * HOUR),
        rearm_after=3 * HOUR,
    ),
)


def _only(**gates: float | tuple[int, int]) -> Detection:
    """Leave only some gates to decide, so that each is seen to."""
    return msgspec.structs.replace(SHORT, volume=msgspec.structs.replace(SHORT.volume, **gates))


OFTEN = {"rearm_after": 10 * MINUTE, "rearm_below": 5 * MINUTE}
VARIANTS = (
    SHORT,
    _only(onset=0.8, z=0.0, **OFTEN),
    _only(onset=0.8, z=2.5, fold=1.01, **OFTEN),
    _only(onset=0.9, fold=1.01, z=0.1, rearm_after=45 * MINUTE, rearm_below=5 * MINUTE),
    _only(onset=0.9, fold=1.01, z=0.1, rearm_after=10 * MINUTE, rearm_below=20 * MINUTE),
    _only(onset=0.8, z=0.0, fold=1.01, minimum=40.0, **OFTEN),
)
Closing = tuple[Reading, bool, bool]


def bucket(
    index: int, voices: int, length: int = STEP, state: BucketState = BucketState.KNOWN
) -> Bucket:
    start = index * length
    day = start // DAY
    cell = start % DAY // HOUR + (24 if day % 7 >= 5 else 0)
    said = Observation(mentions=voices, unique=voices, voices=voices) if voices else NOTHING_SAID
    return Bucket(start, length, cell, state, said)


def feed(detector: VolumeDetector, voices: "list[int]", first: int = 0) -> list[Closing]:
    return [detector.close(bucket(first + at, count)) for at, count in enumerate(voices)]


def calm(days: float, rate: float, seed: int = 1) -> list[int]:
    chance = np.random.default_rng(seed)
    return [int(count) for count in chance.poisson(rate, round(days * DAY_STEPS))]


# -- a slow oracle in numpy: every sum over the whole past, nothing carried along -----------------


def oracle(  # noqa: PLR0915  # the formulas in one piece, to be read beside the design
    counts: list[int], detection: Detection
) -> list[tuple[float, float, float, float, bool]]:
    """(X, M, z where asked, s, onset) of every step, for known steps of five minutes."""
    volume, base, tail = (
        detection.volume,
        detection.volume.baseline,
        detection.volume.calibration,
    )
    n = len(counts)
    x = np.array(counts, float)
    cells = np.array([bucket(at, 0).cell for at in range(n)])
    warm = base.warm_up // STEP
    past = 0.5 ** (np.arange(n) * STEP / base.half_life)
    cell_past = 0.5 ** (np.arange(n) * STEP / base.season_half_life)
    weight = base.season_weight / HOUR
    taken, factors, relative = np.zeros(n), np.zeros(n), np.zeros(n)
    over, squares = np.zeros(n), np.zeros(n)
    means, sizes = [], []
    for half_life in volume.half_lives:
        decay = 0.5 ** (np.arange(n) * STEP / half_life)
        a = 1.0 - decay[1]
        sizes.append((2.0 - a) / a)
        means.append([float(x[: i + 1] @ decay[i::-1] / decay[: i + 1].sum()) for i in range(n)])
    quantile, excess, memory = tail.start_quantile, tail.start_excess, tail.start_memory
    last: int | None = None
    rows = []
    scores: list[float] = []
    for i in range(n):
        level = 0.0
        if i:
            level = float(taken[:i] @ past[:i][::-1] / (factors[:i] @ past[:i][::-1]))
        same = np.flatnonzero(
            (cells[:i] == cells[i]) & (np.arange(i) >= warm) & (relative[:i] >= 0)
        )
        kept = cell_past[: len(same)][::-1]
        seen = float(relative[same] @ kept) * STEP / HOUR
        time = float(kept.sum()) * STEP / HOUR
        factor = (seen + weight) / (time + weight)
        usual = level * factor
        prior = base.size_weight / STEP * level**2
        inverse = float(over[:i] @ past[:i][::-1]) + prior / base.start_size
        total = float(squares[:i] @ past[:i][::-1]) + prior
        size = SIZE_LIMITS[1] if inverse <= 0 else min(SIZE_LIMITS[1], total / inverse)
        size = max(SIZE_LIMITS[0], size) * math.sqrt(sizes[0])
        u = fmean(
            [
                math.log((k * mean[i] + volume.offset) / (k * usual + volume.offset))
                for k, mean in zip(sizes, means, strict=True)
            ]
        )
        s = 2.0 + (u - quantile) / (excess * math.log(10.0))
        observed, expected = sizes[0] * means[0][i], sizes[0] * usual
        z = 0.0
        if i >= warm and observed >= volume.minimum:
            m = max(expected, 1e-6)
            half = observed * math.log(observed / m) - (observed + size) * math.log(
                (observed + size) / (m + size)
            )
            z = math.copysign(math.sqrt(max(0.0, 2.0 * half)), observed - m)
        passed = (
            i >= warm
            and observed >= volume.minimum
            and u >= math.log(volume.fold)
            and z >= volume.z
            and s >= volume.onset
        )
        below = volume.rearm_below // STEP
        armed = last is None or any(
            (at - last) * STEP >= volume.rearm_after
            and at - last >= below
            and max(scores[at + 1 - below : at + 1]) < volume.onset
            for at in range(last, i)
        )
        onset = bool(passed and armed)
        if onset:
            last = i
        scores.append(s)
        rows.append((observed, expected, z, s, onset))
        # learn
        capped = (
            x[i] if i * STEP < base.cap_from else min(x[i], base.cap_fold * usual + base.cap_more)
        )
        taken[i], factors[i] = capped, factor
        relative[i] = -1.0
        if i >= warm:
            relative[i] = capped / level if level > 0 else -1.0
            over[i], squares[i] = (capped - usual) ** 2 - usual, usual**2
            early = tail.gain * (i - warm + 1 + tail.delay) ** -tail.power
            step = max(tail.floor, early) * excess
            if u <= quantile:
                quantile -= step * 0.01
            else:
                beyond = min(u - quantile, tail.cut * excess)
                quantile += step * 0.99
                share = STEP / tail.window
                excess += (beyond - excess) * share / memory
                memory = min(tail.memory, memory + share)
    return rows


@st.composite
def weeks(draw: st.DrawFn) -> list[int]:
    """Some hours of one brand, with a burst and a silence somewhere."""
    rate = draw(st.sampled_from([0.0, 0.05, 0.5, 4.0, 60.0]))
    chance = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n = 260
    rates = np.full(n, rate) * chance.gamma(8.0, 1 / 8.0, n)
    for _ in range(draw(st.integers(0, 6))):
        at, long = draw(st.integers(30, n - 1)), draw(st.integers(1, 40))
        rates[at : at + long] *= draw(st.sampled_from([1.5, 2.0, 2.5, 4.0]))
        rates[at : at + long] += draw(st.sampled_from([0.0, 0.0, 3.0, 20.0, 400.0]))
    if draw(st.booleans()):
        at = draw(st.integers(0, n - 1))
        rates[at : at + 30] = 0.0
    return [int(count) for count in chance.poisson(rates)]


@settings(deadline=None, max_examples=60)
@given(weeks(), st.sampled_from(VARIANTS))
def test_agrees_with_the_batch_oracle(counts: list[int], detection: Detection) -> None:
    closings = feed(VolumeDetector(detection), counts)
    for (reading, started, _), (x, m, z, s, onset) in zip(
        closings, oracle(counts, detection), strict=True
    ):
        got = (reading.observed, reading.expected, reading.z, reading.tail)
        assert got == pytest.approx((x, m, z, s), rel=1e-7, abs=1e-5)
        assert started == onset


@settings(deadline=None, max_examples=25)
@given(weeks(), st.sampled_from([MINUTE, 150_000]), st.integers(0, 2**32 - 1))
def test_any_bucket_that_divides_the_step_says_the_same(
    counts: list[int], length: int, seed: int
) -> None:
    chance = np.random.default_rng(seed)
    parts = STEP // length
    fine = VolumeDetector(msgspec.structs.replace(SHORT, bucket=length))
    for at, (reading, started, ended) in enumerate(feed(VolumeDetector(SHORT), counts)):
        shares = chance.multinomial(counts[at], [1 / parts] * parts)
        said = [
            fine.close(bucket(at * parts + part, int(count), length))
            for part, count in enumerate(shares)
        ]
        assert not any(one[1] or one[2] for one in said[:-1])
        assert said[-1] == (reading, started, ended)


@settings(deadline=None, max_examples=25)
@given(weeks(), st.integers(0, 259), st.sampled_from([MINUTE, STEP]))
def test_serialised_mid_stream_it_goes_on_equal(counts: list[int], cut: int, length: int) -> None:
    detection = msgspec.structs.replace(SHORT, bucket=length)
    one = VolumeDetector(detection)
    for at, count in enumerate(counts[:cut]):
        one.close(bucket(at, count, length))
    packed = msgspec.msgpack.encode(one.state())
    other = VolumeDetector(detection, msgspec.msgpack.decode(packed, type=VolumeState))
    for at, count in enumerate(counts[cut:], cut):
        again = bucket(at, count, length)
        assert one.close(again) == other.close(again)
        assert one.open == other.open
    assert one.state() == other.state()


@settings(deadline=None, max_examples=25)
@given(weeks(), st.sets(st.integers(0, 259), max_size=5))
def test_unknown_buckets_change_nothing(counts: list[int], gaps: set[int]) -> None:
    plain, gapped = VolumeDetector(SHORT), VolumeDetector(SHORT)
    for at, count in enumerate(counts):
        if at in gaps:
            before = gapped.state()
            run = Bucket(at * STEP, STEP, 3, BucketState.UNKNOWN, count=100)
            reading, started, ended = gapped.close(run)
            assert (reading.reason, started, ended) == (Reason.UNKNOWN, False, False)
            assert gapped.state() == before
        assert plain.close(bucket(at, count)) == gapped.close(bucket(at, count))


@settings(deadline=None, max_examples=25)
@given(weeks())
def test_starts_and_ends_alternate_and_nothing_starts_in_warm_up(counts: list[int]) -> None:
    detector = VolumeDetector(SHORT)
    was_open = False
    for at, count in enumerate(counts):
        reading, started, ended = detector.close(bucket(at, count))
        assert not (started and (was_open or ended))
        assert not (ended and not was_open)
        was_open = (was_open or started) and not ended
        assert detector.open == was_open
        assert started == (reading.reason is Reason.HIT)
        if at * STEP < SHORT.volume.baseline.warm_up:
            assert reading.reason is Reason.WARMING_UP
        assert all(
            math.isfinite(number)
            for number in (reading.observed, reading.expected, reading.z, reading.tail)
        )


# -- by example ------------------------------------------------------------------------------------


def test_a_burst_starts_once_and_ends_when_volume_is_back() -> None:
    detector = VolumeDetector(FIVE)
    quiet = feed(detector, calm(9, 5.0))
    assert not any(started for _, started, _ in quiet[DAY_STEPS * 2 :])
    burst = feed(detector, [60] * 12, first=len(quiet))
    starts = [at for at, (_, started, _) in enumerate(burst) if started]
    assert len(starts) == 1
    assert starts[0] <= 3
    assert detector.open
    after = feed(detector, calm(0.5, 5.0, seed=2), first=len(quiet) + 12)
    ends = [at for at, (_, _, ended) in enumerate(after) if ended]
    assert len(ends) == 1
    assert ends[0] <= 4 * 12 + 12
    assert not detector.open
    assert not any(started for _, started, _ in after)


def test_the_next_onset_waits_until_re_armed() -> None:
    detector = VolumeDetector(FIVE)
    at = 0
    starts = []
    for voices in (calm(9, 5.0), [80] * 6, calm(0.5, 5.0), [80] * 6, calm(1, 5.0), [200] * 6):
        said = feed(detector, voices, first=at)
        starts.append(sum(started for _, started, _ in said))
        reasons = {reading.reason for reading, _, _ in said}
        at += len(voices)
        if at > 10 * DAY_STEPS and voices[0] == 80:
            assert Reason.RE_ARMING in reasons
    assert starts[1:] == [1, 0, 0, 0, 1]


@pytest.mark.parametrize(("quiet", "again"), [(8, 0), (9, 1)])
def test_re_armed_on_the_step(quiet: int, again: int) -> None:
    sharp = (MINUTE // 4, MINUTE // 4)
    detection = _only(half_lives=sharp, rearm_after=45 * MINUTE, rearm_below=10 * MINUTE)
    detector = VolumeDetector(detection)
    said = feed(detector, calm(0.5, 5.0) + [200] + [5] * quiet + [200])
    starts = [at - len(said) for at, (_, started, _) in enumerate(said) if started]
    assert starts == [-2 - quiet, -1][: 1 + again]


def test_a_lasting_change_becomes_the_usual() -> None:
    detector = VolumeDetector(FIVE)
    feed(detector, calm(9, 5.0))
    said = feed(detector, calm(14, 20.0, seed=3), first=9 * DAY_STEPS)
    starts = [at for at, (_, started, _) in enumerate(said) if started]
    assert starts
    assert starts[0] < 24
    assert len(starts) <= 4
    assert not detector.open
    assert said[-1][0].expected == pytest.approx(said[-1][0].observed, rel=0.25)
    assert said[-1][0].reason in {Reason.BELOW_FOLD, Reason.BELOW_Z}


def test_a_shift_is_learnt_though_the_attention_is_open() -> None:
    detector = VolumeDetector(FIVE)
    feed(detector, calm(9, 5.0))
    before = detector.state().baseline
    feed(detector, [50] * 36, first=9 * DAY_STEPS)
    assert detector.open
    after = detector.state().baseline
    assert after.total / after.exposure > 1.02 * before.total / before.exposure


def test_what_a_blind_source_left_out_is_not_learnt() -> None:
    known, blind = VolumeDetector(FIVE), VolumeDetector(FIVE)
    for detector in (known, blind):
        feed(detector, calm(3, 20.0))
    before = blind.state()
    for at in range(3 * DAY_STEPS, 4 * DAY_STEPS):
        known.close(bucket(at, 2))
        blind.close(bucket(at, 2, state=BucketState.BLIND))
    assert blind.state().baseline == before.baseline
    assert blind.state().tail == before.tail
    assert known.state().baseline.total < before.baseline.total


def test_a_blind_bucket_can_still_start_an_attention() -> None:
    detector = VolumeDetector(FIVE)
    feed(detector, calm(9, 5.0))
    said = [
        detector.close(bucket(9 * DAY_STEPS + at, 80, state=BucketState.BLIND)) for at in range(4)
    ]
    assert any(started for _, started, _ in said)


def test_every_gate_gives_its_reason() -> None:
    detector = VolumeDetector(FIVE)
    seen = {reading.reason for reading, _, _ in feed(detector, [0] * 300)}
    assert seen == {Reason.WARMING_UP, Reason.QUIET}
    seen |= {reading.reason for reading, _, _ in feed(detector, [1, 0, 1], first=300)}
    assert Reason.TOO_FEW in seen
    busy = VolumeDetector(FIVE)
    chance = np.random.default_rng(4)
    wild = [int(count) for count in chance.poisson(6.0 * chance.gamma(0.4, 2.5, 9 * DAY_STEPS))]
    seen |= {reading.reason for reading, _, _ in feed(busy, wild)}
    assert {Reason.BELOW_FOLD, Reason.BELOW_TAIL} <= seen
    strict = msgspec.structs.replace(FIVE, volume=msgspec.structs.replace(FIVE.volume, z=50.0))
    seen |= {
        reading.reason for reading, _, _ in feed(VolumeDetector(strict), calm(2, 5.0) + [80] * 9)
    }
    assert Reason.BELOW_Z in seen


def test_a_silent_brand_stays_silent_and_its_first_words_are_no_attention() -> None:
    detector = VolumeDetector(FIVE)
    said = feed(detector, [0] * (8 * DAY_STEPS) + [2, 1, 3, 1, 0, 0])
    assert not any(started for _, started, _ in said)


def test_the_state_is_small_and_bounded() -> None:
    detector = VolumeDetector(FIVE)
    sizes = []
    for day in range(16):
        feed(detector, calm(1, 900.0, seed=day), first=day * DAY_STEPS)
        sizes.append(len(msgspec.msgpack.encode(detector.state())))
    assert max(sizes) <= 1500
    assert all(later - earlier <= 16 for earlier, later in pairwise(sizes[9:]))


def test_a_bucket_longer_than_a_step_is_a_step() -> None:
    detector = VolumeDetector(Detection(bucket=HOUR))
    said = [
        detector.close(bucket(at, 60 if at < 24 * 9 else 900, length=HOUR))
        for at in range(24 * 9 + 3)
    ]
    assert [at for at, (_, started, _) in enumerate(said) if started] == [24 * 9]


def test_numentas_tweet_volumes() -> None:
    folder = DATA / "nab_tweets"
    if not folder.is_dir():
        if os.environ.get("CI"):
            pytest.fail(f"{folder} is missing: set CRISIS_MONITOR_DATA to the folder above it")
        pytest.skip(f"{folder} is absent: set CRISIS_MONITOR_DATA to run this")
    scores = {one.profile: one.score for one in nab.outcomes(folder)}
    assert scores["standard"] >= 86
    assert scores["reward_low_fp"] >= 80
    assert scores["reward_low_fn"] >= 90
