"""`state show|rebuild|snapshot`: what is known of a brand, as its next owner would find it."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from pipeline.brand_standing import BrandStanding, RowStanding, of_changelog, of_rows
from pipeline.commands.config_option import ConfigOption
from pipeline.commands.lines import print_line
from pipeline.commands.output import (
    FINDING,
    Format,
    FormatOption,
    errors_told,
    print_json,
    print_table,
    rfc3339,
)
from pipeline.commands.state_rebuild import rebuild, snapshot
from pipeline.commands.storage import DataOption
from pipeline.errors import LogCorrupt
from pipeline.folding.changelog import ChangelogError
from pipeline.log import SqliteLog
from pipeline.placing import partition_of
from pipeline.settings import Settings, load
from pipeline.settings.text import visible

app = typer.Typer(help="What is known of a brand, where the fold keeps it.", no_args_is_help=True)
PATIENCE = 4_000
"""Milliseconds in which a broker has to answer: somebody waits at a terminal."""

BrandArgument = Annotated[str, typer.Argument(metavar="BRAND", help="Its name, as configured.")]


@app.command()
def show(
    brand: BrandArgument,
    data: DataOption = None,
    config: ConfigOption = None,
    output: FormatOption = Format.TEXT,
) -> None:
    """Show a brand's row as a recovery would see it; works with nothing running.

    Partition, checkpoint, folded offset, what is counted, open buckets, what is learnt, sizes.
    Exit code 1 when nothing was folded of the brand yet.

    Example: crisis-monitor state show "Veloria Air" --format json
    """
    with errors_told():
        settings = load(config)
        found = _of_kafka(settings, brand) if settings.kafka.configured else None
        if found is None:
            found = _of_log(settings, data or settings.storage.directory, brand)
    if output is Format.JSON:
        print_json(document(found))
    else:
        _print(found)
    if found.row is None:
        raise typer.Exit(FINDING)


def _of_kafka(settings: Settings, brand: str) -> BrandStanding:
    from pipeline.kafka.changelog import read_changelog  # noqa: PLC0415  # --help stays quick
    from pipeline.kafka.connection import Connection  # noqa: PLC0415  # as above
    from pipeline.kafka.looking import Looker  # noqa: PLC0415  # as above
    from pipeline.kafka.topics import Topics  # noqa: PLC0415  # as above

    topic = Topics(settings.kafka.prefix).changelog
    partition = partition_of(brand, settings.kafka.partitions)
    with Looker(replace(Connection.of(settings.kafka), patience=PATIENCE)) as looker:
        found = read_changelog(looker, topic, partition).found
    try:
        return of_changelog(found, brand, partition, settings.detection(), _zone(settings, brand))
    except ChangelogError as error:
        raise LogCorrupt(f"partition {partition} of {topic}: {error}") from error


def _of_log(settings: Settings, directory: Path, brand: str) -> BrandStanding:
    log = SqliteLog.read(directory)
    try:
        rows = log.fold_rows()
    finally:
        log.close()
    return of_rows(rows, brand, settings.detection(), _zone(settings, brand))


def _zone(settings: Settings, brand: str) -> str:
    return next((each.zone for each in settings.brands() if each.name == brand), "UTC")


def document(found: BrandStanding) -> dict[str, object]:
    """All of it, for programs."""
    return {
        "brand": found.brand,
        "partition": found.partition,
        "epoch": found.epoch or None,
        "checkpoint": found.checkpoint or None,
        "owner": found.owner or None,
        "folded": found.folded,
        "time": rfc3339(found.time),
        "closed_up_to": rfc3339(found.next_close),
        "partition_bytes": found.partition_size,
        "brands": found.brands,
        "row": None if found.row is None else _row(found, found.row),
    }


def _row(found: BrandStanding, row: RowStanding) -> dict[str, object]:
    return {
        "written_by": found.written_by or None,
        "bytes": row.size,
        "chunks": found.digests.chunks,
        "chunk_bytes": found.digests.bytes,
        "digests": found.digests.digests,
        "closed_up_to": rfc3339(row.closed_up_to),
        "totals": row.totals_by_name,
        "open": {
            rfc3339(start) or "": {
                "mentions": said.mentions,
                "voices": said.voices,
                "negative_voices": said.negative_voices,
                "delayed": said.delayed,
            }
            for start, said in row.open.items()
        },
        "heard": row.heard,
        "still_learning": row.still_learning,
        "learnt_hours": round(row.usual.learnt / 3_600_000, 2),
        "usual": {
            "voices": round(row.usual.voices, 3),
            "negative_voices": round(row.usual.negatives, 3),
            "share": round(row.usual.share, 4),
        },
        "surge": row.surge,
        "surge_open": row.surge_open,
        "calm": row.calm,
        "attention_open": row.attention_open,
    }


def _print(found: BrandStanding) -> None:
    print_line(f"{found.brand}: partition {found.partition}", "bold")
    if found.epoch:
        print_line(
            f"checkpoint {found.checkpoint} of epoch {found.epoch}, by {visible(found.owner)}"
        )
    print_line(
        f"folded up to offset {found.folded}; time {rfc3339(found.time) or 'none yet'}, "
        f"buckets closed up to {rfc3339(found.next_close) or 'none yet'}; "
        f"{found.brands} brands with a row, the partition's own has {found.partition_size} bytes"
    )
    row = found.row
    if row is None:
        print_line("nothing was folded of this brand yet: it has no row")
        return
    by = f", written in epoch {found.written_by}" if found.written_by else ""
    print_line(
        f"its row: {row.size} bytes{by}, closed up to {rfc3339(row.closed_up_to)}; "
        f"{found.digests.digests} digests in {found.digests.chunks} chunks, "
        f"{found.digests.bytes} bytes"
    )
    usual = row.usual
    learning = "still learning, " if row.still_learning else ""
    print_line(
        f"learnt from {usual.learnt / 3_600_000:.1f} h: {learning}usually {usual.voices:.2f} "
        f"voices a bucket at this hour, {usual.negatives:.2f} of them negative, "
        f"share {usual.share:.0%}"
    )
    print_line(f"now: {_now(row)}")
    print_table("", ("counted since the log began", ""), row.totals_by_name.items())
    if row.open:
        print_table(
            "",
            ("open bucket", "mentions", "voices", "negative voices"),
            [
                (rfc3339(start), said.mentions, said.voices, said.negative_voices)
                for start, said in row.open.items()
            ],
        )


def _now(row: RowStanding) -> str:
    if row.surge_open:
        return f"surge {row.surge} is open{', calm' if row.calm else ''}"
    attention = "attention is open" if row.attention_open else "nothing is open"
    return f"{attention}; {row.surge} surges so far"


app.command()(rebuild)
app.command()(snapshot)
