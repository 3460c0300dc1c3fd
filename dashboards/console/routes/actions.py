"""What people do with incidents on the page; every POST acts once, however often it is sent."""

from typing import Annotated

import structlog
from fastapi import APIRouter, Depends, HTTPException, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from alerts.command import Open, Refusal
from alerts.errors import AlertsError
from alerts.incident import Incident
from alerts.store import Work
from dashboards.console.forms import (
    CONFLICTS,
    Action,
    Form,
    command_of,
    read_form,
    refused,
    seen,
)
from dashboards.console.page import Page, page_of
from dashboards.console.routes.incidents import (
    address,
    known_brands,
    no_incident,
    read_story,
    show_incident,
    show_new,
)
from detectors.reading import Rule
from pipeline.incident_work import Done, carry_out_once, people_time

router = APIRouter()
_log = structlog.get_logger(__name__)

DONE_WORDS = {
    Action.ACKNOWLEDGE: "acknowledged",
    Action.UPDATE: "updated",
    Action.RESOLVE: "resolved",
    Action.ASSIGN: "assigned",
    Action.NOTE: "noted",
    Action.OPEN: "opened",
}
WRONG, CONFLICT, UNAVAILABLE = 422, 409, 503
UNKNOWN_BRAND = (
    "Nobody has configured this brand, and nothing was ever heard of it. Check the name; "
    "tick the box to open the incident all the same."
)


async def typed(request: Request) -> dict[str, str]:
    """The fields of a posted form, each once, as text; files are left out."""
    try:
        async with request.form(max_files=0, max_fields=50) as fields:
            texts = {name: value for name, value in fields.items() if isinstance(value, str)}
    except UnicodeError:
        raise HTTPException(400, "The form's text is in no encoding that can be read.") from None
    return {name: text.encode("utf-8", "replace").decode() for name, text in texts.items()}


Typed = Annotated[dict[str, str], Depends(typed)]


@router.post("/incidents/new", include_in_schema=False)
def open_by_hand(request: Request, fields: Typed) -> Response:
    """Open an incident; a brand nobody knows must be meant."""
    page = page_of(request)
    form = read_form(Action.OPEN, fields)
    brand = form.values.get("brand", "").strip()
    if brand and not form.values.get("sure") and brand not in known_brands(page):
        return show_new(page, request, form.wrong("sure", UNKNOWN_BRAND), status=WRONG)
    done, incident = act(page, form, None)
    if isinstance(done, Form):
        return show_new(page, request, done, status=_status(done, incident))
    return _see(page, done, Action.OPEN)


@router.post("/incidents/{rest:path}", include_in_schema=False)
def act_on(request: Request, rest: str, fields: Typed) -> Response:
    """Do one thing with one incident: the last word of the address says what."""
    page = page_of(request)
    incident_id, _, word = rest.rpartition("/")
    if word not in {action.value for action in Action if action is not Action.OPEN}:
        return HTMLResponse("there is nothing to do under this address", 404)
    action = Action(word)
    done, incident = act(page, read_form(action, fields), incident_id)
    if not isinstance(done, Form):
        return _see(page, done, action)
    story = read_story(page, incident_id)
    if story is None:
        return no_incident(page, request, incident_id)
    return show_incident(page, request, story, forms={action: done}, status=_status(done, incident))


def act(page: Page, form: Form, incident_id: str | None) -> tuple[Done | Form, bool]:
    """Carry out what a form asks for in one transaction; else the form with what is wrong.

    The second is whether it was refused for how the incident stands by now.
    """
    try:
        with page.shelf.open() as books:
            event_log = books.event_mode
        with page.shelf.incidents.write() as work:
            now = people_time(work, page.clock.now(), event_log=event_log)
            command = command_of(form, now)
            if isinstance(command, Form):
                return command, False
            incident = _latest(
                work, command.brand if isinstance(command, Open) else "", incident_id
            )
            done = carry_out_once(work, incident, command, now, seen(form), page.policy.lifecycle)
    except AlertsError as problem:
        _log.warning("page_action_failed", action=str(form.action), detail=str(problem))
        return form.wrong("", f"It could not be recorded now: {problem}. Try again."), False
    if isinstance(done, Refusal):
        return refused(form, done, incident), done.reason in CONFLICTS
    return done, False


def _latest(work: Work, brand: str, incident_id: str | None) -> Incident | None:
    if incident_id is None:
        return work.latest(brand, Rule.MANUAL)
    return work.incident(incident_id)


def _status(form: Form, conflict: bool) -> int:  # noqa: FBT001  # as `act` tells it
    if conflict:
        return CONFLICT
    return UNAVAILABLE if form.errors.get("", "").startswith("It could not") else WRONG


def _see(page: Page, done: Done, action: Action) -> RedirectResponse:
    """Show what was done, at once and to everybody; a reload of that acts no more."""
    page.look()
    word = "repeated" if done.repeated is not None else DONE_WORDS[action]
    return RedirectResponse(address(done.incident.id, word), 303)
