"""`state rebuild` and `state snapshot`: a brand folded again, and what that can begin from."""

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

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
from pipeline.commands.times import instant_argument
from pipeline.errors import LogCorrupt, SettingsError
from pipeline.folding.changelog import ChangelogError
from pipeline.scorers import ScorerName, make_judge
from pipeline.settings import Settings, load

if TYPE_CHECKING:
    from pipeline.kafka.rebuild import Rebuilt

PATIENCE = 4_000
"""Milliseconds in which a broker has to answer: somebody waits at a terminal."""


def rebuild(  # noqa: PLR0913  # each is an option of the command line
    brand: Annotated[str, typer.Argument(metavar="BRAND", help="Its name, as configured.")],
    since: Annotated[
        str,
        typer.Option(
            "--from", metavar="TIME", help="Begin with the last snapshot at or before this time."
        ),
    ],
    yes: Annotated[bool, typer.Option("--yes", help="Put the result in its place.")] = False,
    zone: Annotated[str, typer.Option(help="As the workers' own option.")] = "UTC",
    scorer: Annotated[ScorerName, typer.Option(help="As the workers' own.")] = ScorerName.VADER,
    config: ConfigOption = None,
    output: FormatOption = Format.TEXT,
) -> None:
    """Fold a brand again from the mentions topic, say what differs, and with --yes swap.

    The workers must be stopped (exit code 3 else); mentions wait meanwhile. Where there is no
    snapshot (`state snapshot`), folding begins with the first record kept. Nobody is paged: where
    a surge is open, one signal brings its incident up to date, or ends it. Buckets that were
    shown stay as they are. Exit code 1 when something differs and nothing was swapped.

    Example: crisis-monitor state rebuild "Veloria Air" --from 2026-11-21T00:00:00Z
    """
    with errors_told():
        settings = _with_kafka(load(config))
        at = instant_argument(since)
        found = _rebuilt(settings, brand, at, zone, scorer, swap=yes)
    if output is Format.JSON:
        print_json(document(found, swapped=yes))
    else:
        _print(found, swapped=yes)
    if found.differences and not yes:
        raise typer.Exit(FINDING)


def snapshot(config: ConfigOption = None, output: FormatOption = Format.TEXT) -> None:
    """Copy all workers' rows, for `state rebuild` to begin from; they may go on meanwhile.

    The alerter that leads takes one a day. What came after a snapshot is folded again. Kept as
    long as mentions (kafka.retention), in a topic of its own.

    Example: crisis-monitor state snapshot
    """
    with errors_told():
        settings = _with_kafka(load(config))
        from pipeline.kafka.confirmed_writes import ConfirmedWrites  # noqa: PLC0415  # as below
        from pipeline.kafka.connection import Connection  # noqa: PLC0415  # --help stays quick
        from pipeline.kafka.snapshots import take_snapshots  # noqa: PLC0415  # as above

        connection = replace(Connection.of(settings.kafka), patience=PATIENCE)
        writes = ConfirmedWrites(connection, settings.kafka.compression, "crisis-monitor-state")
        try:
            taken = take_snapshots(connection, settings.kafka, writes)
        except ChangelogError as error:
            raise LogCorrupt(f"the changelog: {error}") from error
        finally:
            writes.close()
    rows = [(each.partition, rfc3339(each.time), each.keys) for each in taken]
    if output is Format.JSON:
        print_json(
            [{"partition": partition, "time": time, "rows": keys} for partition, time, keys in rows]
        )
    else:
        print_table(f"{len(taken)} partitions copied", ("partition", "time", "rows"), rows)


def _with_kafka(settings: Settings) -> Settings:
    if not settings.kafka.configured:
        raise SettingsError(
            "no Kafka is configured (kafka.bootstrap): the state of one engine is built again by "
            "`crisis-monitor backtest` or `replay` into a fresh folder"
        )
    return settings


def _rebuilt(  # noqa: PLR0913  # as the command
    settings: Settings, brand: str, since: int, zone: str, scorer: ScorerName, *, swap: bool
) -> "Rebuilt":
    from pipeline.kafka import require_kafka  # noqa: PLC0415  # --help stays quick

    require_kafka()
    from pipeline.kafka.rebuild import Rebuild  # noqa: PLC0415  # as above
    from pipeline.worker.service import WorkerOptions, fold_settings  # noqa: PLC0415  # as above

    given, languages = fold_settings(settings, WorkerOptions(settings.kafka.time, scorer, zone))
    work = Rebuild(settings, given, make_judge(scorer), languages)
    work.check_stopped()
    try:
        found = work.look(brand, since)
    except ChangelogError as error:
        raise LogCorrupt(f"the changelog of {brand!r}: {error}") from error
    if swap:
        work.check_stopped()
        work.swap(found)
        work.check_stopped()
    return found


def document(found: "Rebuilt", *, swapped: bool) -> dict[str, object]:
    """All of it, for programs."""
    source = found.source
    return {
        "brand": found.brand,
        "partition": found.partition,
        "snapshot": rfc3339(source.snapshot),
        "first_offset": source.first,
        "folded": found.folded,
        "whole": source.whole,
        "records": found.records,
        "mentions": found.mentions,
        "unfoldable": found.unfoldable,
        "differences": [
            {"what": each.what, "present": each.present, "rebuilt": each.rebuilt}
            for each in found.differences
        ],
        "signals": [
            {"id": each.id, "kind": each.kind, "rule": each.rule, "severity": each.severity}
            for each in found.reconciled.signals
        ],
        "swapped": swapped,
    }


def _print(found: "Rebuilt", *, swapped: bool) -> None:
    source = found.source
    begun = (
        f"from the snapshot of {rfc3339(source.snapshot)}"
        if source.snapshot is not None
        else "from the first record kept: there is no snapshot at or before that time"
    )
    print_line(
        f"{found.brand}, partition {found.partition}: folded again {begun}, offsets {source.first} "
        f"to {found.folded}: {found.records} records, {found.mentions} mentions of the brand",
        "bold",
    )
    if not source.whole:
        print_line(
            "what was said before the first record kept is gone from the topic: what was learnt "
            "of it is missing from the rebuilt state; sums stay as they are"
        )
    if found.unfoldable:
        print_line(f"{found.unfoldable} records could not be folded and were passed over")
    if not found.differences:
        print_line("it is the state that is there")
    else:
        print_table(
            f"{len(found.differences)} differences",
            ("what", "there now", "folded again"),
            [(each.what, each.present, each.rebuilt) for each in found.differences],
        )
    for signal in found.reconciled.signals:
        said = "is sent" if swapped else "would be sent"
        print_line(f"one signal {said}: {signal.id} ({signal.kind})")
    if swapped:
        print_line("swapped: the workers can be started")
    elif found.differences:
        print_line("nothing is changed yet: swap with --yes")
