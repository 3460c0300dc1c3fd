"""Whether a page apart from any engine lives and can show something: `/healthz` and `/readyz`."""

import msgspec
from fastapi import APIRouter, Request, Response

from dashboards.console.page import page_of
from pipeline.health import Health, Reason
from pipeline.services.status_routes import JSON

router = APIRouter()


@router.get("/healthz", include_in_schema=False)
async def healthz(request: Request) -> Response:
    """Answer 503 where the page hangs, so that a restart is worth it."""
    return _answer(request, "alive", _health(request).stalled())


@router.get("/readyz", include_in_schema=False)
async def readyz(request: Request) -> Response:
    """Answer 503 as long as a store cannot be read."""
    return _answer(request, "ready", _health(request).reasons())


def _health(request: Request) -> Health:
    return page_of(request).parts.health or Health()


def _answer(request: Request, word: str, reasons: tuple[Reason, ...]) -> Response:
    """Say why not; where one has to sign in, strangers are told which part it is and no more."""
    if request.app.state.gate.sessions.asked:
        reasons = tuple(Reason(each.component, each.ill, "see its log") for each in reasons)
    content = msgspec.json.encode(
        {"status": f"not {word}" if reasons else word, "reasons": reasons}
    )
    return Response(content, 503 if reasons else 200, media_type=JSON)
