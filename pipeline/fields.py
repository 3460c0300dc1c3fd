"""What each field of a mention may hold, whatever form it came in."""

from functools import lru_cache
from hashlib import blake2b

from pipeline.event_time import FUTURE_TOLERANCE, Unusable
from pipeline.mention import MAX_TEXT_BYTES, Author, Kind, RejectedReason

FIELDS = (
    "id",
    "text",
    "event_time",
    "channel",
    "kind",
    "author",
    "author_id",
    "author_handle",
    "author_name",
    "followers",
    "url",
    "language",
    "rating",
    "reach",
    "engagement",
    "conversation_id",
    "in_reply_to",
    "owned",
    "brand",
    "source",
)
"""What a column or key can be mapped to; `author` is the handle, or in JSON the author's object."""

MAX_BRAND_CHARACTERS = 100
MAX_FIELD_CHARACTERS = 512
"""Longest id, name or the like; a URL may have `MAX_URL_CHARACTERS`, a text 64 KiB of UTF-8."""
MAX_URL_CHARACTERS = 8192

_MAX_COUNT = 2**53
_KINDS = {kind.value: kind for kind in Kind}
_FORMER_CODES = {"in": "id", "iw": "he", "ji": "yi"}
_TRUTHS = {"": False, "false": False, "no": False, "0": False, "true": True, "yes": True, "1": True}
_REPLACEMENT = "\ufffd"


def text_of(text: str, *, rated: bool) -> str:
    """Check a text: present (a review may have its rating alone), at most 64 KiB, no NUL.

    NUL becomes U+FFFD, as in HTML, since databases refuse it.
    """
    if len(text) * 4 > MAX_TEXT_BYTES and (size := len(text.encode())) > MAX_TEXT_BYTES:
        raise Unusable(
            RejectedReason.OVERSIZED, f"text: {size} bytes; at most {MAX_TEXT_BYTES} are taken"
        )
    if "\0" in text:
        text = text.replace("\0", _REPLACEMENT)
    if not rated and (not text or text.isspace()):
        raise Unusable(RejectedReason.INVALID, "text: missing or empty")
    return text


def short(field: str, value: str, most: int) -> str:
    """Check an id, name or link: at most `most` characters, no NUL."""
    if len(value) > most:
        raise Unusable(RejectedReason.INVALID, f"{field}: longer than {most} characters")
    if "\0" in value:
        raise Unusable(RejectedReason.INVALID, f"{field}: contains a NUL character")
    return value


@lru_cache(maxsize=4096)
def brand_of(value: str) -> str:
    """Check a brand's name as its source gives it: one plain line of at most 100 characters.

    A name stands in incidents' ids, on screens and in commands; `source:` means a silent source.

    >>> brand_of(" Acme Air ")
    'Acme Air'
    """
    name = value.strip()
    if len(name) > MAX_BRAND_CHARACTERS:
        wrong = f"longer than {MAX_BRAND_CHARACTERS} characters"
    elif not name.isprintable():
        wrong = "holds characters that cannot be seen"
    elif name.casefold().startswith("source:"):
        wrong = 'begins with "source:", which means a silent source'
    else:
        return name
    raise Unusable(RejectedReason.INVALID, f"brand: {wrong}; give the brand's name")


def refuse_future(event_time: int, now: int | None) -> None:
    """Raise when it is dated more than five minutes ahead of `now` (None: nobody knows now)."""
    if now is not None and event_time > now + FUTURE_TOLERANCE:
        raise Unusable(
            RejectedReason.FUTURE,
            f"event_time: {(event_time - now) // 1000} s ahead of now; check the clock or the zone",
        )


def kind_of(value: str, *, rated: bool, reply: bool) -> Kind:
    """Name the kind; unnamed it is a review if rated, a reply if it answers, else a post."""
    if value:
        kind = _KINDS.get(value.strip().lower())
        if kind is None:
            raise Unusable(RejectedReason.INVALID, f"kind: none of {', '.join(_KINDS)}")
        return kind
    if rated:
        return Kind.REVIEW
    return Kind.REPLY if reply else Kind.POST


@lru_cache(maxsize=1024)
def _language(value: str) -> str:
    code = value.strip().lower().replace("_", "-").partition("-")[0]
    if len(code) != 2 or not (code.isascii() and code.isalpha()):
        return ""
    return _FORMER_CODES.get(code, code)


def language_of(value: str) -> str:
    """Cut a language tag to its two-letter code; what has none is unknown (empty).

    >>> language_of("pt-BR"), language_of("und")
    ('pt', '')
    """
    return _language(value) if 0 < len(value) <= 64 else ""


def rating_of(value: float) -> float:
    """Check a rating: 1 to 5."""
    if not 1 <= value <= 5:
        raise Unusable(RejectedReason.INVALID, "rating: not between 1 and 5")
    return float(value)


def rating_of_cell(cell: str) -> float | None:
    """Read a rating; an empty cell is none."""
    if not cell or cell.isspace():
        return None
    try:
        return rating_of(float(cell))
    except ValueError as error:
        if isinstance(error, Unusable):
            raise
        raise Unusable(RejectedReason.INVALID, "rating: not a number") from None


def count_of(field: str, value: float | None) -> int:
    """Check a count: a whole number from 0 to 2**53; None is 0."""
    if value is None:
        return 0
    if not 0 <= value <= _MAX_COUNT or value != int(value):
        raise Unusable(RejectedReason.INVALID, f"{field}: not a whole number from 0 to 2**53")
    return int(value)


def count_of_cell(field: str, cell: str) -> int | None:
    """Read a count (`12`, `12.0`); an empty cell is None."""
    if not cell or cell.isspace():
        return None
    try:
        return count_of(field, int(cell) if cell.isdecimal() and len(cell) < 20 else float(cell))
    except ValueError as error:
        if isinstance(error, Unusable):
            raise
        raise Unusable(RejectedReason.INVALID, f"{field}: not a number") from None


def truth_of_cell(field: str, cell: str) -> bool:
    """Read yes or no (true, 1; false, 0; empty is no)."""
    truth = _TRUTHS.get(cell.strip().lower())
    if truth is None:
        raise Unusable(RejectedReason.INVALID, f"{field}: neither true nor false")
    return truth


def not_utf8(position: int | None = None) -> Unusable:
    """Say that bytes are no UTF-8, at which byte of the input."""
    where = "" if position is None else f" from byte {position} on"
    return Unusable(RejectedReason.NOT_UTF8, f"not UTF-8{where}; convert the input to UTF-8")


def derived_id(source: str, author: Author, event_time: int, text: str) -> str:
    """Make an id out of what was said when by whom and where: the same input, the same id."""
    who = author.id or author.handle or author.name
    digest = blake2b(digest_size=12)
    for part in (source, who, str(event_time), text):
        encoded = part.encode()
        digest.update(len(encoded).to_bytes(4, "big"))
        digest.update(encoded)
    return f"x{digest.hexdigest()}"
