"""Endless hostile lines; CRISIS_MONITOR_FUZZ_LINES says how many (3,000 unless told)."""

import csv
import io
import json
import os
from collections import Counter
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.decoding import SourceDefaults, decode_json
from pipeline.event_time import LATEST, Unusable
from pipeline.fields import FIELDS, MAX_FIELD_CHARACTERS
from pipeline.mention import MAX_TEXT_BYTES, Mention, Rejected
from pipeline.row_decoding import row_decoder
from pipeline.sources.files import FileSource
from tests import nasties

LINES = int(os.environ.get("CRISIS_MONITOR_FUZZ_LINES", "3000"))
NOW = 1_772_445_600_000
DEFAULTS = SourceDefaults("desk")


def check(said: Mention | Rejected, raw: bytes) -> None:
    if isinstance(said, Rejected):
        assert said.raw is raw
        assert said.detail
        assert said.detail.isprintable()
        assert len(said.detail) < 300
        return
    assert 0 <= said.event_time < LATEST
    assert said.event_time <= NOW + 300_000
    assert len(said.text.encode()) <= MAX_TEXT_BYTES
    assert 0 < len(said.id) <= MAX_FIELD_CHARACTERS
    assert "\0" not in said.text + said.id + said.brand + said.author.handle + said.url
    assert said.rating is None or 1 <= said.rating <= 5
    assert 0 <= said.reach <= 2**53


def decode(raw: bytes) -> Mention | Rejected:
    return decode_json(raw, origin="here:1", defaults=DEFAULTS, now=NOW, ingested_at=NOW)


def test_hostile_lines_are_accepted_or_rejected_with_a_reason() -> None:
    outcomes: Counter[str] = Counter()
    for raw in nasties.lines(20_260_302, LINES):
        said = decode(raw)
        check(said, raw)
        outcomes["accepted" if isinstance(said, Mention) else said.reason.value] += 1
    assert sum(outcomes.values()) == LINES
    if LINES >= 3000:  # a shorter run need not meet them all
        assert {
            "accepted", "undecodable", "not_utf8", "invalid", "undated", "naive_time",
            "future_dated",
        } <= set(outcomes)  # fmt: skip


def test_a_line_of_ten_megabytes() -> None:
    check(decode(nasties.HUGE), nasties.HUGE)
    cut = nasties.HUGE[:-2]
    check(decode(cut), cut)


def test_hostile_rows_are_accepted_or_refused_with_a_reason() -> None:
    columns = {field: place for place, field in enumerate(FIELDS)}
    decode_row = row_decoder(columns, len(FIELDS), defaults=DEFAULTS, now=NOW)
    cells = list(nasties.TEXTS)
    cells += [raw.decode(errors="replace").strip('"') for raw in nasties.TIMES + nasties.NUMBERS]
    good = {"text": "a", "event_time": "2026-03-02T10:00:00Z", "author": "bob"}
    for field in FIELDS:
        for cell in cells:
            row = [cell if field == other else good.get(other, "") for other in FIELDS]
            said = decode_row(row)
            if isinstance(said, Unusable):
                assert said.detail.isprintable()
            else:
                check(said, b"")


def test_a_file_of_hostile_lines(tmp_path: Path) -> None:
    lines = [raw for raw in nasties.lines(7, min(LINES, 20_000)) if b"\n" not in raw]
    path = tmp_path / "hostile.jsonl"
    path.write_bytes(b"\n".join(lines))
    read = [one for chunk in FileSource([str(path)], now=NOW).read() for one in chunk]
    assert len(read) == sum(1 for line in lines if line and not line.isspace())
    assert {one.raw for one in read if isinstance(one, Rejected)} <= set(lines) | {b"{}"}


def test_a_table_of_hostile_cells(tmp_path: Path) -> None:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["text", "event_time", "id"])
    for number, cell in enumerate(nasties.TEXTS):
        writer.writerow([cell, "2026-03-02T10:00:00Z", number])
    raw = text.getvalue().encode()
    path = tmp_path / "hostile.csv"
    path.write_bytes(raw + b"\xff\n" + b'"open')
    read = [one for chunk in FileSource([str(path)], now=NOW).read() for one in chunk]
    ids = [one.id for one in read if isinstance(one, Mention)]
    assert len(ids) == len(set(ids)) == len(nasties.TEXTS) - 5


@settings(deadline=None, max_examples=300)
@given(st.binary(max_size=100))
def test_any_bytes(raw: bytes) -> None:
    check(decode(raw), raw)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)


@settings(deadline=None, max_examples=300)
@given(
    st.dictionaries(
        st.sampled_from([*FIELDS, "created_at"]),
        JSON,
    )
)
def test_any_values_in_any_fields(fields: dict[str, object]) -> None:
    for form in (fields, {"text": "a", "event_time": 1_772_445_600} | fields):
        raw = json.dumps(form).encode()
        check(decode(raw), raw)
