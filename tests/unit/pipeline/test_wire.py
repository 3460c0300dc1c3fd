"""The logs' records: round trips, tolerance, refusal of newer versions."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.observation import BucketState, Observation
from detectors.reading import Lane, Reading, Reason, Rule
from detectors.usual import Usual
from pipeline.mention import Author, Kind, Mention
from pipeline.wire import (
    VERSION,
    BucketRecord,
    Entry,
    Envelope,
    NewerVersionError,
    SourceTick,
    Tick,
    WireError,
    decode_judged,
    decode_mentions,
    decode_signals,
    encode,
    pack_reading,
    pack_usual,
    unpack_reading,
    unpack_usual,
)

TEXT = st.text(st.characters(codec="utf-8"), max_size=40)
MENTIONS = st.builds(
    Mention,
    id=TEXT,
    source=TEXT,
    event_time=st.integers(0, 2**52),
    ingested_at=st.integers(0, 2**52),
    text=TEXT,
    channel=TEXT,
    kind=st.sampled_from(Kind),
    author=st.builds(Author, TEXT, TEXT, TEXT, st.none() | st.integers(0, 2**40)),
    url=TEXT,
    language=st.sampled_from(["", "en", "de"]),
    rating=st.none() | st.floats(1, 5),
    reach=st.integers(0, 2**40),
)
ENTRIES = st.builds(
    Entry, MENTIONS, TEXT, st.lists(st.integers(0, 99), max_size=6).map(tuple), st.booleans()
)
RECORDS = st.builds(
    Envelope, st.just(VERSION), TEXT, TEXT, st.lists(ENTRIES, max_size=4)
) | st.builds(
    Tick,
    st.just(VERSION),
    TEXT,
    st.integers(0, 2**52),
    st.dictionaries(TEXT, st.builds(SourceTick, st.integers(0, 99), st.none() | st.integers(0, 9))),
    st.booleans(),
    st.booleans(),
)


@given(RECORDS)
@settings(deadline=None)
def test_every_record_comes_back_equal(record: Envelope | Tick) -> None:
    assert decode_mentions(encode(record)) == record


@given(RECORDS)
@settings(deadline=None, max_examples=50)
def test_elements_added_later_are_ignored(record: Envelope | Tick) -> None:
    grown = [*msgspec.msgpack.decode(encode(record)), "new", {"field": 1}]
    assert decode_mentions(encode(grown)) == record


@given(RECORDS)
@settings(deadline=None, max_examples=50)
def test_a_newer_version_is_refused_whatever_follows(record: Envelope | Tick) -> None:
    newer = msgspec.msgpack.decode(encode(record))
    newer[1] = VERSION + 1
    with pytest.raises(NewerVersionError):
        decode_mentions(encode(newer))
    with pytest.raises(NewerVersionError):
        decode_mentions(encode([newer[0], VERSION + 1, {"another": "shape"}]))


@given(st.binary(max_size=200))
@settings(deadline=None)
def test_bytes_of_anything_else_are_refused_with_a_wire_error(raw: bytes) -> None:
    for decode in (decode_mentions, decode_signals, decode_judged):
        with pytest.raises(WireError):
            decode(raw)


NUMBERS = st.floats(allow_nan=True, allow_infinity=True)


@given(
    st.builds(
        Reading,
        st.sampled_from(Rule),
        st.sampled_from(Lane),
        NUMBERS,
        NUMBERS,
        st.integers(0, 2**31),
        NUMBERS,
        NUMBERS,
        NUMBERS,
        NUMBERS,
        NUMBERS,
        st.integers(0, 2**20),
        st.sampled_from(Reason),
    )
)
@settings(deadline=None)
def test_a_reading_is_kept_to_a_hundredth(reading: Reading) -> None:
    packed = msgspec.msgpack.decode(encode(pack_reading(reading)), type=tuple[int, ...])
    got = unpack_reading(packed)
    assert (got.rule, got.lane, got.reason) == (reading.rule, reading.lane, reading.reason)
    for name in ("observed", "expected", "z", "tail", "evidence", "score", "threshold"):
        before, after = getattr(reading, name), getattr(got, name)
        if abs(before) < 1e9:
            assert abs(before - after) <= 0.0051


SIZES = st.floats(0, 1e6)


@given(st.builds(Usual, SIZES, SIZES, SIZES, SIZES, st.floats(0, 1), SIZES, st.integers(0, 10**12)))
@settings(deadline=None)
def test_what_is_usual_is_kept_as_finely_as_it_is_shown(usual: Usual) -> None:
    packed = msgspec.msgpack.decode(encode(pack_usual(usual)), type=tuple[int, ...])
    got = unpack_usual(packed)
    assert got is not None
    for name, kept_to in (
        ("voices", 0.0005),
        ("voices_size", 0.05),
        ("negatives", 0.0005),
        ("negatives_size", 0.05),
        ("share", 0.00005),
        ("share_size", 0.05),
    ):
        before, after = getattr(usual, name), getattr(got, name)
        assert abs(before - after) <= kept_to * 1.001 + before * 1e-12
    assert usual.learnt - 60_000 < got.learnt <= usual.learnt
    assert unpack_usual((*packed, 7)) == got  # what a later version adds is ignored


def test_a_bucket_of_before_the_usual_was_kept_is_read_without_it() -> None:
    record = BucketRecord(VERSION, "B", 0, 60_000, 1, BucketState.KNOWN, Observation(), [])
    older = msgspec.msgpack.decode(encode(record))[:-1]
    assert decode_signals(encode(older)) == record
    assert unpack_usual(record.usual) is None


@given(st.integers(0, 250), st.floats(0, 600), st.floats(0, 1), st.floats(0, 300))
@settings(deadline=None, max_examples=50)
def test_a_busy_brands_bucket_stays_within_400_bytes(
    count: int, expected: float, share: float, score: float
) -> None:
    """250 mentions a minute in four channels and languages, of every kind, with all readings."""
    seen = Observation(
        *[count] * 10,
        reach=count * 1_000,
        by_channel=dict.fromkeys(("microblog", "forum", "reviews", "photos"), count),
        by_language=dict.fromkeys(("en", "de", "nl", "id"), count),
        by_kind=dict.fromkeys(map(str, Kind), count),
        negative_voices_by_source=dict.fromkeys(("boards", "firehose"), count),
    )
    readings = [
        pack_reading(
            Reading(
                Rule.NEGATIVE_SURGE,
                lane,
                count,
                expected,
                count,
                score,
                score,
                score,
                score,
                7.0,
                10,
                Reason.HIT,
            )
        )
        for lane in (Lane.FAST_5, Lane.FAST_15, Lane.FAST_60, Lane.SLOW, Lane.VOLUME)
    ]
    usual = pack_usual(Usual(expected, 12.5, expected * share, 12.5, share, 40.0, 10**10))
    record = BucketRecord(
        VERSION, "Brixholm Bank", 1_772_323_200_000, 60_000, 1, BucketState.KNOWN, seen, readings,
        usual,
    )  # fmt: skip
    assert len(encode(record)) <= 400
