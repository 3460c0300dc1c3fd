"""`incidents list|show|open|acknowledge|update|resolve|assign|note`: what people do with one."""

import getpass
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated

import typer

from alerts.command import (
    Acknowledge,
    Assign,
    Command,
    Note,
    Open,
    Refusal,
    RefusalReason,
    Resolve,
    Update,
)
from alerts.incident import Audience, Incident, Levelled, Verdict
from alerts.store import Work
from detectors.reading import Rule
from detectors.severity import Severity
from pipeline.commands.incident_choice import IdArgument, chosen
from pipeline.commands.incident_report import report
from pipeline.commands.incident_views import (
    event_document,
    event_line,
    incident_document,
    incident_lines,
)
from pipeline.commands.lines import print_line
from pipeline.commands.notification_views import notification_document, notification_line
from pipeline.commands.output import (
    FINDING,
    USAGE,
    Format,
    FormatOption,
    errors_told,
    print_json,
)
from pipeline.commands.storage import (
    DataOption,
    incident_store,
    now_in,
    stores_at,
)
from pipeline.commands.times import instant_argument
from pipeline.errors import SettingsError
from pipeline.incident_work import carry_out, wrong_brand
from pipeline.settings import parse_duration
from pipeline.settings.text import visible

app = typer.Typer(help="Incidents, and what people do with them.", no_args_is_help=True)

MANY = 1_000_000
NOT_NOW = frozenset(
    {
        RefusalReason.NO_INCIDENT,
        RefusalReason.ALREADY_OPEN,
        RefusalReason.ALREADY_ACKNOWLEDGED,
        RefusalReason.ALREADY_RESOLVED,
    }
)
"""Refusals that say how the incident stands; the others say how the command was written."""


