"""The logs' records: round trips, tolerance, refusal of newer versions."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.reading import Lane, Reading, Reason, Rule
from pipeline.mention import Author, Kind, Mention
from pipeline.wire import (
    VERSION,
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
    unpack_reading,
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
