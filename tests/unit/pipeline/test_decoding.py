import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.decoding import SourceDefaults, decode_json, decode_mapped
from pipeline.encoding import encode_json
from pipeline.mention import MAX_TEXT_BYTES, Author, Kind, Mention, Rejected, RejectedReason

DEFAULTS = SourceDefaults("desk")
NOW = 1_772_445_600_000


def decode(
    raw: bytes, *, defaults: SourceDefaults = DEFAULTS, now: int | None = NOW
) -> Mention | Rejected:
    return decode_json(raw, origin="here:3", defaults=defaults, now=now, ingested_at=NOW)


def accepted(raw: bytes, *, defaults: SourceDefaults = DEFAULTS, now: int | None = NOW) -> Mention:
    said = decode(raw, defaults=defaults, now=now)
    assert isinstance(said, Mention), said
    return said


def refused(raw: bytes, reason: RejectedReason, *, now: int | None = NOW) -> Rejected:
    said = decode(raw, now=now)
    assert isinstance(said, Rejected), said
    assert (said.reason, said.origin, said.raw, said.source) == (reason, "here:3", raw, "desk")
    return said


def test_every_field_is_read() -> None:
    said = accepted(
        b'{"id":"7","text":"Lost my bag","event_time":"2026-03-02T10:00:00.250+01:00",'
        b'"channel":"forum","kind":"reply","author":{"id":"u1","handle":"@bob","name":"Bob",'
        b'"followers":12},"url":"https://a.example/7","language":"en-GB","rating":2,"reach":30,'
        b'"engagement":4.0,"conversation_id":5,"in_reply_to":"6","owned":true,"brand":"Veloria",'
        b'"source":"other","unheard_of":{"a":[1]}}'
    )
    assert said == Mention(
        id="7",
        source="other",
        event_time=1_772_442_000_250,
        ingested_at=NOW,
        text="Lost my bag",
        channel="forum",
        kind=Kind.REPLY,
        author=Author("u1", "bob", "Bob", 12),
        url="https://a.example/7",
        language="en",
        rating=2.0,
        reach=30,
        engagement=4,
        conversation_id="5",
        in_reply_to="6",
        owned=True,
        brand="Veloria",
    )


def test_what_is_not_said_comes_from_the_source() -> None:
    defaults = SourceDefaults("desk", channel="forum", language="nl", zone="Europe/Amsterdam")
    said = accepted(
        b'{"id":1,"text":"a","event_time":"2026-03-02T10:00:00","author":null,"kind":null}',
        defaults=defaults,
    )
    assert (said.source, said.channel, said.language) == ("desk", "forum", "nl")
    assert said.event_time == 1_772_442_000_000
    assert said.kind is Kind.POST


@pytest.mark.parametrize(
    "written",
    [
        b'"event_time":"2026-03-02T10:00:00Z"',
        b'"created_at":"2026-03-02T10:00:00Z"',
        b'"event_time":null,"created_at":1772445600',
        b'"event_time":1772445600',
        b'"event_time":1772445600000',
        b'"event_time":1772445600.0',
        b'"event_time":"1772445600"',
        b'"event_time":"2026-03-02 11:00:00 +0100"',
        b'"event_time":"2026-03-02T09:59:60Z"',
        b'"event_time":" 2026-03-02t10:00:00z "',
    ],
)
def test_ways_to_write_one_time(written: bytes) -> None:
    assert accepted(b'{"text":"a",%s}' % written).event_time == 1_772_445_600_000


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        (b"", Kind.POST),
        (b',"rating":3', Kind.REVIEW),
        (b',"in_reply_to":"4"', Kind.REPLY),
        (b',"kind":"Quote","in_reply_to":"4"', Kind.QUOTE),
    ],
)
def test_a_kind_left_out_is_told_from_the_rest(fields: bytes, kind: Kind) -> None:
    assert accepted(b'{"text":"a","event_time":1772445600%s}' % fields).kind is kind


def test_an_author_may_be_a_string() -> None:
    said = accepted(b'{"text":"a","event_time":1772445600,"author":"@bob"}')
    assert said.author == Author(handle="bob")


def test_a_mention_without_id_gets_the_same_one_each_time() -> None:
    raw = b'{"text":"a","event_time":1772445600,"author":"%s"}'
    first, again, other = accepted(raw % b"bob"), accepted(raw % b"bob"), accepted(raw % b"eve")
    assert first.id == again.id != other.id
    assert first.id
    elsewhere = accepted(raw % b"bob", defaults=SourceDefaults("shop"))
    assert elsewhere.id != first.id


