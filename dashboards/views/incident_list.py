"""The list of all incidents, narrowed and in pages."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from alerts import clocks
from alerts.incident import Audience, Incident
from dashboards.views.books import Books
from dashboards.views.incident_story import IncidentList
from detectors.severity import Severity
from pipeline.errors import PipelineError

if TYPE_CHECKING:
    from alerts.policy import Policy

LISTED = 50


def read_incidents(  # noqa: PLR0913  # each narrows the list
    books: Books,
    policy: "Policy | None" = None,
    *,
    only_open: bool = False,
    brand: str | None = None,
    severity: Severity | None = None,
    before: tuple[int, str] | None = None,
    limit: int = LISTED,
) -> IncidentList:
    """List incidents; `before` is where the list before this one ended."""
    with books.incidents.read() as view:
        found = view.incidents(
            only_open=only_open, brand=brand, severity=severity, before=before, limit=limit + 1
        )
    shown = found[:limit]
    try:
        brands = books.brands()
    except PipelineError:  # they only help to type one
        brands = sorted({each.brand for each in shown})
    more = len(found) > limit
    return IncidentList(
        tuple(shown),
        (shown[-1].opened_at, shown[-1].id) if more else None,
        tuple(brands),
        {} if policy is None else _dues(shown, policy),
    )


def _dues(shown: Sequence[Incident], policy: "Policy") -> dict[str, int]:
    """When each incident's next update is due, to whichever audience."""
    found = {}
    for incident in shown:
        dues = [clocks.owed_at(incident, audience, policy) for audience in Audience]
        first = min((due for due in dues if due is not None), default=None)
        if first is not None:
            found[incident.id] = first
    return found
