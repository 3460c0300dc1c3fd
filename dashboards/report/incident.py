"""`incidents report ID`: one incident as a page, as Markdown or as JSON."""

from typing import TYPE_CHECKING

from alerts.facts import has_mentions
from alerts.wording import name
from dashboards.report.account import Account, read_account
from dashboards.report.document import document
from dashboards.report.drawing import EXTRA, can_draw
from dashboards.report.markdown import markdown
from dashboards.report.page import rendered
from dashboards.views.books import shelf_of

if TYPE_CHECKING:
    from pathlib import Path

    from alerts.policy import Policy
    from dashboards.report.picture import Picture
    from dashboards.views.books import Books
    from pipeline.settings import Settings
    from pipeline.stores.place import Place

HOUR = 3_600_000
BEFORE, AFTER = 12 * HOUR, 4 * HOUR
"""Shown around an incident."""


def incident_report(  # noqa: PLR0913, PLR0917  # what a command hands over
    databases: "Path | Place",
    incident_id: str,
    settings: "Settings",
    form: str,
    now: int,
    zone: str | None = None,
) -> str:
    """Tell one incident of a place's stores in `html`, `md` or `json`.

    `now` is people's time (ms) and `zone` that of the report, None: the brand's own. KeyError
    where there is no incident of this id. Without matplotlib the page has no chart and says so.
    """
    shelf = shelf_of(databases, settings)
    try:
        with shelf.open() as books:
            account = read_account(books, incident_id, now, settings.policy())
            if account is None:
                raise KeyError(incident_id)
            zone = zone or zone_of(settings, account.incident.brand)
            if form == "json":
                return document(account, zone, now)
            if form == "md":
                return markdown(account, zone, now)
            return _page(books, account, zone, now, settings.policy())
    finally:
        shelf.close()


def zone_of(settings: "Settings", brand: str, otherwise: str = "UTC") -> str:
    """The zone a brand lives in."""
    return next((each.zone for each in settings.brands() if each.name == brand), otherwise)


def _page(books: "Books", account: Account, zone: str, now: int, policy: "Policy") -> str:
    incident = account.incident
    shown: Picture | None = None
    note = ""
    if has_mentions(incident):
        if can_draw():
            from dashboards.report.picture import picture  # noqa: PLC0415  # needs the extra

            until = account.until + AFTER
            closed = books.closed_up_to(incident.brand)
            if closed is not None:  # nothing is drawn of what is yet to come
                until = min(until, max(closed, incident.opened_at))
            shown = picture(
                books,
                incident.brand,
                incident.opened_at - BEFORE,
                until,
                zone,
                {incident.id: "1"},
                "chart",
                name(incident.brand),
            )
        else:
            note = f"Without a chart: matplotlib is not installed here ({EXTRA})."
    return rendered(
        "incident.html",
        account=account,
        zone=zone,
        now=now,
        policy=policy,
        picture=shown,
        note=note,
    )
