"""`notifications list`: what was said to whom, what was not, and why."""

from typing import Annotated

import typer

from alerts.notification import Outcome
from pipeline.commands.lines import print_line
from pipeline.commands.notification_views import notification_document, notification_line
from pipeline.commands.output import Format, FormatOption, errors_told, print_json
from pipeline.commands.storage import DataOption, incident_store, stores_at

app = typer.Typer(help="What was said to whom, what was not, and why.", no_args_is_help=True)


@app.callback()
def notifications() -> None:
    """Say what was said to whom, what was not, and why."""


@app.command("list")
def list_notifications(
    incident: Annotated[str | None, typer.Option(help="Only of this incident.")] = None,
    outcome: Annotated[Outcome | None, typer.Option(help="Only with this outcome.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="At most this many.")] = 50,
    data: DataOption = None,
    output: FormatOption = Format.TEXT,
) -> None:
    """List notifications, the newest first, with every attempt to deliver them.

    Example: crisis-monitor notifications list --outcome waiting --format json
    """
    with errors_told(), incident_store(stores_at(data)) as store, store.read() as view:
        rows = view.notifications(incident_id=incident, outcome=outcome, limit=limit)
        ledgers = [view.attempts(row.id) for row in rows] if output is Format.JSON else []
    if output is Format.JSON:
        print_json(
            [notification_document(row, ledger) for row, ledger in zip(rows, ledgers, strict=True)]
        )
        return
    for row in rows:
        print_line(notification_line(row))
        print_line(f"  {row.notification.incident}")
    print_line(f"{len(rows)} notifications")
