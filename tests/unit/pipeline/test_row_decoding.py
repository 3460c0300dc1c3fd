import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.decoding import SourceDefaults, decode_json
from pipeline.event_time import Unusable
from pipeline.fields import FIELDS
from pipeline.mention import Author, Kind, Mention, Rejected, RejectedReason
from pipeline.row_decoding import row_decoder

DEFAULTS = SourceDefaults("file", channel="forum", language="nl", zone="Europe/Amsterdam")
NOW = 1_772_445_600_000


def read(now: int | None = NOW, **cells: str) -> Mention | Unusable:
    columns = {field: place for place, field in enumerate(cells)}
    decode = row_decoder(columns, len(cells), defaults=DEFAULTS, now=now)
    return decode(list(cells.values()))


def refused(**cells: str) -> Unusable:
    given = {"text": "a", "event_time": "2026-03-02T10:00:00Z"} | cells
    said = read(**given)  # type: ignore[arg-type]  # no cell is called now
    assert isinstance(said, Unusable), said
    return said


def test_every_field_has_its_cell() -> None:
    said = read(
        source="other", brand="Veloria", owned="yes", in_reply_to="6", conversation_id="5",
        engagement="4.0", reach="30", rating="2", language="en-GB", url="https://a.example/7",
        followers="12", author_name="Bob", author_handle="@bob", author_id="u1", author="no",
        kind="Reply", channel="board", event_time="2026-03-02T10:00:00.250+01:00", text="Hi",
        id="7",
    )  # fmt: skip
    assert said == Mention(
        id="7", source="other", event_time=1_772_442_000_250, ingested_at=1_772_442_000_250,
        text="Hi", channel="board", kind=Kind.REPLY, author=Author("u1", "bob", "Bob", 12),
        url="https://a.example/7", language="en", rating=2.0, reach=30, engagement=4,
        conversation_id="5", in_reply_to="6", owned=True, brand="Veloria",
    )  # fmt: skip


def test_empty_cells_are_as_good_as_none() -> None:
    cells = dict.fromkeys(FIELDS, "") | {"text": "a", "event_time": "2026-03-02T11:00:00"}
    said = read(**cells)  # type: ignore[arg-type]  # no cell is called now
    assert isinstance(said, Mention)
    assert said.event_time == NOW
    assert (said.source, said.channel, said.language) == ("file", "forum", "nl")
    assert (said.author, said.rating, said.reach, said.owned) == (Author(), None, 0, False)
    assert said.id


@pytest.mark.parametrize(
    ("cells", "reason", "named"),
    [
        ({"event_time": ""}, RejectedReason.UNDATED, "event_time"),
        ({"event_time": "2026-03-02T10:05:01Z"}, RejectedReason.FUTURE, "ahead"),
        ({"text": " "}, RejectedReason.INVALID, "text"),
        ({"text": "a" * 65_537}, RejectedReason.OVERSIZED, "65536"),
        ({"rating": "five"}, RejectedReason.INVALID, "rating"),
        ({"rating": "nan"}, RejectedReason.INVALID, "rating"),
        ({"rating": "6"}, RejectedReason.INVALID, "rating"),
        ({"reach": "-1"}, RejectedReason.INVALID, "reach"),
        ({"reach": "1e308"}, RejectedReason.INVALID, "reach"),
        ({"reach": "inf"}, RejectedReason.INVALID, "reach"),
        ({"reach": "9" * 5000}, RejectedReason.INVALID, "reach"),
        ({"engagement": "many"}, RejectedReason.INVALID, "engagement"),
        ({"author": "a", "followers": "1.5"}, RejectedReason.INVALID, "followers"),
        ({"owned": "perhaps"}, RejectedReason.INVALID, "owned"),
        ({"kind": "shout"}, RejectedReason.INVALID, "kind"),
        ({"id": "i" * 513}, RejectedReason.INVALID, "id"),
        ({"brand": "b\0"}, RejectedReason.INVALID, "brand"),
        ({"url": "u" * 8193}, RejectedReason.INVALID, "url"),
    ],
)
def test_what_is_refused(cells: dict[str, str], reason: RejectedReason, named: str) -> None:
    said = refused(**cells)
    assert said.reason is reason
    assert named in said.detail


def test_a_row_has_as_many_cells_as_the_header() -> None:
    decode = row_decoder({"event_time": 0, "text": 1}, 2, defaults=DEFAULTS)
    for cells in (["2026-03-02T10:00:00Z"], ["2026-03-02T10:00:00Z", "a", "b"]):
        said = decode(cells)
        assert isinstance(said, Unusable)
        assert "cells where the header has 2" in said.detail


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
ROWS = st.fixed_dictionaries(
    {
        "text": TEXT,
        "event_time": st.one_of(
            TEXT,
            st.datetimes().map(lambda moment: moment.isoformat()),
            st.datetimes().map(lambda moment: moment.isoformat() + "Z"),
        ),
    },
    optional=dict.fromkeys(
        ("id", "channel", "author", "url", "language", "brand", "source", "conversation_id",
         "in_reply_to"),
        TEXT,
    )
    | {
        "kind": st.sampled_from(["post", "REPLY", "review", "shout", ""]),
        "rating": st.one_of(st.none(), st.integers(-1, 7)),
        "reach": st.one_of(st.none(), st.integers(-5, 2**60)),
        "owned": st.booleans(),
    },
)  # fmt: skip


@settings(deadline=None, max_examples=300)
@given(ROWS)
def test_a_row_and_an_object_say_the_same(fields: dict[str, object]) -> None:
    raw = json.dumps(fields).encode()
    by_object = decode_json(raw, origin="o", defaults=DEFAULTS, now=NOW, ingested_at=None)
    cells = {field: "" if value is None else str(value) for field, value in fields.items()}
    by_row = read(**cells)  # type: ignore[arg-type]  # no cell is called now
    if isinstance(by_object, Rejected):
        assert isinstance(by_row, Unusable)
        assert by_row.reason is by_object.reason
    else:
        assert by_row == by_object
