"""A mention: one public post that may concern a brand, and the reasons to refuse one.

A mention holds nothing that could hold it, so the garbage collector need not look at the many.
"""

from enum import StrEnum

import msgspec

MAX_TEXT_BYTES = 64 * 1024


class Kind(StrEnum):
    """How a mention came to be."""

    POST = "post"
    REPLY = "reply"
    REPOST = "repost"
    QUOTE = "quote"
    COMMENT = "comment"
    REVIEW = "review"


class Author(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Who wrote it, as the channel names them; all but one of id and handle may be empty."""

    id: str = ""
    handle: str = ""
    name: str = ""
    followers: int | None = None


NOBODY = Author()


class Mention(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One post as its source told it; instants in milliseconds since 1970-01-01 UTC.

    `id` is unique within `source`. `brand` is set only where the source itself names the brand.
    `language` is a two-letter code or empty. `rating` is 1 to 5 for a review. `owned` says that it
    stands on a page of the brand; a post *by* the brand is flagged `own` where brands are matched.
    """

    id: str
    source: str
    event_time: int
    ingested_at: int
    text: str
    channel: str = ""
    kind: Kind = Kind.POST
    author: Author = NOBODY
    url: str = ""
    language: str = ""
    rating: float | None = None
    reach: int = 0
    engagement: int = 0
    conversation_id: str = ""
    in_reply_to: str = ""
    owned: bool = False
    brand: str = ""


class RejectedReason(StrEnum):
    """Why an input is no mention."""

    UNDECODABLE = "undecodable"
    NOT_UTF8 = "not_utf8"
    INVALID = "invalid"
    OVERSIZED = "oversized"
    UNDATED = "undated"
    NAIVE_TIME = "naive_time"
    FUTURE = "future_dated"
    MISDATED = "misdated"
    NEWER_VERSION = "newer_version"
    UNFOLDABLE = "unfoldable"


class Rejected(msgspec.Struct, frozen=True, array_like=True):
    """An input that is no mention: why, where it came from, and its bytes as they were.

    `origin` names the place so that a person finds it again (`FILE:LINE`, `http:REQUEST:LINE`);
    `detail` says what is wrong and how to mend it, and never repeats the text.
    """

    reason: RejectedReason
    origin: str
    detail: str
    raw: bytes
    source: str = ""
