"""Mentions as the public JSON form, to be read as a file or sent over HTTP."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import IO

import msgspec

from pipeline.mention import Mention

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ENCODER = msgspec.json.Encoder()


def public_form(mention: Mention) -> dict[str, object]:
    """Give the public JSON form; what is empty is left out.

    >>> public_form(Mention("7", "file", 1424599200000, 0, "Lost my bag"))["event_time"]
    '2015-02-22T10:00:00.000Z'
    """
    form: dict[str, object] = {
        "id": mention.id,
        "source": mention.source,
        "event_time": written(mention.event_time),
        "ingested_at": written(mention.ingested_at),
        "text": mention.text,
        "kind": mention.kind.value,
    }
    author = {
        part: value
        for part in ("id", "handle", "name", "followers")
        if (value := getattr(mention.author, part)) not in {"", None}
    }
    rest = {
        field: getattr(mention, field)
        for field in (
            "channel", "url", "language", "rating", "reach", "engagement",
            "conversation_id", "in_reply_to", "owned", "brand",
        )
    }  # fmt: skip
    rest["author"] = author or None
    return form | {field: value for field, value in rest.items() if value}


def written(instant: int) -> str:
    """Write an instant as RFC 3339 in UTC, to the millisecond."""
    moment = _EPOCH + timedelta(milliseconds=instant)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def write_jsonl(mentions: Iterable[Mention], stream: IO[bytes]) -> int:
    """Write one object a line, in the order given; returns how many."""
    count = 0
    for mention in mentions:
        stream.write(_ENCODER.encode(public_form(mention)) + b"\n")
        count += 1
    return count
