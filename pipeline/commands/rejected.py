"""`rejected list|show|replay|drop`: input that was no mention, and another try at it."""

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Protocol

import typer

from pipeline.clock import SystemClock
from pipeline.commands.config_option import ConfigOption
from pipeline.commands.output import (
    FINDING,
    USAGE,
    Format,
    FormatOption,
    errors_told,
    print_json,
    print_table,
    rfc3339,
)
from pipeline.commands.rejected_views import document, print_list, print_whole, whole_document
from pipeline.commands.storage import DataOption
from pipeline.composition import EngineOptions, make_engine
from pipeline.confirmed_post import Target
from pipeline.errors import PipelineError, SettingsError
from pipeline.log import EngineLock, LogKind, SqliteLog, StoredRejected
from pipeline.log.rejections import DROPPED
from pipeline.mention import RejectedReason
from pipeline.replay_rejected import replay_rejected
from pipeline.settings import Secret, Settings, load
from pipeline.stores.place import Place
from pipeline.stores.rejected import RejectedStore

app = typer.Typer(help="Input that was no mention.", no_args_is_help=True)

AllOption = Annotated[bool, typer.Option("--all", help="What was dropped, too.")]
IdsArgument = Annotated[list[str], typer.Argument(metavar="ID...", help="Which.")]


class _Finds(Protocol):
    """Either place where rejected input is kept."""

    def find(
        self,
        *,
        reason: str | None = None,
        ids: Iterable[str] = (),
        dropped: bool = True,
        limit: int = -1,
    ) -> list[StoredRejected]:
        """What was rejected, oldest first."""
        ...


@app.command("list")
def list_rejected(  # noqa: PLR0913  # each is an option of the command line
    reason: Annotated[RejectedReason | None, typer.Option(help="Only for this reason.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="At most this many.")] = 50,
    everything: AllOption = False,
    data: DataOption = None,
    config: ConfigOption = None,
    output: FormatOption = Format.TEXT,
) -> None:
    """List what was rejected, the oldest first, with its bytes.

    Example: crisis-monitor rejected list --reason undated --format json
    """
    with errors_told(), _kept(load(config), data) as kept:
        found = kept.find(reason=reason, dropped=everything, limit=limit)
    if output is Format.JSON:
        print_json([document(each) for each in found])
    else:
        print_list(found)


@app.command()
def show(
    id_: Annotated[str, typer.Argument(metavar="ID", help="Which.")],
    data: DataOption = None,
    config: ConfigOption = None,
    output: FormatOption = Format.TEXT,
) -> None:
    """Show all that is known of one, with its bytes, made harmless for a terminal.

    Example: crisis-monitor rejected show 9f86d081884c7d65
    """
    with errors_told(), _kept(load(config), data) as kept:
        (found,) = _known(kept, [id_])
    if output is Format.JSON:
        print_json(whole_document(found))
    else:
        print_whole(found)


@app.command()
def replay(  # noqa: PLR0913  # as above
    ids: Annotated[
        list[str] | None,
        typer.Argument(metavar="[ID]...", help="Which; left out: all not yet tried."),
    ] = None,
    to: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="With Kafka: send what came to the door to this ingest process.",
            show_default=False,
        ),
    ] = None,
    secret_env: Annotated[
        str, typer.Option(metavar="NAME", help="Variable that holds the signing secret (--to).")
    ] = "CRISIS_MONITOR_SECRET",
    token_env: Annotated[
        str, typer.Option(metavar="NAME", help="Variable that holds the bearer token (--to).")
    ] = "CRISIS_MONITOR_TOKEN",
    data: DataOption = None,
    config: ConfigOption = None,
    output: FormatOption = Format.TEXT,
) -> None:
    """Try rejected input again, after its cause was mended.

    What is a mention now is taken; an old one is "accepted, late: stored, not counted". With one
    engine that must be stopped. With Kafka everything may go on: a record of a topic goes back to
    its partition, what came to the door is written as a mention. A try that was interrupted is
    not repeated unless it is named. Exit code 1 when some are still no mentions.

    Example: crisis-monitor rejected replay 9f86d081884c7d65
    """
    with errors_told():
        settings = load(config)
        if settings.kafka.configured:
            target = to and Target(to, _secret(secret_env), _secret(token_env))
            outcomes = _again_on_kafka(settings, data, ids or [], target or None)
        elif to is not None:
            raise SettingsError("--to is for Kafka: without it the engine itself takes them")
        else:
            outcomes = _again_embedded(settings, data, ids or [])
    if output is Format.JSON:
        print_json([{"id": each, "outcome": outcome} for each, outcome in outcomes])
    else:
        print_table(f"{len(outcomes)} tried again", ("id", "outcome"), outcomes)
    if any(outcome.startswith("rejected") for _, outcome in outcomes):
        raise typer.Exit(FINDING)


