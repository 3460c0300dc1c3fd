"""`status`: the whole in numbers."""

from pathlib import Path

import typer

from pipeline.commands.output import (
    Format,
    FormatOption,
    errors_told,
    print_json,
    print_table,
    rfc3339,
)
from pipeline.commands.storage import INCIDENTS_FILE, DataOption, data_directory, incident_store
from pipeline.log import EngineLock
from pipeline.settings.text import visible
from pipeline.status import Status, read_status

MANY = 1_000_000


def status(data: DataOption = None, output: FormatOption = Format.TEXT) -> None:
    """Say what was counted, how far the log is folded, and how many incidents are open.

    Example: crisis-monitor status --format json
    """
    with errors_told():
        directory = data_directory(data)
        found = read_status(directory, _incidents_open(directory))
    if output is Format.JSON:
        print_json(
            {
                "log": found.log,
                "brands": found.brands,
                "late": found.late,
                "rejected": found.rejected,
                "incidents_open": found.incidents_open,
                "time": rfc3339(found.time),
                "page": _page(directory),
            }
        )
    else:
        _print(found)
        typer.echo(_engine(directory))
        if page := _page(directory):
            typer.echo(f"page at {page}")


def _engine(directory: Path) -> str:
    """Whether somebody works on this folder, in words."""
    holder = EngineLock(directory).holder()
    if holder is None:
        return "no engine works here now: nothing is noticed (start one: crisis-monitor run)"
    return f"engine: process {holder.pid}"


def _page(directory: Path) -> str:
    """Where a running engine's live page is found; empty without one."""
    holder = EngineLock(directory).holder()
    return "" if holder is None else visible(holder.page)


def _incidents_open(directory: Path) -> int:
    if not (directory / INCIDENTS_FILE).exists():
        return 0
    with incident_store(directory) as store, store.read() as view:
        return len(view.incidents(only_open=True, brand=None, limit=MANY))


def _print(found: Status) -> None:
    print_table(
        f"detection is at {rfc3339(found.time) or 'no time yet'}",
        ("brand", "mentions", "unique", "voices", "negative", "own"),
        [
            (name, each.mentions, each.unique, each.voices, each.negative, each.own)
            for name, each in found.brands.items()
        ],
    )
    behind = found.log.end_offset - found.log.folded_offset
    typer.echo(
        f"log: {found.log.folded_offset} of {found.log.end_offset} records folded"
        f"{'' if behind else ', nothing waits'}; "
        f"{found.late} late, {found.rejected} rejected, {found.incidents_open} incidents open"
    )
