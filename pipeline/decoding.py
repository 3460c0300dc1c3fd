"""From the public JSON form of a mention to a mention, or to the reason why it is none."""

from collections.abc import Mapping
from typing import TypeVar
from zoneinfo import ZoneInfo

import msgspec

from pipeline.event_time import Unusable, instant_of, instant_of_number
from pipeline.fields import (
    MAX_FIELD_CHARACTERS,
    MAX_URL_CHARACTERS,
    brand_of,
    count_of,
    derived_id,
    kind_of,
    language_of,
    not_utf8,
    rating_of,
    refuse_future,
    short,
    text_of,
)
from pipeline.mention import NOBODY, Author, Mention, Rejected, RejectedReason

_BOM = b"\xef\xbb\xbf"
_AUTHOR_PARTS = {
    "author_id": "id",
    "author_handle": "handle",
    "author_name": "name",
    "followers": "followers",
}

Decoded = TypeVar("Decoded")


class SourceDefaults(msgspec.Struct, frozen=True):
    """What a source says of its mentions where they do not say it themselves.

    `zone` is the IANA zone of times written without an offset; without it these are rejected.
    A zone nobody knows raises ValueError.
    """

    source: str
    channel: str = ""
    language: str = ""
    zone: str | None = None

    def __post_init__(self) -> None:
        if self.zone is not None:
            try:
                ZoneInfo(self.zone)
            except (OSError, ValueError, KeyError):
                raise ValueError(f"{self.zone!r} is no IANA time zone (Europe/Berlin is)") from None


class _PublicAuthor(msgspec.Struct):
    id: str | int | None = None
    handle: str | None = None
    name: str | None = None
    followers: int | float | None = None


class _PublicMention(msgspec.Struct):
    """A mention's public JSON form; null is as good as absent, unknown fields are ignored."""

    text: str | None = None
    id: str | int | None = None
    event_time: str | int | float | None = None
    created_at: str | int | float | None = None
    channel: str | None = None
    kind: str | None = None
    author: str | _PublicAuthor | None = None
    url: str | None = None
    language: str | None = None
    rating: int | float | None = None
    reach: int | float | None = None
    engagement: int | float | None = None
    conversation_id: str | int | None = None
    in_reply_to: str | int | None = None
    owned: bool | None = None
    brand: str | None = None
    source: str | None = None


_DECODER = msgspec.json.Decoder(_PublicMention)
_OBJECT_DECODER = msgspec.json.Decoder(dict[str, object])


def decode_json(
    raw: bytes,
    *,
    origin: str,
    defaults: SourceDefaults,
    now: int | None,
    ingested_at: int | None,
) -> Mention | Rejected:
    """Read one JSON object as a mention; never raises, whatever the bytes are.

    `now` is what future dates are held against (None: an event log, where only the year 2200 is
    too far); `now` and `ingested_at` are milliseconds since 1970-01-01 UTC (`ingested_at` of None:
    the event time). A mention without an
    id gets one derived from source, author, time and text, so that reading it again gives the
    same.

    >>> said = decode_json(
    ...     b'{"id": 7, "text": "Lost my bag", "event_time": "2015-02-22T10:00:00Z"}',
    ...     origin="mentions.jsonl:1", defaults=SourceDefaults("file"), now=None, ingested_at=0)
    >>> said.id, said.event_time
    ('7', 1424599200000)
    >>> none = decode_json(
    ...     b"{", origin="http:9:1", defaults=SourceDefaults("http"), now=None, ingested_at=0)
    >>> none.reason.value
    'undecodable'
    """
    try:
        public = _decoded(_DECODER, _checked(raw))
        return _mention(public, defaults, now, ingested_at)
    except Unusable as why:
        return Rejected(why.reason, origin, why.detail, raw, defaults.source)


