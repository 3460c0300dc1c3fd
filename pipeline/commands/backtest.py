"""`backtest FILE...`: what would have come of a history, had nobody answered."""

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from alerts.notification import Reason
from detectors.settings import Sensitivity
from pipeline.backtest import BacktestIncident, BacktestReport, run_backtest
from pipeline.commands.backtest_report import prepare, told, with_sensitivities
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
from pipeline.commands.output import (
    FINDING,
    Format,
    FormatOption,
    console,
    errors_told,
    local_time,
    plain,
    print_json,
    print_table,
    rfc3339,
)
from pipeline.mention import RejectedReason
from pipeline.presenting import presenters
from pipeline.scorers import ScorerName
from pipeline.settings import load


def backtest(  # noqa: PLR0913  # each is an option of the command line
    context: typer.Context,
    files: FilesArgument,
    mapping: MapOption = [],  # noqa: B006  # typer reads it and leaves it as it is
    zone: ZoneOption = None,
    source: SourceNameOption = "file",
    channel: ChannelOption = "",
    language: LanguageOption = "",
    sensitivity: Annotated[
        Sensitivity | None, typer.Option(help="How sure a page must be; else as configured.")
    ] = None,
    scorer: Annotated[ScorerName, typer.Option(help="Who judges sentiment.")] = ScorerName.VADER,
    keep: Annotated[
        Path | None, typer.Option(help="Keep the databases here, for `why` and `mentions`.")
    ] = None,
    report_into: Annotated[
        Path | None,
        typer.Option(
            "--report",
            metavar="DIR",
            help="Write report.html and pictures here (needs matplotlib: crisis-monitor[report]).",
        ),
    ] = None,
    config: ConfigOption = None,
    output: FormatOption = Format.TEXT,
) -> None:
    """Take a history down the whole road; nothing is sent and nothing of yours is touched.

    A mapped `brand` column needs no configuration. With --report it goes down the road once more
    for each other sensitivity, and the report says what each would page.

    Example: crisis-monitor backtest mentions.csv --map event_time=created_at --zone Europe/Berlin
    """
    written: list[Path] = []
    with errors_told(), ExitStack() as stack:
        settings = load(config, _overrides(sensitivity))
        databases = keep
        if report_into is not None:
            prepare(report_into)
            if databases is None:
                prefix = "crisis-monitor-backtest-"
                databases = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix=prefix)))
        history = file_source(files, mapping, zone, name=source, channel=channel, language=language)
        with progress_of(history, "backtest") as moved:
            report = run_backtest(
                history.read(),
                settings,
                zone=zone or "UTC",
                scorer=scorer,
                directory=databases,
                moved=moved,
            )
        if report_into is not None and databases is not None and report.mentions:
            report = with_sensitivities(
                report,
                databases,
                settings,
                lambda other: load(config, _overrides(other)),
                zone=zone or "UTC",
                scorer=scorer,
            )
            with told("drawing the report", 0) as drawn:
                written = presenters(context).backtest_report(
                    report, databases, settings, zone or "UTC", report_into, drawn
                )
    if output is Format.JSON:
        shown = document(report)
        print_json(shown | {"report": [str(path) for path in written]} if written else shown)
    else:
        _print(report, zone or "UTC")
        if written:
            pictures = f"{len(written) - 1} picture{'' if len(written) == 2 else 's'}"
            console().print(f"\nreport: {plain(str(written[0]))} and {pictures}")
    for hint in _hints(report):
        tell(hint)
    tell_complaints(history)
    if not report.mentions:
        raise typer.Exit(FINDING)


def _overrides(sensitivity: Sensitivity | None) -> dict[str, object]:
    return {} if sensitivity is None else {"detection": {"sensitivity": sensitivity.value}}


