"""What makes two texts the same text, and the short name a long one is remembered by."""

import re
import unicodedata

import xxhash

PREFIX = 80
"""Letters and digits (in bytes of UTF-8) that are compared: a copy cut off behind them is one."""
_READ = 2_000
_LOWER = bytes(range(256)).lower()
_NO_LETTERS = bytes(code for code in range(128) if not chr(code).isalnum())
_HANDLE = re.compile(rb"@\w+")
_REPOST = frozenset({"RT @", "rt @"})
_LINK = re.compile(rb"https?:/\S*", re.IGNORECASE)
_SYMBOL = re.compile(
    rb"[\xc2\xe2\xe3\xf0-\xf4]"  # leads of U+0080-00BF, U+2000-2FFF, U+3000-303F and of emoji;
    rb"(?:(?<!\xe3)[\x80-\xbf]+(?:\xef\xb8\x8f)?"  # one class in front keeps the search fast
    rb"|(?<=\xe3)\x80[\x80-\xbf])"
)


def normalise(text: str) -> str:
    """Return what two copies of a text have in common.

    Guarantees: case, links, handles, whitespace, punctuation, symbols, emoji and a leading
    "RT @someone:" make no difference, nor does anything behind the first 80 bytes of letters and
    digits, so that a copy cut off by its channel is still one. Empty when the text has
    no letter or digit of its own: then there is nothing to compare.

    >>> normalise("RT @ann: Flight CANCELLED again... http://t.co/x1")
    'flightcancelledagain'
    >>> normalise("flight cancelled, again! 😡 @united") == _
    True
    """
    if len(text) > _READ:
        text = text[:_READ]
    if text.isascii():
        raw = text.encode()
    else:
        text = unicodedata.normalize("NFKC", text).casefold()
        raw = _SYMBOL.sub(b"", text.encode("utf-8", "ignore"))
    if "@" in text:
        if text[:4] in _REPOST:
            raw = raw[2:]
        raw = _HANDLE.sub(b"", raw)
    if "/" in text:
        raw = _LINK.sub(b"", raw)
    return raw.translate(_LOWER, _NO_LETTERS)[:PREFIX].decode("utf-8", "ignore")


_hash = xxhash.xxh3_64_intdigest


def digest(value: str) -> int:
    """Return 8 bytes of XXH3 as an integer of 0 to 2**64 - 1: the same on every machine.

    Not for secrets: whoever wants two values with one digest can make them.

    >>> digest("a")
    16629034431890738719
    """
    return _hash(value.encode("utf-8", "surrogatepass"))
