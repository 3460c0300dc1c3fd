"""Which incident a command is about: an id typed, found or mistaken."""

from typing import Annotated

import typer

from alerts.incident import Incident
from alerts.store import View
from pipeline.commands.output import FINDING
from pipeline.settings.text import nearest, visible

IdArgument = Annotated[
    str, typer.Argument(metavar="ID", help="The incident's id, as `incidents list` shows it.")
]


def chosen(view: View, incident_id: str) -> Incident:
    """The incident of this id; else say which may be meant, and end with a finding."""
    found = view.incident(incident_id.strip())
    if found is not None:
        return found
    near = _nearest(incident_id.strip(), view.incident_ids())
    hint = f"; did you mean {visible(near, 400)}?" if near else "; see `incidents list`"
    typer.echo(f"there is no incident {visible(incident_id, 400)}{hint}", err=True)
    raise typer.Exit(FINDING)


def _nearest(wanted: str, ids: list[str]) -> str:
    """Find the one id that begins or ends like the word typed, else the one most like it."""
    folded = wanted.casefold()
    starting = [each for each in ids if folded and each.casefold().startswith(folded)]
    return starting[-1] if starting else nearest(wanted, ids)
