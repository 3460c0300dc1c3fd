"""`kafka setup` and `kafka check`: the topics, made and looked at."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipeline.commands.config_option import ConfigOption
from pipeline.commands.output import FINDING, Format, FormatOption, errors_told, print_json
from pipeline.settings import load

if TYPE_CHECKING:
    from pipeline.kafka.differences import Difference
    from pipeline.kafka.setup import Report
    from pipeline.settings.sections.kafka import KafkaSection

_PATIENCE = 1_000
"""Milliseconds: who only looks wants to know how it is now."""
app = typer.Typer(
    name="kafka",
    help="Make the topics of the road at scale, or see whether they are as they have to be.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
)


@app.command("setup")
def setup(
    config: ConfigOption = None,
    *,
    shorten: Annotated[
        bool,
        typer.Option(
            "--shorten", help="Also shorten retention, which lets the broker delete what is older."
        ),
    ] = False,
    output: FormatOption = Format.TEXT,
) -> None:
    """Make missing topics and set their settings as configured; deletes nothing.

    May be run again at any time. What only a person may change is said, with how: the number of
    partitions never changes by itself, nor the number of copies.

    Example: crisis-monitor kafka setup

    Exit codes: 0 all as wanted now, 1 something is left to a person, 2 wrong configuration or
    credentials, 3 no broker answers or it refuses.
    """
    _run(config, output, create=True, shorten=shorten)


@app.command("check")
def check(config: ConfigOption = None, *, output: FormatOption = Format.TEXT) -> None:
    """Say of each topic what is not as configured, and how to mend it; changes nothing.

    Example: crisis-monitor kafka check --format json

    Exit codes: 0 all as wanted, 1 something differs, 2 wrong configuration or credentials, 3 no
    broker answers.
    """
    _run(config, output, create=False, shorten=False)


def _run(config: Path | None, output: Format, *, create: bool, shorten: bool) -> None:
    with errors_told():
        section = load(config).kafka
        from pipeline.kafka import require_kafka  # noqa: PLC0415  # --help stays quick

        require_kafka()
        from pipeline.kafka.connection import Connection  # noqa: PLC0415  # as above
        from pipeline.kafka.setup import setup as set_up  # noqa: PLC0415  # as above
        from pipeline.kafka.topics import wanted  # noqa: PLC0415  # as above

        connection = Connection.of(section)
        if not create:
            connection = replace(connection, patience=_PATIENCE)
        report = set_up(connection, wanted(section), create=create, shorten=shorten)
    if output is Format.JSON:
        print_json(_answer(connection.where, section, report))
    else:
        _print(connection.where, section, report)
    if not report.ready:
        raise typer.Exit(FINDING)


def _answer(where: str, section: "KafkaSection", report: "Report") -> dict[str, Any]:
    return {
        "brokers": where,
        "prefix": section.prefix,
        "partitions": section.partitions,
        "ready": report.ready,
        "created": report.created,
        "changed": report.changed,
        "differences": report.differences,
    }


def _print(where: str, section: "KafkaSection", report: "Report") -> None:
    for name in report.created:
        typer.echo(f"made     {name}: {section.partitions} partitions")
    for each in report.changed:
        was, now = each.shown(each.found), each.shown(each.wanted)
        typer.echo(f"changed  {each.topic}: {each.key} from {was} to {now}")
    by_mend: dict[str, list[Difference]] = {}
    for each in report.differences:
        by_mend.setdefault(each.mend, []).append(each)
    for mend, differences in by_mend.items():
        for each in differences:
            named, found, to_be = (
                each.key or each.what,
                each.shown(each.found),
                each.shown(each.wanted),
            )
            typer.echo(f"differs  {each.topic}: {named}: {found}, wanted {to_be}")
        typer.echo(f"         -> {mend}")
    count = len(report.differences)
    if report.ready:
        typer.echo(f"{where}: the topics of {section.prefix} are as they have to be.")
    else:
        many = "things differ" if count > 1 else "thing differs"
        typer.echo(f"{where}: {count} {many} among the topics of {section.prefix}.")
