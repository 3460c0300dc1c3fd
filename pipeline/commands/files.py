"""Options of the commands that read files, and the progress they show."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)

from pipeline.clock import stopwatch
from pipeline.commands.output import FINDING
from pipeline.settings.text import visible
from pipeline.sources.files import FileSource
from pipeline.sources.mapping import parse_mapping

FilesArgument = Annotated[
    list[str],
    typer.Argument(
        metavar="FILE...", help="CSV or JSON lines, plain or gzipped; `-` is standard input."
    ),
]
MapOption = Annotated[
    list[str],
    typer.Option(
        "--map",
        metavar="FIELD=COLUMN",
        help="Which column holds a field (repeatable); columns named like fields map themselves.",
    ),
]
ZoneOption = Annotated[
    str | None,
    typer.Option(
        help="IANA zone of the brands' hours of the day (UTC), and of times without an offset "
        "(without it these are rejected)."
    ),
]
SourceNameOption = Annotated[str, typer.Option("--source", help="What the source is called.")]
ChannelOption = Annotated[str, typer.Option(help="Channel of mentions that name none.")]
LanguageOption = Annotated[str, typer.Option(help="Language of mentions that name none (en, de).")]

HEARD_AGAIN = 0.2


def tell(line: str) -> None:
    """Say something beside the results: on stderr."""
    typer.echo(line, err=True)


def file_source(  # noqa: PLR0913  # one argument for each option
    files: list[str],
    mapping: list[str],
    zone: str | None,
    *,
    name: str = "file",
    channel: str = "",
    language: str = "",
    now: int | None = None,
    ingested_at: int | None = None,
) -> FileSource:
    """Make the source of a command's arguments; raise SettingsError for what cannot be used."""
    source = FileSource(
        files,
        name=name,
        mapping=parse_mapping(mapping),
        zone=zone,
        channel=channel,
        language=language,
        now=now,
        ingested_at=ingested_at,
        tell=tell,
    )
    source.prepare()
    return source


def tell_complaints(source: FileSource) -> None:
    """Say which files were cut off or held nothing, and end with a finding where one was."""
    complaints = source.complaints()
    for line in complaints:
        tell(visible(line, 400))
    if complaints:
        raise typer.Exit(FINDING)


@contextmanager
def progress_of(source: FileSource, what: str) -> Iterator[Callable[[int], None]]:
    """Show a bar with rate and time left on a terminal; give what takes each step's count."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    started = stopwatch()
    count = 0
    progress = Progress(
        TextColumn(what),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    )
    with progress:
        task = progress.add_task(what, total=source.total_bytes, rate="")

        def moved(mentions: int) -> None:
            nonlocal count
            count += mentions
            rate = count / max(HEARD_AGAIN, stopwatch() - started)
            progress.update(
                task,
                total=source.total_bytes,
                completed=source.bytes_read,
                rate=f"{count:,} mentions, {rate:,.0f}/s",
            )

        source.watch(lambda: moved(0))
        yield moved
