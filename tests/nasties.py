"""Hostile input: a corpus of what has broken programs, and endless mixtures of it."""

from collections.abc import Iterator
from random import Random

TEXTS = (
    "",
    " ",
    "\t\n",
    "NUL \0 inside",
    "\u202eright to left\u202c and \u2066isolated\u2069",
    "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "</script><!-- --> &amp; &#0; ]]>",
    '=HYPERLINK("http://x.example","a")',
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "+1-1",
    "-2+3",
    "'; DROP TABLE mentions; --",
    "{{7*7}} ${7*7} %s %n {0} {b}",
    "[red]markup[/red] [/]",
    "\x1b[31mred\x1b[0m \x07 \x08",
    "line\u2028separator\u2029here\x85and\x0bthere\x0c",
    "e\u0301\u0327" * 50,
    "Z\u0351\u036b\u0343\u036a\u0302" * 40,
    "\U0001f468\u200d\U0001f469\u200d\U0001f467" * 30,
    "\ufeffbyte order mark",
    "\uffff\ufffe\ufdd0",
    '"quoted, with ""more"""',
    "a,b;c\td|e",
    "\r\nnew\rlines\n",
    "../../etc/passwd",
    "x" * 70_000,
    "\u20ac" * 22_000,
)

NUMBERS = (
    b"0", b"-0", b"-1", b"1e308", b"-1e308", b"1e400", b"1e-400", b"NaN", b"Infinity", b"0.1",
    b"9007199254740993", b"18446744073709551616", b"1" * 400, b"1" * 5000, b"00", b"0x10", b"true",
    b"null", b"[]", b"{}", b'"12"', b'""', b"1424158565", b"1424158565000", b"1.4241585651e9",
)  # fmt: skip

TIMES = (
    b'"2026-03-02T10:00:00Z"', b'"2026-03-02T10:00:00+14:00"', b'"2026-03-02 10:00:00 -0800"',
    b'"2026-03-02T10:00:00"', b'"2026-03-02"', b'"0001-01-01T00:00:00Z"',
    b'"0001-01-01T00:00:00+23:59"', b'"9999-12-31T23:59:59Z"', b'"9999-12-31T23:59:59-23:59"',
    b'"2026-02-30T10:00:00Z"', b'"2026-03-02T24:00:00Z"', b'"2026-03-02T10:00:60Z"',
    b'"2026-03-02T10:00:00+99:99"', b'"yesterday"', b'""', b'" "', b'"\\u0000"',
    b'"2026-03-02T10:00:00.123456789123Z"', b'"\xd9\xa2\xd9\xa0\xd9\xa2\xd9\xa6-03-02T10:00:00Z"',
    b'"' + b"9" * 10_000 + b'"', b'"1424158565"', b'"-1424158565"', b'"1e9"', b'"nan"',
)  # fmt: skip

LINES = (
    b"", b" ", b"\x00", b"\xff\xfe\x00", b"\xef\xbb\xbf{}", b"{", b"}", b"{}", b"[]", b"null",
    b'"text"', b"1", b"nan", b"{'text': 1}", b'{"text"}', b'{"text":}', b'{"text":"a"',
    b'{"text":"a","event_time":1424158565}{}', b'{"text":"\\ud800","event_time":1424158565}',
    b'{"text":"\\udc00\\ud800","event_time":1424158565}', b'{"text":"\xed\xa0\x80","event_time":1}',
    b'{"text":"\xc0\xaf","event_time":1424158565}', b'{"text":"\xf4\x90\x80\x80","event_time":1}',
    b'{"text":"a\xff","event_time":1424158565}', b'{"x":"\xff","text":"a","event_time":1424158565}',
    b'{"text":"\\u0000","event_time":1424158565}', b'{"text":"a\x00b","event_time":1424158565}',
    b'{"text":"a","text":"b","event_time":1424158565}', b'{"text":"a","event_time":true}',
    b'{"text":["a"],"event_time":1424158565}', b'{"text":"a","author":[],"event_time":1424158565}',
    b'{"text":"a","event_time":1424158565,"author":{"author":{"author":{}}}}',
    b'{"text":"a","event_time":1424158565,"kind":"__proto__"}',
    b'{"text":"a","event_time":1424158565,"rating":6}',
    b'{"text":"a","event_time":1424158565,"id":' + b"7" * 4000 + b"}",
    b'{"text":"a","event_time":1424158565,"id":"' + b"i" * 4000 + b'"}',
    b'{"text":"a","event_time":1424158565,"url":"' + b"u" * 10_000 + b'"}',
    b"[" * 100_000, b'{"a":' * 50_000, b'{"text":' + b"[" * 5_000 + b"]" * 5_000 + b"}",
    b'{"x":' + b'{"y":' * 5_000 + b"1" + b"}" * 5_001,
    b'{"text":"a","event_time":1424158565,"x":' + b"[" * 200_000 + b"]" * 200_000 + b"}",
)  # fmt: skip

HUGE = b'{"text":"' + b"a" * 10_000_000 + b'","event_time":1424158565}'
"""A line of ten megabytes."""

_FIELDS = (
    b"id", b"text", b"event_time", b"created_at", b"channel", b"kind", b"author", b"url",
    b"language", b"rating", b"reach", b"engagement", b"conversation_id", b"in_reply_to", b"owned",
    b"brand", b"source", b"unheard_of",
)  # fmt: skip


def lines(seed: int, count: int) -> Iterator[bytes]:
    """Give the corpus, then mixtures: odd objects, spoilt good ones, noise; the same for a seed."""
    yield from LINES[:count]
    chance = Random(seed)
    for number in range(count - len(LINES)):
        yield (_object, _spoilt, _noise, _object)[number % 4](chance)


def _object(chance: Random) -> bytes:
    fields = [*chance.sample(_FIELDS, chance.randint(0, 8)), b"text", b"event_time"]
    return b"{%s}" % b",".join(b'"%s":%s' % (field, _value(field, chance)) for field in fields)


def _value(field: bytes, chance: Random) -> bytes:
    if field in {b"event_time", b"created_at"} and chance.random() < 0.9:
        return chance.choice(TIMES + NUMBERS)
    if chance.random() < 0.3:
        return chance.choice(NUMBERS)
    text = chance.choice(TEXTS[:-2])
    quoted = text.encode().replace(b"\\", b"\\\\").replace(b'"', b'\\"')
    return b'"%s"' % (quoted if chance.random() < 0.5 else _escaped(text))


def _escaped(text: str) -> bytes:
    units = text.encode("utf-16-be")
    return b"".join(b"\\u%s" % units[at : at + 2].hex().encode() for at in range(0, len(units), 2))


def _spoilt(chance: Random) -> bytes:
    good = bytearray(
        b'{"id":"7","text":"Lost my bag","event_time":"2026-03-02T10:00:00Z","author":"bob"}'
    )
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(good))
        good[at : at + chance.randint(0, 2)] = bytes(
            chance.randrange(256) for _ in range(chance.randint(0, 2))
        )
    return bytes(good)


def _noise(chance: Random) -> bytes:
    return chance.randbytes(chance.randint(0, 60))
