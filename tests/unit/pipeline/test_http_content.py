import gzip
import json
import tracemalloc
import zlib
from collections.abc import Callable
from functools import partial
from typing import TypeVar

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pipeline.sources.http.answers import Refused, RequestError
from pipeline.sources.http.content import inflated, texts_of

T = TypeVar("T")
ANY_TYPE = st.sampled_from(["", "application/json", "application/x-ndjson; charset=utf-8", "a/b"])
OBJECTS = st.lists(
    st.dictionaries(st.text(max_size=5), st.integers() | st.text(max_size=8), max_size=3),
    max_size=8,
)


def outcome(attempt: Callable[[], T]) -> tuple[T | None, int]:
    """What came out, or the status it was refused with."""
    try:
        return attempt(), 200
    except RequestError as error:
        return None, error.status


def refusal(body: bytes, content_type: str = "", most: int = 10) -> RequestError:
    with pytest.raises(RequestError) as caught:
        texts_of(body, content_type, most)
    return caught.value


@settings(deadline=None, max_examples=150)
@given(OBJECTS, st.lists(st.sampled_from([b"", b"  ", b"\t\r", b"\r"]), max_size=9))
def test_ndjson_keeps_every_line_and_its_number(
    objects: list[dict[str, object]], blanks: list[bytes]
) -> None:
    lines: list[bytes] = []
    expected = []
    for number, one in enumerate(objects):
        lines += blanks[number : number + 1]
        text = json.dumps(one).encode()
        lines.append(text + b"\r" * (number % 2))
        expected.append((len(lines), text))
    body = b"\n".join(lines)
    assert texts_of(body, "application/x-ndjson", 10) == expected
    assert texts_of(body + b"\n", "application/x-ndjson", 10) == expected


@settings(deadline=None, max_examples=100)
@given(OBJECTS, st.sampled_from([None, 2]))
def test_an_array_keeps_every_element_and_its_number(
    objects: list[dict[str, object]], indent: int | None
) -> None:
    found = texts_of(json.dumps(objects, indent=indent).encode(), "application/json", 10)
    assert [number for number, _ in found] == list(range(1, len(objects) + 1))
    assert [json.loads(text) for _, text in found] == objects


@settings(deadline=None, max_examples=300)
@given(st.binary(max_size=200), ANY_TYPE)
@example(b"[" * 200_000, "")
@example(b"{" * 200_000, "")
@example(b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "")
@example(b"\xff\xfe[\0]\0", "")
@example(b"[1e400, NaN]", "")
@example(b'["\\ud800"]', "")
def test_any_bytes_are_cut_or_refused(body: bytes, content_type: str) -> None:
    found, status = outcome(lambda: texts_of(body, content_type, 50))
    assert status in {200, 400, 413}
    assert all(text and text == text.strip() for _, text in found or ())
    numbers = [number for number, _ in found or ()]
    assert numbers == sorted(set(numbers))


def test_one_object_over_several_lines_is_one_mention() -> None:
    body = b'\xef\xbb\xbf {\n "text": "a",\n "id": 1\n}\n'
    assert texts_of(body, "application/json", 10) == [(1, b'{\n "text": "a",\n "id": 1\n}')]


def test_a_bad_line_leaves_the_others_alone() -> None:
    assert texts_of(b'{"a":1}\n{"b"\n[3]\n', "", 10) == [(1, b'{"a":1}'), (2, b'{"b"'), (3, b"[3]")]


def test_nothing_at_all_is_taken_where_the_form_is_clear() -> None:
    assert texts_of(b"[]", "", 10) == []
    assert texts_of(b"\n \n", "application/x-ndjson", 10) == []
    assert refusal(b" ").reason is Refused.MALFORMED


def test_a_malformed_array_is_refused_with_the_place() -> None:
    error = refusal(b'[{"a": 1}, {"b": x}]')
    assert (error.status, error.reason) == (400, Refused.MALFORMED)
    assert "byte 17" in error.detail


@pytest.mark.parametrize("body", [b"[1,2,3]", b"{}\n{}\n\n{}"])
def test_more_mentions_than_allowed_are_refused(body: bytes) -> None:
    assert refusal(body, most=2).status == 413
    assert len(texts_of(body, "", 3)) == 3


def test_inflates_gzip_and_several_members() -> None:
    packed = gzip.compress(b"abc") + gzip.compress(b"def") + b"\0\0"
    assert inflated(packed, " GZIP ", 6) == b"abcdef"
    assert inflated(b"abc", "", 1) == b"abc"
    assert inflated(gzip.compress(b""), "gzip", 0) == b""


def test_a_gzip_bomb_is_refused_before_it_goes_off() -> None:
    bomb = gzip.compress(bytes(200_000_000), compresslevel=1)
    assert len(bomb) < 1_000_000
    tracemalloc.start()
    try:
        for packed in (bomb, gzip.compress(b"a" * 900) * 3):
            with pytest.raises(RequestError) as caught:
                inflated(packed, "gzip", 1000)
            assert caught.value.status == 413
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 10_000_000


def test_what_is_no_whole_gzip_is_refused() -> None:
    whole = gzip.compress(b"a" * 100)
    for packed in (b"{}", whole[:-9], whole[:5], whole + b"rest", zlib.compress(b"a")):
        with pytest.raises(RequestError) as caught:
            inflated(packed, "gzip", 1000)
        assert caught.value.status == 400


@settings(deadline=None, max_examples=100)
@given(st.binary(max_size=100), st.binary(max_size=20))
def test_any_bytes_for_gzip_are_inflated_or_refused(content: bytes, junk: bytes) -> None:
    for packed in (junk, gzip.compress(content)[: -1 - len(junk)], gzip.compress(content) + junk):
        _, status = outcome(partial(inflated, packed, "gzip", 1000))
        assert status in {200, 400}


def test_other_encodings_are_refused() -> None:
    with pytest.raises(RequestError) as caught:
        inflated(b"", "br", 10)
    assert caught.value.status == 415
