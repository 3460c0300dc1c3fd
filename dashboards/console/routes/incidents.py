"""The incidents: all of them, one of them, and one opened by hand."""

from contextlib import suppress
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from alerts.incident import Incident
from alerts.plain import one_line, path_segment
from dashboards.console.forms import OPENED_AS, Action, Form
from dashboards.console.page import Page, page_of
from dashboards.console.said import reader
from dashboards.console.surge_chart import draw_surge
from dashboards.views import incident_words
from dashboards.views.incident import read_incident
from dashboards.views.incident_list import read_incidents
from dashboards.views.incident_story import IncidentStory
from detectors.severity import Severity
from pipeline.errors import PipelineError

router = APIRouter()

DONE = {
    "acknowledged": "You have it: paging has stopped, and the clock for internal updates runs.",
    "updated": "The update is recorded.",
    "resolved": "It is resolved.",
    "assigned": "It has a new owner.",
    "noted": "The note is kept.",
    "opened": "It is open, and pages like any other.",
    "repeated": "That was recorded already, so it was not recorded again.",
}
"""What is said after something was done, by the word in the address."""
MOST_IN_CURSOR = 400


@router.get("/incidents", include_in_schema=False)
def incidents(
    request: Request,
    state: str = "",
    brand: str = "",
    severity: str = "",
    before: Annotated[str, Query(max_length=MOST_IN_CURSOR)] = "",
) -> HTMLResponse:
    """List incidents, the last opened first."""
    page = page_of(request)
    wanted = severity if severity in set(Severity) else ""
    with page.shelf.open() as books:
        now = page.now(books)
        found = read_incidents(
            books,
            page.policy,
            only_open=state == "open",
            brand=brand or None,
            severity=Severity(wanted) if wanted else None,
            before=_cursor(before),
        )
    return page.share(
        request,
        "incidents.html",
        found=found,
        now=now,
        state="open" if state == "open" else "",
        brand=brand,
        severity=wanted,
        behind="" if found.behind is None else f"{found.behind[0]}:{found.behind[1]}",
        first=not before,
        words=incident_words,
        severities=[each.value for each in reversed(Severity)],
    )


def _cursor(typed: str) -> tuple[int, str] | None:
    at, _, incident_id = typed.partition(":")
    if at.isascii() and at.isdigit() and len(at) < 18 and incident_id:
        return int(at), incident_id
    return None


@router.get("/incidents/new", include_in_schema=False)
def new_incident(request: Request, brand: str = "") -> HTMLResponse:
    """Show the form that opens an incident by hand."""
    return show_new(page_of(request), request, Form(Action.OPEN, {"brand": brand[:200]}))


def show_new(page: Page, request: Request, form: Form, *, status: int = 200) -> HTMLResponse:
    """Show the form again, or for the first time."""
    return page.render(
        request,
        "incident_new.html",
        status=status,
        form=form,
        brands=known_brands(page),
        severities=[each.value for each in OPENED_AS],
    )


def known_brands(page: Page) -> list[str]:
    """Every brand that is configured or was ever heard of, as far as that can be read now."""
    heard: list[str] = []
    with suppress(PipelineError), page.shelf.open() as books:
        heard = books.brands()
    return sorted({brand.name for brand in page.settings.brands()} | set(heard))


@router.get("/incidents/{incident_id:path}", include_in_schema=False)
def incident(
    request: Request, incident_id: str, part: str = "", done: str = "", draft: str = ""
) -> Response:
    """Show one incident; `part` `live` only what changes by itself."""
    page = page_of(request)
    story = read_story(page, incident_id)
    if story is None:
        name, _, word = incident_id.rpartition("/")
        if name and word in set(Action):  # a form's answer that is loaded again
            return RedirectResponse(address(name), 303)
        return no_incident(page, request, incident_id)
    forms = {}
    if draft == "internal":
        typed = {"audience": "internal", "text": story.draft}
        forms[Action.UPDATE] = Form(Action.UPDATE, typed)
    if part == "live":
        return show_incident(page, request, story, template="incident_live.html")
    return show_incident(page, request, story, said=DONE.get(done, ""), forms=forms)


def read_story(page: Page, incident_id: str) -> IncidentStory | None:
    """Read one incident as it is now, once for all who look while nothing changes."""

    def make() -> IncidentStory | None:
        with page.shelf.open() as books:
            return read_incident(
                books,
                incident_id,
                page.now(books),
                page.policy,
                detection=page.settings.detection(),
                read_said=reader(page),
            )

    return page.cached(("incident", incident_id), make)


def show_incident(  # noqa: PLR0913  # what the page is made of
    page: Page,
    request: Request,
    story: IncidentStory,
    *,
    said: str = "",
    forms: dict[Action, Form] | None = None,
    status: int = 200,
    template: str = "incident.html",
) -> HTMLResponse:
    """Show one incident, with what was just done, or with what was typed and what is wrong."""
    given = forms or {}
    context = {
        "said": said,
        "forms": {action.value: given.get(action, Form(action)) for action in Action},
        "advice": incident_words.ADVICE,
        "people": _people(page, story.incident),
        "story": story,
        "incident": story.incident,
        "chart": None if story.surge is None else draw_surge(story.surge, story.incident),
        "words": incident_words,
    }
    if status == 200:
        return page.share(request, template, **context)
    return page.render(request, template, status=status, **context)


def no_incident(page: Page, request: Request, incident_id: str) -> HTMLResponse:
    """Say that there is no incident of this id."""
    return page.render(
        request, "incident_missing.html", status=404, wanted=one_line(incident_id, 200)
    )


def address(incident_id: str, done: str = "") -> str:
    """Where an incident is seen, perhaps with what was just done."""
    base = f"/incidents/{path_segment(incident_id)}"
    return f"{base}?done={done}" if done else base


def _people(page: Page, incident: Incident) -> list[str]:
    """Whom it can be given to: receivers, and who has had to do with it."""
    names = [receiver.name for receiver in page.policy.receivers]
    names += [incident.owner, incident.acknowledged_by, incident.last_resolved_by]
    return sorted({one_line(name, 100) for name in names if name and name != "calm"})