def document(report: BacktestReport) -> dict[str, object]:
    """The report for programs; instants in RFC 3339, UTC."""
    return {
        "mentions": report.mentions,
        "rejected": sum(report.rejected.values()),
        "unscored": report.unscored,
        "late": report.late,
        "brands": report.brands,
        "incidents": [_incident(each) for each in report.incidents],
        "attention": [
            {
                "brand": each.brand,
                "opened_at": rfc3339(each.opened_at),
                "closed_at": rfc3339(each.closed_at),
            }
            for each in report.attention
        ],
        "pages_per_week": report.pages_per_week,
        "repeated": report.repeated,
        "rejected_by_reason": report.rejected,
        "blindness": [
            {
                "source": each.brand.removeprefix("source:"),
                "opened_at": rfc3339(each.opened_at),
                "closed_at": rfc3339(each.closed_at),
            }
            for each in report.blindness
        ],
        "first": rfc3339(report.first),
        "last": rfc3339(report.last),
        "ignored": report.ignored,
    }


def _incident(each: BacktestIncident) -> dict[str, object]:
    return {
        "id": each.id,
        "brand": each.brand,
        "rule": each.rule,
        "lane": each.lane,
        "severity": each.severity,
        "opened_at": rfc3339(each.opened_at),
        "calm_at": rfc3339(each.calm_at),
        "resolved_at": rfc3339(each.resolved_at),
        "notifications": [
            {"at": rfc3339(said.at), "reason": said.reason, "receiver": said.receiver}
            for said in each.notifications
        ],
        "why": each.reason,
    }


def _hints(report: BacktestReport) -> Iterator[str]:
    if report.rejected.get(RejectedReason.NAIVE_TIME):
        yield "times that state no offset were rejected: say where they are of with --zone"
    if report.ignored and not report.mentions:
        yield (
            "no mention concerns a brand: begin a configuration with `crisis-monitor config init "
            "NAME`, or say which column names the brand with --map brand=COLUMN"
        )


def _print(report: BacktestReport, zone: str) -> None:
    out = console()
    when = (
        ""
        if report.first is None
        else f" from {local_time(report.first, zone)} to {local_time(report.last, zone)}"
    )
    out.print(
        f"[bold]{report.mentions:,} mentions[/]{when}; {report.repeated:,} repeated, "
        f"{report.late:,} late, "
        f"{sum(report.rejected.values()):,} rejected, {report.unscored:,} unscored"
    )
    for reason, count in report.rejected.items():
        out.print(f"  rejected as {reason}: {count:,}")
    if report.ignored:
        out.print(f"  {report.ignored:,} concern no configured brand")
    print_table(
        "",
        ("brand", "mentions", "unique", "voices", "negative", "own"),
        [
            (
                name,
                f"{each.mentions:,}",
                f"{each.unique:,}",
                f"{each.voices:,}",
                f"{each.negative:,} ({each.negative / max(1, each.mentions):.0%})",
                f"{each.own:,}",
            )
            for name, each in report.brands.items()
        ],
    )
    out.print(
        f"\n[bold]incidents: {len(report.incidents)}[/], {report.pages_per_week} pages a week, "
        "had nobody answered"
    )
    for each in report.incidents:
        reasons = [Reason(said.reason) for said in each.notifications]
        pages = sum(reason.is_page for reason in reasons)
        again = sum(reason in {Reason.ESCALATION, Reason.NOBODY_ANSWERED} for reason in reasons)
        raised = (
            f" ({each.severity} from {local_time(each.raised_at, zone)})" if each.raised_at else ""
        )
        out.print(
            f"  {local_time(each.opened_at, zone)} [bold]{plain(each.brand)}[/] "
            f"{each.opening_severity}{raised}: {plain(each.reason)}"
        )
        out.print(
            f"    calm {local_time(each.calm_at, zone) or 'not yet'}, resolved "
            f"{local_time(each.resolved_at, zone) or 'not yet'}; {pages} pages, {again} more calls "
            f"because nobody answered, {len(reasons) - pages - again} reminders and others"
        )
    for listed, words in (
        (report.attention, "attention (volume alone, nobody paged)"),
        (report.blindness, "silent against its own rhythm"),
    ):
        for span in listed:
            out.print(
                f"  {local_time(span.opened_at, zone)} {plain(span.brand)} {words} "
                f"until {local_time(span.closed_at, zone) or 'the end'}"
            )