@pytest.mark.parametrize(
    ("raw", "reason", "named"),
    [
        (b"", RejectedReason.UNDECODABLE, ""),
        (b"{", RejectedReason.UNDECODABLE, ""),
        (b'{"text":"a\xff"}', RejectedReason.NOT_UTF8, "byte 10"),
        (b'{"x":"\xff","text":"a","event_time":1772445600}', RejectedReason.NOT_UTF8, "byte 6"),
        (b'{"text":"\\ud800","event_time":1772445600}', RejectedReason.UNDECODABLE, ""),
        (b"[" * 500_000, RejectedReason.INVALID, ""),
        (b'{"x":' + b"[" * 500_000, RejectedReason.UNDECODABLE, "deeply"),
        (b"[]", RejectedReason.INVALID, "object"),
        (b'{"text":5,"event_time":1772445600}', RejectedReason.INVALID, "text"),
        (b'{"event_time":1772445600}', RejectedReason.INVALID, "text"),
        (b'{"text":" \\n","event_time":1772445600}', RejectedReason.INVALID, "text"),
        (b'{"text":"a"}', RejectedReason.UNDATED, "event_time"),
        (b'{"text":"a","event_time":""}', RejectedReason.UNDATED, "event_time"),
        (b'{"text":"a","event_time":"soon"}', RejectedReason.INVALID, "RFC 3339"),
        (b'{"text":"a","event_time":true}', RejectedReason.INVALID, "event_time"),
        (b'{"text":"a","event_time":NaN}', RejectedReason.UNDECODABLE, ""),
        (b'{"text":"a","event_time":1e308}', RejectedReason.FUTURE, "2200"),
        (b'{"text":"a","event_time":-1e308}', RejectedReason.INVALID, "1970"),
        (b'{"text":"a","event_time":"0001-01-01T00:00:00+23:00"}', RejectedReason.INVALID, "1970"),
        (b'{"text":"a","event_time":"9999-12-31T23:59:59Z"}', RejectedReason.FUTURE, "2200"),
        (b'{"text":"a","event_time":"2026-03-02T10:00:00"}', RejectedReason.NAIVE_TIME, "zone"),
        (b'{"text":"a","event_time":1772445600,"kind":"x"}', RejectedReason.INVALID, "kind"),
        (b'{"text":"a","event_time":1772445600,"rating":0}', RejectedReason.INVALID, "rating"),
        (b'{"text":"a","event_time":1772445600,"reach":-1}', RejectedReason.INVALID, "reach"),
        (b'{"text":"a","event_time":1772445600,"reach":1e300}', RejectedReason.INVALID, "reach"),
        (b'{"text":"a","event_time":1772445600,"reach":0.5}', RejectedReason.INVALID, "reach"),
        (b'{"text":"a","event_time":1772445600,"id":"\\u0000"}', RejectedReason.INVALID, "id"),
        (
            b'{"text":"a","event_time":1772445600,"brand":"%s"}' % (b"b" * 513),
            RejectedReason.INVALID,
            "brand",
        ),
        (
            b'{"text":"a","event_time":1772445600,"author":{"followers":"many"}}',
            RejectedReason.INVALID,
            "author.followers",
        ),
    ],
)
def test_what_is_refused_says_why_and_where(raw: bytes, reason: RejectedReason, named: str) -> None:
    assert named in refused(raw, reason).detail


def test_the_future_begins_five_minutes_from_now() -> None:
    raw = b'{"text":"a","event_time":%d}'
    accepted(raw % (NOW + 300_000))
    refused(raw % (NOW + 300_001), RejectedReason.FUTURE)
    accepted(raw % (NOW + 300_001), now=None)


