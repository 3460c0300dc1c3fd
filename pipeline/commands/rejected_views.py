"""How rejected input is shown: hostile bytes on a terminal, and everything for programs."""

import base64
from collections.abc import Sequence

import typer

from pipeline.commands.lines import print_line
from pipeline.commands.output import print_table, rfc3339
from pipeline.log import StoredRejected
from pipeline.settings.text import visible
from pipeline.wire import Envelope, WireError, decode_mentions

SHOWN = 60
MOST_LINES = 100
LONGEST_LINE = 2_000


def document(each: StoredRejected) -> dict[str, object]:
    """One rejected input, for programs."""
    return {
        "id": each.id,
        "at": rfc3339(each.at),
        "reason": each.rejected.reason,
        "origin": each.rejected.origin,
        "detail": each.rejected.detail,
        "source": each.rejected.source,
        "raw": each.rejected.raw.decode("utf-8", "backslashreplace"),
        "replayed": each.replayed,
        "topic": each.topic or None,
        "partition": each.partition if each.topic else None,
        "offset": each.offset if each.topic else None,
    }


def whole_document(each: StoredRejected) -> dict[str, object]:
    """As `document`, with the very bytes."""
    raw = each.rejected.raw
    return document(each) | {
        "size": len(raw),
        "raw_base64": base64.b64encode(raw).decode(),
        "reads_as": reads_as(each),
    }


def print_list(found: Sequence[StoredRejected]) -> None:
    """One line each, the bytes cut."""
    print_table(
        f"{len(found)} rejected",
        ("id", "at", "reason", "origin", "what is wrong", "bytes", "tried again"),
        [
            (
                each.id,
                rfc3339(each.at),
                each.rejected.reason,
                _place(each),
                each.rejected.detail,
                repr(each.rejected.raw[:SHOWN])[2:-1],
                each.replayed or "",
            )
            for each in found
        ],
    )


def print_whole(each: StoredRejected) -> None:
    """Everything about one, harmless on a terminal: its text line by line, or its bytes."""
    rejected = each.rejected
    for name, value in (
        ("id", each.id),
        ("rejected", rfc3339(each.at)),
        ("reason", rejected.reason),
        ("what is wrong", rejected.detail),
        ("origin", rejected.origin),
        ("source", rejected.source),
        ("stood in", _place(each) if each.topic else ""),
        ("tried again", each.replayed or "never"),
        ("reads as", reads_as(each) or ""),
        ("size", f"{len(rejected.raw)} bytes"),
    ):
        if value:
            print_line(f"{name}: {value}")
    typer.echo("")
    lines = _lines(rejected.raw)
    for line in lines[:MOST_LINES]:
        print_line(line)
    if len(lines) > MOST_LINES:
        print_line(f"({len(lines) - MOST_LINES} lines more; --format json has all of it)")


def reads_as(each: StoredRejected) -> str | None:
    """What this program makes of a record of a topic now; None for what came to the door."""
    if not each.topic:
        return None
    try:
        record = decode_mentions(each.rejected.raw)
    except WireError as error:
        return f"nothing this program knows ({error})"
    if not isinstance(record, Envelope):
        return f"a tick of {record.writer} at {rfc3339(record.time)}"
    brands = sorted({entry.brand for entry in record.entries})
    named = ", ".join(brands[:10]) + (", ..." if len(brands) > 10 else "")
    return f"an envelope of {record.writer} with {len(record.entries)} mentions of {named}"


def _place(each: StoredRejected) -> str:
    if not each.topic:
        return each.rejected.origin
    return f"{each.topic}, partition {each.partition}, offset {each.offset}"


def _lines(raw: bytes) -> list[str]:
    """Text as lines, each bounded; what is no text as rows of 32 bytes."""
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        return [
            f"{start:6}  {raw[start : start + 32].hex(' ')}  {_letters(raw[start : start + 32])}"
            for start in range(0, len(raw), 32)
        ]
    return [visible(line, LONGEST_LINE) for line in text.splitlines()] or [""]


def _letters(part: bytes) -> str:
    return "".join(chr(each) if 32 <= each < 127 else "." for each in part)
