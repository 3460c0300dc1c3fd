"""How commands speak: tables for people, JSON for programs, plain errors with an exit code."""

import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import msgspec
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from alerts.errors import AlertsError
from pipeline.errors import PipelineError

FINDING, USAGE, ENVIRONMENT = 1, 2, 3
WIDE = 160
"""Columns where nobody looks: a pipe or a file."""
WHOLE = frozenset({"id", "time", "at", "reason", "label", "brand"})
"""Columns whose cells are copied: never folded."""


class Format(StrEnum):
    """For whom a command prints."""

    TEXT = "text"
    JSON = "json"


FormatOption = Annotated[
    Format, typer.Option("--format", help="`text` for people, `json` for programs.")
]


def rfc3339(instant: int | None) -> str | None:
    """An instant in UTC, to the second unless it has milliseconds.

    >>> rfc3339(1424548800000)
    '2015-02-21T20:00:00Z'
    """
    if instant is None:
        return None
    moment = datetime.fromtimestamp(instant // 1000, UTC)
    text = moment.strftime("%Y-%m-%dT%H:%M:%S").rjust(19, "0")
    return f"{text}.{instant % 1000:03d}Z" if instant % 1000 else f"{text}Z"


def local_time(instant: int | None, zone: str) -> str | None:
    """An instant as a person of that zone writes it, to the minute.

    >>> local_time(1424548800000, "America/New_York")
    '2015-02-21 15:00 EST'
    """
    if instant is None:
        return None
    moment = datetime.fromtimestamp(instant // 1000, UTC).astimezone(ZoneInfo(zone))
    return moment.strftime("%Y-%m-%d %H:%M %Z")


def print_json(value: Any) -> None:  # noqa: ANN401  # whatever msgspec can encode
    """Print one JSON document, indented, in UTF-8."""
    body = msgspec.json.format(msgspec.json.encode(value), indent=2)
    sys.stdout.buffer.write(body + b"\n")
    sys.stdout.buffer.flush()


def console() -> Console:
    """Where people read: colours only on a terminal."""
    return Console(highlight=False, soft_wrap=False, width=None if sys.stdout.isatty() else WIDE)


def plain(text: str) -> str:
    """Text of a stranger, harmless on a terminal: no control characters, no markup, one line."""
    shown = "".join(each if each.isprintable() else " " for each in text)
    return escape(" ".join(shown.split()))


def print_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a table; cells are taken as plain text."""
    out = console()
    if title:
        out.print(f"[italic]{plain(title)}[/]")
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for column in columns:
        table.add_column(column, overflow="fold", no_wrap=column in WHOLE)
    for row in rows:
        table.add_row(*[plain(str(cell)) for cell in row])
    out.print(table)


@contextmanager
def errors_told() -> Iterator[None]:
    """Turn our errors into one message on stderr and the exit code that goes with it."""
    try:
        yield
    except (AlertsError, PipelineError) as error:
        Console(stderr=True, highlight=False).print(f"[bold red]error:[/] {escape(str(error))}")
        raise typer.Exit(error.exit_code) from error