@app.command()
def drop(
    ids: IdsArgument,
    yes: Annotated[bool, typer.Option("--yes", help="Really do it.")] = False,
    data: DataOption = None,
    config: ConfigOption = None,
) -> None:
    """Mark as seen to: no longer listed or tried again, but kept (`list --all`).

    With one engine that must be stopped.

    Example: crisis-monitor rejected drop 9f86d081884c7d65 --yes
    """
    with errors_told():
        settings = load(config)
        if not yes:
            with _kept(settings, data) as kept:
                print_list(_known(kept, ids))
            typer.echo("nothing is dropped yet: say so with --yes", err=True)
            raise typer.Exit(USAGE)
        outcome = f"{DROPPED} {rfc3339(SystemClock().now() // 1000 * 1000)}"
        if settings.kafka.configured:
            store = RejectedStore(Place.of(settings, data))
            try:
                for each in _known(store, ids):
                    store.mark_replayed(each.id, outcome)
            finally:
                store.close()
        else:
            _drop_embedded(data or settings.storage.directory, ids, outcome)
    typer.echo(f"{len(set(ids))} dropped")


@contextmanager
def _kept(settings: Settings, data: Path | None) -> Iterator[_Finds]:
    """Open where rejected input is kept, for reading."""
    if settings.kafka.configured:
        store = RejectedStore(Place.of(settings, data), read_only=True)
        try:
            yield store
        finally:
            store.close()
        return
    log = SqliteLog.read(data or settings.storage.directory)
    try:
        yield log.rejections
    finally:
        log.close()


def _known(kept: _Finds, ids: Sequence[str]) -> list[StoredRejected]:
    found = kept.find(ids=ids)
    unknown = set(ids) - {each.id for each in found}
    if unknown:
        raise SettingsError(
            f"nothing rejected has the id {', '.join(sorted(unknown))}; "
            "`crisis-monitor rejected list` shows the ids"
        )
    return found


# -- with Kafka ----------------------------------------------------------------------------


def _again_on_kafka(
    settings: Settings, data: Path | None, ids: Sequence[str], target: Target | None
) -> list[tuple[str, str]]:
    from pipeline.kafka.dead_letters import Replay  # noqa: PLC0415  # --help stays quick

    store = RejectedStore(Place.of(settings, data))
    try:
        wanted = _known(store, ids) if ids else store.find(waiting=True)
        outcomes: list[tuple[str, str]] = []
        if wanted:
            with Replay(settings, SystemClock(), store.mark_replayed, target) as again:
                for each in wanted:
                    try:
                        outcomes.append((each.id, again(each)))
                    except PipelineError as error:
                        raise type(error)(
                            f"{error}; {len(outcomes)} of {len(wanted)} were done, "
                            f"{each.id} is not confirmed"
                        ) from error
        return outcomes
    finally:
        store.close()


def _secret(variable: str) -> Secret | None:
    value = os.environ.get(variable, "")
    return Secret(value) if value else None


# -- with one engine -----------------------------------------------------------------------


def _again_embedded(
    settings: Settings, data: Path | None, ids: Sequence[str]
) -> list[tuple[str, str]]:
    directory = data or settings.storage.directory
    kind = _kind(directory)
    with EngineLock(directory):
        engine = make_engine(directory, settings, EngineOptions(kind))
        try:
            if ids:
                _known(engine.log.rejections, ids)
            return replay_rejected(engine, ids, SystemClock().now())
        finally:
            engine.log.close()


def _drop_embedded(directory: Path, ids: Sequence[str], outcome: str) -> None:
    _kind(directory)
    with EngineLock(directory):
        log = SqliteLog.open(directory)
        try:
            found = _known(log.rejections, ids)
            with log.transaction():
                for each in found:
                    log.rejections.mark_replayed(each.id, outcome)
        finally:
            log.close()


def _kind(directory: Path) -> LogKind:
    log = SqliteLog.read(directory)
    try:
        return log.kind
    finally:
        log.close()
