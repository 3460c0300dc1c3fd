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
from pipeline.commands.storage import (
    INCIDENTS_FILE,
    DataOption,
    Stores,
    incident_store,
    stores_at,
)
from pipeline.log import EngineLock
from pipeline.settings.text import visible
from pipeline.status import Status, read_status
from pipeline.status_apart import read_status_apart
from pipeline.stores.feeds import Position

MANY = 1_000_000


def status(data: DataOption = None, output: FormatOption = Format.TEXT) -> None:
    """Say what was counted, how far the log is folded, and how many incidents are open.

    Example: crisis-monitor status --format json
    """
    with errors_told():
        stores = stores_at(data)
        if not stores.embedded:
            _say_apart(stores, output)
            return
        directory = stores.directory
        found = read_status(directory, _incidents_open(stores))
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


def _say_apart(stores: Stores, output: Format) -> None:
    """Say the same where workers elsewhere detect: what the stores hold of it."""
    found = read_status_apart(stores.place, stores.kafka.partitions)
    incidents_open = _incidents_open(stores)
    if output is Format.JSON:
        print_json(
            {
                "stores": stores.place.where,
                "time": rfc3339(found.time),
                "since": rfc3339(found.since),
                "brands": found.brands,
                "brands_known": found.brands_known,
                "late": found.late,
                "rejected": found.rejected,
                "incidents_open": incidents_open,
                "partitions": {
                    str(number): {
                        "time": rfc3339(position.time),
                        "signals_offset": position.offset,
                        "judged_offset": found.judged.get(number, Position()).offset,
                    }
                    for number, position in found.signals.items()
                },
            }
        )
        return
    print_table(
        f"detection is at {rfc3339(found.time) or 'no time yet'}; counted since "
        f"{rfc3339(found.since) or 'never'}",
        ("brand", "mentions", "unique", "voices", "negative", "own"),
        [
            (name, each.mentions, each.unique, each.voices, each.negative, each.own)
            for name, each in found.brands.items()
        ],
    )
    if found.brands_known > len(found.brands):
        typer.echo(f"and {found.brands_known - len(found.brands)} more brands")
    print_table(
        "partitions, as far as they are kept",
        ("partition", "detection is at", "signals", "judged"),
        [
            (
                number,
                rfc3339(position.time) or "no time yet",
                position.offset,
                found.judged.get(number, Position()).offset,
            )
            for number, position in found.signals.items()
        ],
    )
    typer.echo(
        f"{found.late} late, {found.rejected} rejected, {incidents_open} incidents open; what "
        "waits in the topics: `crisis-monitor lag`"
    )
    typer.echo(f"stores: {visible(stores.place.where)}")


def _incidents_open(stores: Stores) -> int:
    if stores.place.is_sqlite and not (stores.directory / INCIDENTS_FILE).exists():
        return 0
    with incident_store(stores) as store, store.read() as view:
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