def _this_user() -> str:
    """Return the name of the machine's user; empty where it has none: --by is asked for then."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return ""


ByOption = Annotated[
    str,
    typer.Option(
        metavar="NAME",
        default_factory=_this_user,
        help="Who does it. Left out: the user of this machine.",
        show_default=False,
    ),
]


@app.command("list")
def list_incidents(
    open_: Annotated[
        bool, typer.Option("--open", help="Only those still open.")
    ] = False,  # a flag of the command line
    brand: Annotated[str | None, typer.Option(help="Only of this brand.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="At most this many.")] = 50,
    data: DataOption = None,
    output: FormatOption = Format.TEXT,
) -> None:
    """List incidents, the last opened first.

    Example: crisis-monitor incidents list --open --format json
    """
    with errors_told(), incident_store(stores_at(data)) as store, store.read() as view:
        found = view.incidents(only_open=open_, brand=brand, limit=limit)
    if output is Format.JSON:
        print_json([incident_document(incident) for incident in found])
        return
    attention = [each for each in found if each.severity is Severity.INFO]
    worth_a_page = [each for each in found if each.severity is not Severity.INFO]
    _print_incidents(worth_a_page)
    print_line(f"{len(worth_a_page)} incident{'' if len(worth_a_page) == 1 else 's'}")
    if attention:
        print_line("")
        _print_incidents(attention)
        print_line(f"{len(attention)} times attention: volume alone, by default nobody is paged")


@app.command()
def show(
    incident_id: IdArgument, data: DataOption = None, output: FormatOption = Format.TEXT
) -> None:
    """Show one incident: how it stands, what happened, what was said to whom.

    Example: crisis-monitor incidents show Acme:negative_surge:2026-11-21T03:00:00Z
    """
    with errors_told(), incident_store(stores_at(data)) as store, store.read() as view:
        incident = chosen(view, incident_id)
        events = view.events(incident.id)
        rows = view.notifications(incident_id=incident.id, limit=MANY)[::-1]
        ledgers = [view.attempts(row.id) for row in rows]
    if output is Format.JSON:
        print_json(
            incident_document(incident)
            | {
                "events": [event_document(event) for event in events],
                "notifications": [
                    notification_document(row, ledger)
                    for row, ledger in zip(rows, ledgers, strict=True)
                ],
            }
        )
        return
    _print_incidents([incident])
    print_line("")
    print_line("What happened")
    told = [event for event in events if not isinstance(event, Levelled)]
    for event in told:
        print_line(event_line(event))
    if levels := len(events) - len(told):
        print_line(f"and {levels} times how high it stood (--format json lists them)")
    print_line("")
    print_line("What was said")
    for row in rows:
        print_line(notification_line(row))
    if not rows:
        print_line("nothing yet")


@app.command("open")
def open_incident(  # noqa: PLR0913  # each is an option of the command line
    brand: Annotated[str, typer.Option(help="The brand it is about.")],
    reason: Annotated[str, typer.Option(help="What is going on, in your words.")],
    by: ByOption,
    severity: Annotated[Severity, typer.Option(help="How bad it is.")] = Severity.WARNING,
    data: DataOption = None,
    output: FormatOption = Format.TEXT,
) -> None:
    """Open an incident by hand; it pages like any other.

    Example: crisis-monitor incidents open --brand Acme --reason "recall announced on TV"
    """
    command = Open(by=by, brand=brand, reason=reason, severity=severity)
    with errors_told():
        _check_brand(brand)
        stores = stores_at(data)
        with incident_store(stores, create=True) as store, store.write() as work:
            latest = work.latest(brand.strip(), Rule.MANUAL)
            incident = _done(work, latest, command, now_in(stores, work))
    _tell(incident, "opened", output)


@app.command()
def acknowledge(
    incident_id: IdArgument,
    by: ByOption,
    data: DataOption = None,
    output: FormatOption = Format.TEXT,
) -> None:
    """Take an incident: paging stops, the clock for internal updates starts.

    Example: crisis-monitor incidents acknowledge Acme:negative_surge:2026-11-21T03:00:00Z
    """
    _tell(_do(data, incident_id, Acknowledge(by=by)), "acknowledged", output)


@app.command()
def update(  # noqa: PLR0913  # each is an option of the command line
    incident_id: IdArgument,
    audience: Annotated[Audience, typer.Option(help="Whom it was given to.")],
    text: Annotated[str, typer.Option(help="What was said; never empty.")],
    by: ByOption,
    link: Annotated[str, typer.Option(help="The published post of a public update.")] = "",
    next_: Annotated[
        str | None,
        typer.Option("--next", metavar="SPAN", help="When the next is promised: 30m, or a time."),
    ] = None,
    language: Annotated[str, typer.Option(help="The language it is in (two letters).")] = "",
    data: DataOption = None,
    output: FormatOption = Format.TEXT,
) -> None:
    """Record an update that was given, and when the next one is promised.

    Example: crisis-monitor incidents update ID --audience internal --text "cause found" --next 30m
    """

    def command(now: int) -> Update:
        promised = None if next_ is None else _promised(next_, now)
        return Update(
            by=by, audience=audience, text=text, link=link, language=language, promised=promised
        )

    _tell(_do(data, incident_id, command), "updated", output)


@app.command()
def resolve(
    incident_id: IdArgument,
    by: ByOption,
    verdict: Annotated[
        Verdict, typer.Option(help="What it was: real or false.", show_default=False)
    ] = Verdict.UNSAID,
    data: DataOption = None,
    output: FormatOption = Format.TEXT,
) -> None:
    """Say that an incident is over.

    Example: crisis-monitor incidents resolve ID --verdict real
    """
    _tell(_do(data, incident_id, Resolve(by=by, verdict=verdict)), "resolved", output)


@app.command()
def assign(
    incident_id: IdArgument,
    to: Annotated[str, typer.Option(help="Who is to own it.")],
    by: ByOption,
    data: DataOption = None,
    output: FormatOption = Format.TEXT,
) -> None:
    """Give an incident to somebody.

    Example: crisis-monitor incidents assign ID --to ann
    """
    _tell(_do(data, incident_id, Assign(by=by, to=to)), "assigned", output)


@app.command()
def note(
    incident_id: IdArgument,
    text: Annotated[str, typer.Option(help="What is to be remembered.")],
    by: ByOption,
    data: DataOption = None,
    output: FormatOption = Format.TEXT,
) -> None:
    """Write something down, also after an incident is resolved.

    Example: crisis-monitor incidents note ID --text "supplier called, batch 7 is affected"
    """
    _tell(_do(data, incident_id, Note(by=by, text=text)), "noted", output)


app.command()(report)


def _do(
    data: Path | None, incident_id: str, command: Command | Callable[[int], Command]
) -> Incident:
    with errors_told():
        stores = stores_at(data)
        with incident_store(stores) as store, store.write() as work:
            now = now_in(stores, work)
            asked = command(now) if callable(command) else command
            return _done(work, chosen(work, incident_id), asked, now)


def _done(work: Work, incident: Incident | None, command: Command, now: int) -> Incident:
    done = carry_out(work, incident, command, now)
    if isinstance(done, Refusal):
        typer.echo(f"refused: {visible(done.message, 2_000)}", err=True)
        raise typer.Exit(FINDING if done.reason in NOT_NOW else USAGE)
    return done.incident


def _check_brand(brand: str) -> None:
    """Hold a brand's name to what the configuration asks of one: it becomes part of ids."""
    if wrong := wrong_brand(brand):
        raise SettingsError(f"--brand {wrong}")


def _promised(text: str, now: int) -> int:
    try:
        return now + parse_duration(text)
    except ValueError:
        try:
            return instant_argument(text)
        except SettingsError:
            raise SettingsError(
                f"--next {visible(text)!r} is neither a span like 30m or 2h nor a time like "
                "2026-11-21T03:00:00Z"
            ) from None


def _tell(incident: Incident, what: str, output: Format) -> None:
    if output is Format.JSON:
        print_json(incident_document(incident))
        return
    print_line(f"{what}: {incident.id} ({incident.severity}, {incident.state})")


def _print_incidents(found: Sequence[Incident]) -> None:
    for incident in found:
        name, rest = incident_lines(incident)
        print_line(name, "bold")
        print_line(f"  {rest}")
