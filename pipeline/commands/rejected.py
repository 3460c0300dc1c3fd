"""`rejected list|replay`: input that was no mention, and another try at it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from pipeline.clock import SystemClock
from pipeline.commands.config_option import ConfigOption
from pipeline.commands.output import (
    FINDING,
    Format,
    FormatOption,
    errors_told,
    print_json,
    print_table,
    rfc3339,
)
from pipeline.commands.storage import DataOption, data_directory
from pipeline.composition import EngineOptions, make_engine
from pipeline.errors import SettingsError
from pipeline.log import EngineLock, LogKind, SqliteLog, StoredRejected
from pipeline.mention import RejectedReason
from pipeline.replay_rejected import replay_rejected
from pipeline.settings import load

app = typer.Typer(help="Input that was no mention.", no_args_is_help=True)
SHOWN = 60


@app.command("list")
def list_rejected(
    reason: Annotated[RejectedReason | None, typer.Option(help="Only for this reason.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="At most this many.")] = 50,
    data: DataOption = None,
    output: FormatOption = Format.TEXT,
) -> None:
    """List what was rejected, the oldest first, with its bytes.

    Example: crisis-monitor rejected list --reason undated --format json
    """
    with errors_told():
        log = SqliteLog.read(data_directory(data))
        try:
            found = log.rejections.find(reason=reason, limit=limit)
        finally:
            log.close()
    if output is Format.JSON:
        print_json([_document(each) for each in found])
        return
    print_table(
        f"{len(found)} rejected",
        ("id", "at", "reason", "origin", "what is wrong", "bytes", "tried again"),
        [
            (
                each.id,
                rfc3339(each.at),
                each.rejected.reason,
                each.rejected.origin,
                each.rejected.detail,
                repr(each.rejected.raw[:SHOWN])[2:-1],
                each.replayed or "",
            )
            for each in found
        ],
    )


@app.command()
def replay(
    ids: Annotated[
        list[str] | None,
        typer.Argument(metavar="[ID]...", help="Which; left out: all not yet tried."),
    ] = None,
    data: DataOption = None,
    config: ConfigOption = None,
    output: FormatOption = Format.TEXT,
) -> None:
    """Try rejected input again, after its cause was mended; the engine must be stopped.

    What is a mention now is appended; an old one is "accepted, late: stored, not counted". Exit
    code 1 when some are still no mentions.

    Example: crisis-monitor rejected replay 9f86d081884c7d65
    """
    with errors_told():
        settings = load(config)
        directory = data or settings.storage.directory
        kind = _kind(directory)
        with EngineLock(directory):
            engine = make_engine(directory, settings, EngineOptions(kind))
            try:
                kept = engine.log.rejections.find(ids=ids or ())
                unknown = set(ids or ()) - {each.id for each in kept}
                if unknown:
                    raise SettingsError(
                        f"nothing rejected has the id {', '.join(sorted(unknown))}; "
                        "`crisis-monitor rejected list` shows the ids"
                    )
                outcomes = replay_rejected(engine, ids or [], SystemClock().now())
            finally:
                engine.log.close()
    if output is Format.JSON:
        print_json([{"id": each, "outcome": outcome} for each, outcome in outcomes])
    else:
        print_table(f"{len(outcomes)} tried again", ("id", "outcome"), outcomes)
    if _still(outcomes):
        raise typer.Exit(FINDING)


def _kind(directory: Path) -> LogKind:
    log = SqliteLog.read(directory)
    try:
        return log.kind
    finally:
        log.close()


def _still(outcomes: Sequence[tuple[str, str]]) -> bool:
    return any(outcome.startswith("rejected") for _, outcome in outcomes)


def _document(each: StoredRejected) -> dict[str, object]:
    return {
        "id": each.id,
        "at": rfc3339(each.at),
        "reason": each.rejected.reason,
        "origin": each.rejected.origin,
        "detail": each.rejected.detail,
        "source": each.rejected.source,
        "raw": each.rejected.raw.decode("utf-8", "backslashreplace"),
        "replayed": each.replayed,
    }
