"""The panel's addresses: what it shows, and its buttons."""

from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response
from starlette.exceptions import HTTPException

from dashboards.console.page import page_of
from dashboards.console.routes.actions import typed
from dashboards.demo.protocol import Posted
from dashboards.demo.said import ANGRY, angry_people, pasted
from dashboards.demo.stage import SPEEDS, Stage
from dashboards.demo.trials import TrialKind
from pipeline.sources.scenario.crowd import CHANNELS

if TYPE_CHECKING:
    from dashboards.demo.tryout import Glass

router = APIRouter(prefix="/demo", include_in_schema=False)
Typed = Annotated[dict[str, str], Depends(typed)]


@router.get("/panel")
def panel(request: Request, part: str = "state") -> Response:
    """Show the panel's changing parts: `now`, its head, or `state`, all that is under it."""
    return _panel(request, "now" if part == "now" else "state")


@router.post("/pause")
def pause(request: Request, fields: Typed) -> Response:
    """Stand still, or go on."""
    _stage(request).pause(paused=fields.get("paused") == "yes")
    return _panel(request)


@router.post("/speed")
def speed(request: Request, fields: Typed) -> Response:
    """Pass faster or slower."""
    wanted = {str(each): each for each in SPEEDS}.get(fields.get("factor", ""))
    if wanted is None:
        raise HTTPException(422, f"Choose one of the speeds {', '.join(map(str, SPEEDS))}.")
    _stage(request).set_factor(wanted)
    return _panel(request)


@router.post("/skip")
def skip(request: Request) -> Response:
    """Go to the next crisis."""
    _stage(request).skip()
    return _panel(request)


@router.post("/answers")
def answers(request: Request, fields: Typed) -> Response:
    """Let Ann answer, or not."""
    _stage(request).set_answers(on=fields.get("on") == "yes")
    return _panel(request)


@router.post("/post")
def post(request: Request, fields: Typed) -> Response:
    """Post fifty angry mentions."""
    brand = _brand(request, fields)
    if fields.get("from") == "paste":
        posts, who = pasted(brand), "3 accounts, one pasted text"
    else:
        posts, who = angry_people(brand), f"{ANGRY} people"
    _stage(request).post(
        TrialKind.POST, f"{ANGRY} angry mentions of {brand} by {who}", posts, brand
    )
    return _panel(request)


@router.post("/silence")
def silence(request: Request, fields: Typed) -> Response:
    """Let a source fall silent."""
    source = fields.get("source", "")
    if source not in {channel.name for channel in CHANNELS}:
        raise HTTPException(422, "Choose one of the sources.")
    _stage(request).silence(source)
    return _panel(request)


@router.post("/kill")
def kill(request: Request) -> Response:
    """Kill the engine, and start it again."""
    _stage(request).kill()
    return _panel(request)


@router.post("/again")
def again(request: Request) -> Response:
    """Begin anew: the server comes back with a new week."""
    _stage(request).again.set()
    return page_of(request).render(request, "demo/again.html")


@router.post("/try")
def try_out(request: Request, fields: Typed) -> Response:
    """Look at a text; with `send`, say it too."""
    glass: Glass = request.app.state.glass
    tried = glass.look(fields.get("text", ""))
    sent = fields.get("send") == "yes" and not tried.error
    if sent:
        brand = tried.found[0].brand if tried.found else ""
        title = f"\u201c{tried.text if len(tried.text) < 60 else tried.text[:57] + '...'}\u201d"
        posted = [Posted("", "visitor_you", tried.text)]
        _stage(request).post(TrialKind.SEND, title, posted, brand)
    name = "demo/tried.html" if _asked_by_script(request) else "demo/tried_page.html"
    return page_of(request).render(request, name, tried=tried, sent=sent)


def _panel(request: Request, part: str = "state") -> Response:
    if not _asked_by_script(request) and request.method == "POST":
        return RedirectResponse("/", 303)
    return page_of(request).render(request, f"demo/{part}.html")


def _asked_by_script(request: Request) -> bool:
    return request.headers.get("hx-request") == "true"


def _brand(request: Request, fields: dict[str, str]) -> str:
    brand = fields.get("brand", "")
    if brand not in {each.name for each in page_of(request).settings.brands()}:
        raise HTTPException(422, "Choose one of the brands.")
    return brand


def _stage(request: Request) -> Stage:
    stage: Stage = request.app.state.stage
    return stage