def test_a_text_may_have_64_kib_of_utf8_and_no_more() -> None:
    raw = b'{"text":"%s","event_time":1772445600}'
    euro = "\u20ac".encode()
    accepted(raw % (b"a" * MAX_TEXT_BYTES))
    accepted(raw % (euro * (MAX_TEXT_BYTES // 3)))
    refused(raw % (b"a" * (MAX_TEXT_BYTES + 1)), RejectedReason.OVERSIZED)
    refused(raw % (euro * (MAX_TEXT_BYTES // 3 + 1)), RejectedReason.OVERSIZED)
    refused(raw % (b"a" * 10_000_000), RejectedReason.OVERSIZED)


def test_a_review_may_have_its_rating_alone() -> None:
    assert accepted(b'{"rating":1,"event_time":1772445600}').text == ""


def test_nul_in_a_text_is_replaced() -> None:
    assert accepted(b'{"text":"a\\u0000b","event_time":1772445600}').text == "a\ufffdb"


def test_a_byte_order_mark_is_no_part_of_the_object() -> None:
    assert accepted(b'\xef\xbb\xbf{"text":"a","event_time":1772445600}').text == "a"


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("pt-BR", "pt"), ("EN", "en"), ("in", "id"), ("zh_Hant", "zh"), ("und", ""), ("e1", ""),
        ("\u0435\u043d", ""), ("x" * 300, ""),
    ],
)  # fmt: skip
def test_languages_are_cut_to_two_letters(written: str, read: str) -> None:
    raw = b'{"text":"a","event_time":1772445600,"language":"%s"}' % written.encode()
    assert accepted(raw).language == read


def test_the_detail_never_repeats_the_text() -> None:
    secret = b"my-secret-words"
    for raw in (
        b'{"text":"%s","event_time":"%s"}' % (secret, secret),
        b'{"text":"%s","kind":"%s","event_time":1772445600}' % (secret, secret),
        b'{"text":["%s"],"event_time":1772445600}' % secret,
        b'{"text":"%s","author":{"followers":"%s"},"event_time":1772445600}' % (secret, secret),
        b'{"%s":"%s" oops' % (secret, secret),
        b'{"text":"%s","id":"%s\\u0000","event_time":1772445600}' % (secret, secret),
    ):
        said = decode(raw)
        assert isinstance(said, Rejected)
        assert secret.decode() not in said.detail


def test_an_unknown_zone_is_refused_at_once() -> None:
    for zone in ("Mars/Olympus", "", "../etc/passwd", "\0", "Europe"):
        with pytest.raises(ValueError, match="time zone"):
            SourceDefaults("desk", zone=zone)


def test_mapped_keys_are_read_by_the_same_rules() -> None:
    keys = {"event_time": "when", "text": "body", "author_id": "uid", "followers": "fans"}
    said = decode_mapped(
        b'{"when":1772445600,"body":"a","uid":9,"fans":3,"text":"not this"}',
        keys,
        origin="o",
        defaults=DEFAULTS,
        now=None,
        ingested_at=None,
    )
    assert isinstance(said, Mention)
    assert (said.text, said.author) == ("a", Author("9", "", "", 3))
    assert said.ingested_at == said.event_time
    for raw in (b"{", b"[]", b'{"when":[],"body":"a"}', b'{"body":"a"}', b"\xff"):
        refused_one = decode_mapped(
            raw, keys, origin="o", defaults=DEFAULTS, now=None, ingested_at=None
        )
        assert isinstance(refused_one, Rejected)


SHORT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20)
HANDLES = SHORT.filter(lambda handle: not handle.startswith("@"))
MENTIONS = st.builds(
    Mention,
    id=SHORT.filter(bool),
    source=SHORT.filter(bool),
    event_time=st.integers(0, 4_000_000_000_000),
    ingested_at=st.just(NOW),
    text=SHORT.filter(lambda text: bool(text.strip())),
    channel=SHORT,
    kind=st.sampled_from(Kind),
    author=st.builds(Author, SHORT, HANDLES, SHORT, st.one_of(st.none(), st.integers(0, 2**53))),
    url=SHORT,
    language=st.sampled_from(["", "en", "id"]),
    rating=st.one_of(st.none(), st.floats(1, 5)),
    reach=st.integers(0, 2**53),
    engagement=st.integers(0, 2**53),
    conversation_id=SHORT,
    in_reply_to=SHORT,
    owned=st.booleans(),
    brand=st.text(st.characters(categories=["L", "N", "P", "S"]), max_size=20),
)


@settings(deadline=None, max_examples=200)
@given(MENTIONS)
def test_what_is_written_is_read_back(mention: Mention) -> None:
    assert decode(encode_json(mention), now=None) == mention


@pytest.mark.parametrize(
    "brand", ["two\\nlines", "\\u001b[31m", "x" * 101, "source:http", "\\u202eevil"]
)
def test_a_brand_that_could_not_be_configured_is_refused(brand: str) -> None:
    raw = f'{{"text": "x", "event_time": "2026-03-01T10:00:00Z", "brand": "{brand}"}}'.encode()
    one = decode_json(raw, origin="o", defaults=SourceDefaults("s"), now=None, ingested_at=0)
    assert isinstance(one, Rejected)
    assert one.detail.startswith("brand: ")
