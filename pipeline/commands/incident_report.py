"""`incidents report ID`: one incident as a document to hand on."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from pipeline.commands.config_option import ConfigOption
from pipeline.commands.files import tell
from pipeline.commands.incident_choice import IdArgument, chosen
from pipeline.commands.output import errors_told
from pipeline.commands.storage import DataOption, incident_store, now_in, stores_at
from pipeline.errors import EnvironmentProblem, SettingsError
from pipeline.presenting import presenters
from pipeline.settings import load
from pipeline.settings.checks.report import is_zone


class Form(StrEnum):
    """What a report is written in."""

    HTML = "html"
    MARKDOWN = "md"
    JSON = "json"


def report(  # noqa: PLR0913  # each is an option of the command line
    context: typer.Context,
    incident_id: IdArgument,
    form: Annotated[
        Form,
        typer.Option("--format", help="`html` to print, `md` for a wiki, `json` for programs."),
    ] = Form.MARKDOWN,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help="Write it here. Left out: standard output."),
    ] = None,
    zone: Annotated[
        str | None,
        typer.Option(help="IANA zone of the times. Left out: the brand's (UTC)."),
    ] = None,
    data: DataOption = None,
    config: ConfigOption = None,
) -> None:
    """Tell one incident whole: what happened, who was told when, what drove it, how it ended.

    Example: crisis-monitor incidents report ID --format html --out incident.html
    """
    with errors_told():
        if zone is not None and not is_zone(zone):
            raise SettingsError(f"--zone {zone!r} is no IANA zone: write it like Europe/Berlin")
        settings = load(config)
        stores = stores_at(data, settings)
        with incident_store(stores) as store, store.read() as view:
            incident = chosen(view, incident_id)
            now = now_in(stores, view)
        text = presenters(context).incident_report(
            stores.place, incident.id, settings, form.value, now, zone
        )
        if out is None:
            sys.stdout.buffer.write(text.encode("utf-8"))
            sys.stdout.buffer.flush()
            return
        try:
            out.write_text(text, encoding="utf-8")
        except OSError as error:
            raise EnvironmentProblem(
                f"{out} cannot be written: {error.strerror}; name another file with --out"
            ) from error
    tell(f"report: {out}")