def decode_mapped(  # noqa: PLR0913  # all but two name what decode_json takes as well
    raw: bytes,
    keys: Mapping[str, str],
    *,
    origin: str,
    defaults: SourceDefaults,
    now: int | None,
    ingested_at: int | None,
) -> Mention | Rejected:
    """Read one JSON object whose keys are called otherwise, by the rules of `decode_json`.

    `keys` tells for each field (`FIELDS`) the object's top-level key that holds it.
    """
    try:
        given = _decoded(_OBJECT_DECODER, _checked(raw))
        fields = {field: given[key] for field, key in keys.items() if key in given}
        author = {
            part: fields.pop(field) for field, part in _AUTHOR_PARTS.items() if field in fields
        }
        if author and "author" not in fields:
            fields["author"] = author
        try:
            public = msgspec.convert(fields, _PublicMention)
        except msgspec.ValidationError as error:
            raise Unusable(RejectedReason.INVALID, str(error)) from None
        return _mention(public, defaults, now, ingested_at)
    except Unusable as why:
        return Rejected(why.reason, origin, why.detail, raw, defaults.source)


def _checked(raw: bytes) -> bytes:
    if not raw.isascii():
        try:
            raw.decode()
        except UnicodeDecodeError as error:
            raise not_utf8(error.start) from None
        return raw.removeprefix(_BOM)
    return raw


def _decoded(decoder: "msgspec.json.Decoder[Decoded]", raw: bytes) -> "Decoded":
    try:
        return decoder.decode(raw)
    except msgspec.ValidationError as error:
        raise Unusable(RejectedReason.INVALID, str(error)) from None
    except msgspec.DecodeError as error:
        raise Unusable(RejectedReason.UNDECODABLE, str(error)) from None
    except UnicodeError:
        raise not_utf8() from None
    except RecursionError:
        raise Unusable(RejectedReason.UNDECODABLE, "JSON is nested too deeply") from None


def _mention(
    public: _PublicMention, defaults: SourceDefaults, now: int | None, ingested_at: int | None
) -> Mention:
    given = public.event_time if public.event_time is not None else public.created_at
    if given is None:
        raise Unusable(RejectedReason.UNDATED, "event_time: missing; a mention needs its time")
    event_time = (
        instant_of(given, defaults.zone) if isinstance(given, str) else instant_of_number(given)
    )
    refuse_future(event_time, now)
    rating = None if public.rating is None else rating_of(public.rating)
    in_reply_to = _short("in_reply_to", public.in_reply_to)
    source = _short("source", public.source) or defaults.source
    author = _author(public.author)
    text = text_of(public.text or "", rated=rating is not None)
    return Mention(
        id=_short("id", public.id) or derived_id(source, author, event_time, text),
        source=source,
        event_time=event_time,
        ingested_at=event_time if ingested_at is None else ingested_at,
        text=text,
        channel=_short("channel", public.channel) or defaults.channel,
        kind=kind_of(public.kind or "", rated=rating is not None, reply=in_reply_to != ""),
        author=author,
        url=short("url", public.url or "", MAX_URL_CHARACTERS),
        language=language_of(public.language or "") or defaults.language,
        rating=rating,
        reach=count_of("reach", public.reach),
        engagement=count_of("engagement", public.engagement),
        conversation_id=_short("conversation_id", public.conversation_id),
        in_reply_to=in_reply_to,
        owned=public.owned is True,
        brand=brand_of(public.brand) if public.brand else "",
    )


def _short(field: str, value: str | int | None) -> str:
    if value is None:
        return ""
    return short(field, value if isinstance(value, str) else str(value), MAX_FIELD_CHARACTERS)


def _author(public: str | _PublicAuthor | None) -> Author:
    if public is None:
        return NOBODY
    if isinstance(public, str):
        return Author(handle=short("author", public, MAX_FIELD_CHARACTERS).removeprefix("@"))
    return Author(
        id=_short("author.id", public.id),
        handle=_short("author.handle", public.handle).removeprefix("@"),
        name=_short("author.name", public.name),
        followers=(
            None if public.followers is None else count_of("author.followers", public.followers)
        ),
    )
