"""From a request's body to the JSON texts in it, one a mention."""

import re
import zlib
from collections.abc import Iterator

import msgspec

from pipeline.sources.http.answers import Refused, RequestError

NDJSON = "application/x-ndjson"

_BOM = b"\xef\xbb\xbf"
_LINE = re.compile(rb"\S[^\n]*")
_ELEMENTS = msgspec.json.Decoder(list[msgspec.Raw])
_ONE_VALUE = msgspec.json.Decoder(msgspec.Raw)
_GZIP = zlib.MAX_WBITS | 16


def inflated(body: bytes, encoding: str, most: int) -> bytes:
    """Undo a body's Content-Encoding; never makes more than `most` bytes.

    Takes gzip (several members too) or none. Raises RequestError: 415 for another encoding, 413
    for more than `most` bytes, 400 for what is no gzip or ends early.
    """
    match encoding.strip().lower():
        case "" | "identity":
            return body
        case "gzip" | "x-gzip":
            return _gunzip(body, most)
    raise RequestError(
        415, Refused.ENCODING, "Content-Encoding: send the body as it is, or with gzip"
    )


def _gunzip(body: bytes, most: int) -> bytes:
    whole = bytearray()
    rest = body
    while rest:
        member = zlib.decompressobj(_GZIP)
        try:
            whole += member.decompress(rest, most + 1 - len(whole))
        except zlib.error:
            raise RequestError(400, Refused.MALFORMED, "the body is not gzip") from None
        if len(whole) > most:
            raise too_large(most)
        if not member.eof:
            raise RequestError(400, Refused.MALFORMED, "the body's gzip ends early")
        rest = member.unused_data.lstrip(b"\0")
    return bytes(whole)


def too_large(most: int) -> RequestError:
    """Say that a body is larger than is taken."""
    return RequestError(
        413, Refused.TOO_LARGE, f"the body is larger than {most} bytes: send it in parts"
    )


def texts_of(body: bytes, content_type: str, most: int) -> list[tuple[int, bytes]]:
    """Cut a body into its mentions' JSON texts, each with its number, from 1.

    NDJSON: the number is the line's, blank lines count; a JSON array: the element's; a single
    JSON object is number 1. What a text holds is not looked at here. Raises RequestError: 400
    for what is none of these or a malformed array, 413 for more than `most`.
    """
    content = body.removeprefix(_BOM)
    if content_type.partition(";")[0].strip().lower() == NDJSON:
        return _bounded(_lines(content), most)
    start = content.lstrip()[:1]
    if start == b"[":
        return _bounded(_elements(content), most)
    if start == b"{":
        if _is_one_value(content):
            return [(1, content.strip())]
        return _bounded(_lines(content), most)
    raise RequestError(
        400,
        Refused.MALFORMED,
        "the body is neither NDJSON (one JSON object a line) nor a JSON array",
    )


def _lines(content: bytes) -> Iterator[tuple[int, bytes]]:
    number = 1
    counted = 0
    for line in _LINE.finditer(content):
        number += content.count(b"\n", counted, line.start())
        counted = line.start()
        yield number, line[0].rstrip()


def _elements(content: bytes) -> Iterator[tuple[int, bytes]]:
    try:
        elements = _ELEMENTS.decode(content)
    except (msgspec.DecodeError, UnicodeError) as error:
        raise RequestError(400, Refused.MALFORMED, f"the JSON array: {error}") from None
    except RecursionError:
        raise RequestError(400, Refused.MALFORMED, "the JSON array is nested too deeply") from None
    return ((number, bytes(element)) for number, element in enumerate(elements, 1))


def _is_one_value(content: bytes) -> bool:
    try:
        _ONE_VALUE.decode(content)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return False
    return True


def _bounded(texts: Iterator[tuple[int, bytes]], most: int) -> list[tuple[int, bytes]]:
    taken: list[tuple[int, bytes]] = []
    for text in texts:
        if len(taken) == most:
            raise RequestError(
                413, Refused.TOO_MANY, f"more than {most} mentions: send them in parts"
            )
        taken.append(text)
    return taken
