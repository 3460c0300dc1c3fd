"""A mention in its public JSON form, the one `pipeline.decoding` reads."""

from datetime import UTC, datetime, timedelta

import msgspec

from pipeline.mention import NOBODY, Kind, Mention

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class _PublicAuthor(msgspec.Struct, omit_defaults=True):
    id: str = ""
    handle: str = ""
    name: str = ""
    followers: int | None = None


class _PublicMention(msgspec.Struct, omit_defaults=True):
    id: str
    event_time: datetime
    text: str
    kind: Kind
    source: str
    channel: str = ""
    author: _PublicAuthor | None = None
    url: str = ""
    language: str = ""
    rating: float | None = None
    reach: int = 0
    engagement: int = 0
    conversation_id: str = ""
    in_reply_to: str = ""
    owned: bool = False
    brand: str = ""


_ENCODER = msgspec.json.Encoder()


def encode_json(mention: Mention) -> bytes:
    """Write a mention as one JSON object on one line, times as RFC 3339; empty fields left out.

    `decode_json` reads it back as the same mention, but for `ingested_at`, which whoever reads it
    sets anew.

    >>> encode_json(Mention("7", "file", 1424599200000, 0, "Lost my bag"))[:44]
    b'{"id":"7","event_time":"2015-02-22T10:00:00Z'
    """
    author = mention.author
    handle = f"@{author.handle}" if author.handle.startswith("@") else author.handle
    return _ENCODER.encode(
        _PublicMention(
            id=mention.id,
            event_time=_EPOCH + timedelta(milliseconds=mention.event_time),
            text=mention.text,
            kind=mention.kind,
            source=mention.source,
            channel=mention.channel,
            author=None
            if author == NOBODY
            else _PublicAuthor(author.id, handle, author.name, author.followers),
            url=mention.url,
            language=mention.language,
            rating=mention.rating,
            reach=mention.reach,
            engagement=mention.engagement,
            conversation_id=mention.conversation_id,
            in_reply_to=mention.in_reply_to,
            owned=mention.owned,
            brand=mention.brand,
        )
    )
