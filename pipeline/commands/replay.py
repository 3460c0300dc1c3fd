"""`replay FILE...`: history into a fresh event log, a Kafka, or by HTTP to a running monitor."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from pipeline import logs
from pipeline.alerting import make_alerting, make_notifiers, recorders
from pipeline.clock import SystemClock
from pipeline.commands.config_option import ConfigOption
from pipeline.commands.files import (
    ChannelOption,
    FilesArgument,
    LanguageOption,
    MapOption,
    SourceNameOption,
    ZoneOption,
    file_source,
    progress_of,
    tell,
    tell_complaints,
)
from pipeline.commands.output import errors_told
from pipeline.commands.storage import DataOption, data_directory
from pipeline.composition import EngineOptions, make_engine, note_settings
from pipeline.errors import LogMismatch, SettingsError
from pipeline.kafka import require_kafka
from pipeline.log import EngineLock, LogKind
from pipeline.mention import Mention, Rejected
from pipeline.pacing import paced
from pipeline.replay_http import Sent, Target, send
from pipeline.road import AT_ONCE, Road, Stores
from pipeline.scorers import ScorerName
from pipeline.settings import Secret, Settings, load
from pipeline.sources.files import FileSource
from pipeline.status import sums_of
from pipeline.stores.samples import MentionSamples

PACED_AT_ONCE = 1


def replay(  # noqa: PLR0913  # each is an option of the command line
    files: FilesArgument,
    mapping: MapOption = [],  # noqa: B006  # typer reads it and leaves it as it is
    to: Annotated[
        str | None, typer.Option(metavar="URL", help="Send it to a running monitor instead.")
    ] = None,
    secret_env: Annotated[
        str, typer.Option(metavar="NAME", help="Variable that holds the signing secret (--to).")
    ] = "CRISIS_MONITOR_SECRET",
    token_env: Annotated[
        str, typer.Option(metavar="NAME", help="Variable that holds the bearer token (--to).")
    ] = "CRISIS_MONITOR_TOKEN",
    speed: Annotated[
        float,
        typer.Option(min=0, help="0: as fast as possible; 60: a minute of history a second."),
    ] = 0,
    batch: Annotated[int, typer.Option(min=1, max=5_000, help="Mentions a request (--to).")] = 500,
    end: Annotated[
        bool,
        typer.Option(help="Say that this was all: the last bucket closes (--to, Kafka)."),
    ] = True,
    deliver: Annotated[
        bool, typer.Option("--deliver", help="Really send to the configured receivers.")
    ] = False,
    zone: ZoneOption = None,
    source: SourceNameOption = "file",
    channel: ChannelOption = "",
    language: LanguageOption = "",
    scorer: Annotated[ScorerName, typer.Option(help="Who judges sentiment.")] = ScorerName.VADER,
    data: DataOption = None,
    config: ConfigOption = None,
) -> None:
    """Take a history into a fresh event log (--data DIR), or by HTTP to a running monitor (--to).

    Nothing is sent to anybody unless --deliver is given; incidents, pages and reminders are
    recorded.

    Where the configuration names a Kafka and neither --data nor --to is given, it goes into the
    topics of kafka.prefix, which hold nothing else; workers and alerters do the rest. It ends once
    the brokers have confirmed everything. Killed and started again with the same files and
    settings it recognises what stands there and writes what is missing, each record once. With
    --to, a request that is sent again is recognised by its id for a day, and beyond that each
    mention by its own: repeats are not counted.

    Example: crisis-monitor replay week.csv --data /tmp/week --zone Europe/Berlin
    """
    with errors_told():
        settings = load(config)
        history = file_source(files, mapping, zone, name=source, channel=channel, language=language)
        if to is not None:
            target = Target(to, _secret(secret_env), _secret(token_env))
            _send(history, target, speed, batch, end=end)
        elif data is None and settings.kafka.configured:
            if deliver:
                raise SettingsError(
                    "--deliver: with Kafka it is the alerter that sends; start `alerter` with the "
                    "receivers you want"
                )
            _into_topics(history, settings, speed, end=end)
        else:
            directory = data or data_directory(None)
            options = EngineOptions(LogKind.EVENT, scorer, zone or "UTC", any_brand=True)
            _into_log(history, directory, settings, options, speed, deliver=deliver)
    tell_complaints(history)


def _secret(variable: str) -> Secret | None:
    value = os.environ.get(variable, "")
    return Secret(value) if value else None


def _send(history: FileSource, target: Target, speed: float, batch: int, *, end: bool) -> None:
    with progress_of(history, "sending") as moved:
        before = 0

        def told(sent: Sent) -> None:
            nonlocal before
            moved(sent.mentions - before)
            before = sent.mentions

        sent = send(
            _mentions(paced(history.read(), speed)), target, batch=batch, end=end, progress=told
        )
    tell(sent.summary())


def _mentions(chunks: Iterator[list[Mention | Rejected]]) -> Iterator[list[Mention]]:
    rejected = 0
    for chunk in chunks:
        mentions = [item for item in chunk if isinstance(item, Mention)]
        rejected += len(chunk) - len(mentions)
        if mentions:
            yield mentions
    if rejected:
        tell(f"{rejected} rows of the file are no mentions and were not sent (see `backtest`)")


def _into_topics(history: FileSource, settings: Settings, speed: float, *, end: bool) -> None:
    require_kafka()
    from pipeline.replay_kafka import KafkaReplay  # noqa: PLC0415  # needs the extra

    logs.configure(settings.logs.level, settings.logs.form, clock=SystemClock())
    replay = KafkaReplay(settings, SystemClock(), tell=tell)
    with progress_of(history, "replay") as moved:
        done = replay.travel(history.read(), speed=speed, end=end, moved=moved)
    tell(done.summary(replay.topics.mentions))


def _into_log(  # noqa: PLR0913  # as above
    history: FileSource,
    directory: Path,
    settings: Settings,
    options: EngineOptions,
    speed: float,
    *,
    deliver: bool,
) -> None:
    clock = SystemClock()
    with EngineLock(directory):
        if (directory / "log.db").exists():
            raise LogMismatch(
                f"{directory} holds a log already, and a replay wants a fresh one; "
                "name another directory with --data"
            )
        engine = make_engine(directory, settings, options)
        stores = Stores(directory)
        stores.mentions.check_belongs(engine.log.judged_end)
        note_settings(engine, settings, clock.now())
        policy = settings.policy()
        notifiers = make_notifiers(settings, clock.now) if deliver else recorders(policy)
        alerting = make_alerting(
            directory,
            settings,
            engine.log,
            MentionSamples(engine.log, stores.mentions),
            notifiers,
            read_now=None,
        )
        try:
            at_once = AT_ONCE if speed == 0 else PACED_AT_ONCE
            road = Road(engine, stores=stores, alerting=alerting, at_once=at_once)
            with progress_of(history, "replay") as moved:
                road.travel(
                    paced(history.read(), speed),
                    source="replay",
                    at=clock.now,
                    moved=moved,
                )
            sums = sums_of({name: brand.totals for name, brand in engine.fold.brands.items()})
            ignored = f", {road.ignored:,} concern no configured brand" if road.ignored else ""
            tell(
                f"{sums.distinct:,} mentions in {directory} ({sums.repeated:,} repeated, "
                f"{sums.late:,} late{ignored}); "
                f"see `crisis-monitor incidents list --data {directory}`"
            )
        finally:
            alerting.close()
            stores.close()
            engine.log.close()
